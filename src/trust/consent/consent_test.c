/* SPDX-License-Identifier: Apache-2.0 */
#include "trust/consent/consent.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#include "base/date.h"
#include "codec/fhir/fhir.h"
#include "trust/consent/inside.h"

#define V3 "http://terminology.hl7.org/CodeSystem/v3-"
#define TREAT "{\"system\":\"" V3 "ActReason\",\"code\":\"TREAT\"}"
#define NURSE                                             \
    "\"actor\":[{\"role\":{\"coding\":[{\"system\":\"" V3 \
    "ParticipationType\",\"code\":\"IRCP\"}]},"           \
    "\"reference\":{\"reference\":\"Practitioner/1\"}}]"

/* A consent of network n1, of 2024-05-01 Japan time, with this rule, provision and extra members.
 */
static km_jv fhir(km_arena *a, const char *rule, const char *provision, const char *extra)
{
    km_json *doc;
    km_fault f = { 0 };
    km_str text = km_arena_print(
        a,
        "{\"resourceType\":\"Consent\",\"id\":\"c1\",\"status\":\"active\",\"scope\":{\"coding\":[{"
        "\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":\"patient-"
        "privacy\"}]},\"category\":[{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"59284-"
        "0\"}]}],\"patient\":{\"reference\":\"Patient/7\"},\"dateTime\":\"2024-05-01\","
        "\"organization\":[{\"reference\":\"Organization/n1\"}],\"policyRule\":{\"coding\":[{"
        "\"system\":\"" V3 "ActCode\",\"code\":\"%s\"}]},\"provision\":%s%s}",
        rule, provision, extra);
    if (km_json_parse(&doc, a, text, NULL, &f) != KM_OK)
        fail_msg("%s: %s", f.detail, text.p);
    return km_json_root(doc);
}

static km_ms instant(const char *text)
{
    km_civil c;
    km_ms low, high;
    assert_true(km_civil_parse(&c, km_str_of(text)));
    km_civil_interval(&low, &high, &c);
    return low;
}

static const km_str who[] = { KM_STR_INIT("Practitioner/1"), KM_STR_INIT("Organization/2"),
                              KM_STR_INIT("role:physician") };
static const km_str what[] = { KM_STR_INIT("http://loinc.org|718-7") };
static const km_consent_network n1 = { .id = KM_STR_INIT("Organization/n1") };

static km_consent_request asked(void)
{
    return (km_consent_request){ .passed = KM_ASK_ALL,
                                 .related = true,
                                 .now = instant("2025-01-01T12:00:00+09:00"),
                                 .actor = who,
                                 .actors = 3,
                                 .network = n1.id,
                                 .action = KM_STR("access"),
                                 .purpose = KM_STR("TREAT"),
                                 .klass = KM_STR("Observation"),
                                 .code = what,
                                 .codes = 1,
                                 .time = instant("2024-12-01T12:00:00+09:00"),
                                 .record = KM_STR("Observation/9") };
}

static km_decision ask(km_arena *a, const km_consent_request *r, km_jv consent)
{
    km_consent c, again;
    km_decision d;
    km_fault f = { 0 };
    if (km_consent_compile(&c, a, consent, &f) != KM_OK)
        fail_msg("%s: %s", f.path, f.detail);
    assert_int_equal(km_consent_load(&again, (km_str){ (const char *)c.p, c.n }, &f), KM_OK);
    km_consent_decide(&d, r, &n1, &c, 1);
    return d;
}

static int start(void **state)
{
    km_fhir_load();
    *state = km_arena_new(KM_ARENA_CAP_DEFAULT);
    return 0;
}

static int end(void **state)
{
    km_arena_free(*state);
    return 0;
}

