/* SPDX-License-Identifier: Apache-2.0
 *
 * lines: NDJSON through three stages that overlap: this thread cuts the file into chunks of lines,
 * preparing threads parse, check, pack and index a chunk and hand each line to the log, the writer
 * groups and commits them. A chunk's arena lives until its last line is durable and holds what the
 * writer needs; what only preparing needs is forgotten with each line. At most CHUNKS are under
 * way, which bounds memory: two groups of the writer, one in work and one to come.
 */
#include "gateways/files/inside.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { LINES = 64, CHUNKS = 72, PREPARERS = 2, CHUNK_BYTES = 1 << 18, DROP_BYTES = 1 << 20 };

typedef struct line {
    km_plan plan;
    km_write write;
    km_call call;
    km_fault fault;
    struct chunk *chunk;
    int64_t number;
    bool ready;
} line;

typedef struct chunk {
    struct chunk *next;
    struct pipe *pipe;
    km_arena *arena;
    km_str text;
    int64_t first_line, start; /* offset in the file */
    uint64_t turn;
    line line[LINES];
    size_t open; /* lines not settled, and one for the preparer */
    bool free;
} chunk;

typedef struct pipe {
    km_importing *im;
    const char *path;
    int32_t source;
    pthread_mutex_t lock;
    pthread_cond_t work, freed, turned;
    uint64_t turn, next_turn;
    chunk *first, *last;
    chunk all[CHUNKS];
    bool ended;
    km_code lost; /* the store failed: nothing goes on */
} pipe;

/* --- settling --- */

static void settle(chunk *c)
{
    pipe *p = c->pipe;
    pthread_mutex_lock(&p->lock);
    if (--c->open == 0) {
        km_arena_reset(c->arena);
        c->free = true;
        pthread_cond_signal(&p->freed);
    }
    pthread_mutex_unlock(&p->lock);
}

static void refuse(line *l, km_code code)
{
    pipe *p = l->chunk->pipe;
    km_report__refuse(p->im->report, p->path, l->number, &l->fault);
    if (code == KM_STORE || code == KM_STOPPING) {
        pthread_mutex_lock(&p->lock);
        p->lost = code;
        pthread_mutex_unlock(&p->lock);
    }
}

static void done(void *self, km_plan *plan, km_code code)
{
    line *l = self;
    (void)plan;
    if (code != KM_OK)
        refuse(l, code);
    else
        km_report__stored(l->chunk->pipe->im->report, !l->write.unchanged, l->write.unchanged);
    if (code == KM_OK)
        km_shares__add(l->chunk->pipe->im->shares, l->write.chart, l->write.type);
    settle(l->chunk);
}

/* --- preparing --- */

static km_code prepare(line *l, km_str text, km_arena *scratch)
{
    pipe *p = l->chunk->pipe;
    km_jv resource;
    km_ftype type;
    km_call passing = l->call;
    passing.arena = scratch;
    km_writing w = { .node = p->im->node, .call = &passing, .source = p->source, .bulk = true };
    KM_TRY(km_change_read(&resource, &type, text, 0, &passing));
    km_change c = { .op = KM_OP_UPDATE,
                    .type = type,
                    .resource = resource,
                    .keep_same = true,
                    .id = km_jv_str(KM_JV_GET(resource, "id")) };
    if (c.id.n == 0)
        return km_fail(&l->fault, KM_REQUIRED, "Resource.id",
                       "without an id the line would be stored again each time it comes");
    KM_TRY(km_change_write(&l->write, &w, &c, KM_STR_NONE));
    km_targets__need(p->im->targets, p->source, resource, type);
    km_targets__wrote(p->im->targets, p->source, type, c.id);
    l->write.id = km_arena_copy(l->call.arena, l->write.id);
    l->write.owner = km_arena_copy(l->call.arena, l->write.owner);
    l->plan =
        (km_plan){ .write = &l->write, .n = 1, .call = &l->call, .bulk = true, .act = p->im->act };
    km_code rc = km_log_prepare(p->im->node->log, &l->plan);
    l->write.resource = KM_JV_NONE; /* its tape ends here; the writer needs what is prepared */
    return rc;
}

