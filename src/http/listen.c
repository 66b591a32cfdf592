/* SPDX-License-Identifier: Apache-2.0
 *
 * listen: from "127.0.0.1:8080" or "[::1]:8080" to a listening socket.
 */
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/inside.h"

enum { HOST_MOST = 255, BACKLOG = 1024 };

static km_code split(char host[HOST_MOST + 1], char port[6], const char *where, km_fault *f)
{
    km_str s = km_str_of(where), h, p;
    if (s.n > 0 && s.p[0] == '[') {
        h = km_str_cut(km_str_sub(s, 1, s.n), ']', &p);
        p = p.n > 0 && p.p[0] == ':' ? km_str_sub(p, 1, p.n) : KM_STR_NONE;
    } else {
        h = km_str_cut(s, ':', &p);
    }
    int64_t number;
    if (h.n == 0 || h.n > HOST_MOST || p.n == 0 || p.n > 5 || !km_str_to_i64(&number, p)
        || number < 0 || number > 65535)
        return km_fail(f, KM_USAGE, "listen", "not of the form host:port or [v6 address]:port");
    memcpy(host, h.p, h.n);
    host[h.n] = '\0';
    memcpy(port, p.p, p.n);
    port[p.n] = '\0';
    return KM_OK;
}

int km_http__port_of(int fd)
{
    struct sockaddr_storage at;
    socklen_t n = sizeof at;
    char port[6];
    int number = 0;
    if (getsockname(fd, (struct sockaddr *)&at, &n) == 0
        && getnameinfo((struct sockaddr *)&at, n, NULL, 0, port, sizeof port, NI_NUMERICSERV) == 0)
        sscanf(port, "%d", &number);
    return number;
}

static int open_socket(const struct addrinfo *a)
{
    int one = 1;
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, a->ai_addr, a->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0)
        return fd;
    int why = errno;
    close(fd);
    errno = why;
    return -1;
}

km_code km_http_listen(int *fd, const char *where, km_fault *f)
{
    char host[HOST_MOST + 1], service[6];
    struct addrinfo hint = { .ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
    struct addrinfo *found = NULL;
    KM_TRY(split(host, service, where ? where : "", f));
    int rc = getaddrinfo(host, service, &hint, &found);
    if (rc != 0)
        return km_fail(f, KM_USAGE, "listen", "%s", gai_strerror(rc));
    *fd = open_socket(found);
    rc = errno;
    freeaddrinfo(found);
    return *fd < 0 ? km_fail(f, KM_IO, "listen", "%s", strerror(rc)) : KM_OK;
}
