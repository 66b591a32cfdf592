/* SPDX-License-Identifier: Apache-2.0
 *
 * read: entries and proofs from the files, with or without a process that writes them.
 */
#include "trust/audit/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

static km_code visit_group(km_audit__group *g, km_str records, int64_t from, int64_t below,
                           km_audit_visit visit, void *self, km_fault *f)
{
    km_audit_item item;
    for (int64_t i = g->first; km_audit__next_record(&item, &records); i++) {
        if (i < from)
            continue;
        if (below > 0 && i >= below)
            return KM_OK;
        item.index = i;
        if (!item.purged)
            item.commit = km_audit_commit(item.salt, item.entry);
        KM_TRY(visit(self, &item, f));
    }
    return KM_OK;
}

static km_code walk(int dir, int64_t from, int64_t below, km_audit_visit visit, void *self,
                    km_call *call)
{
    km_audit__scan s;
    km_audit__group g;
    km_str records;
    bool more = true;
    km_code rc = km_audit__scan_open(&s, dir, from, call->arena, call->fault);
    while (rc == KM_OK && more && (below <= 0 || s.next < below)) {
        rc = km_audit__scan_next(&g, &records, &more, &s, call->fault);
        if (rc == KM_OK && more)
            rc = visit_group(&g, records, from, below, visit, self, call->fault);
    }
    km_audit__scan_close(&s);
    return rc;
}

km_code km_audit_walk(const char *path, int64_t from, int64_t below, km_audit_visit visit,
                      void *self, km_call *call)
{
    int dir;
    KM_TRY(km_audit__dir(&dir, path, call->fault));
    km_code rc = walk(dir, from, below, visit, self, call);
    close(dir);
    return rc;
}

/* --- proofs
 * ------------------------------------------------------------------------------------------- */

typedef struct proving {
    int dir, tree;
    km_audit_checkpoint c;
    km_str note;
} proving;

static km_code begin(proving *p, const char *path, km_call *call)
{
    int64_t end;
    p->tree = -1;
    KM_TRY(km_audit__dir(&p->dir, path, call->fault));
    km_code rc = km_audit__notes_last(&p->note, &end, p->dir, call->arena, call->fault);
    if (rc == KM_OK)
        rc = km_audit_checkpoint_parse(&p->c, p->note, call->fault);
    if (rc == KM_OK && (p->tree = openat(p->dir, "tree", O_RDONLY | O_CLOEXEC)) < 0)
        rc = km_audit__failed(call->fault, "the tree cannot be opened");
    return rc;
}

static void end(proving *p)
{
    if (p->tree >= 0)
        close(p->tree);
    if (p->dir >= 0)
        close(p->dir);
}

typedef struct keeping {
    km_audit_item *out;
    km_arena *arena;
    bool found;
} keeping;

static km_code keep(void *self, const km_audit_item *item, km_fault *f)
{
    keeping *k = self;
    (void)f;
    *k->out = *item;
    k->out->entry = km_arena_copy(k->arena, item->entry);
    k->found = true;
    return KM_OK;
}

km_code km_audit_prove_entry(km_audit_proof *out, const char *path, int64_t index, km_call *call)
{
    proving p;
    keeping k = { &out->item, call->arena, false };
    km_audit_nodes nodes = { km_audit__node_at, &p.tree };
    km_code rc = begin(&p, path, call);
    if (rc == KM_OK)
        rc = km_audit_prove(&out->path, &nodes, index, p.c.size, call->fault);
    if (rc == KM_OK)
        rc = walk(p.dir, index, index + 1, keep, &k, call);
    if (rc == KM_OK) {
        km_audit_hash leaf = km_audit_leaf(&out->item.commit);
        if (!k.found || !km_audit_includes(&p.c.root, p.c.size, index, &leaf, &out->path))
            rc = km_fail(call->fault, KM_TAMPERED, "audit", "the entry is not the one signed for");
    }
    out->note = p.note;
    end(&p);
    return rc;
}

km_code km_audit_prove_since(km_audit_path *out, km_str *note, const char *path, int64_t old_size,
                             km_call *call)
{
    proving p;
    km_audit_nodes nodes = { km_audit__node_at, &p.tree };
    km_code rc = begin(&p, path, call);
    if (rc == KM_OK)
        rc = km_audit_prove_growth(out, &nodes, old_size, p.c.size, call->fault);
    *note = p.note;
    end(&p);
    return rc;
}
