/* SPDX-License-Identifier: Apache-2.0
 *
 * server: starting and stopping.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "http/callbacks.h"
#include "http/inside.h"

enum { IO_THREADS = 2, WORKERS = 32, QUEUE_PER_WORKER = 16, QUEUE_LEAST = 64 };

static enum MHD_Result accepts(void *http, const struct sockaddr *from, socklen_t n)
{
    km_http *h = http;
    (void)from;
    (void)n;
    return atomic_load_explicit(&h->stopping, memory_order_relaxed) ? MHD_NO : MHD_YES;
}

static struct MHD_OptionItem value_item(enum MHD_OPTION o, size_t v)
{
    return (struct MHD_OptionItem){ o, (intptr_t)v, NULL };
}

static struct MHD_OptionItem call_item(enum MHD_OPTION o, intptr_t function, km_http *h)
{
    return (struct MHD_OptionItem){ o, function, h };
}

/* Without MHD_USE_ERROR_LOG libmicrohttpd is silent: what it would say quotes its callers. */
static km_code start_daemon(km_http *h, int fd, km_fault *f)
{
    const km_http_limits *l = &h->o.limits;
    unsigned flags = MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME;
    struct MHD_OptionItem item[20];
    size_t n = 0;
    item[n++] = value_item(MHD_OPTION_LISTEN_SOCKET, (size_t)fd);
    item[n++] = value_item(MHD_OPTION_CONNECTION_MEMORY_LIMIT, km_http__pool_bytes(l));
    item[n++] = value_item(MHD_OPTION_CONNECTION_LIMIT, l->connections);
    item[n++] = value_item(MHD_OPTION_PER_IP_CONNECTION_LIMIT, l->connections_per_ip);
    item[n++] = value_item(MHD_OPTION_STRICT_FOR_CLIENT, 1);
    item[n++] = call_item(MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)km_http__on_connection, h);
    item[n++] = call_item(MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)km_http__on_target, h);
    item[n++] = call_item(MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)km_http__on_end, h);
    if (h->o.io_threads > 1)
        item[n++] = value_item(MHD_OPTION_THREAD_POOL_SIZE, h->o.io_threads);
    if (h->tls) {
        flags |= MHD_USE_TLS;
        n += km_http__tls_items(h, item + n);
    }
    item[n++] = value_item(MHD_OPTION_END, 0);
    h->daemon = MHD_start_daemon(flags, 0, accepts, h, km_http__on_call, h, MHD_OPTION_ARRAY, item,
                                 MHD_OPTION_END);
    /* On failure libmicrohttpd has closed the socket or not, by where it failed; closing it
     * here could close another thread's. */
    if (h->daemon == NULL)
        return km_fail(f, h->tls ? KM_USAGE : KM_IO, h->tls ? "tls" : "http",
                       h->tls ? "the certificate and key do not serve"
                              : "libmicrohttpd did not start");
    return KM_OK;
}

static void fill_options(km_http *h, const km_http_options *o)
{
    uint64_t secret;
    h->o = *o;
    if (h->o.io_threads == 0)
        h->o.io_threads = IO_THREADS;
    if (h->o.workers == 0)
        h->o.workers = WORKERS;
    if (h->o.clock == NULL)
        h->o.clock = &km_clock_real;
    if (h->o.random == NULL)
        h->o.random = &km_random_real;
    km_http__limits_fill(&h->o.limits);
    h->o.random->fill(h->o.random->self, &h->id_seed, sizeof h->id_seed);
    h->o.random->fill(h->o.random->self, &secret, sizeof secret);
    h->by_peer = km_rate_new(h->o.limits.peer_per_s, h->o.limits.peer_burst, secret);
    h->by_caller = km_rate_new(h->o.limits.caller_per_s, h->o.limits.caller_burst, secret);
}

