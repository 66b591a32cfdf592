/* SPDX-License-Identifier: Apache-2.0
 *
 * tree: hashes, growth and proofs. RFC 6962 §2.1 defines them by recursion over halves; here each
 * is a loop that goes down from the root.
 */
#include "trust/audit/tree.h"

#include <assert.h>

km_audit_hash km_audit_commit(const unsigned char salt[KM_AUDIT_SALT], km_str entry)
{
    static const char domain[] = "kumihimo/audit/v1"; /* its NUL belongs to it */
    km_audit_hash out;
    km_sha256_parts(
        out.h,
        (const km_str[]){ { domain, sizeof domain }, { (const char *)salt, KM_AUDIT_SALT }, entry },
        3);
    return out;
}

km_audit_hash km_audit_leaf(const km_audit_hash *commit)
{
    unsigned char text[1 + KM_AUDIT_HASH] = { 0x00 };
    km_audit_hash out;
    memcpy(text + 1, commit->h, KM_AUDIT_HASH);
    km_sha256(out.h, text, sizeof text);
    return out;
}

km_audit_hash km_audit_node(const km_audit_hash *left, const km_audit_hash *right)
{
    unsigned char text[1 + 2 * KM_AUDIT_HASH] = { 0x01 };
    km_audit_hash out;
    memcpy(text + 1, left->h, KM_AUDIT_HASH);
    memcpy(text + 1 + KM_AUDIT_HASH, right->h, KM_AUDIT_HASH);
    km_sha256(out.h, text, sizeof text);
    return out;
}

size_t km_audit_grow(km_audit_frontier *t, const km_audit_hash *leaf, km_audit_hash *made)
{
    km_audit_hash up = *leaf;
    size_t n = 0;
    int level = 0;
    if (made != NULL)
        made[n] = up;
    n++;
    for (int64_t left = t->size; left & 1; left >>= 1, level++) {
        up = km_audit_node(&t->at[level], &up);
        if (made != NULL)
            made[n] = up;
        n++;
    }
    assert(level < KM_AUDIT_LEVELS);
    t->at[level] = up;
    t->size++;
    return n;
}

km_audit_hash km_audit_root(const km_audit_frontier *t)
{
    km_audit_hash root;
    bool any = false;
    if (t->size == 0)
        km_sha256(root.h, "", 0);
    for (int level = 0; level < KM_AUDIT_LEVELS && t->size >> level; level++) {
        if ((t->size >> level & 1) == 0)
            continue;
        root = any ? km_audit_node(&t->at[level], &root) : t->at[level];
        any = true;
    }
    return root;
}

/* --- places ------------------------------------------------------------------------------------
 */

int64_t km_audit_places(int64_t size)
{
    return 2 * size - __builtin_popcountll((unsigned long long)size);
}

int64_t km_audit_place(int64_t first, int level)
{
    int64_t last = first + ((int64_t)1 << level) - 1;
    return km_audit_places(last) + level;
}

/* --- proofs ------------------------------------------------------------------------------------
 */

/* The greatest power of two below n (n > 1): where RFC 6962 halves. */
static int64_t half(int64_t n)
{
    return (int64_t)1 << (63 - __builtin_clzll((unsigned long long)(n - 1)));
}

/* The root over [from, from + n): its complete parts lie left to right from the greatest down. */
static km_code root_of(km_audit_hash *out, const km_audit_nodes *nodes, int64_t from, int64_t n,
                       km_fault *f)
{
    bool any = false;
    int64_t end = from + n;
    for (int level = 0; n >> level; level++) {
        km_audit_hash part;
        if ((n >> level & 1) == 0)
            continue;
        end -= (int64_t)1 << level;
        KM_TRY(nodes->at(nodes->self, &part, km_audit_place(end, level), f));
        *out = any ? km_audit_node(&part, out) : part;
        any = true;
    }
    return KM_OK;
}

