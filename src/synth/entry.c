/* SPDX-License-Identifier: Apache-2.0
 *
 * entry: one resource in its Bundle entry, and the pieces that all resources are made of.
 */
#include <assert.h>

#include "base/hash.h"
#include "synth/inside.h"

/* A name-based UUID (version 8: our own hash), so that the same resource is called the same in
 * every run. */
static void full_url(km_jw *w, const char *type, const char *id)
{
    unsigned char h[16];
    char text[64];
    int n = snprintf(text, sizeof text, "%s/%s", type, id);
    assert(n > 0 && (size_t)n < sizeof text);
    km_siphash128(h, (km_sipkey){ 0x6b756d6968696d6fu, 0x73796e7468u }, text, (size_t)n);
    h[6] = (unsigned char)((h[6] & 0x0f) | 0x80);
    h[8] = (unsigned char)((h[8] & 0x3f) | 0x80);
    snprintf(text, sizeof text,
             "urn:uuid:%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", h[0],
             h[1], h[2], h[3], h[4], h[5], h[6], h[7], h[8], h[9], h[10], h[11], h[12], h[13],
             h[14], h[15]);
    km_jw_member_z(w, "fullUrl", text);
}

syn_entry km_synth__open_as(syn_chart *c, const char *type, const char *profile, const char *id)
{
    syn_entry e = { .w = &c->w, .chart = c, .type = type };
    snprintf(e.id, sizeof e.id, "%s", id);
    km_jw_open(e.w, '{');
    full_url(e.w, type, id);
    km_jw_key(e.w, "resource");
    km_jw_open(e.w, '{');
    km_jw_member_z(e.w, "resourceType", type);
    km_jw_member_z(e.w, "id", id);
    if (profile != NULL) {
        char url[96];
        snprintf(url, sizeof url, "http://jpfhir.jp/fhir/core/StructureDefinition/%s", profile);
        km_jw_key(e.w, "meta");
        km_jw_open(e.w, '{');
        km_jw_key(e.w, "profile");
        km_jw_open(e.w, '[');
        km_jw_z(e.w, url);
        km_jw_close(e.w, ']');
        km_jw_close(e.w, '}');
    }
    return e;
}

syn_entry km_synth__open(syn_chart *c, const char *type, const char *profile)
{
    char id[SYN_ID];
    int n = snprintf(id, sizeof id, "%s-%lld", c->patient, (long long)c->resources);
    assert(n > 0 && (size_t)n < sizeof id);
    return km_synth__open_as(c, type, profile, id);
}

void km_synth__close(syn_entry *e)
{
    char url[SYN_ID + 32];
    km_jw_close(e->w, '}');
    km_jw_key(e->w, "request");
    km_jw_open(e->w, '{');
    km_jw_member_z(e->w, "method", "PUT");
    snprintf(url, sizeof url, "%s/%s", e->type, e->id);
    km_jw_member_z(e->w, "url", url);
    km_jw_close(e->w, '}');
    km_jw_close(e->w, '}');
    e->chart->resources++;
}

void km_synth__coding(km_jw *w, const char *system, km_str code, km_str display)
{
    km_jw_open(w, '{');
    km_jw_member_z(w, "system", system);
    km_jw_member(w, "code", code);
    if (display.n > 0)
        km_jw_member(w, "display", display);
    km_jw_close(w, '}');
}

void km_synth__concept(km_jw *w, const char *key, const char *system, km_str code, km_str display)
{
    km_jw_key(w, key);
    km_jw_open(w, '{');
    if (code.n > 0) {
        km_jw_key(w, "coding");
        km_jw_open(w, '[');
        km_synth__coding(w, system, code, display);
        km_jw_close(w, ']');
    }
    if (display.n > 0)
        km_jw_member(w, "text", display);
    km_jw_close(w, '}');
}

void km_synth__identifier(km_jw *w, const char *system, km_str value)
{
    km_jw_open(w, '{');
    km_jw_member_z(w, "system", system);
    km_jw_member(w, "value", value);
    km_jw_close(w, '}');
}

