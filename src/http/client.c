/* SPDX-License-Identifier: Apache-2.0
 *
 * client: asks another server once (client.h).
 */
#include <arpa/inet.h>
#include <curl/curl.h>
#include <netdb.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http/address.h"
#include "http/client.h"

enum { TIMEOUT_MS = 10000, BODY_BYTES = 1 << 20, HEAD_BYTES = 64 << 10, NAME_MOST = 254 };

typedef struct asking {
    const km_client *c;
    const km_question *q;
    km_call *call;
    char host[NAME_MOST], port[6];
    bool allowed, too_long, strayed;
    km_client_addresses to;
    km_buf body;
    size_t most, head_bytes;
    CURL *curl;
    struct curl_slist *header, *pin;
} asking;

static km_code not_url(const asking *a)
{
    return km_fail(a->call->fault, KM_BAD_VALUE, "url", "not a URL that can be asked");
}

/* --- where to --------------------------------------------------------------------------- */

static bool is_allowed(const asking *a)
{
    char place[NAME_MOST + 8];
    snprintf(place, sizeof place, "%s:%s", a->host, a->port);
    for (const char *const *w = a->c->allow; w != NULL && *w != NULL; w++)
        if (km_str_eq_nocase(km_str_of(*w), km_str_of(place)))
            return true;
    return false;
}

static bool take_part(char *out, size_t room, CURLU *u, CURLUPart part, unsigned flags)
{
    char *text = NULL;
    bool fits = curl_url_get(u, part, &text, flags) == CURLUE_OK && strlen(text) < room;
    if (fits)
        memcpy(out, text, strlen(text) + 1);
    curl_free(text);
    return fits;
}

static bool has_part(CURLU *u, CURLUPart part)
{
    char *text = NULL;
    bool has = curl_url_get(u, part, &text, 0) == CURLUE_OK;
    curl_free(text);
    return has;
}

/* "[::1]" becomes "::1" in place. */
static void unbracket(char *host)
{
    size_t n = strlen(host);
    if (host[0] == '[' && host[n - 1] == ']') {
        memmove(host, host + 1, n - 2);
        host[n - 2] = '\0';
    }
}

static km_code judge_url(asking *a, CURLU *u)
{
    char scheme[8];
    if (curl_url_set(u, CURLUPART_URL, a->q->url, 0) != CURLUE_OK
        || !take_part(scheme, sizeof scheme, u, CURLUPART_SCHEME, 0)
        || !take_part(a->host, sizeof a->host, u, CURLUPART_HOST, 0)
        || !take_part(a->port, sizeof a->port, u, CURLUPART_PORT, CURLU_DEFAULT_PORT)
        || has_part(u, CURLUPART_USER) || has_part(u, CURLUPART_PASSWORD)
        || has_part(u, CURLUPART_ZONEID))
        return not_url(a);
    a->allowed = is_allowed(a);
    if (strcmp(scheme, "https") != 0 && !(a->allowed && strcmp(scheme, "http") == 0))
        return km_fail(a->call->fault, KM_FORBIDDEN, "url", "only https is asked");
    unbracket(a->host);
    return a->host[0] ? KM_OK : not_url(a);
}

static bool resolve_by_system(km_client_addresses *out, const char *host)
{
    struct addrinfo hint = { .ai_socktype = SOCK_STREAM }, *found = NULL;
    if (getaddrinfo(host, NULL, &hint, &found) != 0)
        return false;
    for (const struct addrinfo *i = found; i != NULL && out->n < KM_CLIENT_ADDRESSES;
         i = i->ai_next)
        if (i->ai_addrlen <= sizeof *out->at)
            memcpy(&out->at[out->n++], i->ai_addr, i->ai_addrlen);
    freeaddrinfo(found);
    return out->n > 0;
}

static const void *bytes_of(const struct sockaddr_storage *s)
{
    return s->ss_family == AF_INET
               ? (const void *)&((const struct sockaddr_in *)(const void *)s)->sin_addr
               : (const void *)&((const struct sockaddr_in6 *)(const void *)s)->sin6_addr;
}

