/* SPDX-License-Identifier: Apache-2.0
 *
 * rules: what the screen says of a record in one line, and where it stands. Pure.
 */
#include "services/emergency/emergency.h"

/* Most urgent first. T and K are rows of data/classes/items.tsv. */
const km_section km_emergency__sections[KM_SECTIONS] = {
    { "allergies", "K01" },      { "directives", "K04" },
    { "blood", "K02" },          { "summary", "K05" },
    { "medicines", "T48" },      { "problems", "T42 T41" },
    { "contacts", "K03" },       { "history", "T44 T45 T46 T50 T51" },
    { "tests", "T47" },          { "pastMedicines", "T49 T52" },
    { "visits", "T16 T17 T43" }, { "insurance", "T04 T05 T06 T07 T08 T09 T10 T12" },
};

static bool has_any(const km_classes *c, km_carried carried, const char *items)
{
    const km_shared_item *item;
    size_t n = km_classes_items(&item, c);
    for (km_str left = km_str_of(items), one; left.n > 0;) {
        one = km_str_cut(left, ' ', &left);
        for (size_t i = 0; i < n; i++)
            if (km_str_eq(item[i].id, one) && km_carried_has(carried, i))
                return true;
    }
    return false;
}

size_t km_emergency__section(const km_classes *c, km_carried carried)
{
    size_t s = 0;
    while (s < KM_SECTIONS && !has_any(c, carried, km_emergency__sections[s].items))
        s++;
    return s;
}

/* --- words --- */

km_str km_emergency__concept(km_jv concept)
{
    km_str text = km_jv_text(concept, "text");
    for (km_jv_iter i = km_jv_each(KM_JV_GET(concept, "coding")); text.n == 0 && km_jv_next(&i);)
        text = km_jv_text(i.value, "display");
    if (text.n == 0)
        text = km_jv_text(km_jv_item(KM_JV_GET(concept, "coding"), 0), "code");
    return text;
}

static km_str one_name(km_jv name, km_arena *a)
{
    km_buf out = km_buf_in(a);
    km_buf_add(&out, km_jv_text(name, "family"));
    for (km_jv_iter i = km_jv_each(KM_JV_GET(name, "given")); km_jv_next(&i);) {
        if (out.n > 0)
            km_buf_char(&out, ' ');
        km_buf_add(&out, km_jv_str(i.value));
    }
    return out.n > 0 ? km_buf_str(&out) : km_jv_text(name, "text");
}

/* JP Core: the reading carries iso21090-EN-representation SYL. */
static bool is_reading(km_jv name)
{
    for (km_jv_iter i = km_jv_each(KM_JV_GET(name, "extension")); km_jv_next(&i);)
        if (km_str_is(km_jv_text(i.value, "valueCode"), "SYL"))
            return true;
    return false;
}

void km_emergency__names(km_str *name, km_str *kana, km_jv patient, km_arena *a)
{
    *name = *kana = KM_STR("");
    for (km_jv_iter i = km_jv_each(KM_JV_GET(patient, "name")); km_jv_next(&i);) {
        km_str *to = is_reading(i.value) ? kana : name;
        if (to->n == 0)
            *to = one_name(i.value, a);
    }
}

static km_str first(km_jv v, const char *name)
{
    km_jv at = km_jv_at(v, name);
    if (km_jv_is(at, KM_JSON_ARRAY))
        at = km_jv_item(at, 0);
    return km_jv_is(at, KM_JSON_OBJECT) ? km_emergency__concept(at) : km_jv_str(at);
}

static km_str first_of(km_jv v, const char *const *names)
{
    km_str text = KM_STR("");
    for (; *names != NULL && text.n == 0; names++)
        text = first(v, *names);
    return text;
}

static void join(km_buf *out, km_str more)
{
    if (more.n == 0)
        return;
    if (out->n > 0)
        km_buf_z(out, " · ");
    km_buf_add(out, more);
}

static km_str value_of(km_jv o, km_arena *a)
{
    km_jv q = KM_JV_GET(o, "valueQuantity");
    if (km_jv_is(q, KM_JSON_OBJECT))
        return km_arena_print(a, "%.*s %.*s", KM_STR_ARG(km_jv_str(KM_JV_GET(q, "value"))),
                              KM_STR_ARG(km_jv_text(q, "unit")));
    km_str text = km_jv_text(o, "valueString");
    return text.n > 0 ? text : km_emergency__concept(KM_JV_GET(o, "valueCodeableConcept"));
}

static km_str phone_of(km_jv who)
{
    for (km_jv_iter i = km_jv_each(KM_JV_GET(who, "telecom")); km_jv_next(&i);)
        if (km_str_is(km_jv_text(i.value, "system"), "phone"))
            return km_jv_text(i.value, "value");
    return KM_STR("");
}

