/* SPDX-License-Identifier: Apache-2.0
 *
 * compact: the form of the published test vectors. Words are taken as they are, times are integers.
 */
#include "trust/consent/inside.h"

static const struct {
    const char *name;
    km_criterion criterion;
} lists[] = {
    { "actor", KM_BY_ACTOR }, { "action", KM_BY_ACTION }, { "purpose", KM_BY_PURPOSE },
    { "class", KM_BY_CLASS }, { "code", KM_BY_CODE },     { "securityLabel", KM_BY_LABEL }
};

static km_code integer(int64_t *out, km_jv v, const char *path, km_fault *f)
{
    if (!km_jv_is(v, KM_JSON_NUMBER) || !km_str_to_i64(out, km_jv_str(v)))
        return km_fail(f, KM_BAD_VALUE, path, "an integer");
    return KM_OK;
}

static km_code word(km_str *out, km_jv object, const char *name, km_fault *f)
{
    km_jv v = km_jv_get(object, km_str_of(name));
    *out = km_jv_str(v);
    if (!km_jv_is(v, KM_JSON_STRING) || out->n == 0)
        return km_fail(f, KM_BAD_VALUE, name, "a word");
    return KM_OK;
}

static km_code list(km_consent__build *b, km_jv provision, size_t which)
{
    const char *name = lists[which].name;
    km_jv v = km_jv_get(provision, km_str_of(name));
    if (km_jv_kind(v) == KM_JSON_NONE)
        return KM_OK;
    if (!km_jv_is(v, KM_JSON_ARRAY))
        return km_fail(b->fault, KM_BAD_VALUE, name, "an array of words");
    km_consent__given(b, lists[which].criterion);
    for (km_jv_iter i = km_jv_each(v); km_jv_next(&i);) {
        if (!km_jv_is(i.value, KM_JSON_STRING))
            return km_fail(b->fault, KM_BAD_VALUE, name, "an array of words");
        KM_TRY(km_consent__add(b, lists[which].criterion, km_jv_str(i.value), KM_STR_NONE));
    }
    return KM_OK;
}

static km_code period(int64_t *low, int64_t *high, km_jv v, km_fault *f)
{
    km_jv start = KM_JV_GET(v, "start"), end = KM_JV_GET(v, "end");
    *low = INT64_MIN;
    *high = INT64_MAX;
    if (!km_jv_is(v, KM_JSON_OBJECT))
        return km_fail(f, KM_BAD_VALUE, "period", "an object");
    if (km_jv_kind(start) != KM_JSON_NONE)
        KM_TRY(integer(low, start, "period.start", f));
    if (km_jv_kind(end) != KM_JSON_NONE)
        KM_TRY(integer(high, end, "period.end", f));
    return KM_OK;
}

/* A member that is not known might narrow a permit: it is refused. */
static km_code only_known(km_jv provision, km_fault *f)
{
    static const char *const known[] = { "type",  "provision",    "period",  "dataPeriod",
                                         "actor", "action",       "purpose", "class",
                                         "code",  "securityLabel" };
    for (km_jv_iter i = km_jv_each(provision); km_jv_next(&i);) {
        bool is = false;
        for (size_t k = 0; k < sizeof known / sizeof *known; k++)
            is |= km_str_is(i.name, known[k]);
        if (!is)
            return km_fail(f, KM_INVALID, "provision", "an unknown member");
    }
    return KM_OK;
}

static km_code read_provision(km_consent__build *b, km_jv provision)
{
    km_jv now = KM_JV_GET(provision, "period"), time = KM_JV_GET(provision, "dataPeriod");
    KM_TRY(only_known(provision, b->fault));
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        KM_TRY(list(b, provision, i));
    if (km_jv_kind(now) != KM_JSON_NONE) {
        km_consent__given(b, KM_BY_PERIOD);
        KM_TRY(period(&b->node.period_low, &b->node.period_high, now, b->fault));
    }
    if (km_jv_kind(time) != KM_JSON_NONE) {
        km_consent__given(b, KM_BY_TIME);
        KM_TRY(period(&b->node.time_low, &b->node.time_high, time, b->fault));
    }
    return KM_OK;
}

