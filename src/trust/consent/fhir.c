/* SPDX-License-Identifier: Apache-2.0
 *
 * fhir: FHIR R4 Consent to compiled bytes. What the resource says and we do not understand is
 * marked where it stands (README.md, 3).
 */
#include "base/date.h"
#include "codec/fhir/fhir.h"
#include "trust/consent/inside.h"

#define SCOPES "http://terminology.hl7.org/CodeSystem/consentscope"
#define ACT_CODE "http://terminology.hl7.org/CodeSystem/v3-ActCode"

static km_str system_of(km_jv coding)
{
    return km_jv_text(coding, "system");
}

static km_str code_of(km_jv coding)
{
    return km_jv_text(coding, "code");
}

static km_code once(km_ms *low, km_ms *high, km_jv v, const char *path, km_fault *f)
{
    km_civil c;
    if (!km_jv_is(v, KM_JSON_STRING) || !km_civil_parse(&c, km_jv_str(v)))
        return km_fail(f, KM_BAD_VALUE, path, "a date");
    km_civil_interval(low, high, &c);
    return KM_OK;
}

/* An end that is there but not given (a data-absent-reason, say) might be any. */
static km_code period(km_consent__build *b, km_criterion c, km_jv v)
{
    km_ms low = INT64_MIN, high = INT64_MAX, other;
    km_jv start = KM_JV_GET(v, "start"), end = KM_JV_GET(v, "end");
    if (km_jv_kind(v) == KM_JSON_NONE)
        return KM_OK;
    km_consent__given(b, c);
    if (km_jv_kind(start) != KM_JSON_NONE)
        KM_TRY(once(&low, &other, start, "Consent.provision.period.start", b->fault));
    if (km_jv_kind(end) != KM_JSON_NONE)
        KM_TRY(once(&other, &high, end, "Consent.provision.period.end", b->fault));
    if ((low == INT64_MIN && high == INT64_MAX) || km_jv_kind(KM_JV_GET(v, "_start"))
        || km_jv_kind(KM_JV_GET(v, "_end"))) {
        km_consent__unclear(b, c);
        high = INT64_MIN; /* never a plain hit */
    }
    *(c == KM_BY_PERIOD ? &b->node.period_low : &b->node.time_low) = low;
    *(c == KM_BY_PERIOD ? &b->node.period_high : &b->node.time_high) = high;
    return KM_OK;
}

static km_code coding(km_consent__build *b, km_criterion c, km_jv v)
{
    km_str word = km_consent__word(b->arena, c, system_of(v), code_of(v));
    if (word.n == 0) {
        km_consent__unclear(b, c);
        return KM_OK;
    }
    return km_consent__add(b, c, word, KM_STR_NONE);
}

/* Any of the codings of a concept may hit; one that is not understood leaves it unclear only
 * where none is, since codings of one concept say the same. */
static km_code concept(km_consent__build *b, km_criterion c, km_jv v)
{
    bool any = false;
    for (km_jv_iter i = km_jv_each(KM_JV_GET(v, "coding")); km_jv_next(&i);) {
        km_str word = km_consent__word(b->arena, c, system_of(i.value), code_of(i.value));
        if (word.n == 0)
            continue;
        any = true;
        KM_TRY(km_consent__add(b, c, word, KM_STR_NONE));
    }
    if (!any)
        km_consent__unclear(b, c);
    return KM_OK;
}

/* "Practitioner/1" of this server; anything else is not the requester's name for sure. */
static km_str local(km_arena *a, km_str text, bool actor)
{
    static const char *const kinds[] = { "Practitioner", "PractitionerRole", "Organization",
                                         "CareTeam",     "Device",           "RelatedPerson",
                                         "Patient" };
    km_reference r;
    if (text.n == 0 || !km_reference_parse(&r, text) || r.base.n > 0 || r.urn || r.contained
        || r.canonical || r.type == 0 || r.id.n == 0)
        return KM_STR_NONE;
    km_str type = km_fhir_type_name(r.type);
    bool known = !actor;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        known |= km_str_is(type, kinds[i]);
    return known ? km_arena_print(a, "%.*s/%.*s", KM_STR_ARG(type), KM_STR_ARG(r.id)) : KM_STR_NONE;
}

static km_str identified(km_arena *a, km_jv reference)
{
    km_jv id = KM_JV_GET(reference, "identifier");
    km_str system = km_jv_text(id, "system"), value = km_jv_text(id, "value");
    if (system.n == 0 || value.n == 0)
        return KM_STR_NONE;
    return km_arena_print(a, "%.*s|%.*s", KM_STR_ARG(system), KM_STR_ARG(value));
}