/* --- by type: one row each --- */

typedef void teller(km_said *out, km_jv r, km_buf *detail, km_arena *a);

static void allergy(km_said *out, km_jv r, km_buf *detail, km_arena *a)
{
    (void)a;
    out->text = first(r, "code");
    out->grave = km_str_is(km_jv_text(r, "criticality"), "high");
    for (km_jv_iter i = km_jv_each(KM_JV_GET(r, "reaction")); km_jv_next(&i);)
        for (km_jv_iter m = km_jv_each(KM_JV_GET(i.value, "manifestation")); km_jv_next(&m);)
            join(detail, km_emergency__concept(m.value));
}

static void medicine(km_said *out, km_jv r, km_buf *detail, km_arena *a)
{
    static const char *const names[] = { "medicationCodeableConcept", "medicationReference.display",
                                         NULL };
    (void)a;
    out->text = first_of(r, names);
    for (km_jv_iter i = km_jv_each(KM_JV_GET(r, "dosageInstruction")); km_jv_next(&i);)
        join(detail, km_jv_text(i.value, "text"));
    for (km_jv_iter i = km_jv_each(KM_JV_GET(r, "dosage")); km_jv_next(&i);)
        join(detail, km_jv_text(i.value, "text"));
}

static void observation(km_said *out, km_jv r, km_buf *detail, km_arena *a)
{
    out->text = value_of(r, a);
    join(detail, first(r, "code"));
}

static void condition(km_said *out, km_jv r, km_buf *detail, km_arena *a)
{
    (void)a;
    out->text = first(r, "code");
    join(detail, first(r, "clinicalStatus"));
    join(detail, first(r, "severity"));
}

static void related(km_said *out, km_jv r, km_buf *detail, km_arena *a)
{
    out->text = one_name(km_jv_item(KM_JV_GET(r, "name"), 0), a);
    join(detail, first(r, "relationship"));
    out->phone = phone_of(r);
}

static void directive(km_said *out, km_jv r, km_buf *detail, km_arena *a)
{
    static const char *const names[] = { "category", "policyRule", NULL };
    (void)a;
    out->text = first_of(r, names);
    join(detail,
         km_str_is(km_jv_text(r, "status"), "active") ? KM_STR("") : km_jv_text(r, "status"));
    join(detail, km_jv_text(r, "sourceAttachment.title"));
    join(detail, km_jv_text(r, "provision.type"));
    out->grave = true;
}

static void coverage(km_said *out, km_jv r, km_buf *detail, km_arena *a)
{
    km_jv payor = km_jv_item(KM_JV_GET(r, "payor"), 0);
    (void)a;
    out->text = first(r, "type");
    join(detail, km_jv_text(payor, "display"));
    join(detail, km_jv_text(r, "subscriberId"));
    if (out->text.n == 0)
        out->text = km_jv_text(payor, "display");
}

static void visit(km_said *out, km_jv r, km_buf *detail, km_arena *a)
{
    static const char *const names[] = { "serviceProvider.display", "reasonCode", "type", "class",
                                         NULL };
    (void)a;
    out->text = first_of(r, names);
    if (out->text.n == 0)
        out->text = km_jv_text(r, "class.display");
    if (out->text.n == 0)
        out->text = km_jv_text(r, "class.code");
    join(detail, first(r, "reasonCode"));
}

static void other(km_said *out, km_jv r, km_buf *detail, km_arena *a)
{
    static const char *const names[] = {
        "code",       "title",           "description", "type",
        "category",   "vaccineCode",     "summary",     "device.display",
        "deviceName", "patient.display", NULL
    };
    (void)a;
    out->text = first_of(r, names);
    join(detail, first(r, "outcome"));
    join(detail, first(r, "conclusion"));
}

static const struct {
    const char *type;
    teller *tell;
} tellers[] = {
    { "AllergyIntolerance", allergy },
    { "MedicationRequest", medicine },
    { "MedicationStatement", medicine },
    { "MedicationDispense", medicine },
    { "MedicationAdministration", medicine },
    { "Observation", observation },
    { "Condition", condition },
    { "RelatedPerson", related },
    { "Consent", directive },
    { "Coverage", coverage },
    { "Encounter", visit },
};

void km_emergency__said(km_said *out, km_jv resource, km_ftype type, km_arena *a)
{
    km_str name = km_fhir_type_name(type);
    km_buf detail = km_buf_in(a);
    teller *tell = other;
    for (size_t i = 0; i < sizeof tellers / sizeof *tellers; i++)
        if (km_str_is(name, tellers[i].type))
            tell = tellers[i].tell;
    *out = (km_said){ .phone = KM_STR("") };
    tell(out, resource, &detail, a);
    out->detail = km_buf_str(&detail);
    if (out->text.n == 0)
        out->text = name;
}
