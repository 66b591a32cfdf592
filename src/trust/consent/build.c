/* SPDX-License-Identifier: Apache-2.0
 *
 * build: nodes, values and text come in order and leave as one run of bytes.
 */
#include <assert.h>

#include "trust/consent/inside.h"

void km_consent__begin(km_consent__build *b, km_arena *a, km_fault *f)
{
    memset(b, 0, sizeof *b);
    b->arena = a;
    b->fault = f;
    b->nodes = b->values = b->text = km_buf_in(a);
    memcpy(b->head.magic, KM_CONSENT__MAGIC, sizeof b->head.magic);
}

km_consent__span km_consent__keep(km_consent__build *b, km_str s)
{
    km_consent__span at = { (uint32_t)b->text.n, (uint32_t)s.n };
    km_buf_add(&b->text, s);
    return at;
}

static void value(km_consent__build *b, km_str name, km_str role)
{
    km_consent__value v = { km_consent__keep(b, name), km_consent__keep(b, role) };
    km_buf_bytes(&b->values, &v, sizeof v);
    b->head.values++;
}

void km_consent__network(km_consent__build *b, km_str s)
{
    assert(b->head.categories == 0 && b->head.nodes == 0);
    value(b, s, KM_STR_NONE);
    b->head.networks++;
}

void km_consent__category(km_consent__build *b, km_str s)
{
    assert(b->head.nodes == 0);
    value(b, s, KM_STR_NONE);
    b->head.categories++;
}

km_code km_consent__node_begin(km_consent__build *b, uint32_t depth, bool permit)
{
    const char *path = "Consent.provision";
    assert(depth == 0 ? b->head.nodes == 0 : depth <= b->depth + 1);
    if (depth > KM_CONSENT_DEPTH)
        return km_fail(b->fault, KM_TOO_LONG, path, "at most %d deep", KM_CONSENT_DEPTH);
    if (b->head.nodes > KM_CONSENT_PROVISIONS)
        return km_fail(b->fault, KM_TOO_COSTLY, path, "at most %d provisions",
                       KM_CONSENT_PROVISIONS);
    memset(&b->node, 0, sizeof b->node);
    b->node.permit = permit;
    b->node.depth = (uint8_t)depth;
    b->node.sibling = depth > 0 ? b->kids[depth - 1]++ : 0;
    b->depth = depth;
    b->open[depth] = b->head.nodes;
    b->kids[depth] = 0;
    return KM_OK;
}

void km_consent__given(km_consent__build *b, km_criterion c)
{
    b->node.given |= (uint16_t)(1u << c);
    if (c < KM_BY_LISTS)
        b->node.list[c] = (km_consent__span){ b->head.values, 0 };
}

km_code km_consent__add(km_consent__build *b, km_criterion c, km_str name, km_str role)
{
    if (b->head.values >= KM_CONSENT_VALUES || b->text.n + name.n + role.n > KM_CONSENT_BYTES / 2)
        return km_fail(b->fault, KM_TOO_COSTLY, "Consent.provision", "too many values");
    assert(b->node.list[c].at + b->node.list[c].n == b->head.values);
    value(b, name, role);
    b->node.list[c].n++;
    return KM_OK;
}

void km_consent__unclear(km_consent__build *b, km_criterion c)
{
    b->node.unclear |= (uint16_t)(1u << c);
}

void km_consent__node_done(km_consent__build *b)
{
    km_buf_bytes(&b->nodes, &b->node, sizeof b->node);
    b->head.nodes++;
}

/* A node ends where the next one of its depth or above begins. */
static void set_ends(km_consent__build *b)
{
    uint32_t open[KM_CONSENT_DEPTH + 2], top = 0;
    km_consent__node n, was;
    for (uint32_t i = 0; i <= b->head.nodes; i++) {
        uint32_t depth = 0;
        if (i < b->head.nodes) {
            memcpy(&n, b->nodes.p + i * sizeof n, sizeof n);
            depth = n.depth;
        }
        for (; top > depth; top--) {
            char *at = b->nodes.p + open[top - 1] * sizeof was;
            memcpy(&was, at, sizeof was);
            was.end = i;
            memcpy(at, &was, sizeof was);
        }
        open[top++] = i;
    }
}

km_code km_consent__finish(km_consent *out, km_consent__build *b)
{
    km_consent__head *h = &b->head;
    size_t n = sizeof *h + b->nodes.n + b->values.n + b->text.n;
    if (n > KM_CONSENT_BYTES)
        return km_fail(b->fault, KM_TOO_COSTLY, "Consent", "too large");
    set_ends(b);
    h->bytes = (uint32_t)n;
    h->text = (uint32_t)b->text.n;
    km_buf all = km_buf_in(b->arena);
    km_buf_reserve(&all, n);
    km_buf_bytes(&all, h, sizeof *h);
    km_buf_add(&all, km_buf_str(&b->nodes));
    km_buf_add(&all, km_buf_str(&b->values));
    km_buf_add(&all, km_buf_str(&b->text));
    unsigned char *p = (unsigned char *)all.p;
    km_sha256(p + 8, p + KM_CONSENT__DIGESTED, n - KM_CONSENT__DIGESTED);
    *out = (km_consent){ p, n };
    return KM_OK;
}

static km_code typed(bool *permit, km_consent__build *b, km_jv provision)
{
    km_str type = km_jv_text(provision, "type");
    if (!km_jv_is(provision, KM_JSON_OBJECT))
        return km_fail(b->fault, KM_INVALID, "Consent.provision.provision", "an object");
    if (!km_str_is(type, "permit") && !km_str_is(type, "deny"))
        return km_fail(b->fault,
                       km_jv_kind(KM_JV_GET(provision, "type")) ? KM_CODE_UNKNOWN : KM_REQUIRED,
                       "Consent.provision.provision.type", "permit or deny");
    *permit = km_str_is(type, "permit");
    return KM_OK;
}

static km_code enter(km_jv_iter *kids, km_consent__build *b, km_jv provision, km_consent__read read)
{
    km_jv inside = KM_JV_GET(provision, "provision");
    KM_TRY(read(b, provision));
    km_consent__node_done(b);
    if (km_jv_kind(inside) != KM_JSON_NONE && !km_jv_is(inside, KM_JSON_ARRAY))
        return km_fail(b->fault, KM_INVALID, "Consent.provision.provision", "an array");
    if (km_arena_over(b->arena))
        return km_fail(b->fault, KM_TOO_COSTLY, "Consent.provision", "too large");
    *kids = km_jv_each(inside);
    return KM_OK;
}

km_code km_consent__walk(km_consent__build *b, km_jv root, bool base_permits, km_consent__read read)
{
    km_jv_iter kids[KM_CONSENT_DEPTH + 1];
    uint32_t depth = 0;
    bool permit;
    if (km_jv_kind(root) != KM_JSON_NONE && !km_jv_is(root, KM_JSON_OBJECT))
        return km_fail(b->fault, KM_INVALID, "Consent.provision", "an object");
    KM_TRY(km_consent__node_begin(b, 0, base_permits));
    KM_TRY(enter(&kids[0], b, root, read));
    for (;;) {
        if (!km_jv_next(&kids[depth])) {
            if (depth-- == 0)
                return KM_OK;
            continue;
        }
        km_jv provision = kids[depth].value;
        KM_TRY(typed(&permit, b, provision));
        KM_TRY(km_consent__node_begin(b, depth + 1, permit));
        KM_TRY(enter(&kids[++depth], b, provision, read));
    }
}
