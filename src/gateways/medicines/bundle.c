/* SPDX-License-Identifier: Apache-2.0
 *
 * bundle: what both ways back share: a look into the entries of a FHIR Bundle, and rows.
 */
#include "gateways/medicines/inside.h"

km_jv km_medicines__resource(km_jv entry)
{
    km_jv r = KM_JV_GET(entry, "resource");
    return km_jv_kind(r) == KM_JSON_OBJECT ? r : entry;
}

/* "Type/id" or a fullUrl; an object of no kind where the bundle has none. */
km_jv km_medicines__look_up(const km_med_bundle *b, km_str reference)
{
    km_str id, type = km_str_cut(reference, '/', &id);
    for (km_jv_iter i = km_jv_each(KM_JV_GET(b->bundle, "entry")); km_jv_next(&i);) {
        km_jv r = km_medicines__resource(i.value);
        if ((id.n > 0 && km_str_eq(km_jv_str(KM_JV_GET(r, "id")), id)
             && km_str_eq(km_jv_str(KM_JV_GET(r, "resourceType")), type))
            || km_str_eq(km_jv_str(KM_JV_GET(i.value, "fullUrl")), reference))
            return r;
    }
    return (km_jv){ 0 };
}

km_jv km_medicines__first(km_jv v, const char *name)
{
    return km_jv_item(km_jv_get(v, km_str_of(name)), 0);
}

/* No comma, no quote, no line end may stand in a field; a comma becomes its full-width form. */
static void put(km_med_bundle *b, km_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == ',')
            km_buf_z(b->out, "，");
        else if ((unsigned char)s.p[i] >= 0x20)
            km_buf_char(b->out, s.p[i]);
    }
}

void km_medicines__row(km_med_bundle *b, const char *id, const km_str *field, size_t n)
{
    while (n > 0 && field[n - 1].n == 0)
        n--;
    km_buf_z(b->out, id);
    for (size_t i = 0; i < n; i++) {
        km_buf_char(b->out, ',');
        put(b, field[i]);
    }
    km_buf_z(b->out, "\r\n");
}

/* 2024-03-05T... as 20240305; what is less exact is left out. */
km_str km_medicines__day(const km_med_bundle *b, km_str date)
{
    return date.n < 10
               ? KM_STR_NONE
               : km_arena_print(b->arena, "%.*s%.*s%.*s", KM_STR_ARG(km_str_sub(date, 0, 4)),
                                KM_STR_ARG(km_str_sub(date, 5, 2)),
                                KM_STR_ARG(km_str_sub(date, 8, 2)));
}

km_str km_medicines__name(km_jv who, bool kana)
{
    km_str found = KM_STR_NONE;
    for (km_jv_iter i = km_jv_each(KM_JV_GET(who, "name")); km_jv_next(&i);) {
        km_str form = km_jv_str(KM_JV_GET(km_medicines__first(i.value, "extension"), "valueCode"));
        if (kana ? km_str_is(form, "SYL") : (!km_str_is(form, "SYL") && found.n == 0))
            found = km_jv_str(KM_JV_GET(i.value, "text"));
    }
    return found;
}

km_str km_medicines__phone(km_jv who)
{
    return km_jv_str(KM_JV_GET(km_medicines__first(who, "telecom"), "value"));
}
