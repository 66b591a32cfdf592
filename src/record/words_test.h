/* SPDX-License-Identifier: Apache-2.0
 *
 * words_test: the smallest fold, for tests of the log: each current version with a `language`
 * has one row (chart, rid, word). It counts what is asked of it.
 */
#ifndef KM_RECORD_WORDS_TEST_H
#define KM_RECORD_WORDS_TEST_H

#include "record/log_test.h"

#include "km_sql_record.h"

#define SQL_FILE(name, text)         \
    {                                \
        name, text, sizeof(text) - 1 \
    }
static const km_embedded words_sql[] = {
    SQL_FILE("001_words.sql",
             "-- area: words\n"
             "-- for: sqlite\n"
             "CREATE TABLE word(chart INTEGER, rid INTEGER, word TEXT, PRIMARY KEY(rid, word));\n"
             "-- for: postgres\n"
             "CREATE TABLE word(chart BIGINT, rid BIGINT, word TEXT, PRIMARY KEY(rid, word));\n"),
    SQL_FILE("words.sql",
             "-- name: word_put\nINSERT INTO word(chart, rid, word) VALUES ($1, $2, $3);\n"
             "-- name: word_drop\nDELETE FROM word WHERE rid = $1 AND word = $2;\n"
             "-- name: word_forget\nDELETE FROM word WHERE chart = $1;\n"
             "-- name: word_clear\nDELETE FROM word;\n"
             "-- name: word_all\nSELECT chart, rid, word FROM word ORDER BY rid, word;\n"),
    { 0 },
};
static const km_embedded *const words_lists[] = { km_sql_record, words_sql, NULL };

typedef struct word_note {
    bool remove;
    int64_t chart, rid;
    char word[16];
} word_note;

typedef struct word_notes {
    word_note note[4096];
    size_t n;
} word_notes;

static km_code word_rows(void **out, const km_folding *v, km_arena *a, km_fault *f)
{
    (void)f;
    *out = (void *)(uintptr_t)km_arena_z(a, km_jv_text(v->resource, "language"));
    return KM_OK;
}

static void *word_open(void)
{
    return calloc(1, sizeof(word_notes));
}

static void word_note_one(void *state, const km_folding *v, const char *word, bool remove)
{
    word_notes *s = state;
    if (word[0] == '\0')
        return;
    assert_true(s->n < 4096);
    word_note *n = &s->note[s->n++];
    *n = (word_note){ .remove = remove, .chart = v->chart, .rid = v->rid };
    snprintf(n->word, sizeof n->word, "%s", word);
}

static void word_add(void *state, const km_folding *v, const void *rows)
{
    word_note_one(state, v, rows, false);
}

static void word_remove(void *state, const km_folding *v, const void *rows)
{
    word_note_one(state, v, rows, true);
}

/* A row that is to go must be there, one that comes must not: put has no ON CONFLICT. */
static km_code word_flush(void *state, km_conn *c, km_fault *f)
{
    word_notes *s = state;
    km_stmt *st;
    int64_t changed;
    for (size_t i = 0; i < s->n; i++) {
        const word_note *n = &s->note[i];
        KM_TRY(km_query(&st, c, n->remove ? "word_drop" : "word_put", f));
        if (!n->remove)
            km_bind_int(st, 1, n->chart);
        km_bind_int(st, n->remove ? 1 : 2, n->rid);
        km_bind_text(st, n->remove ? 2 : 3, km_str_of(n->word));
        KM_TRY(km_run(st, &changed, f));
        assert_int_equal(changed, 1);
    }
    s->n = 0;
    return KM_OK;
}

static void word_undo(void *state)
{
    ((word_notes *)state)->n = 0;
}

static km_code word_forget(void *state, km_conn *c, int64_t chart, km_fault *f)
{
    km_stmt *st;
    int64_t changed;
    (void)state;
    KM_TRY(km_query(&st, c, "word_forget", f));
    km_bind_int(st, 1, chart);
    return km_run(st, &changed, f);
}

static km_code word_clear(void *state, km_conn *c, km_fault *f)
{
    km_stmt *st;
    int64_t changed;
    (void)state;
    KM_TRY(km_query(&st, c, "word_clear", f));
    return km_run(st, &changed, f);
}

