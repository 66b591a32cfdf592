/* SPDX-License-Identifier: Apache-2.0
 *
 * peer: from which address a request comes, and how many may.
 *
 * A trusted proxy adds the address that it sees at the end of X-Forwarded-For; whatever stands
 * before that came from the caller and is not read.
 */
#include <arpa/inet.h>

#include "http/inside.h"

/* One subscriber has a whole /64 of IPv6, and one IPv4 address. */
static uint64_t key_of(int family, const void *address)
{
    static const unsigned char mapped[12] = { [10] = 0xFF, [11] = 0xFF };
    const unsigned char *p = address;
    uint64_t key = 0;
    size_t from = 0, n = family == AF_INET ? 4 : 8;
    if (family == AF_INET6 && memcmp(p, mapped, sizeof mapped) == 0) {
        from = 12;
        n = 4;
    }
    for (size_t i = from; i < from + n; i++)
        key = key << 8 | p[i];
    return key << 1 | (n == 4);
}

void km_http__peer_name(km_conn *conn, struct MHD_Connection *c)
{
    const union MHD_ConnectionInfo *i = MHD_get_connection_info(c,
                                                                MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    const struct sockaddr *at = i ? i->client_addr : NULL;
    const void *address = NULL;
    if (at != NULL && at->sa_family == AF_INET)
        address = &((const struct sockaddr_in *)(const void *)at)->sin_addr;
    else if (at != NULL && at->sa_family == AF_INET6)
        address = &((const struct sockaddr_in6 *)(const void *)at)->sin6_addr;
    if (address == NULL)
        return;
    inet_ntop(at->sa_family, address, conn->peer, sizeof conn->peer);
    conn->peer_key = key_of(at->sa_family, address);
}

static km_str last_forwarded(const km_exchange *x)
{
    km_str last = KM_STR_NONE;
    for (size_t i = 0; i < x->headers; i++)
        if (km_str_eq_nocase(x->header[i].name, KM_STR("x-forwarded-for")))
            last = x->header[i].value;
    size_t at = last.n;
    while (at > 0 && last.p[at - 1] != ',')
        at--;
    return km_str_trim(km_str_sub(last, at, last.n));
}

void km_http__peer_forwarded(km_exchange *x)
{
    const char *proxy = x->http->o.trusted_proxy;
    unsigned char address[16];
    char text[48];
    x->peer_key = x->conn->peer_key;
    if (proxy == NULL || strcmp(x->conn->peer, proxy) != 0)
        return;
    km_str said = last_forwarded(x);
    if (said.n == 0 || said.n >= sizeof text)
        return;
    memcpy(text, said.p, said.n);
    text[said.n] = '\0';
    int family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
    if (inet_pton(family, text, address) != 1)
        return;
    inet_ntop(family, address, text, sizeof text);
    x->r.peer = km_arena_z(x->r.call.arena, km_str_of(text));
    x->peer_key = key_of(family, address);
}

static km_code take(km_exchange *x, km_rate *rate, uint64_t key)
{
    uint32_t wait = km_rate_take(rate, key, x->began_ns / 1000000u);
    if (wait == 0)
        return KM_OK;
    x->retry_s = wait / 1000 + 1;
    return km_fail(&x->fault, KM_TOO_MANY, NULL, NULL);
}

km_code km_http__rate_peer(km_exchange *x)
{
    bool exempt = x->r.route != NULL && (x->r.route->flags & KM_HTTP_UNLIMITED);
    return exempt || x->http->by_peer == NULL ? KM_OK : take(x, x->http->by_peer, x->peer_key);
}

km_code km_http__rate_caller(km_exchange *x)
{
    bool exempt = x->r.route != NULL && (x->r.route->flags & KM_HTTP_UNLIMITED);
    return exempt || x->r.caller_key == 0 || x->http->by_caller == NULL
               ? KM_OK
               : take(x, x->http->by_caller, x->r.caller_key);
}
