/* SPDX-License-Identifier: Apache-2.0 */
#include "store/place_test.h"

#include <pthread.h>
#include <stdatomic.h>

#define SQL_FILE(name, text)         \
    {                                \
        name, text, sizeof(text) - 1 \
    }

static const km_embedded files[] = {
    SQL_FILE("001_pool.sql", "-- area: pool\n"
                             "-- for: sqlite\n"
                             "CREATE TABLE tick(id INTEGER PRIMARY KEY, body BLOB);\n"
                             "-- for: postgres\n"
                             "CREATE TABLE tick(id BIGINT PRIMARY KEY, body BYTEA);\n"),
    SQL_FILE("pool.sql", "-- name: tick_put\nINSERT INTO tick(id, body) VALUES ($1, $2);\n"
                         "-- name: tick_count\nSELECT count(*), count(*) FROM tick;\n"
                         "-- name: tick_clear\nDELETE FROM tick;\n"),
    { 0 },
};
static const km_embedded *const lists[] = { files, NULL };

enum { READERS = 3, THREADS = 8, ROUNDS = 200 };

static km_test_place place;
static km_store *store;

static void open_store(void)
{
    km_fault f = { 0 };
    km_store_options o = { .place = place.place, .sql = lists, .readers = READERS };
    if (km_store_open(&store, &o, &f) != KM_OK)
        fail_msg("%s: %s", f.path, f.detail);
}

static int setup(void **state)
{
    (void)state;
    km_test_place_new(&place);
    open_store();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    km_store_close(store);
    km_test_place_free(&place);
    return 0;
}

static km_code put(km_conn *c, int64_t id, size_t size, km_fault *f)
{
    static const char body[8192];
    km_stmt *s;
    KM_TRY(km_query(&s, c, "tick_put", f));
    km_bind_int(s, 1, id);
    km_bind_blob(s, 2, body, size);
    return km_run(s, NULL, f);
}

static km_code count(int64_t *n, km_conn *c, km_fault *f)
{
    km_stmt *s;
    bool row;
    KM_TRY(km_query(&s, c, "tick_count", f));
    KM_TRY(km_step(&row, s, f));
    *n = km_col_int(s, 0);
    km_reset(s);
    return KM_OK;
}

/* --- waiting ------------------------------------------------------------------------- */

static atomic_int out, most_out, failures;

static void *borrow_often(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        km_conn *c;
        int64_t n;
        if (km_store_reader(&c, store, NULL) != KM_OK) {
            failures++;
            continue;
        }
        int now = ++out, most = most_out;
        while (now > most && !atomic_compare_exchange_weak(&most_out, &most, now))
            ;
        if (km_begin(c, NULL) != KM_OK || count(&n, c, NULL) != KM_OK)
            failures++;
        km_rollback(c);
        out--;
        km_store_return(c);
    }
    return NULL;
}

static void whoever_finds_no_reader_waits_for_one(void **state)
{
    (void)state;
    pthread_t t[THREADS];
    out = most_out = failures = 0;
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&t[i], NULL, borrow_often, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(failures, 0);
    assert_int_equal(out, 0);
    assert_in_range(most_out, 1, READERS);
}

static atomic_bool writing;

static void who_can_do_without_a_reader_never_waits(void **state)
{
    (void)state;
    km_conn *held[64], *none;
    int n = 0;
    for (; n < 64; n++) {
        assert_int_equal(km_store_reader_if_free(&held[n], store, NULL), KM_OK);
        if (held[n] == NULL)
            break;
    }
    assert_in_range(n, 1, 63);
    assert_int_equal(km_store_reader_if_free(&none, store, NULL), KM_OK);
    assert_null(none);
    km_store_return(held[--n]);
    assert_int_equal(km_store_reader_if_free(&held[n], store, NULL), KM_OK);
    assert_non_null(held[n++]);
    while (n > 0)
        km_store_return(held[--n]);
}

