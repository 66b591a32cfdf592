/* SPDX-License-Identifier: Apache-2.0
 *
 * The audit beside witnesses and a time-stamping authority that are simulated, programs of their
 * own, asked over HTTP on loopback: what they give is kept and holds, each lie is refused, and a
 * trace without stamps is warned about and refused in time.
 */
#include "trust/audit/audit_test.h"
#include "trust/audit/outside.h"
#include "trust/audit/stamp.h"

#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <time.h>

typedef struct process {
    pid_t pid;
    char url[64];
} process;

static void run(process *p, const char *program, char *const *argv)
{
    int out[2];
    size_t n = 0;
    assert_non_null(program);
    assert_int_equal(pipe(out), 0);
    p->pid = fork();
    if (p->pid == 0) {
        dup2(out[1], 1);
        close(out[0]);
        execv(program, argv);
        _exit(3);
    }
    close(out[1]);
    memset(p->url, 0, sizeof p->url);
    for (ssize_t got = 1; got > 0 && n < sizeof p->url - 1 && memchr(p->url, '\n', n) == NULL;)
        if ((got = read(out[0], p->url + n, sizeof p->url - 1 - n)) > 0)
            n += (size_t)got;
    close(out[0]);
    assert_true(n > 10);
    p->url[n - 1] = '\0';
}

static void stop(process *p)
{
    kill(p->pid, SIGTERM);
    waitpid(p->pid, NULL, 0);
}

typedef struct world {
    km_audit_world w;
    km_audit *a;
    process tsa, witness[2];
    char ca[200], state[2][200], address[2][300], tsa_url[100];
    km_audit_key key[2];
    const char *allow[4];
    km_client client;
    km_str pem;
    km_audit_outside_options o;
} world;

static void make_key(km_audit_key *out, const char *name, int seed)
{
    unsigned char raw[32] = { 0 };
    size_t n = 32;
    unsigned long s = (unsigned long)seed;
    memcpy(raw, &s, sizeof s);
    EVP_PKEY *k = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, raw, sizeof raw);
    *out = (km_audit_key){ 0 };
    snprintf(out->name, sizeof out->name, "%s", name);
    assert_int_equal(EVP_PKEY_get_raw_public_key(k, out->pub, &n), 1);
    EVP_PKEY_free(k);
}

static const char *text_of(world *x, const km_audit_key *k)
{
    km_buf b = km_buf_in(x->w.arena);
    km_audit_key_print(&b, k);
    return km_arena_z(x->w.arena, km_buf_str(&b));
}

static void start_witness(world *x, int i)
{
    static const char *const name[] = { "one.example/w", "two.example/w" };
    char seed[8];
    snprintf(seed, sizeof seed, "%d", i + 7);
    make_key(&x->key[i], name[i], i + 7);
    snprintf(x->state[i], sizeof x->state[i], "%s/witness-%d", x->w.place.folder, i);
    const char *program = getenv("SIMULATED_WITNESS");
    const char *argv[] = {
        program, x->state[i], name[i], seed, text_of(x, &x->w.o.signer.key), "127.0.0.1:0", NULL
    };
    run(&x->witness[i], program, (char *const *)(uintptr_t)argv);
    snprintf(x->address[i], sizeof x->address[i], "%s/#%s", x->witness[i].url,
             text_of(x, &x->key[i]));
}

static km_str read_file(world *x, const char *path)
{
    char *p = km_arena_alloc(x->w.arena, 1 << 20);
    int file = open(path, O_RDONLY);
    ssize_t n = file >= 0 ? read(file, p, 1 << 20) : 0;
    if (file >= 0)
        close(file);
    return (km_str){ p, n > 0 ? (size_t)n : 0 };
}

static atomic_int warnings;
static void count_warning(const char *text)
{
    (void)text;
    warnings++;
}

