/* SPDX-License-Identifier: Apache-2.0
 *
 * identity: identifiers derived by one thread (two keyed hashes each), beside the floor: OpenSSL's
 * one-shot HMAC-SHA-256 called twice over messages of the same length. Then a register of persons:
 * tokens resolved at 5,000/s by two threads, and as fast as one thread can, beside the floor of one
 * query by primary key on the same connection pool.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/call.h"
#include "kit/kit.h"
#include "trust/identity/persons.h"

enum { PERSONS = 500000, MESSAGE_A = 83, MESSAGE_B = 93 };

static double floor_per_s(void)
{
    unsigned char key[32] = { 1 }, message[MESSAGE_B] = { 0 }, out[32];
    unsigned n = 32;
    uint64_t from = km_ticks_ns();
    for (int i = 0; i < PERSONS; i++) {
        memcpy(message, &i, sizeof i);
        if (HMAC(EVP_sha256(), key, 32, message, MESSAGE_A, out, &n) == NULL
            || HMAC(EVP_sha256(), key, 32, message, MESSAGE_B, out, &n) == NULL)
            abort();
    }
    return PERSONS / ((double)(km_ticks_ns() - from) / 1e9);
}

static double ours_per_s(void)
{
    km_keys *k;
    km_fault f = { 0 };
    uint32_t v;
    km_domain d = { KM_STR("urn:kumihimo:dom:care:net-0001"), 1, 1 };
    km_key_root *root = calloc(PERSONS, sizeof *root);
    km_pid *pid = calloc(PERSONS, sizeof *pid);
    if (root == NULL || pid == NULL
        || km_keys_in_memory(&k, KM_KEY_MASK_ALL, &km_random_real, &f) != KM_OK
        || km_keys_make(&v, k, KM_KEY_PID_A, d.uri, &f) != KM_OK
        || km_keys_make(&v, k, KM_KEY_PID_B, d.uri, &f) != KM_OK)
        kit_die("no keys");
    km_random_real.fill(NULL, root, PERSONS * sizeof *root);
    uint64_t from = km_ticks_ns();
    if (km_identity_derive(pid, (km_operators){ k, k }, &d, root, PERSONS, &f) != KM_OK)
        kit_die("not derived");
    double took = (double)(km_ticks_ns() - from) / 1e9;
    km_keys_close(k);
    free(root);
    free(pid);
    return PERSONS / took;
}

/* --- the register --- */

enum { ENROLLED = 4000, FILLERS = 16, ASKERS = 2, EACH_PER_S = 2500, SECONDS = 6 };
enum { ASKED = EACH_PER_S * SECONDS, FAST = 20000 };

typedef struct place {
    km_store *store;
    km_log *log;
    km_keys *a, *b;
    km_persons *p;
    km_pid_token token[ENROLLED];
    uint32_t took_ns[ASKERS * ASKED];
} place;
static place here;

typedef struct worker {
    int number;
    pthread_t thread;
} worker;

static const km_decided decided = { KM_STR_INIT("case"), KM_STR_INIT("one"), KM_STR_INIT("two") };
static const km_domain_rules care = { KM_STR_INIT("urn:kumihimo:dom:care:net-0001"),
                                      KM_STR_INIT("bench"), 0, 0 };

static km_code add_domain(void *self, km_txn *t, km_fault *f)
{
    (void)self;
    return km_persons_add_domain(here.p, &care, &decided, t, f);
}

static void open_place(void)
{
    static const km_embedded *const sql[] = { km_sql_record, km_sql_trust_identity, NULL };
    static const km_fold_def *const folds[] = { NULL };
    km_fault f = { 0 };
    km_arena *a = km_arena_new(1 << 20);
    km_call call = { a, &f, &km_clock_real, &km_random_real, NULL };
    km_store_options so = { .place = kit_path(kit_folder(), "persons.db"), .sql = sql };
    if (km_store_open(&here.store, &so, &f) != KM_OK)
        kit_die("no store");
    km_log_options lo = { .store = here.store,
                          .kek_number = 1,
                          .folds = folds,
                          .clock = &km_clock_real,
                          .random = &km_random_real };
    if (km_log_open(&here.log, &lo, &f) != KM_OK
        || km_keys_in_memory(&here.a, KM_KEY_MASK_A, &km_random_real, &f) != KM_OK
        || km_keys_in_memory(&here.b, KM_KEY_MASK_B, &km_random_real, &f) != KM_OK)
        kit_die("no log");
    km_persons_options po = { here.log, { here.a, here.b }, &km_clock_real, &km_random_real };
    if (km_persons_open(&here.p, &po, &f) != KM_OK
        || km_persons_prepare_domain(here.p, &care, &call) != KM_OK
        || km_log_work(here.log, add_domain, NULL, &f) != KM_OK
        || km_persons_reload(here.p, &f) != KM_OK)
        kit_die("no register");
    km_arena_free(a);
}

