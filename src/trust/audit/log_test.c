/* SPDX-License-Identifier: Apache-2.0
 *
 * What was acknowledged is there, whatever the disk, the power or the other threads did.
 */
#include "trust/audit/audit_test.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

static int setup(void **state)
{
    static km_audit_world w;
    km_audit_world_new(&w);
    *state = &w;
    return 0;
}

static int teardown(void **state)
{
    km_audit_world_free(*state);
    return 0;
}

static km_audit *open_it(km_audit_world *w)
{
    km_audit *a;
    km_fault_clear(&w->fault);
    km_audit_must(w, km_audit_open(&a, &w->o, &w->fault));
    return a;
}

typedef struct seen {
    km_audit_world *w;
    int64_t n;
} seen;

static km_code is_the_nth(void *self, const km_audit_item *item, km_fault *f)
{
    seen *s = self;
    (void)f;
    km_arena_mark here = km_arena_here(s->w->arena);
    assert_int_equal(item->index, s->n);
    assert_true(km_str_eq(item->entry, km_audit_some(s->w, s->n)));
    km_arena_back(s->w->arena, here);
    s->n++;
    return KM_OK;
}

/* How many are there; each must be the one that was given. */
static int64_t count(km_audit_world *w)
{
    seen s = { w, 0 };
    km_audit_must(w, km_audit_walk(w->dir, 0, 0, is_the_nth, &s, &w->call));
    return s.n;
}

static void what_was_given_is_read_back_in_order_and_proved(void **state)
{
    km_audit_world *w = *state;
    km_audit_report r;
    static const size_t batches[] = { 1, 7, 1000 };
    int64_t n = 0;
    w->o.segment_bytes = 20000;
    for (size_t i = 0; i < 3; i++) {
        km_audit *a = open_it(w);
        km_audit_fill(w, a, n, 300, batches[i]);
        n += 300;
        assert_int_equal(km_audit_durable(a), n);
        km_audit_must(w, km_audit_close(a, &w->fault));
        assert_int_equal(count(w), n);
        km_audit_must(w, km_audit_check(w, &r));
        assert_int_equal(r.entries, n);
        assert_int_equal(r.beyond, 0);
        assert_int_equal(r.bad_entry, -1);
    }
    assert_true(r.segments > 3);
    for (int64_t i = 0; i < n; i += 7) {
        km_audit_proof p;
        km_arena_mark here = km_arena_here(w->arena);
        km_audit_must(w, km_audit_prove_entry(&p, w->dir, i, &w->call));
        assert_true(km_str_eq(p.item.entry, km_audit_some(w, i)));
        km_arena_back(w->arena, here);
    }
    km_audit_proof p;
    assert_int_equal(km_audit_prove_entry(&p, w->dir, n, &w->call), KM_NOT_FOUND);
}

static void one_process_holds_it_and_others_may_verify_meanwhile(void **state)
{
    km_audit_world *w = *state;
    km_audit *a = open_it(w), *second;
    km_audit_report r;
    km_audit_fill(w, a, 0, 50, 10);
    assert_int_equal(km_audit_open(&second, &w->o, &w->fault), KM_BUSY);
    km_fault_clear(&w->fault);
    km_audit_must(w, km_audit_sign_now(a, &w->fault));
    km_audit_fill(w, a, 50, 5, 5);
    km_audit_must(w, km_audit_check(w, &r));
    assert_int_equal(r.entries + r.beyond, 55);
    assert_true(r.entries >= 50);
    km_audit_must(w, km_audit_close(a, &w->fault));
}

static void a_checkpoint_comes_by_itself(void **state)
{
    km_audit_world *w = *state;
    km_audit_report r = { 0 };
    w->o.checkpoint_every_ms = 20;
    km_audit *a = open_it(w);
    km_audit_fill(w, a, 0, 3, 3);
    for (int i = 0; i < 500 && r.entries < 3; i++) {
        usleep(10000);
        km_audit_must(w, km_audit_check(w, &r));
    }
    assert_int_equal(r.entries, 3);
    km_audit_must(w, km_audit_close(a, &w->fault));
}

/* --- many threads
 * ------------------------------------------------------------------------------------ */

