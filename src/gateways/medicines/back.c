/* SPDX-License-Identifier: Apache-2.0
 *
 * back: notebook lines from the entries of a FHIR Bundle: its Patient, and each MedicationDispense
 * with the prescription it was dispensed for. Dispensings of one day and one place stand together,
 * newest first; neighbours with one usage are one RP. Other resources are left out.
 */
#include <stdlib.h>

#include "base/kana.h"
#include "gateways/medicines/inside.h"

enum { VERSION = 8, DISPENSES = 4096, ENTRIES = 100000 };

typedef struct given {
    km_jv dispense, request;
    km_str day, place; /* whenHandedOver, the organisation's reference */
    size_t nth;
} given;

typedef struct writing {
    km_med_bundle b;
    given *given;
    size_t n;
} writing;

/* --- the person --- */

static km_code write_patient(writing *o, km_fault *f)
{
    km_jv who = { 0 };
    for (km_jv_iter i = km_jv_each(KM_JV_GET(o->b.bundle, "entry")); km_jv_next(&i);)
        if (km_str_is(km_jv_str(KM_JV_GET(km_medicines__resource(i.value), "resourceType")),
                      "Patient")) {
            if (km_jv_kind(who) == KM_JSON_OBJECT)
                return km_fail(f, KM_INVALID, "Bundle.entry", "a notebook is one person's");
            who = km_medicines__resource(i.value);
        }
    km_str sex = km_jv_str(KM_JV_GET(who, "gender"));
    km_str born = km_medicines__day(&o->b, km_jv_str(KM_JV_GET(who, "birthDate")));
    km_str name = km_medicines__name(who, false);
    if (name.n == 0)
        return km_fail(f, KM_REQUIRED, "Patient.name.text", NULL);
    if (!km_str_is(sex, "male") && !km_str_is(sex, "female"))
        return km_fail(f, KM_REQUIRED, "Patient.gender", "a notebook knows male and female");
    if (born.n == 0)
        return km_fail(f, KM_REQUIRED, "Patient.birthDate", NULL);
    km_jv address = km_medicines__first(who, "address");
    km_str field[] = { name,
                       km_str_is(sex, "male") ? KM_STR("1") : KM_STR("2"),
                       born,
                       km_jv_str(KM_JV_GET(address, "postalCode")),
                       km_jv_str(KM_JV_GET(address, "text")),
                       km_medicines__phone(who),
                       KM_STR_NONE,
                       KM_STR_NONE,
                       KM_STR_NONE,
                       km_medicines__name(who, true) };
    km_medicines__row(&o->b, "1", field, 10);
    return KM_OK;
}

/* --- where, who --- */

static void write_place(writing *o, const char *id, km_jv organization, bool telephone)
{
    km_str code = km_jv_str(KM_JV_GET(km_medicines__first(organization, "identifier"), "value"));
    km_str field[] = { km_jv_str(KM_JV_GET(organization, "name")),
                       KM_STR_NONE,
                       KM_STR_NONE,
                       KM_STR_NONE,
                       KM_STR_NONE,
                       KM_STR_NONE,
                       KM_STR_NONE,
                       KM_STR("1") };
    if (field[0].n == 0)
        return;
    if (code.n == 10) {
        field[1] = km_str_sub(code, 0, 2);
        field[2] = km_str_sub(code, 2, 1);
        field[3] = km_str_sub(code, 3, 7);
    }
    if (telephone)
        field[6] = km_medicines__phone(organization);
    else
        field[4] = KM_STR("1");
    km_medicines__row(&o->b, id, field, telephone ? 8 : 5);
}

static km_jv actor(const writing *o, km_jv dispense, const char *type)
{
    for (km_jv_iter i = km_jv_each(KM_JV_GET(dispense, "performer")); km_jv_next(&i);) {
        km_jv r = km_medicines__look_up(&o->b, km_jv_text(i.value, "actor.reference"));
        if (km_str_is(km_jv_str(KM_JV_GET(r, "resourceType")), type))
            return r;
    }
    return (km_jv){ 0 };
}

