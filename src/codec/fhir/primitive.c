/* SPDX-License-Identifier: Apache-2.0
 *
 * primitive: the formats of R4's primitive types (2.24.0.1), by hand, since each is a loop
 * over bytes. A fault says what was expected and never repeats the value.
 */
#include "codec/fhir/inside.h"

#include <assert.h>

#include "base/date.h"

#define STRING_MAX ((size_t)1 << 20) /* R4 2.24.0.1: strings SHALL NOT exceed 1 MB */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == '\f' || c == '\v';
}

/* --- text ---------------------------------------------------------------------------- */

/* Not empty, at most 1 MiB, no control characters but tab and line ends. */
static bool is_text(km_str s)
{
    bool good = s.n > 0 && s.n <= STRING_MAX;
    for (size_t i = 0; good && i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        good = c >= 0x20 || c == '\t' || c == '\n' || c == '\r';
    }
    return good;
}

/* No white space at the ends, none but single spaces inside. */
static bool is_code(km_str s)
{
    if (s.n == 0 || s.n > STRING_MAX || is_space(s.p[0]) || is_space(s.p[s.n - 1]))
        return false;
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 0x20 || c == 0x7f || (c == ' ' && s.p[i + 1] == ' '))
            return false;
    }
    return true;
}

bool km_fhir_is_id(km_str s)
{
    for (size_t i = 0; i < s.n && i <= 64; i++) {
        char c = s.p[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!letter && !is_digit(c) && c != '-' && c != '.')
            return false;
    }
    return s.n >= 1 && s.n <= 64;
}

static bool is_uri(km_str s)
{
    bool good = s.n > 0 && s.n <= STRING_MAX;
    for (size_t i = 0; good && i < s.n; i++)
        good = (unsigned char)s.p[i] > 0x20 && s.p[i] != 0x7f;
    return good;
}

/* urn:oid:[0-2](\.(0|[1-9][0-9]*))+ */
static bool is_oid(km_str s)
{
    static const km_str head = KM_STR_INIT("urn:oid:");
    if (!km_str_starts(s, head) || s.n < head.n + 3)
        return false;
    km_str rest = km_str_sub(s, head.n, s.n), arc = km_str_cut(rest, '.', &rest);
    if (arc.n != 1 || arc.p[0] < '0' || arc.p[0] > '2' || rest.n == 0 || s.p[s.n - 1] == '.')
        return false;
    while (rest.n) {
        arc = km_str_cut(rest, '.', &rest);
        if (arc.n == 0 || (arc.n > 1 && arc.p[0] == '0'))
            return false;
        for (size_t i = 0; i < arc.n; i++)
            if (!is_digit(arc.p[i]))
                return false;
    }
    return true;
}

/* urn:uuid:8-4-4-4-12 hexadecimal digits; R4 wants them small, RFC 4122 reads both. */
static bool is_uuid(km_str s)
{
    static const km_str head = KM_STR_INIT("urn:uuid:");
    if (!km_str_starts(s, head) || s.n != head.n + 36)
        return false;
    for (size_t i = 0; i < 36; i++) {
        char c = s.p[head.n + i];
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool hex = is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (dash ? c != '-' : !hex)
            return false;
    }
    return true;
}

/* RFC 4648 §4 with white space between the groups. */
static bool is_base64(km_str s)
{
    size_t digits = 0, pads = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (is_space(c))
            continue;
        if (c == '=')
            pads++;
        else if (pads || !(letter || is_digit(c) || c == '+' || c == '/'))
            return false;
        digits++;
    }
    return digits > 0 && digits % 4 == 0 && pads <= 2;
}

/* Whether the markup is the allowed part of XHTML is for who shows it; here only that it is
 * one. */
static bool is_div(km_str s)
{
    s = km_str_trim(s);
    return s.n <= STRING_MAX && km_str_starts(s, KM_STR("<div")) && km_str_ends(s, KM_STR(">"));
}

/* --- numbers -------------------------------------------------------------------------- */

/* JSON's grammar for numbers is R4's for decimals. */
static bool is_any(km_str s)
{
    return s.n > 0;
}

static bool is_within(km_str s, int64_t low)
{
    int64_t n;
    return km_str_to_i64(&n, s) && n >= low && n <= INT32_MAX;
}

static bool is_integer(km_str s)
{
    return is_within(s, INT32_MIN);
}

static bool is_unsigned(km_str s)
{
    return s.p[0] != '-' && is_within(s, 0);
}

static bool is_positive(km_str s)
{
    return is_within(s, 1);
}

/* --- time ------------------------------------------------------------------------------- */

/* Takes `n` digits off the front: their value, or -1. */
static int take(km_str *s, size_t n)
{
    int value = 0;
    if (s->n < n)
        return -1;
    for (size_t i = 0; i < n; i++) {
        if (!is_digit(s->p[i]))
            return -1;
        value = value * 10 + (s->p[i] - '0');
    }
    *s = km_str_sub(*s, n, s->n);
    return value;
}