static void reference(km_jw *w, const char *type, const char *id)
{
    char text[SYN_ID + 32];
    snprintf(text, sizeof text, "%s/%s", type, id);
    km_jw_member_z(w, "reference", text);
}

void km_synth__refer(km_jw *w, const char *key, const char *type, const char *id)
{
    if (key != NULL)
        km_jw_key(w, key);
    km_jw_open(w, '{');
    reference(w, type, id);
    km_jw_close(w, '}');
}

void km_synth__refer_doctor(km_jw *w, const char *key, const syn_row *doctor)
{
    char id[SYN_ID], name[96];
    snprintf(id, sizeof id, "%.*s-%.*s", KM_STR_ARG(doctor->cell[STAFF_INST]),
             KM_STR_ARG(doctor->cell[STAFF_ID]));
    snprintf(name, sizeof name, "%.*s %.*s", KM_STR_ARG(doctor->cell[STAFF_FAMILY]),
             KM_STR_ARG(doctor->cell[STAFF_GIVEN]));
    if (key != NULL)
        km_jw_key(w, key);
    km_jw_open(w, '{');
    reference(w, "Practitioner", id);
    km_jw_member_z(w, "display", name);
    km_jw_close(w, '}');
}

void km_synth__refer_stay(km_jw *w, const syn_stay *s, const char *patient_key)
{
    km_synth__refer(w, patient_key, "Patient", s->chart->patient);
    if (s->encounter[0] != '\0')
        km_synth__refer(w, "encounter", "Encounter", s->encounter);
}

void km_synth__day(km_jw *w, const char *key, int64_t day)
{
    char text[48];
    int y, m, d;
    km_day_to_civil(day, &y, &m, &d);
    snprintf(text, sizeof text, "%04d-%02d-%02d", y, m, d);
    km_jw_member_z(w, key, text);
}

void km_synth__time(km_jw *w, const char *key, int64_t day, int minute)
{
    char text[64];
    int y, m, d;
    km_day_to_civil(day, &y, &m, &d);
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:00+09:00", y, m, d, minute / 60,
             minute % 60);
    km_jw_member_z(w, key, text);
}

void km_synth__quantity(km_jw *w, const char *key, km_str value, km_str unit, km_str ucum)
{
    km_jw_key(w, key);
    km_jw_open(w, '{');
    km_jw_key(w, "value");
    km_jw_raw(w, value);
    if (unit.n > 0)
        km_jw_member(w, "unit", unit);
    if (ucum.n > 0) {
        km_jw_member_z(w, "system", "http://unitsofmeasure.org");
        km_jw_member(w, "code", ucum);
    }
    km_jw_close(w, '}');
}

/* iso21090-EN-representation: IDE kanji, SYL kana. */
static void one_name(km_jw *w, const char *representation, km_str family, km_str given)
{
    char text[192];
    snprintf(text, sizeof text, "%.*s %.*s", KM_STR_ARG(family), KM_STR_ARG(given));
    km_jw_open(w, '{');
    km_jw_key(w, "extension");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    km_jw_member_z(w, "url", "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation");
    km_jw_member_z(w, "valueCode", representation);
    km_jw_close(w, '}');
    km_jw_close(w, ']');
    km_jw_member_z(w, "use", "official");
    km_jw_member_z(w, "text", text);
    km_jw_member(w, "family", family);
    km_jw_key(w, "given");
    km_jw_open(w, '[');
    km_jw_str(w, given);
    km_jw_close(w, ']');
    km_jw_close(w, '}');
}

void km_synth__human(km_jw *w, km_str family, km_str given, km_str family_kana, km_str given_kana)
{
    km_jw_key(w, "name");
    km_jw_open(w, '[');
    one_name(w, "IDE", family, given);
    one_name(w, "SYL", family_kana, given_kana);
    km_jw_close(w, ']');
}
