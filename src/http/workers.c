/* SPDX-License-Identifier: Apache-2.0
 *
 * workers: threads for calls that may block, fed by one bounded queue. A new request finds
 * the queue full and is told so; one that has been let in (a further piece of its body or of
 * its reply) always goes on, so their number is bounded by that of the connections.
 */
#include <errno.h>
#include <stdlib.h>

#include "http/inside.h"

static km_exchange *next_of(km_workers *w)
{
    pthread_mutex_lock(&w->lock);
    while (w->first == NULL && !w->stop)
        pthread_cond_wait(&w->wake, &w->lock);
    km_exchange *x = w->first;
    if (x != NULL) {
        w->first = x->next;
        if (w->first == NULL)
            w->last = NULL;
        w->queued--;
    }
    pthread_mutex_unlock(&w->lock);
    return x;
}

static void *work(void *self)
{
    km_workers *w = self;
    for (km_exchange *x = next_of(w); x != NULL; x = next_of(w)) {
        atomic_fetch_add_explicit(&w->busy, 1, memory_order_relaxed);
        km_http__run(x);
        atomic_fetch_sub_explicit(&w->busy, 1, memory_order_relaxed);
        if (x->reply.then != NULL)
            km_request_go_on(&x->r);
        else
            km_http__wake(x);
    }
    return NULL;
}

void km_http__workers_open(km_workers *w)
{
    *w = (km_workers){ 0 };
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
}

km_code km_http__workers_start(km_workers *w, unsigned threads, size_t most, km_fault *f)
{
    w->most = most;
    w->thread = calloc(threads, sizeof *w->thread);
    if (w->thread == NULL)
        abort(); /* decision 18 */
    for (; w->threads < threads; w->threads++) {
        int rc = pthread_create(&w->thread[w->threads], NULL, work, w);
        if (rc != 0)
            return km_fail(f, KM_IO, "http", "no thread: %s", strerror(rc));
    }
    return KM_OK;
}

void km_http__workers_close(km_workers *w)
{
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_broadcast(&w->wake);
    pthread_mutex_unlock(&w->lock);
    for (unsigned i = 0; i < w->threads; i++)
        pthread_join(w->thread[i], NULL);
    free(w->thread);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
}

bool km_http__workers_push(km_workers *w, km_exchange *x, km_job job)
{
    bool fits;
    pthread_mutex_lock(&w->lock);
    fits = w->queued < w->most || job == KM_JOB_PIECE || job == KM_JOB_PRODUCE || x->admitted;
    if (fits) {
        x->job = job;
        x->next = NULL;
        if (w->last != NULL)
            w->last->next = x;
        else
            w->first = x;
        w->last = x;
        w->queued++;
        pthread_cond_signal(&w->wake);
    }
    pthread_mutex_unlock(&w->lock);
    return fits;
}

size_t km_http__workers_queued(km_workers *w)
{
    pthread_mutex_lock(&w->lock);
    size_t n = w->queued;
    pthread_mutex_unlock(&w->lock);
    return n;
}
