/* SPDX-License-Identifier: Apache-2.0
 *
 * lex: text to tokens.
 */
#include "codec/fhirpath/lex.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/buf.h"
#include "codec/fhirpath/inside.h"
#include "codec/fhirpath/moment.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static char peek(const km_lexer *l, uint32_t ahead)
{
    return ahead < l->text.n - l->at ? l->text.p[l->at + ahead] : '\0';
}

km_code km_path__refuse(km_fault *f, km_str text, uint32_t at, const char *fmt, ...)
{
    char detail[200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(detail, sizeof detail, fmt, ap);
    va_end(ap);
    km_code rc = km_fail(f, KM_BAD_VALUE, "expression", "%s", detail);
    km_path__place(f, text, at);
    return rc;
}

static km_code skip_comment(km_lexer *l)
{
    uint32_t start = l->at;
    if (peek(l, 1) == '/') {
        while (l->at < l->text.n && l->text.p[l->at] != '\n')
            l->at++;
        return KM_OK;
    }
    for (l->at += 2; l->at < l->text.n; l->at++)
        if (peek(l, 0) == '*' && peek(l, 1) == '/') {
            l->at += 2;
            return KM_OK;
        }
    return km_path__refuse(l->fault, l->text, start, "a comment that does not end");
}

static km_code skip_blank(km_lexer *l)
{
    while (l->at < l->text.n) {
        char c = l->text.p[l->at];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
            l->at++;
        else if (c == '/' && (peek(l, 1) == '/' || peek(l, 1) == '*'))
            KM_TRY(skip_comment(l));
        else
            break;
    }
    return KM_OK;
}

static bool hex4(const km_lexer *l, uint32_t at, uint32_t *out)
{
    uint32_t v = 0;
    for (uint32_t i = 0; i < 4; i++) {
        char c = at + i < l->text.n ? l->text.p[at + i] : '\0';
        uint32_t d;
        if (is_digit(c))
            d = (uint32_t)(c - '0');
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            d = (uint32_t)((c | 32) - 'a') + 10;
        else
            return false;
        v = v << 4 | d;
    }
    *out = v;
    return true;
}

static void put_utf8(km_buf *b, uint32_t c)
{
    if (c < 0x80) {
        km_buf_char(b, (char)c);
        return;
    }
    if (c >= 0x10000) {
        km_buf_char(b, (char)(0xf0 | c >> 18));
        km_buf_char(b, (char)(0x80 | (c >> 12 & 0x3f)));
    } else if (c >= 0x800) {
        km_buf_char(b, (char)(0xe0 | c >> 12));
    }
    if (c >= 0x800)
        km_buf_char(b, (char)(0x80 | (c >> 6 & 0x3f)));
    else
        km_buf_char(b, (char)(0xc0 | c >> 6));
    km_buf_char(b, (char)(0x80 | (c & 0x3f)));
}

/* After \u; halves of a surrogate pair belong together. */
static bool unicode_escape(km_lexer *l, km_buf *b)
{
    uint32_t c, low;
    if (!hex4(l, l->at, &c) || c == 0)
        return false;
    l->at += 4;
    if (c >= 0xd800 && c < 0xdc00) {
        if (peek(l, 0) != '\\' || peek(l, 1) != 'u' || !hex4(l, l->at + 2, &low) || low < 0xdc00
            || low > 0xdfff)
            return false;
        l->at += 6;
        c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
    } else if (c >= 0xdc00 && c < 0xe000) {
        return false;
    }
    put_utf8(b, c);
    return true;
}

static bool escape(km_lexer *l, km_buf *b)
{
    static const char from[] = "'\"`\\/rntf", to[] = "'\"`\\/\r\n\t\f";
    char c = peek(l, 0);
    l->at += l->at < l->text.n;
    if (c == 'u')
        return unicode_escape(l, b);
    const char *hit = c ? strchr(from, c) : NULL;
    if (hit)
        km_buf_char(b, to[hit - from]);
    return hit != NULL;
}

/* Between two of `quote`, which stands at l->at. */
static km_code quoted(km_lexer *l, km_str *out)
{
    uint32_t start = l->at;
    char quote = peek(l, 0);
    km_buf b = km_buf_in(l->arena);
    l->at++;
    for (;;) {
        if (l->at >= l->text.n)
            return km_path__refuse(l->fault, l->text, start, "a text that does not end");
        char c = l->text.p[l->at++];
        if (c == quote)
            break;
        if (c != '\\')
            km_buf_char(&b, c);
        else if (!escape(l, &b))
            return km_path__refuse(l->fault, l->text, l->at, "no such escape");
    }
    *out = b.n ? km_buf_str(&b) : KM_STR("");
    return KM_OK;
}

static void number(km_lexer *l, km_token *out)
{
    out->kind = KM_TOKEN_NUMBER;
    while (is_digit(peek(l, 0)))
        l->at++;
    if (peek(l, 0) == '.' && is_digit(peek(l, 1)))
        for (l->at++; is_digit(peek(l, 0));)
            l->at++;
    out->text = km_str_sub(l->text, out->at, l->at - out->at);
}

/* Two digits after `mark`, if they stand here. */
static bool pair(km_lexer *l, char mark)
{
    if (peek(l, 0) != mark || !is_digit(peek(l, 1)) || !is_digit(peek(l, 2)))
        return false;
    l->at += 3;
    return true;
}

/* hh[:mm[:ss[.f+]]], after its T. */
static bool time_of_day(km_lexer *l)
{
    if (!is_digit(peek(l, 0)) || !is_digit(peek(l, 1)))
        return false;
    l->at += 2;
    if (pair(l, ':') && pair(l, ':') && peek(l, 0) == '.' && is_digit(peek(l, 1)))
        for (l->at++; is_digit(peek(l, 0));)
            l->at++;
    return true;
}

static void zone(km_lexer *l)
{
    uint32_t start = l->at;
    if (peek(l, 0) == 'Z')
        l->at++;
    else if (!((pair(l, '+') || pair(l, '-')) && pair(l, ':')))
        l->at = start;
}

/* @YYYY[-MM[-DD]][T[time[zone]]] or @Ttime */
static km_code moment(km_lexer *l, km_token *out)
{
    uint32_t start = ++l->at;
    bool well;
    out->kind = peek(l, 0) == 'T' ? KM_TOKEN_TIME : KM_TOKEN_DATE;
    if (out->kind == KM_TOKEN_TIME) {
        start = ++l->at;
        well = time_of_day(l);
    } else {
        while (is_digit(peek(l, 0)))
            l->at++;
        well = l->at - start == 4;
        if (pair(l, '-'))
            pair(l, '-');
        if (peek(l, 0) == 'T') {
            l->at++;
            if (time_of_day(l))
                zone(l);
        }
    }
    km_moment m;
    out->text = km_str_sub(l->text, start, l->at - start);
    if (!well || !km_moment__read(&m, out->text, out->kind == KM_TOKEN_TIME))
        return km_path__refuse(l->fault, l->text, out->at, "no such date or time");
    return KM_OK;
}

static void name(km_lexer *l, km_token *out)
{
    out->kind = KM_TOKEN_NAME;
    while (is_letter(peek(l, 0)) || is_digit(peek(l, 0)))
        l->at++;
    out->text = km_str_sub(l->text, out->at, l->at - out->at);
}

static km_code variable(km_lexer *l, km_token *out)
{
    static const struct {
        const char *name;
        km_token_kind kind;
    } variables[] = { { "$this", KM_TOKEN_THIS },
                      { "$index", KM_TOKEN_INDEX },
                      { "$total", KM_TOKEN_TOTAL } };
    l->at++;
    name(l, out);
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++)
        if (km_str_is(out->text, variables[i].name)) {
            out->kind = variables[i].kind;
            return KM_OK;
        }
    return km_path__refuse(l->fault, l->text, out->at, "no such variable");
}

