/* SPDX-License-Identifier: Apache-2.0
 *
 * reference: what the text of a reference says (R4 2.3.0, 3.1.0.12, canonical 2.24.0.4).
 */
#include "codec/fhir/inside.h"

static size_t find_last(km_str s, char c)
{
    size_t i = s.n;
    while (i > 0 && s.p[i - 1] != c)
        i--;
    return i ? i - 1 : s.n;
}

static bool has_scheme(km_str s)
{
    size_t colon = km_str_find(s, ':');
    for (size_t i = 0; i < colon; i++) {
        char c = s.p[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool more = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
        if (!letter && (i == 0 || !more))
            return false;
    }
    return colon > 0 && colon < s.n;
}

/* .../Type/id; nothing is filled unless both hold. */
static bool cut_type_and_id(km_reference *out, km_str s)
{
    size_t slash = find_last(s, '/');
    if (slash == s.n)
        return false;
    km_str id = km_str_sub(s, slash + 1, s.n), before = km_str_sub(s, 0, slash);
    size_t start = find_last(before, '/');
    start = start == before.n ? 0 : start + 1;
    km_ftype type = km_fhir_type_named(km_str_sub(before, start, before.n));
    if (!km_fhir_is_resource(type) || !km_fhir_is_id(id))
        return false;
    out->type = type;
    out->id = id;
    out->base = km_str_sub(s, 0, start);
    return true;
}

/* An address that is not RESTful (a document, another server's habit) is still a reference,
 * to something of no known type. */
static bool parse_absolute(km_reference *out, km_str s)
{
    out->urn = km_str_starts(s, KM_STR("urn:uuid:")) || km_str_starts(s, KM_STR("urn:oid:"));
    if (km_str_starts(s, KM_STR("urn:")))
        return s.n > 4;
    size_t bar = find_last(s, '|');
    if (bar < s.n) {
        out->canonical = true;
        out->version = km_str_sub(s, bar + 1, s.n);
        cut_type_and_id(out, km_str_sub(s, 0, bar));
        return true;
    }
    static const km_str history = KM_STR_INIT("/_history/");
    size_t slash = find_last(s, '/');
    km_str plain = km_str_sub(s, 0, slash);
    if (slash < s.n && km_str_ends(plain, km_str_sub(history, 0, history.n - 1))) {
        plain = km_str_sub(plain, 0, plain.n - history.n + 1);
        if (cut_type_and_id(out, plain))
            out->version = km_str_sub(s, slash + 1, s.n);
        return true;
    }
    cut_type_and_id(out, s);
    return true;
}

static bool parse_relative(km_reference *out, km_str s)
{
    km_str rest, type = km_str_cut(s, '/', &rest), id = km_str_cut(rest, '/', &rest);
    km_str history = km_str_cut(rest, '/', &rest);
    out->type = km_fhir_type_named(type);
    out->id = id;
    out->version = rest;
    bool versioned = history.n > 0;
    return km_fhir_is_resource(out->type) && km_fhir_is_id(id) && s.p[s.n - 1] != '/'
           && (!versioned || (km_str_is(history, "_history") && km_fhir_is_id(rest)));
}

bool km_reference_parse(km_reference *out, km_str text)
{
    *out = (km_reference){ .text = text };
    if (text.n == 0)
        return false;
    for (size_t i = 0; i < text.n; i++)
        if ((unsigned char)text.p[i] <= 0x20 || text.p[i] == 0x7f)
            return false;
    if (text.p[0] == '#') { /* a lone # is the resource that contains this one */
        out->contained = true;
        out->id = km_str_sub(text, 1, text.n);
        return true;
    }
    km_str query, type = km_str_cut(text, '?', &query);
    if (query.n && km_str_find(type, '/') == type.n && km_str_find(type, ':') == type.n) {
        out->type = km_fhir_type_named(type);
        out->query = query;
        return km_fhir_is_resource(out->type);
    }
    return has_scheme(text) ? parse_absolute(out, text) : parse_relative(out, text);
}