/* Each criterion once as the request meets it, once as it does not, once not understood. */
static const struct criterion_row {
    const char *name, *met, *unmet, *unclear;
} criteria[] = {
    { "purpose", "\"purpose\":[" TREAT "]",
      "\"purpose\":[{\"system\":\"" V3 "ActReason\",\"code\":\"HRESCH\"}]",
      "\"purpose\":[{\"system\":\"" V3 "ActReason\",\"code\":\"TRAET\"}]" },
    { "purpose of another system", "\"purpose\":[" TREAT "]",
      "\"purpose\":[{\"system\":\"" V3 "ActReason\",\"code\":\"HMARKT\"}]",
      "\"purpose\":[{\"system\":\"urn:x\",\"code\":\"TREAT\"}]" },
    { "action",
      "\"action\":[{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
      "consentaction\",\"code\":\"access\"}]}]",
      "\"action\":[{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
      "consentaction\",\"code\":\"correct\"}]}]",
      "\"action\":[{\"text\":\"look\"}]" },
    { "class",
      "\"class\":[{\"system\":\"http://hl7.org/fhir/resource-types\",\"code\":\"Observation\"}]",
      "\"class\":[{\"system\":\"http://hl7.org/fhir/resource-types\",\"code\":\"Condition\"}]",
      "\"class\":[{\"system\":\"http://hl7.org/fhir/StructureDefinition\",\"code\":\"x\"}]" },
    { "code", "\"code\":[{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"718-7\"}]}]",
      "\"code\":[{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":\"1-1\"}]}]",
      "\"code\":[{\"text\":\"haemoglobin\"}]" },
    { "actor by reference", NURSE,
      "\"actor\":[{\"role\":{\"coding\":[{\"system\":\"" V3
      "ParticipationType\",\"code\":\"IRCP\"}]},\"reference\":{\"reference\":\"Practitioner/2\"}}]",
      "\"actor\":[{\"role\":{\"coding\":[{\"system\":\"" V3
      "ParticipationType\",\"code\":\"IRCP\"}]},\"reference\":{\"reference\":\"Group/1\"}}]" },
    { "actor by role and organisation",
      "\"actor\":[{\"role\":{\"coding\":[{\"system\":\"urn:kumihimo:role\",\"code\":\"physician\"}]"
      "}"
      ",\"reference\":{\"reference\":\"Organization/2\"}}]",
      "\"actor\":[{\"role\":{\"coding\":[{\"system\":\"urn:kumihimo:role\",\"code\":\"nurse\"}]},"
      "\"reference\":{\"reference\":\"Organization/2\"}}]",
      "\"actor\":[{\"role\":{\"coding\":[{\"system\":\"urn:x\",\"code\":\"nurse\"}]},"
      "\"reference\":{\"reference\":\"Organization/2\"}}]" },
    { "record",
      "\"data\":[{\"meaning\":\"instance\",\"reference\":{\"reference\":\"Observation/9\"}}]",
      "\"data\":[{\"meaning\":\"instance\",\"reference\":{\"reference\":\"Observation/8\"}}]",
      "\"data\":[{\"meaning\":\"related\",\"reference\":{\"reference\":\"Observation/8\"}}]" },
    { "period", "\"period\":{\"start\":\"2024\",\"end\":\"2025-01-01\"}",
      "\"period\":{\"end\":\"2024-12-31\"}",
      "\"period\":{\"start\":\"2024\",\"_end\":{\"extension\":[{\"url\":\"urn:x\",\"valueCode\":"
      "\"a\"}]}}" },
    { "dataPeriod", "\"dataPeriod\":{\"start\":\"2024-12-01\",\"end\":\"2024-12-01\"}",
      "\"dataPeriod\":{\"start\":\"2024-12-02\"}", NULL },
};

static km_str one_rule(km_arena *a, const char *type, const char *criterion)
{
    return km_arena_print(a, "{\"provision\":[{\"type\":\"%s\",%s}]}", type, criterion);
}

static void a_criterion_limits_what_is_permitted_and_what_is_denied(void **state)
{
    km_arena *a = *state;
    km_consent_request r = asked();
    for (size_t i = 0; i < sizeof criteria / sizeof *criteria; i++) {
        const struct criterion_row *c = &criteria[i];
        km_decision in = ask(a, &r, fhir(a, "OPTIN", one_rule(a, "permit", c->met).p, ""));
        km_decision out = ask(a, &r, fhir(a, "OPTIN", one_rule(a, "permit", c->unmet).p, ""));
        if (in.answer != KM_PERMIT || in.reason != KM_WHY_RULE || out.answer != KM_DENY)
            fail_msg("permit by %s: %d %d", c->name, in.answer, out.answer);
        in = ask(a, &r, fhir(a, "OPTOUT", one_rule(a, "deny", c->met).p, ""));
        out = ask(a, &r, fhir(a, "OPTOUT", one_rule(a, "deny", c->unmet).p, ""));
        if (in.answer != KM_DENY || out.answer != KM_PERMIT)
            fail_msg("deny by %s: %d %d", c->name, in.answer, out.answer);
        assert_int_equal(in.depth, 1);
    }
}

