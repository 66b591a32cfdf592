/* SPDX-License-Identifier: Apache-2.0
 *
 * verify: everything anew from the segments: each commitment, each node of the tree, the root at
 * each checkpoint, each signature; and that what is purged was purged by an entry that says so.
 */
#include "trust/audit/leaves.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { NODES_AT_ONCE = 1 << 15 };

typedef struct verifying {
    km_audit_report *out;
    km_fault *fault;
    int dir, tree;
    km_audit_key *key;
    size_t keys;
    km_audit__notes *notes;
    km_audit_checkpoint next; /* the one that the tree grows towards */
    bool more;                /* there is one */
    int64_t signed_size;      /* of the last checkpoint that held */
    int64_t last_size;        /* of the last there is */
    km_audit_frontier frontier;
    km_audit_hash *stored; /* a piece of the tree's file */
    int64_t stored_at, stored_n;
    int64_t unlike;        /* first entry whose nodes differ from the stored; -1 */
    int64_t last_purged;   /* highest purged entry, -1 */
    int64_t purge_allowed; /* entries below it */
    int64_t expected;      /* the entry that must come */
    int64_t cursor;        /* of the segment before */
} verifying;

static km_code bad(verifying *v, int64_t entry, const char *what)
{
    if (v->out->bad_what == NULL) {
        v->out->bad_entry = entry;
        v->out->bad_what = what;
    }
    return km_fail(v->fault, KM_TAMPERED, "audit", "%s %lld", what, (long long)entry);
}

/* --- checkpoints ---------------------------------------------------------------------------------
 */

/* A checkpoint behind the last whole note that does not parse was never acknowledged to anybody, or
 * it was damaged: either way nothing stands behind it. */
static km_code next_checkpoint(verifying *v)
{
    km_str note;
    int64_t before = v->next.size;
    bool any = v->out->checkpoints > 0;
    KM_TRY(km_audit__notes_next(&note, &v->more, v->notes, v->fault));
    if (!v->more)
        return KM_OK;
    v->out->checkpoints++;
    if (km_audit_checkpoint_parse(&v->next, note, NULL) != KM_OK)
        return bad(v, before, "checkpoint");
    if (v->next.size <= before && any)
        return bad(v, before, "checkpoint");
    if (!km_audit__signed_by_any(&v->next, v->key, v->keys))
        return bad(v, before, "checkpoint");
    return KM_OK;
}

static km_code read_last(verifying *v, const km_audit_key *pinned, km_arena *a)
{
    km_str note;
    int64_t end;
    km_audit_checkpoint c;
    km_fault none = { 0 };
    km_code rc = km_audit__notes_last(&note, &end, v->dir, a, &none);
    if (rc == KM_NOT_FOUND)
        return bad(v, 0, "checkpoint"); /* there is one before there is any entry */
    if (rc != KM_OK)
        return km_fail(v->fault, rc, none.path, "%s", none.detail);
    if (km_audit_checkpoint_parse(&c, note, NULL) != KM_OK)
        return bad(v, 0, "checkpoint");
    v->last_size = c.size;
    if (pinned != NULL && (!km_str_is(c.origin, pinned->name) || !km_audit_signed_by(&c, pinned)))
        return bad(v, 0, "key");
    return KM_OK;
}

/* --- the tree's file
 * -------------------------------------------------------------------------------- */

/* The node as the file has it; false beyond its end. */
static bool stored_node(km_audit_hash *out, verifying *v, int64_t place)
{
    if (place < v->stored_at || place >= v->stored_at + v->stored_n) {
        ssize_t got;
        do
            got = pread(v->tree, v->stored, NODES_AT_ONCE * sizeof *v->stored,
                        place * KM_AUDIT_HASH);
        while (got < 0 && errno == EINTR);
        v->stored_at = place;
        v->stored_n = got > 0 ? got / KM_AUDIT_HASH : 0;
        if (v->stored_n == 0)
            return false;
    }
    *out = v->stored[place - v->stored_at];
    return true;
}

static void compare_nodes(verifying *v, int64_t index, const km_audit_hash *made, size_t n)
{
    km_audit_hash there;
    if (v->unlike >= 0 || index >= v->last_size)
        return;
    for (size_t i = 0; i < n; i++)
        if (!stored_node(&there, v, km_audit_places(index) + (int64_t)i)
            || memcmp(there.h, made[i].h, KM_AUDIT_HASH) != 0)
            v->unlike = index;
}

/* --- entries
 * ---------------------------------------------------------------------------------------- */

