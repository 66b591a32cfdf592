/* SPDX-License-Identifier: Apache-2.0
 *
 * Whatever is done to the audit's files below the last checkpoint is found: a bit turned, bytes cut
 * out, put in, exchanged or repeated, ends cut off, files exchanged or taken away, in every file
 * that proves something.
 *
 * KUMIHIMO_TAMPERINGS sets how many (default 1,000; 10,000 with KUMIHIMO_LONG), KUMIHIMO_SEED where
 * chance begins.
 */
#include "trust/audit/audit_test.h"

#include <dirent.h>

enum { FILES = 32, ENTRIES = 600 };

typedef struct kept_file {
    char path[512];
    unsigned char *p;
    size_t n;
} kept_file;

typedef struct folder {
    km_audit_world w;
    kept_file file[FILES];
    size_t n;
} folder;

static uint64_t chance(uint64_t *seed, uint64_t n) /* xorshift64*, Vigna 2016 */
{
    *seed ^= *seed >> 12;
    *seed ^= *seed << 25;
    *seed ^= *seed >> 27;
    return ((*seed * 0x2545F4914F6CDD1Du) >> 11) % n;
}

static void put_file(const char *path, const void *p, size_t n)
{
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(p, 1, n, out), n);
    assert_int_equal(fclose(out), 0);
}

static void keep_file(folder *d, const char *name)
{
    kept_file *k = &d->file[d->n++];
    assert_true(d->n <= FILES);
    snprintf(k->path, sizeof k->path, "%s/%s", d->w.dir, name);
    FILE *in = fopen(k->path, "rb");
    assert_non_null(in);
    fseek(in, 0, SEEK_END);
    k->n = (size_t)ftell(in);
    rewind(in);
    k->p = malloc(k->n + 1);
    assert_int_equal(fread(k->p, 1, k->n, in), k->n);
    fclose(in);
}

static void make(folder *d)
{
    km_audit *a;
    memset(d, 0, sizeof *d);
    km_audit_world_new(&d->w);
    d->w.o.segment_bytes = 16000;
    km_audit_must(&d->w, km_audit_open(&a, &d->w.o, &d->w.fault));
    for (int i = 0; i < ENTRIES; i += 60) {
        km_audit_fill(&d->w, a, i, 60, 1 + (size_t)i % 17);
        km_audit_must(&d->w, km_audit_sign_now(a, &d->w.fault));
    }
    km_audit_must(&d->w, km_audit_close(a, &d->w.fault));
    DIR *list = opendir(d->w.dir);
    assert_non_null(list);
    for (struct dirent *e; (e = readdir(list)) != NULL;)
        if (e->d_name[0] != '.' && strcmp(e->d_name, "lock") != 0)
            keep_file(d, e->d_name);
    closedir(list);
    assert_true(d->n > 6);
}

static void drop(folder *d)
{
    for (size_t i = 0; i < d->n; i++)
        free(d->file[i].p);
    km_audit_world_free(&d->w);
}

/* --- what is done
 * ----------------------------------------------------------------------------------- */

static void turn_bit(kept_file *k, unsigned char *to, size_t *n, uint64_t *seed)
{
    memcpy(to, k->p, *n = k->n);
    to[chance(seed, k->n)] ^= (unsigned char)(1 << chance(seed, 8));
}

static void cut_out(kept_file *k, unsigned char *to, size_t *n, uint64_t *seed)
{
    size_t at = chance(seed, k->n), more = 1 + chance(seed, k->n - at);
    memcpy(to, k->p, at);
    memcpy(to + at, k->p + at + more, k->n - at - more);
    *n = k->n - more;
}

static void put_in(kept_file *k, unsigned char *to, size_t *n, uint64_t *seed)
{
    size_t at = chance(seed, k->n), more = 1 + chance(seed, 64);
    memcpy(to, k->p, at);
    for (size_t i = 0; i < more; i++)
        to[at + i] = (unsigned char)chance(seed, 256);
    memcpy(to + at + more, k->p + at, k->n - at);
    *n = k->n + more;
}

static void exchange(kept_file *k, unsigned char *to, size_t *n, uint64_t *seed)
{
    size_t long_ = 1 + chance(seed, k->n / 3), a = chance(seed, k->n - 2 * long_ + 1);
    size_t b = a + long_ + chance(seed, k->n - 2 * long_ - a + 1);
    memcpy(to, k->p, *n = k->n);
    memcpy(to + a, k->p + b, long_);
    memcpy(to + b, k->p + a, long_);
}

static void repeat(kept_file *k, unsigned char *to, size_t *n, uint64_t *seed)
{
    size_t at = chance(seed, k->n), more = 1 + chance(seed, k->n - at);
    memcpy(to, k->p, at + more);
    memcpy(to + at + more, k->p + at, k->n - at);
    *n = k->n + more;
}

static void cut_off(kept_file *k, unsigned char *to, size_t *n, uint64_t *seed)
{
    memcpy(to, k->p, *n = chance(seed, k->n));
}

