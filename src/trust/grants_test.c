/* SPDX-License-Identifier: Apache-2.0
 *
 * Breaking the glass: who may, what it opens and for how long, who is told, who judges; and that
 * nothing but a grant or an extension ever opens more.
 */
#include "record/log_test.h"

#include "trust/grants_inside.h"

#define HOUR ((km_ms)3600 * 1000)
#define ENOUGH "意識がなく、家族も不在です"

static const km_embedded *const lists[] = { km_sql_record, km_sql_trust, NULL };
static const km_fold_def *const folds[] = { &km_trust_consent_fold, &km_trust_grants_fold, NULL };

static int setup(void **state)
{
    km_test_log *w = km_test_log_new(lists, folds);
    w->now = 1700000000000;
    km_test_must(w, km_trust_site_put(w->log, KM_STR("Organization/er"), KM_STR("救急"),
                                      KM_STR("admin"), &w->call));
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    km_test_log_free(*state);
    return 0;
}

/* --- who --- */

static int role(const char *name)
{
    km_roles *r = km_roles_new();
    int number = km_roles_role(r, km_str_of(name));
    km_roles_free(r);
    assert_true(number >= 0);
    return number;
}

static km_who clinician(const km_test_log *w, const char *subject)
{
    static const km_str actor[] = { KM_STR_INIT("Practitioner/1"), KM_STR_INIT("role:physician") };
    return (km_who){ .issuer = KM_STR("https://op"),
                     .subject = km_str_of(subject),
                     .name = km_str_of(subject),
                     .role = role("clinician"),
                     .organisation = KM_STR("Organization/er"),
                     .network = KM_STR("Organization/n1"),
                     .actor = actor,
                     .actors = 2,
                     .second_factor_at = w->now - HOUR };
}

static km_code wish_for(km_granted *g, km_test_log *w, const km_who *who, int64_t chart,
                        const char *reason, const char *words)
{
    static const km_str home = KM_STR_INIT("Practitioner/home");
    km_grant_wish wish = { .chart = &chart,
                           .charts = 1,
                           .reason = km_str_of(reason),
                           .words = km_str_of(words),
                           .home = &home,
                           .homes = 1 };
    km_fault_clear(&w->fault);
    return km_trust_grant_make(g, w->log, &wish, who, &w->call);
}

static km_code break_glass(km_granted *g, km_test_log *w, const km_who *who, int64_t chart)
{
    return wish_for(g, w, who, chart, "unconscious", ENOUGH);
}

static km_grant level(km_test_log *w, const km_who *who, int64_t chart)
{
    km_grant g;
    km_reader *r = km_test_reader(w, &w->everything);
    km_test_must(w, km_trust_grant_of(&g, r, &chart, 1, who, w->now));
    km_reader_close(r);
    return g;
}

static km_code extend(km_granted *g, km_test_log *w, int64_t number, const km_who *who)
{
    km_fault_clear(&w->fault);
    km_grant_second second = { .number = number, .words = KM_STR(ENOUGH) };
    return km_trust_grant_extend(g, w->log, &second, who, &w->call);
}

static size_t notices(km_notice *out, km_test_log *w, int64_t chart, km_notice_to to)
{
    size_t n;
    km_reader *r = km_test_reader(w, &w->everything);
    km_test_must(w, km_trust_notices(out, &n, 16, r, chart, to));
    km_reader_close(r);
    return n;
}

static size_t reviews(km_review *out, km_test_log *w, bool done)
{
    size_t n;
    km_reader *r = km_test_reader(w, &w->everything);
    km_test_must(w, km_trust_reviews(out, &n, 16, r, done));
    km_reader_close(r);
    return n;
}

/* --- making --- */

