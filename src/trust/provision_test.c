/* SPDX-License-Identifier: Apache-2.0
 *
 * Records of provision and receipt: written whole, found by whose data it was, kept; who is abroad
 * gets nothing without a consent that names them; a scheme is announced first; and the dead are
 * protected like the living.
 */
#include "record/log_test.h"

#include "trust/provision_inside.h"

static const km_embedded *const lists[] = { km_sql_record, km_sql_trust, NULL };
static const km_fold_def *const folds[] = { &km_trust_consent_fold, NULL };

static int setup(void **state)
{
    *state = km_test_log_new(lists, folds);
    return 0;
}

static int teardown(void **state)
{
    km_test_log_free(*state);
    return 0;
}

static km_provision export_to(const char *party, const char *country, const char *basis)
{
    return (km_provision){ .way = KM_PROVIDED,
                           .channel = KM_STR("export"),
                           .party = km_str_of(party),
                           .party_name = KM_STR("相手"),
                           .country = km_str_of(country),
                           .basis = km_str_of(basis),
                           .purpose = KM_STR("HRESCH"),
                           .items = KM_STR("Patient 1"),
                           .by = KM_STR("operator") };
}

static km_code write_it(int64_t *number, km_test_log *w, const km_provision *p,
                        const km_provision_gate *gate, const km_provision_share *share, size_t n)
{
    km_fault_clear(&w->fault);
    return km_provision_write(number, w->log, p, gate, share, n, &w->call);
}

static size_t seen_of(km_provision_seen *out, km_test_log *w, const int64_t *chart, size_t charts)
{
    size_t n;
    km_reader *r = km_test_reader(w, &w->everything);
    km_test_must(w, km_provisions_of(out, &n, 16, r, chart, charts, 0));
    km_reader_close(r);
    return n;
}

/* --- records --- */

static void what_was_given_is_found_by_whose_it_was(void **state)
{
    km_test_log *w = *state;
    km_provision_seen seen[16];
    int64_t number, more, two[] = { 5, 6 };
    km_provision p = export_to("Organization/9", "", "law");
    km_provision_share share[] = { { 5, 3 }, { 6, 4 }, { KM_CHART_NONE, 9 } };
    km_test_must(w, write_it(&number, w, &p, NULL, share, 3));
    p.way = KM_RECEIVED;
    p.obtained = KM_STR("診療の過程で本人から");
    km_test_must(w, write_it(&more, w, &p, NULL, share, 1));
    assert_int_equal(seen_of(seen, w, two, 2), 2);
    assert_int_equal(seen[0].number, more);
    assert_int_equal(seen[0].p.way, KM_RECEIVED);
    assert_string_equal(km_arena_z(w->arena, seen[0].p.obtained), "診療の過程で本人から");
    assert_int_equal(seen[1].records, 7); /* of both charts of the person, one row */
    assert_int_equal(seen[1].charts, 2);
    assert_string_equal(km_arena_z(w->arena, seen[1].p.country), "JP");
    two[0] = 7;
    assert_int_equal(seen_of(seen, w, two, 1), 0);
    two[0] = KM_CHART_NONE;
    assert_int_equal(seen_of(seen, w, two, 1), 0);
}

static void it_is_completed_in_portions_and_never_lost(void **state)
{
    enum { MANY = 1203 };
    km_test_log *w = *state;
    km_provision_seen seen[16];
    km_provision_share *share = KM_NEW_ARRAY(w->arena, MANY, km_provision_share);
    int64_t number, chart = 1000 + MANY - 1;
    for (int i = 0; i < MANY; i++)
        share[i] = (km_provision_share){ 1000 + i, 1 };
    km_provision p = export_to("own", "", "own");
    km_test_must(w, write_it(&number, w, &p, NULL, NULL, 0));
    km_test_must(
        w, km_provision_complete(w->log, number, share, MANY, KM_STR("Patient 1203"), &w->call));
    assert_int_equal(seen_of(seen, w, &chart, 1), 1);
    assert_int_equal(seen[0].charts, MANY);
    assert_string_equal(km_arena_z(w->arena, seen[0].p.items), "Patient 1203");
    assert_int_equal(km_provision_complete(w->log, number + 1, share, 1, KM_STR_NONE, &w->call),
                     KM_NOT_FOUND);
}

