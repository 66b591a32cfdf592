/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/hash.h"
#include "trust/keys/keys.h"

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

typedef struct room {
    char path[64];
    km_arena *arena;
    km_fault fault;
} room;

static int make_room(void **state)
{
    room *r = calloc(1, sizeof *r);
    snprintf(r->path, sizeof r->path, P_tmpdir "/kumihimo-keys-XXXXXX");
    assert_non_null(mkdtemp(r->path));
    r->arena = km_arena_new(KM_ARENA_CAP_DEFAULT);
    *state = r;
    return 0;
}

static int leave_room(void **state)
{
    room *r = *state;
    nftw(r->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    km_arena_free(r->arena);
    free(r);
    return 0;
}

static km_keys *memory(room *r, unsigned roles)
{
    km_keys *k = NULL;
    assert_int_equal(km_keys_in_memory(&k, roles, &km_random_real, &r->fault), KM_OK);
    return k;
}

static km_code try_open(km_keys **k, room *r, unsigned roles)
{
    km_keys_folder o = { r->path, roles, &km_random_real };
    km_fault_clear(&r->fault);
    return km_keys_open(k, &o, &r->fault);
}

static km_keys *folder(room *r, unsigned roles)
{
    km_keys *k = NULL;
    if (try_open(&k, r, roles) != KM_OK)
        fail_msg("%s", r->fault.detail);
    return k;
}

/* OpenSSL's one-shot HMAC over a message written out by hand. */
static void by_hand(unsigned char out[32], const unsigned char key[32], const km_buf *m)
{
    unsigned n = 32;
    assert_non_null(HMAC(EVP_sha256(), key, 32, (unsigned char *)m->p, m->n, out, &n));
}

static void every_keyed_hash_is_the_hmac_of_its_written_form(void **state)
{
    room *r = *state;
    unsigned char key[32], t[1][32], want[32], out[1][16], pid[1][16];
    for (unsigned round = 0; round < 200; round++) {
        km_keys *k = memory(r, KM_KEY_MASK_ALL);
        char name[KM_KEY_NAME_MAX + 1];
        size_t n = 1 + round % KM_KEY_NAME_MAX;
        memset(name, 'd', n);
        km_str domain = { name, n };
        km_key_root root = { .gen = round * 77777777U };
        km_random_real.fill(NULL, key, 32);
        km_random_real.fill(NULL, root.root, 16);
        km_random_real.fill(NULL, pid, 16);
        uint32_t kv = round + 1;
        assert_int_equal(km_keys_import(k, (km_key_name){ KM_KEY_PID_A, domain, kv }, key, NULL),
                         0);
        assert_int_equal(km_keys_import(k, (km_key_name){ KM_KEY_RELEASE, domain, 1 }, key, NULL),
                         0);
        km_buf u = km_buf_in(r->arena), m = km_buf_in(r->arena), s = km_buf_in(r->arena);
        km_buf_u32be(&u, kv);
        km_buf_u32be(&u, root.gen);
        km_str a[] = { KM_STR("kumihimo/pid/v1"), KM_STR("A"),   domain, { u.p, 4 },
                       { (char *)root.root, 16 }, { u.p + 4, 4 } };
        km_enc(&m, a, 6);
        by_hand(want, key, &m);
        km_key_name of = { KM_KEY_PID_A, domain, 0 };
        assert_int_equal(km_keys_pid_a(t, k, of, &root, 1, NULL), KM_OK);
        assert_memory_equal(t, want, 32);
        km_str b[] = { KM_STR("kumihimo/sid/v1"), domain, { (char *)pid, 16 } };
        km_enc(&s, b, 3);
        by_hand(want, key, &s);
        assert_int_equal(km_keys_release(out, k, domain, pid, 1, NULL), KM_OK);
        assert_memory_equal(out, want, 16);
        km_keys_close(k);
    }
}

static void a_batch_gives_what_single_calls_give(void **state)
{
    room *r = *state;
    km_keys *k = memory(r, KM_KEY_MASK_A);
    enum { N = 700 };
    static km_key_root root[N];
    static unsigned char all[N][32], one[1][32];
    uint32_t v;
    km_key_name d = { KM_KEY_PID_A, KM_STR("urn:kumihimo:dom:care:net-0001"), 0 };
    assert_int_equal(km_keys_make(&v, k, KM_KEY_PID_A, d.name, NULL), KM_OK);
    km_random_real.fill(NULL, root, sizeof root);
    assert_int_equal(km_keys_pid_a(all, k, d, root, N, NULL), KM_OK);
    for (size_t i = 0; i < N; i++) {
        assert_int_equal(km_keys_pid_a(one, k, d, &root[i], 1, NULL), KM_OK);
        assert_memory_equal(one, all[i], 32);
    }
    km_keys_close(k);
}

static void a_ring_holds_only_the_roles_it_was_opened_for(void **state)
{
    room *r = *state;
    for (int role = 0; role < KM_KEY_ROLES; role++) {
        km_keys *k = memory(r, KM_KEY_MASK_ALL & ~KM_KEY_MASK(role));
        for (int other = 0; other < KM_KEY_ROLES; other++) {
            uint32_t v = 0;
            km_fault f = { 0 };
            assert_int_equal(km_keys_make(&v, k, (km_key_role)other, KM_STR("x"), &f),
                             other == role ? KM_FORBIDDEN : KM_OK);
        }
        km_keys_close(k);
    }
}

static void neither_operator_alone_makes_an_identifier(void **state)
{
    room *r = *state;
    km_keys *a = memory(r, KM_KEY_MASK_A), *b = memory(r, KM_KEY_MASK_B);
    km_key_root root = { .gen = 0 };
    unsigned char t[1][32], y[1][32];
    uint32_t v;
    km_fault f = { 0 }, g = { 0 };
    km_key_name d = { KM_KEY_PID_A, KM_STR("urn:kumihimo:dom:research:ndb"), 0 };
    assert_int_equal(km_keys_make(&v, a, KM_KEY_PID_A, d.name, NULL), KM_OK);
    assert_int_equal(km_keys_make(&v, b, KM_KEY_PID_B, d.name, NULL), KM_OK);
    assert_int_equal(km_keys_pid_a(t, b, d, &root, 1, &f), KM_FORBIDDEN);
    assert_int_equal(km_keys_pid_a(t, a, d, &root, 1, NULL), KM_OK);
    assert_int_equal(km_keys_pid_b(y, a, d, t, 1, &g), KM_FORBIDDEN);
    assert_int_equal(km_keys_pid_b(y, b, d, t, 1, NULL), KM_OK);
    km_keys_close(a);
    km_keys_close(b);
}

static void keys_in_a_folder_are_the_same_after_opening_again_and_resealing(void **state)
{
    room *r = *state;
    km_keys *k = folder(r, KM_KEY_MASK_ALL);
    unsigned char before[16], after[16], data[32] = { 5 }, wrapped[KM_KEY_WRAPPED], opened[32];
    unsigned char pub[KM_KEY_PUBLIC_MAX], pub2[KM_KEY_PUBLIC_MAX];
    size_t n, n2;
    uint32_t v;
    km_str fields = KM_STR("\0\1x"), use = KM_STR("person_root");
    for (int role = 0; role < KM_KEY_ROLES; role++)
        assert_int_equal(km_keys_make(&v, k, (km_key_role)role, KM_STR(""), &r->fault) == KM_OK,
                         role >= KM_KEY_WRAP || role == KM_KEY_INDEX);
    assert_int_equal(km_keys_index(before, k, 0, fields, NULL), KM_OK);
    assert_int_equal(km_keys_wrap(wrapped, k, use, data, NULL), KM_OK);
    km_key_name token = { KM_KEY_TOKEN, { "", 0 }, 0 };
    assert_int_equal(km_keys_public(pub, &n, k, token, NULL), KM_OK);
    for (int round = 0; round < 4; round++) {
        km_fault_clear(&r->fault);
        if (round % 2 == 0)
            assert_int_equal(km_keys_reseal(k, &r->fault), KM_OK);
        km_keys_close(k);
        k = folder(r, KM_KEY_MASK_ALL);
        assert_int_equal(km_keys_index(after, k, 0, fields, NULL), KM_OK);
        assert_memory_equal(before, after, 16);
        assert_int_equal(km_keys_unwrap(opened, k, use, wrapped, NULL), KM_OK);
        assert_memory_equal(opened, data, 32);
        assert_int_equal(km_keys_public(pub2, &n2, k, token, NULL), KM_OK);
        assert_int_equal(n, n2);
        assert_memory_equal(pub, pub2, n);
    }
    assert_int_equal(km_keys_unwrap(opened, k, KM_STR("other"), wrapped, NULL), KM_TAMPERED);
    km_keys_close(k);
}

static void a_new_version_leaves_the_old_one_and_a_destroyed_one_is_gone(void **state)
{
    room *r = *state;
    km_keys *k = folder(r, KM_KEY_MASK_ALL);
    unsigned char pid[1][16] = { { 1 } }, one[1][16], two[1][16];
    uint32_t v = 0;
    km_str rel = KM_STR("rel-2026-0001");
    km_fault f = { 0 };
    assert_int_equal(km_keys_make(&v, k, KM_KEY_RELEASE, rel, NULL), KM_OK);
    assert_int_equal(v, 1);
    assert_int_equal(km_keys_release(one, k, rel, pid, 1, NULL), KM_OK);
    assert_int_equal(km_keys_make(&v, k, KM_KEY_RELEASE, rel, NULL), KM_OK);
    assert_int_equal(v, 2);
    assert_int_equal(km_keys_release(two, k, rel, pid, 1, NULL), KM_OK);
    assert_memory_not_equal(one, two, 16);
    for (uint32_t i = 2; i > 0; i--)
        assert_int_equal(km_keys_destroy(k, (km_key_name){ KM_KEY_RELEASE, rel, i }, NULL), KM_OK);
    for (int again = 0; again < 2; again++) {
        km_fault_clear(&f);
        assert_int_equal(km_keys_release(two, k, rel, pid, 1, &f), KM_NOT_FOUND);
        km_keys_close(k);
        k = folder(r, KM_KEY_MASK_ALL);
    }
    km_keys_close(k);
}

static int damage(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)kind;
    if (strncmp(path + at->base, "key-", 4) != 0)
        return 0;
    chmod(path, 0600);
    FILE *file = fopen(path, "r+");
    fseek(file, st->st_size / 2, SEEK_SET);
    int c = fgetc(file);
    fseek(file, st->st_size / 2, SEEK_SET);
    fputc(c ^ 1, file);
    fclose(file);
    return 0;
}

