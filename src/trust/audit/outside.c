/* SPDX-License-Identifier: Apache-2.0
 *
 * outside: the thread that asks witnesses and the authority, and keeps what they gave.
 */
#include "trust/audit/outside.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "trust/audit/inside.h"
#include "trust/audit/stamp.h"

enum { WITNESS_MS = 10000, STAMP_MS = 3600000, RETRY_MS = 60000, REFUSE_MS = 86400000 };
enum { ROOM = 8 << 20, TICK_MS = 100, GRACE_MS = 300000 };

typedef struct witness {
    char *url;
    km_audit_key key;
    int64_t seen; /* the size that it saw last, as far as we know */
    km_ms next_at;
} witness;

struct km_audit_outside {
    km_audit_outside_options o;
    char *path, *tsa_url;
    int dir;
    km_stamp_authorities *authorities;
    witness witness[KM_AUDIT_WITNESSES];
    size_t witnesses;
    km_ms opened_at, recalled_at, stamp_next_at, warned_at; /* the thread's */
    pthread_t thread;
    bool runs;
    pthread_mutex_t mutex; /* over what follows */
    pthread_cond_t stop;
    bool stopping;
    int64_t stamped, grown_to;
    km_ms stamped_at, unstamped_since; /* 0: all is stamped */
};

static km_ms now_of(const km_audit_outside *x)
{
    return x->o.clock->now(x->o.clock->self);
}

static void *must(void *p)
{
    if (p == NULL)
        abort(); /* decision 18 */
    return p;
}

/* --- keeping -------------------------------------------------------------------------------------
 */

static km_code append(const km_audit_outside *x, const char *name, km_str text, int64_t end,
                      km_fault *f)
{
    int file = openat(x->dir, name, O_RDWR | O_CREAT | O_CLOEXEC, KM_AUDIT_WRITTEN_MODE);
    /* What a crash left half written is cut off. */
    bool good = file >= 0 && ftruncate(file, end) == 0
                && pwrite(file, text.p, text.n, end) == (ssize_t)text.n && fdatasync(file) == 0;
    if (file >= 0)
        close(file);
    return good ? KM_OK : km_audit__failed(f, "what was given cannot be kept");
}

/* Where whole lines end. */
static int64_t end_of_lines(const km_audit_outside *x, const char *name)
{
    char last;
    int file = openat(x->dir, name, O_RDONLY | O_CLOEXEC);
    int64_t end = file >= 0 ? lseek(file, 0, SEEK_END) : 0;
    while (end > 0 && pread(file, &last, 1, end - 1) == 1 && last != '\n')
        end--;
    if (file >= 0)
        close(file);
    return end > 0 ? end : 0;
}

/* Where whole notes end. */
static int64_t end_of_notes(const km_audit_outside *x, const char *name, km_arena *a)
{
    km_str note;
    int64_t end = 0;
    km_fault none = { 0 };
    (void)km_audit__last_of(&note, &end, x->dir, name, a, &none);
    return end;
}

/* --- witnesses -----------------------------------------------------------------------------------
 */

static void tell(const km_audit_outside *x, const char *text)
{
    if (x->o.warn != NULL)
        x->o.warn(text);
    else
        fprintf(stderr, "kumihimo audit: %s\n", text);
}

static km_code ask_witness(km_answer *out, km_audit_outside *x, const witness *w, int64_t old,
                           km_str *note, km_call *call)
{
    km_audit_path growth;
    km_buf body = km_buf_in(call->arena);
    km_str url = km_arena_print(call->arena, "%s/add-checkpoint", w->url);
    KM_TRY(km_audit_prove_since(&growth, note, x->path, old, call));
    km_audit_ask_print(&body, old, &growth, *note);
    km_question q = { .method = "POST",
                      .url = km_arena_z(call->arena, url),
                      .type = "text/plain; charset=utf-8",
                      .body = km_buf_str(&body) };
    return km_client_ask(out, x->o.client, &q, call);
}

