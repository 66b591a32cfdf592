/* SPDX-License-Identifier: Apache-2.0
 *
 * Who looked at these charts, what did this agent do: the index beside a plain walk.
 */
#include "trust/audit/audit_test.h"
#include "trust/audit/find.h"

#include <dirent.h>
#include <stdlib.h>

enum { CHARTS = 7, AGENTS = 5, ENTRIES = 900 };

/* The nth entry: about two charts now and then, by one of five, of three kinds. */
static km_audit_entry entry_of(int64_t n, int64_t chart[2], char agent[16])
{
    static const km_audit_kind kinds[] = { KM_AUDIT_READ, KM_AUDIT_SEARCH, KM_AUDIT_BREAK_GLASS };
    chart[0] = n * 31 % CHARTS;
    chart[1] = n * 17 % CHARTS;
    snprintf(agent, 16, "staff-%d", (int)(n * 13 % AGENTS));
    return (km_audit_entry){ .at = 1775000000000 + n * 1000,
                             .kind = kinds[n * n % 5 % 3],
                             .outcome = KM_STR("ok"),
                             .agent = { .id = km_str_of(agent), .role = KM_STR("clinician") },
                             .route = KM_STR("/fhir/{type}/{id}"),
                             .chart = chart,
                             .charts = chart[0] == chart[1] ? 1 : (size_t)(n % 3) };
}

static void fill(km_audit_world *w, km_audit *a, int64_t from, int64_t n)
{
    for (int64_t i = from; i < from + n; i++) {
        int64_t chart[2];
        char agent[16];
        km_audit_entry e = entry_of(i, chart, agent);
        km_buf out = km_buf_in(w->arena);
        km_audit_must(w, km_audit_entry_print(&out, &e, &w->fault));
        km_str text = km_buf_str(&out);
        km_audit_must(w, km_audit_append(NULL, a, &text, 1, &w->fault));
    }
}

static bool is_sought(int64_t n, const km_audit_search *s)
{
    int64_t chart[2];
    char agent[16];
    km_audit_entry e = entry_of(n, chart, agent);
    bool about = s->charts == 0;
    for (size_t i = 0; i < e.charts; i++)
        for (size_t k = 0; k < s->charts; k++)
            about = about || e.chart[i] == s->chart[k];
    return about && (s->agent.n == 0 || km_str_eq(e.agent.id, s->agent))
           && (s->kinds == 0 || s->kinds >> e.kind & 1) && (s->since == 0 || e.at >= s->since)
           && (s->until == 0 || e.at < s->until);
}

/* All pages of a search, against the entries looked through one by one. */
static void check_search(km_audit_world *w, km_audit_finder *x, km_audit_search s, int64_t purged,
                         int64_t all)
{
    int64_t expected = all;
    s.before = 0;
    do {
        km_audit_page page;
        km_audit_must(w, km_audit_find(&page, x, &s, &w->call));
        assert_true(page.n <= s.limit);
        assert_int_equal(page.size, all);
        for (size_t i = 0; i < page.n; i++) {
            do
                expected--;
            while (expected >= purged && !is_sought(expected, &s));
            assert_int_equal(page.found[i].item.index, expected);
            int64_t chart[2];
            char agent[16];
            km_audit_entry e = entry_of(expected, chart, agent);
            assert_int_equal(page.found[i].entry.at, e.at);
            assert_int_equal(page.found[i].entry.kind, e.kind);
        }
        s.before = page.next;
    } while (s.before > 0);
    while (--expected >= purged)
        assert_false(is_sought(expected, &s));
}

