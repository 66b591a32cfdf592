/* SPDX-License-Identifier: Apache-2.0
 *
 * After any life of a log the views are what they are when made anew from it, row by row; and both
 * databases tell the same story of it, to the last byte of the chain.
 *
 * KUMIHIMO_LIVES sets how many lives (default 4), KUMIHIMO_SEED where chance begins.
 */
#include "invent.h"

#define SQL_FILE(name, text)         \
    {                                \
        name, text, sizeof(text) - 1 \
    }
static const km_embedded dump_sql[] = {
    SQL_FILE(
        "dump.sql",
        "-- name: dump_hit\n"
        "SELECT value, param, chart, rid FROM hit ORDER BY param, value, chart, rid;\n"
        "-- name: dump_day\n"
        "SELECT NULL, chart, type, day, rid FROM chart_day ORDER BY chart, type, day, rid;\n"
        "-- name: dump_link\n"
        "SELECT mark, chart FROM person_link ORDER BY mark, chart;\n"
        "-- name: dump_person\n"
        "SELECT NULL, chart, person FROM person_chart ORDER BY chart;\n"
        "-- name: dump_name [sqlite]\n"
        "SELECT CAST(name AS BLOB), chart, shown, rid FROM person_name ORDER BY chart, name;\n"
        "-- name: dump_name [postgres]\n"
        "SELECT convert_to(name, 'UTF8'), chart, shown, rid FROM person_name ORDER BY chart, "
        "name;\n"
        "-- name: dump_log\n"
        "SELECT body, seq, chart, rid, type, version, source, op, at, prev, type_prev FROM log "
        "ORDER BY seq;\n"),
    { 0 },
};
static const km_embedded *const with_dump[] = { km_sql_record, km_sql_view_index,
                                                km_sql_view_person, dump_sql, NULL };

static const struct {
    const char *query;
    int numbers; /* columns behind the first, which is bytes or NULL */
} tables[] = { { "dump_hit", 3 },    { "dump_day", 4 },  { "dump_link", 1 },
               { "dump_person", 2 }, { "dump_name", 3 }, { "dump_log", 10 } };
enum { TABLES = sizeof tables / sizeof *tables, VIEWS = TABLES - 1 };

/* A line for each row. */
static km_str dump(km_test_log *w, km_arena *a, size_t table)
{
    km_buf out = km_buf_in(a);
    km_conn *c;
    km_stmt *st;
    km_fault_clear(&w->fault);
    km_test_must(w, km_store_reader(&c, w->store, &w->fault));
    km_test_must(w, km_query(&st, c, tables[table].query, &w->fault));
    for (;;) {
        bool row;
        km_test_must(w, km_step(&row, st, &w->fault));
        if (!row)
            break;
        km_str bytes = km_col_null(st, 0) ? KM_STR_NONE : km_col_blob(st, 0);
        for (int i = 1; i <= tables[table].numbers; i++)
            km_buf_print(&out, "%lld ", (long long)km_col_int(st, i));
        km_buf_add(&out, km_hex(a, bytes.p, bytes.n));
        km_buf_char(&out, '\n');
    }
    km_store_return(c);
    return km_buf_str(&out);
}

static void expect_equal(km_str is, km_str must, const char *table, const char *what)
{
    while (is.n > 0 || must.n > 0) {
        km_str a = km_str_cut(is, '\n', &is), b = km_str_cut(must, '\n', &must);
        if (!km_str_eq(a, b))
            fail_msg("%s, %s: %.*s, not %.*s", table, what, KM_STR_ARG(a), KM_STR_ARG(b));
    }
}

static void expect_views_as_made_anew(km_test_log *w)
{
    km_str live[VIEWS];
    km_arena *a = km_arena_new((size_t)1 << 30);
    for (size_t i = 0; i < VIEWS; i++)
        live[i] = dump(w, a, i);
    assert_true(live[0].n > 1000);
    km_test_must(w, km_log_rebuild(w->log, "index", NULL, &w->call));
    km_test_must(w, km_log_rebuild(w->log, "person", NULL, &w->call));
    for (size_t i = 0; i < VIEWS; i++)
        expect_equal(live[i], dump(w, a, i), tables[i].query, "live and made anew");
    km_arena_free(a);
}

