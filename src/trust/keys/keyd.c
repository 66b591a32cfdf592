/* SPDX-License-Identifier: Apache-2.0
 *
 * keyd: the key process. One thread, poll; each connection keeps the frame that it is sending.
 * After start it can only serve: no new sockets, no exec, no debugging.
 */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sandbox/sandbox.h"
#include "trust/keys/inside.h"

enum { PEERS = 16, TICK_MS = 200, SEND_S = 5, FRAME_S = 10 };

typedef struct peer {
    int fd;
    size_t got; /* of head and frame */
    unsigned char head[KM_WIRE_HEAD];
    unsigned char *frame; /* malloc'd when its length is known */
    size_t length;
    uint64_t began_ns; /* when the first byte of the frame came */
} peer;

typedef struct keyd {
    const km_keyd_options *options;
    int listener;
    peer peer[PEERS];
    size_t peers;
} keyd;

static void forget_frame(peer *p)
{
    if (p->frame != NULL) {
        explicit_bzero(p->frame, p->length);
        free(p->frame);
    }
    p->frame = NULL;
    p->got = p->length = 0;
}

static void drop(keyd *d, size_t i)
{
    forget_frame(&d->peer[i]);
    close(d->peer[i].fd);
    d->peer[i] = d->peer[--d->peers];
}

/* Who runs the node runs its keys: another user's process is not heard. */
static bool is_ours(int fd)
{
    struct ucred who;
    socklen_t n = sizeof who;
    return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 && who.uid == geteuid();
}

static void welcome(keyd *d)
{
    struct timeval wait = { .tv_sec = SEND_S };
    int fd = accept4(d->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    if (d->peers == PEERS || !is_ours(fd)
        || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) != 0) {
        close(fd);
        return;
    }
    d->peer[d->peers++] = (peer){ .fd = fd };
}

static bool answer(keyd *d, peer *p)
{
    km_fault f = { 0 };
    km_key_request q;
    km_arena *room = km_arena_new((size_t)8 << 20);
    km_buf out = km_buf_in(room);
    km_key_answer a = { NULL, 0, 0 };
    km_code rc = km_wire__read_request(&q, (km_str){ (char *)p->frame, p->length }, &f);
    if (rc == KM_OK) {
        a.room = (size_t)km_keys__form[q.op].out * q.n;
        a.p = km_arena_zero(room, a.room + 1);
        km_keys *k = d->options->keys;
        rc = k->kind->serve(k, &q, &a, &f);
    }
    km_wire__answer(&out, rc, (km_str){ (char *)a.p, a.used });
    bool sent = km_wire__put(p->fd, out.p, out.n);
    explicit_bzero(out.p, out.n);
    if (a.p != NULL)
        explicit_bzero(a.p, a.room);
    km_arena_free(room);
    forget_frame(p);
    return sent;
}

/* False when the connection is to be closed. */
static bool hear(keyd *d, peer *p)
{
    bool heading = p->got < KM_WIRE_HEAD;
    unsigned char *to = heading ? p->head + p->got : p->frame + (p->got - KM_WIRE_HEAD);
    size_t want = heading ? KM_WIRE_HEAD - p->got : p->length + KM_WIRE_HEAD - p->got;
    ssize_t got = recv(p->fd, to, want, MSG_DONTWAIT);
    if (got < 0)
        return errno == EAGAIN || errno == EINTR;
    if (got == 0)
        return false;
    if (p->got == 0)
        p->began_ns = km_ticks_ns();
    p->got += (size_t)got;
    if (heading && p->got == KM_WIRE_HEAD) {
        uint32_t length = km_wire__length(p->head);
        if (length == 0 || length > KM_WIRE_MAX || (p->frame = malloc(length)) == NULL)
            return false;
        p->length = length;
    }
    return p->got < KM_WIRE_HEAD + p->length || p->length == 0 || answer(d, p);
}

/* A frame that takes too long would hold one of few places. */
static bool is_late(const peer *p)
{
    return p->got > 0 && km_ticks_ns() - p->began_ns > FRAME_S * 1000000000ULL;
}

static void serve_round(keyd *d)
{
    struct pollfd wait[PEERS + 1];
    size_t peers = d->peers;
    wait[0] = (struct pollfd){ d->listener, POLLIN, 0 };
    for (size_t i = 0; i < peers; i++)
        wait[i + 1] = (struct pollfd){ d->peer[i].fd, POLLIN, 0 };
    int ready = poll(wait, peers + 1, TICK_MS);
    /* From the last to the first: what drop puts in a place has been heard. */
    for (size_t i = peers; i-- > 0;) {
        peer *p = &d->peer[i];
        bool heard = ready > 0 && wait[i + 1].revents != 0;
        bool keep = heard ? hear(d, p) : !is_late(p);
        if (!keep)
            drop(d, i);
    }
    if (ready > 0 && wait[0].revents != 0)
        welcome(d);
}

/* --- start --- */

static km_code listen_at(keyd *d, km_fault *f)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    const char *path = d->options->socket;
    struct stat st;
    if (strlen(path) >= sizeof at.sun_path)
        return km_fail(f, KM_USAGE, "socket", "the path of a socket is too long");
    memcpy(at.sun_path, path, strlen(path));
    if (lstat(path, &st) == 0
        && S_ISSOCK(st.st_mode)) /* of a process that died: we hold the keys */
        (void)unlink(path);
    mode_t before = umask(0177);
    d->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool bound = d->listener >= 0 && bind(d->listener, (struct sockaddr *)&at, sizeof at) == 0;
    int error = errno;
    umask(before);
    if (!bound || listen(d->listener, PEERS) != 0)
        return km_fail(f, KM_IO, "socket", "cannot listen: %s", strerror(bound ? errno : error));
    return KM_OK;
}

/* What serving and the sealed files need is the kind's column in sandbox/calls.def; of files, the
 * keys' own folder, and the socket's, which is removed at the end. */
static km_code confine(const km_keyd_options *o, km_fault *f)
{
    char beside[sizeof((struct sockaddr_un *)NULL)->sun_path];
    km_sandbox_report report;
    snprintf(beside, sizeof beside, "%s", o->socket);
    km_sandbox_place place[] = { { dirname(beside), KM_SANDBOX_READ | KM_SANDBOX_WRITE },
                                 { o->folder, KM_SANDBOX_READ | KM_SANDBOX_WRITE } };
    km_sandbox_places places = { place, o->folder != NULL ? 2 : 1, NULL, 0 };
    KM_TRY(km_sandbox_enter(KM_SANDBOX_KEYD, &places, &report, f));
    if (report.missing[0] != '\0')
        fprintf(stderr, "kumihimo keyd: NOT CONFINED: %s\n", report.missing);
    return KM_OK;
}

km_code km_keyd_run(const km_keyd_options *o, km_fault *f)
{
    keyd *d = calloc(1, sizeof *d);
    assert(d != NULL);
    *d = (keyd){ .options = o, .listener = -1 };
    km_code rc = listen_at(d, f);
    bool listening = rc == KM_OK;
    if (rc == KM_OK && o->confine)
        rc = confine(o, f);
    while (rc == KM_OK && !o->stop())
        serve_round(d);
    while (d->peers > 0)
        drop(d, 0);
    if (d->listener >= 0)
        close(d->listener);
    if (listening)
        (void)unlink(o->socket);
    free(d);
    return rc;
}
