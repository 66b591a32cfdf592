/* SPDX-License-Identifier: Apache-2.0
 *
 * audit: durable entries a second with many threads, beside a bare loop that writes and syncs the
 * same bytes in groups of the same size; what an answer waits at 5,000 a second; verifying; a
 * proof.
 *
 * $KUMIHIMO_LONG: ten million entries to verify instead of 300,000; $KUMIHIMO_ENTRIES: so many, and
 * nothing but that.
 */
#include <fcntl.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "kit/kit.h"
#include "trust/audit/find.h"

enum { THREADS = 32, SECONDS = 4, ENTRY = 400, PACED_PER_S = 5000, PROOFS = 2000 };

typedef struct counting {
    atomic_llong syncs, bytes;
} counting;

static bool count_write(void *self, int file, const void *p, size_t n, int64_t at)
{
    counting *c = self;
    c->bytes += (long long)n;
    return pwrite(file, p, n, at) == (ssize_t)n;
}

static bool count_sync(void *self, int file)
{
    counting *c = self;
    c->syncs++;
    return fdatasync(file) == 0;
}

static km_code sign(void *self, unsigned char out[64], km_str text, km_fault *f)
{
    size_t n = 64;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    (void)f;
    if (EVP_DigestSignInit(c, NULL, NULL, NULL, self) != 1
        || EVP_DigestSign(c, out, &n, (const unsigned char *)text.p, text.n) != 1)
        kit_die("signing");
    EVP_MD_CTX_free(c);
    return KM_OK;
}

/* An entry as a node writes it, about one of 10,000 charts. */
static km_str some_entry(char out[ENTRY + 1], int64_t n)
{
    int len = snprintf(
        out, ENTRY + 1,
        "{\"at\":%lld,\"kind\":\"read\",\"outcome\":\"ok\",\"agent\":{\"id\":\"https://"
        "idp.example|staff-%d\","
        "\"role\":\"clinician\",\"organisation\":\"Organization/2\",\"address\":\"192.0.2.7\","
        "\"session\":\"0123456789abcdef\",\"secondFactor\":true},\"purpose\":\"TREAT\","
        "\"route\":\"/fhir/{type}/{id}\",\"request\":\"0123456789abcdef\",\"charts\":[%d],"
        "\"shown\":[[\"Observation\",\"01234567-0123-4123-8123-0123456789ab/1\"]],\"bytes\":1234}",
        1775000000000LL + (long long)n, (int)(n % 500), (int)(n * 7919 % 10000) + 1);
    if (len < 300 || len > ENTRY)
        kit_die("an entry");
    return (km_str){ out, (size_t)len };
}

typedef struct load {
    km_audit *a;
    double until, step_s; /* 0: as fast as it goes */
    int64_t done;
    double *ms;
    size_t room;
} load;

static void *append_until(void *self)
{
    load *l = self;
    char text[ENTRY + 1];
    double next = kit_now() + l->step_s * (rand() % 100) / 100.0;
    while (kit_now() < l->until) {
        km_str entry = some_entry(text, l->done);
        if (l->step_s > 0) {
            double wait = next - kit_now();
            if (wait > 0)
                nanosleep(&(struct timespec){ 0, (long)(wait * 1e9) }, NULL);
            next += l->step_s;
        }
        double began = kit_now();
        if (km_audit_append(NULL, l->a, &entry, 1, NULL) != KM_OK)
            kit_die("an append failed");
        if ((size_t)l->done < l->room)
            l->ms[l->done] = (kit_now() - began) * 1000;
        l->done++;
    }
    return NULL;
}

