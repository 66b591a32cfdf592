/* SPDX-License-Identifier: Apache-2.0
 *
 * restore: what an audit does when it opens: finds the last checkpoint, brings the tree up to what
 * the segments hold, cuts off what a crash left half-written.
 */
#include "trust/audit/inside.h"

#include <fcntl.h>
#include <unistd.h>

enum { NODES_AT_ONCE = 1 << 15 };

static int open_file(const km_audit *a, const char *name)
{
    return openat(a->dir, name, O_RDWR | O_CREAT | O_CLOEXEC, KM_AUDIT_WRITTEN_MODE);
}

static bool write_and_sync(const km_audit *a, int file, km_str s, int64_t at)
{
    return a->disk.write(a->disk.self, file, s.p, s.n, at) && a->disk.sync(a->disk.self, file);
}

/* --- keys and the last checkpoint --------------------------------------------------------------
 */

/* The signer's key stands among the keys before it signs anything. */
static km_code know_key(const km_audit *a, const km_audit_key *key, size_t n, km_arena *room,
                        km_fault *f)
{
    const km_audit_key *own = &a->o.signer.key;
    for (size_t i = 0; i < n; i++)
        if (strcmp(key[i].name, own->name) == 0 && memcmp(key[i].pub, own->pub, 32) == 0)
            return KM_OK;
    km_buf line = km_buf_in(room);
    km_audit_key_print(&line, own);
    km_buf_char(&line, '\n');
    int file = open_file(a, "keys");
    bool good = file >= 0 && write_and_sync(a, file, km_buf_str(&line), lseek(file, 0, SEEK_END));
    if (file >= 0)
        close(file);
    return good ? KM_OK : km_audit__failed(f, "the keys cannot be written");
}

/* The first checkpoint is of the empty tree, before there is any entry: from then on, that there is
 * none tells that it was taken away. */
static km_code sign_empty(km_audit *a, km_arena *room, km_fault *f)
{
    km_audit__segments all;
    KM_TRY(km_audit__list(&all, a->dir, room, f));
    if (all.n > 0)
        return km_fail(f, KM_TAMPERED, "audit", "there are entries and no checkpoint");
    return km_audit__sign(a, &a->frontier, room, f);
}

static km_code find_checkpoint(km_audit_checkpoint *c, km_audit *a, km_arena *room, km_fault *f)
{
    km_audit_key *key;
    size_t keys;
    km_str note;
    km_fault none = { 0 };
    *c = (km_audit_checkpoint){ 0 };
    KM_TRY(km_audit__keys(&key, &keys, a->dir, room, f));
    km_code rc = km_audit__notes_last(&note, &a->checkpoints_at, a->dir, room, &none);
    if (rc == KM_OK) {
        KM_TRY(km_audit_checkpoint_parse(c, note, f));
        if (!km_audit__signed_by_any(c, key, keys))
            return km_fail(f, KM_TAMPERED, "audit", "nobody known signed the last checkpoint");
    } else if (rc != KM_NOT_FOUND) {
        return km_fail(f, rc, none.path, "%s", none.detail);
    }
    KM_TRY(know_key(a, key, keys, room, f));
    a->checkpoints = open_file(a, "checkpoints");
    if (a->checkpoints < 0 || ftruncate(a->checkpoints, a->checkpoints_at) != 0)
        return km_audit__failed(f, "the checkpoints cannot be opened");
    return rc == KM_OK ? KM_OK : sign_empty(a, room, f);
}

/* --- the tree ------------------------------------------------------------------------------------
 */

/* The frontier of a tree of c->size from the file of its nodes, when its root is the signed one. */
static bool load_frontier(km_audit *a, const km_audit_checkpoint *c)
{
    km_audit_frontier t = { .size = c->size };
    int64_t end = c->size;
    for (int level = 0; c->size >> level; level++) {
        if ((c->size >> level & 1) == 0)
            continue;
        end -= (int64_t)1 << level;
        if (km_audit__node_at(&a->tree, &t.at[level], km_audit_place(end, level), NULL) != KM_OK)
            return false;
    }
    km_audit_hash root = km_audit_root(&t);
    if (memcmp(root.h, c->root.h, KM_AUDIT_HASH) != 0)
        return false;
    a->frontier = t;
    return true;
}

