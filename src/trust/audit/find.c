/* SPDX-License-Identifier: Apache-2.0
 *
 * find: pages of entries, newest first. The index says where to look; the entry decides.
 */
#include "trust/audit/finding.h"

#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { WAIT_S = 5 };

/* --- candidates of one segment
 * --------------------------------------------------------------------
 */

typedef struct candidates {
    uint32_t *entry, *place; /* entries falling, counted from `first` */
    size_t n;
    int64_t first;
    bool cut; /* there are more than were taken */
} candidates;

static int falling(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return *x > *y ? -1 : *x < *y;
}

/* One list drives: that of the charts, else of the agent, else of the kinds; the rest is asked of
 * each entry. */
static size_t driving(uint64_t *key, const km_audit_search *s)
{
    size_t n = 0;
    for (; n < s->charts; n++)
        key[n] = km_audit__chart_key(s->chart[n]);
    if (n == 0 && s->agent.n > 0)
        key[n++] = km_audit__agent_key(s->agent);
    for (int k = KM_AUDIT_NONE + 1; s->charts == 0 && s->agent.n == 0 && k < KM_AUDIT_KINDS_END;
         k++)
        if (s->kinds >> k & 1)
            key[n++] = km_audit__kind_key((km_audit_kind)k);
    return n;
}

static void list_by_keys(km_buf *out, const km_audit__piece *p, const uint64_t *key, size_t keys,
                         int64_t before, size_t most)
{
    for (size_t i = 0; i < keys; i++)
        km_audit__piece_find(out, p, key[i], before, most + 1);
    if (keys < 2 || out->n == 0)
        return;
    uint32_t *list = (uint32_t *)(void *)out->p;
    size_t n = out->n / 4, kept = 1;
    qsort(list, n, 4, falling);
    for (size_t i = 1; i < n; i++)
        if (list[i] != list[kept - 1])
            list[kept++] = list[i];
    out->n = kept * 4;
}

static void list_all(km_buf *out, const km_audit__piece *p, int64_t before, size_t most)
{
    int64_t end = before < p->head.end ? before : p->head.end;
    for (size_t n = 0; end > p->head.first && n <= most; n++) {
        uint32_t entry = (uint32_t)(--end - p->head.first);
        km_buf_bytes(out, &entry, 4);
    }
}

static bool in_time(const km_audit__piece *p, const km_audit_search *s)
{
    return (s->since <= 0 || p->head.high >= s->since) && (s->until <= 0 || p->head.low < s->until);
}

/* Under the mutex. */
static void gather(candidates *out, const km_audit__piece *p, const km_audit_search *s,
                   int64_t before, size_t most, km_arena *a)
{
    uint64_t *key = KM_NEW_ARRAY(a, s->charts + KM_AUDIT_KINDS_END, uint64_t);
    size_t keys = driving(key, s);
    km_buf list = km_buf_in(a);
    *out = (candidates){ .first = p->head.first };
    if (!in_time(p, s))
        return;
    if (keys > 0)
        list_by_keys(&list, p, key, keys, before, most);
    else
        list_all(&list, p, before, most);
    out->n = list.n / 4;
    out->cut = out->n > most;
    if (out->cut)
        out->n = most;
    out->entry = (uint32_t *)(void *)list.p;
    out->place = KM_NEW_ARRAY(a, out->n, uint32_t);
    for (size_t i = 0; i < out->n; i++)
        out->place[i] = km_audit__piece_place(p, out->entry[i]);
}

/* --- entries -------------------------------------------------------------------------------------
 */

typedef struct looking {
    km_audit_page *out;
    km_audit_finder *x;
    const km_audit_search *s;
    km_call *call;
    int file;
    size_t looked_at;
    bool changed; /* a segment was purged under way: its places are no more */
} looking;

static bool read_record(km_audit_item *out, int file, uint32_t place, km_arena *a)
{
    unsigned char head[4];
    if (!km_audit__read(file, head, sizeof head, place))
        return false;
    size_t n = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    if (n > KM_AUDIT_ENTRY_MAX)
        return false;
    char *p = km_arena_alloc(a, n + KM_AUDIT_RECORD_EXTRA);
    km_str record = { p, n + KM_AUDIT_RECORD_EXTRA };
    return km_audit__read(file, p, record.n, place) && km_audit__get_record(out, &record)
           && record.n == 0;
}

static bool has_chart(const km_audit_entry *e, const km_audit_search *s)
{
    for (size_t i = 0; i < e->charts; i++)
        for (size_t k = 0; k < s->charts; k++)
            if (e->chart[i] == s->chart[k])
                return true;
    return s->charts == 0;
}

static bool matches(const km_audit_entry *e, const km_audit_search *s)
{
    return (s->since <= 0 || e->at >= s->since) && (s->until <= 0 || e->at < s->until)
           && (s->kinds == 0 || s->kinds >> e->kind & 1)
           && (s->agent.n == 0 || km_str_eq(s->agent, e->agent.id)) && has_chart(e, s);
}

/* What does not match leaves nothing in the arena. */
static void look_at(looking *l, int64_t index, uint32_t place)
{
    km_arena *a = l->call->arena;
    km_arena_mark here = km_arena_here(a);
    km_fault none = { 0 };
    km_audit_found *to = &l->out->found[l->out->n];
    *to = (km_audit_found){ 0 };
    l->looked_at++;
    bool read = read_record(&to->item, l->file, place, a);
    l->changed = l->changed || !read;
    if (read && !to->item.purged
        && km_audit_entry_parse(&to->entry, to->item.entry, a, &none) == KM_OK
        && matches(&to->entry, l->s)) {
        to->item.index = index;
        to->item.commit = km_audit_commit(to->item.salt, to->item.entry);
        l->out->n++;
        return;
    }
    km_arena_back(a, here);
}