static void it_stands_for_five_years_and_goes_then(void **state)
{
    km_test_log *w = *state;
    km_provision_seen seen[16];
    int64_t number, gone, chart = 5;
    km_provision p = export_to("Organization/9", "", "law");
    km_provision_share share = { 5, 1 };
    km_test_must(w, write_it(&number, w, &p, NULL, &share, 1));
    w->now += KM_PROVISION_KEPT_MS - 1;
    km_test_must(w, km_provision_purge(&gone, w->log, &w->call));
    assert_int_equal(gone, 0);
    w->now += 1;
    km_test_must(w, km_provision_purge(&gone, w->log, &w->call));
    assert_int_equal(gone, 1);
    assert_int_equal(seen_of(seen, w, &chart, 1), 0);
}

static void what_is_not_sound_is_refused(void **state)
{
    static const struct {
        const char *party, *country, *basis;
        km_code code;
    } bad[] = { { "", "", "law", KM_REQUIRED },      { "x", "jp", "law", KM_BAD_VALUE },
                { "x", "JPN", "law", KM_BAD_VALUE }, { "x", "", "whim", KM_BAD_VALUE },
                { "x", "", "", KM_BAD_VALUE },       { "x", "US", "law", KM_FORBIDDEN },
                { "x", "US", "own", KM_FORBIDDEN },  { "x", "", "opt-out", KM_FORBIDDEN } };
    km_test_log *w = *state;
    int64_t number;
    km_provision_seen seen[16];
    size_t n;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        km_provision p = export_to(bad[i].party, bad[i].country, bad[i].basis);
        assert_int_equal(write_it(&number, w, &p, NULL, NULL, 0), bad[i].code);
    }
    km_reader *r = km_test_reader(w, &w->everything);
    km_test_must(w, km_provisions_all(seen, &n, 16, r, 0));
    km_reader_close(r);
    assert_int_equal(n, 0);
    /* The person themself is no third party, wherever they live; and an app that they let in. */
    km_provision self = export_to("Patient/p", "US", "person"),
                 app = export_to("https://app.example", "US", "consent");
    app.consent = KM_STR("authorisation:1");
    assert_int_equal(write_it(&number, w, &self, NULL, NULL, 0), KM_OK);
    assert_int_equal(write_it(&number, w, &app, NULL, NULL, 0), KM_OK);
}

/* --- what the person said --- */

#define ABROAD ",\"purpose\":[{\"system\":\"urn:kumihimo:purpose\",\"code\":\"ABROAD\"}]"
#define RESEARCH                                                                          \
    ",\"purpose\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ActReason\",\"" \
    "code\":\"HRESCH\"}]"
#define LAB                                                                                    \
    ",\"actor\":[{\"role\":{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"  \
    "v3-ParticipationType\",\"code\":\"IRCP\"}]},\"reference\":{\"reference\":\"Organization/" \
    "lab\"}}]"

static void patient(km_test_log *w, const char *more)
{
    km_write p = km_test_update(
        km_test_json(w->arena, "{\"resourceType\":\"Patient\",\"id\":\"p\"%s}", more), "");
    km_test_must(w, km_test_write(w, &p));
}

static void say(km_test_log *w, const char *id, const char *status, const char *kind,
                const char *more)
{
    km_write one = km_test_update(
        km_test_json(
            w->arena,
            "{\"resourceType\":\"Consent\",\"id\":\"%s\",\"status\":\"%s\",\"scope\":{\"coding\":["
            "{\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":"
            "\"patient-privacy\"}]},\"category\":[{\"coding\":[{\"system\":\"http://loinc.org\","
            "\"code\":\"%s\"}]}],\"patient\":{\"reference\":\"Patient/p\"},\"dateTime\":"
            "\"2020-01-01\",\"organization\":[{\"reference\":\"Organization/n1\"}],\"policyRule\":"
            "{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ActCode\","
            "\"code\":\"%s\"}]},\"provision\":{\"provision\":[{\"type\":\"%s\"%s}]}}",
            id, status, id, strcmp(kind, "deny") == 0 ? "OPTOUT" : "OPTIN", kind, more),
        "p");
    km_test_must(w, km_test_write(w, &one));
}

static km_record *record_of(km_test_log *w, km_reader *r, const char *type, const char *id)
{
    km_record *rec;
    km_test_must(w, km_reader_find(&rec, r, km_fhir_type_named(km_str_of(type)), km_str_of(id), 1));
    return rec;
}