static void a_grant_opens_the_minimum_for_its_clinician_and_nobody_else(void **state)
{
    km_test_log *w = *state;
    km_granted g;
    km_who a = clinician(w, "a"), b = clinician(w, "b");
    assert_int_equal(level(w, &a, 7), KM_GRANT_NONE);
    km_test_must(w, break_glass(&g, w, &a, 7));
    assert_int_equal(g.level, KM_GRANT_MINIMUM);
    assert_int_equal(level(w, &a, 7), KM_GRANT_MINIMUM);
    assert_int_equal(level(w, &b, 7), KM_GRANT_NONE);
    assert_int_equal(level(w, &a, 8), KM_GRANT_NONE);
    assert_int_equal(level(w, NULL, 7), KM_GRANT_NONE);
    /* The same human being in another role, at another place or of another provider. */
    km_who other = a;
    other.role = role("citizen");
    assert_int_equal(level(w, &other, 7), KM_GRANT_NONE);
    other = a;
    other.organisation = KM_STR("Organization/2");
    assert_int_equal(level(w, &other, 7), KM_GRANT_NONE);
    other = a;
    other.issuer = KM_STR("https://other");
    assert_int_equal(level(w, &other, 7), KM_GRANT_NONE);
}

static void it_lives_24_hours_and_not_before_it_was_made(void **state)
{
    km_test_log *w = *state;
    km_granted g;
    km_who a = clinician(w, "a");
    km_test_must(w, break_glass(&g, w, &a, 7));
    km_ms made = w->now;
    w->now = made + 24 * HOUR - 1;
    assert_int_equal(level(w, &a, 7), KM_GRANT_MINIMUM);
    w->now = made + 24 * HOUR;
    assert_int_equal(level(w, &a, 7), KM_GRANT_NONE);
    w->now = made - 1; /* a clock that jumped back */
    assert_int_equal(level(w, &a, 7), KM_GRANT_NONE);
}

static void who_may_not_is_refused_and_leaves_nothing(void **state)
{
    static const char *const roles[] = { "nobody",        "operator",        "pharmacist",
                                         "citizen",       "proxy",           "insurer",
                                         "employer",      "municipality",    "school_nurse",
                                         "care_worker",   "claims_reviewer", "researcher",
                                         "network_admin", "security_officer" };
    km_test_log *w = *state;
    km_granted g;
    km_notice told[16];
    km_review cases[16];
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) {
        km_who x = clinician(w, "x");
        x.role = role(roles[i]);
        assert_int_equal(break_glass(&g, w, &x, 7), KM_FORBIDDEN);
    }
    km_who old = clinician(w, "old"), none = clinician(w, "none"), later = clinician(w, "later"),
           elsewhere = clinician(w, "elsewhere"), nowhere = clinician(w, "nowhere");
    old.second_factor_at = w->now - 12 * HOUR;
    none.second_factor_at = 0;
    later.second_factor_at = w->now + 1;
    elsewhere.organisation = KM_STR("Organization/unregistered");
    nowhere.organisation = KM_STR_NONE;
    assert_int_equal(break_glass(&g, w, &old, 7), KM_UNAUTHENTICATED);
    assert_int_equal(break_glass(&g, w, &none, 7), KM_UNAUTHENTICATED);
    assert_int_equal(break_glass(&g, w, &later, 7), KM_UNAUTHENTICATED);
    assert_int_equal(break_glass(&g, w, &elsewhere, 7), KM_FORBIDDEN);
    assert_int_equal(break_glass(&g, w, &nowhere, 7), KM_FORBIDDEN);
    assert_int_equal(notices(told, w, 7, KM_NOTICE_PERSON), 0);
    assert_int_equal(reviews(cases, w, false), 0);
    km_who fresh = clinician(w, "fresh");
    fresh.second_factor_at = w->now - 12 * HOUR + 1;
    assert_int_equal(break_glass(&g, w, &fresh, 7), KM_OK);
}

static void a_reason_of_the_table_and_ten_characters_are_wanted(void **state)
{
    km_test_log *w = *state;
    km_granted g;
    km_who a = clinician(w, "a");
    assert_int_equal(wish_for(&g, w, &a, 7, "curiosity", ENOUGH), KM_CODE_UNKNOWN);
    assert_int_equal(wish_for(&g, w, &a, 7, "", ENOUGH), KM_CODE_UNKNOWN);
    assert_int_equal(wish_for(&g, w, &a, 7, "life", ""), KM_REQUIRED);
    assert_int_equal(wish_for(&g, w, &a, 7, "life", "一二三四五六七八九"), KM_REQUIRED);
    assert_int_equal(wish_for(&g, w, &a, 7, "life", "  一二三四五六七八九　　\n"), KM_REQUIRED);
    assert_int_equal(wish_for(&g, w, &a, 7, "life", "\xff\xfe 123456789"), KM_BAD_VALUE);
    assert_int_equal(wish_for(&g, w, &a, 7, "life", "一二三四五六七八九十"), KM_OK);
    assert_int_equal(wish_for(&g, w, &a, 0, "life", ENOUGH), KM_NOT_FOUND);
}

