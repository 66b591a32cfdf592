/* SPDX-License-Identifier: Apache-2.0
 *
 * log: one JSON line for each request. Only what we chose ourselves stands in it: the pattern
 * and never the path, a method we know, numbers and the id (decision 23).
 */
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/date.h"
#include "http/inside.h"

static void to_stderr(km_str line)
{
    struct iovec part[2] = { { (void *)(uintptr_t)line.p, line.n },
                             { (void *)(uintptr_t) "\n", 1 } };
    (void)!writev(STDERR_FILENO, part, 2); /* one call, so that lines stay whole */
}

void km_http__log(km_exchange *x, uint64_t ns)
{
    const km_http_options *o = &x->http->o;
    char text[KM_PATTERN_MOST + 256], when[25];
    km_instant_print(when, km_call_now(&x->r.call));
    int n = snprintf(text, sizeof text,
                     "{\"t\":\"%s\",\"id\":\"%s\",\"method\":\"%s\",\"route\":\"%s\",\"status\":%d,"
                     "\"bytes\":%llu,\"us\":%llu}",
                     when, x->r.id, x->logged_method, x->r.route ? x->r.route->pattern : "-",
                     x->status, (unsigned long long)x->sent, (unsigned long long)(ns / 1000));
    km_str line = { text, (size_t)n };
    if (o->log != NULL)
        o->log(o->app, line);
    else
        to_stderr(line);
}