static void give_up(line *l, km_code code)
{
    if (l->fault.line <= 1)
        l->fault.line = (uint32_t)l->number;
    refuse(l, code);
    settle(l->chunk);
}

static void prepare_line(chunk *c, size_t i, km_str text, int64_t number, km_arena *scratch)
{
    line *l = &c->line[i];
    km_node *n = c->pipe->im->node;
    *l = (line){ .chunk = c, .number = number };
    l->call =
        (km_call){ .arena = c->arena, .fault = &l->fault, .clock = n->clock, .random = n->random };
    km_code rc = prepare(l, text, scratch);
    km_arena_reset(scratch);
    l->ready = rc == KM_OK;
    if (!l->ready)
        give_up(l, rc);
}

/* Lines reach the log in the order of the file, so that of two versions of one resource the later
 * wins; and not before their whole chunk is prepared, since the writer uses its arena from then on.
 */
static void hand_over(chunk *c, size_t lines)
{
    pipe *p = c->pipe;
    pthread_mutex_lock(&p->lock);
    while (p->turn != c->turn)
        pthread_cond_wait(&p->turned, &p->lock);
    pthread_mutex_unlock(&p->lock);
    for (size_t i = 0; i < lines; i++) {
        line *l = &c->line[i];
        if (!l->ready)
            continue;
        km_code rc = km_log_submit(p->im->node->log, &l->plan, done, l);
        if (rc != KM_OK)
            give_up(l, rc);
    }
    pthread_mutex_lock(&p->lock);
    p->turn++;
    pthread_cond_broadcast(&p->turned);
    pthread_mutex_unlock(&p->lock);
}

static chunk *next_chunk(pipe *p)
{
    pthread_mutex_lock(&p->lock);
    while (p->first == NULL && !p->ended)
        pthread_cond_wait(&p->work, &p->lock);
    chunk *c = p->first;
    if (c != NULL) {
        p->first = c->next;
        if (p->first == NULL)
            p->last = NULL;
    }
    pthread_mutex_unlock(&p->lock);
    return c;
}

static void *run_preparer(void *arg)
{
    pipe *p = arg;
    km_arena *scratch = km_arena_new(KM_ARENA_CAP_DEFAULT);
    for (chunk *c; (c = next_chunk(p)) != NULL;) {
        km_str rest = c->text;
        int64_t number = c->first_line;
        size_t lines = 0;
        for (; rest.n > 0; number++) {
            km_str one = km_str_trim(km_str_cut(rest, '\n', &rest));
            if (one.n > 0)
                prepare_line(c, lines++, one, number, scratch);
        }
        hand_over(c, lines);
        settle(c);
    }
    km_arena_free(scratch);
    return NULL;
}

/* --- cutting --- */

/* Lines that hold something, at most LINES of them and about CHUNK_BYTES; never cuts a line. */
static km_str cut_chunk(km_str *rest, size_t *lines, int64_t *all_lines)
{
    km_str start = *rest;
    size_t n = 0;
    *lines = 0;
    *all_lines = 0;
    while (rest->n > 0 && *lines < LINES && (n < CHUNK_BYTES || *lines == 0)) {
        km_str one = km_str_cut(*rest, '\n', rest);
        n = rest->p != NULL ? (size_t)(rest->p - start.p) : start.n;
        *lines += km_str_trim(one).n > 0;
        ++*all_lines;
    }
    return km_str_sub(start, 0, n);
}

static chunk *free_chunk(pipe *p)
{
    pthread_mutex_lock(&p->lock);
    for (;;) {
        for (size_t i = 0; i < CHUNKS; i++)
            if (p->all[i].free) {
                p->all[i].free = false;
                pthread_mutex_unlock(&p->lock);
                return &p->all[i];
            }
        pthread_cond_wait(&p->freed, &p->lock);
    }
}

/* Up to where everything is durable: the start of the oldest chunk that is under way. */
static int64_t settled_to(pipe *p, int64_t read_to)
{
    pthread_mutex_lock(&p->lock);
    int64_t to = read_to;
    for (size_t i = 0; i < CHUNKS; i++)
        if (!p->all[i].free && p->all[i].start < to)
            to = p->all[i].start;
    pthread_mutex_unlock(&p->lock);
    return to;
}

