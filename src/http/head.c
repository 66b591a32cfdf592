/* SPDX-License-Identifier: Apache-2.0
 *
 * head: reads the head of a request and refuses what two servers might read differently.
 *
 * libmicrohttpd 0.9.75 is lenient where a front server may be strict: it lets a space stand
 * before the colon (and then does not know the field), cuts a line at a NUL, joins folded lines,
 * takes the first of two Content-Lengths, and prefers Transfer-Encoding to Content-Length.
 * Each of these smuggles a second request past somebody (RFC 9112 11.2), so each is refused
 * here and the connection closed, as the next bytes cannot be trusted.
 */
#include <stdlib.h>

#include "http/inside.h"

typedef enum known {
    HOST,
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    CONTENT_ENCODING,
    EXPECT,
    ACCEPT_ENCODING,
    REQUEST_ID,
    KNOWN
} known;

static const struct {
    km_str name;
    bool once; /* a second one is refused */
} knowns[KNOWN] = {
    [HOST] = { KM_STR_INIT("host"), true },
    [CONTENT_LENGTH] = { KM_STR_INIT("content-length"), true },
    [TRANSFER_ENCODING] = { KM_STR_INIT("transfer-encoding"), true },
    [CONTENT_ENCODING] = { KM_STR_INIT("content-encoding"), true },
    [EXPECT] = { KM_STR_INIT("expect"), false },
    [ACCEPT_ENCODING] = { KM_STR_INIT("accept-encoding"), false },
    [REQUEST_ID] = { KM_STR_INIT("x-request-id"), false },
};

typedef struct reading {
    km_exchange *x;
    km_field *field;
    size_t room;
    const char *next; /* where the next line must begin, were nothing odd in between */
    km_str value[KNOWN];
    bool twice, odd;
} reading;

/* RFC 9110 5.6.2 */
static bool is_token(km_str s)
{
    static const char other[] = "!#$%&'*+-.^_`|~";
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && (c == '\0' || strchr(other, c) == NULL))
            return false;
    }
    return s.n > 0;
}

static bool has_control(km_str s)
{
    unsigned bad = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bad |= (unsigned)(c < 0x20) & (unsigned)(c != '\t');
        bad |= (unsigned)(c == 0x7F);
    }
    return bad != 0;
}

static void note_known(reading *t, km_str name, km_str value)
{
    for (size_t k = 0; k < KNOWN; k++) {
        if (name.n != knowns[k].name.n || !km_str_eq_nocase(name, knowns[k].name))
            continue;
        if (t->value[k].p != NULL)
            t->twice |= knowns[k].once;
        else
            t->value[k] = value;
        return;
    }
}

static enum MHD_Result take_field(void *self, enum MHD_ValueKind kind, const char *key,
                                  size_t key_n, const char *value, size_t value_n)
{
    reading *t = self;
    km_str name = { key, key_n }, text = { value ? value : "", value ? value_n : 0 };
    (void)kind;
    if (t->x->headers == t->room)
        return MHD_NO;
    t->odd |= key != t->next || value == NULL || !is_token(name) || has_control(text);
    t->next = value != NULL ? value + value_n + 2 : NULL;
    text = km_str_trim(text);
    note_known(t, name, text);
    t->field[t->x->headers++] = (km_field){ name, text };
    return MHD_YES;
}

/* A folded line, a NUL, or a line ended by LF alone leaves a gap between what libmicrohttpd
 * gave and the bytes as they came; whole, the lines follow each other, two bytes apart. */
static km_code read_fields(reading *t, const char *method, const char *version)
{
    km_exchange *x = t->x;
    const km_http_limits *l = &x->http->o.limits;
    int n = MHD_get_connection_values_n(x->c, MHD_HEADER_KIND, NULL, NULL);
    const union MHD_ConnectionInfo *i = MHD_get_connection_info(
        x->c, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (n > (int)l->header_lines)
        return km_fail(&x->fault, KM_HEADERS_TOO_LARGE, NULL, "at most %u header lines",
                       l->header_lines);
    t->room = (size_t)n;
    t->field = KM_NEW_ARRAY(x->r.call.arena, t->room + 1, km_field);
    t->next = version + strlen(version) + 2;
    const char *first = t->next;
    x->header = t->field;
    MHD_get_connection_values_n(x->c, MHD_HEADER_KIND, take_field, t);
    if (i == NULL || t->next == NULL || t->next + 2 != method + i->header_size)
        t->odd = true;
    if (t->odd)
        return km_fail(&x->fault, KM_MALFORMED, NULL, "a header line is malformed");
    if ((size_t)(t->next - first) > l->header_bytes)
        return km_fail(&x->fault, KM_HEADERS_TOO_LARGE, NULL, "at most %zu bytes of header lines",
                       l->header_bytes);
    return KM_OK;
}

/* How the body is framed (RFC 9112 6.3), in one way only. */
static km_code judge_framing(const reading *t, const char *version)
{
    km_exchange *x = t->x;
    km_str length = t->value[CONTENT_LENGTH], coding = t->value[TRANSFER_ENCODING];
    if (t->twice)
        return km_fail(&x->fault, KM_MALFORMED, NULL,
                       "a header line that may come once came twice");
    if (coding.p != NULL) {
        if (length.p != NULL || strcmp(version, "HTTP/1.0") == 0
            || !km_str_eq_nocase(coding, KM_STR("chunked")))
            return km_fail(&x->fault, KM_MALFORMED, NULL,
                           "Transfer-Encoding is chunked alone, and without Content-Length");
        x->announced = KM_HTTP_UNKNOWN;
    } else if (length.p != NULL) {
        int64_t n;
        if (!km_str_to_i64(&n, length) || n < 0 || length.p[0] < '0')
            return km_fail(&x->fault, KM_MALFORMED, NULL, "Content-Length is not a number");
        x->announced = (uint64_t)n;
    }
    return KM_OK;
}

/* Host goes into links that we write, so only a host and port may stand in it. */
static km_code judge_host(const reading *t)
{
    km_str host = t->value[HOST];
    for (size_t i = 0; i < host.n; i++) {
        char c = host.p[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && (c == '\0' || strchr("-._:[]", c) == NULL))
            return km_fail(&t->x->fault, KM_MALFORMED, NULL, "Host is not a host");
    }
    t->x->r.host = host.p ? host : KM_STR("");
    return KM_OK;
}

/* The caller's own id of the request, where it cannot be a word or a person's number: it goes into
 * the log. */
static void take_id(km_exchange *x, km_str id)
{
    if (id.n < 16 || id.n >= sizeof x->r.id)
        return;
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')
              || c == '-'))
            return;
    }
    memcpy(x->r.id, id.p, id.n);
    x->r.id[id.n] = '\0';
}