/* The log's note with the witness's line under its own. */
static km_code keep_countersignature(km_audit_outside *x, witness *w, km_str note, km_str line,
                                     km_call *call)
{
    km_audit_checkpoint c;
    km_buf both = km_buf_in(call->arena);
    km_buf_add(&both, note);
    km_buf_add(&both, km_str_trim(line));
    km_buf_z(&both, "\n");
    if (line.n > KM_AUDIT_NOTE_MAX
        || km_audit_checkpoint_parse(&c, km_buf_str(&both), call->fault) != KM_OK
        || !km_audit_signed_by(&c, &w->key)) {
        km_fault_clear(call->fault);
        return km_fail(call->fault, KM_UPSTREAM, "witness", "not its signature");
    }
    km_buf_char(&both, '\n');
    KM_TRY(append(x, "witnessed", km_buf_str(&both), end_of_notes(x, "witnessed", call->arena),
                  call->fault));
    pthread_mutex_lock(&x->mutex);
    w->seen = c.size;
    pthread_mutex_unlock(&x->mutex);
    return KM_OK;
}

/* One that saw another size says which (409); it is asked again from there. */
static km_code send_to(km_audit_outside *x, witness *w, km_call *call)
{
    km_answer a;
    km_str note;
    int64_t old = w->seen, said;
    for (int tries = 0; tries < 2; tries++) {
        KM_TRY(ask_witness(&a, x, w, old, &note, call));
        if (a.status == 200)
            return keep_countersignature(x, w, note, a.body, call);
        if (a.status != 409 || !km_str_to_i64(&said, km_str_trim(a.body)) || said < 0)
            break;
        old = said;
    }
    return km_fail(call->fault, KM_UPSTREAM, "witness", "it does not countersign (%d)", a.status);
}

static void visit_witness(km_audit_outside *x, witness *w, int64_t size, km_call *call)
{
    km_ms at = now_of(x);
    if (at < w->next_at || size <= w->seen)
        return;
    km_code rc = send_to(x, w, call);
    w->next_at = at + (rc == KM_OK ? x->o.witness_every_ms : x->o.retry_ms);
    if (rc != KM_OK)
        tell(x, km_arena_print(call->arena, "witness %s: %s", w->key.name, call->fault->detail).p);
}

/* --- stamps --------------------------------------------------------------------------------------
 */

static km_code get_stamp(km_audit_outside *x, const km_audit_checkpoint *c, km_call *call)
{
    unsigned char nonce[KM_STAMP_NONCE];
    km_str ask, token;
    km_answer a;
    km_ms at;
    km_buf line = km_buf_in(call->arena);
    call->random->fill(call->random->self, nonce, sizeof nonce);
    nonce[0] = (unsigned char)((nonce[0] & 0x7F) | 0x40); /* positive, always of one length */
    KM_TRY(km_stamp_ask(&ask, c->text, nonce, call->arena, call->fault));
    km_question q = {
        .method = "POST", .url = x->tsa_url, .type = "application/timestamp-query", .body = ask
    };
    KM_TRY(km_client_ask(&a, x->o.client, &q, call));
    if (a.status != 200)
        return km_fail(call->fault, KM_UPSTREAM, "stamp", "the authority answers %d", a.status);
    KM_TRY(km_stamp_take(&token, &at, a.body, c->text, nonce, x->authorities, call->arena,
                         call->fault));
    km_buf_print(&line, "%lld ", (long long)c->size);
    km_buf_add(&line, km_base64(call->arena, token.p, token.n));
    km_buf_char(&line, '\n');
    KM_TRY(append(x, "stamps", km_buf_str(&line), end_of_lines(x, "stamps"), call->fault));
    pthread_mutex_lock(&x->mutex);
    x->stamped = c->size;
    x->stamped_at = at;
    x->unstamped_since = x->grown_to > c->size ? now_of(x) : 0;
    pthread_mutex_unlock(&x->mutex);
    return KM_OK;
}

static void warn_if_late(km_audit_outside *x)
{
    km_audit_outside_state s;
    char text[96];
    km_ms at = now_of(x);
    km_audit_outside_now(&s, x);
    if (!s.warn || at < x->warned_at + x->o.warn_after_ms)
        return;
    x->warned_at = at;
    snprintf(text, sizeof text, "no time stamp for %lld minutes%s",
             (long long)(s.unstamped_ms / 60000), s.refuse ? "; access is refused" : "");
    tell(x, text);
}

