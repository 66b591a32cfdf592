/* SPDX-License-Identifier: Apache-2.0
 *
 * What log.h promises of writing and of reading one record, on both databases.
 */
#include "record/words_test.h"

/* --- versions --- */

static void a_new_record_is_version_1_and_each_change_one_more(void **state)
{
    km_test_log *w = *state;
    for (int i = 1; i <= 5; i++) {
        km_write one = put_basic(w, "a", i % 2 ? "ja" : "en", "");
        assert_int_equal(one.version, i);
        assert_int_equal(one.seq, i);
        assert_int_equal(one.created, i == 1);
        assert_int_equal(one.rid, 1);
        assert_int_equal(one.chart, KM_CHART_NONE);
        assert_int_equal(one.at, w->now);
    }
    assert_string_equal(language_of(w, "Basic", "a"), "ja");
    assert_string_equal(words_of(w), "0/1/ja ");
    km_test_whole(w);
}

static void a_deletion_is_a_version_and_what_follows_it_creates_again(void **state)
{
    km_test_log *w = *state;
    put_basic(w, "a", "ja", "");
    km_write gone = km_test_delete("Basic", "a");
    km_test_must(w, km_test_write(w, &gone));
    assert_int_equal(gone.version, 2);
    assert_string_equal(language_of(w, "Basic", "a"), "");
    assert_string_equal(words_of(w), "");
    km_write again = km_test_delete("Basic", "a");
    km_test_must(w, km_test_write(w, &again));
    assert_true(again.unchanged);
    assert_int_equal(again.version, 2);
    km_write back = put_basic(w, "a", "en", "");
    assert_true(back.created);
    assert_int_equal(back.version, 3);
    assert_int_equal(back.rid, gone.rid);
    assert_string_equal(words_of(w), "0/1/en ");
    km_test_whole(w);
}

static void what_never_was_cannot_be_deleted(void **state)
{
    km_test_log *w = *state;
    km_write gone = km_test_delete("Basic", "a");
    assert_int_equal(km_test_write(w, &gone), KM_NOT_FOUND);
    assert_int_equal(km_log_figured(w->log).versions, 0);
}

static void each_old_version_is_read_as_it_was(void **state)
{
    km_test_log *w = *state;
    char language[8];
    for (int i = 1; i <= 20; i++) {
        snprintf(language, sizeof language, "l%d", i);
        put_basic(w, "a", language, "");
        put_basic(w, "b", language, "");
    }
    km_reader *r = km_test_reader(w, &w->everything);
    for (int i = 1; i <= 20; i++) {
        km_record *rec;
        km_jv body;
        km_test_must(w, km_reader_version(&rec, r, type_of("Basic"), KM_STR("a"), 1, i));
        assert_int_equal(rec->version, i);
        km_test_must(w, km_record_json(&body, rec, &w->call));
        snprintf(language, sizeof language, "l%d", i);
        assert_true(km_str_is(km_jv_text(body, "language"), language));
    }
    km_record *none;
    assert_int_equal(km_reader_version(&none, r, type_of("Basic"), KM_STR("a"), 1, 21),
                     KM_NOT_FOUND);
    km_fault_clear(&w->fault);
    assert_int_equal(km_reader_version(&none, r, type_of("Basic"), KM_STR("a"), 1, 0),
                     KM_NOT_FOUND);
    km_reader_close(r);
}