static int begin(void **state)
{
    world *x = calloc(1, sizeof *x);
    km_audit_world_new(&x->w);
    x->w.o.segment_bytes = 20000;
    km_audit_must(&x->w, km_audit_open(&x->a, &x->w.o, &x->w.fault));
    for (int i = 0; i < 2; i++)
        start_witness(x, i);
    snprintf(x->ca, sizeof x->ca, "%s/ca.pem", x->w.place.folder);
    const char *program = getenv("SIMULATED_TSA"),
               *argv[] = { program, "127.0.0.1:0", x->ca, NULL };
    run(&x->tsa, program, (char *const *)(uintptr_t)argv);
    x->pem = read_file(x, x->ca);
    x->allow[0] = x->witness[0].url + 7;
    x->allow[1] = x->witness[1].url + 7;
    x->allow[2] = x->tsa.url + 7;
    x->client = (km_client){ .allow = x->allow, .timeout_ms = 1500 };
    x->o = (km_audit_outside_options){ .dir = x->w.dir,
                                       .client = &x->client,
                                       .clock = &km_clock_real,
                                       .random = &km_random_real,
                                       .witness_every_ms = 10,
                                       .stamp_every_ms = 10,
                                       .retry_ms = 50,
                                       .warn = count_warning };
    warnings = 0;
    *state = x;
    return 0;
}

static int end(void **state)
{
    world *x = *state;
    stop(&x->tsa);
    stop(&x->witness[0]);
    stop(&x->witness[1]);
    if (x->a != NULL)
        km_audit_must(&x->w, km_audit_close(x->a, &x->w.fault));
    km_audit_world_free(&x->w);
    free(x);
    return 0;
}

static void use_tsa(world *x, const char *how)
{
    snprintf(x->tsa_url, sizeof x->tsa_url, "%s/%s", x->tsa.url, how);
    x->o.tsa_url = x->tsa_url;
    x->o.tsa_pem = x->pem;
}

/* Until all of `size` is stamped and witnessed; 20 s at most. */
static void wait_for(km_audit_outside *out, int64_t size)
{
    km_audit_outside_state s;
    for (int i = 0; i < 200; i++) {
        km_audit_outside_now(&s, out);
        bool done = !s.stamps || s.stamped >= size;
        for (size_t k = 0; k < s.witnesses; k++)
            done = done && s.witnessed[k] >= size;
        if (done)
            return;
        nanosleep(&(struct timespec){ 0, 100000000 }, NULL);
    }
    fail_msg("%lld stamped, %lld and %lld witnessed of %lld", (long long)s.stamped,
             (long long)s.witnessed[0], (long long)s.witnessed[1], (long long)size);
}

static km_code check(world *x, km_audit_kept_report *r, bool stamps, int witness)
{
    km_stamp_authorities *s = NULL;
    km_fault_clear(&x->w.fault);
    if (stamps)
        km_audit_must(&x->w, km_stamp_authorities_new(&s, x->pem, &x->w.fault));
    km_code rc = km_audit_kept_check(r, x->w.dir, s, witness >= 0 ? &x->key[witness] : NULL,
                                     &x->w.call);
    km_stamp_authorities_free(s);
    return rc;
}

static void what_grows_is_countersigned_and_stamped_and_that_holds(void **state)
{
    world *x = *state;
    km_audit_outside *out;
    km_audit_kept_report r;
    use_tsa(x, "good");
    x->o.witness[0] = x->address[0];
    x->o.witness[1] = x->address[1];
    km_audit_must(&x->w, km_audit_outside_open(&out, &x->o, &x->w.fault));
    for (int64_t n = 0; n < 300; n += 100) {
        km_audit_fill(&x->w, x->a, n, 100, 10);
        km_audit_must(&x->w, km_audit_sign_now(x->a, &x->w.fault));
        wait_for(out, n + 100);
    }
    km_audit_outside_close(out);
    for (int i = 0; i < 2; i++) {
        km_audit_must(&x->w, check(x, &r, true, i));
        assert_int_equal(r.stamped, 300);
        assert_int_equal(r.witnessed, 300);
        assert_true(r.stamps >= 3 && r.countersigned >= 3);
        assert_true(r.stamped_at > 1700000000000);
    }
    /* A process that begins again goes on from what the witness saw (409) and what was stamped. */
    km_audit_must(&x->w, km_audit_outside_open(&out, &x->o, &x->w.fault));
    km_audit_fill(&x->w, x->a, 300, 50, 10);
    km_audit_must(&x->w, km_audit_sign_now(x->a, &x->w.fault));
    wait_for(out, 350);
    km_audit_outside_close(out);
    km_audit_must(&x->w, check(x, &r, true, 0));
    assert_int_equal(r.witnessed, 350);
}

