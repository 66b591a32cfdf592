/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is one person with whom, against the plainest account of it: charts that share an identifier
 * of a listed system, and whoever these share one with. And the list of people, page by page.
 */
#include "record/log_test.h"

#include "km_sql_view_person.h"
#include "view/person/person.h"

static const km_embedded *const lists[] = { km_sql_record, km_sql_view_person, NULL };
static const km_fold_def *const folds[] = { &km_person_fold, NULL };

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

#define JOINS "http://hl7.org/fhir/sid/us-ssn"
#define JOINS_TOO "urn:oid:1.2.392.100495.20.3.61.06139999"
#define HOSPITAL "urn:oid:1.2.392.100495.20.3.51.11234567"

/* identifiers: "J1 K2 H3": value 1 of JOINS, 2 of JOINS_TOO, 3 of HOSPITAL; names one after another
 */
static km_jv a_patient(km_test_log *w, const char *id, const char *identifiers, const char *names)
{
    km_buf out = km_buf_in(w->arena);
    km_str rest = km_str_of(identifiers);
    km_buf_print(&out, "{\"resourceType\":\"Patient\",\"id\":\"%s\"", id);
    for (int i = 0; rest.n > 0; i++) {
        km_str one = km_str_cut(rest, ' ', &rest);
        const char *system = one.p[0] == 'J' ? JOINS : one.p[0] == 'K' ? JOINS_TOO : HOSPITAL;
        km_buf_print(&out, "%s{\"system\":\"%s\",\"value\":\"%.*s\"}",
                     i ? "," : ",\"identifier\":[", system, (int)one.n - 1, one.p + 1);
    }
    km_buf_z(&out, identifiers[0] ? "]" : "");
    rest = km_str_of(names);
    for (int i = 0; rest.n > 0; i++) {
        km_str one = km_str_cut(rest, '/', &rest);
        km_buf_print(&out, "%s{\"family\":\"%.*s\"}", i ? "," : ",\"name\":[", KM_STR_ARG(one));
    }
    km_buf_z(&out, names[0] ? "]}" : "}");
    return km_test_json(w->arena, "%.*s", KM_STR_ARG(km_buf_str(&out)));
}

static int64_t put(km_test_log *w, const char *id, const char *identifiers, const char *names)
{
    km_write one = km_test_update(a_patient(w, id, identifiers, names), "");
    km_test_must(w, km_test_write(w, &one));
    return one.chart;
}

/* The person of a chart; 0 when it has none. */
static int64_t person_of(km_test_log *w, int64_t chart)
{
    int64_t person = 0;
    km_reader *r = km_test_reader(w, &w->everything);
    km_code rc = km_person_of_chart(&person, r, chart);
    km_reader_close(r);
    assert_true(rc == KM_OK || rc == KM_NOT_FOUND);
    km_fault_clear(&w->fault);
    return rc == KM_OK ? person : 0;
}

static void a_shared_identifier_of_people_joins_and_a_hospitals_own_does_not(void **state)
{
    km_test_log *w = *state;
    int64_t a = put(w, "a", "J1 H1", ""), b = put(w, "b", "H1", ""), c = put(w, "c", "J1 K2", "");
    int64_t d = put(w, "d", "K2", ""), e = put(w, "e", "J2", "");
    assert_int_equal(person_of(w, a), a);
    assert_int_equal(person_of(w, b), b);
    assert_int_equal(person_of(w, c), a);
    assert_int_equal(person_of(w, d), a);
    assert_int_equal(person_of(w, e), e);
    put(w, "c", "K2", ""); /* the bridge breaks */
    assert_int_equal(person_of(w, a), a);
    assert_int_equal(person_of(w, c), c);
    assert_int_equal(person_of(w, d), c);
}

static void the_width_of_letters_does_not_part_a_person(void **state)
{
    km_test_log *w = *state;
    int64_t a = put(w, "a", "J12-3", ""), b = put(w, "b", "J１２-３", "");
    assert_int_equal(person_of(w, b), a);
}

/* --- against the plainest account --- */

enum { PEOPLE = 12, MARKS = 6 };

typedef struct account {
    bool there[PEOPLE], mark[PEOPLE][MARKS];
    int64_t chart[PEOPLE];
} account;

static int64_t must_be(const account *a, int who)
{
    bool in[PEOPLE] = { [0] = false };
    int64_t least = a->chart[who];
    in[who] = true;
    for (bool more = true; more;) {
        more = false;
        for (int i = 0; i < PEOPLE; i++)
            for (int k = 0; k < PEOPLE && !in[i]; k++)
                for (int m = 0; m < MARKS; m++)
                    if (in[k] && a->there[i] && a->mark[i][m] && a->mark[k][m])
                        in[i] = more = true;
    }
    for (int i = 0; i < PEOPLE; i++)
        if (in[i] && a->chart[i] < least)
            least = a->chart[i];
    return least;
}

static void live_a_step(km_test_log *w, account *a)
{
    char id[8], identifiers[MARKS * 8] = "";
    int who = (int)km_test_below(&w->seed, PEOPLE), act = (int)km_test_below(&w->seed, 12);
    snprintf(id, sizeof id, "p%d", who);
    if (act == 0 && a->there[who]) {
        km_test_must(w, km_log_erase(w->log, a->chart[who], &w->fault));
        a->there[who] = false;
        a->chart[who] = 0;
    } else if (act == 1 && a->there[who]) {
        km_write gone = km_test_delete("Patient", id);
        km_test_must(w, km_test_write(w, &gone));
        a->there[who] = false;
    } else {
        for (int m = 0; m < MARKS; m++) {
            char one[8];
            a->mark[who][m] = km_test_below(&w->seed, 6) == 0;
            snprintf(one, sizeof one, "%s%c%d", identifiers[0] ? " " : "", m % 2 ? 'J' : 'K', m);
            if (a->mark[who][m])
                strcat(identifiers, one);
        }
        a->chart[who] = put(w, id, identifiers, "x");
        a->there[who] = true;
    }
}