static void write_prescriber(writing *o, km_jv request)
{
    km_jv who = km_medicines__look_up(&o->b, km_jv_text(request, "requester.reference"));
    km_jv role = { 0 };
    if (km_str_is(km_jv_str(KM_JV_GET(who, "resourceType")), "PractitionerRole")) {
        role = who;
        who = km_medicines__look_up(&o->b, km_jv_text(role, "practitioner.reference"));
        write_place(o, "51",
                    km_medicines__look_up(&o->b, km_jv_text(role, "organization.reference")),
                    false);
    }
    km_str kind = km_jv_str(KM_JV_GET(who, "resourceType"));
    if (km_str_is(kind, "Organization"))
        write_place(o, "51", who, false);
    else if (km_str_is(kind, "Practitioner") && km_medicines__name(who, false).n > 0) {
        km_str field[] = { km_medicines__name(who, false),
                           km_jv_str(KM_JV_GET(km_medicines__first(role, "specialty"), "text")),
                           KM_STR("1") };
        km_medicines__row(&o->b, "55", field, 3);
    }
}

/* --- the drugs --- */

static void code_of(km_str *kind, km_str *code, km_str *generic, km_str *generic_code, km_jv drug,
                    char room[1])
{
    for (km_jv_iter i = km_jv_each(KM_JV_GET(drug, "coding")); km_jv_next(&i);) {
        char k = km_medicines__kind(km_jv_str(KM_JV_GET(i.value, "system")));
        if (k == '7') {
            *generic = km_jv_str(KM_JV_GET(i.value, "display"));
            *generic_code = km_jv_str(KM_JV_GET(i.value, "code"));
        } else if (k != 0) {
            room[0] = k;
            *kind = (km_str){ room, 1 };
            *code = km_jv_str(KM_JV_GET(i.value, "code"));
        }
    }
}

static void write_drug(writing *o, const given *g, km_str rp)
{
    char room[1];
    km_jv drug = KM_JV_GET(g->dispense, "medicationCodeableConcept");
    km_jv usage = km_medicines__first(g->dispense, "dosageInstruction");
    km_jv daily = km_jv_at(km_medicines__first(usage, "doseAndRate"), "rateRatio.numerator");
    km_jv amount = km_jv_kind(daily) == KM_JSON_OBJECT ? daily : KM_JV_GET(g->dispense, "quantity");
    km_str kind = KM_STR("1"), code = KM_STR_NONE, generic = KM_STR_NONE, gcode = KM_STR_NONE;
    code_of(&kind, &code, &generic, &gcode, drug, room);
    km_str field[] = { rp,
                       km_jv_str(KM_JV_GET(drug, "text")),
                       km_jv_raw(KM_JV_GET(amount, "value")),
                       km_jv_str(KM_JV_GET(amount, "unit")),
                       kind,
                       code,
                       KM_STR("1"),
                       generic,
                       gcode.n > 0 ? KM_STR("2") : KM_STR_NONE,
                       gcode };
    km_medicines__row(&o->b, "201", field, 10);
    for (km_jv_iter i = km_jv_each(KM_JV_GET(g->dispense, "note")); km_jv_next(&i);) {
        km_str note[] = { rp, km_jv_str(KM_JV_GET(i.value, "text")), KM_STR("1") };
        km_medicines__row(&o->b, "291", note, 3);
    }
}

static void write_usage(writing *o, const given *g, km_str rp)
{
    km_jv usage = km_medicines__first(g->dispense, "dosageInstruction");
    km_jv days = KM_JV_GET(g->dispense, "daysSupply");
    km_str code = km_jv_str(
        KM_JV_GET(km_medicines__first(km_jv_at(usage, "timing.code"), "coding"), "code"));
    km_str unit = km_jv_str(KM_JV_GET(days, "unit"));
    bool needed = km_jv_is(KM_JV_GET(usage, "asNeededBoolean"), KM_JSON_TRUE);
    km_str field[] = { rp,
                       km_jv_str(KM_JV_GET(usage, "text")),
                       km_jv_raw(KM_JV_GET(days, "value")),
                       unit,
                       needed                    ? KM_STR("3")
                       : km_str_is(unit, "日分") ? KM_STR("1")
                                                 : KM_STR("10"),
                       code.n > 0 ? KM_STR("2") : KM_STR("1"),
                       code,
                       KM_STR("1") };
    km_medicines__row(&o->b, "301", field, 8);
}

static bool same_part(const given *a, const given *b, const char *name)
{
    km_str key = km_str_of(name);
    return km_str_eq(
        km_jv_raw(km_jv_get(km_medicines__first(a->dispense, "dosageInstruction"), key)),
        km_jv_raw(km_jv_get(km_medicines__first(b->dispense, "dosageInstruction"), key)));
}