enum { THREADS = 8, EACH = 300 };
typedef struct appender {
    km_audit *a;
    int number;
    int64_t at[EACH];
} appender;

static void *append_many(void *self)
{
    appender *p = self;
    for (int i = 0; i < EACH; i++) {
        char text[64];
        snprintf(text, sizeof text, "{\"thread\":%d,\"n\":%d}", p->number, i);
        km_str entry = km_str_of(text);
        if (km_audit_append(&p->at[i], p->a, &entry, 1, NULL) != KM_OK)
            p->at[i] = -1;
    }
    return NULL;
}

typedef struct placed {
    appender *all;
} placed;

static km_code is_where_it_was_put(void *self, const km_audit_item *item, km_fault *f)
{
    appender *all = self;
    char text[64];
    int thread, n;
    (void)f;
    snprintf(text, sizeof text, "%.*s", KM_STR_ARG(item->entry));
    assert_int_equal(sscanf(text, "{\"thread\":%d,\"n\":%d}", &thread, &n), 2);
    assert_int_equal(all[thread].at[n], item->index);
    return KM_OK;
}

static void entries_of_many_threads_stand_where_each_was_told(void **state)
{
    km_audit_world *w = *state;
    static appender all[THREADS];
    pthread_t thread[THREADS];
    km_audit_report r;
    w->o.segment_bytes = 30000;
    km_audit *a = open_it(w);
    for (int i = 0; i < THREADS; i++) {
        all[i] = (appender){ .a = a, .number = i };
        assert_int_equal(pthread_create(&thread[i], NULL, append_many, &all[i]), 0);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    km_audit_must(w, km_audit_close(a, &w->fault));
    km_audit_must(w, km_audit_walk(w->dir, 0, 0, is_where_it_was_put, all, &w->call));
    km_audit_must(w, km_audit_check(w, &r));
    assert_int_equal(r.entries, THREADS * EACH);
}

/* --- the feeder
 * ---------------------------------------------------------------------------------------- */

static void the_feeders_cursor_is_as_durable_as_its_entries(void **state)
{
    km_audit_world *w = *state;
    int64_t first, n = 0;
    w->o.segment_bytes = 4000;
    for (int life = 0; life < 5; life++) {
        km_audit *a = open_it(w);
        assert_int_equal(km_audit_cursor(a), n == 0 ? KM_AUDIT_NO_CURSOR : 1000 + n - 1);
        for (int i = 0; i < 40; i++, n++) {
            km_str entry = km_audit_some(w, n);
            km_audit_must(w, km_audit_offer(&first, a, &entry, 1, 1000 + n, &w->fault));
            assert_int_equal(first, n);
        }
        km_audit_must(w, km_audit_wait(a, n, &w->fault));
        assert_int_equal(km_audit_cursor(a), 1000 + n - 1);
        assert_int_equal(km_audit_wait(a, n + 1, NULL), KM_NOT_FOUND);
        km_audit_must(w, km_audit_close(a, &w->fault));
    }
    assert_int_equal(count(w), n);
}

/* --- what fails
 * --------------------------------------------------------------------------------------------- */

/* A disk that takes so many bytes and syncs, then fails for ever, in the middle of a write. */
typedef struct bad_disk {
    int64_t bytes;
    int64_t syncs;
    bool dead;
} bad_disk;

static bool bad_write(void *self, int file, const void *p, size_t n, int64_t at)
{
    bad_disk *d = self;
    size_t takes = d->dead ? 0 : d->bytes < (int64_t)n ? (size_t)d->bytes : n;
    if (takes > 0 && pwrite(file, p, takes, at) != (ssize_t)takes)
        return false;
    d->bytes -= (int64_t)takes;
    d->dead = d->dead || takes < n;
    return !d->dead;
}

static bool bad_sync(void *self, int file)
{
    bad_disk *d = self;
    (void)file;
    d->dead = d->dead || d->syncs-- <= 0;
    return !d->dead;
}

/* Appends until it fails; how many were acknowledged. */
static int64_t append_until_dead(km_audit_world *w, bad_disk *d, int64_t from)
{
    km_audit_disk disk = { bad_write, bad_sync, d };
    km_audit *a;
    int64_t acknowledged = from, first;
    w->o.disk = &disk;
    if (km_audit_open(&a, &w->o, NULL) == KM_OK) {
        for (;;) {
            km_str entry[2] = { km_audit_some(w, acknowledged),
                                km_audit_some(w, acknowledged + 1) };
            km_code rc = km_audit_append(&first, a, entry, 2, NULL);
            if (rc != KM_OK || acknowledged > from + 40) {
                assert_true(rc == KM_OK || rc == KM_STORE);
                break;
            }
            acknowledged += 2;
        }
        if (d->dead) /* and it stays so */
            assert_int_equal(km_audit_append(&first, a, &KM_STR("{}"), 1, NULL), KM_STORE);
        km_audit_close(a, NULL);
    }
    w->o.disk = NULL;
    return acknowledged;
}

static void survives(km_audit_world *w, bad_disk d, int64_t *n)
{
    km_audit_report r;
    km_arena_mark here = km_arena_here(w->arena);
    int64_t acknowledged = append_until_dead(w, &d, *n);
    km_audit *a = open_it(w);
    *n = km_audit_durable(a);
    /* A group that was written but not acknowledged may have come through. */
    if (*n < acknowledged || *n > acknowledged + 2)
        fail_msg("%lld acknowledged, %lld there", (long long)acknowledged, (long long)*n);
    km_audit_fill(w, a, *n, 1, 1);
    ++*n;
    km_audit_must(w, km_audit_close(a, &w->fault));
    km_audit_must(w, km_audit_check(w, &r));
    assert_int_equal(r.entries, *n);
    km_arena_back(w->arena, here);
}

static void a_crash_at_any_byte_loses_nothing_acknowledged(void **state)
{
    km_audit_world *w = *state;
    int64_t n = 0;
    w->o.segment_bytes = 1500;
    w->o.checkpoint_every_ms = 100000;
    for (int64_t bytes = 0; bytes < 1200; bytes += getenv("KUMIHIMO_LONG") != NULL ? 1 : 3)
        survives(w, (bad_disk){ .bytes = bytes, .syncs = INT64_MAX }, &n);
    assert_int_equal(count(w), n);
}

static void a_sync_that_failed_is_the_end_and_is_not_tried_again(void **state)
{
    km_audit_world *w = *state;
    int64_t n = 0;
    w->o.segment_bytes = 1500;
    w->o.checkpoint_every_ms = 100000;
    for (int syncs = 0; syncs < 30; syncs++)
        survives(w, (bad_disk){ .bytes = INT64_MAX, .syncs = syncs }, &n);
    assert_int_equal(count(w), n);
}

typedef struct moody {
    EVP_PKEY *key;
    bool refuses; /* read by the signer's thread between two appends only */
} moody;

static km_code sign_or_refuse(void *self, unsigned char out[64], km_str text, km_fault *f)
{
    moody *m = self;
    return m->refuses ? km_fail(f, KM_FORBIDDEN, NULL, "no token")
                      : km_test_sign(m->key, out, text, f);
}

static void a_signer_that_refuses_stops_no_entry(void **state)
{
    km_audit_world *w = *state;
    moody m = { w->key, false };
    km_audit_signer good = w->o.signer;
    w->o.signer.sign = sign_or_refuse;
    w->o.signer.self = &m;
    km_audit *a = open_it(w);
    m.refuses = true;
    km_audit_fill(w, a, 0, 20, 5);
    assert_int_equal(km_audit_sign_now(a, NULL), KM_STORE);
    km_audit_fill(w, a, 20, 20, 5);
    assert_int_equal(km_audit_close(a, NULL), KM_STORE);
    w->o.signer = good;
    km_audit_report r;
    a = open_it(w);
    assert_int_equal(km_audit_durable(a), 40);
    km_audit_must(w, km_audit_sign_now(a, &w->fault));
    km_audit_must(w, km_audit_close(a, &w->fault));
    km_audit_must(w, km_audit_check(w, &r));
    assert_int_equal(r.entries, 40);
}

static void a_process_killed_while_it_appends_loses_nothing_acknowledged(void **state)
{
    km_audit_world *w = *state;
    int64_t n = 0;
    w->o.segment_bytes = 8000;
    w->o.checkpoint_every_ms = 5;
    for (int life = 0; life < 12; life++) {
        int pipe_ends[2];
        int64_t told = n, acknowledged = n;
        assert_int_equal(pipe(pipe_ends), 0);
        pid_t child = fork();
        if (child == 0) {
            km_audit *a;
            km_arena_mark here = km_arena_here(w->arena);
            if (km_audit_open(&a, &w->o, NULL) != KM_OK)
                _exit(1);
            for (;; told++, km_arena_back(w->arena, here)) {
                km_str entry = km_audit_some(w, told);
                if (km_audit_append(NULL, a, &entry, 1, NULL) != KM_OK
                    || write(pipe_ends[1], &told, sizeof told) != sizeof told)
                    _exit(1);
            }
        }
        close(pipe_ends[1]);
        int64_t most = n + 40 + life * 7;
        while (acknowledged < most && read(pipe_ends[0], &told, sizeof told) == sizeof told)
            acknowledged = told + 1;
        kill(child, SIGKILL);
        waitpid(child, NULL, 0);
        while (read(pipe_ends[0], &told, sizeof told) == sizeof told)
            acknowledged = told + 1;
        close(pipe_ends[0]);
        assert_true(acknowledged >= most);
        km_audit *a = open_it(w);
        n = km_audit_durable(a);
        assert_true(n >= acknowledged);
        km_audit_must(w, km_audit_close(a, &w->fault));
    }
    assert_int_equal(count(w), n);
}

/* --- what is lost or cut
 * -------------------------------------------------------------------------------------- */

static void a_lost_tree_is_made_anew_from_the_segments(void **state)
{
    km_audit_world *w = *state;
    km_audit_report r;
    char tree[160];
    snprintf(tree, sizeof tree, "%s/tree", w->dir);
    km_audit *a = open_it(w);
    km_audit_fill(w, a, 0, 500, 100);
    km_audit_must(w, km_audit_close(a, &w->fault));
    assert_int_equal(truncate(tree, 32 * 100 + 5), 0);
    assert_int_equal(km_audit_check(w, &r), KM_TAMPERED);
    assert_string_equal(r.bad_what, "tree");
    a = open_it(w);
    km_audit_must(w, km_audit_close(a, &w->fault));
    km_audit_must(w, km_audit_check(w, &r));
    assert_int_equal(r.entries, 500);
}

static void it_does_not_open_over_entries_that_were_cut_off(void **state)
{
    km_audit_world *w = *state;
    km_audit *a = open_it(w);
    char segment[160];
    struct stat st;
    km_audit_fill(w, a, 0, 100, 10);
    km_audit_must(w, km_audit_close(a, &w->fault));
    snprintf(segment, sizeof segment, "%s/0000000000000000.seg", w->dir);
    assert_int_equal(stat(segment, &st), 0);
    assert_int_equal(truncate(segment, st.st_size - 1), 0);
    assert_int_equal(km_audit_open(&a, &w->o, NULL), KM_TAMPERED);
}

static void what_is_purged_stays_proved_and_only_two_persons_may(void **state)
{
    km_audit_world *w = *state;
    km_audit_report r;
    int64_t purged;
    km_audit_purge p = { 60, KM_STR("case-1"), KM_STR("one"), KM_STR("one") };
    w->o.segment_bytes = 4000;
    km_audit *a = open_it(w);
    km_audit_fill(w, a, 0, 100, 5);
    km_audit_must(w, km_audit_sign_now(a, &w->fault));
    assert_int_equal(km_audit_purge_old(&purged, a, &p, &w->call), KM_FORBIDDEN);
    km_fault_clear(&w->fault);
    p.second_person = KM_STR("two");
    km_audit_must(w, km_audit_purge_old(&purged, a, &p, &w->call));
    assert_true(purged > 20 && purged <= 60);
    km_audit_must(w, km_audit_close(a, &w->fault));
    km_audit_must(w, km_audit_check(w, &r));
    assert_int_equal(r.entries, 101);
    assert_int_equal(r.purged, purged);
    km_audit_proof proof;
    km_audit_must(w, km_audit_prove_entry(&proof, w->dir, 3, &w->call));
    assert_true(proof.item.purged && proof.item.entry.n == 0);
    a = open_it(w);
    assert_int_equal(km_audit_durable(a), 101);
    km_audit_must(w, km_audit_close(a, &w->fault));
}

/* --- without a thread --- */

typedef struct told {
    km_audit *a;
    km_audit_waiter waiter;
    atomic_int times, rc;
    int64_t size;
    atomic_bool early; /* told before it was durable */
} told;

static void tell(void *self, km_code rc)
{
    told *t = self;
    if (rc == KM_OK && km_audit_durable(t->a) < t->size)
        atomic_store(&t->early, true);
    atomic_store(&t->rc, (int)rc);
    atomic_fetch_add(&t->times, 1);
}

static void who_waits_without_a_thread_is_told_once_and_not_early(void **state)
{
    enum { MANY = 200 };
    km_audit_world *w = *state;
    km_audit *a = open_it(w);
    static told all[MANY];
    memset(all, 0, sizeof all);
    for (int i = 0; i < MANY; i++) {
        km_str entry = km_audit_some(w, i);
        int64_t at;
        km_audit_must(w, km_audit_offer(&at, a, &entry, 1, KM_AUDIT_NO_CURSOR, &w->fault));
        all[i].a = a;
        all[i].size = at + 1;
        km_audit_when(a, &all[i].waiter, at + 1, tell, &all[i]);
    }
    told later = { .a = a, .size = MANY };
    km_audit_must(w, km_audit_wait(a, MANY, &w->fault));
    km_audit_when(a, &later.waiter, MANY, tell, &later);
    assert_int_equal(atomic_load(&later.times), 1);
    told never = { .a = a };
    km_audit_when(a, &never.waiter, MANY + 1, tell, &never); /* nobody gave such an entry */
    assert_int_equal(atomic_load(&never.rc), KM_STORE);
    km_audit_must(w, km_audit_close(a, &w->fault));
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(atomic_load(&all[i].times), 1);
        assert_int_equal(atomic_load(&all[i].rc), KM_OK);
        assert_false(atomic_load(&all[i].early));
    }
}

