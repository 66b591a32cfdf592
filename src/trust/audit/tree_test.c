/* SPDX-License-Identifier: Apache-2.0
 *
 * The tree agrees with a second implementation's vectors and with those of RFC 6962, and every
 * proof of every small tree holds for what it proves and for nothing else.
 */
#include "trust/audit/audit_test.h"

#include "codec/json/json.h"

enum { SMALL = 70 };

static km_json *read_json(km_arena *a, const char *path)
{
    km_json *doc;
    km_fault fault = { 0 };
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    char *p = km_arena_alloc(a, 1 << 20);
    size_t n = fread(p, 1, 1 << 20, file);
    fclose(file);
    return km_json_parse(&doc, a, (km_str){ p, n }, NULL, &fault) == KM_OK ? doc : NULL;
}

static km_audit_hash hash_of(km_jv v)
{
    km_audit_hash h;
    assert_true(km_unhex(h.h, sizeof h.h, km_jv_str(v)));
    return h;
}

static bool same(km_audit_hash a, km_audit_hash b)
{
    return memcmp(a.h, b.h, sizeof a.h) == 0;
}

/* All complete nodes of a tree in memory. */
typedef struct memory {
    km_audit_hash node[4 * SMALL], leaf[SMALL], root[SMALL + 1];
    size_t n;
} memory;

static km_code at(void *self, km_audit_hash *out, int64_t place, km_fault *f)
{
    memory *m = self;
    (void)f;
    assert_true(place >= 0 && (size_t)place < m->n);
    *out = m->node[place];
    return KM_OK;
}

static void plant(memory *m)
{
    km_audit_frontier t = { 0 };
    m->n = 0;
    m->root[0] = km_audit_root(&t);
    for (int i = 0; i < SMALL; i++) {
        km_audit_hash made[KM_AUDIT_LEVELS + 1];
        unsigned char salt[KM_AUDIT_SALT] = { (unsigned char)i };
        km_audit_hash commit = km_audit_commit(salt, KM_STR("{}"));
        m->leaf[i] = km_audit_leaf(&commit);
        assert_int_equal(m->n, km_audit_places(i));
        size_t n = km_audit_grow(&t, &m->leaf[i], made);
        memcpy(m->node + m->n, made, n * sizeof *made);
        m->n += n;
        m->root[i + 1] = km_audit_root(&t);
    }
}

static void commitments_and_roots_agree_with_the_second_implementation(void **state)
{
    (void)state;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_json *doc = read_json(a, "../shared/vectors/audit_vectors.json");
    km_audit_frontier t = { 0 };
    if (doc == NULL)
        skip();
    km_jv root = km_json_root(doc), roots = KM_JV_GET(root, "roots");
    for (km_jv_iter i = km_jv_each(KM_JV_GET(root, "entries")); km_jv_next(&i);) {
        unsigned char salt[KM_AUDIT_SALT];
        km_str number = km_arena_print(a, "%lld", (long long)t.size);
        assert_true(same(km_audit_root(&t), hash_of(km_jv_get(roots, number))));
        assert_true(km_unhex(salt, sizeof salt, km_jv_text(i.value, "salt")));
        km_audit_hash commit = km_audit_commit(salt, km_jv_text(i.value, "entry"));
        assert_true(same(commit, hash_of(km_jv_at(i.value, "commit"))));
        km_audit_hash leaf = km_audit_leaf(&commit);
        assert_true(same(leaf, hash_of(km_jv_at(i.value, "leaf"))));
        km_audit_grow(&t, &leaf, NULL);
    }
    assert_true(t.size > 0);
    km_arena_free(a);
}

