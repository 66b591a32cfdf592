/* SPDX-License-Identifier: Apache-2.0
 *
 * verify: everything anew from the segments: each commitment, each node of the tree, the root at
 * each checkpoint, each signature; and that what is purged was purged by an entry that says so.
 */
#include "trust/audit/inside.h"

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

/* As km_audit_purge_old writes it: at, then kind, then the rest (entry.h). */
static void note_purge(verifying *v, km_str entry)
{
    static const char kind[] = "\"kind\":\"purge\"", below[] = "\"purge:below=";
    int64_t n;
    const char *at = memmem(entry.p, entry.n < 64 ? entry.n : 64, kind, sizeof kind - 1);
    if (at == NULL || (at = memmem(entry.p, entry.n, below, sizeof below - 1)) == NULL)
        return;
    km_str rest = { at + sizeof below - 1, entry.n - (size_t)(at + sizeof below - 1 - entry.p) };
    if (km_str_to_i64(&n, km_str_cut(rest, '"', &rest)) && n > v->purge_allowed)
        v->purge_allowed = n;
}

static km_code take_entry(verifying *v, km_audit_item *item, int64_t index)
{
    km_audit_hash made[KM_AUDIT_LEVELS + 1];
    if (item->purged) {
        v->out->purged++;
        v->last_purged = index;
    } else {
        item->commit = km_audit_commit(item->salt, item->entry);
        note_purge(v, item->entry);
    }
    km_audit_hash leaf = km_audit_leaf(&item->commit);
    size_t n = km_audit_grow(&v->frontier, &leaf, made);
    compare_nodes(v, index, made, n);
    return v->more && v->frontier.size == v->next.size ? compare_root(v) : KM_OK;
}

static km_code take_all(verifying *v, km_audit__scan *s)
{
    km_audit__group g;
    km_str records;
    km_audit_item item;
    for (bool more = true; more;) {
        km_code rc = km_audit__scan_next(&g, &records, &more, s, v->fault);
        if (rc == KM_TAMPERED)
            return bad(v, s->next, "entry");
        KM_TRY(rc);
        for (int64_t i = g.first; more && km_audit__get_record(&item, &records); i++)
            KM_TRY(take_entry(v, &item, i));
    }
    if (s->next < v->last_size || v->more)
        return bad(v, s->next, "entry");
    if (v->last_purged >= v->purge_allowed)
        return bad(v, v->last_purged, "entry");
    if (v->unlike >= 0)
        return bad(v, v->unlike, "tree");
    return KM_OK;
}

static km_code run(verifying *v, const km_audit_key *pinned, km_call *call)
{
    km_audit__scan s;
    KM_TRY(read_last(v, pinned, call->arena));
    if (km_audit__keys(&v->key, &v->keys, v->dir, call->arena, NULL) != KM_OK)
        return bad(v, 0, "key");
    v->notes->file = openat(v->dir, "checkpoints", O_RDONLY | O_CLOEXEC);
    v->tree = openat(v->dir, "tree", O_RDONLY | O_CLOEXEC);
    KM_TRY(next_checkpoint(v));
    if (v->more && v->next.size == 0)
        KM_TRY(compare_root(v));
    KM_TRY(km_audit__scan_open(&s, v->dir, 0, call->arena, call->fault));
    km_code rc = take_all(v, &s);
    v->out->segments = (int64_t)s.all.n;
    v->out->entries = v->signed_size;
    v->out->beyond = s.next > v->signed_size ? s.next - v->signed_size : 0;
    km_audit__scan_close(&s);
    return rc;
}

km_code km_audit_verify(km_audit_report *out, const char *path, const km_audit_key *pinned,
                        km_call *call)
{
    verifying v = { .out = out, .fault = call->fault, .tree = -1, .unlike = -1, .last_purged = -1 };
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