static void *fill(void *arg)
{
    const worker *me = arg;
    km_arena *a = km_arena_new(1 << 20);
    for (int i = me->number; i < ENROLLED; i += FILLERS) {
        km_fault f = { 0 };
        km_call call = { a, &f, &km_clock_real, &km_random_real, NULL };
        int64_t person;
        bool made;
        km_pid pid;
        km_domain d;
        km_arena_reset(a);
        km_id_proof q = { .system = KM_STR("insno"),
                          .part = { KM_STR("01130012"), KM_STR("1"), km_arena_print(a, "%d", i),
                                    KM_STR("00") },
                          .parts = 4,
                          .source = KM_STR("bench") };
        if (km_persons_enrol(&person, &made, here.p, &q, 1, &call) != KM_OK
            || km_persons_issue(&pid, &d, here.p, care.uri, person, &call) != KM_OK)
            kit_die("not enrolled");
        here.token[i] = km_identity_token(&d, &pid);
    }
    km_arena_free(a);
    return NULL;
}

static void resolve_one(km_call *call, int i)
{
    km_resolved out;
    if (km_persons_resolve(&out, here.p, km_str_of(here.token[i % ENROLLED].v), call) != KM_OK)
        kit_die("not resolved");
}

/* A token each 1/2500 s, by the clock: who comes late does not slow the next. */
static void *ask(void *arg)
{
    const worker *me = arg;
    km_arena *a = km_arena_new(1 << 20);
    km_fault f = { 0 };
    km_call call = { a, &f, &km_clock_real, &km_random_real, NULL };
    uint64_t from = km_ticks_ns();
    for (int i = 0; i < ASKED; i++) {
        uint64_t due = from + (uint64_t)i * (1000000000 / EACH_PER_S), now = km_ticks_ns();
        if (now < due) {
            struct timespec t = { 0, (long)(due - now) };
            nanosleep(&t, NULL);
        }
        resolve_one(&call, i * 7 + me->number);
        here.took_ns[me->number * ASKED + i] = (uint32_t)(km_ticks_ns() - due);
    }
    km_arena_free(a);
    return NULL;
}

static void together(int n, void *(*run)(void *))
{
    worker w[FILLERS];
    for (int i = 0; i < n; i++) {
        w[i].number = i;
        pthread_create(&w[i].thread, NULL, run, &w[i]);
    }
    for (int i = 0; i < n; i++)
        pthread_join(w[i].thread, NULL);
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static double resolved_per_s(void)
{
    km_arena *a = km_arena_new(1 << 20);
    km_fault f = { 0 };
    km_call call = { a, &f, &km_clock_real, &km_random_real, NULL };
    uint64_t from = km_ticks_ns();
    for (int i = 0; i < FAST; i++)
        resolve_one(&call, i * 7);
    double took = (double)(km_ticks_ns() - from) / 1e9;
    km_arena_free(a);
    return FAST / took;
}

static double queries_per_s(void)
{
    km_fault f = { 0 };
    uint64_t from = km_ticks_ns();
    for (int i = 0; i < FAST; i++) {
        km_conn *c;
        km_stmt *st;
        bool row;
        if (km_store_reader(&c, here.store, &f) != KM_OK
            || km_query(&st, c, "id_person_get", &f) != KM_OK)
            kit_die("no query");
        km_bind_int(st, 1, 1 + i * 7 % ENROLLED);
        if (km_step(&row, st, &f) != KM_OK || !row)
            kit_die("no row");
        km_reset(st);
        km_store_return(c);
    }
    return FAST / ((double)(km_ticks_ns() - from) / 1e9);
}

static void bench_register(void)
{
    open_place();
    together(FILLERS, fill);
    together(ASKERS, ask);
    qsort(here.took_ns, ASKERS * ASKED, sizeof here.took_ns[0], by_size);
    double p99 = here.took_ns[ASKERS * ASKED / 100 * 99] / 1e3;
    kit_print(&(kit_row){ "token resolved at 5,000/s, 99th percentile", "us", "2 ms promised", p99,
                          2000, KIT_AT_MOST, 1 });
    kit_print(&(kit_row){ "tokens resolved, one thread", "/s", "one query by primary key",
                          resolved_per_s(), queries_per_s(), KIT_AT_LEAST, 0.25 });
    km_persons_close(here.p);
    km_log_close(here.log);
    km_store_close(here.store);
    km_keys_close(here.a);
    km_keys_close(here.b);
}

int main(void)
{
    kit_print(&(kit_row){ "identifiers derived, one thread", "/s", "OpenSSL HMAC twice",
                          ours_per_s(), floor_per_s(), KIT_AT_LEAST, 1 });
    bench_register();
    return 0;
}
