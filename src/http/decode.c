/* SPDX-License-Identifier: Apache-2.0
 *
 * decode: percent-encoding (RFC 3986 2.1), paths and form fields (WHATWG URL 5.1). Each text is
 * decoded once and no further; what is not changed by decoding is borrowed.
 */
#include "http/router.h"

/* A form has at most so many fields; a longer one is an attack or a mistake. */
enum { FIELDS_MOST = 10000 };

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

/* False on a broken escape. `out` has room for s.n bytes. */
static bool unescape(char *out, size_t *n, km_str s, bool plus_is_space)
{
    size_t made = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%') {
            int high = s.n - i > 2 ? hex_value(s.p[i + 1]) : -1;
            int low = high >= 0 ? hex_value(s.p[i + 2]) : -1;
            if (low < 0)
                return false;
            c = (char)(unsigned char)(high << 4 | low);
            i += 2;
        } else if (c == '+' && plus_is_space) {
            c = ' ';
        }
        out[made++] = c;
    }
    *n = made;
    return true;
}

static km_code decode(km_str *out, km_arena *a, km_str s, bool form, km_fault *f)
{
    if (km_str_find(s, '%') == s.n && (!form || km_str_find(s, '+') == s.n)) {
        *out = s;
    } else {
        char *p = km_arena_alloc(a, s.n);
        size_t n;
        if (!unescape(p, &n, s, form))
            return km_fail(f, KM_MALFORMED, NULL, "a percent sign without two hexadecimal digits");
        *out = (km_str){ p, n };
    }
    if (km_str_find(*out, '\0') < out->n)
        return km_fail(f, KM_MALFORMED, NULL, "a NUL in the address or form");
    if (!km_str_is_utf8(*out, NULL))
        return km_fail(f, KM_MALFORMED, NULL, "the address or form is not UTF-8");
    return KM_OK;
}

/* "http://host/path" is the form of proxies (RFC 9112 3.2.2); a server must take it. */
static km_str without_authority(km_str target)
{
    static const km_str scheme[] = { KM_STR_INIT("http://"), KM_STR_INIT("https://") };
    for (size_t i = 0; i < 2; i++) {
        if (!km_str_starts(target, scheme[i]))
            continue;
        km_str rest = km_str_sub(target, scheme[i].n, target.n);
        size_t at = 0;
        while (at < rest.n && rest.p[at] != '/' && rest.p[at] != '?')
            at++;
        return km_str_sub(rest, at, rest.n);
    }
    return target;
}

void km_http__target_cut(km_str *path, km_str *query, km_str target)
{
    *path = km_str_cut(without_authority(target), '?', query);
    if (path->n == 0)
        *path = KM_STR("/");
}

/* True when a part between slashes (there is one unless the slash was encoded) is . or .. */
static bool has_dots(km_str s)
{
    while (s.p != NULL) {
        km_str part = km_str_cut(s, '/', &s);
        if (km_str_eq(part, KM_STR(".")) || km_str_eq(part, KM_STR("..")))
            return true;
    }
    return false;
}

static bool has_control(km_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7F)
            return true;
    return false;
}

static km_code add_segment(km_path *out, km_arena *a, km_str raw, km_fault *f)
{
    km_str s;
    if (out->n == KM_PATH_SEGMENTS)
        return km_fail(f, KM_UNKNOWN_ROUTE, NULL, "more than %d segments", KM_PATH_SEGMENTS);
    KM_TRY(decode(&s, a, raw, false, f));
    if (has_control(s) || km_str_find(raw, '#') < raw.n)
        return km_fail(f, KM_MALFORMED, NULL, "a control byte or fragment in the path");
    if (has_dots(s))
        return km_fail(f, KM_MALFORMED, NULL, "a path segment of dots");
    if (km_str_find(s, '/') < s.n)
        out->slashed |= (uint32_t)1 << out->n;
    out->segment[out->n++] = s;
    return KM_OK;
}

km_code km_http__path_cut(km_path *out, km_arena *a, km_str raw, km_fault *f)
{
    out->n = 0;
    out->slashed = 0;
    if (raw.n == 0 || raw.p[0] != '/')
        return km_fail(f, KM_MALFORMED, NULL, "the path does not begin with a slash");
    for (km_str rest = km_str_sub(raw, 1, raw.n); rest.p != NULL;) {
        km_str segment = km_str_cut(rest, '/', &rest);
        if (segment.n == 0 && rest.p == NULL)
            break; /* nothing after the last slash */
        KM_TRY(add_segment(out, a, segment, f));
    }
    return KM_OK;
}

static size_t count_fields(km_str text)
{
    size_t n = 0;
    while (text.p != NULL) {
        km_str one = km_str_cut(text, '&', &text);
        n += one.n > 0;
    }
    return n;
}

km_code km_form_decode(const km_field **out, size_t *n, km_arena *a, km_str text, km_fault *f)
{
    size_t room = count_fields(text), made = 0;
    *out = NULL;
    *n = 0;
    if (room > FIELDS_MOST)
        return km_fail(f, KM_TOO_COSTLY, NULL, "more than %d fields", FIELDS_MOST);
    if (room == 0)
        return KM_OK;
    km_field *field = KM_NEW_ARRAY(a, room, km_field);
    while (text.p != NULL) {
        km_str value, one = km_str_cut(text, '&', &text);
        if (one.n == 0)
            continue;
        km_str name = km_str_cut(one, '=', &value);
        KM_TRY(decode(&field[made].name, a, name, true, f));
        KM_TRY(decode(&field[made].value, a, value.p ? value : KM_STR(""), true, f));
        made++;
    }
    *out = field;
    *n = made;
    return KM_OK;
}

void km_url_encode(km_buf *out, km_str text)
{
    static const char digit[] = "0123456789ABCDEF";
    for (size_t i = 0; i < text.n; i++) {
        unsigned char c = (unsigned char)text.p[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')
                     || c == '-' || c == '.' || c == '_' || c == '~';
        if (plain) {
            km_buf_char(out, (char)c);
        } else {
            km_buf_char(out, '%');
            km_buf_char(out, digit[c >> 4]);
            km_buf_char(out, digit[c & 15]);
        }
    }
}