static void open_locks(km_http *h)
{
    pthread_condattr_t monotone;
    pthread_mutex_init(&h->lock, NULL);
    pthread_condattr_init(&monotone);
    pthread_condattr_setclock(&monotone, CLOCK_MONOTONIC);
    pthread_cond_init(&h->quiet, &monotone);
    pthread_condattr_destroy(&monotone);
    km_http__packers_open(&h->packers);
    km_http__watch_open(&h->watch);
    km_http__workers_open(&h->workers);
}

static km_code start_threads(km_http *h, km_fault *f)
{
    size_t queue = (size_t)h->o.workers * QUEUE_PER_WORKER;
    int fd = h->o.listening;
    KM_TRY(km_http__watch_start(&h->watch, f));
    KM_TRY(km_http__workers_start(&h->workers, h->o.workers,
                                  queue > QUEUE_LEAST ? queue : QUEUE_LEAST, f));
    if (fd == 0)
        KM_TRY(km_http_listen(&fd, h->o.listen, f));
    h->port = km_http__port_of(fd);
    return start_daemon(h, fd, f);
}

/* Signals are the main thread's. */
static km_code start_without_signals(km_http *h, km_fault *f)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    km_code rc = start_threads(h, f);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc;
}

static void free_all(km_http *h)
{
    km_http__workers_close(&h->workers);
    km_http__watch_close(&h->watch);
    while (h->free != NULL) {
        km_exchange *x = h->free;
        h->free = x->next;
        km_http__exchange_free(x);
    }
    km_http__packers_close(&h->packers);
    pthread_cond_destroy(&h->quiet);
    pthread_mutex_destroy(&h->lock);
    km_http__router_free(h->router);
    free(h->count);
    km_http__tls_forget(h);
    km_rate_free(h->by_peer);
    km_rate_free(h->by_caller);
    free(h);
}

km_code km_http_start(km_http **out, const km_http_options *o, km_fault *f)
{
    km_http *h = calloc(1, sizeof *h);
    *out = NULL;
    if (h == NULL)
        abort(); /* decision 18 */
    fill_options(h, o);
    open_locks(h);
    km_code rc = km_http__router_new(&h->router, o->routes, f);
    if (rc == KM_OK)
        rc = km_http__tls_read(h, f);
    if (rc == KM_OK) {
        h->count = calloc(km_http__router_count(h->router) + 1, sizeof *h->count);
        if (h->count == NULL)
            abort();
        rc = start_without_signals(h, f);
    }
    if (rc != KM_OK) {
        free_all(h);
        return rc;
    }
    *out = h;
    return KM_OK;
}

int km_http_port(const km_http *h)
{
    return h->port;
}

static struct timespec after_ms(uint64_t ms)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += (time_t)(ms / 1000);
    t.tv_nsec += (long)(ms % 1000) * 1000000L;
    t.tv_sec += t.tv_nsec / 1000000000L;
    t.tv_nsec %= 1000000000L;
    return t;
}

static void wait_quiet(km_http *h)
{
    struct timespec until = after_ms(KM_HTTP_DRAIN_MS);
    int rc = 0;
    pthread_mutex_lock(&h->lock);
    while (h->inflight > 0 && rc == 0)
        rc = pthread_cond_timedwait(&h->quiet, &h->lock, &until);
    pthread_mutex_unlock(&h->lock);
}

/* Calls that a worker has now; none follows them. */
static bool workers_let_go(km_http *h)
{
    for (unsigned i = 0; i < KM_HTTP_CLOSE_MS && atomic_load(&h->away) > 0; i++)
        nanosleep(&(struct timespec){ .tv_nsec = 1000000 }, NULL);
    return atomic_load(&h->away) == 0;
}

void km_http_stop(km_http *h)
{
    if (h == NULL)
        return;
    atomic_store(&h->stopping, true);
    wait_quiet(h);
    /* Who still sends or reads slowly is cut off now. Who still has a worker cannot be: its
     * handler would run on memory given back. The process is ending; all is left as is. */
    atomic_store(&h->closing, true);
    if (!workers_let_go(h))
        return;
    MHD_stop_daemon(h->daemon);
    free_all(h);
}