static bool same_usage(const given *a, const given *b)
{
    return same_part(a, b, "text") && same_part(a, b, "timing")
           && same_part(a, b, "asNeededBoolean")
           && km_str_eq(km_jv_raw(KM_JV_GET(a->dispense, "daysSupply")),
                        km_jv_raw(KM_JV_GET(b->dispense, "daysSupply")));
}

/* --- dispensings --- */

static int newest_first(const void *x, const void *y)
{
    const given *a = x, *b = y;
    int c = km_str_cmp(b->day, a->day);
    if (c == 0)
        c = km_str_cmp(a->place, b->place);
    return c != 0 ? c : (a->nth > b->nth) - (a->nth < b->nth);
}

static km_code gather(writing *o, km_fault *f)
{
    size_t room = km_jv_count(KM_JV_GET(o->b.bundle, "entry"));
    if (room > ENTRIES)
        return km_fail(f, KM_TOO_COSTLY, "Bundle.entry", "at most %d entries", ENTRIES);
    o->given = KM_NEW_ARRAY(o->b.arena, room + 1, given);
    for (km_jv_iter i = km_jv_each(KM_JV_GET(o->b.bundle, "entry")); km_jv_next(&i);) {
        km_jv r = km_medicines__resource(i.value);
        if (!km_str_is(km_jv_str(KM_JV_GET(r, "resourceType")), "MedicationDispense"))
            continue;
        given *g = &o->given[o->n];
        g->dispense = r;
        g->day = km_medicines__day(&o->b, km_jv_str(KM_JV_GET(r, "whenHandedOver")));
        g->place = km_jv_text(km_medicines__first(r, "performer"), "actor.reference");
        g->request = km_medicines__look_up(
            &o->b,
            km_jv_str(KM_JV_GET(km_medicines__first(r, "authorizingPrescription"), "reference")));
        g->nth = o->n++;
        if (g->day.n == 0)
            return km_fail(f, KM_REQUIRED, "MedicationDispense.whenHandedOver", NULL);
        if (o->n > DISPENSES)
            return km_fail(f, KM_TOO_COSTLY, "MedicationDispense", "at most %d", DISPENSES);
    }
    if (o->n > 1)
        qsort(o->given, o->n, sizeof *o->given, newest_first);
    return KM_OK;
}

static void write_dispensings(writing *o)
{
    int rp = 0;
    km_str number = KM_STR_NONE, by = KM_STR_NONE;
    for (size_t i = 0; i < o->n; i++) {
        const given *g = &o->given[i], *last = i > 0 ? g - 1 : NULL;
        bool opens = last == NULL || !km_str_eq(last->day, g->day)
                     || !km_str_eq(last->place, g->place);
        km_str requester = km_jv_text(g->request, "requester.reference");
        if (opens) {
            km_str day[] = { g->day, KM_STR("1") };
            km_medicines__row(&o->b, "5", day, 2);
            write_place(o, "11", actor(o, g->dispense, "Organization"), true);
            km_str who[] = { km_medicines__name(actor(o, g->dispense, "Practitioner"), false),
                             KM_STR_NONE, KM_STR("1") };
            if (who[0].n > 0)
                km_medicines__row(&o->b, "15", who, 3);
            rp = 0;
        }
        if (opens || !km_str_eq(by, requester))
            write_prescriber(o, g->request);
        if (opens || !km_str_eq(by, requester) || !same_usage(g - 1, g))
            number = km_arena_print(o->b.arena, "%d", ++rp);
        by = requester;
        write_drug(o, g, number);
        bool closes = i + 1 == o->n || !km_str_eq(g[1].day, g->day)
                      || !km_str_eq(g[1].place, g->place) || !same_usage(g, g + 1)
                      || !km_str_eq(km_jv_text(g[1].request, "requester.reference"), requester);
        if (closes)
            write_usage(o, g, number);
    }
}

km_code km_medicines__write_notebook(km_buf *out, km_jv bundle, km_call *call)
{
    km_buf text = km_buf_in(call->arena);
    km_str bytes;
    writing o = { .b = { bundle, call->arena, &text } };
    km_buf_print(&text, "JAHISTC%02d,1\r\n", VERSION);
    KM_TRY(write_patient(&o, call->fault));
    KM_TRY(gather(&o, call->fault));
    write_dispensings(&o);
    KM_TRY(km_cp932_encode(&bytes, call->arena, km_buf_str(&text), call->fault));
    km_buf_add(out, bytes);
    return KM_OK;
}
