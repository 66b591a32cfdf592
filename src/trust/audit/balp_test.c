/* SPDX-License-Identifier: Apache-2.0
 *
 * Entries as AuditEvents: of every kind, each valid by our own definitions of FHIR R4, and as the
 * profiles of IHE BALP ask where they are claimed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "codec/fhir/fhir.h"
#include "trust/audit/balp.h"

static const km_str origin = KM_STR_INIT("node.example/audit");

typedef struct world {
    km_arena *arena;
    km_balp *balp;
} world;

static int begin(void **state)
{
    static world w;
    km_fhir_load();
    w = (world){ km_arena_new(KM_ARENA_CAP_DEFAULT), km_balp_new() };
    *state = &w;
    return 0;
}

static int end(void **state)
{
    world *w = *state;
    km_balp_free(w->balp);
    km_arena_free(w->arena);
    return 0;
}

static const km_audit_shown shown[] = {
    { KM_STR_INIT("Observation"), KM_STR_INIT("o-1"), 3 },
    { KM_STR_INIT("Patient"), KM_STR_INIT("p-1"), 0 },
};
static const int64_t charts[] = { 12, 13 };
static const km_str queries[] = { KM_STR_INIT("code"), KM_STR_INIT("date") };
static const km_str bases[] = { KM_STR_INIT("Consent/c-1 provision[0]"), KM_STR_INIT("relation") };

static km_audit_entry full(km_audit_kind kind)
{
    return (km_audit_entry){ .at = 1775000000000,
                             .kind = kind,
                             .outcome = KM_STR("ok"),
                             .agent = { .id = KM_STR("staff-1"),
                                        .role = KM_STR("clinician"),
                                        .name = KM_STR("医師 一"),
                                        .organisation = KM_STR("Organization/2"),
                                        .client = KM_STR("viewer"),
                                        .address = KM_STR("192.0.2.7"),
                                        .session = KM_STR("s-1"),
                                        .second_factor = true },
                             .purpose = KM_STR("TREAT"),
                             .route = KM_STR("/fhir/{type}"),
                             .reason = KM_STR("reason"),
                             .request = KM_STR("r-1"),
                             .query = queries,
                             .queries = 2,
                             .basis = bases,
                             .bases = 2,
                             .chart = charts,
                             .charts = 1,
                             .shown = shown,
                             .shows = 1,
                             .bytes_out = 4711 };
}

/* Printed, parsed again, valid. */
static km_jv event_of(world *w, const km_audit_entry *e, size_t nth)
{
    km_fault fault = { 0 };
    km_json *doc;
    km_buf out = km_buf_in(w->arena);
    km_balp_print(&out, w->balp, e, 4711, nth, origin);
    if (km_json_parse(&doc, w->arena, km_buf_str(&out), NULL, &fault) != KM_OK
        || km_fhir_check(km_json_root(doc), &fault) != KM_OK)
        fail_msg("%s: %s: %s\n%.*s", km_audit_kind_text(e->kind), fault.path, fault.detail,
                 KM_STR_ARG(km_buf_str(&out)));
    return km_json_root(doc);
}

static size_t agents_of(km_jv event, const char *code)
{
    size_t n = 0;
    for (km_jv_iter i = km_jv_each(KM_JV_GET(event, "agent")); km_jv_next(&i);)
        n += km_str_is(
            km_jv_str(KM_JV_GET(km_jv_item(km_jv_at(i.value, "type.coding"), 0), "code")), code);
    return n;
}

static size_t entities_of(km_jv event, const char *system, const char *code)
{
    size_t n = 0;
    for (km_jv_iter i = km_jv_each(KM_JV_GET(event, "entity")); km_jv_next(&i);)
        n += km_str_is(km_jv_text(i.value, "type.code"), code)
             && km_str_ends(km_jv_text(i.value, "type.system"), km_str_of(system));
    return n;
}

static km_str profile_of(km_jv event)
{
    return km_jv_str(km_jv_item(km_jv_at(event, "meta.profile"), 0));
}

static void an_event_of_every_kind_is_valid(void **state)
{
    world *w = *state;
    static const char *const outcomes[] = { "ok", "", "FORBIDDEN", "STORE", "words of a stranger" };
    for (int k = KM_AUDIT_NONE + 1; k < KM_AUDIT_KINDS_END; k++)
        for (int with = 0; with < 1 << 6; with++)
            for (size_t o = 0; o < sizeof outcomes / sizeof *outcomes; o++) {
                km_audit_entry e = full((km_audit_kind)k);
                km_arena_mark here = km_arena_here(w->arena);
                e.outcome = km_str_of(outcomes[o]);
                e.charts = (size_t)(with & 3) > 2 ? 2 : (size_t)(with & 3);
                e.shows = with & 4 ? 2 : with & 8 ? 1 : 0;
                if (with & 16)
                    e.agent = (km_audit_agent){ 0 };
                if (with & 32) {
                    e.bases = e.queries = 0;
                    e.request = e.purpose = e.reason = e.route = KM_STR_NONE;
                    e.bytes_out = 0;
                    e.flags = KM_AUDIT_EMERGENCY | KM_AUDIT_UNEXPLAINED;
                }
                for (size_t n = 0; n < km_balp_events(&e); n++)
                    (void)event_of(w, &e, n);
                km_arena_back(w->arena, here);
            }
}