static void what_is_not_understood_never_permits_and_always_denies(void **state)
{
    km_arena *a = *state;
    km_consent_request r = asked();
    for (size_t i = 0; i < sizeof criteria / sizeof *criteria; i++) {
        const char *unclear = criteria[i].unclear;
        if (unclear == NULL)
            continue;
        km_decision in = ask(a, &r, fhir(a, "OPTIN", one_rule(a, "permit", unclear).p, ""));
        km_decision out = ask(a, &r, fhir(a, "OPTOUT", one_rule(a, "deny", unclear).p, ""));
        if (in.answer != KM_DENY || out.answer != KM_DENY)
            fail_msg("%s: %d %d", criteria[i].name, in.answer, out.answer);
        /* A denial inside a permit that is not understood still denies. */
        km_str inner = km_arena_print(
            a, "{\"provision\":[{\"type\":\"permit\",%s,\"provision\":[{\"type\":\"deny\"}]}]}",
            unclear);
        assert_int_equal(ask(a, &r, fhir(a, "OPTOUT", inner.p, "")).answer, KM_DENY);
    }
}

/* What a consent as a whole may carry; each would permit all if it were not there. */
static void a_consent_that_is_not_sure_counts_only_where_it_denies(void **state)
{
    static const char *const extra[] = {
        ",\"modifierExtension\":[{\"url\":\"urn:x\",\"valueBoolean\":true}]",
        ",\"implicitRules\":\"urn:x\"",
        ",\"verification\":[{\"verified\":false}]",
    };
    km_arena *a = *state;
    km_consent_request r = asked();
    const char *all = "{\"provision\":[{\"type\":\"permit\"}]}";
    assert_int_equal(ask(a, &r, fhir(a, "OPTIN", all, "")).answer, KM_PERMIT);
    assert_int_equal(
        ask(a, &r, fhir(a, "OPTIN", all, ",\"verification\":[{\"verified\":true}]")).answer,
        KM_PERMIT);
    for (size_t i = 0; i < sizeof extra / sizeof *extra; i++)
        assert_int_equal(ask(a, &r, fhir(a, "OPTIN", all, extra[i])).answer, KM_DENY);
    assert_int_equal(ask(a, &r,
                         fhir(a, "OPTIN",
                              "{\"provision\":[{\"type\":\"permit\",\"modifierExtension\":[{"
                              "\"url\":\"urn:x\"}]}]}",
                              ""))
                         .answer,
                     KM_DENY);
    /* OPTOUTE and whatever else is no plain opt-out: the base denies. */
    assert_int_equal(ask(a, &r, fhir(a, "OPTOUTE", "{}", "")).answer, KM_DENY);
    assert_int_equal(ask(a, &r, fhir(a, "OPTOUT", "{}", "")).answer, KM_PERMIT);
}

static void days_are_days_in_japan(void **state)
{
    km_arena *a = *state;
    static const struct {
        const char *now;
        km_consent_answer answer;
    } rows[] = { { "2024-05-31T23:59:59.999+09:00", KM_PERMIT },
                 { "2024-05-31T14:59:59.999Z", KM_PERMIT },
                 { "2024-05-31T15:00:00.000Z", KM_DENY },
                 { "2024-05-09T23:59:59.999+09:00", KM_DENY },
                 { "2024-05-10T00:00:00.000+09:00", KM_PERMIT },
                 { "2024-05-09T15:00:00Z", KM_PERMIT } };
    km_jv c = fhir(a, "OPTIN",
                   "{\"provision\":[{\"type\":\"permit\",\"period\":{\"start\":\"2024-05-10\","
                   "\"end\":\"2024-05-31\"}}]}",
                   "");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        km_consent_request r = asked();
        r.now = instant(rows[i].now);
        if (ask(a, &r, c).answer != rows[i].answer)
            fail_msg("%s", rows[i].now);
    }
}