/* Every address must be one to ask: a name with one private among public ones is a trap. */
static km_code find_addresses(asking *a)
{
    bool known = a->c->resolve ? a->c->resolve(a->c->self, &a->to, a->host)
                               : resolve_by_system(&a->to, a->host);
    if (!known || a->to.n == 0)
        return km_fail(a->call->fault, KM_UPSTREAM, "url", "the name is not known");
    for (size_t i = 0; i < a->to.n && !a->allowed; i++)
        if (!km_address_is_public(a->to.at[i].ss_family, bytes_of(&a->to.at[i])))
            return km_fail(a->call->fault, KM_FORBIDDEN, "url",
                           "the address is not a public one and not allowed");
    return KM_OK;
}

/* The last word before a connection: curl connects where we resolved to, or not at all. */
static curl_socket_t open_socket(void *self, curlsocktype use, struct curl_sockaddr *to)
{
    asking *a = self;
    (void)use;
    for (size_t i = 0; i < a->to.n; i++) {
        struct sockaddr_storage s = { 0 };
        memcpy(&s, &to->addr, to->addrlen < sizeof s ? to->addrlen : sizeof s);
        size_t n = s.ss_family == AF_INET ? 4 : 16;
        if (s.ss_family == a->to.at[i].ss_family
            && memcmp(bytes_of(&s), bytes_of(&a->to.at[i]), n) == 0)
            return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
    }
    a->strayed = true;
    return CURL_SOCKET_BAD;
}

static void pin_addresses(asking *a)
{
    km_buf b = km_buf_in(a->call->arena);
    char text[INET6_ADDRSTRLEN];
    km_buf_print(&b, "%s:%s:", a->host, a->port);
    for (size_t i = 0; i < a->to.n; i++) {
        inet_ntop(a->to.at[i].ss_family, bytes_of(&a->to.at[i]), text, sizeof text);
        km_buf_print(&b, "%s%s%s%s", i ? "," : "", strchr(text, ':') ? "[" : "", text,
                     strchr(text, ':') ? "]" : "");
    }
    if (strchr(a->host, ':') == NULL) /* a literal is its own pin */
        a->pin = curl_slist_append(NULL, km_arena_z(a->call->arena, km_buf_str(&b)));
}

/* --- what comes back -------------------------------------------------------------------- */

static size_t take_body(char *p, size_t one, size_t n, void *self)
{
    asking *a = self;
    if (n * one > a->most - a->body.n) {
        a->too_long = true;
        return 0;
    }
    km_buf_bytes(&a->body, p, n * one);
    return n * one;
}

static size_t take_head(char *p, size_t one, size_t n, void *self)
{
    asking *a = self;
    (void)p;
    a->head_bytes += n * one;
    a->too_long |= a->head_bytes > HEAD_BYTES;
    return a->too_long ? 0 : n * one;
}

static km_code tell(const asking *a, CURLcode rc)
{
    const char *why;
    switch (rc) {
    case CURLE_OPERATION_TIMEDOUT:
        why = "not in time";
        break;
    case CURLE_COULDNT_CONNECT:
        why = a->strayed ? "the address is not the one that was looked up" : "no connection";
        break;
    case CURLE_PEER_FAILED_VERIFICATION:
        why = "its certificate does not prove the name";
        break;
    case CURLE_SSL_CONNECT_ERROR:
        why = "no TLS with it";
        break;
    default:
        why = a->too_long ? "more than allowed came" : curl_easy_strerror(rc);
    }
    return km_fail(a->call->fault, KM_UPSTREAM, "url", "%s", why);
}

/* --- asking ----------------------------------------------------------------------------- */

static bool add_header(asking *a, const char *name, km_str value)
{
    km_str line = km_arena_print(a->call->arena, "%s: %.*s", name, KM_STR_ARG(value));
    for (size_t i = 0; i < line.n; i++)
        if ((unsigned char)line.p[i] < 0x20 || line.p[i] == 0x7F)
            return false;
    a->header = curl_slist_append(a->header, km_arena_z(a->call->arena, line));
    return true;
}