static void the_grant_its_notices_and_its_review_are_made_together_or_not_at_all(void **state)
{
    km_test_log *w = *state;
    km_granted g;
    km_notice told[16];
    km_review cases[16];
    size_t n;
    km_who a = clinician(w, "a");
    bool made = false;
    /* The k-th call of the store fails, for each k: nothing, or all of it. */
    for (int64_t k = 1; !made; k++) {
        assert_true(k < 200);
        int64_t chart = 100 + k;
        km_store_fail_after(w->store, k);
        km_code rc = break_glass(&g, w, &a, chart);
        km_store_fail_after(w->store, 0);
        made = rc == KM_OK;
        n = notices(told, w, chart, KM_NOTICE_PERSON);
        bool granted = level(w, &a, chart) == KM_GRANT_MINIMUM;
        assert_int_equal(n, granted);
        assert_int_equal(notices(told, w, chart, KM_NOTICE_PROXY), granted);
        if (made)
            assert_true(granted);
    }
    n = reviews(cases, w, false);
    assert_true(n >= 1);
    assert_int_equal(cases[n - 1].due, w->now + 72 * HOUR);
    assert_string_equal(km_arena_z(w->arena, cases[n - 1].grant.words), ENOUGH);
}

static km_code no_trace(void *self, const km_granted *g, km_fault *f)
{
    assert_true(g->number > 0);
    ++*(int *)self;
    return km_fail(f, KM_IO, NULL, "the audit cannot be written");
}

static void without_its_audit_entry_there_is_no_grant(void **state)
{
    km_test_log *w = *state;
    km_granted g;
    km_notice told[16];
    int64_t chart = 7;
    int asked = 0;
    km_who a = clinician(w, "a"), b = clinician(w, "b");
    km_grant_wish wish = { .chart = &chart,
                           .charts = 1,
                           .reason = KM_STR("life"),
                           .words = KM_STR(ENOUGH),
                           .trace = no_trace,
                           .self = &asked };
    assert_int_equal(km_trust_grant_make(&g, w->log, &wish, &a, &w->call), KM_IO);
    assert_int_equal(asked, 1);
    assert_int_equal(level(w, &a, 7), KM_GRANT_NONE);
    assert_int_equal(notices(told, w, 7, KM_NOTICE_PERSON), 0);
    km_test_must(w, break_glass(&g, w, &a, 7));
    km_grant_second second = {
        .number = g.number, .words = KM_STR(ENOUGH), .trace = no_trace, .self = &asked
    };
    assert_int_equal(km_trust_grant_extend(&g, w->log, &second, &b, &w->call), KM_IO);
    assert_int_equal(asked, 2);
    assert_int_equal(level(w, &a, 7), KM_GRANT_MINIMUM);
}

static void home_doctors_are_told_too(void **state)
{
    static const km_str name[] = { KM_STR_INIT("Organization/9"),
                                   KM_STR_INIT("Practitioner/home") };
    km_test_log *w = *state;
    km_granted g;
    km_notice told[16];
    size_t n;
    bool is;
    km_who a = clinician(w, "a");
    km_test_must(w, break_glass(&g, w, &a, 7));
    km_reader *r = km_test_reader(w, &w->everything);
    km_test_must(w, km_trust_notices_home(told, &n, 16, r, name, 2));
    assert_int_equal(n, 1);
    assert_int_equal(told[0].to, KM_NOTICE_HOME);
    assert_int_equal(told[0].grant.number, g.number);
    km_test_must(w, km_trust_notice_is_for(&is, r, told[0].number, name, 2));
    assert_true(is);
    km_test_must(w, km_trust_notice_is_for(&is, r, told[0].number, name, 1));
    assert_false(is);
    km_test_must(w, km_trust_notices_home(told, &n, 16, r, name, 1));
    assert_int_equal(n, 0);
    km_reader_close(r);
}