km_code km_consent_compile_compact(km_consent *out, km_arena *a, km_jv consent, km_fault *f)
{
    km_consent__build b;
    km_str id, status, network, category, rule;
    *out = (km_consent){ NULL, 0 };
    km_consent__begin(&b, a, f);
    KM_TRY(word(&id, consent, "id", f));
    KM_TRY(word(&status, consent, "status", f));
    KM_TRY(word(&network, consent, "network", f));
    KM_TRY(word(&category, consent, "category", f));
    KM_TRY(word(&rule, consent, "policyRule", f));
    KM_TRY(integer(&b.head.dated, KM_JV_GET(consent, "dateTime"), "dateTime", f));
    if (!km_str_is(rule, "OPTIN") && !km_str_is(rule, "OPTOUT"))
        return km_fail(f, KM_CODE_UNKNOWN, "policyRule", "OPTIN or OPTOUT");
    b.head.id = km_consent__keep(&b, id);
    b.head.active = km_str_is(status, "active");
    km_consent__network(&b, network);
    km_consent__category(&b, category);
    KM_TRY(km_consent__walk(&b, KM_JV_GET(consent, "provision"), km_str_is(rule, "OPTOUT"),
                            read_provision));
    return km_consent__finish(out, &b);
}

static km_code words(const km_str **out, size_t *n, km_arena *a, km_jv v, km_fault *f)
{
    km_str *s = KM_NEW_ARRAY(a, km_jv_count(v) + 1u, km_str);
    *n = 0;
    if (!km_jv_is(v, KM_JSON_ARRAY))
        return km_fail(f, KM_BAD_VALUE, "request", "an array of words");
    for (km_jv_iter i = km_jv_each(v); km_jv_next(&i);) {
        if (!km_jv_is(i.value, KM_JSON_STRING))
            return km_fail(f, KM_BAD_VALUE, "request", "an array of words");
        s[(*n)++] = km_jv_str(i.value);
    }
    *out = s;
    return KM_OK;
}

static km_code read_request(km_consent_request *r, km_arena *a, km_jv v, km_fault *f)
{
    km_str *code = KM_NEW(a, km_str);
    km_jv grant = KM_JV_GET(v, "emergencyGrant");
    *r = (km_consent_request){ .passed = KM_ASK_ALL, .related = true, .codes = 1, .code = code };
    if (!km_jv_is(v, KM_JSON_OBJECT))
        return km_fail(f, KM_REQUIRED, "request", NULL);
    KM_TRY(integer(&r->now, KM_JV_GET(v, "now"), "request.now", f));
    KM_TRY(integer(&r->time, KM_JV_GET(v, "dataTime"), "request.dataTime", f));
    KM_TRY(word(&r->network, v, "network", f));
    KM_TRY(word(&r->action, v, "action", f));
    KM_TRY(word(&r->purpose, v, "purpose", f));
    KM_TRY(word(&r->klass, v, "class", f));
    KM_TRY(word(code, v, "code", f));
    KM_TRY(words(&r->actor, &r->actors, a, KM_JV_GET(v, "actors"), f));
    KM_TRY(words(&r->label, &r->labels, a, KM_JV_GET(v, "labels"), f));
    if (!km_jv_is(grant, KM_JSON_TRUE) && !km_jv_is(grant, KM_JSON_FALSE))
        return km_fail(f, KM_BAD_VALUE, "request.emergencyGrant", "true or false");
    r->grant = km_jv_is(grant, KM_JSON_TRUE) ? KM_GRANT_MINIMUM : KM_GRANT_NONE;
    return KM_OK;
}

km_code km_consent_read_case(km_consent_case *out, km_arena *a, km_jv line, km_fault *f)
{
    km_jv network = KM_JV_GET(line, "network"), consents = KM_JV_GET(line, "consents");
    km_str by_default;
    memset(out, 0, sizeof *out);
    KM_TRY(read_request(&out->request, a, KM_JV_GET(line, "request"), f));
    KM_TRY(word(&out->network.id, network, "id", f));
    KM_TRY(word(&by_default, network, "default", f));
    if (!km_str_is(by_default, "permit") && !km_str_is(by_default, "deny"))
        return km_fail(f, KM_BAD_VALUE, "network.default", "permit or deny");
    out->network.basis = km_str_is(by_default, "permit") ? KM_BASIS_OPT_OUT : KM_BASIS_OPT_IN;
    if (!km_jv_is(consents, KM_JSON_ARRAY))
        return km_fail(f, KM_BAD_VALUE, "consents", "an array");
    km_consent *c = KM_NEW_ARRAY(a, km_jv_count(consents) + 1u, km_consent);
    for (km_jv_iter i = km_jv_each(consents); km_jv_next(&i);)
        KM_TRY(km_consent_compile_compact(&c[out->consents++], a, i.value, f));
    out->consent = c;
    return KM_OK;
}