static void who_waits_for_what_cannot_be_written_is_told_so(void **state)
{
    km_audit_world *w = *state;
    bad_disk d = { .bytes = INT64_MAX, .syncs = 20 };
    km_audit_disk disk = { bad_write, bad_sync, &d };
    static told t;
    t = (told){ 0 };
    w->o.disk = &disk;
    km_audit *a = open_it(w);
    for (int i = 0; i < 1000 && atomic_load(&t.rc) != KM_STORE; i++) {
        km_str entry = km_audit_some(w, i);
        int64_t at;
        if (km_audit_offer(&at, a, &entry, 1, KM_AUDIT_NO_CURSOR, NULL) != KM_OK)
            at = i;
        int before = atomic_load(&t.times);
        t.a = a;
        t.size = at + 1;
        km_audit_when(a, &t.waiter, at + 1, tell, &t);
        while (atomic_load(&t.times) == before)
            usleep(100);
    }
    assert_int_equal(atomic_load(&t.rc), KM_STORE);
    (void)km_audit_close(a, NULL);
    w->o.disk = NULL;
}

#define CLAIM(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CLAIM(what_was_given_is_read_back_in_order_and_proved),
        CLAIM(one_process_holds_it_and_others_may_verify_meanwhile),
        CLAIM(a_checkpoint_comes_by_itself),
        CLAIM(entries_of_many_threads_stand_where_each_was_told),
        CLAIM(the_feeders_cursor_is_as_durable_as_its_entries),
        CLAIM(a_crash_at_any_byte_loses_nothing_acknowledged),
        CLAIM(a_sync_that_failed_is_the_end_and_is_not_tried_again),
        CLAIM(who_waits_without_a_thread_is_told_once_and_not_early),
        CLAIM(who_waits_for_what_cannot_be_written_is_told_so),
        CLAIM(a_signer_that_refuses_stops_no_entry),
        CLAIM(a_process_killed_while_it_appends_loses_nothing_acknowledged),
        CLAIM(a_lost_tree_is_made_anew_from_the_segments),
        CLAIM(it_does_not_open_over_entries_that_were_cut_off),
        CLAIM(what_is_purged_stays_proved_and_only_two_persons_may),
    };
    return cmocka_run_group_tests_name("the audit's files", tests, NULL, NULL);
}
