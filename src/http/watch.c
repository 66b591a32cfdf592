/* SPDX-License-Identifier: Apache-2.0
 *
 * watch: one thread that ends connections whose deadline has passed.
 *
 * libmicrohttpd's own timeout counts from the last byte, so one byte now and then keeps a
 * connection for ever (slowloris). Here every phase of a request has an end. The watcher does
 * not close: it shuts the socket down, and libmicrohttpd closes it in its own thread. A
 * descriptor is never shut down after its close, since both it and the removal from the list
 * (which comes before the close) happen under one lock.
 */
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "http/inside.h"

enum { LOOK_MS = 100, PHASE_BITS = 3, PHASE_MASK = 7 };

static uint64_t pack_state(km_conn_phase phase, uint64_t due_ms)
{
    return due_ms << PHASE_BITS | (uint64_t)phase;
}

void km_http__conn_last_words(km_conn *c, int status)
{
    char text[128];
    if (c->tls)
        return;
    int n = snprintf(text, sizeof text,
                     "HTTP/1.1 %d %s\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", status,
                     MHD_get_reason_phrase_for((unsigned)status));
    (void)!send(c->fd, text, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void look_at(km_conn *c, uint64_t now)
{
    uint64_t s = atomic_load_explicit(&c->state, memory_order_acquire);
    uint64_t due = s >> PHASE_BITS;
    if (due == 0 || due > now || (s & PHASE_MASK) == KM_CONN_EXPIRED)
        return;
    if (!atomic_compare_exchange_strong(&c->state, &s, pack_state(KM_CONN_EXPIRED, 0)))
        return;
    if ((s & PHASE_MASK) == KM_CONN_READING)
        km_http__conn_last_words(c, MHD_HTTP_REQUEST_TIMEOUT);
    shutdown(c->fd, SHUT_RDWR);
}

static void *watch(void *self)
{
    km_watch *w = self;
    struct timespec until;
    pthread_mutex_lock(&w->lock);
    while (!w->stop) {
        uint64_t now = km_http__now_ms();
        for (km_conn *c = w->first; c != NULL; c = c->next)
            look_at(c, now);
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_nsec += LOOK_MS * 1000000L;
        until.tv_sec += until.tv_nsec / 1000000000L;
        until.tv_nsec %= 1000000000L;
        pthread_cond_timedwait(&w->wake, &w->lock, &until);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

void km_http__watch_open(km_watch *w)
{
    pthread_condattr_t monotone;
    *w = (km_watch){ 0 };
    pthread_mutex_init(&w->lock, NULL);
    pthread_condattr_init(&monotone);
    pthread_condattr_setclock(&monotone, CLOCK_MONOTONIC);
    pthread_cond_init(&w->wake, &monotone);
    pthread_condattr_destroy(&monotone);
}

km_code km_http__watch_start(km_watch *w, km_fault *f)
{
    w->running = pthread_create(&w->thread, NULL, watch, w) == 0;
    return w->running ? KM_OK : km_fail(f, KM_IO, "http", "no thread: %s", strerror(errno));
}

void km_http__watch_close(km_watch *w)
{
    pthread_mutex_lock(&w->lock);
    w->stop = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    if (w->running)
        pthread_join(w->thread, NULL);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
}

km_conn *km_http__watch_add(km_watch *w, int fd, bool tls, uint64_t due_ms)
{
    km_conn *c = calloc(1, sizeof *c);
    if (c == NULL)
        abort(); /* decision 18 */
    c->fd = fd;
    c->tls = tls;
    atomic_init(&c->state, pack_state(KM_CONN_IDLE, due_ms));
    pthread_mutex_lock(&w->lock);
    c->next = w->first;
    c->link = &w->first;
    if (c->next != NULL)
        c->next->link = &c->next;
    w->first = c;
    w->conns++;
    pthread_mutex_unlock(&w->lock);
    return c;
}

size_t km_http__watch_count(km_watch *w)
{
    pthread_mutex_lock(&w->lock);
    size_t n = w->conns;
    pthread_mutex_unlock(&w->lock);
    return n;
}

void km_http__watch_drop(km_watch *w, km_conn *c)
{
    pthread_mutex_lock(&w->lock);
    *c->link = c->next;
    if (c->next != NULL)
        c->next->link = c->link;
    w->conns--;
    pthread_mutex_unlock(&w->lock);
    free(c);
}

bool km_http__conn_enter(km_conn *c, km_conn_phase phase, uint64_t due_ms)
{
    uint64_t s = atomic_load_explicit(&c->state, memory_order_relaxed);
    do {
        if ((s & PHASE_MASK) == KM_CONN_EXPIRED)
            return false;
    } while (!atomic_compare_exchange_weak(&c->state, &s, pack_state(phase, due_ms)));
    return true;
}

bool km_http__conn_expired(const km_conn *c)
{
    return (atomic_load(&c->state) & PHASE_MASK) == KM_CONN_EXPIRED;
}