static void a_notice_is_read_once_and_stays(void **state)
{
    km_test_log *w = *state;
    km_granted g;
    km_notice told[16];
    km_who a = clinician(w, "a");
    km_test_must(w, break_glass(&g, w, &a, 7));
    assert_int_equal(notices(told, w, 7, KM_NOTICE_PERSON), 1);
    assert_int_equal(told[0].read_at, 0);
    w->now += 5;
    km_test_must(w, km_trust_notice_mark(w->log, told[0].number, &w->call));
    w->now += 5;
    km_test_must(w, km_trust_notice_mark(w->log, told[0].number, &w->call));
    assert_int_equal(notices(told, w, 7, KM_NOTICE_PERSON), 1);
    assert_int_equal(told[0].read_at, w->now - 5);
}

/* --- extending --- */

static void a_second_clinician_extends_to_the_full_record(void **state)
{
    km_test_log *w = *state;
    km_granted g, x;
    km_notice told[16];
    km_who a = clinician(w, "a"), b = clinician(w, "b"), c = clinician(w, "c");
    km_test_must(w, break_glass(&g, w, &a, 7));
    assert_int_equal(extend(&x, w, g.number, &a), KM_FORBIDDEN);
    assert_int_equal(level(w, &a, 7), KM_GRANT_MINIMUM);
    assert_int_equal(extend(&x, w, g.number + 1, &b), KM_NOT_FOUND);
    b.second_factor_at = 0;
    assert_int_equal(extend(&x, w, g.number, &b), KM_UNAUTHENTICATED);
    b = clinician(w, "b");
    b.role = role("citizen");
    assert_int_equal(extend(&x, w, g.number, &b), KM_FORBIDDEN);
    b = clinician(w, "b");
    b.organisation = KM_STR("Organization/unregistered");
    assert_int_equal(extend(&x, w, g.number, &b), KM_FORBIDDEN);
    b = clinician(w, "b");
    km_test_must(w, extend(&x, w, g.number, &b));
    assert_int_equal(level(w, &a, 7), KM_GRANT_FULL);
    assert_int_equal(level(w, &b, 7), KM_GRANT_NONE); /* they extend, and see nothing by it */
    assert_int_equal(extend(&x, w, g.number, &c), KM_DUPLICATE);
    assert_int_equal(notices(told, w, 7, KM_NOTICE_PERSON), 2);
    assert_int_equal(told[0].kind, KM_NOTICE_EXTENDED);
    w->now += 24 * HOUR;
    assert_int_equal(level(w, &a, 7), KM_GRANT_NONE);
    c.second_factor_at = w->now;
    assert_int_equal(extend(&x, w, g.number, &c), KM_GONE);
}

/* --- refusals --- */

static void put_consent(km_test_log *w, const char *id, const char *dated, const char *more)
{
    km_write patient = km_test_update(
        km_test_json(w->arena, "{\"resourceType\":\"Patient\",\"id\":\"p\"}"), "");
    km_test_must(w, km_test_write(w, &patient));
    km_write one = km_test_update(
        km_test_json(
            w->arena,
            "{\"resourceType\":\"Consent\",\"id\":\"%s\",\"status\":\"active\",\"scope\":{"
            "\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\""
            ",\"code\":\"patient-privacy\"}]},\"category\":[{\"coding\":[{\"system\":"
            "\"http://loinc.org\",\"code\":\"59284-0\"}]}],\"patient\":{\"reference\":"
            "\"Patient/p\"},\"dateTime\":\"%s\",\"organization\":[{\"reference\":"
            "\"Organization/n1\"}],\"policyRule\":{\"coding\":[{\"system\":"
            "\"http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"OPTIN\"}]},"
            "\"provision\":{\"provision\":[{\"type\":\"deny\"%s}]}}",
            id, dated, more),
        "p");
    km_test_must(w, km_test_write(w, &one));
}

#define ETREAT                                                                            \
    ",\"purpose\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ActReason\",\"" \
    "code\":\"ETREAT\"}]"
#define CONDITIONS \
    ",\"class\":[{\"system\":\"http://hl7.org/fhir/resource-types\",\"code\":\"Condition\"}]"