static void inclusion_proofs_agree_with_the_second_implementation(void **state)
{
    (void)state;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_json *doc = read_json(a, "../shared/vectors/audit_vectors.json");
    memory *m = KM_NEW(a, memory);
    km_audit_nodes nodes = { at, m };
    km_audit_frontier t = { 0 };
    int asked = 0;
    if (doc == NULL)
        skip();
    km_jv root = km_json_root(doc);
    for (km_jv_iter i = km_jv_each(KM_JV_GET(root, "entries")); km_jv_next(&i);) {
        km_audit_hash leaf = hash_of(km_jv_at(i.value, "leaf"));
        m->n += km_audit_grow(&t, &leaf, m->node + m->n);
    }
    for (km_jv_iter i = km_jv_each(KM_JV_GET(root, "inclusion_proofs")); km_jv_next(&i);) {
        int64_t index, size;
        km_audit_path p;
        km_str n, first = km_str_cut(i.name, ',', &n);
        assert_true(km_str_to_i64(&index, km_str_sub(first, 2, first.n)));
        assert_true(km_str_to_i64(&size, km_str_sub(n, 2, n.n)));
        assert_int_equal(km_audit_prove(&p, &nodes, index, size, NULL), KM_OK);
        assert_int_equal(p.n, km_jv_count(i.value));
        for (uint32_t k = 0; k < p.n; k++)
            assert_true(same(p.step[k], hash_of(km_jv_item(i.value, k))));
        asked++;
    }
    assert_true(asked > 0);
    km_arena_free(a);
}

static void every_entry_of_every_small_tree_is_proved_and_no_other(void **state)
{
    (void)state;
    static memory m;
    km_audit_nodes nodes = { at, &m };
    plant(&m);
    for (int size = 1; size <= SMALL; size++)
        for (int i = 0; i < size; i++) {
            km_audit_path p;
            assert_int_equal(km_audit_prove(&p, &nodes, i, size, NULL), KM_OK);
            for (int k = 0; k < SMALL; k++)
                assert_int_equal(km_audit_includes(&m.root[size], size, i, &m.leaf[k], &p), k == i);
            for (int k = 0; k <= SMALL; k++)
                if (k != i)
                    assert_false(km_audit_includes(&m.root[size], size, k, &m.leaf[i], &p));
            for (int s = 1; s <= SMALL; s++)
                assert_false(s != size && km_audit_includes(&m.root[s], size, i, &m.leaf[i], &p));
            for (size_t k = 0; k < p.n; k++) {
                p.step[k].h[i % 32] ^= 1;
                assert_false(km_audit_includes(&m.root[size], size, i, &m.leaf[i], &p));
                p.step[k].h[i % 32] ^= 1;
            }
        }
    assert_int_equal(km_audit_prove(&(km_audit_path){ 0 }, &nodes, 5, 5, NULL), KM_NOT_FOUND);
}

static void every_small_tree_is_proved_to_hold_every_smaller_one(void **state)
{
    (void)state;
    static memory m;
    km_audit_nodes nodes = { at, &m };
    plant(&m);
    for (int size = 1; size <= SMALL; size++)
        for (int old = 1; old <= size; old++) {
            km_audit_path p;
            assert_int_equal(km_audit_prove_growth(&p, &nodes, old, size, NULL), KM_OK);
            for (int k = 1; k <= SMALL; k++) {
                assert_int_equal(km_audit_grew(&m.root[k], old, &m.root[size], size, &p), k == old);
                assert_int_equal(km_audit_grew(&m.root[old], old, &m.root[k], size, &p), k == size);
            }
            for (size_t k = 0; k < p.n; k++) {
                p.step[k].h[0] ^= 0x80;
                assert_false(km_audit_grew(&m.root[old], old, &m.root[size], size, &p));
                p.step[k].h[0] ^= 0x80;
            }
        }
}

/* --- the vectors of RFC 6962 proofs
 * ------------------------------------------------------------------ */

static bool read_path(km_audit_path *out, km_arena *a, km_jv list)
{
    out->n = 0;
    for (km_jv_iter i = km_jv_each(list); km_jv_next(&i);) {
        km_str raw;
        if (out->n == KM_AUDIT_PROOF_MAX || !km_unbase64(&raw, a, km_jv_str(i.value))
            || raw.n != KM_AUDIT_HASH)
            return false;
        memcpy(out->step[out->n++].h, raw.p, raw.n);
    }
    return true;
}