static void what_is_printed_carries_its_version_and_time(void **state)
{
    km_test_log *w = *state;
    km_write one = km_test_update(
        km_test_json(w->arena,
                     "{\"meta\":{\"versionId\":\"9\",\"lastUpdated\":\"1999-01-01T00:00:00Z"
                     "\",\"source\":\"x\"},\"id\":\"other\",\"resourceType\":\"Basic\","
                     "\"code\":{\"text\":\"1.00\"}}"),
        "");
    one.id = KM_STR("a");
    km_test_must(w, km_test_write(w, &one));
    km_reader *r = km_test_reader(w, &w->everything);
    km_record *rec;
    km_buf out = km_buf_in(w->arena);
    km_test_must(w, km_reader_find(&rec, r, type_of("Basic"), KM_STR("a"), 1));
    km_test_must(w, km_access_release(&w->everything, &rec, 1, &w->fault));
    km_record_print(&out, rec);
    assert_true(km_str_is(km_buf_str(&out),
                          "{\"resourceType\":\"Basic\",\"id\":\"a\",\"meta\":{\"versionId\":\"1\","
                          "\"lastUpdated\":\"2023-11-14T22:13:20.000Z\",\"source\":\"x\"},"
                          "\"code\":{\"text\":\"1.00\"}}"));
    km_reader_close(r);
}

/* --- expectations --- */

static void an_expectation_that_does_not_hold_changes_nothing(void **state)
{
    static const struct {
        int versions; /* before; the last is a deletion where negative */
        km_op op;
        int64_t expect;
        km_code code;
    } row[] = {
        { 0, KM_OP_CREATE, KM_EXPECT_ABSENT, KM_OK },
        { 0, KM_OP_UPDATE, KM_EXPECT_ANY, KM_OK },
        { 0, KM_OP_UPDATE, 1, KM_PRECONDITION },
        { 0, KM_OP_DELETE, 1, KM_PRECONDITION },
        { 2, KM_OP_CREATE, KM_EXPECT_ABSENT, KM_DUPLICATE },
        { 2, KM_OP_UPDATE, KM_EXPECT_ABSENT, KM_DUPLICATE },
        { 2, KM_OP_UPDATE, 1, KM_PRECONDITION },
        { 2, KM_OP_UPDATE, 3, KM_PRECONDITION },
        { 2, KM_OP_UPDATE, 2, KM_OK },
        { 2, KM_OP_DELETE, 1, KM_PRECONDITION },
        { 2, KM_OP_DELETE, 2, KM_OK },
        { -3, KM_OP_CREATE, KM_EXPECT_ABSENT, KM_OK },
        { -3, KM_OP_UPDATE, 3, KM_PRECONDITION },
        { -3, KM_OP_UPDATE, KM_EXPECT_ANY, KM_OK },
    };
    km_test_log *w = *state;
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char id[16];
        snprintf(id, sizeof id, "r%zu", i);
        for (int v = 0; v < abs(row[i].versions) - (row[i].versions < 0); v++)
            put_basic(w, id, "ja", "");
        km_write one = km_test_delete("Basic", id);
        if (row[i].versions < 0)
            km_test_must(w, km_test_write(w, &one));
        int64_t before = km_log_figured(w->log).versions;
        if (row[i].op != KM_OP_DELETE)
            one = km_test_update(a_basic(w, id, "en"), "");
        one.op = row[i].op;
        one.expect = row[i].expect;
        assert_int_equal(km_test_write(w, &one), row[i].code);
        assert_int_equal(km_log_figured(w->log).versions, before + (row[i].code == KM_OK));
    }
    km_test_whole(w);
}

static void the_same_content_again_appends_nothing_where_asked(void **state)
{
    km_test_log *w = *state;
    km_write first = put_basic(w, "a", "ja", "");
    w->now += 5000;
    km_write same = km_test_update(a_basic(w, "a", "ja"), "");
    same.keep_same = true;
    km_test_must(w, km_test_write(w, &same));
    assert_true(same.unchanged && !same.created);
    assert_int_equal(same.version, 1);
    assert_int_equal(same.seq, first.seq);
    assert_int_equal(same.at, first.at);
    km_write other = km_test_update(a_basic(w, "a", "en"), "");
    other.keep_same = true;
    km_test_must(w, km_test_write(w, &other));
    assert_int_equal(other.version, 2);
    assert_int_equal(km_log_figured(w->log).versions, 2);
}