static void persons_are_what_their_identifiers_say_after_any_life(void **state)
{
    km_test_log *w = *state;
    account a = { { false }, { { false } }, { 0 } };
    for (int step = 0; step < 250; step++) {
        km_arena_reset(w->arena);
        km_fault_clear(&w->fault);
        live_a_step(w, &a);
        for (int i = 0; i < PEOPLE; i++)
            if (a.chart[i] != 0)
                assert_int_equal(person_of(w, a.chart[i]), a.there[i] ? must_be(&a, i) : 0);
    }
    int64_t *chart;
    size_t n, all = 0;
    for (int i = 0; i < PEOPLE; i++) {
        if (!a.there[i] || must_be(&a, i) != a.chart[i])
            continue;
        km_reader *r = km_test_reader(w, &w->everything);
        km_test_must(w, km_person_charts(&chart, &n, r, a.chart[i]));
        km_reader_close(r);
        all += n;
        for (size_t k = 1; k < n; k++)
            assert_true(chart[k] > chart[k - 1]);
    }
    for (int i = 0; i < PEOPLE; i++)
        all -= a.there[i];
    assert_int_equal(all, 0);
}

/* --- the list --- */

/* Everybody in the list, by the ids of the patients shown: "a b c ". */
static const char *listed(km_test_log *w, km_access *access, const char *name, size_t room)
{
    km_buf out = km_buf_in(w->arena);
    km_str next = KM_STR_NONE;
    do {
        km_person_row row[50];
        km_record *rec;
        size_t n;
        km_reader *r = km_test_reader(w, access);
        km_test_must(w, km_person_list(row, &n, room, r, km_str_of(name), next, &next));
        for (size_t i = 0; i < n; i++) {
            km_test_must(w, km_reader_by_rid(&rec, r, row[i].patient_rid));
            km_buf_print(&out, "%.*s%zu ", KM_STR_ARG(rec->id), row[i].charts);
        }
        km_reader_close(r);
        assert_true(n <= room);
    } while (next.n > 0);
    return km_arena_z(w->arena, km_buf_str(&out));
}

static void people_are_listed_once_by_their_first_name_in_order(void **state)
{
    km_test_log *w = *state;
    put(w, "c", "J1", "さとう");
    put(w, "a", "J2", "あべ/あべ/アベ");
    put(w, "b", "J1", "さとう/さいとう");
    int64_t hidden = put(w, "d", "J2", "あおき");
    put(w, "e", "", "すずき");
    put(w, "f", "", "");
    for (size_t room = 1; room <= 6; room++) {
        assert_string_equal(listed(w, &w->everything, "", room), "f1 d2 c2 e1 ");
        assert_string_equal(listed(w, &w->everything, "サ", room), "b2 ");
        assert_string_equal(listed(w, &w->everything, "あべ", room), "a2 ");
        assert_string_equal(listed(w, &w->everything, "さとう", room), "c2 ");
        assert_string_equal(listed(w, &w->everything, "みなもと", room), "");
        w->hidden = hidden;
        assert_string_equal(listed(w, &w->some, "", room), "f1 a1 c2 e1 ");
    }
    km_write gone = km_test_delete("Patient", "e");
    km_test_must(w, km_test_write(w, &gone));
    assert_string_equal(listed(w, &w->everything, "", 2), "f1 d2 c2 ");
}

static void names_in_romaji_are_found_on_every_page(void **state)
{
    km_test_log *w = *state;
    put(w, "a", "", "やまだ");
    put(w, "b", "", "やまだた");
    put(w, "c", "", "やまもと");
    for (size_t room = 1; room < 4; room++) {
        assert_string_equal(listed(w, &w->everything, "yamada", room), "a1 b1 ");
        assert_string_equal(listed(w, &w->everything, "yama", room), "a1 b1 c1 ");
    }
}

/* More than one portion of places, each person with many names. */
static void a_long_list_misses_nobody(void **state)
{
    km_test_log *w = *state;
    km_write write[150];
    km_buf all = km_buf_in(w->arena);
    for (int i = 0; i < 150; i++) {
        char id[8], names[64], identifiers[8];
        snprintf(id, sizeof id, "p%03d", i);
        snprintf(names, sizeof names, "n%03d/n%03dx/n%03dy/zz", i, i, 149 - i);
        snprintf(identifiers, sizeof identifiers, "J%d", i / 2);
        write[i] = km_test_update(a_patient(w, id, identifiers, names), "");
        if (i % 2 == 0)
            km_buf_print(&all, "p%03d2 ", i);
    }
    km_plan p = { .write = write, .n = 150, .call = &w->call };
    km_test_must(w, km_log_write(w->log, &p, NULL));
    const char *must = km_arena_z(w->arena, km_buf_str(&all));
    assert_string_equal(listed(w, &w->everything, "", 7), must);
    assert_int_equal(strlen(listed(w, &w->everything, "n", 7)), strlen(must));
    assert_int_equal(strlen(listed(w, &w->everything, "zz", 50)), strlen(must));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        T(a_shared_identifier_of_people_joins_and_a_hospitals_own_does_not),
        T(the_width_of_letters_does_not_part_a_person),
        T(persons_are_what_their_identifiers_say_after_any_life),
        T(people_are_listed_once_by_their_first_name_in_order),
        T(names_in_romaji_are_found_on_every_page),
        T(a_long_list_misses_nobody),
    };
    return km_test_on_both("persons", tests, NULL, NULL);
}