/* What its role says; *understood when it is a profession or says only that somebody receives. */
static km_str role_of(km_arena *a, bool *understood, km_jv actor)
{
    km_str role = KM_STR_NONE;
    bool any;
    *understood = false;
    for (km_jv_iter i = km_jv_each(km_jv_at(actor, "role.coding")); km_jv_next(&i);) {
        km_str one = km_consent__role(a, &any, system_of(i.value), code_of(i.value));
        *understood |= any || one.n > 0;
        if (one.n > 0)
            role = one;
    }
    return role;
}

static km_code actor(km_consent__build *b, km_jv v)
{
    km_jv reference = KM_JV_GET(v, "reference");
    bool understood;
    km_str role = role_of(b->arena, &understood, v);
    km_str name = local(b->arena, km_jv_text(reference, "reference"), true);
    km_str id = identified(b->arena, reference);
    bool says_who = km_jv_kind(KM_JV_GET(reference, "reference"))
                    || km_jv_kind(KM_JV_GET(reference, "identifier"))
                    || km_jv_kind(KM_JV_GET(reference, "display"));
    if (!understood || (says_who && name.n + id.n == 0) || name.n + id.n + role.n == 0) {
        km_consent__unclear(b, KM_BY_ACTOR);
        return KM_OK;
    }
    if (id.n > 0)
        KM_TRY(km_consent__add(b, KM_BY_ACTOR, id, role));
    if (name.n > 0 || id.n == 0)
        KM_TRY(km_consent__add(b, KM_BY_ACTOR, name, role));
    return KM_OK;
}

/* R4 consent-data-meaning: of instance, related, dependents, authoredby the first can be told
 * from a record alone. */
static km_code record(km_consent__build *b, km_jv v)
{
    km_str name = local(b->arena, km_jv_text(v, "reference.reference"), false);
    if (name.n == 0 || !km_str_is(km_jv_text(v, "meaning"), "instance")) {
        km_consent__unclear(b, KM_BY_RECORD);
        return KM_OK;
    }
    return km_consent__add(b, KM_BY_RECORD, name, KM_STR_NONE);
}

static km_code list(km_consent__build *b, km_jv provision, const char *name, km_criterion c)
{
    km_jv v = km_jv_get(provision, km_str_of(name));
    if (km_jv_kind(v) == KM_JSON_NONE)
        return KM_OK;
    km_consent__given(b, c);
    if (km_jv_count(v) == 0 || !km_jv_is(v, KM_JSON_ARRAY))
        km_consent__unclear(b, c);
    for (km_jv_iter i = km_jv_each(v); km_jv_next(&i);) {
        bool concepts = c == KM_BY_ACTION || c == KM_BY_CODE;
        KM_TRY(c == KM_BY_ACTOR    ? actor(b, i.value)
               : c == KM_BY_RECORD ? record(b, i.value)
               : concepts          ? concept(b, c, i.value)
                                   : coding(b, c, i.value));
    }
    return KM_OK;
}

static km_code read_provision(km_consent__build *b, km_jv provision)
{
    static const struct {
        const char *name;
        km_criterion criterion;
    } lists[] = { { "actor", KM_BY_ACTOR },     { "action", KM_BY_ACTION },
                  { "purpose", KM_BY_PURPOSE }, { "class", KM_BY_CLASS },
                  { "code", KM_BY_CODE },       { "securityLabel", KM_BY_LABEL },
                  { "data", KM_BY_RECORD } };
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        KM_TRY(list(b, provision, lists[i].name, lists[i].criterion));
    KM_TRY(period(b, KM_BY_PERIOD, KM_JV_GET(provision, "period")));
    return period(b, KM_BY_TIME, KM_JV_GET(provision, "dataPeriod"));
}

/* No modifier of an extension is known to us, and no set of implicit rules. */
static bool is_modified(km_jv consent)
{
    const km_json *d = consent.doc;
    uint32_t end = d->node[consent.at].next;
    for (uint32_t i = consent.at; i < end; i++) {
        km_str s = d->node[i].kind == KM_JSON_STRING ? km_jv_str((km_jv){ d, i }) : KM_STR_NONE;
        if (km_str_is(s, "modifierExtension") || km_str_is(s, "implicitRules")
            || km_str_is(s, "_implicitRules"))
            return true;
    }
    return false;
}

