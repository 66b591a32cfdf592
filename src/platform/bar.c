/* SPDX-License-Identifier: Apache-2.0
 *
 * bar: progress of a long command on standard error: one line that moves on a terminal, a line
 * every ten seconds elsewhere. And the wish to stop.
 */
#include "platform/platform.h"

#include <signal.h>
#include <unistd.h>

/* Set by the signal handler alone, which may touch nothing else. */
static volatile sig_atomic_t stop_asked;

static void ask_stop(int signal)
{
    (void)signal;
    stop_asked = 1;
}

bool km_stop_asked(void)
{
    return stop_asked != 0;
}

void km_stop_listen(void)
{
    struct sigaction a = { .sa_handler = ask_stop };
    sigemptyset(&a.sa_mask);
    sigaction(SIGINT, &a, NULL);
    sigaction(SIGTERM, &a, NULL);
    signal(SIGPIPE, SIG_IGN);
}

km_bar km_bar_start(const km_config *c, const char *title)
{
    return (km_bar){ .title = title,
                     .live = isatty(STDERR_FILENO) != 0,
                     .quiet = c->quiet || c->json,
                     .started_ns = km_ticks_ns(),
                     .last_ns = km_ticks_ns() };
}

void km_bar_show(km_bar *b, int64_t done, int64_t all, const char *unit)
{
    enum { WIDTH = 30 };
    uint64_t now = km_ticks_ns(), every = b->live ? 100000000u : 10000000000u;
    if (b->quiet || now - b->last_ns < every)
        return;
    b->last_ns = now;
    double seconds = (double)(now - b->started_ns) / 1e9;
    double rate = seconds > 0 ? (double)done / seconds : 0;
    if (!b->live || all <= 0) {
        fprintf(stderr, "%s%s: %lld %s, %.0f/s%s", b->live ? "\r" : "", b->title, (long long)done,
                unit, rate, b->live ? "   " : "\n");
        return;
    }
    char bar[WIDTH + 1];
    int64_t full = done >= all ? WIDTH : done * WIDTH / all;
    for (int i = 0; i < WIDTH; i++)
        bar[i] = i < full ? '#' : '.';
    bar[WIDTH] = '\0';
    fprintf(stderr, "\r%s [%s] %3d %% %lld %s, %.0f/s   ", b->title, bar, (int)(full * 100 / WIDTH),
            (long long)done, unit, rate);
}

void km_bar_end(km_bar *b)
{
    if (!b->quiet && b->live)
        fputc('\n', stderr);
}