static void a_damaged_or_foreign_or_held_folder_is_refused(void **state)
{
    room *r = *state;
    uint32_t v;
    km_keys *k = folder(r, KM_KEY_MASK_ALL), *second;
    assert_int_equal(km_keys_make(&v, k, KM_KEY_INDEX, KM_STR(""), NULL), KM_OK);
    assert_int_equal(try_open(&second, r, KM_KEY_MASK_ALL), KM_BUSY);
    km_keys_close(k);
    assert_int_equal(try_open(&k, r, KM_KEY_MASK_B), KM_FORBIDDEN);
    nftw(r->path, damage, 16, FTW_PHYS);
    assert_int_equal(try_open(&k, r, KM_KEY_MASK_ALL), KM_TAMPERED);
    char seal[80];
    snprintf(seal, sizeof seal, "%s/seal-1", r->path);
    unlink(seal);
    assert_int_equal(try_open(&k, r, KM_KEY_MASK_ALL), KM_IO);
}

static void signatures_verify_under_the_public_key(void **state)
{
    room *r = *state;
    km_keys *k = memory(r, KM_KEY_MASK_ALL);
    unsigned char sig[64], pub[KM_KEY_PUBLIC_MAX];
    size_t n;
    uint32_t v;
    assert_int_equal(km_keys_make(&v, k, KM_KEY_CHECKPOINT, KM_STR(""), NULL), KM_OK);
    km_key_name which = { KM_KEY_CHECKPOINT, { "", 0 }, 0 };
    assert_int_equal(km_keys_public(pub, &n, k, which, NULL), KM_OK);
    assert_int_equal(n, 32);
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, pub, n);
    for (size_t length = 0; length < 300; length += 7) {
        char *text = km_arena_zero(r->arena, length + 1);
        assert_int_equal(km_keys_sign_checkpoint(sig, k, 0, (km_str){ text, length }, NULL), KM_OK);
        EVP_MD_CTX *c = EVP_MD_CTX_new();
        assert_int_equal(EVP_DigestVerifyInit(c, NULL, NULL, NULL, key), 1);
        assert_int_equal(EVP_DigestVerify(c, sig, 64, (unsigned char *)text, length), 1);
        EVP_MD_CTX_free(c);
    }
    EVP_PKEY_free(key);
    km_keys_close(k);
}

int main(void)
{
#define IN_ROOM(t) cmocka_unit_test_setup_teardown(t, make_room, leave_room)
    const struct CMUnitTest tests[] = {
        IN_ROOM(every_keyed_hash_is_the_hmac_of_its_written_form),
        IN_ROOM(a_batch_gives_what_single_calls_give),
        IN_ROOM(a_ring_holds_only_the_roles_it_was_opened_for),
        IN_ROOM(neither_operator_alone_makes_an_identifier),
        IN_ROOM(keys_in_a_folder_are_the_same_after_opening_again_and_resealing),
        IN_ROOM(a_new_version_leaves_the_old_one_and_a_destroyed_one_is_gone),
        IN_ROOM(a_damaged_or_foreign_or_held_folder_is_refused),
        IN_ROOM(signatures_verify_under_the_public_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