/* Proofs are told from the leaf up, found from the root down. */
static void turn(km_audit_path *p)
{
    for (size_t i = 0; i < p->n / 2; i++) {
        km_audit_hash kept = p->step[i];
        p->step[i] = p->step[p->n - 1 - i];
        p->step[p->n - 1 - i] = kept;
    }
}

static km_code step(km_audit_path *p, const km_audit_nodes *nodes, int64_t from, int64_t n,
                    km_fault *f)
{
    assert(p->n < KM_AUDIT_PROOF_MAX);
    return root_of(&p->step[p->n++], nodes, from, n, f);
}

km_code km_audit_prove(km_audit_path *out, const km_audit_nodes *nodes, int64_t index, int64_t size,
                       km_fault *f)
{
    int64_t from = 0, n = size;
    out->n = 0;
    if (index < 0 || index >= size)
        return km_fail(f, KM_NOT_FOUND, "audit", "the entry is not below the checkpoint");
    while (n > 1) {
        int64_t k = half(n);
        if (index - from < k) {
            KM_TRY(step(out, nodes, from + k, n - k, f));
            n = k;
        } else {
            KM_TRY(step(out, nodes, from, k, f));
            from += k;
            n -= k;
        }
    }
    turn(out);
    return KM_OK;
}

km_code km_audit_prove_growth(km_audit_path *out, const km_audit_nodes *nodes, int64_t first,
                              int64_t size, km_fault *f)
{
    int64_t from = 0, m = first, n = size;
    out->n = 0;
    if (first < 0 || first > size)
        return km_fail(f, KM_NOT_FOUND, "audit", "no checkpoint is so large");
    if (first == 0)
        return KM_OK;
    while (m != n) {
        int64_t k = half(n);
        if (m <= k) {
            KM_TRY(step(out, nodes, from + k, n - k, f));
            n = k;
        } else {
            KM_TRY(step(out, nodes, from, k, f));
            from += k;
            m -= k;
            n -= k;
        }
    }
    if (from > 0 || m != first) /* the old root itself is known to who asks */
        KM_TRY(step(out, nodes, from, m, f));
    turn(out);
    return KM_OK;
}

static bool same(const km_audit_hash *a, const km_audit_hash *b)
{
    return memcmp(a->h, b->h, KM_AUDIT_HASH) == 0;
}

bool km_audit_includes(const km_audit_hash *root, int64_t size, int64_t index,
                       const km_audit_hash *leaf, const km_audit_path *p)
{
    if (index < 0 || index >= size || p->n > KM_AUDIT_PROOF_MAX)
        return false;
    int64_t fn = index, sn = size - 1;
    km_audit_hash r = *leaf;
    for (size_t i = 0; i < p->n; i++) {
        if (sn == 0)
            return false;
        if ((fn & 1) || fn == sn) {
            r = km_audit_node(&p->step[i], &r);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            r = km_audit_node(&r, &p->step[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && same(&r, root);
}

bool km_audit_grew(const km_audit_hash *old_root, int64_t old_size, const km_audit_hash *root,
                   int64_t size, const km_audit_path *p)
{
    if (old_size < 1 || old_size > size || p->n > KM_AUDIT_PROOF_MAX)
        return false;
    if (old_size == size)
        return p->n == 0 && same(old_root, root);
    bool whole = (old_size & (old_size - 1)) == 0; /* then the old root begins the proof */
    if (p->n == 0 && !whole)
        return false;
    int64_t fn = old_size - 1, sn = size - 1;
    while (fn & 1) {
        fn >>= 1;
        sn >>= 1;
    }
    km_audit_hash fr = whole ? *old_root : p->step[0], sr = fr;
    for (size_t i = whole ? 0 : 1; i < p->n; i++) {
        if (sn == 0)
            return false;
        if ((fn & 1) || fn == sn) {
            fr = km_audit_node(&p->step[i], &fr);
            sr = km_audit_node(&p->step[i], &sr);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            sr = km_audit_node(&sr, &p->step[i]);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && same(&fr, old_root) && same(&sr, root);
}