static int64_t chart_of(km_test_log *w)
{
    int64_t chart, rid;
    km_reader *r = km_test_reader(w, &w->everything);
    km_test_must(w, km_reader_locate(&chart, &rid, r, km_fhir_type_named(KM_STR("Patient")),
                                     KM_STR("p"), 1));
    km_reader_close(r);
    return chart;
}

static void who_refused_beforehand_is_heeded_and_both_are_told(void **state)
{
    km_test_log *w = *state;
    km_granted g;
    km_notice told[16];
    km_review cases[16];
    km_who a = clinician(w, "a");
    put_consent(w, "no", "2020-01-01", ETREAT);
    int64_t chart = chart_of(w);
    km_test_must(w, break_glass(&g, w, &a, chart));
    assert_int_equal(g.level, KM_GRANT_NONE);
    assert_int_equal(g.refused, KM_REFUSED_ALL);
    assert_int_equal(level(w, &a, chart), KM_GRANT_NONE);
    assert_int_equal(notices(told, w, chart, KM_NOTICE_PERSON), 1);
    assert_int_equal(told[0].kind, KM_NOTICE_REFUSED);
    assert_int_equal(reviews(cases, w, false), 1);
    km_who b = clinician(w, "b");
    assert_int_equal(extend(&g, w, told[0].grant.number, &b), KM_FORBIDDEN);
    /* Another network's person may not have said so, but who names no network meets it. */
    a.network = KM_STR("Organization/n2");
    km_test_must(w, break_glass(&g, w, &a, chart));
    assert_int_equal(g.refused, KM_REFUSED_NOTHING);
    a.network = KM_STR_NONE;
    km_test_must(w, break_glass(&g, w, &a, chart));
    assert_int_equal(g.refused, KM_REFUSED_ALL);
}

static void a_refusal_of_parts_is_told_and_one_that_names_no_emergency_is_none(void **state)
{
    km_test_log *w = *state;
    km_granted g;
    km_who a = clinician(w, "a");
    put_consent(w, "no", "2020-01-01", "");
    int64_t chart = chart_of(w);
    km_test_must(w, break_glass(&g, w, &a, chart));
    assert_int_equal(g.refused, KM_REFUSED_NOTHING);
    put_consent(w, "no", "2020-01-01", ETREAT CONDITIONS);
    km_test_must(w, break_glass(&g, w, &a, chart));
    assert_int_equal(g.refused, KM_REFUSED_PARTS);
    assert_int_equal(g.level, KM_GRANT_MINIMUM);
}

/* --- sites, review --- */

static void a_site_that_ends_takes_its_grants_with_it(void **state)
{
    km_test_log *w = *state;
    km_granted g;
    km_who a = clinician(w, "a");
    km_test_must(w, break_glass(&g, w, &a, 7));
    km_test_must(w, km_trust_site_end(w->log, KM_STR("Organization/er"), KM_STR("x"), &w->call));
    assert_int_equal(level(w, &a, 7), KM_GRANT_NONE);
    assert_int_equal(break_glass(&g, w, &a, 8), KM_FORBIDDEN);
    km_fault_clear(&w->fault);
    assert_int_equal(km_trust_site_end(w->log, KM_STR("Organization/er"), KM_STR("x"), &w->call),
                     KM_NOT_FOUND);
    km_fault_clear(&w->fault);
    assert_int_equal(km_trust_site_put(w->log, KM_STR("er"), KM_STR("x"), KM_STR("x"), &w->call),
                     KM_BAD_VALUE);
}

static km_code judge(km_test_log *w, int64_t grant, const char *verdict, const char *words,
                     const km_who *who)
{
    km_fault_clear(&w->fault);
    return km_trust_review_judge(w->log, grant, km_str_of(verdict), km_str_of(words), who,
                                 &w->call);
}

