/* SPDX-License-Identifier: Apache-2.0
 *
 * Searches that want too much, or something else than a search: each is refused with a fault that
 * names the parameter, or is bounded; none breaks anything.
 */
#include "record/log_test.h"

#include "km_sql_view_index.h"
#include "view/index/inside.h"

static const km_embedded *const lists[] = { km_sql_record, km_sql_view_index, NULL };
static const km_fold_def *const folds[] = { &km_index_fold, NULL };

static int setup(void **state)
{
    km_test_log *w = km_test_log_new(lists, folds);
    km_write write[20];
    for (int i = 0; i < 20; i++)
        write[i] = km_test_update(
            km_test_json(
                w->arena,
                "{\"resourceType\":\"Observation\",\"id\":\"o%d\",\"status\":\"final\",\"code\":{"
                "\"coding\":[{\"system\":\"s\",\"code\":\"c%d\"}]},\"effectiveDateTime\":\"20%"
                "02d\"}",
                i, i % 3, i),
            "p1");
    km_plan p = { .write = write, .n = 20, .call = &w->call };
    km_test_must(w, km_log_write(w->log, &p, NULL));
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    km_test_log_free(*state);
    return 0;
}

static km_ftype type_of(const char *name)
{
    return km_fhir_type_named(km_str_of(name));
}

/* "a=b&c=d", not decoded. */
static km_code parse(km_search **s, km_test_log *w, const char *type, const char *query,
                     bool lenient)
{
    size_t n = 0;
    km_search_field *field = KM_NEW_ARRAY(w->arena, 200, km_search_field);
    for (km_str rest = km_str_of(query); rest.n > 0 && n < 200; n++) {
        km_str value, name = km_str_cut(km_str_cut(rest, '&', &rest), '=', &value);
        field[n] = (km_search_field){ name, value };
    }
    km_search_input in = { .type = type[0] ? type_of(type) : 0,
                           .field = field,
                           .fields = n,
                           .lenient = lenient,
                           .count_default = 7 };
    km_fault_clear(&w->fault);
    return km_search_parse(s, &in, &w->call);
}

static km_code run(km_page *page, km_test_log *w, const km_search *s, km_str cursor)
{
    km_reader *r = km_test_reader(w, &w->everything);
    km_code rc = km_search_run(page, s, r, cursor);
    km_reader_close(r);
    return rc;
}