static void an_id_that_fhir_does_not_know_is_refused(void **state)
{
    static const char *const ids[] = {
        "", "a/b", "a b", "a\nb",
        "1234567890123456789012345678901234567890123456789012345678901234x"
    };
    km_test_log *w = *state;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        km_write one = km_test_update(a_basic(w, "x", "ja"), "");
        one.id = km_str_of(ids[i]);
        assert_int_equal(km_test_write(w, &one), KM_BAD_VALUE);
        one.id = KM_STR("x");
        one.owner = km_str_of(ids[i]);
        if (i > 0)
            assert_int_equal(km_test_write(w, &one), KM_BAD_VALUE);
    }
}

static void time_never_runs_backwards_along_the_log(void **state)
{
    km_test_log *w = *state;
    km_write a = put_basic(w, "a", "ja", "");
    w->now -= 1000000;
    km_write b = put_basic(w, "b", "ja", "");
    assert_true(b.at >= a.at);
    km_test_log_close(w);
    km_test_log_open(w);
    km_write c = put_basic(w, "c", "ja", "");
    assert_true(c.at >= b.at);
}

/* --- sources --- */

static void an_id_is_unique_per_source_and_ones_own_comes_first(void **state)
{
    km_test_log *w = *state;
    km_write mine = put_basic(w, "a", "ja", "");
    km_write theirs = km_test_update(a_basic(w, "a", "en"), "");
    theirs.source = 2;
    km_test_must(w, km_test_write(w, &theirs));
    assert_int_not_equal(mine.rid, theirs.rid);
    static const struct {
        int32_t asked, found;
    } row[] = { { 1, 1 }, { 2, 2 }, { 3, 1 }, { 0, 1 } };
    for (size_t i = 0; i < 4; i++) {
        km_record *rec;
        int64_t chart, rid;
        km_reader *r = km_test_reader(w, &w->everything);
        km_test_must(w, km_reader_find(&rec, r, type_of("Basic"), KM_STR("a"), row[i].asked));
        assert_int_equal(rec->source, row[i].found);
        km_test_must(
            w, km_reader_locate(&chart, &rid, r, type_of("Basic"), KM_STR("a"), row[i].asked));
        assert_int_equal(rid, rec->rid);
        km_reader_close(r);
    }
}

static void a_source_keeps_its_number_and_takes_a_new_name(void **state)
{
    km_test_log *w = *state;
    int32_t a, b, again;
    km_source s;
    km_test_must(w, km_log_source(&a, w->log, KM_STR("urn:a"), KM_STR("A hospital"), &w->fault));
    km_test_must(w, km_log_source(&b, w->log, KM_STR("urn:b"), KM_STR_NONE, &w->fault));
    assert_int_not_equal(a, b);
    km_test_must(w, km_log_source(&again, w->log, KM_STR("urn:a"), KM_STR_NONE, &w->fault));
    assert_int_equal(a, again);
    km_test_log_close(w);
    km_test_log_open(w);
    km_test_must(w, km_log_source(&again, w->log, KM_STR("urn:a"), KM_STR("New"), &w->fault));
    assert_int_equal(a, again);
    km_reader *r = km_test_reader(w, &w->everything);
    km_test_must(w, km_reader_source(&s, r, a));
    assert_true(km_str_is(s.name, "New") && km_str_is(s.uri, "urn:a"));
    km_test_must(w, km_reader_source(&s, r, b));
    assert_true(km_str_is(s.name, "urn:b"));
    assert_int_equal(km_reader_source(&s, r, 99), KM_NOT_FOUND);
    km_reader_close(r);
}

/* --- who wrote --- */

static void write_as(km_test_log *w, const char *id, const char *act)
{
    km_write one = km_test_update(a_basic(w, id, "ja"), "");
    km_plan plan = { .write = &one, .n = 1, .call = &w->call, .act = km_str_of(act) };
    km_test_must(w, km_log_write(w->log, &plan, NULL));
}