static const struct {
    const char *name;
    void (*change)(kept_file *k, unsigned char *to, size_t *n, uint64_t *seed);
} changes[] = { { "bit", turn_bit },   { "bit", turn_bit },      { "cut out", cut_out },
                { "put in", put_in },  { "exchange", exchange }, { "repeat", repeat },
                { "cut off", cut_off } };

static bool is_named(const kept_file *k, const char *name)
{
    return km_str_ends(km_str_of(k->path), km_str_of(name));
}

/* Nothing below the last checkpoint was touched: bytes behind it, or a whole checkpoint that is
 * away while those that are left hold. A log whose last checkpoint is away is not told from one
 * that had not come so far; that is what witnesses are for. A key too many or known twice signed
 * nothing. */
static bool is_beyond(const kept_file *k, const unsigned char *p, size_t n)
{
    if (n == k->n && memcmp(p, k->p, n) == 0)
        return true;
    if (n > k->n && memcmp(p, k->p, k->n) == 0)
        return true;
    return is_named(k, "checkpoints") || is_named(k, "keys");
}

/* The last checkpoint was lost, as by a crash: the newest that is left must hold and be older. */
static bool fell_back(folder *d, const km_audit_report *r)
{
    (void)d;
    return r->entries < ENTRIES && r->entries + r->beyond == ENTRIES;
}

static void try_one(folder *d, kept_file *k, uint64_t *seed)
{
    static unsigned char to[1 << 20];
    km_audit_report r;
    size_t n, which = chance(seed, sizeof changes / sizeof *changes);
    uint64_t was = *seed;
    assert_true(2 * k->n + 64 < sizeof to);
    changes[which].change(k, to, &n, seed);
    bool beyond = is_beyond(k, to, n);
    put_file(k->path, to, n);
    km_code rc = km_audit_check(&d->w, &r);
    if (rc == KM_OK && !beyond)
        fail_msg("not found out: %s in %s, seed %llu", changes[which].name, k->path,
                 (unsigned long long)was);
    if (rc == KM_OK && n < k->n && is_named(k, "checkpoints"))
        assert_true(fell_back(d, &r) || memcmp(to, k->p, n) == 0);
    if (rc != KM_OK) {
        assert_int_equal(rc, KM_TAMPERED);
        assert_true(r.bad_entry >= 0 && r.bad_what != NULL);
    }
    put_file(k->path, k->p, k->n);
}

static uint64_t number_of(const char *name, uint64_t otherwise)
{
    const char *text = getenv(name);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

static void whatever_is_done_to_the_files_is_found(void **state)
{
    (void)state;
    static folder d;
    km_audit_report r;
    uint64_t seed = number_of("KUMIHIMO_SEED", 20260401);
    uint64_t times = number_of("KUMIHIMO_TAMPERINGS",
                               getenv("KUMIHIMO_LONG") != NULL ? 10000 : 1000);
    make(&d);
    for (uint64_t i = 0; i < times; i++)
        try_one(&d, &d.file[chance(&seed, d.n)], &seed);
    km_audit_must(&d.w, km_audit_check(&d.w, &r));
    assert_int_equal(r.entries, ENTRIES);
    drop(&d);
}

/* --- whole records, made to look right
 * ---------------------------------------------------------------- */

static void a_file_that_is_away_or_another_is_found(void **state)
{
    (void)state;
    static folder d;
    km_audit_report r;
    make(&d);
    for (size_t i = 0; i < d.n; i++)
        for (size_t k = 0; k < d.n; k++) {
            if (i == k)
                assert_int_equal(remove(d.file[i].path), 0);
            else
                put_file(d.file[i].path, d.file[k].p, d.file[k].n);
            if (km_audit_check(&d.w, &r) == KM_OK)
                fail_msg("not found out: %s in the place of %s", d.file[k].path, d.file[i].path);
            put_file(d.file[i].path, d.file[i].p, d.file[i].n);
        }
    km_audit_must(&d.w, km_audit_check(&d.w, &r));
    drop(&d);
}

/* Somebody who holds the disk, but no key, writes another story of the same length. */
static void a_whole_other_story_is_found(void **state)
{
    (void)state;
    static folder d, other;
    km_audit_report r;
    make(&d);
    make(&other);
    for (size_t i = 0; i < other.n; i++) {
        char path[1024];
        snprintf(path, sizeof path, "%s/%s", d.w.dir, strrchr(other.file[i].path, '/') + 1);
        if (!is_named(&other.file[i], "checkpoints"))
            put_file(path, other.file[i].p, other.file[i].n);
    }
    assert_int_equal(km_audit_check(&d.w, &r), KM_TAMPERED);
    assert_int_equal(r.bad_entry, 0);
    drop(&d);
    drop(&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whatever_is_done_to_the_files_is_found),
        cmocka_unit_test(a_file_that_is_away_or_another_is_found),
        cmocka_unit_test(a_whole_other_story_is_found),
    };
    return cmocka_run_group_tests_name("tampering with the audit", tests, NULL, NULL);
}