static void what_is_no_search_is_refused_by_name(void **state)
{
    static const struct {
        const char *type, *query;
        km_code code;
        const char *path;
    } rows[] = {
        { "Observation", "nonsense=1", KM_UNKNOWN_PARAM, "nonsense" },
        { "Observation", "code:exact=1", KM_UNKNOWN_PARAM, "code:exact" },
        { "Observation", "code:=1", KM_OK, "" },
        { "Observation", "date=yesterday", KM_BAD_VALUE, "date" },
        { "Observation", "date=", KM_BAD_VALUE, "date" },
        { "Observation", "date=2020-13", KM_BAD_VALUE, "date" },
        { "Observation", "date=2020-02-30", KM_BAD_VALUE, "date" },
        { "Observation", "_lastUpdated=x", KM_BAD_VALUE, "_lastUpdated" },
        { "Observation", "value-quantity=1|2", KM_BAD_VALUE, "value-quantity" },
        { "Observation", "value-quantity=||", KM_BAD_VALUE, "value-quantity" },
        { "Observation", "value-quantity=1e999999", KM_OK, "" },
        { "Observation", "code=a|b|c", KM_BAD_VALUE, "code" },
        { "Observation", "code=|", KM_BAD_VALUE, "code" },
        { "Observation", "code=", KM_BAD_VALUE, "code" },
        { "Observation", "code:missing=maybe", KM_BAD_VALUE, "code:missing" },
        { "Observation", "code-value-quantity=a", KM_BAD_VALUE, "code-value-quantity" },
        { "Observation", "code-value-quantity=a$1$2", KM_BAD_VALUE, "code-value-quantity" },
        { "Observation", "subject.nonsense=1", KM_UNKNOWN_PARAM, "subject.nonsense" },
        { "Observation", "subject.=1", KM_UNKNOWN_PARAM, "subject." },
        { "Observation", "status.code=1", KM_UNKNOWN_PARAM, "status.code" },
        { "Observation", "subject:missing.name=1", KM_UNKNOWN_PARAM, "subject:missing.name" },
        { "Patient", "_has:=1", KM_UNKNOWN_PARAM, "_has:" },
        { "Patient", "_has:Observation:code:code=1", KM_UNKNOWN_PARAM,
          "_has:Observation:code:code" },
        { "Patient", "_has:Observation:subject:=1", KM_UNKNOWN_PARAM, "_has:Observation:subject:" },
        { "Observation", "_count=-1", KM_BAD_VALUE, "_count" },
        { "Observation", "_count=99999999999999999999", KM_BAD_VALUE, "_count" },
        { "Observation", "_summary=maybe", KM_BAD_VALUE, "_summary" },
        { "Observation", "_total=all", KM_BAD_VALUE, "_total" },
        { "Observation", "_sort=nonsense", KM_UNKNOWN_PARAM, "_sort" },
        { "Observation", "_sort=-", KM_UNKNOWN_PARAM, "_sort" },
        { "Observation", "_sort=code-value-quantity", KM_UNKNOWN_PARAM, "_sort" },
        { "Observation", "_sort=date,code,status,_id,_lastUpdated,date", KM_TOO_COSTLY, "_sort" },
        { "Observation", "_sort=date,code,status&_sort=date,code,status", KM_TOO_COSTLY, "_sort" },
        { "Observation", "_include=Observation:nonsense", KM_UNKNOWN_PARAM, "_include" },
        { "Observation", "_include=Observation", KM_BAD_VALUE, "_include" },
        { "Observation", "_include=Nonsense:subject", KM_BAD_VALUE, "_include" },
        { "Observation", "_include=Observation:subject:Nonsense", KM_BAD_VALUE, "_include" },
        { "Observation", "_revinclude=Observation:code", KM_UNKNOWN_PARAM, "_revinclude" },
        { "Observation", "_type=Patient", KM_UNKNOWN_PARAM, "_type" },
        { "", "_type=Patient,Nonsense", KM_BAD_VALUE, "_type" },
        { "", "_type=Patient,Observation&code=1", KM_UNKNOWN_PARAM, "code" },
    };
    km_test_log *w = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        km_search *s;
        km_code rc = parse(&s, w, rows[i].type, rows[i].query, false);
        if (rc != rows[i].code || (rc != KM_OK && strcmp(w->fault.path, rows[i].path) != 0))
            fail_msg("%s: %s at %s", rows[i].query, km_code_name(rc), w->fault.path);
    }
}

static void who_is_lenient_is_told_what_was_left_out(void **state)
{
    km_test_log *w = *state;
    km_search *s;
    km_page page;
    km_test_must(w, parse(&s, w, "Observation",
                          "nonsense=1&code=c1&_sort=date,nonsense&code:exact=1&"
                          "_sort=-date&_include=Observation:nonsense",
                          true));
    km_search_view v = km_search_viewed(s);
    assert_int_equal(v.n_ignored, 4);
    assert_int_equal(v.n_used, 2);
    assert_true(km_str_is(v.ignored[1], "_sort"));
    km_test_must(w, run(&page, w, s, KM_STR_NONE));
    assert_int_equal(page.total, 7);
    assert_int_equal(page.found[0].rid, 20); /* o19 is the newest of c1 */
}

static void what_leads_to_too_much_is_refused_in_time(void **state)
{
    static const char *const queries[] = {
        "subject.subject.subject.subject=Patient/1",
        "focus.focus.focus.focus=Patient/1",
        ("_has:Provenance:target:_has:Provenance:target:_has:Provenance:target:_has:Provenance:"
         "target:_id=1"), /* one text: clang suspects a comma forgotten */
        "focus.target.target.target.target.target.target.target=1",
    };
    km_test_log *w = *state;
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        km_search *s;
        km_code rc = parse(&s, w, "Observation", queries[i], false);
        assert_true(rc == KM_OK || rc == KM_TOO_COSTLY || rc == KM_UNKNOWN_PARAM);
        assert_true(km_arena_used(w->arena) < (size_t)32 << 20);
    }
    km_buf many = km_buf_in(w->arena), terms = km_buf_in(w->arena);
    for (int i = 0; i < 31; i++)
        km_buf_z(&many, "code=a&");
    km_search *s;
    assert_int_equal(parse(&s, w, "Observation", km_arena_z(w->arena, km_buf_str(&many)), false),
                     KM_TOO_COSTLY);
    for (int p = 0; p < 3; p++) {
        static const char *const names[] = { "code=a", "_id=a", "_lastUpdated=2020" };
        terms.n = 0;
        km_buf_z(&terms, names[p]);
        for (int i = 0; i < 501; i++)
            km_buf_z(&terms, p == 2 ? ",2020" : ",a");
        assert_int_equal(
            parse(&s, w, "Observation", km_arena_z(w->arena, km_buf_str(&terms)), false),
            KM_TOO_COSTLY);
    }
}