static void visit_authority(km_audit_outside *x, const km_audit_checkpoint *c, km_call *call)
{
    km_ms at = now_of(x);
    if (at >= x->stamp_next_at && c->size > x->stamped) {
        km_code rc = get_stamp(x, c, call);
        x->stamp_next_at = at + (rc == KM_OK ? x->o.stamp_every_ms : x->o.retry_ms);
        if (rc != KM_OK)
            tell(x, km_arena_print(call->arena, "time stamp: %s", call->fault->detail).p);
    }
    warn_if_late(x);
}

/* --- the thread ----------------------------------------------------------------------------------
 */

static void note_growth(km_audit_outside *x, int64_t size)
{
    pthread_mutex_lock(&x->mutex);
    if (size > x->stamped && x->unstamped_since == 0)
        x->unstamped_since = x->grown_to == 0 && x->recalled_at > 0 ? x->recalled_at : now_of(x);
    x->grown_to = size;
    pthread_mutex_unlock(&x->mutex);
}

static void round_of(km_audit_outside *x, km_arena *a)
{
    km_fault fault = { 0 };
    km_call call = { .arena = a, .fault = &fault, .clock = x->o.clock, .random = x->o.random };
    km_audit_checkpoint c;
    km_str note;
    if (km_audit_last_checkpoint(&note, x->path, &call) != KM_OK
        || km_audit_checkpoint_parse(&c, note, &fault) != KM_OK || c.size == 0)
        return;
    note_growth(x, c.size);
    if (x->authorities != NULL)
        visit_authority(x, &c, &call);
    for (size_t i = 0; i < x->witnesses; i++) {
        km_fault_clear(&fault);
        visit_witness(x, &x->witness[i], c.size, &call);
    }
}

static void *run(void *self)
{
    km_audit_outside *x = self;
    pthread_mutex_lock(&x->mutex);
    while (!x->stopping) {
        struct timespec t;
        pthread_mutex_unlock(&x->mutex);
        km_arena *a = km_arena_new(ROOM);
        round_of(x, a);
        km_arena_free(a);
        clock_gettime(CLOCK_REALTIME, &t);
        t.tv_nsec += (long)TICK_MS * 1000000;
        t.tv_sec += t.tv_nsec / 1000000000;
        t.tv_nsec %= 1000000000;
        pthread_mutex_lock(&x->mutex);
        if (!x->stopping)
            pthread_cond_timedwait(&x->stop, &x->mutex, &t);
    }
    pthread_mutex_unlock(&x->mutex);
    return NULL;
}

/* --- opening -------------------------------------------------------------------------------------
 */

/* URL#name+hash+key */
static km_code take_witness(km_audit_outside *x, const char *text, km_fault *f)
{
    km_str key, url = km_str_cut(km_str_of(text), '#', &key);
    witness *w = &x->witness[x->witnesses];
    while (url.n > 0 && url.p[url.n - 1] == '/')
        url.n--;
    if (key.p == NULL || km_audit_key_parse(&w->key, key, NULL) != KM_OK || url.n == 0)
        return km_fail(f, KM_BAD_VALUE, "witness", "URL#name+hash+key");
    w->url = must(strndup(url.p, url.n));
    x->witnesses++;
    return KM_OK;
}

/* How far it was stamped before: only sizes are read here; `verify` looks at the tokens. */
static void recall_stamp(km_audit_outside *x)
{
    char tail[2 * KM_STAMP_MAX];
    struct stat st;
    int file = openat(x->dir, "stamps", O_RDONLY | O_CLOEXEC);
    off_t end = file >= 0 ? lseek(file, 0, SEEK_END) : 0;
    size_t n = end > (off_t)sizeof tail ? sizeof tail : end > 0 ? (size_t)end : 0;
    /* A node that was stopped does not begin to count anew. */
    if (n > 0 && fstat(file, &st) == 0)
        x->recalled_at = (km_ms)st.st_mtim.tv_sec * 1000;
    if (n > 0 && km_audit__read(file, tail, n, end - (off_t)n)) {
        while (n > 0 && tail[n - 1] != '\n')
            n--;
        size_t from = n > 0 ? n - 1 : 0;
        while (from > 0 && tail[from - 1] != '\n')
            from--;
        km_str rest;
        (void)km_str_to_i64(&x->stamped, km_str_cut((km_str){ tail + from, n - from }, ' ', &rest));
    }
    if (file >= 0)
        close(file);
}