static bool lets(km_test_log *w, const km_provision *p, const char *type, const char *id)
{
    km_provision_gate *g;
    bool yes;
    km_reader *r = km_test_reader(w, &w->everything);
    km_test_must(w, km_provision_gate_open(&g, w->log, p, NULL, &w->call));
    km_test_must(w, km_provision_gate_lets(&yes, g, r, record_of(w, r, type, id)));
    km_reader_close(r);
    return yes;
}

static void who_is_abroad_gets_nothing_without_a_consent_that_names_them(void **state)
{
    km_test_log *w = *state;
    km_provision home = export_to("Organization/lab", "JP", "consent"),
                 abroad = export_to("Organization/lab", "US", "consent"),
                 law = export_to("Organization/lab", "US", "law"),
                 other = export_to("Organization/other", "US", "consent");
    patient(w, "");
    assert_true(lets(w, &home, "Patient", "p"));
    assert_false(lets(w, &abroad, "Patient", "p"));
    assert_false(lets(w, &law, "Patient", "p"));
    /* All for everybody; this recipient, but not abroad; abroad, but to anybody. */
    say(w, "a", "active", "permit", "");
    assert_false(lets(w, &abroad, "Patient", "p"));
    say(w, "a", "active", "permit", LAB RESEARCH);
    assert_false(lets(w, &abroad, "Patient", "p"));
    say(w, "a", "active", "permit", LAB);
    assert_false(lets(w, &abroad, "Patient", "p"));
    say(w, "a", "active", "permit", ABROAD);
    assert_false(lets(w, &abroad, "Patient", "p"));
    say(w, "a", "active", "permit", LAB ABROAD);
    assert_true(lets(w, &abroad, "Patient", "p"));
    assert_true(lets(w, &law, "Patient", "p"));
    assert_false(lets(w, &other, "Patient", "p"));
    /* Another consent that denies, a withdrawal. */
    say(w, "b", "active", "deny", LAB);
    assert_false(lets(w, &abroad, "Patient", "p"));
    say(w, "b", "inactive", "deny", LAB);
    assert_true(lets(w, &abroad, "Patient", "p"));
    say(w, "a", "inactive", "permit", LAB ABROAD);
    assert_false(lets(w, &abroad, "Patient", "p"));
}

static void what_is_specially_sensitive_goes_only_when_it_is_named(void **state)
{
    km_test_log *w = *state;
    km_provision abroad = export_to("Organization/lab", "US", "consent");
    patient(w, "");
    km_write one = km_test_update(
        km_test_json(w->arena,
                     "{\"resourceType\":\"Observation\",\"id\":\"hiv\",\"status\":\"final\","
                     "\"meta\":{\"security\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
                     "v3-ActCode\",\"code\":\"HIV\"}]},\"code\":{\"text\":\"x\"}}"),
        "p");
    km_test_must(w, km_test_write(w, &one));
    say(w, "a", "active", "permit", LAB ABROAD);
    assert_true(lets(w, &abroad, "Patient", "p"));
    assert_false(lets(w, &abroad, "Observation", "hiv"));
}

/* --- schemes --- */

static km_code announce(km_test_log *w, const char *id, km_ms starts)
{
    km_scheme s = { .id = km_str_of(id),
                    .title = KM_STR("匿名加工医療情報の作成"),
                    .notice = KM_STR("お知らせの本文"),
                    .entry = KM_STR("第1号"),
                    .party = KM_STR("Organization/maker"),
                    .purpose = KM_STR("HRESCH"),
                    .starts = starts };
    km_fault_clear(&w->fault);
    return km_scheme_announce(w->log, &s, KM_STR("admin"), &w->call);
}

static km_code open_gate(km_test_log *w, const km_provision *p)
{
    km_provision_gate *g;
    km_fault_clear(&w->fault);
    return km_provision_gate_open(&g, w->log, p, NULL, &w->call);
}

static void nothing_goes_before_its_scheme_was_announced_and_has_begun(void **state)
{
    km_test_log *w = *state;
    km_provision p = export_to("Organization/maker", "", "opt-out");
    p.scheme = KM_STR("s1");
    assert_int_equal(open_gate(w, &p), KM_FORBIDDEN);
    assert_int_equal(announce(w, "s1", w->now - 1), KM_BAD_VALUE);
    assert_int_equal(announce(w, "", w->now), KM_REQUIRED);
    assert_int_equal(announce(w, "s1", w->now + 1000), KM_OK);
    assert_int_equal(announce(w, "s1", w->now + 1000), KM_DUPLICATE);
    assert_int_equal(open_gate(w, &p), KM_FORBIDDEN);
    w->now += 999;
    assert_int_equal(open_gate(w, &p), KM_FORBIDDEN);
    w->now += 1;
    assert_int_equal(open_gate(w, &p), KM_OK);
    km_provision other = export_to("Organization/other", "", "opt-out");
    other.scheme = KM_STR("s1");
    assert_int_equal(open_gate(w, &other), KM_FORBIDDEN);
    km_test_must(w, km_scheme_end(w->log, KM_STR("s1"), KM_STR("admin"), &w->call));
    assert_int_equal(open_gate(w, &p), KM_FORBIDDEN);
}

