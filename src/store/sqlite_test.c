/* SPDX-License-Identifier: Apache-2.0
 *
 * What holds of the SQLite file: its log is bounded, erased bytes are gone, copies are whole,
 * nobody else reads it.
 */
#include "store/place_test.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <sqlite3.h>

#define SQL_FILE(name, text)         \
    {                                \
        name, text, sizeof(text) - 1 \
    }

static const km_embedded files[] = {
    SQL_FILE("001_file.sql", "-- area: file\n-- for: sqlite\n"
                             "CREATE TABLE page(id INTEGER PRIMARY KEY, body BLOB);\n"
                             "-- for: postgres\nSELECT 1;\n"),
    SQL_FILE("file.sql", "-- name: page_put\nINSERT INTO page(id, body) VALUES ($1, $2)\n"
                         "ON CONFLICT (id) DO UPDATE SET body = excluded.body;\n"
                         "-- name: page_drop\nDELETE FROM page WHERE id = $1;\n"
                         "-- name: page_count\nSELECT count(*) FROM page;\n"),
    { 0 },
};
static const km_embedded *const lists[] = { files, NULL };

typedef struct world {
    km_test_place place;
    km_store *store;
    km_conn *writer;
} world;

static void open_world(world *w)
{
    km_fault f = { 0 };
    km_store_options o = { .place = w->place.place, .sql = lists };
    if (km_store_open(&w->store, &o, &f) != KM_OK)
        fail_msg("%s: %s", f.path, f.detail);
    assert_int_equal(km_store_writer(&w->writer, w->store, &f), KM_OK);
}

static int setup(void **state)
{
    static world w;
    km_test_dialect = KM_SQLITE;
    km_test_place_new(&w.place);
    open_world(&w);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    world *w = *state;
    if (w->store != NULL) {
        km_store_return(w->writer);
        km_store_close(w->store);
    }
    km_test_place_free(&w->place);
    return 0;
}

static km_stmt *query(world *w, const char *name)
{
    km_stmt *s;
    assert_int_equal(km_query(&s, w->writer, name, NULL), KM_OK);
    return s;
}

static void put(world *w, int64_t id, const void *body, size_t n)
{
    km_stmt *s = query(w, "page_put");
    km_bind_int(s, 1, id);
    km_bind_blob(s, 2, body, n);
    assert_int_equal(km_run(s, NULL, NULL), KM_OK);
}

/* Size of the file's neighbour, -1 when there is none. */
static int64_t size_of(const world *w, const char *end)
{
    char path[700];
    struct stat st;
    snprintf(path, sizeof path, "%s%s", w->place.place, end);
    return stat(path, &st) == 0 ? (int64_t)st.st_size : -1;
}

static bool file_has(const world *w, const char *end, const char *word)
{
    char path[700];
    int64_t n = size_of(w, end);
    snprintf(path, sizeof path, "%s%s", w->place.place, end);
    if (n <= 0)
        return false;
    char *p = malloc((size_t)n);
    int fd = open(path, O_RDONLY);
    assert_int_equal(read(fd, p, (size_t)n), n);
    close(fd);
    bool has = memmem(p, (size_t)n, word, strlen(word)) != NULL;
    free(p);
    return has;
}

static void the_log_stays_bounded_under_a_load(void **state)
{
    world *w = *state;
    static char body[64 * 1024];
    for (int group = 0; group < 80; group++) { /* 320 MiB through a log of 128 or so */
        memset(body, group, sizeof body);      /* what stays the same SQLite would not write */
        assert_int_equal(km_begin(w->writer, NULL), KM_OK);
        for (int i = 0; i < 64; i++)
            put(w, i, body, sizeof body);
        assert_int_equal(km_commit(w->writer, NULL), KM_OK);
        assert_true(size_of(w, "-wal") < (int64_t)192 << 20);
    }
}