static void set_times(km_audit_outside_options *o)
{
    const struct {
        km_ms *at, otherwise;
    } times[] = { { &o->witness_every_ms, WITNESS_MS },
                  { &o->stamp_every_ms, STAMP_MS },
                  { &o->retry_ms, RETRY_MS },
                  { &o->warn_after_ms, STAMP_MS },
                  { &o->refuse_after_ms, REFUSE_MS } };
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        if (*times[i].at <= 0)
            *times[i].at = times[i].otherwise;
}

static km_code configure(km_audit_outside *x, km_fault *f)
{
    for (size_t i = 0; i < KM_AUDIT_WITNESSES; i++)
        if (x->o.witness[i] != NULL)
            KM_TRY(take_witness(x, x->o.witness[i], f));
    if (x->o.tsa_url != NULL) {
        x->tsa_url = must(strdup(x->o.tsa_url));
        KM_TRY(km_stamp_authorities_new(&x->authorities, x->o.tsa_pem, f));
    }
    KM_TRY(km_audit__dir(&x->dir, x->path, f));
    recall_stamp(x);
    x->runs = pthread_create(&x->thread, NULL, run, x) == 0;
    return x->runs ? KM_OK : km_fail(f, KM_STORE, "audit", "no thread");
}

km_code km_audit_outside_open(km_audit_outside **out, const km_audit_outside_options *o,
                              km_fault *f)
{
    bool any = o->tsa_url != NULL;
    *out = NULL;
    for (size_t i = 0; i < KM_AUDIT_WITNESSES; i++)
        any = any || o->witness[i] != NULL;
    if (!any)
        return KM_OK;
    km_audit_outside *x = must(calloc(1, sizeof *x));
    x->o = *o;
    x->path = must(strdup(o->dir));
    x->dir = -1;
    x->opened_at = now_of(x);
    set_times(&x->o);
    pthread_mutex_init(&x->mutex, NULL);
    pthread_cond_init(&x->stop, NULL);
    km_code rc = configure(x, f);
    if (rc != KM_OK)
        km_audit_outside_close(x);
    else
        *out = x;
    return rc;
}

void km_audit_outside_close(km_audit_outside *x)
{
    if (x == NULL)
        return;
    pthread_mutex_lock(&x->mutex);
    x->stopping = true;
    pthread_cond_broadcast(&x->stop);
    pthread_mutex_unlock(&x->mutex);
    if (x->runs)
        pthread_join(x->thread, NULL);
    for (size_t i = 0; i < x->witnesses; i++)
        free(x->witness[i].url);
    km_stamp_authorities_free(x->authorities);
    if (x->dir >= 0)
        close(x->dir);
    pthread_mutex_destroy(&x->mutex);
    pthread_cond_destroy(&x->stop);
    free(x->tsa_url);
    free(x->path);
    free(x);
}

void km_audit_outside_now(km_audit_outside_state *out, km_audit_outside *x)
{
    *out = (km_audit_outside_state){ 0 };
    if (x == NULL)
        return;
    km_ms at = now_of(x);
    pthread_mutex_lock(&x->mutex);
    out->stamps = x->authorities != NULL;
    out->stamped = x->stamped;
    out->unstamped_ms = out->stamps && x->unstamped_since > 0 ? at - x->unstamped_since : 0;
    out->witnesses = x->witnesses;
    for (size_t i = 0; i < x->witnesses; i++)
        out->witnessed[i] = x->witness[i].seen;
    pthread_mutex_unlock(&x->mutex);
    out->warn = out->unstamped_ms >= x->o.warn_after_ms;
    /* One that was just started has a moment to get its stamp. */
    out->refuse = out->unstamped_ms >= x->o.refuse_after_ms
                  && at - x->opened_at
                         >= (GRACE_MS < x->o.refuse_after_ms ? GRACE_MS : x->o.refuse_after_ms);
}
