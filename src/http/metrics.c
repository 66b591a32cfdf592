/* SPDX-License-Identifier: Apache-2.0
 *
 * metrics: counts by route, without locks, and their text for Prometheus (exposition format
 * 0.0.4). Patterns and methods of the tables are the only labels: nothing a caller sent.
 */
#include "http/inside.h"

/* Upper bounds in microseconds, and as Prometheus writes them in seconds. */
static const struct {
    uint64_t us;
    const char *seconds;
} bucket[KM_BUCKETS] = {
    { 100, "0.0001" },  { 250, "0.00025" }, { 500, "0.0005" },      { 1000, "0.001" },
    { 2500, "0.0025" }, { 5000, "0.005" },  { 10000, "0.01" },      { 25000, "0.025" },
    { 50000, "0.05" },  { 100000, "0.1" },  { 250000, "0.25" },     { 500000, "0.5" },
    { 1000000, "1" },   { 5000000, "5" },   { UINT64_MAX, "+Inf" },
};

void km_http__count(km_route_count *c, int status, uint64_t ns)
{
    size_t b = 0, hundred = status >= 100 && status < 600 ? (size_t)status / 100 : 0;
    while (ns / 1000 > bucket[b].us)
        b++;
    atomic_fetch_add_explicit(&c->status[hundred], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->bucket[b], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->ns, ns, memory_order_relaxed);
}

static uint64_t read_count(const _Atomic uint64_t *n)
{
    return atomic_load_explicit(n, memory_order_relaxed);
}

static void head(km_buf *out, const char *name, const char *kind, const char *about)
{
    km_buf_print(out, "# HELP %s %s\n# TYPE %s %s\n", name, about, name, kind);
}

static void print_requests(km_buf *out, const km_route_count *c, const char *method,
                           const char *pattern)
{
    for (int i = 0; i < 6; i++) {
        uint64_t n = read_count(&c->status[i]);
        if (n > 0)
            km_buf_print(out,
                         "http_requests_total{method=\"%s\",route=\"%s\",class=\"%dxx\"} %llu\n",
                         method, pattern, i, (unsigned long long)n);
    }
}

static void print_durations(km_buf *out, const km_route_count *c, const char *method,
                            const char *pattern)
{
    uint64_t sum = 0, ns = read_count(&c->ns);
    for (size_t i = 0; i < KM_BUCKETS; i++)
        sum += read_count(&c->bucket[i]);
    if (sum == 0)
        return;
    sum = 0;
    for (size_t i = 0; i < KM_BUCKETS; i++) {
        sum += read_count(&c->bucket[i]);
        km_buf_print(out,
                     "http_request_seconds_bucket{method=\"%s\",route=\"%s\",le=\"%s\"} %llu\n",
                     method, pattern, bucket[i].seconds, (unsigned long long)sum);
    }
    km_buf_print(out, "http_request_seconds_sum{method=\"%s\",route=\"%s\"} %llu.%09llu\n", method,
                 pattern, (unsigned long long)(ns / 1000000000u),
                 (unsigned long long)(ns % 1000000000u));
    km_buf_print(out, "http_request_seconds_count{method=\"%s\",route=\"%s\"} %llu\n", method,
                 pattern, (unsigned long long)sum);
}

typedef void printer(km_buf *out, const km_route_count *c, const char *method, const char *pattern);

static void each_route(const km_http *h, km_buf *out, printer *print)
{
    size_t n = km_http__router_count(h->router);
    for (size_t i = 0; i < n; i++) {
        const km_http_route *r = km_http__router_route(h->router, i);
        print(out, &h->count[i], r->method, r->pattern);
    }
    print(out, &h->count[n], "-", "-");
}

static void gauge(km_buf *out, const char *name, const char *about, size_t n)
{
    head(out, name, "gauge", about);
    km_buf_print(out, "%s %zu\n", name, n);
}

void km_http_metrics(const km_http *h, km_buf *out)
{
    km_http *open = (km_http *)(uintptr_t)h; /* its locks change, what it is does not */
    head(out, "http_requests_total", "counter", "Requests ended, by route and class of status.");
    each_route(h, out, print_requests);
    head(out, "http_request_seconds", "histogram",
         "From the request line to the end of the reply.");
    each_route(h, out, print_durations);
    gauge(out, "http_connections", "Connections open.", km_http__watch_count(&open->watch));
    gauge(out, "http_workers", "Worker threads.", h->workers.threads);
    gauge(out, "http_workers_busy", "Worker threads at work.",
          atomic_load_explicit(&open->workers.busy, memory_order_relaxed));
    gauge(out, "http_queue", "Calls that wait for a worker.",
          km_http__workers_queued(&open->workers));
}