static void the_log_says_who_wrote_each_entry(void **state)
{
    static const char *const who[] = { "ana", "ana", "bo", "", "ana", "bo" };
    km_written out[16];
    size_t n;
    km_test_log *w = *state;
    for (size_t i = 0; i < 6; i++)
        write_as(w, km_arena_print(w->arena, "id%zu", i % 4).p, who[i]);
    km_test_log_close(w);
    km_test_log_open(w);
    write_as(w, "last", "bo");
    km_test_must(w, km_log_written(out, &n, 16, w->log, 0, &w->call));
    assert_int_equal(n, 7);
    for (size_t i = 0; i < 6; i++)
        if (!km_str_is(out[i].act, who[i]))
            fail_msg("entry %zu was written by %.*s", i, KM_STR_ARG(out[i].act));
    assert_true(km_str_is(out[6].act, "bo") && km_str_is(out[6].id, "last"));
    assert_int_equal(out[4].version, 2);
    km_test_must(w, km_log_written(out, &n, 2, w->log, 2, &w->call));
    assert_int_equal(n, 2);
    assert_true(km_str_is(out[0].act, "bo") && km_str_is(out[1].act, ""));
    km_test_whole(w);
}

/* --- charts --- */

static void a_chart_is_made_before_its_patient_arrives(void **state)
{
    km_test_log *w = *state;
    int64_t chart;
    km_chart c;
    km_write first = put_basic(w, "a", "ja", "p1");
    assert_true(first.chart > 0);
    km_write patient = put_patient(w, "p1", "ja");
    assert_int_equal(patient.chart, first.chart);
    km_write other = put_patient(w, "p2", "ja");
    assert_int_not_equal(other.chart, first.chart);
    km_reader *r = km_test_reader(w, &w->everything);
    km_test_must(w, km_reader_chart_of(&chart, r, 1, KM_STR("p1")));
    assert_int_equal(chart, first.chart);
    km_test_must(w, km_reader_chart(&c, r, chart));
    assert_true(km_str_is(c.patient, "p1") && c.source == 1 && !c.erased);
    assert_int_equal(km_reader_chart_of(&chart, r, 2, KM_STR("p1")), KM_NOT_FOUND);
    km_reader_close(r);
}

static void a_record_stays_with_its_patient(void **state)
{
    static const struct {
        const char *first, *then;
        km_code code;
    } row[] = { { "p1", "p1", KM_OK },
                { "p1", "p2", KM_SEVERAL_OWNERS },
                { "p1", "unknown1", KM_SEVERAL_OWNERS },
                { "p1", "", KM_SEVERAL_OWNERS },
                { "", "", KM_OK },
                { "", "p1", KM_SEVERAL_OWNERS },
                { "", "unknown2", KM_SEVERAL_OWNERS } };
    km_test_log *w = *state;
    put_patient(w, "p1", "ja");
    put_patient(w, "p2", "ja");
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        char id[16];
        snprintf(id, sizeof id, "r%zu", i);
        put_basic(w, id, "ja", row[i].first);
        km_write one = km_test_update(a_basic(w, id, "en"), row[i].then);
        assert_int_equal(km_test_write(w, &one), row[i].code);
    }
    km_test_whole(w);
}

static void what_the_access_hides_looks_absent(void **state)
{
    km_test_log *w = *state;
    km_record *rec;
    int64_t chart, rid;
    km_chart c;
    km_write mine = put_basic(w, "a", "ja", "p1");
    km_write theirs = put_basic(w, "b", "ja", "p2");
    w->hidden = theirs.chart;
    km_reader *r = km_test_reader(w, &w->some);
    km_test_must(w, km_reader_find(&rec, r, type_of("Basic"), KM_STR("a"), 1));
    assert_int_equal(km_reader_find(&rec, r, type_of("Basic"), KM_STR("b"), 1), KM_NOT_FOUND);
    km_fault_clear(&w->fault);
    assert_int_equal(km_reader_locate(&chart, &rid, r, type_of("Basic"), KM_STR("b"), 1),
                     KM_NOT_FOUND);
    km_fault_clear(&w->fault);
    assert_int_equal(km_reader_by_rid(&rec, r, theirs.rid), KM_NOT_FOUND);
    km_fault_clear(&w->fault);
    assert_int_equal(km_reader_by_seq(&rec, r, theirs.seq), KM_NOT_FOUND);
    km_fault_clear(&w->fault);
    assert_int_equal(km_reader_chart(&c, r, theirs.chart), KM_NOT_FOUND);
    km_fault_clear(&w->fault);
    assert_int_equal(km_reader_chart_of(&chart, r, 1, KM_STR("p2")), KM_NOT_FOUND);
    km_fault_clear(&w->fault);
    km_test_must(w, km_reader_by_rid(&rec, r, mine.rid));
    km_reader_close(r);
}

