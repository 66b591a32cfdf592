/* SPDX-License-Identifier: Apache-2.0
 *
 * message: a message's segments at hand, and the elements that several resources have.
 */
#include "gateways/hl7v2/inside.h"

#include "base/embedded.h"

static size_t count_segments(const km_hl7 *m)
{
    km_hl7_segments segments = km_hl7_segments_of(m);
    km_hl7_segment s;
    size_t n = 0;
    while (km_hl7_next(&s, &segments))
        n++;
    return n;
}

void km_hl7v2__read(km_message *out, const km_hl7 *m, km_arena *a)
{
    km_hl7_segments segments = km_hl7_segments_of(m);
    *out = (km_message){ .hl7 = m, .arena = a };
    out->segment = KM_NEW_ARRAY(a, count_segments(m) + 1, km_hl7_segment);
    while (km_hl7_next(&out->segment[out->n], &segments))
        out->n++;
    const km_hl7_segment *msh = km_hl7v2__first(out, "MSH");
    out->type = km_hl7v2__words(out, msh, 9, 1);
    out->trigger = km_hl7v2__words(out, msh, 9, 2);
    out->facility = km_hl7v2__words(out, msh, 4, 1);
    if (out->facility.n == 0)
        out->facility = km_hl7v2__words(out, msh, 3, 1);
    out->time = km_hl7v2__time(out, msh, 7);
}

const km_hl7_segment *km_hl7v2__first(const km_message *m, const char *id)
{
    for (size_t i = 0; i < m->n; i++)
        if (km_str_is(m->segment[i].field[0], id))
            return &m->segment[i];
    return NULL;
}

km_str km_hl7v2__words(const km_message *m, const km_hl7_segment *s, uint32_t field,
                       uint32_t component)
{
    return s == NULL ? KM_STR_NONE
                     : km_hl7_words(m->hl7, m->arena, km_hl7_field(s, field), 0, component);
}

km_str km_hl7v2__time(const km_message *m, const km_hl7_segment *s, uint32_t field)
{
    return km_hl7_time(m->arena, km_hl7v2__words(m, s, field, 1));
}

/* False when it stands among the entries already. */
static bool is_first(km_message *m, km_str id)
{
    for (size_t i = 0; i < m->n_written; i++)
        if (km_str_eq(m->written[i], id))
            return false;
    if (m->n_written < KM_HL7_SHARED)
        m->written[m->n_written++] = id;
    return true;
}

km_str km_hl7v2__id(km_message *m, const char *kind, const km_str *part, size_t n)
{
    km_str key[9] = { m->organization, m->patient };
    for (size_t i = 0; i < n && i < 6; i++)
        key[i + 2] = part[i];
    km_str id = km_entry_id(m->arena, kind, key, n + 2);
    for (int again = 2; !is_first(m, id); again++) {
        key[n + 2] = km_arena_print(m->arena, "%d", again);
        id = km_entry_id(m->arena, kind, key, n + 3);
    }
    return id;
}

/* --- coded values --- */

static km_str system_of(const km_message *m, km_str name)
{
    km_str cell[3], rest = km_layout_table("hl7v2_systems.tsv");
    while (km_tsv_next(cell, 3, &rest) > 0)
        if (km_str_eq(cell[0], name))
            return cell[1];
    if (km_str_starts(name, KM_STR("HL7")) && name.n == 7)
        return km_arena_print(m->arena, "http://terminology.hl7.org/CodeSystem/v2-%.*s",
                              KM_STR_ARG(km_str_sub(name, 3, 4)));
    for (size_t i = 0; i < name.n; i++)
        if ((unsigned char)name.p[i] <= 0x20 || (unsigned char)name.p[i] >= 0x7F)
            return KM_STR_NONE;
    if (name.n == 0)
        return name;
    /* Local codes mean what they mean at their sender only. */
    if (km_str_starts(name, KM_STR("99")) || km_str_is(name, "L")) {
        km_str key[] = { m->facility };
        return km_arena_print(
            m->arena, "urn:kumihimo:hl7v2:local:%.*s:%.*s",
            KM_STR_ARG(km_str_sub(km_entry_id(m->arena, "facility", key, 1), 0, 16)),
            KM_STR_ARG(name));
    }
    return km_arena_print(m->arena, "urn:kumihimo:hl7v2:%.*s", KM_STR_ARG(name));
}