static bool read_hash(km_audit_hash *out, km_arena *a, km_jv v)
{
    km_str raw;
    if (!km_unbase64(&raw, a, km_jv_str(v)) || raw.n != KM_AUDIT_HASH)
        return false;
    memcpy(out->h, raw.p, raw.n);
    return true;
}

static int64_t number(km_jv v)
{
    int64_t n;
    return km_str_to_i64(&n, km_jv_str(v)) ? n : -1;
}

static int vectors;

static int try_vector(const char *path, const struct stat *st, int kind, struct FTW *where)
{
    (void)st, (void)where;
    if (kind != FTW_F || !km_str_ends(km_str_of(path), KM_STR(".json")))
        return 0;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_json *doc = read_json(a, path);
    assert_non_null(doc);
    km_jv v = km_json_root(doc);
    km_audit_path p;
    km_audit_hash x, y;
    bool good = read_path(&p, a, KM_JV_GET(v, "proof"));
    bool refused = km_jv_is(KM_JV_GET(v, "wantErr"), KM_JSON_TRUE);
    if (km_jv_kind(KM_JV_GET(v, "size1")) != KM_JSON_NONE)
        good = good && read_hash(&x, a, KM_JV_GET(v, "root1"))
               && read_hash(&y, a, KM_JV_GET(v, "root2"))
               && km_audit_grew(&x, number(KM_JV_GET(v, "size1")), &y,
                                number(KM_JV_GET(v, "size2")), &p);
    else
        good = good && read_hash(&x, a, KM_JV_GET(v, "root"))
               && read_hash(&y, a, KM_JV_GET(v, "leafHash"))
               && km_audit_includes(&x, number(KM_JV_GET(v, "treeSize")),
                                    number(KM_JV_GET(v, "leafIdx")), &y, &p);
    if (good == refused)
        fail_msg("%s: %s", path, good ? "taken" : "refused");
    vectors++;
    km_arena_free(a);
    return 0;
}

static void the_vectors_of_certificate_transparency_agree(void **state)
{
    (void)state;
    vectors = 0;
    nftw("../shared/samples/security/merkle-rfc6962", try_vector, 8, FTW_PHYS);
    if (vectors == 0)
        skip();
    printf("%d vectors\n", vectors);
}

/* --- checkpoints and witnesses
 * --------------------------------------------------------------------------- */

static km_str note_of(km_arena *a, const memory *m, int size, const km_audit_signer *s)
{
    km_buf out = km_buf_in(a);
    km_audit_checkpoint c = {
        .origin = km_str_of(s->key.name), .size = size, .root = m->root[size], .at = 1775000000123
    };
    km_audit_checkpoint_print(&out, &c);
    km_str text = km_arena_copy(a, km_buf_str(&out));
    km_buf_char(&out, '\n');
    assert_int_equal(km_audit_countersign(&out, text, s, NULL), KM_OK);
    return km_buf_str(&out);
}

static void no_bit_of_a_checkpoint_can_be_turned(void **state)
{
    (void)state;
    static memory m;
    plant(&m);
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    EVP_PKEY *key = km_test_key(3);
    km_audit_signer s = km_test_signer("a.example", key);
    km_str note = note_of(a, &m, 12, &s);
    km_audit_checkpoint c;
    assert_int_equal(km_audit_checkpoint_parse(&c, note, NULL), KM_OK);
    assert_int_equal(c.size, 12);
    assert_int_equal(c.at, 1775000000123);
    assert_true(km_audit_signed_by(&c, &s.key));
    for (size_t i = 0; i < note.n * 8; i++) {
        char *copy = (char *)(uintptr_t)km_arena_copy(a, note).p;
        copy[i / 8] = (char)(copy[i / 8] ^ 1 << i % 8);
        bool passes = km_audit_checkpoint_parse(&c, (km_str){ copy, note.n }, NULL) == KM_OK
                      && km_audit_signed_by(&c, &s.key);
        assert_false(passes);
    }
    EVP_PKEY_free(key);
    km_arena_free(a);
}

