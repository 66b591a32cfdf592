/* SPDX-License-Identifier: Apache-2.0
 *
 * parts: elements of FHIR that notebooks and prescriptions both have. Systems are JP Core's where
 * its packages name them; for the claim codes and the twelve-digit codes of the ministry they name
 * none, these are ours.
 */
#include "gateways/medicines/inside.h"

#include "base/date.h"

static const struct {
    char kind;
    size_t digits; /* 0: any */
    const char *system;
} systems[] = {
    { '2', 0, "urn:kumihimo:receden:drug" },
    { '3', 0, "urn:kumihimo:mhlw:drug-price" },
    { '4', 0, "http://capstandard.jp/iyaku.info/CodeSystem/YJ-code" },
    { '6', 7, "urn:oid:1.2.392.200119.4.403.2" },
    { '6', 9, "urn:oid:1.2.392.200119.4.403.1" },
    { '6', 13, "urn:oid:1.2.392.200119.4.402.1" },
    { '7', 0, "urn:oid:1.2.392.100495.20.1.81" },
};

const char *km_medicines__system(km_str kind, km_str code)
{
    for (size_t i = 0; i < sizeof systems / sizeof *systems; i++)
        if (kind.n == 1 && kind.p[0] == systems[i].kind
            && (systems[i].digits == 0 || systems[i].digits == code.n))
            return systems[i].system;
    return NULL;
}

char km_medicines__kind(km_str system)
{
    for (size_t i = 0; i < sizeof systems / sizeof *systems; i++)
        if (km_str_is(system, systems[i].system))
            return systems[i].kind;
    return 0;
}

bool km_medicines__date(char out[16], km_str field)
{
    int64_t day;
    int y, m, d;
    if (!km_judge_day(&day, field))
        return false;
    km_day_to_civil(day, &y, &m, &d);
    snprintf(out, 16, "%04d-%02d-%02d", y % 10000, m % 100, d % 100);
    return true;
}

void km_medicines__drug(km_jw *w, km_str name, km_str kind, km_str code, km_str generic,
                        km_str generic_code)
{
    const char *system = km_medicines__system(kind, code);
    km_jw_key(w, "medicationCodeableConcept");
    km_jw_open(w, '{');
    if ((system != NULL && code.n > 0) || generic_code.n > 0) {
        km_jw_key(w, "coding");
        km_jw_open(w, '[');
        if (system != NULL && code.n > 0)
            km_entry_coding(w, system, code);
        if (generic_code.n > 0) {
            km_jw_open(w, '{');
            km_jw_member_z(w, "system", km_medicines__system(KM_STR("7"), generic_code));
            km_jw_member(w, "code", generic_code);
            if (generic.n > 0)
                km_jw_member(w, "display", generic);
            km_jw_close(w, '}');
        }
        km_jw_close(w, ']');
    }
    if (name.n + code.n > 0)
        km_jw_member(w, "text", name.n > 0 ? name : code);
    km_jw_close(w, '}');
}

/* A number as JSON has it: no sign without digits, no leading zeros, a digit before the point. */
static km_str json_number(char out[32], km_str s)
{
    size_t at = 0;
    if (s.n == 0 || s.n > 20 || !km_field_number(s))
        return KM_STR_NONE;
    bool minus = s.p[0] == '-';
    s = km_str_sub(s, minus, s.n);
    while (s.n > 1 && s.p[0] == '0' && s.p[1] != '.')
        s = km_str_sub(s, 1, s.n);
    if (minus)
        out[at++] = '-';
    if (s.p[0] == '.')
        out[at++] = '0';
    memcpy(out + at, s.p, s.n);
    at += s.n;
    if (out[at - 1] == '.')
        at--;
    return (km_str){ out, at };
}

void km_medicines__quantity(km_jw *w, const char *name, km_str value, km_str unit)
{
    char text[32];
    km_str number = json_number(text, value);
    if (number.n == 0)
        return;
    km_jw_key(w, name);
    km_jw_open(w, '{');
    km_jw_key(w, "value");
    km_jw_raw(w, number);
    if (unit.n > 0)
        km_jw_member(w, "unit", unit);
    km_jw_close(w, '}');
}