static void check_all(km_audit_world *w, km_audit_finder *x, int64_t purged, int64_t all)
{
    const int64_t chart[] = { 3, 5, 6 };
    const km_audit_search searches[] = {
        { .limit = 1000 },
        { .limit = 7 },
        { .chart = chart, .charts = 1, .limit = 10 },
        { .chart = chart, .charts = 3, .limit = 13 },
        { .agent = KM_STR_INIT("staff-2"), .limit = 10 },
        { .agent = KM_STR_INIT("nobody"), .limit = 10 },
        { .chart = chart, .charts = 2, .agent = KM_STR_INIT("staff-1"), .limit = 3 },
        { .kinds = 1u << KM_AUDIT_BREAK_GLASS, .limit = 10 },
        { .kinds = 1u << KM_AUDIT_BREAK_GLASS | 1u << KM_AUDIT_READ, .limit = 50 },
        { .kinds = 1u << KM_AUDIT_LOGIN, .limit = 50 },
        { .since = 1775000000000 + 100 * 1000, .until = 1775000000000 + 250 * 1000, .limit = 9 },
        { .chart = chart, .charts = 1, .since = 1775000000000 + 333 * 1000, .limit = 1 },
    };
    for (size_t i = 0; i < sizeof searches / sizeof *searches; i++)
        check_search(w, x, searches[i], purged, all);
}

static int count_indexes(const km_audit_world *w)
{
    int n = 0;
    DIR *d = opendir(w->dir);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        n += strstr(e->d_name, ".idx") != NULL;
    closedir(d);
    return n;
}

static void every_page_of_every_search_equals_a_walk_through_all(void **state)
{
    km_audit_world w;
    km_audit *a;
    km_audit_finder *x;
    (void)state;
    km_audit_world_new(&w);
    w.o.segment_bytes = 20000;
    km_audit_must(&w, km_audit_open(&a, &w.o, &w.fault));
    km_audit_must(&w, km_audit_finder_open(&x, w.dir, &w.fault));
    for (int64_t n = 0; n < ENTRIES; n += 300) { /* it grows while it is asked */
        fill(&w, a, n, 300);
        check_all(&w, x, 0, n + 300);
    }
    assert_true(count_indexes(&w) > 3);
    km_audit_finder_close(x);
    km_audit_must(&w, km_audit_close(a, &w.fault));
    km_audit_world_free(&w);
}

static void remove_indexes(const km_audit_world *w, bool spoil)
{
    DIR *d = opendir(w->dir);
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if (strstr(e->d_name, ".idx") != NULL) {
            char path[512];
            snprintf(path, sizeof path, "%s/%s", w->dir, e->d_name);
            if (spoil) {
                FILE *f = fopen(path, "r+");
                assert_non_null(f);
                fseek(f, 100, SEEK_SET);
                fputc('!', f);
                fclose(f);
            } else {
                unlink(path);
            }
        }
    closedir(d);
}

static void an_index_that_is_missing_or_spoilt_is_made_anew(void **state)
{
    km_audit_world w;
    km_audit *a;
    km_audit_finder *x;
    (void)state;
    km_audit_world_new(&w);
    w.o.segment_bytes = 20000;
    km_audit_must(&w, km_audit_open(&a, &w.o, &w.fault));
    fill(&w, a, 0, ENTRIES);
    for (int how = 0; how < 3; how++) { /* never made, spoilt, removed */
        if (how > 0)
            remove_indexes(&w, how == 1);
        km_audit_must(&w, km_audit_finder_open(&x, w.dir, &w.fault));
        check_all(&w, x, 0, ENTRIES);
        assert_true(count_indexes(&w) > 3);
        km_audit_finder_close(x);
    }
    km_audit_must(&w, km_audit_close(a, &w.fault));
    km_audit_world_free(&w);
}

static void what_was_purged_is_found_no_more(void **state)
{
    km_audit_world w;
    km_audit *a;
    km_audit_finder *x;
    km_audit_purge p = { .below = ENTRIES / 2,
                         .case_id = KM_STR_INIT("case-1"),
                         .first_person = KM_STR_INIT("one"),
                         .second_person = KM_STR_INIT("two") };
    int64_t purged;
    (void)state;
    km_audit_world_new(&w);
    w.o.segment_bytes = 20000;
    km_audit_must(&w, km_audit_open(&a, &w.o, &w.fault));
    km_audit_must(&w, km_audit_finder_open(&x, w.dir, &w.fault));
    fill(&w, a, 0, ENTRIES);
    check_all(&w, x, 0, ENTRIES);
    km_audit_must(&w, km_audit_sign_now(a, &w.fault));
    km_audit_must(&w, km_audit_purge_old(&purged, a, &p, &w.call));
    assert_true(purged > 100);
    const int64_t chart = 3;
    km_audit_search about = { .chart = &chart, .charts = 1, .limit = 1000 };
    for (int how = 0; how < 2; how++) { /* the finder that had seen them, and a new one */
        km_audit_page page;
        km_audit_must(&w, km_audit_find(&page, x, &about, &w.call));
        assert_true(page.n > 10);
        for (size_t i = 0; i < page.n; i++)
            assert_true(page.found[i].item.index >= purged);
        km_audit_finder_close(x);
        km_audit_must(&w, km_audit_finder_open(&x, w.dir, &w.fault));
    }
    km_audit_finder_close(x);
    km_audit_must(&w, km_audit_close(a, &w.fault));
    km_audit_world_free(&w);
}