static void *write_much(void *arg)
{
    int64_t base = (int64_t)(intptr_t)arg * 1000000;
    for (int64_t group = 0; group < 20; group++) {
        km_conn *c;
        if (km_store_writer(&c, store, NULL) != KM_OK || km_begin(c, NULL) != KM_OK)
            failures++;
        if (atomic_exchange(&writing, true))
            failures++; /* two at once */
        for (int64_t i = 0; i < 10; i++)
            failures += put(c, base + group * 10 + i, 100, NULL) != KM_OK;
        atomic_store(&writing, false);
        failures += km_commit(c, NULL) != KM_OK;
        km_store_return(c);
    }
    return NULL;
}

static void *see_whole_groups(void *arg)
{
    (void)arg;
    for (int i = 0; i < ROUNDS; i++) {
        km_conn *c;
        int64_t n = -1;
        if (km_store_reader(&c, store, NULL) != KM_OK || count(&n, c, NULL) != KM_OK || n % 10 != 0)
            failures++;
        km_store_return(c);
    }
    return NULL;
}

static void writers_take_turns_and_readers_see_whole_groups(void **state)
{
    (void)state;
    pthread_t t[6];
    failures = 0;
    for (int i = 0; i < 6; i++)
        assert_int_equal(
            pthread_create(&t[i], NULL, i < 3 ? write_much : see_whole_groups, (void *)(intptr_t)i),
            0);
    for (int i = 0; i < 6; i++)
        pthread_join(t[i], NULL);
    assert_int_equal(failures, 0);
    km_conn *c;
    int64_t n;
    assert_int_equal(km_store_reader(&c, store, NULL), KM_OK);
    assert_int_equal(count(&n, c, NULL), KM_OK);
    assert_int_equal(n, 600);
    km_store_return(c);
}

/* --- connections that are lost --------------------------------------------------------- */

/* From outside, as a server's restart or a cut cable would; only the connections of this
 * test, which it has given a name of their own. */
static void cut_connections(const char *name)
{
    PGconn *pg = PQconnectdb(km_test_server());
    PGresult *r = PQexecParams(pg,
                               "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
                               "WHERE application_name = $1",
                               1, NULL, &name, NULL, NULL, 0);
    assert_int_equal(PQresultStatus(r), PGRES_TUPLES_OK);
    assert_int_equal(PQntuples(r), 2);
    PQclear(r);
    PQfinish(pg);
}

static void a_lost_connection_is_replaced_when_given_back(void **state)
{
    (void)state;
    if (km_test_dialect == KM_SQLITE)
        return; /* a file does not hang up */
    char name[32];
    km_store_close(store);
    snprintf(name, sizeof name, "cut-%d", (int)getpid());
    strcat(strcat(place.place, "&application_name="), name);
    open_store();
    km_fault f = { 0 };
    km_conn *w, *r;
    int64_t n;
    assert_int_equal(km_store_writer(&w, store, &f), KM_OK);
    assert_int_equal(km_store_reader(&r, store, &f), KM_OK);
    assert_int_equal(km_begin(w, &f), KM_OK);
    assert_int_equal(put(w, 1, 10, &f), KM_OK);
    assert_int_equal(count(&n, r, &f), KM_OK);
    cut_connections(name);
    assert_int_equal(km_commit(w, &f), KM_STORE);
    assert_int_equal(count(&n, r, NULL), KM_STORE);
    assert_int_equal(put(w, 2, 10, NULL), KM_STORE); /* and nothing hangs */
    km_store_return(w);
    km_store_return(r);
    km_fault_clear(&f);
    assert_int_equal(km_store_writer(&w, store, &f), KM_OK);
    assert_int_equal(put(w, 3, 10, &f), KM_OK);
    assert_int_equal(count(&n, w, &f), KM_OK);
    assert_int_equal(n, 1); /* the cut transaction is not there */
    km_store_return(w);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        T(whoever_finds_no_reader_waits_for_one),
        T(who_can_do_without_a_reader_never_waits),
        T(writers_take_turns_and_readers_see_whole_groups),
        T(a_lost_connection_is_replaced_when_given_back),
    };
    return km_test_on_both("the pool", tests, NULL, NULL);
}
