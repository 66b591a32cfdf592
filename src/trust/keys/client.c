/* SPDX-License-Identifier: Apache-2.0
 *
 * client: the door to a key process. One connection, one request at a time; a connection that
 * broke is opened again by the next request.
 */
#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "trust/keys/inside.h"

enum { WAIT_S = 10 };

typedef struct client {
    km_keys keys;
    pthread_mutex_t lock;
    int fd;
    struct sockaddr_un at;
} client;

static km_code gone(client *c, km_fault *f)
{
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    return km_fail(f, KM_BUSY, "key", "the key process does not answer");
}

static km_code reach(client *c, km_fault *f)
{
    struct timeval wait = { .tv_sec = WAIT_S };
    if (c->fd >= 0)
        return KM_OK;
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&c->at, sizeof c->at) != 0
        || setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) != 0
        || setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) != 0)
        return gone(c, f);
    return KM_OK;
}

static km_code exchange(client *c, const km_key_request *q, km_key_answer *a, km_arena *room,
                        km_fault *f)
{
    unsigned char head[KM_WIRE_HEAD];
    km_buf frame = km_buf_in(room);
    km_str bytes;
    km_wire__request(&frame, q);
    if (!km_wire__put(c->fd, frame.p, frame.n) || !km_wire__get(c->fd, head, sizeof head))
        return gone(c, f);
    uint32_t n = km_wire__length(head);
    if (n > KM_WIRE_MAX)
        return gone(c, f);
    km_buf answer = km_buf_in(room);
    km_buf_reserve(&answer, n + 1);
    if (!km_wire__get(c->fd, answer.p, n))
        return gone(c, f);
    km_code rc = km_wire__read_answer(&bytes, (km_str){ answer.p, n }, f);
    bool exact = q->op == KM_ASK_PUBLIC ? bytes.n <= a->room
                                        : bytes.n == (size_t)km_keys__form[q->op].out * q->n;
    if (rc == KM_OK && !exact)
        rc = km_fail(f, KM_INTERNAL, "key", "the key process answered in another size");
    if (rc == KM_OK && bytes.n > 0)
        memcpy(a->p, bytes.p, bytes.n);
    a->used = rc == KM_OK ? bytes.n : 0;
    explicit_bzero(frame.p, frame.n);
    explicit_bzero(answer.p, n);
    return rc;
}

static km_code serve(km_keys *k, const km_key_request *q, km_key_answer *a, km_fault *f)
{
    client *c = (client *)k;
    km_arena *room = km_arena_new((size_t)8 << 20);
    pthread_mutex_lock(&c->lock);
    km_code rc = reach(c, f);
    if (rc == KM_OK)
        rc = exchange(c, q, a, room, f);
    pthread_mutex_unlock(&c->lock);
    km_arena_free(room);
    return rc;
}

static void close_client(km_keys *k)
{
    client *c = (client *)k;
    if (c->fd >= 0)
        close(c->fd);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

static const km_keys_kind client_kind = { serve, NULL, close_client, NULL };

km_code km_keys_connect(km_keys **out, const char *path, km_fault *f)
{
    client *c = calloc(1, sizeof *c);
    assert(c != NULL);
    c->keys.kind = &client_kind;
    c->fd = -1;
    c->at.sun_family = AF_UNIX;
    pthread_mutex_init(&c->lock, NULL);
    km_code rc = KM_OK;
    if (strlen(path) >= sizeof c->at.sun_path)
        rc = km_fail(f, KM_USAGE, "socket", "the path of a socket is too long");
    else
        memcpy(c->at.sun_path, path, strlen(path));
    if (rc == KM_OK)
        rc = reach(c, f);
    if (rc != KM_OK) {
        close_client(&c->keys);
        return rc;
    }
    *out = &c->keys;
    return KM_OK;
}