static km_code prepare_headers(asking *a)
{
    const km_question *q = a->q;
    bool sound = add_header(a, "Expect", KM_STR(""));
    if (q->type != NULL)
        sound &= add_header(a, "Content-Type", km_str_of(q->type));
    for (size_t i = 0; i < q->headers; i++)
        sound &= add_header(a, km_arena_z(a->call->arena, q->header[i].name), q->header[i].value);
    return sound ? KM_OK : km_fail(a->call->fault, KM_BAD_VALUE, "header", NULL);
}

static void prepare_limits(asking *a)
{
    CURL *u = a->curl;
    long ms = a->c->timeout_ms ? (long)a->c->timeout_ms : TIMEOUT_MS;
    a->most = a->c->body_bytes ? a->c->body_bytes : BODY_BYTES;
    curl_easy_setopt(u, CURLOPT_PROTOCOLS_STR, a->allowed ? "https,http" : "https");
    curl_easy_setopt(u, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    curl_easy_setopt(u, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(u, CURLOPT_PROXY, "");
    curl_easy_setopt(u, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(u, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(u, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(u, CURLOPT_TIMEOUT_MS, ms);
    curl_easy_setopt(u, CURLOPT_CONNECTTIMEOUT_MS, ms);
    curl_easy_setopt(u, CURLOPT_FORBID_REUSE, 1L);
    curl_easy_setopt(u, CURLOPT_HTTP09_ALLOWED, 0L);
    curl_easy_setopt(u, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
}

static void prepare(asking *a, CURLU *url)
{
    CURL *u = a->curl;
    prepare_limits(a);
    curl_easy_setopt(u, CURLOPT_CURLU, url);
    curl_easy_setopt(u, CURLOPT_RESOLVE, a->pin);
    curl_easy_setopt(u, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    curl_easy_setopt(u, CURLOPT_OPENSOCKETDATA, a);
    curl_easy_setopt(u, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(u, CURLOPT_WRITEDATA, a);
    curl_easy_setopt(u, CURLOPT_HEADERFUNCTION, take_head);
    curl_easy_setopt(u, CURLOPT_HEADERDATA, a);
    curl_easy_setopt(u, CURLOPT_HTTPHEADER, a->header);
    if (a->c->ca_file != NULL) {
        curl_easy_setopt(u, CURLOPT_CAINFO, a->c->ca_file);
        curl_easy_setopt(u, CURLOPT_CAPATH, NULL);
    }
    if (a->c->cert != NULL)
        curl_easy_setopt(u, CURLOPT_SSLCERT, a->c->cert);
    if (a->c->key != NULL)
        curl_easy_setopt(u, CURLOPT_SSLKEY, a->c->key);
    if (strcmp(a->q->method, "POST") == 0) {
        curl_easy_setopt(u, CURLOPT_POST, 1L);
        curl_easy_setopt(u, CURLOPT_POSTFIELDS, a->q->body.n ? a->q->body.p : "");
        curl_easy_setopt(u, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)a->q->body.n);
    }
}

static km_code ask_there(km_answer *out, asking *a, CURLU *url)
{
    char *type = NULL;
    long status = 0;
    KM_TRY(judge_url(a, url));
    KM_TRY(find_addresses(a));
    KM_TRY(prepare_headers(a));
    pin_addresses(a);
    prepare(a, url);
    CURLcode rc = curl_easy_perform(a->curl);
    if (rc != CURLE_OK)
        return tell(a, rc);
    curl_easy_getinfo(a->curl, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(a->curl, CURLINFO_CONTENT_TYPE, &type);
    out->status = (int)status;
    out->body = km_buf_str(&a->body);
    out->type = type ? km_arena_copy(a->call->arena, km_str_of(type)) : KM_STR_NONE;
    return KM_OK;
}

km_code km_client_ask(km_answer *out, const km_client *c, const km_question *q, km_call *call)
{
    asking a = { .c = c, .q = q, .call = call, .body = km_buf_in(call->arena) };
    CURLU *url = curl_url();
    a.curl = curl_easy_init();
    *out = (km_answer){ 0 };
    if (a.curl == NULL || url == NULL)
        abort(); /* decision 18 */
    km_code rc = ask_there(out, &a, url);
    curl_easy_cleanup(a.curl);
    curl_url_cleanup(url);
    curl_slist_free_all(a.header);
    curl_slist_free_all(a.pin);
    return rc;
}
