/* SPDX-License-Identifier: Apache-2.0
 *
 * A file of proofs: believed as it was made, and not when any letter of it is another.
 */
#include "trust/audit/audit_test.h"
#include "trust/audit/find.h"
#include "trust/audit/proof.h"

/* A head, then the proofs of 20 entries; every third without its text. */
static km_str make_file(km_audit_world *w)
{
    km_audit *a;
    km_audit_finder *x;
    km_audit_page page;
    km_audit_checkpoint c;
    km_audit_path *path;
    km_str note;
    km_audit_search s = { .limit = 20 };
    km_buf out = km_buf_in(w->arena), key = km_buf_in(w->arena);
    km_audit_must(w, km_audit_open(&a, &w->o, &w->fault));
    km_audit_fill(w, a, 0, 33, 10);
    km_audit_must(w, km_audit_sign_now(a, &w->fault));
    km_audit_must(w, km_audit_finder_open(&x, w->dir, &w->fault));
    km_audit_must(w, km_audit_find(&page, x, &s, &w->call));
    km_audit_must(w, km_audit_find_checkpoint(&c, &note, x, &w->call));
    km_audit_must(w, km_audit_prove_found(&path, x, &page, c.size, &w->call));
    km_audit_key_print(&key, km_audit_signing_key(a));
    km_jw on = km_jw_on(&out);
    km_jw_open(&on, '{');
    km_jw_member(&on, "key", km_buf_str(&key));
    km_jw_member(&on, "checkpoint", note);
    km_jw_close(&on, '}');
    for (size_t i = 0; i < page.n; i++) {
        km_buf_char(&out, '\n');
        on = km_jw_on(&out);
        km_jw_open(&on, '{');
        km_audit_proof_members(&on, &page.found[i].item, i % 3 > 0, &path[i], KM_STR_NONE,
                               w->arena);
        km_jw_close(&on, '}');
    }
    km_audit_finder_close(x);
    km_audit_must(w, km_audit_close(a, &w->fault));
    return km_buf_str(&out);
}

static km_code check(km_audit_proofs_report *r, km_audit_world *w, km_str file, bool pinned)
{
    km_fault_clear(&w->fault);
    km_arena_mark here = km_arena_here(w->arena);
    km_code rc = km_audit_proofs_check(r, file, pinned ? &w->o.signer.key : NULL, w->arena,
                                       &w->fault);
    km_arena_back(w->arena, here);
    return rc;
}

static void a_whole_file_is_believed(void **state)
{
    km_audit_world w;
    km_audit_proofs_report r;
    (void)state;
    km_audit_world_new(&w);
    km_str file = make_file(&w);
    for (int pinned = 0; pinned < 2; pinned++) {
        assert_int_equal(check(&r, &w, file, pinned), KM_OK);
        assert_int_equal(r.proved, 13);
        assert_int_equal(r.withheld, 7);
        assert_int_equal(r.checkpoint.size, 33);
    }
    km_audit_world_free(&w);
}

/* With the key that was given out, no letter of keys, texts, salts, paths or checkpoint is free. */
static void no_letter_of_it_is_free(void **state)
{
    km_audit_world w;
    km_audit_proofs_report r;
    (void)state;
    km_audit_world_new(&w);
    km_str file = km_arena_copy(w.arena, make_file(&w));
    char *p = (char *)(uintptr_t)file.p;
    for (size_t i = 0; i < file.n; i++) {
        char was = p[i];
        p[i] = (char)(was ^ 1);
        /* A member whose name is changed is one that nobody reads: it may be missed or not, but
         * what remains says the same of the same entries, or less. */
        if (check(&r, &w, file, true) == KM_OK) {
            assert_true(r.proved <= 13);
            assert_true(r.proved + r.withheld <= 20);
            assert_true(was == '"' || (was >= 'a' && was <= 'z') || was == ' ' || was == '\n'
                        || r.proved < 13);
        }
        p[i] = was;
    }
    assert_int_equal(check(&r, &w, file, true), KM_OK);
    km_audit_world_free(&w);
}

static void another_key_is_not_believed(void **state)
{
    km_audit_world w;
    km_audit_proofs_report r;
    (void)state;
    km_audit_world_new(&w);
    km_str file = make_file(&w);
    EVP_PKEY *other = km_test_key(2);
    w.o.signer = km_test_signer("node.example/audit", other);
    assert_int_equal(check(&r, &w, file, true), KM_TAMPERED);
    assert_string_equal(r.bad_what, "signature");
    w.o.signer = km_test_signer("else.example/audit", other);
    assert_int_equal(check(&r, &w, file, true), KM_TAMPERED);
    assert_string_equal(r.bad_what, "key");
    EVP_PKEY_free(other);
    km_audit_world_free(&w);
}

static void what_proves_nothing_is_said_to_prove_nothing(void **state)
{
    km_audit_world w;
    km_audit_proofs_report r;
    static const char *const files[] = {
        "",
        "\n\n",
        "{}",
        "[]",
        "{\"index\":1}",
        "nonsense",
        "{\"index\":0,\"commit\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\",\"path\":[]}",
        "{\"key\":\"x\"}",
        "{\"checkpoint\":\"x\"}",
    };
    (void)state;
    km_audit_world_new(&w);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        for (int pinned = 0; pinned < 2; pinned++)
            assert_int_equal(check(&r, &w, km_str_of(files[i]), pinned), KM_TAMPERED);
    km_audit_world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_whole_file_is_believed),
        cmocka_unit_test(no_letter_of_it_is_free),
        cmocka_unit_test(another_key_is_not_believed),
        cmocka_unit_test(what_proves_nothing_is_said_to_prove_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