static int by_value(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* Entries; *p99_ms may be NULL. */
static int64_t run(km_audit *a, double per_s, double *p99_ms)
{
    static load all[THREADS];
    pthread_t thread[THREADS];
    int64_t sum = 0;
    size_t n = 0;
    for (int i = 0; i < THREADS; i++) {
        all[i] = (load){ .a = a, .until = kit_now() + SECONDS, .room = 1 << 17 };
        all[i].step_s = per_s > 0 ? THREADS / per_s : 0;
        all[i].ms = calloc(all[i].room, sizeof(double));
        pthread_create(&thread[i], NULL, append_until, &all[i]);
    }
    double *ms = calloc(THREADS * ((size_t)1 << 17), sizeof(double));
    for (int i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
        sum += all[i].done;
        for (int64_t k = 0; k < all[i].done && k < (int64_t)all[i].room; k++)
            ms[n++] = all[i].ms[k];
        free(all[i].ms);
    }
    qsort(ms, n, sizeof *ms, by_value);
    if (p99_ms != NULL)
        *p99_ms = n > 0 ? ms[n * 99 / 100] : 0;
    free(ms);
    return sum;
}

/* Entries a second of a bare loop with `group` entries in a write. */
static double bare_loop(const char *path, double group)
{
    size_t bytes = (size_t)(group * (ENTRY + 28)) + 32;
    char *p = calloc(1, bytes);
    int file = open(path, O_RDWR | O_CREAT, 0600);
    int64_t at = 0, n = 0;
    double began = kit_now();
    while (kit_now() < began + SECONDS / 2.0) {
        if (pwrite(file, p, bytes, at) != (ssize_t)bytes || fdatasync(file) != 0)
            kit_die("the bare loop");
        at += (int64_t)bytes;
        n++;
    }
    close(file);
    free(p);
    return (double)n * group / (kit_now() - began);
}

/* A page of 50 about one chart, all behind it fed first. */
static void index_rows(km_audit_finder *x, int64_t entries)
{
    enum { PAGES = 200 };
    km_fault fault = { 0 };
    km_arena *arena = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_call call = {
        .arena = arena, .fault = &fault, .clock = &km_clock_real, .random = &km_random_real
    };
    km_audit_page page;
    double began = kit_now(), caught_up = 0;
    for (int i = 0; i <= PAGES; i++) {
        int64_t chart = i + 1;
        km_audit_search s = { .chart = &chart, .charts = 1, .limit = 50 };
        km_code rc;
        while ((rc = km_audit_find(&page, x, &s, &call)) == KM_BUSY)
            km_fault_clear(&fault);
        if (rc != KM_OK)
            kit_die(fault.detail);
        km_arena_reset(arena);
        if (i == 0)
            caught_up = kit_now();
    }
    char what[96];
    snprintf(what, sizeof what, "the index catches up with %lld entries", (long long)entries);
    kit_print(&(kit_row){ what, "s", "goal", caught_up - began, 5, KIT_AT_MOST, 1 });
    kit_print(&(kit_row){ "a page of 50 entries about one chart", "ms", "goal",
                          (kit_now() - caught_up) * 1000 / PAGES, 10, KIT_AT_MOST, 1 });
    km_arena_free(arena);
}

static void durable_rows(km_audit *a, counting *c, const char *folder)
{
    double p99, began = kit_now();
    long long syncs = c->syncs;
    int64_t n = run(a, 0, NULL);
    double per_s = (double)n / (kit_now() - began), group = (double)n / (double)(c->syncs - syncs);
    char what[96];
    snprintf(what, sizeof what, "durable entries, %d threads, %.0f in a sync", THREADS, group);
    kit_print(&(kit_row){ what, "/s", "bare loop", per_s,
                          bare_loop(kit_path(folder, "bare"), group), KIT_AT_LEAST, 0.5 });
    kit_print(&(kit_row){ "durable entries", "/s", "goal", per_s, 20000, KIT_AT_LEAST, 1 });
    km_audit_finder *x;
    if (km_audit_finder_open(&x, kit_path(folder, "audit"), NULL) != KM_OK)
        kit_die("the index");
    began = kit_now();
    n = run(a, 0, NULL);
    kit_print(&(kit_row){ "durable entries while the index is fed behind", "/s", "without it",
                          (double)n / (kit_now() - began), per_s, KIT_AT_LEAST, 0.8 });
    index_rows(x, km_audit_durable(a));
    km_audit_finder_close(x);
    run(a, PACED_PER_S, &p99);
    kit_print(
        &(kit_row){ "an append's p99 at 5,000 a second", "ms", "goal", p99, 10, KIT_AT_MOST, 1 });
}

static void verify_rows(km_audit_options *o, km_audit *a, int64_t all)
{
    char text[ENTRY];
    km_str entry[KM_AUDIT_GROUP_MAX];
    km_fault fault = { 0 };
    km_arena *arena = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_call call = {
        .arena = arena, .fault = &fault, .clock = &km_clock_real, .random = &km_random_real
    };
    memset(text, 'y', sizeof text);
    for (int i = 0; i < KM_AUDIT_GROUP_MAX; i++)
        entry[i] = (km_str){ text, sizeof text };
    for (int64_t n = km_audit_durable(a); n < all; n += KM_AUDIT_GROUP_MAX)
        if (km_audit_offer(NULL, a, entry, KM_AUDIT_GROUP_MAX, n, &fault) != KM_OK)
            kit_die("an offer failed");
    if (km_audit_close(a, &fault) != KM_OK)
        kit_die(fault.detail);
    km_audit_report r;
    clock_t cpu = clock();
    double began = kit_now();
    if (km_audit_verify(&r, o->dir, &o->signer.key, &call) != KM_OK)
        kit_die(fault.detail);
    char what[96];
    snprintf(what, sizeof what, "verify %lld entries (goal: 30 s for ten million)",
             (long long)r.entries);
    kit_print(&(kit_row){ what, "s", "goal", kit_now() - began, 30 * (double)r.entries / 1e7,
                          KIT_AT_MOST, 1 });
    kit_print(&(kit_row){ "of that, processor time of all threads", "s", "goal",
                          (double)(clock() - cpu) / CLOCKS_PER_SEC, 30 * (double)r.entries / 1e7,
                          KIT_AT_MOST, 1 });
    km_audit_path path;
    km_str note;
    began = kit_now();
    for (int i = 1; i <= PROOFS; i++)
        if (km_audit_prove_since(&path, &note, o->dir, r.entries * i / (PROOFS + 1), &call)
            != KM_OK)
            kit_die(fault.detail);
    kit_print(&(kit_row){ "a proof out of the files, opened anew each time", "ms", "goal",
                          (kit_now() - began) * 1000 / PROOFS, 1, KIT_AT_MOST, 1 });
    km_arena_free(arena);
}

int main(void)
{
    unsigned char raw[32] = { 1 };
    size_t n = 32;
    counting c = { 0 };
    km_audit_disk disk = { count_write, count_sync, &c };
    const char *folder = kit_folder();
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, raw, sizeof raw);
    km_audit_options o = { .dir = kit_path(folder, "audit"),
                           .origin = "bench.example",
                           .clock = &km_clock_real,
                           .random = &km_random_real,
                           .signer = { .key = { .name = "bench.example" }, sign, key },
                           .disk = &disk };
    km_audit *a;
    km_fault fault = { 0 };
    EVP_PKEY_get_raw_public_key(key, o.signer.key.pub, &n);
    if (km_audit_open(&a, &o, &fault) != KM_OK)
        kit_die(fault.detail);
    const char *entries = getenv("KUMIHIMO_ENTRIES");
    if (entries == NULL)
        durable_rows(a, &c, folder);
    verify_rows(&o, a,
                entries != NULL                   ? atoll(entries)
                : getenv("KUMIHIMO_LONG") != NULL ? 10000000
                                                  : 300000);
    EVP_PKEY_free(key);
    return 0;
}