static const km_fold_def words_fold = { .name = "words",
                                        .version = 1,
                                        .rows = word_rows,
                                        .open = word_open,
                                        .close = free,
                                        .add = word_add,
                                        .remove = word_remove,
                                        .flush = word_flush,
                                        .drop = word_undo,
                                        .forget = word_forget,
                                        .clear = word_clear };
static const km_fold_def *const words_folds[] = { &words_fold, NULL };

/* All rows as text: "chart/rid/word chart/rid/word ". */
static inline const char *words_of(km_test_log *w)
{
    km_buf out = km_buf_in(w->arena);
    km_conn *c;
    km_stmt *st;
    km_test_must(w, km_store_reader(&c, w->store, &w->fault));
    km_test_must(w, km_query(&st, c, "word_all", &w->fault));
    for (bool row;;) {
        km_test_must(w, km_step(&row, st, &w->fault));
        if (!row)
            break;
        km_buf_print(&out, "%lld/%lld/", (long long)km_col_int(st, 0),
                     (long long)km_col_int(st, 1));
        km_buf_add(&out, km_col_text(st, 2));
        km_buf_char(&out, ' ');
    }
    km_store_return(c);
    return km_arena_z(w->arena, km_buf_str(&out));
}

static inline int words_setup(void **state)
{
    *state = km_test_log_new(words_lists, words_folds);
    return 0;
}

static inline int words_teardown(void **state)
{
    km_test_log_free(*state);
    return 0;
}

static inline km_jv a_patient(km_test_log *w, const char *id, const char *language)
{
    return km_test_json(
        w->arena, "{\"resourceType\":\"Patient\",\"id\":\"%s\",\"language\":\"%s\"}", id, language);
}

static inline km_jv a_basic(km_test_log *w, const char *id, const char *language)
{
    return km_test_json(
        w->arena, "{\"resourceType\":\"Basic\",\"id\":\"%s\",\"language\":\"%s\",\"code\":{}}", id,
        language);
}

/* Writes it and demands that it is done. */
static inline km_write put_basic(km_test_log *w, const char *id, const char *language,
                                 const char *owner)
{
    km_write one = km_test_update(a_basic(w, id, language), owner);
    km_test_must(w, km_test_write(w, &one));
    return one;
}

static inline km_write put_patient(km_test_log *w, const char *id, const char *language)
{
    km_write one = km_test_update(a_patient(w, id, language), "");
    km_test_must(w, km_test_write(w, &one));
    return one;
}

/* Basics r<from> to r<to - 1>, those with `each` dividing their number of p2, the others of p1 (0:
 * of nobody), in few plans. */
static inline void put_many(km_test_log *w, int from, int to, const char *language, int each)
{
    enum { PLAN = 200 };
    km_write write[PLAN];
    while (from < to) {
        size_t n = 0;
        for (; n < PLAN && from < to; from++) {
            char id[16];
            snprintf(id, sizeof id, "r%d", from);
            const char *owner = each == 0 ? "" : from % each ? "p1" : "p2";
            write[n++] = km_test_update(a_basic(w, id, language), owner);
        }
        km_fault_clear(&w->fault);
        km_plan p = { .write = write, .n = n, .call = &w->call, .access = &w->everything };
        km_test_must(w, km_log_write(w->log, &p, NULL));
    }
}

static inline km_ftype type_of(const char *name)
{
    return km_fhir_type_named(km_str_of(name));
}

/* The language of the current version; "" when deleted; NULL when there is none. */
static inline const char *language_of(km_test_log *w, const char *type, const char *id)
{
    km_record *rec;
    km_jv body;
    km_reader *r = km_test_reader(w, &w->everything);
    km_code rc = km_reader_find(&rec, r, type_of(type), km_str_of(id), 1);
    if (rc == KM_OK && !rec->deleted)
        km_test_must(w, km_record_json(&body, rec, &w->call));
    km_reader_close(r);
    if (rc == KM_NOT_FOUND) {
        km_fault_clear(&w->fault);
        return NULL;
    }
    km_test_must(w, rc);
    return rec->deleted ? "" : km_arena_z(w->arena, km_jv_text(body, "language"));
}

#endif