static void a_key_reads_as_it_was_printed(void **state)
{
    (void)state;
    km_arena *a = km_arena_new(1 << 16);
    EVP_PKEY *key = km_test_key(3);
    km_audit_signer s = km_test_signer("a.example", key);
    km_buf out = km_buf_in(a);
    km_audit_key back;
    km_audit_key_print(&out, &s.key);
    assert_int_equal(km_audit_key_parse(&back, km_buf_str(&out), NULL), KM_OK);
    assert_memory_equal(back.pub, s.key.pub, 32);
    assert_string_equal(back.name, s.key.name);
    out.p[12] ^= 1;
    assert_int_equal(km_audit_key_parse(&back, km_buf_str(&out), NULL), KM_BAD_VALUE);
    EVP_PKEY_free(key);
    km_arena_free(a);
}

static void a_witness_signs_what_grows_and_nothing_else(void **state)
{
    (void)state;
    static memory m, other;
    plant(&m);
    plant(&other);
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    EVP_PKEY *key = km_test_key(3), *second = km_test_key(4);
    km_audit_signer log = km_test_signer("a.example", key);
    km_audit_signer witness = km_test_signer("w.example", second);
    km_audit_nodes nodes = { at, &m };
    km_audit_seen seen = { 0 };
    km_audit_path p = { 0 };
    km_buf out = km_buf_in(a);
    assert_int_equal(
        km_audit_witness(&out, &seen, note_of(a, &m, 9, &log), &p, &log.key, &witness, NULL),
        KM_OK);
    assert_int_equal(seen.size, 9);
    assert_int_equal(km_audit_prove_growth(&p, &nodes, 9, 30, NULL), KM_OK);
    /* A split view: the same size, another root. */
    other.root[30].h[0] ^= 1;
    assert_int_equal(
        km_audit_witness(&out, &seen, note_of(a, &other, 30, &log), &p, &log.key, &witness, NULL),
        KM_TAMPERED);
    assert_int_equal(
        km_audit_witness(&out, &seen, note_of(a, &m, 8, &log), &p, &log.key, &witness, NULL),
        KM_CONFLICT);
    assert_int_equal(
        km_audit_witness(&out, &seen, note_of(a, &m, 30, &witness), &p, &log.key, &witness, NULL),
        KM_FORBIDDEN);
    assert_int_equal(seen.size, 9);
    km_str note = note_of(a, &m, 30, &log);
    km_buf both = km_buf_in(a);
    km_audit_checkpoint c;
    km_buf_add(&both, note);
    assert_int_equal(km_audit_witness(&both, &seen, note, &p, &log.key, &witness, NULL), KM_OK);
    assert_int_equal(seen.size, 30);
    assert_int_equal(km_audit_checkpoint_parse(&c, km_buf_str(&both), NULL), KM_OK);
    assert_true(km_audit_signed_by(&c, &log.key) && km_audit_signed_by(&c, &witness.key));
    EVP_PKEY_free(key);
    EVP_PKEY_free(second);
    km_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(commitments_and_roots_agree_with_the_second_implementation),
        cmocka_unit_test(inclusion_proofs_agree_with_the_second_implementation),
        cmocka_unit_test(every_entry_of_every_small_tree_is_proved_and_no_other),
        cmocka_unit_test(every_small_tree_is_proved_to_hold_every_smaller_one),
        cmocka_unit_test(the_vectors_of_certificate_transparency_agree),
        cmocka_unit_test(no_bit_of_a_checkpoint_can_be_turned),
        cmocka_unit_test(a_key_reads_as_it_was_printed),
        cmocka_unit_test(a_witness_signs_what_grows_and_nothing_else),
    };
    return cmocka_run_group_tests_name("the audit's tree", tests, NULL, NULL);
}