static void a_type_named_twice_is_searched_once(void **state)
{
    km_test_log *w = *state;
    km_search *s;
    km_page page;
    km_test_must(w, parse(&s, w, "", "_type=Observation,Observation,Patient&_count=100", false));
    km_test_must(w, run(&page, w, s, KM_STR_NONE));
    assert_int_equal(page.total, 20);
    assert_int_equal(page.matches, 20);
}

/* Cursors are sealed outside; what is not one of ours is refused all the same. */
static void a_cursor_that_is_not_ours_breaks_nothing(void **state)
{
    km_test_log *w = *state;
    static const char *const queries[] = { "", "code=c1", "_sort=date", "code=c1&_sort=-date" };
    for (size_t q = 0; q < 4; q++) {
        km_search *s;
        km_test_must(w, parse(&s, w, "Observation", queries[q], false));
        for (int i = 0; i < 500; i++) {
            km_page page;
            char bytes[40];
            size_t n = 1 + km_test_below(&w->seed, 39);
            km_test_fill(w, bytes, n);
            if (i % 2)
                bytes[0] = i % 4 == 1 ? 'k' : 's';
            km_arena_mark mark = km_arena_here(w->arena);
            km_code rc = run(&page, w, s, (km_str){ bytes, n });
            assert_true(rc == KM_OK || rc == KM_BAD_VALUE);
            if (rc == KM_OK)
                assert_true(page.matches <= 7);
            km_fault_clear(&w->fault);
            km_arena_back(w->arena, mark);
        }
    }
}

static void count_zero_counts_and_names_none(void **state)
{
    static const char *const queries[] = { "_count=0", "_summary=count", "_count=0&code=s|c1",
                                           "_summary=count&code=c1",
                                           "_count=0&_sort=date&code=c1" };
    km_test_log *w = *state;
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        km_search *s;
        km_page page;
        km_test_must(w, parse(&s, w, "Observation", queries[i], false));
        km_test_must(w, run(&page, w, s, KM_STR_NONE));
        assert_int_equal(page.matches, 0);
        assert_false(page.more);
        assert_true(page.has_total);
        assert_int_equal(page.total, i < 2 && i != 1 ? 20 : i == 1 ? 20 : 7);
    }
}

/* A record written between two pages neither shifts nor doubles what was there. */
static void pages_hold_while_others_write(void **state)
{
    static const char *const queries[] = { "", "status=final", "_sort=date",
                                           "_sort=-_lastUpdated" };
    km_test_log *w = *state;
    for (size_t q = 0; q < 4; q++) {
        km_search *s;
        km_page page;
        km_str cursor = KM_STR_NONE;
        int seen[21] = { 0 };
        km_test_must(w, parse(&s, w, "Observation", queries[q], false));
        do {
            km_test_must(w, run(&page, w, s, cursor));
            for (size_t i = 0; i < page.matches; i++)
                if (page.found[i].rid <= 20)
                    seen[page.found[i].rid]++;
            cursor = page.cursor;
            char id[16];
            snprintf(id, sizeof id, "new%zu-%zu", q, cursor.n);
            km_write one = km_test_update(
                km_test_json(w->arena,
                             "{\"resourceType\":\"Observation\",\"id\":\"%s\","
                             "\"status\":\"final\",\"code\":{}}",
                             id),
                "p1");
            km_test_must(w, km_test_write(w, &one));
        } while (page.more);
        for (int i = 1; i <= 20; i++)
            assert_int_equal(seen[i], 1);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(what_is_no_search_is_refused_by_name),
        T(who_is_lenient_is_told_what_was_left_out),
        T(what_leads_to_too_much_is_refused_in_time),
        T(a_type_named_twice_is_searched_once),
        T(a_cursor_that_is_not_ours_breaks_nothing),
        T(count_zero_counts_and_names_none),
        T(pages_hold_while_others_write),
    };
    return km_test_on_both("limits of searches", tests, NULL, NULL);
}