static void what_was_erased_is_in_no_file_after_truncating(void **state)
{
    world *w = *state;
    char secret[9000];
    memset(secret, '-', sizeof secret);
    memcpy(secret, "find-me-inside", 14);
    memcpy(secret + sizeof secret - 15, "find-me-outside", 15);
    put(w, 1, secret, sizeof secret);
    put(w, 2, secret, 100);
    assert_true(file_has(w, "-wal", "find-me-inside"));
    for (int id = 1; id <= 2; id++) {
        km_stmt *s = query(w, "page_drop");
        km_bind_int(s, 1, id);
        assert_int_equal(km_run(s, NULL, NULL), KM_OK);
    }
    assert_int_equal(km_store_truncate_wal(w->store, NULL), KM_OK);
    assert_int_equal(size_of(w, "-wal"), 0);
    assert_false(file_has(w, "", "find-me"));
}

static void a_backup_is_a_store_of_one_moment(void **state)
{
    world *w = *state;
    char to[700];
    snprintf(to, sizeof to, "%s/copy.db", w->place.folder);
    for (int i = 0; i < 100; i++)
        put(w, i, "x", 1);
    assert_int_equal(km_begin(w->writer, NULL), KM_OK);
    put(w, 1000, "y", 1); /* not committed: not copied */
    assert_int_equal(km_store_backup(w->store, to, NULL), KM_OK);
    assert_int_equal(km_store_backup(w->store, to, NULL), KM_IO); /* never over something */
    km_store_return(w->writer);
    km_store_close(w->store);
    strcpy(w->place.place, to);
    open_world(w);
    bool row;
    km_stmt *s = query(w, "page_count");
    assert_int_equal(km_step(&row, s, NULL), KM_OK);
    assert_int_equal(km_col_int(s, 0), 100);
    km_reset(s);
}

static void the_files_are_for_their_owner_only(void **state)
{
    world *w = *state;
    static const char *const ends[] = { "", "-wal", "-shm", ".lock" };
    put(w, 1, "x", 1);
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
        char path[700];
        struct stat st;
        snprintf(path, sizeof path, "%s%s", w->place.place, ends[i]);
        assert_int_equal(stat(path, &st), 0);
        assert_int_equal(st.st_mode & 0777, 0600);
    }
}

static int64_t setting(world *w, const char *pragma)
{
    sqlite3 *db;
    sqlite3_stmt *s;
    assert_int_equal(sqlite3_open(w->place.place, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, pragma, -1, &s, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(s), SQLITE_ROW);
    int64_t v = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    sqlite3_close(db);
    return v;
}

static void pages_have_four_kibibytes_and_the_file_is_whole(void **state)
{
    world *w = *state;
    static const char body[100000];
    for (int i = 0; i < 50; i++)
        put(w, i, body, (size_t)i * 2000);
    assert_int_equal(setting(w, "PRAGMA page_size"), 4096);
    assert_int_equal(setting(w, "SELECT count(*) FROM pragma_integrity_check WHERE "
                                "integrity_check = 'ok'"),
                     1);
}

static void a_file_that_is_no_store_is_refused(void **state)
{
    world *w = *state;
    km_store_return(w->writer);
    km_store_close(w->store);
    w->store = NULL;
    FILE *f = fopen(w->place.place, "w");
    for (int i = 0; i < 2000; i++)
        fputs("this is no store. ", f);
    fclose(f);
    km_fault fault = { 0 };
    km_store_options o = { .place = w->place.place, .sql = lists };
    assert_int_equal(km_store_open(&w->store, &o, &fault), KM_STORE);
    assert_non_null(strstr(fault.detail, "not a database"));
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        T(the_log_stays_bounded_under_a_load),
        T(what_was_erased_is_in_no_file_after_truncating),
        T(a_backup_is_a_store_of_one_moment),
        T(the_files_are_for_their_owner_only),
        T(pages_have_four_kibibytes_and_the_file_is_whole),
        T(a_file_that_is_no_store_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