static void a_review_is_due_in_72_hours_and_judged_once_by_somebody_else(void **state)
{
    km_test_log *w = *state;
    km_granted g;
    km_review cases[16];
    km_notice told[16];
    int64_t open, overdue;
    km_conn *c;
    km_who a = clinician(w, "a"), b = clinician(w, "b"), officer = clinician(w, "officer");
    officer.role = role("security_officer");
    km_test_must(w, break_glass(&g, w, &a, 7));
    km_test_must(w, extend(&g, w, g.number, &b));
    assert_int_equal(judge(w, g.number, "justified", "", &a), KM_FORBIDDEN);
    assert_int_equal(judge(w, g.number, "justified", "", &b), KM_FORBIDDEN);
    assert_int_equal(judge(w, g.number, "fine", "", &officer), KM_BAD_VALUE);
    assert_int_equal(judge(w, g.number, "unjustified", "short", &officer), KM_REQUIRED);
    assert_int_equal(judge(w, g.number + 1, "justified", "", &officer), KM_NOT_FOUND);
    km_test_must(w, km_store_reader(&c, w->store, &w->fault));
    km_test_must(w, km_trust_review_figures(&open, &overdue, c, w->now + 72 * HOUR, &w->fault));
    assert_int_equal(open, 1);
    assert_int_equal(overdue, 0);
    km_test_must(w, km_trust_review_figures(&open, &overdue, c, w->now + 72 * HOUR + 1, &w->fault));
    assert_int_equal(overdue, 1);
    km_store_return(c);
    km_test_must(
        w, judge(w, g.number, "unjustified", "診療の関係がなく、理由も事実と異なる", &officer));
    assert_int_equal(judge(w, g.number, "justified", "", &officer), KM_DUPLICATE);
    assert_int_equal(reviews(cases, w, false), 0);
    assert_int_equal(reviews(cases, w, true), 1);
    assert_string_equal(km_arena_z(w->arena, cases[0].verdict), "unjustified");
    assert_int_equal(notices(told, w, 7, KM_NOTICE_PERSON), 3);
    assert_int_equal(told[0].kind, KM_NOTICE_REVIEWED);
    assert_string_equal(km_arena_z(w->arena, told[0].verdict), "unjustified");
}

/* --- agreed at registration --- */

static bool standing(km_test_log *w, const km_who *who, int64_t chart)
{
    bool yes;
    km_reader *r = km_test_reader(w, &w->everything);
    km_test_must(w, km_trust_standing_of(&yes, r, &chart, 1, who, w->now));
    km_reader_close(r);
    return yes;
}

static void who_agreed_at_registration_is_seen_by_sites_and_told_once_a_day(void **state)
{
    km_test_log *w = *state;
    km_notice told[16];
    km_who a = clinician(w, "a"), outside = clinician(w, "o");
    outside.organisation = KM_STR("Organization/2");
    assert_false(standing(w, &a, 7));
    km_test_must(w, km_trust_standing_put(w->log, 7, KM_STR("Consent/c"), KM_STR("x"), &w->call));
    assert_true(standing(w, &a, 7));
    assert_false(standing(w, &a, 8));
    assert_false(standing(w, &outside, 7));
    assert_int_equal(level(w, &a, 7), KM_GRANT_NONE); /* no glass is broken */
    km_test_must(w, km_trust_standing_seen(w->log, 7, &a, &w->call));
    km_test_must(w, km_trust_standing_seen(w->log, 7, &a, &w->call));
    assert_int_equal(notices(told, w, 7, KM_NOTICE_PERSON), 1);
    assert_int_equal(told[0].kind, KM_NOTICE_STANDING);
    w->now += 24 * HOUR;
    km_test_must(w, km_trust_standing_seen(w->log, 7, &a, &w->call));
    assert_int_equal(notices(told, w, 7, KM_NOTICE_PERSON), 2);
    km_test_must(w, km_trust_standing_end(w->log, 7, KM_STR("x"), &w->call));
    assert_false(standing(w, &a, 7));
}

static void an_erased_chart_leaves_no_words_and_no_notices(void **state)
{
    km_test_log *w = *state;
    km_granted g;
    km_notice told[16];
    km_who a = clinician(w, "a");
    put_consent(w, "no", "2020-01-01", "");
    int64_t chart = chart_of(w);
    km_test_must(w, break_glass(&g, w, &a, chart));
    km_test_must(w, km_log_erase(w->log, chart, &w->fault));
    assert_int_equal(notices(told, w, chart, KM_NOTICE_PERSON), 0);
    km_reader *r = km_test_reader(w, &w->everything);
    km_test_must(w, km_trust_grant_read(&g, r, g.number));
    km_reader_close(r);
    assert_int_equal(g.words.n, 0);
    assert_string_equal(km_arena_z(w->arena, g.reason), "unconscious");
    km_test_must(w, km_log_rebuild(w->log, "grants", NULL, &w->call));
    r = km_test_reader(w, &w->everything);
    km_test_must(w, km_trust_grant_read(&g, r, g.number));
    km_reader_close(r);
}