static km_code differs(km_fault *f)
{
    return km_fail(f, KM_TAMPERED, "audit", "the entries are not those of the last checkpoint");
}

static km_code take_group(km_audit *a, const km_audit__group *g, km_str records,
                          const km_audit_checkpoint *c, km_fault *f)
{
    km_audit_item item;
    for (int64_t index = g->first; km_audit__next_record(&item, &records); index++) {
        if (index < a->frontier.size)
            continue;
        if (!item.purged)
            item.commit = km_audit_commit(item.salt, item.entry);
        km_audit_hash leaf = km_audit_leaf(&item.commit);
        km_audit__take(a, &leaf);
        if (a->frontier.size == c->size) {
            km_audit_hash root = km_audit_root(&a->frontier);
            if (memcmp(root.h, c->root.h, KM_AUDIT_HASH) != 0)
                return differs(f);
            a->signed_for = a->frontier;
        }
    }
    if (a->fresh.n >= NODES_AT_ONCE && !km_audit__store_nodes(a, &a->fresh))
        return km_audit__failed(f, "the tree cannot be written");
    return KM_OK;
}

/* --- the last segment
 * -------------------------------------------------------------------------------- */

static km_code open_last(km_audit *a, km_audit__scan *s, km_fault *f)
{
    char name[KM_AUDIT_SEGMENT_NAME];
    bool good;
    if (s->all.n == 0 || (s->torn && s->at == 0)) {
        good = km_audit__begin_segment(a, s->next, s->cursor)
               && ftruncate(a->segment, KM_AUDIT_HEAD) == 0;
        a->segment_first = s->next;
    } else {
        a->segment_first = s->all.first[s->all.n - 1];
        km_audit__segment_name(name, a->segment_first);
        a->segment = open_file(a, name);
        a->segment_at = s->at;
        good =
            a->segment >= 0
            && (!s->torn
                || (ftruncate(a->segment, s->at) == 0 && a->disk.sync(a->disk.self, a->segment)));
    }
    return good ? KM_OK : km_audit__failed(f, "the last segment cannot be opened");
}

static km_code replay(km_audit *a, km_audit__scan *s, const km_audit_checkpoint *c, km_fault *f)
{
    km_audit__group g;
    km_str records;
    bool more = true;
    while (more) {
        KM_TRY(km_audit__scan_next(&g, &records, &more, s, f));
        if (more)
            KM_TRY(take_group(a, &g, records, c, f));
    }
    if (s->next < c->size || s->next != a->frontier.size)
        return differs(f);
    if (s->torn && km_audit__scan_goes_on(s))
        return km_fail(f, KM_TAMPERED, "audit", "entry %lld is damaged, others follow it",
                       (long long)s->next);
    return open_last(a, s, f);
}

km_code km_audit__restore(km_audit *a, km_arena *room, km_fault *f)
{
    km_audit_checkpoint c;
    km_audit__scan s;
    KM_TRY(find_checkpoint(&c, a, room, f));
    a->tree = open_file(a, "tree");
    if (a->tree < 0)
        return km_audit__failed(f, "the tree cannot be opened");
    if (c.size > 0 && load_frontier(a, &c))
        a->signed_for = a->frontier;
    a->tree_at = km_audit_places(a->frontier.size);
    if (ftruncate(a->tree, a->tree_at * KM_AUDIT_HASH) != 0)
        return km_audit__failed(f, "the tree cannot be cut");
    km_code rc = km_audit__scan_open(&s, a->dir, a->frontier.size, room, f);
    if (rc == KM_OK)
        rc = replay(a, &s, &c, f);
    if (rc == KM_OK && !km_audit__store_nodes(a, &a->fresh))
        rc = km_audit__failed(f, "the tree cannot be written");
    a->next = a->durable = s.next;
    a->cursor = s.cursor;
    km_audit__scan_close(&s);
    return rc;
}