static km_code external(km_lexer *l, km_token *out)
{
    l->at++;
    char c = peek(l, 0);
    if (c == '`' || c == '\'') {
        KM_TRY(quoted(l, &out->text));
    } else if (is_letter(c)) {
        uint32_t start = l->at;
        name(l, out);
        out->text = km_str_sub(l->text, start, l->at - start);
    } else {
        return km_path__refuse(l->fault, l->text, out->at, "%% without a name");
    }
    out->kind = KM_TOKEN_EXTERNAL;
    return KM_OK;
}

static km_code sign(km_lexer *l, km_token *out)
{
    static const char two[][3] = { "<=", ">=", "!=", "!~" };
    size_t n = 0;
    for (size_t i = 0; i < sizeof two / sizeof two[0]; i++)
        if (peek(l, 0) == two[i][0] && peek(l, 1) == two[i][1])
            n = 2;
    if (n == 0 && peek(l, 0) && strchr(".,()[]{}+-*/&|<>=~", peek(l, 0)))
        n = 1;
    if (n == 0)
        return km_path__refuse(l->fault, l->text, out->at, "a character that means nothing here");
    out->kind = KM_TOKEN_SIGN;
    out->text = km_str_sub(l->text, out->at, n);
    l->at += (uint32_t)n;
    return KM_OK;
}

static km_code lex_one(km_lexer *l, km_token *out)
{
    char c = peek(l, 0);
    if (is_letter(c)) {
        name(l, out);
        return KM_OK;
    }
    if (is_digit(c)) {
        number(l, out);
        return KM_OK;
    }
    switch (c) {
    case '`':
        out->kind = KM_TOKEN_QUOTED;
        return quoted(l, &out->text);
    case '\'':
        out->kind = KM_TOKEN_STRING;
        return quoted(l, &out->text);
    case '@':
        return moment(l, out);
    case '$':
        return variable(l, out);
    case '%':
        return external(l, out);
    default:
        return sign(l, out);
    }
}

km_code km_path__lex(km_lexer *l, km_token *out)
{
    KM_TRY(skip_blank(l));
    *out = (km_token){ .kind = KM_TOKEN_END, .at = l->at, .end = l->at };
    if (l->at >= l->text.n)
        return KM_OK;
    KM_TRY(lex_one(l, out));
    out->end = l->at;
    return KM_OK;
}
