/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: what the files of http share and nobody else sees.
 *
 * One request is one `km_exchange`, recycled with its arena. It is touched by one thread at a
 * time: by the I/O thread of its connection, or, while the connection is suspended, by the one
 * worker that took it from the queue. Handing over is the queue's lock one way and
 * libmicrohttpd's resume the other.
 */
#ifndef KM_HTTP_INSIDE_H
#define KM_HTTP_INSIDE_H

#include <microhttpd.h>
#include <pthread.h>
#include <stdatomic.h>

#include "http/http.h"
#include "http/pack.h"
#include "http/rate.h"
#include "http/router.h"

typedef struct km_exchange km_exchange;

/* --- limits.c: numbers that are not options ------------------------------------------- */

#define KM_HTTP_DROP_BYTES \
    ((uint64_t)1 << 20) /* of a refused body, read so that the answer arrives */
#define KM_HTTP_DROP_KNOWN ((uint64_t)64 << 10) /* announced longer than this: answer and close */
#define KM_HTTP_BLOCK ((size_t)64 << 10)        /* one piece of a streamed body or reply */
#define KM_HTTP_BRIEF_BYTES ((size_t)16 << 10)  /* the most of a request that counts as BRIEF */
#define KM_HTTP_SLOW_START_MS 5000u             /* before the minimum rate is asked for */
#define KM_HTTP_DRAIN_MS 30000u
#define KM_HTTP_CLOSE_MS 1000u /* then, for workers to end what they are at */
#define KM_HTTP_UNKNOWN UINT64_MAX

void km_http__limits_fill(km_http_limits *l); /* a zero becomes the default */
size_t km_http__pool_bytes(const km_http_limits *l);
uint64_t km_http__body_limit(const km_http_limits *l, unsigned route_flags);
uint64_t km_http__unpacked_limit(const km_http_limits *l, unsigned route_flags);
/* When a body that began at `began` and has brought `got` bytes counts as too slow. */
uint64_t km_http__body_due(const km_http_limits *l, unsigned route_flags, uint64_t began,
                           uint64_t got);

/* --- watch.c: deadlines of connections ------------------------------------------------- */

typedef enum km_conn_phase {
    KM_CONN_IDLE,    /* between requests, or before the first line of one */
    KM_CONN_READING, /* a request has begun and nothing of its answer */
    KM_CONN_SERVING, /* a worker has it; no deadline of ours */
    KM_CONN_SENDING,
    KM_CONN_EXPIRED
} km_conn_phase;

typedef struct km_conn {
    /* phase in the low 3 bits, deadline in ms of the monotone clock above them (0: none). One
     * word, so that the watcher's EXPIRED and the I/O thread's next step exclude each other. */
    _Atomic uint64_t state;
    int fd;
    bool tls;
    char peer[48]; /* address in text, made once */
    uint64_t peer_key;
    bool peer_read, peer_verified;
    km_str peer_certificate; /* GnuTLS's own bytes, which live as long as the connection */
    struct km_conn *next, **link;
} km_conn;

typedef struct km_watch {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t thread;
    km_conn *first;
    size_t conns;
    bool stop, running;
} km_watch;

void km_http__watch_open(km_watch *w);
km_code km_http__watch_start(km_watch *w, km_fault *f);
void km_http__watch_close(km_watch *w);
km_conn *km_http__watch_add(km_watch *w, int fd, bool tls, uint64_t due_ms);
size_t km_http__watch_count(km_watch *w);
void km_http__watch_drop(km_watch *w, km_conn *c);
/* False when the deadline came first: the connection is being closed. */
bool km_http__conn_enter(km_conn *c, km_conn_phase phase, uint64_t due_ms);
bool km_http__conn_expired(const km_conn *c);
/* A bodyless answer past libmicrohttpd, which takes none while a body comes in; the
 * connection is closed right after. Plain connections only. */
void km_http__conn_last_words(km_conn *c, int status);

/* --- workers.c ------------------------------------------------------------------------- */

typedef enum km_job { KM_JOB_ADMIT, KM_JOB_PIECE, KM_JOB_SERVE, KM_JOB_PRODUCE } km_job;

typedef struct km_workers {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t *thread;
    unsigned threads;
    km_exchange *first, *last;
    size_t queued, most;
    atomic_uint busy;
    bool stop;
} km_workers;

void km_http__workers_open(km_workers *w);
km_code km_http__workers_start(km_workers *w, unsigned threads, size_t most, km_fault *f);
void km_http__workers_close(km_workers *w); /* ends when the queue is empty */
/* False when the queue is full and the job is a new request (ADMIT or SERVE). */
bool km_http__workers_push(km_workers *w, km_exchange *x, km_job job);
size_t km_http__workers_queued(km_workers *w);

/* --- metrics.c ------------------------------------------------------------------------- */

enum { KM_BUCKETS = 15 };
typedef struct km_route_count {
    _Atomic uint64_t status[6]; /* by hundreds; 0: no answer went out */
    _Atomic uint64_t bucket[KM_BUCKETS];
    _Atomic uint64_t ns;
} km_route_count;

/* One counter for each route of the router and one more, the last, for what matched none. */
void km_http__count(km_route_count *c, int status, uint64_t ns);

/* --- exchange.c: the life of a request -------------------------------------------------- */

typedef enum km_step {
    KM_STEP_NEW,       /* the request line is read */
    KM_STEP_BODY,      /* taking the body */
    KM_STEP_DROP,      /* refused; the rest of the body is read and forgotten */
    KM_STEP_ADMITTING, /* on a worker, before the body */
    KM_STEP_PIECE,     /* on a worker, with a piece of the body */
    KM_STEP_WORK,      /* on a worker, to its end */
    KM_STEP_ANSWERED
} km_step;

