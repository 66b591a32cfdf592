/* SPDX-License-Identifier: Apache-2.0
 *
 * log_test: a log for a test, on either database: its own place, its own clock and chance, an
 * access that covers what the test says. For the tests of every folder that stands on the log.
 */
#ifndef KM_RECORD_LOG_TEST_H
#define KM_RECORD_LOG_TEST_H

#include "store/place_test.h"

#include "codec/fhir/fhir.h"
#include "record/access_make.h"
#include "record/log.h"

typedef struct km_test_log {
    km_test_place place;
    const km_embedded *const *sql;
    const km_fold_def *const *folds;
    km_store *store;
    km_log *log;
    km_arena *arena;
    km_fault fault;
    km_clock clock;
    km_random random;
    km_call call;
    km_access everything;
    km_access some; /* covers all charts but `hidden` */
    int64_t hidden;
    km_ms now;
    uint64_t seed;
    unsigned group_records;
} km_test_log;

/* xorshift64*: the same numbers in every run. */
static inline uint64_t km_test_number(uint64_t *seed)
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return *seed * 0x2545F4914F6CDD1DULL;
}

static inline size_t km_test_below(uint64_t *seed, size_t n)
{
    return (size_t)((km_test_number(seed) >> 11) % n);
}

static inline km_ms km_test_now(void *self)
{
    return ((km_test_log *)self)->now;
}

static inline void km_test_fill(void *self, void *out, size_t n)
{
    unsigned char *p = out;
    for (size_t i = 0; i < n; i++)
        p[i] = (unsigned char)(km_test_number(&((km_test_log *)self)->seed) >> 56);
}

static inline bool km_test_covers_chart(const km_access *a, int64_t chart)
{
    return chart != ((const km_test_log *)a->decision)->hidden;
}

static inline bool km_test_is_partial(const km_access *a, km_ftype type)
{
    (void)a, (void)type;
    return false;
}

static inline bool km_test_covers(const km_access *a, int64_t chart, km_ftype type, int64_t rid)
{
    (void)type, (void)rid;
    return km_test_covers_chart(a, chart);
}

static inline km_code km_test_release(km_access *a, struct km_record *const *shown, size_t n,
                                      km_fault *f)
{
    (void)a, (void)shown, (void)n, (void)f;
    return KM_OK;
}

static inline const km_access_rules *km_test_rules(void)
{
    static const km_access_rules rules = { .covers_chart = km_test_covers_chart,
                                           .is_partial = km_test_is_partial,
                                           .covers = km_test_covers,
                                           .release = km_test_release };
    return &rules;
}

static inline km_code km_test_log_try_open(km_test_log *w)
{
    km_store_options so = { .place = w->place.place, .sql = w->sql, .readers = 4 };
    km_fault_clear(&w->fault);
    KM_TRY(km_store_open(&w->store, &so, &w->fault));
    km_log_options lo = { .store = w->store,
                          .kek = { 7, 7, 7 },
                          .kek_number = 1,
                          .folds = w->folds,
                          .clock = &w->clock,
                          .random = &w->random,
                          .group_records = w->group_records };
    km_code rc = km_log_open(&w->log, &lo, &w->fault);
    if (rc != KM_OK) {
        km_store_close(w->store);
        w->store = NULL;
        w->log = NULL;
    }
    return rc;
}

static inline void km_test_log_open(km_test_log *w)
{
    if (km_test_log_try_open(w) != KM_OK)
        fail_msg("%s: %s", w->fault.path, w->fault.detail);
}

static inline void km_test_log_close(km_test_log *w)
{
    km_log_close(w->log);
    if (w->store != NULL)
        km_store_close(w->store);
    w->log = NULL;
    w->store = NULL;
}

static inline km_test_log *km_test_log_new(const km_embedded *const *sql,
                                           const km_fold_def *const *folds)
{
    km_test_log *w = calloc(1, sizeof *w);
    assert_non_null(w);
    km_fhir_load();
    km_test_place_new(&w->place);
    w->sql = sql;
    w->folds = folds;
    w->arena = km_arena_new(KM_ARENA_CAP_DEFAULT);
    w->clock = (km_clock){ km_test_now, w };
    w->random = (km_random){ km_test_fill, w };
    w->call = (km_call){ w->arena, &w->fault, &w->clock, &w->random, NULL };
    w->everything = (km_access){ .rules = km_test_rules(), .covers_all = true, .decision = w };
    w->some = (km_access){ .rules = km_test_rules(), .decision = w };
    w->hidden = -1;
    w->now = 1700000000000;
    w->seed = 88172645463325252ULL;
    km_test_log_open(w);
    return w;
}

static inline void km_test_log_free(km_test_log *w)
{
    km_test_log_close(w);
    km_test_place_free(&w->place);
    km_arena_free(w->arena);
    free(w);
}

static inline km_jv km_test_json(km_arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static inline km_jv km_test_json(km_arena *a, const char *format, ...)
{
    km_json *doc;
    km_fault f = { 0 };
    va_list ap;
    va_start(ap, format);
    km_str text = km_arena_vprint(a, format, ap);
    va_end(ap);
    if (km_json_parse(&doc, a, text, NULL, &f) != KM_OK)
        fail_msg("%s: %.*s", f.detail, KM_STR_ARG(text));
    return km_json_root(doc);
}

/* A write of `resource`, whose resourceType and id it takes. */
static inline km_write km_test_update(km_jv resource, const char *owner)
{
    return (km_write){ .op = KM_OP_UPDATE,
                       .type = km_fhir_type_named(km_jv_text(resource, "resourceType")),
                       .source = 1,
                       .id = km_jv_text(resource, "id"),
                       .resource = resource,
                       .owner = km_str_of(owner),
                       .expect = KM_EXPECT_ANY };
}

static inline km_write km_test_delete(const char *type, const char *id)
{
    return (km_write){ .op = KM_OP_DELETE,
                       .type = km_fhir_type_named(km_str_of(type)),
                       .source = 1,
                       .id = km_str_of(id),
                       .expect = KM_EXPECT_ANY };
}

static inline km_code km_test_write(km_test_log *w, km_write *one)
{
    km_fault_clear(&w->fault);
    km_plan p = { .write = one, .n = 1, .call = &w->call, .access = &w->everything };
    return km_log_write(w->log, &p, NULL);
}

static inline void km_test_must(km_test_log *w, km_code rc)
{
    if (rc != KM_OK)
        fail_msg("%s at %s: %s", km_code_name(rc), w->fault.path, w->fault.detail);
}

static inline km_reader *km_test_reader(km_test_log *w, km_access *a)
{
    km_reader *r;
    km_fault_clear(&w->fault);
    km_test_must(w, km_reader_open(&r, w->log, a, &w->call));
    return r;
}

static inline km_code km_test_verify(km_test_log *w, km_verify_report *out)
{
    km_fault_clear(&w->fault);
    return km_log_verify(out, w->log, NULL, &w->call);
}

static inline void km_test_whole(km_test_log *w)
{
    km_verify_report v;
    km_test_must(w, km_test_verify(w, &v));
    assert_int_equal(v.bad_seq, 0);
}

#endif