static void a_restricted_label_must_be_named(void **state)
{
    static const char *const labels[] = { "PSY", "HIV", "GDIS", "ETH", "DV" };
    km_arena *a = *state;
    for (size_t i = 0; i < 5; i++) {
        km_consent_request r = asked();
        km_str own = km_str_of(labels[i]);
        r.label = &own;
        r.labels = 1;
        km_decision d = ask(a, &r, fhir(a, "OPTIN", "{\"provision\":[{\"type\":\"permit\"}]}", ""));
        assert_int_equal(d.answer, KM_DENY);
        assert_int_equal(d.reason, KM_WHY_RESTRICTED);
        assert_true(d.duties & KM_DUTY_HIDE_WHOLLY);
        km_str named = km_arena_print(a,
                                      "{\"provision\":[{\"type\":\"permit\",\"securityLabel\":[{"
                                      "\"system\":\"%s\",\"code\":\"%s\"}]}]}",
                                      i == 4 ? "urn:kumihimo:label" : V3 "ActCode", labels[i]);
        assert_int_equal(ask(a, &r, fhir(a, "OPTIN", named.p, "")).answer, KM_PERMIT);
    }
}

static void a_zeroed_request_is_denied(void **state)
{
    (void)state;
    km_consent_request none = { 0 };
    km_consent_network open = { .basis = KM_BASIS_OPT_OUT };
    km_decision d;
    km_consent_decide(&d, &none, &open, NULL, 0);
    assert_int_equal(d.answer, KM_DENY);
    for (unsigned passed = 0; passed < KM_ASK_ALL; passed++) {
        none.passed = passed;
        km_consent_decide(&d, &none, &open, NULL, 0);
        assert_int_equal(d.answer, KM_DENY);
    }
}

static void a_missing_relation_is_flagged_or_denied(void **state)
{
    (void)state;
    km_consent_request r = asked();
    km_consent_network n = { .id = n1.id, .basis = KM_BASIS_OPT_OUT };
    km_decision d;
    r.related = false;
    km_consent_decide(&d, &r, &n, NULL, 0);
    assert_int_equal(d.reason, KM_WHY_NO_RELATION);
    n.unrelated_may = true;
    km_consent_decide(&d, &r, &n, NULL, 0);
    assert_int_equal(d.answer, KM_PERMIT);
    assert_true(d.duties & KM_DUTY_UNEXPLAINED);
    r.purpose = KM_STR("HRESCH"); /* no treatment, no relation to ask for */
    km_consent_decide(&d, &r, &n, NULL, 0);
    assert_int_equal(d.duties, 0);
}

static void a_lost_lease_denies_but_not_in_an_emergency(void **state)
{
    (void)state;
    km_consent_request r = asked();
    km_decision d;
    r.passed &= ~(unsigned)KM_ASK_LEASE;
    km_consent_decide(&d, &r, &n1, NULL, 0);
    assert_int_equal(d.reason, KM_WHY_CONSENT_UNKNOWN);
    r.purpose = KM_STR("ETREAT");
    r.grant = KM_GRANT_MINIMUM;
    km_consent_decide(&d, &r, &n1, NULL, 0);
    assert_int_equal(d.answer, KM_PERMIT_MINIMUM);
    assert_true(d.duties & KM_DUTY_NOTIFY && d.duties & KM_DUTY_REVIEW);
}

static void a_notice_comes_before_an_opt_out_network_shares(void **state)
{
    (void)state;
    km_consent_request r = asked();
    km_decision d;
    km_consent_network n = { .id = n1.id, .basis = KM_BASIS_OPT_OUT, .notice_needed = true };
    km_consent_decide(&d, &r, &n, NULL, 0);
    assert_int_equal(d.reason, KM_WHY_NO_NOTICE);
    n.notice_at = r.now;
    km_consent_decide(&d, &r, &n, NULL, 0);
    assert_int_equal(d.answer, KM_PERMIT);
}

static km_code compile_nested(km_consent *out, km_arena *a, int deep, int wide, km_fault *f)
{
    static const km_json_limits limits = { .depth = 1024 };
    km_buf b = km_buf_in(a);
    km_json *doc;
    km_buf_z(
        &b,
        "{\"id\":\"x\",\"status\":\"active\",\"network\":\"n\",\"category\":\"c\",\"dateTime\":0,"
        "\"policyRule\":\"OPTIN\",\"provision\":{\"provision\":[");
    for (int i = 0; i < wide; i++)
        km_buf_z(&b, i ? ",{\"type\":\"permit\"}" : "{\"type\":\"permit\"}");
    for (int i = 0; i < deep; i++)
        km_buf_print(&b, "%s{\"type\":\"deny\",\"provision\":[", i == 0 && wide > 0 ? "," : "");
    for (int i = 0; i < deep; i++)
        km_buf_z(&b, "]}");
    km_buf_z(&b, "]}}");
    assert_int_equal(km_json_parse(&doc, a, km_buf_str(&b), &limits, NULL), KM_OK);
    return km_consent_compile_compact(out, a, km_json_root(doc), f);
}