/* Every byte of what was kept counts; but for the few of a token that the authority does not sign
 * (the name of the signature's algorithm stands in it twice), which say nothing. */
static void what_was_kept_cannot_be_changed(void **state)
{
    world *x = *state;
    km_audit_outside *out;
    km_audit_kept_report r;
    static const char *const names[] = { "stamps", "witnessed" };
    use_tsa(x, "good");
    x->o.witness[0] = x->address[0];
    km_audit_must(&x->w, km_audit_outside_open(&out, &x->o, &x->w.fault));
    km_audit_fill(&x->w, x->a, 0, 40, 10);
    km_audit_must(&x->w, km_audit_sign_now(x->a, &x->w.fault));
    wait_for(out, 40);
    km_audit_outside_close(out);
    for (int i = 0; i < 2; i++) {
        char path[300];
        snprintf(path, sizeof path, "%s/%s", x->w.dir, names[i]);
        km_str whole = read_file(x, path);
        int file = open(path, O_RDWR);
        int64_t step = whole.n > 1000 ? 7 : 1, unsigned_bytes = 0;
        km_audit_must(&x->w, check(x, &r, i == 0, i == 1 ? 0 : -1));
        km_ms stamped_at = r.stamped_at;
        for (int64_t at = 0; at < (int64_t)whole.n; at += step) {
            char was = whole.p[at], changed = (char)(was ^ 4);
            km_arena_mark here = km_arena_here(x->w.arena);
            assert_int_equal(pwrite(file, &changed, 1, at), 1);
            if (check(x, &r, i == 0, i == 1 ? 0 : -1) == KM_OK) {
                if (i == 1 || r.stamped != 40 || r.stamped_at != stamped_at)
                    fail_msg("%s: byte %lld of %zu is free", names[i], (long long)at, whole.n);
                unsigned_bytes++;
            }
            assert_int_equal(pwrite(file, &was, 1, at), 1);
            km_arena_back(x->w.arena, here);
        }
        close(file);
        assert_true(unsigned_bytes * 20 < (int64_t)whole.n / step);
        km_audit_must(&x->w, check(x, &r, i == 0, i == 1 ? 0 : -1));
        assert_int_equal(unlink(path), 0);
        assert_int_equal(check(x, &r, i == 0, i == 1 ? 0 : -1), KM_TAMPERED);
    }
}

static void a_lie_of_the_authority_is_not_kept(void **state)
{
    world *x = *state;
    km_audit_outside *out;
    static const char *const lies[] = { "rejects", "other-nonce", "other-text", "unknown",
                                        "garbage", "hang",        "no/such" };
    char path[300];
    snprintf(path, sizeof path, "%s/stamps", x->w.dir);
    km_audit_fill(&x->w, x->a, 0, 10, 10);
    km_audit_must(&x->w, km_audit_sign_now(x->a, &x->w.fault));
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        int before = warnings;
        km_audit_outside_state s;
        use_tsa(x, lies[i]);
        km_audit_must(&x->w, km_audit_outside_open(&out, &x->o, &x->w.fault));
        for (int k = 0; k < 300 && warnings == before; k++)
            nanosleep(&(struct timespec){ 0, 20000000 }, NULL);
        km_audit_outside_now(&s, out);
        km_audit_outside_close(out);
        if (warnings == before || s.stamped != 0 || access(path, F_OK) == 0)
            fail_msg("%s was kept, or not told of", lies[i]);
    }
}