/* Some charts go, among them one that joined persons. */
static void erase_some(km_test_log *w)
{
    for (int i = 0; i < 2; i++) {
        int64_t chart = 1 + (int64_t)km_test_below(&w->seed, 10);
        km_fault_clear(&w->fault);
        km_code rc = km_log_erase(w->log, chart, &w->fault);
        if (rc != KM_OK && rc != KM_ERASED && rc != KM_NOT_FOUND)
            fail_msg("erase: %s %s", km_code_name(rc), w->fault.detail);
    }
}

static size_t lives(void)
{
    const char *n = getenv("KUMIHIMO_LIVES");
    return n != NULL ? strtoull(n, NULL, 10) : 4;
}

static km_test_log *born(size_t life)
{
    km_test_log *w = km_test_log_new(with_dump, all_folds);
    const char *seed = getenv("KUMIHIMO_SEED");
    w->seed += (life + 1) * 104729 + (seed ? strtoull(seed, NULL, 10) * 7919 : 0);
    return w;
}

static void views_are_what_a_rebuild_makes_of_the_log(void **state)
{
    (void)state;
    for (size_t life = 0; life < lives(); life++) {
        km_test_log *w = born(life);
        for (int part = 0; part < 3; part++) {
            live_on(w, 120);
            expect_views_as_made_anew(w);
            erase_some(w);
            expect_views_as_made_anew(w);
        }
        km_test_whole(w);
        km_test_log_free(w);
    }
}

/* Groups of many writes fold the same record several times before a flush. */
static void views_are_right_after_plans_of_many_writes(void **state)
{
    (void)state;
    for (size_t life = 0; life < lives(); life++) {
        km_test_log *w = born(life + 1000);
        for (int plan = 0; plan < 20; plan++) {
            km_write write[30];
            size_t n = 0;
            km_arena_reset(w->arena);
            for (int i = 0; i < 30; i++) {
                km_write one = invent_write(w);
                bool twice = false;
                for (size_t k = 0; k < n; k++)
                    twice |= write[k].type == one.type && write[k].source == one.source
                             && km_str_eq(write[k].id, one.id);
                if (!twice)
                    write[n++] = one;
            }
            km_fault_clear(&w->fault);
            km_plan p = { .write = write, .n = n, .call = &w->call, .access = &w->everything };
            km_code rc = km_log_write(w->log, &p, NULL);
            assert_true(rc == KM_OK || rc == KM_SEVERAL_OWNERS);
        }
        expect_views_as_made_anew(w);
        km_test_log_free(w);
    }
}

static void tell_all(km_test_log *w, km_arena *a, km_str out[TABLES])
{
    live_on(w, 150);
    erase_some(w);
    live_on(w, 100);
    for (size_t i = 0; i < TABLES; i++)
        out[i] = dump(w, a, i);
}

static void both_databases_hold_the_same_to_the_last_byte(void **state)
{
    (void)state;
    if (km_test_server() == NULL)
        skip();
    km_arena *a = km_arena_new((size_t)1 << 30);
    km_str sqlite[TABLES], postgres[TABLES];
    km_verify_report v[2];
    km_dialect before = km_test_dialect;
    for (int d = KM_SQLITE; d <= KM_POSTGRES; d++) {
        km_test_dialect = (km_dialect)d;
        km_test_log *w = born(77);
        tell_all(w, a, d == KM_SQLITE ? sqlite : postgres);
        km_test_must(w, km_test_verify(w, &v[d]));
        km_test_log_free(w);
    }
    km_test_dialect = before;
    for (size_t i = 0; i < TABLES; i++)
        expect_equal(sqlite[i], postgres[i], tables[i].query, "SQLite and PostgreSQL");
    assert_string_equal(v[0].head, v[1].head);
    km_arena_free(a);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_are_what_a_rebuild_makes_of_the_log),
        cmocka_unit_test(views_are_right_after_plans_of_many_writes),
        cmocka_unit_test(both_databases_hold_the_same_to_the_last_byte),
    };
    km_test_dialect = km_test_server() != NULL ? KM_POSTGRES : KM_SQLITE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
