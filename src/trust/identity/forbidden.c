/* SPDX-License-Identifier: Apache-2.0
 *
 * forbidden: My Numbers are never taken in (trust.md §1.8; Act 27 of 2013, art. 19 and 20: no one
 * collects or keeps one but for the purposes that the Act names).
 */
#include <stdio.h>

#include "base/kana.h"
#include "trust/identity/identity.h"

/* Systems that are said to hold it. No official FHIR system exists [belief]; these are the
 * spellings that senders could use, and a system that names it in words is caught by `words`. */
static const char *const denied[] = {
    "mynumber",
    "urn:mynumber",
    "urn:kumihimo:mynumber",
    NULL,
};
static const char *const words[] = { "mynumber",    "my-number", "my_number",    "kojinbango",
                                     "kojin-bango", "個人番号",  "マイナンバー", NULL };

/* Systems of Japanese health care whose values may have twelve digits; JP Core 1.1
 * (insured persons, institutions, receipts). */
static const char *const exempt[] = {
    "urn:oid:1.2.392.100495.20.3.", /* all of the arc of MHLW's identifiers */
    "http://jpfhir.jp/fhir/",       /* what JP Core and the MHLW guides define */
    "http://jpfhir.jp/",            /* older ones */
    "urn:kumihimo:dom:",            /* tokens of ours */
    "urn:ietf:rfc:3986",            /* URIs as values */
    NULL,
};

/* Most values are told apart without folding them: another letter of ASCII, or another count. */
static bool may_be_twelve(km_str value)
{
    size_t digits = 0;
    for (size_t i = 0; i < value.n; i++) {
        unsigned char c = (unsigned char)value.p[i];
        if (c >= 0x80)
            return value.n <= 256;
        if (c != ' ' && c != '-' && (c < '0' || c > '9'))
            return false;
        digits += c >= '0' && c <= '9';
    }
    return digits == 12 && value.n <= 256;
}

/* A full-width or spaced number is the same number. */
static bool twelve_digits(int digit[12], km_str value)
{
    km_arena *a = may_be_twelve(value) ? km_arena_new(1 << 16) : NULL;
    size_t n = 0;
    bool all = a != NULL;
    if (a == NULL)
        return false;
    km_str s = km_nfkc(a, value);
    for (size_t i = 0; i < s.n && all; i++) {
        if (s.p[i] == ' ' || s.p[i] == '-')
            continue;
        all = s.p[i] >= '0' && s.p[i] <= '9' && n < 12;
        if (all)
            digit[n++] = s.p[i] - '0';
    }
    km_arena_free(a);
    return all && n == 12;
}

/* Ordinance of the Ministry of Internal Affairs 85 of 2014, art. 5 (its number and the formula are
 * from general knowledge, the text was not at hand): of the eleven digits before
 * it, counted n = 1..11 from the right, Q = n + 1 up to the sixth and n - 5 after; check = 11 - sum
 * mod 11, and 0 when the remainder is 0 or 1. */
static bool has_check_digit(const int digit[12])
{
    int sum = 0;
    for (int n = 1; n <= 11; n++)
        sum += digit[11 - n] * (n <= 6 ? n + 1 : n - 5);
    int left = sum % 11;
    return digit[11] == (left <= 1 ? 0 : 11 - left);
}

static bool contains_nocase(km_str s, km_str word)
{
    for (size_t at = 0; at + word.n <= s.n; at++)
        if (km_str_eq_nocase(km_str_sub(s, at, word.n), word))
            return true;
    return false;
}

bool km_identity_forbidden(km_str system, km_str value, const char *const *known)
{
    int digit[12];
    for (const char *const *d = denied; *d != NULL; d++)
        if (km_str_eq_nocase(system, km_str_of(*d)))
            return true;
    for (const char *const *w = words; *w != NULL; w++)
        if (contains_nocase(system, km_str_of(*w)))
            return true;
    for (const char *const *e = exempt; *e != NULL; e++)
        if (km_str_starts(system, km_str_of(*e)))
            return false;
    for (; known != NULL && *known != NULL; known++)
        if (km_str_is(system, *known))
            return false;
    return twelve_digits(digit, value) && has_check_digit(digit);
}

/* --- a whole resource --- */

typedef struct step {
    km_jv_iter members;
    km_str name;    /* of the container; an item has its array's */
    uint32_t index; /* of an item */
    bool is_item;
    uint32_t items; /* of an array, seen so far */
} step;

static void tell(km_fault *f, const step *way, size_t depth)
{
    char path[sizeof f->path];
    size_t n = 0;
    for (size_t i = 0; i <= depth && n < sizeof path - 1; i++) {
        int put = way[i].is_item ? snprintf(path + n, sizeof path - n, "[%u]", way[i].index)
                                 : snprintf(path + n, sizeof path - n, "%s%.*s", n > 0 ? "." : "",
                                            KM_STR_ARG(way[i].name));
        n += put > 0 ? (size_t)put : 0;
    }
    km_fail(f, KM_INVALID, path, "forbidden identifier");
}

/* Whatever has a text called `value` is asked as an Identifier would be, so that no spelling of the
 * type around it hides one; but numbers to call people have a field of their own. */
static bool is_forbidden(km_jv object, km_str name, const char *const *known)
{
    km_jv value = KM_JV_GET(object, "value");
    if (!km_jv_is(value, KM_JSON_STRING) || km_str_is(name, "telecom")
        || km_str_is(name, "valueContactPoint"))
        return false;
    return km_identity_forbidden(km_jv_text(object, "system"), km_jv_str(value), known);
}

km_code km_identity_check(km_jv resource, const char *const *known, km_fault *f)
{
    enum { DEPTH = 72 }; /* the parser's limit is 64 */
    step way[DEPTH];
    size_t depth = 0;
    if (!km_jv_is(resource, KM_JSON_OBJECT))
        return KM_OK;
    way[0] = (step){ .members = km_jv_each(resource),
                     .name = km_jv_text(resource, "resourceType") };
    if (is_forbidden(resource, way[0].name, known)) {
        tell(f, way, 0);
        return KM_INVALID;
    }
    for (;;) {
        step *at = &way[depth];
        if (!km_jv_next(&at->members)) {
            if (depth-- == 0)
                return KM_OK;
            continue;
        }
        km_jv v = at->members.value;
        bool item = !at->members.object, object = km_jv_is(v, KM_JSON_OBJECT);
        uint32_t index = item ? at->items++ : 0;
        if (!object && !km_jv_is(v, KM_JSON_ARRAY))
            continue;
        if (depth + 1 == DEPTH)
            return km_fail(f, KM_TOO_COSTLY, NULL, "nested deeper than %d", DEPTH);
        way[++depth] = (step){ km_jv_each(v), item ? at->name : at->members.name, index, item, 0 };
        if (object && is_forbidden(v, way[depth].name, known)) {
            tell(f, way, depth);
            return KM_INVALID;
        }
    }
}