/* A log that tells the witness another story than it told before. */
static void a_witness_countersigns_no_second_story(void **state)
{
    world *x = *state;
    km_audit_outside *out;
    km_audit_outside_state s;
    char other[160];
    x->o.witness[0] = x->address[0];
    km_audit_must(&x->w, km_audit_outside_open(&out, &x->o, &x->w.fault));
    km_audit_fill(&x->w, x->a, 0, 60, 10);
    km_audit_must(&x->w, km_audit_sign_now(x->a, &x->w.fault));
    wait_for(out, 60);
    km_audit_outside_close(out);
    km_audit_must(&x->w, km_audit_close(x->a, &x->w.fault));
    snprintf(other, sizeof other, "%s/other", x->w.place.folder);
    x->w.o.dir = x->o.dir = other; /* the same key, other entries */
    km_audit_must(&x->w, km_audit_open(&x->a, &x->w.o, &x->w.fault));
    km_audit_fill(&x->w, x->a, 0, 70, 10);
    km_audit_must(&x->w, km_audit_sign_now(x->a, &x->w.fault));
    int before = warnings;
    km_audit_must(&x->w, km_audit_outside_open(&out, &x->o, &x->w.fault));
    for (int k = 0; k < 300 && warnings == before; k++)
        nanosleep(&(struct timespec){ 0, 20000000 }, NULL);
    km_audit_outside_now(&s, out);
    km_audit_outside_close(out);
    assert_true(warnings > before);
    assert_int_equal(s.witnessed[0], 0);
}

static atomic_llong pretended;
static km_ms pretend(void *self)
{
    (void)self;
    return 1775000000000 + pretended;
}
static const km_clock pretending = { pretend, NULL };

static void without_stamps_it_is_warned_after_an_hour_and_refused_after_a_day(void **state)
{
    world *x = *state;
    km_audit_outside *out;
    km_audit_outside_state s;
    use_tsa(x, "rejects");
    x->o.clock = &pretending;
    pretended = 0;
    km_audit_fill(&x->w, x->a, 0, 10, 10);
    km_audit_must(&x->w, km_audit_sign_now(x->a, &x->w.fault));
    km_audit_must(&x->w, km_audit_outside_open(&out, &x->o, &x->w.fault));
    for (int k = 0; k < 300 && warnings == 0; k++)
        nanosleep(&(struct timespec){ 0, 20000000 }, NULL);
    const struct {
        int64_t after_ms;
        bool warn, refuse;
    } times[] = { { 0, false, false },
                  { 3599000, false, false },
                  { 3600000, true, false },
                  { 86399000, true, false },
                  { 86400000, true, true } };
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        pretended = times[i].after_ms;
        km_audit_outside_now(&s, out);
        assert_int_equal(s.warn, times[i].warn);
        assert_int_equal(s.refuse, times[i].refuse);
    }
    km_audit_outside_close(out);
    km_audit_outside_now(&s, NULL);
    assert_false(s.refuse || s.warn || s.stamps);
}

static void what_is_configured_wrongly_does_not_start(void **state)
{
    world *x = *state;
    km_audit_outside *out;
    x->o.tsa_url = x->tsa.url;
    assert_int_equal(km_audit_outside_open(&out, &x->o, &x->w.fault), KM_BAD_VALUE);
    km_fault_clear(&x->w.fault);
    x->o.tsa_url = NULL;
    x->o.witness[0] = "https://w.example/";
    assert_int_equal(km_audit_outside_open(&out, &x->o, &x->w.fault), KM_BAD_VALUE);
    km_fault_clear(&x->w.fault);
    x->o.witness[0] = NULL;
    km_audit_must(&x->w, km_audit_outside_open(&out, &x->o, &x->w.fault));
    assert_null(out);
}

#define WITH_BOTH(f) cmocka_unit_test_setup_teardown(f, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_BOTH(what_grows_is_countersigned_and_stamped_and_that_holds),
        WITH_BOTH(what_was_kept_cannot_be_changed),
        WITH_BOTH(a_lie_of_the_authority_is_not_kept),
        WITH_BOTH(a_witness_countersigns_no_second_story),
        WITH_BOTH(without_stamps_it_is_warned_after_an_hour_and_refused_after_a_day),
        WITH_BOTH(what_is_configured_wrongly_does_not_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
