/* SPDX-License-Identifier: Apache-2.0
 *
 * A log and a simulated witness, each a program of its own: the witness countersigns as the log
 * grows, and never signs a second story.
 */
#include "trust/audit/audit_test.h"

#include <sys/wait.h>

typedef struct pair {
    km_audit_world w;
    char state[160], ask[160], said[160], log_key[256];
} pair;

static void pair_new(pair *p)
{
    memset(p, 0, sizeof *p);
    km_audit_world_new(&p->w);
    snprintf(p->state, sizeof p->state, "%s/state", p->w.place.folder);
    snprintf(p->ask, sizeof p->ask, "%s/ask", p->w.place.folder);
    snprintf(p->said, sizeof p->said, "%s/said", p->w.place.folder);
    km_buf key = km_buf_in(p->w.arena);
    km_audit_key_print(&key, &p->w.o.signer.key);
    snprintf(p->log_key, sizeof p->log_key, "%.*s", KM_STR_ARG(km_buf_str(&key)));
}

/* Its exit code; *said: what it wrote. */
static int run(pair *p, km_str *said, km_str ask, const char *log_key)
{
    int status;
    const char *program = getenv("SIMULATED_WITNESS");
    assert_non_null(program);
    FILE *f = fopen(p->ask, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(ask.p, 1, ask.n, f), ask.n);
    fclose(f);
    pid_t child = fork();
    if (child == 0) {
        if (freopen(p->ask, "rb", stdin) == NULL || freopen(p->said, "wb", stdout) == NULL
            || freopen("/dev/null", "w", stderr) == NULL)
            _exit(3);
        execl(program, program, p->state, "w.example", "7", log_key, (char *)NULL);
        _exit(3);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    char *text = km_arena_alloc(p->w.arena, 4096);
    f = fopen(p->said, "rb");
    assert_non_null(f);
    *said = (km_str){ text, fread(text, 1, 4096, f) };
    fclose(f);
    return WEXITSTATUS(status);
}

/* Asks for the newest checkpoint, from a tree of `old`. */
static int ask_from(pair *p, km_str *note, km_str *said, int64_t old)
{
    km_audit_path growth;
    km_buf ask = km_buf_in(p->w.arena);
    km_audit_must(&p->w, km_audit_prove_since(&growth, note, p->w.dir, old, &p->w.call));
    km_audit_ask_print(&ask, old, &growth, *note);
    return run(p, said, km_buf_str(&ask), p->log_key);
}

static void grow(pair *p, int64_t from, int64_t n)
{
    km_audit *a;
    km_audit_must(&p->w, km_audit_open(&a, &p->w.o, &p->w.fault));
    km_audit_fill(&p->w, a, from, n, 3);
    km_audit_must(&p->w, km_audit_close(a, &p->w.fault));
}

static void the_witness_signs_each_checkpoint_that_holds_the_last(void **state)
{
    (void)state;
    static pair p;
    km_str note, said, own;
    km_audit_key key;
    pair_new(&p);
    assert_int_equal(run(&p, &own, KM_STR_NONE, "-"), 0);
    km_audit_must(&p.w, km_audit_key_parse(&key, own, &p.w.fault));
    for (int64_t n = 0; n < 40; n += 10) {
        grow(&p, n, 10);
        assert_int_equal(ask_from(&p, &note, &said, n), 0);
        km_buf both = km_buf_in(p.w.arena);
        km_audit_checkpoint c;
        km_buf_add(&both, note);
        km_buf_add(&both, said);
        km_audit_must(&p.w, km_audit_checkpoint_parse(&c, km_buf_str(&both), &p.w.fault));
        assert_true(km_audit_signed_by(&c, &key));
        assert_int_equal(c.size, n + 10);
    }
    /* Who lost count is told the size that it saw. */
    assert_int_equal(ask_from(&p, &note, &said, 20), 1);
    assert_true(km_str_eq(km_str_trim(said), KM_STR("40")));
    km_audit_world_free(&p.w);
}

static void a_log_that_begins_again_gets_no_second_signature(void **state)
{
    (void)state;
    static pair p;
    km_str note, said;
    char name[192];
    static const char *const files[] = { "0000000000000000.seg", "tree", "checkpoints" };
    pair_new(&p);
    grow(&p, 0, 10);
    assert_int_equal(ask_from(&p, &note, &said, 0), 0);
    for (size_t i = 0; i < 3; i++) { /* the operator removes the story and signs another */
        snprintf(name, sizeof name, "%s/%s", p.w.dir, files[i]);
        assert_int_equal(remove(name), 0);
    }
    grow(&p, 0, 30);
    km_audit_report r;
    km_audit_must(&p.w, km_audit_check(&p.w, &r)); /* the log itself looks whole */
    assert_int_equal(ask_from(&p, &note, &said, 0), 1);
    assert_int_equal(ask_from(&p, &note, &said, 10), 1);
    km_audit_world_free(&p.w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_witness_signs_each_checkpoint_that_holds_the_last),
        cmocka_unit_test(a_log_that_begins_again_gets_no_second_signature),
    };
    return cmocka_run_group_tests_name("a log and its witness", tests, NULL, NULL);
}