static bool write_coding(km_jw *w, const km_message *m, km_str code, km_str text, km_str name)
{
    km_str system = system_of(m, name);
    if (code.n == 0 || system.n == 0)
        return false;
    km_jw_open(w, '{');
    km_jw_member(w, "system", system);
    km_jw_member(w, "code", code);
    if (text.n > 0)
        km_jw_member(w, "display", text);
    km_jw_close(w, '}');
    return true;
}

void km_hl7v2__coded(km_jw *w, const km_message *m, const char *name, km_str coded)
{
    const km_hl7 *h = m->hl7;
    km_str part[7];
    for (uint32_t i = 1; i <= 6; i++)
        part[i] = km_hl7_words(h, m->arena, coded, 0, i);
    km_str text = part[2].n > 0 ? part[2] : part[5].n > 0 ? part[5] : part[1];
    if (text.n == 0)
        return;
    if (name != NULL)
        km_jw_key(w, name);
    km_jw_open(w, '{');
    if ((part[1].n > 0 && system_of(m, part[3]).n > 0)
        || (part[4].n > 0 && system_of(m, part[6]).n > 0)) {
        km_jw_key(w, "coding");
        km_jw_open(w, '[');
        (void)write_coding(w, m, part[1], part[2], part[3]);
        (void)write_coding(w, m, part[4], part[5], part[6]);
        km_jw_close(w, ']');
    }
    km_jw_member(w, "text", text);
    km_jw_close(w, '}');
}

/* As JSON has numbers; KM_STR_NONE when it is none. */
static km_str json_number(const km_message *m, km_str s)
{
    bool minus = s.n > 0 && s.p[0] == '-';
    if (s.n > 0 && s.p[0] == '+')
        s = km_str_sub(s, 1, s.n);
    if (s.n == 0 || s.n > 24 || !km_field_number(s))
        return KM_STR_NONE;
    s = km_str_sub(s, minus, s.n);
    while (s.n > 1 && s.p[0] == '0' && s.p[1] != '.')
        s = km_str_sub(s, 1, s.n);
    if (s.p[s.n - 1] == '.')
        s.n--;
    return km_arena_print(m->arena, "%s%s%.*s", minus ? "-" : "", s.p[0] == '.' ? "0" : "",
                          KM_STR_ARG(s));
}

void km_hl7v2__quantity(km_jw *w, const km_message *m, const char *name, km_str value, km_str unit)
{
    km_str number = json_number(m, value);
    km_str code = km_hl7_words(m->hl7, m->arena, unit, 0, 1);
    km_str text = km_hl7_words(m->hl7, m->arena, unit, 0, 2);
    km_str system = system_of(m, km_hl7_words(m->hl7, m->arena, unit, 0, 3));
    if (number.n == 0)
        return;
    km_jw_key(w, name);
    km_jw_open(w, '{');
    km_jw_key(w, "value");
    km_jw_raw(w, number);
    if (text.n + code.n > 0)
        km_jw_member(w, "unit", text.n > 0 ? text : code);
    if (code.n > 0 && system.n > 0) {
        km_jw_member(w, "system", system);
        km_jw_member(w, "code", code);
    }
    km_jw_close(w, '}');
}

void km_hl7v2__subject(km_jw *w, const km_message *m)
{
    km_entry_reference(w, "subject", "Patient", m->patient);
}

const char *km_hl7v2__status(const km_message *m, const char *status)
{
    return m->deleted ? "entered-in-error" : status;
}

/* --- people --- */

km_str km_hl7v2__practitioner(km_jw *w, km_message *m, km_str xcn)
{
    const km_hl7 *h = m->hl7;
    km_str number = km_hl7_words(h, m->arena, xcn, 0, 1);
    km_str family = km_hl7_words(h, m->arena, xcn, 0, 2),
           given = km_hl7_words(h, m->arena, xcn, 0, 3);
    if (number.n + family.n + given.n == 0)
        return KM_STR_NONE;
    km_str key[] = { m->organization, number, number.n > 0 ? KM_STR_NONE : family,
                     number.n > 0 ? KM_STR_NONE : given };
    km_str id = km_entry_id(m->arena, "Practitioner", key, 4);
    if (!is_first(m, id))
        return id;
    km_entry_open(w, "Practitioner", id);
    if (family.n + given.n > 0) {
        km_jw_key(w, "name");
        km_jw_open(w, '[');
        km_entry_name(w, "IDE",
                      km_arena_print(m->arena, "%.*s%s%.*s", KM_STR_ARG(family),
                                     family.n > 0 && given.n > 0 ? " " : "", KM_STR_ARG(given)));
        km_jw_close(w, ']');
    }
    km_entry_close(w, "Practitioner", id);
    return id;
}