/* The root at a checkpoint. When it is another, the first entry whose leaf is not the stored one is
 * to blame; the file of nodes cannot be believed beyond that. */
static km_code compare_root(verifying *v)
{
    km_audit_hash root = km_audit_root(&v->frontier);
    if (memcmp(root.h, v->next.root.h, KM_AUDIT_HASH) != 0)
        return bad(v, v->unlike >= v->signed_size ? v->unlike : v->signed_size, "entry");
    v->signed_size = v->next.size;
    return next_checkpoint(v);
}

static km_code take_leaf(verifying *v, const km_audit_hash *leaf, int64_t index)
{
    km_audit_hash made[KM_AUDIT_LEVELS + 1];
    size_t n = km_audit_grow(&v->frontier, leaf, made);
    compare_nodes(v, index, made, n);
    return v->more && v->frontier.size == v->next.size ? compare_root(v) : KM_OK;
}

/* A segment goes on where the one before ended, in entries and in what was fed; only the last may
 * end in something half written. */
static km_code take_segment(verifying *v, const km_audit__leaves *s, bool last)
{
    if (s->first != v->expected)
        return bad(v, v->expected, "entry");
    if (!s->headless && v->cursor != KM_AUDIT_NO_CURSOR && s->begun != v->cursor)
        return bad(v, v->expected, "entry");
    for (int64_t i = s->first; i < s->next; i++)
        KM_TRY(take_leaf(v, &s->leaf[i - s->first], i));
    v->expected = s->next;
    v->cursor = s->headless ? v->cursor : s->cursor;
    v->out->purged += s->purged;
    v->last_purged = s->last_purged >= 0 ? s->last_purged : v->last_purged;
    v->purge_allowed = s->purge_allowed > v->purge_allowed ? s->purge_allowed : v->purge_allowed;
    return s->torn && !last ? bad(v, s->next, "entry") : KM_OK;
}

static km_code take_all(verifying *v, const km_audit__segments *all)
{
    km_audit__leafing *l;
    km_audit__leaves s;
    KM_TRY(km_audit__leafing_open(&l, v->dir, all, v->fault));
    km_code rc = KM_OK;
    for (size_t i = 0; rc == KM_OK && i < all->n; i++) {
        rc = km_audit__leafing_next(&s, l, v->fault);
        if (rc == KM_OK)
            rc = take_segment(v, &s, i + 1 == all->n);
    }
    km_audit__leafing_close(l);
    KM_TRY(rc);
    if (v->expected < v->last_size || v->more)
        return bad(v, v->expected, "entry");
    if (v->last_purged >= v->purge_allowed)
        return bad(v, v->last_purged, "entry");
    if (v->unlike >= 0)
        return bad(v, v->unlike, "tree");
    return KM_OK;
}

static km_code run(verifying *v, const km_audit_key *pinned, km_call *call)
{
    km_audit__segments all;
    KM_TRY(read_last(v, pinned, call->arena));
    if (km_audit__keys(&v->key, &v->keys, v->dir, call->arena, NULL) != KM_OK)
        return bad(v, 0, "key");
    v->notes->file = openat(v->dir, "checkpoints", O_RDONLY | O_CLOEXEC);
    v->tree = openat(v->dir, "tree", O_RDONLY | O_CLOEXEC);
    KM_TRY(next_checkpoint(v));
    if (v->more && v->next.size == 0)
        KM_TRY(compare_root(v));
    KM_TRY(km_audit__list(&all, v->dir, call->arena, call->fault));
    km_code rc = take_all(v, &all);
    v->out->segments = (int64_t)all.n;
    v->out->entries = v->signed_size;
    v->out->beyond = v->expected > v->signed_size ? v->expected - v->signed_size : 0;
    return rc;
}

km_code km_audit_verify(km_audit_report *out, const char *path, const km_audit_key *pinned,
                        km_call *call)
{
    verifying v = { .out = out,
                    .fault = call->fault,
                    .tree = -1,
                    .unlike = -1,
                    .last_purged = -1,
                    .cursor = KM_AUDIT_NO_CURSOR };
    *out = (km_audit_report){ .bad_entry = -1 };
    KM_TRY(km_audit__dir(&v.dir, path, call->fault));
    v.notes = KM_NEW(call->arena, km_audit__notes);
    v.notes->file = -1;
    v.stored = KM_NEW_ARRAY(call->arena, NODES_AT_ONCE, km_audit_hash);
    km_code rc = run(&v, pinned, call);
    if (v.notes->file >= 0)
        close(v.notes->file);
    if (v.tree >= 0)
        close(v.tree);
    close(v.dir);
    return rc;
}