struct km_exchange {
    km_request r; /* first: a km_request * is a km_exchange * */
    km_fault fault;
    struct km_http *http;
    km_conn *conn;
    struct MHD_Connection *c;
    km_exchange *next; /* in the queue or the freelist */
    km_job job;
    km_step step;
    const char *logged_method;
    uint64_t began_ns, body_began_ms;

    const km_field *header;
    size_t headers;
    uint64_t announced; /* Content-Length, KM_HTTP_UNKNOWN for chunked */
    bool expects, head, admitted, served, counted, close_after;
    km_coding body_coding, reply_coding;
    bool plain_refused; /* Accept-Encoding: identity;q=0 */
    km_str allow;       /* with 405 and OPTIONS */
    uint64_t peer_key;
    uint32_t retry_s; /* with 429 */
    size_t route_at;
    km_field var[KM_ROUTE_VARS];
    km_path path;

    km_block body;         /* gathered, or (STREAM) the piece being filled */
    uint64_t got, dropped; /* bytes of the body as sent */
    km_unpack *unpack;

    km_reply reply;
    atomic_bool met; /* serve has returned, or km_request_go_on was called (calls.c) */
    int status;
    uint64_t sent;
    bool vary;

    char *out; /* STREAM reply: the block that libmicrohttpd reads from */
    size_t out_n, out_at, out_room;
    bool out_end, out_failed;
    km_pack *out_pack;
    char *out_plain; /* before packing */
};

/* Puts the connection to sleep and the request into the queue. False: it is closing or its
 * deadline has come. When the queue is full the connection is resumed with KM_BUSY. */
bool km_http__hand_over(km_exchange *x, km_job job, km_step step);
/* Wakes a connection that sleeps; x belongs to its I/O thread from here on. */
void km_http__wake(km_exchange *x);
km_exchange *km_http__exchange_open(struct km_http *h, struct MHD_Connection *c, const char *uri);
void km_http__exchange_close(km_exchange *x);
void km_http__exchange_free(km_exchange *x); /* for good */

/* head.c: reads and judges the head of a request: fields, framing, route, query. What it
 * refuses is in the fault; close_after is set where the next bytes cannot be trusted. */
km_code km_http__head(km_exchange *x, const char *method, const char *version);

/* body.c */
km_code km_http__body_add(km_exchange *x, const char *p, size_t n);
km_code km_http__body_unpack(km_exchange *x);           /* the gathered body, whole */
km_code km_http__body_piece(km_exchange *x, bool last); /* STREAM: hands the block on */
void km_http__body_free(km_exchange *x);

/* serve.c: what a worker (or the I/O thread, for INLINE) does with a request */
km_code km_http__admit(km_exchange *x);
void km_http__serve(km_exchange *x);
void km_http__serve_rest(km_exchange *x); /* what reply.then does */
void km_http__refuse(km_exchange *x);     /* makes the reply for x->fault */
void km_http__run(km_exchange *x);        /* one job */

/* reply.c: hands the reply to libmicrohttpd */
enum MHD_Result km_http__answer(km_exchange *x);
/* produce.c */
void km_http__produce(km_exchange *x); /* fills the block */
struct MHD_Response *km_http__produce_response(km_exchange *x);
void km_http__produce_close(km_exchange *x);

/* log.c */
void km_http__log(km_exchange *x, uint64_t ns);

/* tls.c: the certificate files, libmicrohttpd's options (returns how many it wrote), what a new
 * connection must show, and what it has shown. */
km_code km_http__tls_read(struct km_http *h, km_fault *f);
size_t km_http__tls_items(const struct km_http *h, struct MHD_OptionItem item[4]);
void km_http__tls_forget(struct km_http *h);
void km_http__tls_begin(const struct km_http *h, struct MHD_Connection *c);
void km_http__tls_peer(const struct km_http *h, struct MHD_Connection *c, km_conn *conn);

/* peer.c: the address of a connection, the one that a trusted proxy tells of a request, and
 * KM_TOO_MANY (with retry_s) where it, or the caller that admit found, asks too often. */
void km_http__peer_name(km_conn *conn, struct MHD_Connection *c);
void km_http__peer_forwarded(km_exchange *x);
km_code km_http__rate_peer(km_exchange *x);
km_code km_http__rate_caller(km_exchange *x);

/* origin.c: KM_FORBIDDEN where a page of another site makes the caller's browser ask. */
km_code km_http__same_origin(km_exchange *x);

/* secure.c: the headers that every reply has. */
void km_http__secure(const km_exchange *x, struct MHD_Response *m);

/* listen.c: the port that a socket got. */
int km_http__port_of(int fd);

/* --- server.c -------------------------------------------------------------------------- */

struct km_http {
    km_http_options o;
    km_router *router;
    km_route_count *count;
    struct MHD_Daemon *daemon;
    int port;
    bool tls;
    char *cert, *key, *client_ca;
    km_rate *by_peer, *by_caller;
    km_watch watch;
    km_workers workers;
    km_packers packers;
    uint64_t id_seed;
    _Atomic uint64_t id_next;
    pthread_mutex_t lock; /* guards free and inflight */
    pthread_cond_t quiet;
    km_exchange *free;
    size_t frees, inflight;
    atomic_bool stopping; /* no new calls */
    atomic_bool closing;  /* nothing more goes to a worker */
    atomic_size_t away;   /* connections asleep, with a worker or in its queue */
};

static inline uint64_t km_http__now_ms(void)
{
    return km_ticks_ns() / 1000000u;
}

#endif