/* --- over chance --- */

enum { PEOPLE = 3, DOCTORS = 3, STEPS = 400 };
typedef struct levels {
    km_grant at[DOCTORS][PEOPLE];
} levels;

static levels all_levels(km_test_log *w)
{
    static const char *const name[DOCTORS] = { "a", "b", "c" };
    levels l;
    for (int d = 0; d < DOCTORS; d++)
        for (int p = 0; p < PEOPLE; p++) {
            km_who who = clinician(w, name[d]);
            l.at[d][p] = level(w, &who, 10 + p);
        }
    return l;
}

/* One step of chance; true when it may open something: a grant, an extension, a site. */
static bool step(km_test_log *w)
{
    static const char *const name[DOCTORS] = { "a", "b", "c" };
    km_granted g;
    km_who who = clinician(w, name[km_test_below(&w->seed, DOCTORS)]);
    int64_t chart = 10 + (int64_t)km_test_below(&w->seed, PEOPLE);
    km_fault_clear(&w->fault);
    switch (km_test_below(&w->seed, 8)) {
    case 0:
        (void)break_glass(&g, w, &who, chart);
        return true;
    case 1:
        (void)extend(&g, w, 1 + (int64_t)km_test_below(&w->seed, 20), &who);
        return true;
    case 2:
        (void)km_trust_site_put(w->log, KM_STR("Organization/er"), KM_STR("x"), KM_STR("x"),
                                &w->call);
        return true;
    case 3:
        (void)km_trust_site_end(w->log, KM_STR("Organization/er"), KM_STR("x"), &w->call);
        return false;
    case 4:
        (void)judge(w, 1 + (int64_t)km_test_below(&w->seed, 20), "justified", "", &who);
        return false;
    case 5:
        (void)km_trust_notice_mark(w->log, 1 + (int64_t)km_test_below(&w->seed, 20), &w->call);
        return false;
    default:
        w->now += (km_ms)km_test_below(&w->seed, 9) * HOUR;
        return false;
    }
}

static void whatever_happens_only_grants_extensions_and_sites_open(void **state)
{
    km_test_log *w = *state;
    int opened = 0;
    levels before = all_levels(w);
    for (int i = 0; i < STEPS; i++) {
        km_arena_mark mark = km_arena_here(w->arena);
        bool may_open = step(w);
        levels after = all_levels(w);
        for (int d = 0; d < DOCTORS; d++)
            for (int p = 0; p < PEOPLE; p++) {
                opened += after.at[d][p] > before.at[d][p];
                if (!may_open)
                    assert_true(after.at[d][p] <= before.at[d][p]);
            }
        before = after;
        km_arena_back(w->arena, mark);
    }
    assert_true(opened > 10); /* the walk did meet what it is about */
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(a_grant_opens_the_minimum_for_its_clinician_and_nobody_else),
        T(it_lives_24_hours_and_not_before_it_was_made),
        T(who_may_not_is_refused_and_leaves_nothing),
        T(a_reason_of_the_table_and_ten_characters_are_wanted),
        T(the_grant_its_notices_and_its_review_are_made_together_or_not_at_all),
        T(without_its_audit_entry_there_is_no_grant),
        T(home_doctors_are_told_too),
        T(a_notice_is_read_once_and_stays),
        T(a_second_clinician_extends_to_the_full_record),
        T(who_refused_beforehand_is_heeded_and_both_are_told),
        T(a_refusal_of_parts_is_told_and_one_that_names_no_emergency_is_none),
        T(a_site_that_ends_takes_its_grants_with_it),
        T(a_review_is_due_in_72_hours_and_judged_once_by_somebody_else),
        T(who_agreed_at_registration_is_seen_by_sites_and_told_once_a_day),
        T(an_erased_chart_leaves_no_words_and_no_notices),
        T(whatever_happens_only_grants_extensions_and_sites_open),
    };
    return km_test_on_both("breaking the glass", tests, NULL, NULL);
}