static void networks(km_consent__build *b, km_jv consent)
{
    for (km_jv_iter i = km_jv_each(KM_JV_GET(consent, "organization")); km_jv_next(&i);) {
        km_str name = local(b->arena, km_jv_text(i.value, "reference"), true);
        km_str id = identified(b->arena, i.value);
        if (name.n > 0)
            km_consent__network(b, name);
        if (id.n > 0)
            km_consent__network(b, id);
        if (name.n + id.n == 0)
            b->head.flags |= KM_CONSENT__LOOSE | KM_CONSENT__DENY_ONLY;
    }
    if (b->head.networks == 0)
        b->head.flags |= KM_CONSENT__LOOSE | KM_CONSENT__DENY_ONLY;
}

static void categories(km_consent__build *b, km_jv consent)
{
    for (km_jv_iter i = km_jv_each(KM_JV_GET(consent, "category")); km_jv_next(&i);)
        for (km_jv_iter k = km_jv_each(KM_JV_GET(i.value, "coding")); km_jv_next(&k);)
            if (code_of(k.value).n > 0)
                km_consent__category(
                    b, km_consent__word(b->arena, KM_BY_CODE,
                                        system_of(k.value).n ? system_of(k.value) : KM_STR("-"),
                                        code_of(k.value)));
    if (b->head.categories == 0)
        b->head.flags |= KM_CONSENT__LOOSE;
}

static bool has_coding(km_jv concept_value, const char *system, const char *code)
{
    for (km_jv_iter i = km_jv_each(KM_JV_GET(concept_value, "coding")); km_jv_next(&i);)
        if (km_str_is(system_of(i.value), system) && km_str_is(code_of(i.value), code))
            return true;
    return false;
}

static void scope(km_consent__build *b, km_jv consent)
{
    km_jv s = KM_JV_GET(consent, "scope");
    if (has_coding(s, SCOPES, "patient-privacy") || has_coding(s, SCOPES, "research"))
        return;
    if (has_coding(s, SCOPES, "treatment") || has_coding(s, SCOPES, "adr"))
        b->head.flags |= KM_CONSENT__ELSEWHERE;
    else
        b->head.flags |= KM_CONSENT__LOOSE | KM_CONSENT__DENY_ONLY;
}

/* Said not to be verified, and never said to be. */
static bool is_unverified(km_jv consent)
{
    bool no = false, yes = false;
    for (km_jv_iter i = km_jv_each(KM_JV_GET(consent, "verification")); km_jv_next(&i);) {
        bool one = km_jv_is(KM_JV_GET(i.value, "verified"), KM_JSON_TRUE);
        yes |= one;
        no |= !one;
    }
    return no && !yes;
}

static km_code status(km_consent__build *b, km_jv consent)
{
    static const char *const known[] = { "draft",    "proposed", "active",
                                         "rejected", "inactive", "entered-in-error" };
    km_str s = km_jv_text(consent, "status");
    b->head.active = km_str_is(s, "active");
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (km_str_is(s, known[i]))
            return KM_OK;
    return km_fail(b->fault, s.n ? KM_CODE_UNKNOWN : KM_REQUIRED, "Consent.status", NULL);
}

km_code km_consent_compile(km_consent *out, km_arena *a, km_jv consent, km_fault *f)
{
    km_consent__build b;
    km_ms end;
    km_jv when = KM_JV_GET(consent, "dateTime");
    *out = (km_consent){ NULL, 0 };
    if (!km_str_is(km_jv_text(consent, "resourceType"), "Consent"))
        return km_fail(f, KM_INVALID, "resourceType", "Consent");
    km_consent__begin(&b, a, f);
    KM_TRY(status(&b, consent));
    /* Without it nobody can tell which of two consents is the newer. */
    if (km_jv_kind(when) == KM_JSON_NONE)
        return km_fail(f, KM_REQUIRED, "Consent.dateTime", NULL);
    KM_TRY(once(&b.head.dated, &end, when, "Consent.dateTime", f));
    b.head.id = km_consent__keep(&b, km_jv_text(consent, "id"));
    b.head.subject = km_consent__keep(&b, km_jv_text(consent, "patient.reference"));
    if (is_modified(consent))
        b.head.flags |= KM_CONSENT__OPAQUE;
    if (is_unverified(consent))
        b.head.flags |= KM_CONSENT__DENY_ONLY;
    scope(&b, consent);
    networks(&b, consent);
    categories(&b, consent);
    KM_TRY(km_consent__walk(&b, KM_JV_GET(consent, "provision"),
                            has_coding(KM_JV_GET(consent, "policyRule"), ACT_CODE, "OPTOUT"),
                            read_provision));
    return km_consent__finish(out, &b);
}
