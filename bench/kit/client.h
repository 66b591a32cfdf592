/* SPDX-License-Identifier: Apache-2.0
 *
 * client: a load of HTTP/1.1 over connections that stay open, one thread, epoll. Each connection
 * sends its next request when its answer is whole. Answers are read as far as a benchmark needs:
 * status, Content-Length, body.
 */
#ifndef KM_BENCH_CLIENT_H
#define KM_BENCH_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

typedef struct kit_ask {
    const char *bytes; /* head and body; until the next call for the same connection */
    size_t n;
} kit_ask;

typedef struct kit_load {
    int port, connections;
    double seconds;   /* 0: until `most` requests are answered or *stop */
    size_t most;      /* 0: no limit */
    const bool *stop; /* NULL: nobody stops it; written by another thread */
    kit_ask (*next)(void *self, int connection, size_t number);
    void *self;
} kit_load;

typedef struct kit_answers {
    size_t n, by_class[6]; /* 2xx at [2] */
    double took_s;
    double *ms; /* of each, rising */
} kit_answers;

void kit_ask_all(kit_answers *out, const kit_load *l);
void kit_answers_free(kit_answers *a);
double kit_per_s(const kit_answers *a);
/* 0.99: the 99th of a hundred. */
double kit_quantile_ms(const kit_answers *a, double q);

/* One request on a connection of its own; the status. *body (may be NULL) is to be freed. */
int kit_ask_one(char **body, int port, const char *method, const char *path, const char *sent,
                size_t n);
/* A whole request as text, to be freed. */
kit_ask kit_request(const char *method, const char *path, const char *headers, const char *body,
                    size_t n);

#endif