static void hand_to_preparers(pipe *p, chunk *c)
{
    pthread_mutex_lock(&p->lock);
    c->next = NULL;
    c->turn = p->next_turn++;
    if (p->last != NULL)
        p->last->next = c;
    else
        p->first = c;
    p->last = c;
    pthread_cond_signal(&p->work);
    pthread_mutex_unlock(&p->lock);
}

static void wait_all(pipe *p)
{
    pthread_mutex_lock(&p->lock);
    for (bool busy = true; busy;) {
        busy = false;
        for (size_t i = 0; i < CHUNKS; i++)
            busy = busy || !p->all[i].free;
        if (busy)
            pthread_cond_wait(&p->freed, &p->lock);
    }
    p->ended = true;
    pthread_cond_broadcast(&p->work);
    pthread_mutex_unlock(&p->lock);
}

/* The text stands in memory as pages of the file; what is durable is not looked at again. */
static void drop_settled(km_str text, size_t *dropped, int64_t settled)
{
    size_t to = (size_t)settled & ~(size_t)(DROP_BYTES - 1);
    if (to > *dropped)
        (void)madvise((void *)(uintptr_t)(text.p + *dropped), to - *dropped, MADV_DONTNEED);
    *dropped = to > *dropped ? to : *dropped;
}

static int64_t feed(pipe *p, km_str text, int64_t from, int64_t size, int64_t mtime_ns)
{
    km_str rest = km_str_sub(text, (size_t)from, text.n);
    int64_t number = 1, at = from;
    size_t dropped = 0;
    uint64_t saved = km_ticks_ns();
    for (size_t i = 0; i < (size_t)from; i++)
        number += text.p[i] == '\n';
    while (rest.n > 0 && p->lost == KM_OK && !km_stop_asked()) {
        size_t lines;
        int64_t all_lines;
        chunk *c = free_chunk(p);
        c->start = at;
        c->text = cut_chunk(&rest, &lines, &all_lines);
        c->first_line = number;
        c->open = lines + 1;
        number += all_lines;
        at += (int64_t)c->text.n;
        hand_to_preparers(p, c);
        km_bar_show(&p->im->bar, p->im->bytes_done + at, p->im->bytes_all, "bytes");
        drop_settled(text, &dropped, settled_to(p, at));
        if (km_ticks_ns() - saved > 2000000000u) {
            km_progress__save(p->im->progress, p->path, size, mtime_ns, settled_to(p, at));
            saved = km_ticks_ns();
        }
    }
    return at;
}

km_code km_lines__import(km_importing *im, const char *path, km_str text, int32_t source,
                         int64_t from, int64_t size, int64_t mtime_ns, km_fault *f)
{
    pthread_t thread[PREPARERS];
    size_t threads = 0;
    pipe *p = calloc(1, sizeof *p);
    if (p == NULL)
        abort();
    p->im = im;
    p->path = path;
    p->source = source;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->work, NULL);
    pthread_cond_init(&p->freed, NULL);
    pthread_cond_init(&p->turned, NULL);
    for (size_t i = 0; i < CHUNKS; i++) {
        p->all[i].pipe = p;
        p->all[i].free = true;
        p->all[i].arena = km_arena_new((size_t)1 << 30);
    }
    while (threads < PREPARERS && pthread_create(&thread[threads], NULL, run_preparer, p) == 0)
        threads++;
    int64_t at = threads > 0 ? feed(p, text, from, size, mtime_ns) : from;
    wait_all(p);
    for (size_t i = 0; i < threads; i++)
        pthread_join(thread[i], NULL);
    km_code rc = p->lost;
    if (rc == KM_OK && threads > 0)
        km_progress__save(im->progress, path, size, mtime_ns, at);
    for (size_t i = 0; i < CHUNKS; i++)
        km_arena_free(p->all[i].arena);
    pthread_mutex_destroy(&p->lock);
    pthread_cond_destroy(&p->work);
    pthread_cond_destroy(&p->freed);
    pthread_cond_destroy(&p->turned);
    free(p);
    return rc == KM_OK ? rc : km_fail(f, rc, NULL, "the store failed while importing");
}