static void who_opted_out_is_left_out(void **state)
{
    km_test_log *w = *state;
    km_provision p = export_to("Organization/maker", "", "opt-out");
    p.scheme = KM_STR("s1");
    patient(w, "");
    km_test_must(w, announce(w, "s1", w->now));
    assert_true(lets(w, &p, "Patient", "p"));
    say(w, "no", "active", "deny", RESEARCH);
    assert_false(lets(w, &p, "Patient", "p"));
    say(w, "no", "inactive", "deny", RESEARCH);
    assert_true(lets(w, &p, "Patient", "p"));
}

/* --- death --- */

static void death_changes_nothing(void **state)
{
    static const char *const life[] = { "", ",\"deceasedBoolean\":true",
                                        ",\"deceasedDateTime\":\"2001-01-01\"" };
    km_test_log *w = *state;
    km_provision abroad = export_to("Organization/lab", "US", "consent"),
                 scheme = export_to("Organization/maker", "", "opt-out");
    scheme.scheme = KM_STR("s1");
    km_test_must(w, announce(w, "s1", w->now));
    for (size_t i = 0; i < sizeof life / sizeof *life; i++) {
        patient(w, life[i]);
        say(w, "a", "inactive", "permit", LAB ABROAD);
        say(w, "no", "inactive", "deny", RESEARCH);
        assert_false(lets(w, &abroad, "Patient", "p"));
        assert_true(lets(w, &scheme, "Patient", "p"));
        say(w, "a", "active", "permit", LAB ABROAD);
        say(w, "no", "active", "deny", RESEARCH);
        assert_false(lets(w, &scheme, "Patient", "p"));
        say(w, "no", "inactive", "deny", RESEARCH);
        assert_true(lets(w, &abroad, "Patient", "p"));
    }
}

/* --- over chance --- */

/* Adding a denial, or taking a permit away, never lets more go. */
static void a_refusal_only_ever_hides(void **state)
{
    static const char *const word[] = { "", LAB, ABROAD, LAB ABROAD, RESEARCH, LAB RESEARCH };
    enum { WORDS = sizeof word / sizeof *word, ROUNDS = 60 };
    km_test_log *w = *state;
    km_provision p[2] = { export_to("Organization/lab", "US", "consent"),
                          export_to("Organization/maker", "", "opt-out") };
    int went = 0, hid = 0;
    p[1].scheme = KM_STR("s1");
    patient(w, "");
    km_test_must(w, announce(w, "s1", w->now));
    for (int i = 0; i < ROUNDS; i++) {
        const char *permit = word[km_test_below(&w->seed, WORDS)];
        bool before[2], after[2];
        say(w, "no", "inactive", "deny", "");
        say(w, "a", km_test_below(&w->seed, 4) ? "active" : "inactive", "permit", permit);
        for (int k = 0; k < 2; k++)
            before[k] = lets(w, &p[k], "Patient", "p");
        say(w, "no", "active", "deny", word[km_test_below(&w->seed, WORDS)]);
        for (int k = 0; k < 2; k++) {
            after[k] = lets(w, &p[k], "Patient", "p");
            assert_true(!after[k] || before[k]);
            went += after[k];
            hid += before[k] && !after[k];
        }
        km_arena_reset(w->arena);
    }
    assert_true(went > 0 && hid > 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(what_was_given_is_found_by_whose_it_was),
        T(it_is_completed_in_portions_and_never_lost),
        T(it_stands_for_five_years_and_goes_then),
        T(what_is_not_sound_is_refused),
        T(who_is_abroad_gets_nothing_without_a_consent_that_names_them),
        T(what_is_specially_sensitive_goes_only_when_it_is_named),
        T(nothing_goes_before_its_scheme_was_announced_and_has_begun),
        T(who_opted_out_is_left_out),
        T(death_changes_nothing),
        T(a_refusal_only_ever_hides),
    };
    return km_test_on_both("records of provision", tests, NULL, NULL);
}