/* BALP Read and its twin: one client, one server, at most one user, one object, one patient. */
static void one_record_shown_is_a_patient_read(void **state)
{
    world *w = *state;
    km_audit_entry e = full(KM_AUDIT_READ);
    km_jv v = event_of(w, &e, 0);
    assert_true(km_str_ends(profile_of(v), KM_STR("/IHE.BasicAudit.PatientRead")));
    assert_string_equal(km_arena_z(w->arena, km_jv_text(v, "action")), "R");
    assert_int_equal(agents_of(v, "110152"), 1);
    assert_int_equal(agents_of(v, "110153"), 1);
    assert_int_equal(agents_of(v, "IRCP"), 1);
    assert_int_equal(entities_of(v, "audit-entity-type", "1"), 1);
    assert_int_equal(entities_of(v, "audit-entity-type", "2"), 1);
    assert_int_equal(entities_of(v, "BasicAuditEntityType", "XrequestId"), 1);
    e.charts = 0;
    v = event_of(w, &e, 0);
    assert_true(km_str_ends(profile_of(v), KM_STR("/IHE.BasicAudit.Read")));
    assert_int_equal(entities_of(v, "audit-entity-type", "1"), 0);
}

static void a_query_is_one_event_for_each_patient_and_holds_no_value(void **state)
{
    world *w = *state;
    km_audit_entry e = full(KM_AUDIT_SEARCH);
    e.charts = e.shows = 2;
    assert_int_equal(km_balp_events(&e), 2);
    for (size_t n = 0; n < 2; n++) {
        km_str query = KM_STR_NONE;
        km_jv v = event_of(w, &e, n);
        assert_true(km_str_ends(profile_of(v), KM_STR("/IHE.BasicAudit.PatientQuery")));
        assert_string_equal(km_arena_z(w->arena, km_jv_text(v, "action")), "E");
        assert_int_equal(entities_of(v, "audit-entity-type", "1"), 1);
        assert_int_equal(entities_of(v, "audit-entity-type", "2"), 1);
        assert_int_equal(entities_of(v, "resource-types", "Observation"), 0);
        for (km_jv_iter i = km_jv_each(KM_JV_GET(v, "entity")); km_jv_next(&i);)
            if (km_jv_is(KM_JV_GET(i.value, "query"), KM_JSON_STRING))
                assert_true(km_unbase64(&query, w->arena, km_jv_text(i.value, "query")));
        assert_true(km_str_is(query, "/fhir/{type}?code=&date="));
    }
    e.charts = 1;
    assert_int_equal(entities_of(event_of(w, &e, 0), "resource-types", "Observation"), 1);
}

static void many_records_read_at_once_are_a_query(void **state)
{
    world *w = *state;
    km_audit_entry e = full(KM_AUDIT_READ);
    e.shows = 2;
    assert_true(km_str_ends(profile_of(event_of(w, &e, 0)), KM_STR("PatientQuery")));
}

static void what_failed_claims_no_profile_of_success(void **state)
{
    world *w = *state;
    km_audit_entry e = full(KM_AUDIT_READ);
    e.outcome = KM_STR("FORBIDDEN");
    km_jv v = event_of(w, &e, 0);
    assert_int_equal(profile_of(v).n, 0);
    assert_string_equal(km_arena_z(w->arena, km_jv_text(v, "outcome")), "4");
    assert_string_equal(km_arena_z(w->arena, km_jv_text(v, "outcomeDesc")), "FORBIDDEN");
    e.outcome = KM_STR("STORE");
    assert_string_equal(km_arena_z(w->arena, km_jv_text(event_of(w, &e, 0), "outcome")), "8");
}

/* BALP AuthZconsent: entity is closed: the patient, consents, a token. */
static void a_consent_decision_names_the_consent_and_nothing_else(void **state)
{
    world *w = *state;
    km_audit_entry e = full(KM_AUDIT_CONSENT);
    e.shows = 0;
    e.outcome = KM_STR("FORBIDDEN");
    km_jv v = event_of(w, &e, 0);
    assert_true(km_str_ends(profile_of(v), KM_STR("/IHE.BasicAudit.AuthZconsent")));
    assert_int_equal(km_jv_count(KM_JV_GET(v, "entity")), 2);
    assert_string_equal(
        km_arena_z(w->arena, km_jv_text(km_jv_item(KM_JV_GET(v, "entity"), 1), "what.reference")),
        "Consent/c-1");
    assert_int_equal(agents_of(v, "authserver"), 1);
    assert_int_equal(agents_of(v, "PROV"), 1);
    e.agent.organisation = KM_STR_NONE; /* the profile asks for it */
    assert_int_equal(profile_of(event_of(w, &e, 0)).n, 0);
}

static void a_disclosure_says_where_it_went_from(void **state)
{
    world *w = *state;
    km_audit_entry e = full(KM_AUDIT_DISCLOSURE);
    km_jv v = event_of(w, &e, 0);
    assert_true(km_str_ends(profile_of(v), KM_STR("PrivacyDisclosure.Source")));
    assert_string_equal(km_arena_z(w->arena, km_jv_text(v, "type.code")), "110106");
    assert_string_equal(
        km_arena_z(w->arena, km_jv_text(km_jv_item(KM_JV_GET(v, "subtype"), 0), "code")),
        "disclose");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_of_every_kind_is_valid),
        cmocka_unit_test(one_record_shown_is_a_patient_read),
        cmocka_unit_test(a_query_is_one_event_for_each_patient_and_holds_no_value),
        cmocka_unit_test(many_records_read_at_once_are_a_query),
        cmocka_unit_test(what_failed_claims_no_profile_of_success),
        cmocka_unit_test(a_consent_decision_names_the_consent_and_nothing_else),
        cmocka_unit_test(a_disclosure_says_where_it_went_from),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