static bool take_char(km_str *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = km_str_sub(*s, 1, s->n);
    return true;
}

/* hh:mm:ss[.f+] */
static bool take_time(km_str *s)
{
    int hour = take(s, 2);
    bool first = take_char(s, ':');
    int minute = take(s, 2);
    bool second = take_char(s, ':');
    int sec = take(s, 2);
    if (!first || !second || hour < 0 || hour > 23 || minute < 0 || minute > 59 || sec < 0
        || sec > 60)
        return false;
    if (!take_char(s, '.'))
        return true;
    size_t digits = s->n;
    while (s->n && is_digit(s->p[0]))
        *s = km_str_sub(*s, 1, s->n);
    return s->n < digits;
}

/* Z, or -14:00 to +14:00 */
static bool take_zone(km_str *s)
{
    if (take_char(s, 'Z'))
        return true;
    if (!take_char(s, '+') && !take_char(s, '-'))
        return false;
    int hour = take(s, 2);
    bool colon = take_char(s, ':');
    int minute = take(s, 2);
    return colon && hour >= 0 && minute >= 0 && minute < 60 && hour * 60 + minute <= 14 * 60;
}

/* The parts of a date that are there; 1 year, 2 month, 3 day; 0 = no date. */
static int take_date(km_str *s)
{
    int year = take(s, 4);
    if (year < 1)
        return 0;
    if (!take_char(s, '-'))
        return 1;
    int month = take(s, 2);
    if (month < 1 || month > 12)
        return 0;
    if (!take_char(s, '-'))
        return 2;
    int day = take(s, 2);
    return day >= 1 && km_civil_exists(year, month, day) ? 3 : 0;
}

static bool is_date(km_str s)
{
    return take_date(&s) > 0 && s.n == 0;
}

static bool is_instant(km_str s)
{
    return take_date(&s) == 3 && take_char(&s, 'T') && take_time(&s) && take_zone(&s) && s.n == 0;
}

static bool is_date_time(km_str s)
{
    return is_date(s) || is_instant(s);
}

static bool is_time(km_str s)
{
    return take_time(&s) && s.n == 0;
}

/* --- the table --------------------------------------------------------------------------- */

static const struct {
    const char *type;
    km_json_kind kind; /* KM_JSON_TRUE stands for true and false */
    bool (*is)(km_str text);
    const char *expected;
} forms[] = {
    { "string", KM_JSON_STRING, is_text, "a text that is not empty and of at most 1 MiB" },
    { "boolean", KM_JSON_TRUE, NULL, "true or false" },
    { "code", KM_JSON_STRING, is_code, "a code without white space at its ends" },
    { "id", KM_JSON_STRING, km_fhir_is_id, "1 to 64 of A-Z a-z 0-9 - ." },
    { "uri", KM_JSON_STRING, is_uri, "a URI without white space" },
    { "url", KM_JSON_STRING, is_uri, "a URL without white space" },
    { "canonical", KM_JSON_STRING, is_uri, "a canonical URL without white space" },
    { "oid", KM_JSON_STRING, is_oid, "urn:oid: and an object identifier" },
    { "uuid", KM_JSON_STRING, is_uuid, "urn:uuid: and a UUID" },
    { "date", KM_JSON_STRING, is_date, "YYYY, YYYY-MM or YYYY-MM-DD that exists" },
    { "dateTime", KM_JSON_STRING, is_date_time, "a date, or YYYY-MM-DDThh:mm:ss with zone" },
    { "instant", KM_JSON_STRING, is_instant, "YYYY-MM-DDThh:mm:ss with zone" },
    { "time", KM_JSON_STRING, is_time, "hh:mm:ss without zone" },
    { "decimal", KM_JSON_NUMBER, is_any, "a number" },
    { "integer", KM_JSON_NUMBER, is_integer, "a whole number of 32 bits" },
    { "unsignedInt", KM_JSON_NUMBER, is_unsigned, "a whole number from 0 to 2147483647" },
    { "positiveInt", KM_JSON_NUMBER, is_positive, "a whole number from 1 to 2147483647" },
    { "base64Binary", KM_JSON_STRING, is_base64, "base64 in groups of four" },
    { "markdown", KM_JSON_STRING, is_text, "a text that is not empty and of at most 1 MiB" },
    { "xhtml", KM_JSON_STRING, is_div, "one <div> of at most 1 MiB" },
};

uint8_t km_fhir__form_named(km_str primitive)
{
    for (uint8_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (km_str_is(primitive, forms[i].type))
            return i;
    km_fhir__wrong("types", primitive);
}

const char *km_fhir__form_fault(uint8_t form, km_jv value)
{
    assert(form < sizeof forms / sizeof forms[0]);
    km_json_kind kind = km_jv_kind(value);
    if (kind == KM_JSON_FALSE)
        kind = KM_JSON_TRUE;
    bool good = kind == forms[form].kind && (!forms[form].is || forms[form].is(km_jv_str(value)));
    return good ? NULL : forms[form].expected;
}