/* The rows of the old version are the store's business, not the caller's. */
static void who_may_not_read_may_still_write_his_own(void **state)
{
    km_test_log *w = *state;
    km_write mine = put_basic(w, "a", "ja", "p1");
    w->hidden = mine.chart;
    km_write one = km_test_update(a_basic(w, "a", "en"), "p1");
    km_plan p = { .write = &one, .n = 1, .call = &w->call, .access = &w->some };
    km_test_must(w, km_log_write(w->log, &p, NULL));
    assert_int_equal(one.version, 2);
    assert_string_equal(words_of(w), "1/1/en ");
}

/* --- reopening --- */

static void everything_goes_on_where_it_stood_after_reopening(void **state)
{
    km_test_log *w = *state;
    km_write a = put_basic(w, "a", "ja", "p1");
    put_basic(w, "a", "en", "p1");
    km_test_log_close(w);
    km_test_log_open(w);
    assert_int_equal(km_log_figured(w->log).versions, 2);
    km_write next = put_basic(w, "a", "fr", "p1");
    assert_int_equal(next.version, 3);
    assert_int_equal(next.seq, 3);
    assert_int_equal(next.chart, a.chart);
    km_write fresh = put_basic(w, "b", "fr", "p2");
    assert_int_equal(fresh.rid, a.rid + 1);
    assert_int_equal(fresh.chart, a.chart + 1);
    km_test_whole(w);
}

static void another_key_opens_nothing(void **state)
{
    km_test_log *w = *state;
    put_basic(w, "a", "ja", "p1");
    km_test_log_close(w);
    km_store_options so = { .place = w->place.place, .sql = w->sql };
    km_test_must(w, km_store_open(&w->store, &so, &w->fault));
    km_log_options lo = {
        .store = w->store, .kek = { 8 }, .folds = w->folds, .clock = &w->clock, .random = &w->random
    };
    km_log *l = NULL;
    assert_int_equal(km_log_open(&l, &lo, &w->fault), KM_TAMPERED);
    km_store_close(w->store);
    km_test_log_open(w);
    assert_string_equal(language_of(w, "Basic", "a"), "ja");
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, words_setup, words_teardown)
        T(a_new_record_is_version_1_and_each_change_one_more),
        T(a_deletion_is_a_version_and_what_follows_it_creates_again),
        T(what_never_was_cannot_be_deleted),
        T(each_old_version_is_read_as_it_was),
        T(what_is_printed_carries_its_version_and_time),
        T(an_expectation_that_does_not_hold_changes_nothing),
        T(the_same_content_again_appends_nothing_where_asked),
        T(an_id_that_fhir_does_not_know_is_refused),
        T(time_never_runs_backwards_along_the_log),
        T(an_id_is_unique_per_source_and_ones_own_comes_first),
        T(a_source_keeps_its_number_and_takes_a_new_name),
        T(the_log_says_who_wrote_each_entry),
        T(a_chart_is_made_before_its_patient_arrives),
        T(a_record_stays_with_its_patient),
        T(what_the_access_hides_looks_absent),
        T(who_may_not_read_may_still_write_his_own),
        T(everything_goes_on_where_it_stood_after_reopening),
        T(another_key_opens_nothing),
    };
    return km_test_on_both("log", tests, NULL, NULL);
}