static void write_telecom(km_jw *w, km_str telephone)
{
    if (telephone.n == 0)
        return;
    km_jw_key(w, "telecom");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    km_jw_member_z(w, "system", "phone");
    km_jw_member(w, "value", telephone);
    km_jw_close(w, '}');
    km_jw_close(w, ']');
}

/* False when it stands among the entries already. */
static bool is_first(km_med_text *t, km_str id)
{
    for (size_t i = 0; i < t->n_written; i++)
        if (km_str_eq(t->written[i], id))
            return false;
    if (t->n_written < KM_MED_SHARED)
        t->written[t->n_written++] = id;
    return true;
}

km_str km_medicines__organization(km_jw *w, km_med_text *t, km_str code, km_str name,
                                  km_str telephone)
{
    km_str key[] = { code.n > 0 ? code : name };
    km_str id = km_entry_id(t->arena, code.n > 0 ? "Organization" : "Organization.name", key, 1);
    if (!is_first(t, id))
        return id;
    km_entry_open(w, "Organization", id);
    if (code.n > 0) {
        km_jw_key(w, "identifier");
        km_jw_open(w, '[');
        km_entry_identifier(
            w, KM_STR("http://jpfhir.jp/fhir/core/IdSystem/insurance-medical-institution-no"),
            code);
        km_jw_close(w, ']');
    }
    if (name.n > 0)
        km_jw_member(w, "name", name);
    write_telecom(w, telephone);
    km_entry_close(w, "Organization", id);
    return id;
}

km_str km_medicines__practitioner(km_jw *w, km_med_text *t, km_str organization, km_str name,
                                  km_str code)
{
    km_str key[] = { organization, code, name };
    km_str id = km_entry_id(t->arena, "Practitioner", key, 3);
    if (!is_first(t, id))
        return id;
    km_entry_open(w, "Practitioner", id);
    if (name.n > 0) {
        km_jw_key(w, "name");
        km_jw_open(w, '[');
        km_entry_name(w, "IDE", name);
        km_jw_close(w, ']');
    }
    km_entry_close(w, "Practitioner", id);
    return id;
}

km_str km_medicines__role(km_jw *w, km_med_text *t, km_str organization, km_str practitioner,
                          km_str department)
{
    km_str key[] = { organization, practitioner, department };
    km_str id = km_entry_id(t->arena, "PractitionerRole", key, 3);
    if (!is_first(t, id))
        return id;
    km_entry_open(w, "PractitionerRole", id);
    km_entry_reference(w, "practitioner", "Practitioner", practitioner);
    if (organization.n > 0)
        km_entry_reference(w, "organization", "Organization", organization);
    if (department.n > 0) {
        km_jw_key(w, "specialty");
        km_jw_open(w, '[');
        km_jw_open(w, '{');
        km_jw_member(w, "text", department);
        km_jw_close(w, '}');
        km_jw_close(w, ']');
    }
    km_entry_close(w, "PractitionerRole", id);
    return id;
}

void km_medicines__patient(km_jw *w, const km_med_text *t, const km_med_person *p)
{
    char born[16];
    km_entry_open(w, "Patient", t->patient);
    if (p->number.n > 0) {
        km_jw_key(w, "identifier");
        km_jw_open(w, '[');
        km_entry_identifier(w, p->number_system, p->number);
        km_jw_close(w, ']');
    }
    if (p->name.n + p->kana.n > 0) {
        km_jw_key(w, "name");
        km_jw_open(w, '[');
        km_entry_name(w, "IDE", p->name);
        km_entry_name(w, "SYL", p->kana);
        km_jw_close(w, ']');
    }
    write_telecom(w, p->telephone);
    km_jw_member_z(w, "gender",
                   km_str_is(p->sex, "1")   ? "male"
                   : km_str_is(p->sex, "2") ? "female"
                                            : "unknown");
    if (km_medicines__date(born, p->born))
        km_jw_member_z(w, "birthDate", born);
    if (p->address.n + p->postal.n > 0) {
        km_jw_key(w, "address");
        km_jw_open(w, '[');
        km_jw_open(w, '{');
        if (p->address.n > 0)
            km_jw_member(w, "text", p->address);
        if (p->postal.n > 0)
            km_jw_member(w, "postalCode", p->postal);
        km_jw_close(w, '}');
        km_jw_close(w, ']');
    }
    km_entry_close(w, "Patient", t->patient);
}