static km_code look_through(looking *l, const candidates *c)
{
    char name[KM_AUDIT_SEGMENT_NAME];
    size_t i = 0;
    if (c->n == 0)
        return KM_OK;
    km_audit__segment_name(name, c->first);
    l->file = openat(l->x->dir, name, O_RDONLY | O_CLOEXEC);
    if (l->file < 0)
        return km_audit__failed(l->call->fault, "a segment cannot be opened");
    for (; i < c->n && l->out->n < l->s->limit && !l->changed; i++)
        look_at(l, c->first + c->entry[i], c->place[i]);
    close(l->file);
    if (i > 0 && (i < c->n || c->cut))
        l->out->next = c->first + c->entry[i - 1];
    return KM_OK;
}

/* --- the page ------------------------------------------------------------------------------------
 */

static km_code until_whole(km_audit_finder *x, km_fault *f)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    t.tv_sec += WAIT_S;
    while (!x->whole)
        if (pthread_cond_timedwait(&x->ready, &x->mutex, &t) != 0)
            return km_fail(f, KM_BUSY, "audit", "its index is being made");
    if (x->failed != KM_OK)
        return km_fail(f, x->failed, "audit", "its index cannot be made");
    return km_audit__feed(x, f);
}

static km_code check(const km_audit_search *s, km_fault *f)
{
    if (s->limit < 1 || s->limit > KM_AUDIT_FOUND_MAX)
        return km_fail(f, KM_BAD_VALUE, "limit", "1 to %d", KM_AUDIT_FOUND_MAX);
    if (s->charts > KM_AUDIT_SOUGHT_CHARTS)
        return km_fail(f, KM_BAD_VALUE, "charts", "at most %d", KM_AUDIT_SOUGHT_CHARTS);
    return KM_OK;
}

/* The newest piece that may hold entries below `before`: the last one that begins below it. */
static size_t pieces_below(const km_audit_finder *x, int64_t before)
{
    size_t low = 0, high = x->pieces;
    while (low < high) {
        size_t half = low + (high - low) / 2;
        if (x->piece[half].head.first < before)
            low = half + 1;
        else
            high = half;
    }
    return low;
}

static km_code find(looking *l, int64_t before)
{
    km_audit_finder *x = l->x;
    km_call *call = l->call;
    candidates c;
    pthread_mutex_lock(&x->mutex);
    km_code rc = until_whole(x, call->fault);
    l->out->size = rc == KM_OK ? x->piece[x->pieces - 1].head.end : 0;
    before = before > 0 && before < l->out->size ? before : l->out->size;
    for (size_t i = pieces_below(x, before); rc == KM_OK && i-- > 0 && l->out->next == 0;) {
        rc = km_audit__renew(x, i, call->fault);
        if (rc != KM_OK)
            break;
        if (l->out->n == l->s->limit || l->looked_at >= KM_AUDIT_LOOKED_AT) {
            l->out->next = before < x->piece[i].head.end ? before : x->piece[i].head.end;
            break;
        }
        gather(&c, &x->piece[i], l->s, before, KM_AUDIT_LOOKED_AT - l->looked_at, call->arena);
        pthread_mutex_unlock(&x->mutex);
        rc = look_through(l, &c);
        pthread_mutex_lock(&x->mutex);
        if (l->changed)
            break;
    }
    pthread_mutex_unlock(&x->mutex);
    return rc;
}

km_code km_audit_find(km_audit_page *out, km_audit_finder *x, const km_audit_search *s,
                      km_call *call)
{
    KM_TRY(check(s, call->fault));
    for (int tries = 0; tries < 3; tries++) {
        looking l = { .out = out, .x = x, .s = s, .call = call };
        *out = (km_audit_page){ .found = KM_NEW_ARRAY(call->arena, s->limit + 1, km_audit_found) };
        KM_TRY(find(&l, s->before));
        if (!l.changed)
            return KM_OK;
    }
    return km_fail(call->fault, KM_STORE, "audit",
                   "an entry cannot be read where the index has it");
}

km_code km_audit_find_checkpoint(km_audit_checkpoint *c, km_str *note, const km_audit_finder *x,
                                 km_call *call)
{
    int64_t end;
    KM_TRY(km_audit__notes_last(note, &end, x->dir, call->arena, call->fault));
    return km_audit_checkpoint_parse(c, *note, call->fault);
}

km_code km_audit_prove_found(km_audit_path **path, const km_audit_finder *x,
                             const km_audit_page *page, int64_t size, km_call *call)
{
    *path = KM_NEW_ARRAY(call->arena, page->n, km_audit_path);
    int tree = openat(x->dir, "tree", O_RDONLY | O_CLOEXEC);
    if (tree < 0)
        return km_audit__failed(call->fault, "the tree cannot be opened");
    km_audit_nodes nodes = { km_audit__node_at, &tree };
    km_code rc = KM_OK;
    for (size_t i = 0; rc == KM_OK && i < page->n; i++)
        if (page->found[i].item.index < size)
            rc = km_audit_prove(&(*path)[i], &nodes, page->found[i].item.index, size, call->fault);
    close(tree);
    return rc;
}