/* Methods that may stand in the log: a made-up one could carry anything. */
static const char *logged(km_str method)
{
    static const char *const known_method[] = { "GET",    "POST", "PUT",    "PATCH",
                                                "DELETE", "HEAD", "OPTIONS" };
    for (size_t i = 0; i < sizeof known_method / sizeof *known_method; i++)
        if (km_str_is(method, known_method[i]))
            return known_method[i];
    return "-";
}

static km_code read_method(km_exchange *x, const char *method)
{
    km_str m = km_str_of(method);
    if (!is_token(m))
        return km_fail(&x->fault, KM_MALFORMED, NULL, "the method is not a word");
    x->logged_method = logged(m);
    x->head = km_str_eq(m, KM_STR("HEAD"));
    x->r.method = x->head ? KM_STR("GET") : m;
    return KM_OK;
}

static km_code find_route(km_exchange *x)
{
    km_arena *a = x->r.call.arena;
    km_found found;
    if (km_str_eq(x->r.path, KM_STR("*")) && km_str_eq(x->r.method, KM_STR("OPTIONS")))
        return KM_OK; /* RFC 9110 9.3.7: the server as a whole */
    KM_TRY(km_http__path_cut(&x->path, a, x->r.path, &x->fault));
    km_code rc = km_http__router_find(&found, x->var, x->http->router, &x->path, x->r.method, a,
                                      &x->fault);
    x->allow = found.allow;
    if (rc != KM_OK || found.route == NULL)
        return rc;
    x->r.route = found.route;
    x->r.vars = found.vars;
    x->route_at = found.at;
    return KM_OK;
}

static km_code judge_body(km_exchange *x, km_str coding)
{
    uint64_t most = km_http__body_limit(&x->http->o.limits, x->r.route ? x->r.route->flags : 0);
    if (x->announced != KM_HTTP_UNKNOWN && x->announced > most)
        return km_fail(&x->fault, KM_TOO_LONG, NULL, "at most %llu bytes",
                       (unsigned long long)most);
    return km_http__coding_of(&x->body_coding, coding, &x->fault);
}

static km_code judge_framed(reading *t, const char *version)
{
    km_exchange *x = t->x;
    x->close_after = true; /* until the framing is known to be sound */
    KM_TRY(judge_framing(t, version));
    KM_TRY(judge_host(t));
    x->close_after = false;
    return KM_OK;
}

km_code km_http__head(km_exchange *x, const char *method, const char *version)
{
    reading t = { .x = x };
    x->close_after = true;
    KM_TRY(read_method(x, method));
    KM_TRY(read_fields(&t, method, version));
    KM_TRY(judge_framed(&t, version));
    take_id(x, t.value[REQUEST_ID]);
    x->expects = t.value[EXPECT].p != NULL;
    if (!km_http__coding_accepted(&x->reply_coding, &x->plain_refused, t.value[ACCEPT_ENCODING]))
        return km_fail(&x->fault, KM_NOT_ACCEPTABLE, NULL, "content codings are gzip and zstd");
    if (atomic_load_explicit(&x->http->stopping, memory_order_relaxed)) {
        x->close_after = true;
        return km_fail(&x->fault, KM_STOPPING, NULL, NULL);
    }
    if (x->fault.code != KM_OK)
        return x->fault.code; /* the address was too long */
    km_http__peer_forwarded(x);
    km_code found = find_route(x);
    KM_TRY(km_http__rate_peer(x));
    KM_TRY(found);
    KM_TRY(judge_body(x, t.value[CONTENT_ENCODING]));
    return km_form_decode(&x->r.query, &x->r.queries, x->r.call.arena, x->r.query_raw, &x->fault);
}