static void what_was_found_is_proved_against_one_checkpoint(void **state)
{
    km_audit_world w;
    km_audit *a;
    km_audit_finder *x;
    km_audit_page page;
    km_audit_path *path;
    km_audit_checkpoint c;
    km_str note;
    (void)state;
    km_audit_world_new(&w);
    w.o.segment_bytes = 20000;
    w.o.checkpoint_every_ms = 3600000;
    km_audit_must(&w, km_audit_open(&a, &w.o, &w.fault));
    km_audit_must(&w, km_audit_finder_open(&x, w.dir, &w.fault));
    fill(&w, a, 0, 500);
    km_audit_must(&w, km_audit_sign_now(a, &w.fault));
    fill(&w, a, 500, 10);
    km_audit_search s = { .agent = KM_STR_INIT("staff-2"), .limit = 1000 };
    km_audit_must(&w, km_audit_find(&page, x, &s, &w.call));
    km_audit_must(&w, km_audit_find_checkpoint(&c, &note, x, &w.call));
    km_audit_must(&w, km_audit_prove_found(&path, x, &page, c.size, &w.call));
    assert_int_equal(c.size, 500);
    assert_int_equal(page.n, 102);
    for (size_t i = 0; i < page.n; i++) {
        const km_audit_item *item = &page.found[i].item;
        km_audit_hash commit = km_audit_commit(item->salt, item->entry);
        km_audit_hash leaf = km_audit_leaf(&commit);
        if (item->index < c.size)
            assert_true(km_audit_includes(&c.root, c.size, item->index, &leaf, &path[i]));
    }
    km_audit_finder_close(x);
    km_audit_must(&w, km_audit_close(a, &w.fault));
    km_audit_world_free(&w);
}

static void a_search_without_bounds_is_refused(void **state)
{
    km_audit_world w;
    km_audit *a;
    km_audit_finder *x;
    km_audit_page page;
    (void)state;
    km_audit_world_new(&w);
    assert_int_equal(km_audit_finder_open(&x, w.dir, &w.fault), KM_NOT_FOUND);
    km_fault_clear(&w.fault);
    km_audit_must(&w, km_audit_open(&a, &w.o, &w.fault));
    km_audit_must(&w, km_audit_finder_open(&x, w.dir, &w.fault));
    km_audit_search s = { .limit = 0 };
    assert_int_equal(km_audit_find(&page, x, &s, &w.call), KM_BAD_VALUE);
    km_fault_clear(&w.fault);
    s.limit = KM_AUDIT_FOUND_MAX + 1;
    assert_int_equal(km_audit_find(&page, x, &s, &w.call), KM_BAD_VALUE);
    km_fault_clear(&w.fault);
    s = (km_audit_search){ .limit = 10, .before = 5 };
    km_audit_must(&w, km_audit_find(&page, x, &s, &w.call)); /* of nothing */
    assert_int_equal(page.n, 0);
    assert_int_equal(page.next, 0);
    km_audit_finder_close(x);
    km_audit_must(&w, km_audit_close(a, &w.fault));
    km_audit_world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_page_of_every_search_equals_a_walk_through_all),
        cmocka_unit_test(an_index_that_is_missing_or_spoilt_is_made_anew),
        cmocka_unit_test(what_was_purged_is_found_no_more),
        cmocka_unit_test(what_was_found_is_proved_against_one_checkpoint),
        cmocka_unit_test(a_search_without_bounds_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
