/* SPDX-License-Identifier: Apache-2.0
 *
 * feed: what was written, told to the audit. The log itself is the trace of a write (decision 16):
 * its entries and the words of who wrote them are in its chain. Here they are told again, behind,
 * so that one place answers who saw and who wrote a person's records. How far the feeder has come
 * is kept with the entries: after a crash it goes on where it was, and tells nothing twice.
 *
 * Versions of one chart that the same wrote in a row are one entry.
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "platform/inside.h"

enum { PORTION = 500, SLEEP_MS = 250 };

struct km_feed {
    km_node *node;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping;
};

static km_audit_kind kind_of(const km_written *w)
{
    return w->op == KM_OP_DELETE ? KM_AUDIT_DELETE
           : w->version == 1     ? KM_AUDIT_CREATE
                                 : KM_AUDIT_UPDATE;
}

/* Entries of one kind, one chart and the same words. */
static size_t run_of(const km_written *w, size_t n)
{
    size_t i = 1;
    while (i < n && w[i].chart == w->chart && kind_of(&w[i]) == kind_of(w)
           && km_str_eq(w[i].act, w->act))
        i++;
    return i;
}

static km_code tell_run(km_node *n, const km_written *w, size_t count, km_call *call)
{
    km_audit_entry e = { 0 };
    km_buf text = km_buf_in(call->arena);
    km_audit_shown *shown = KM_NEW_ARRAY(call->arena, count, km_audit_shown);
    if (w->act.n > 0)
        KM_TRY(km_audit_entry_parse(&e, w->act, call->arena, call->fault));
    else
        e.agent.id = KM_STR("node");
    for (size_t i = 0; i < count; i++)
        shown[i] = (km_audit_shown){ km_fhir_type_name(w[i].type),
                                     w[i].id.n > 0 ? w[i].id : KM_STR("erased"), w[i].version };
    e.at = w->at;
    e.kind = kind_of(w);
    e.outcome = KM_STR("ok");
    e.shown = shown;
    e.shows = count;
    e.chart = &w->chart;
    e.charts = w->chart != KM_CHART_NONE;
    KM_TRY(km_audit_entry_print(&text, &e, call->fault));
    km_str one = km_buf_str(&text);
    return km_audit_offer(NULL, n->audit, &one, 1, w[count - 1].seq, call->fault);
}

/* *more: the portion was full. */
static km_code feed_portion(km_node *n, int64_t *after, bool *more, km_call *call)
{
    km_written *w = KM_NEW_ARRAY(call->arena, PORTION, km_written);
    size_t count;
    KM_TRY(km_log_written(w, &count, PORTION, n->log, *after, call));
    *more = count == PORTION;
    for (size_t i = 0, run; i < count; i += run) {
        run = run_of(&w[i], count - i);
        KM_TRY(tell_run(n, &w[i], run, call));
        *after = w[i + run - 1].seq;
    }
    return KM_OK;
}

static bool goes_on(struct km_feed *f, bool more)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += SLEEP_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&f->lock);
    if (!f->stopping && !more)
        pthread_cond_timedwait(&f->wake, &f->lock, &until);
    bool stopping = f->stopping;
    pthread_mutex_unlock(&f->lock);
    return !stopping;
}

static void *run(void *arg)
{
    struct km_feed *f = arg;
    int64_t after = km_audit_cursor(f->node->audit);
    bool more = true;
    if (after == KM_AUDIT_NO_CURSOR)
        after = 0;
    while (goes_on(f, more)) {
        km_own_call own;
        if (!more && km_log_figured(f->node->log).versions <= after)
            continue;
        km_own_call_open(&own, f->node, "feed", (size_t)1 << 26);
        if (feed_portion(f->node, &after, &more, &own.call) != KM_OK)
            more = false; /* tried again a moment later; what was offered is not offered again */
        km_own_call_close(&own);
    }
    return NULL;
}

km_code km_node__feed_start(km_node *n, km_fault *f)
{
    struct km_feed *feed = calloc(1, sizeof *feed);
    if (feed == NULL)
        abort();
    feed->node = n;
    pthread_mutex_init(&feed->lock, NULL);
    pthread_cond_init(&feed->wake, NULL);
    if (pthread_create(&feed->thread, NULL, run, feed) != 0) {
        free(feed);
        return km_fail(f, KM_INTERNAL, NULL, "no thread for the audit");
    }
    n->feed = feed;
    return KM_OK;
}

void km_node__feed_stop(km_node *n)
{
    struct km_feed *f = n->feed;
    if (f == NULL)
        return;
    pthread_mutex_lock(&f->lock);
    f->stopping = true;
    pthread_cond_signal(&f->wake);
    pthread_mutex_unlock(&f->lock);
    pthread_join(f->thread, NULL);
    pthread_mutex_destroy(&f->lock);
    pthread_cond_destroy(&f->wake);
    free(f);
    n->feed = NULL;
}