static void provisions_are_bounded_in_number_and_depth(void **state)
{
    km_arena *a = *state;
    km_consent c;
    km_fault f = { 0 };
    assert_int_equal(compile_nested(&c, a, 64, 0, &f), KM_OK);
    assert_int_equal(km_consent_provisions(c), 65);
    assert_int_equal(km_consent_load(&c, (km_str){ (const char *)c.p, c.n }, &f), KM_OK);
    assert_int_equal(compile_nested(&c, a, 65, 0, &f), KM_TOO_LONG);
    km_fault_clear(&f);
    assert_int_equal(compile_nested(&c, a, 0, 10000, &f), KM_OK);
    assert_int_equal(km_consent_provisions(c), 10001);
    assert_int_equal(compile_nested(&c, a, 0, 10001, &f), KM_TOO_COSTLY);
    assert_null(c.p);
}

static void changed_bytes_are_no_consent(void **state)
{
    km_arena *a = *state;
    km_consent c, x;
    km_fault f = { 0 };
    assert_int_equal(compile_nested(&c, a, 3, 2, &f), KM_OK);
    for (size_t i = 0; i < c.n * 8; i++) {
        char *p = km_arena_alloc(a, c.n);
        memcpy(p, c.p, c.n);
        p[i / 8] = (char)(p[i / 8] ^ 1 << i % 8);
        assert_int_equal(km_consent_load(&x, (km_str){ p, c.n }, NULL), KM_TAMPERED);
    }
    for (size_t n = 0; n < c.n; n++)
        assert_int_equal(km_consent_load(&x, (km_str){ (const char *)c.p, n }, NULL), KM_TAMPERED);
}

static void a_consent_without_its_day_or_type_is_refused(void **state)
{
    km_arena *a = *state;
    km_consent c;
    km_fault f = { 0 };
    km_json *doc;
    assert_int_equal(km_json_parse(&doc, a,
                                   KM_STR("{\"resourceType\":\"Consent\",\"status\":\"active\"}"),
                                   NULL, &f),
                     KM_OK);
    assert_int_equal(km_consent_compile(&c, a, km_json_root(doc), &f), KM_REQUIRED);
    assert_string_equal(f.path, "Consent.dateTime");
    km_fault_clear(&f);
    km_jv untyped = fhir(a, "OPTIN", "{\"provision\":[{}]}", "");
    assert_int_equal(km_consent_compile(&c, a, untyped, &f), KM_REQUIRED);
}

static void every_reason_has_a_code_and_words_in_both_languages(void **state)
{
    (void)state;
    for (int r = 1; r < KM_WHYS; r++) {
        assert_true(strlen(km_consent_reason_code((km_consent_reason)r)) > 3);
        assert_true(strlen(km_consent_reason_en((km_consent_reason)r)) > 3);
        assert_true(strlen(km_consent_reason_ja((km_consent_reason)r)) > 3);
        for (int k = 1; k < r; k++)
            assert_string_not_equal(km_consent_reason_code((km_consent_reason)r),
                                    km_consent_reason_code((km_consent_reason)k));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_criterion_limits_what_is_permitted_and_what_is_denied),
        cmocka_unit_test(what_is_not_understood_never_permits_and_always_denies),
        cmocka_unit_test(a_consent_that_is_not_sure_counts_only_where_it_denies),
        cmocka_unit_test(days_are_days_in_japan),
        cmocka_unit_test(a_restricted_label_must_be_named),
        cmocka_unit_test(a_zeroed_request_is_denied),
        cmocka_unit_test(a_missing_relation_is_flagged_or_denied),
        cmocka_unit_test(a_lost_lease_denies_but_not_in_an_emergency),
        cmocka_unit_test(a_notice_comes_before_an_opt_out_network_shares),
        cmocka_unit_test(provisions_are_bounded_in_number_and_depth),
        cmocka_unit_test(changed_bytes_are_no_consent),
        cmocka_unit_test(a_consent_without_its_day_or_type_is_refused),
        cmocka_unit_test(every_reason_has_a_code_and_words_in_both_languages),
    };
    return cmocka_run_group_tests(tests, start, end);
}
