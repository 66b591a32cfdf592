/* SPDX-License-Identifier: Apache-2.0
 *
 * The ring whose keys stay in a PKCS#11 token, against SoftHSM (a token in files, for tests). It
 * must answer as the ring in files does. Skipped where SoftHSM is absent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "base/hash.h"
#include "trust/keys/token.h"

/* SoftHSM 2.6.1 forgets the name of the curve each time that it reads a key of Ed25519. Whole
 * stacks, so that only what its module allocated is passed over. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "fast_unwind_on_malloc=0";
}
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:libsofthsm2";
}

typedef struct room {
    char path[64];
    const char *module;
    km_arena *arena;
    km_fault fault;
} room;

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static const char *find_module(void)
{
    static const char *const paths[] = { "/usr/lib/softhsm/libsofthsm2.so",
                                         "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
                                         "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so" };
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        if (access(paths[i], R_OK) == 0 && access("/usr/bin/softhsm2-util", X_OK) == 0)
            return paths[i];
    return NULL;
}

static void init_token(const char *label)
{
    char command[256];
    snprintf(command, sizeof command,
             "softhsm2-util --init-token --free --label %s --so-pin 5678 --pin 1234 >/dev/null",
             label);
    assert_int_equal(system(command), 0);
}

static int make_room(void **state)
{
    room *r = calloc(1, sizeof *r);
    char path[128];
    r->arena = km_arena_new(KM_ARENA_CAP_DEFAULT);
    *state = r;
    r->module = find_module();
    if (r->module == NULL)
        return 0;
    snprintf(r->path, sizeof r->path, P_tmpdir "/kumihimo-token-XXXXXX");
    assert_non_null(mkdtemp(r->path));
    snprintf(path, sizeof path, "%s/tokens", r->path);
    assert_int_equal(mkdir(path, 0700), 0);
    snprintf(path, sizeof path, "%s/softhsm2.conf", r->path);
    FILE *out = fopen(path, "w");
    fprintf(out,
            "directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n",
            r->path);
    fclose(out);
    setenv("SOFTHSM2_CONF", path, 1);
    init_token("test");
    return 0;
}

static int leave_room(void **state)
{
    room *r = *state;
    if (r->module != NULL)
        nftw(r->path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    km_arena_free(r->arena);
    free(r);
    return 0;
}

static room *here(void **state)
{
    room *r = *state;
    if (r->module == NULL) {
        printf("skipped: no SoftHSM on this machine\n");
        skip();
    }
    km_fault_clear(&r->fault);
    return r;
}

static km_code try_open(km_keys **k, room *r, unsigned roles)
{
    km_keys_token o = { r->module, "test", KM_STR("1234"), roles, &km_random_real };
    km_fault_clear(&r->fault);
    return km_keys_open_token(k, &o, &r->fault);
}

static km_keys *token(room *r, unsigned roles)
{
    km_keys *k = NULL;
    if (try_open(&k, r, roles) != KM_OK)
        fail_msg("%s", r->fault.detail);
    return k;
}

static uint32_t make(km_keys *k, km_key_role role, km_str name)
{
    uint32_t v = 0;
    km_fault f = { 0 };
    if (km_keys_make(&v, k, role, name, &f) != KM_OK)
        fail_msg("%s", f.detail);
    return v;
}

/* The same key asked through the module itself, over a message written out by hand. */
static void by_hand(unsigned char out[32], km_keys *k, const char *label, const km_buf *message)
{
    km_token *t = (km_token *)k;
    CK_OBJECT_HANDLE key = 0;
    CK_ULONG n = 0, got = 32;
    CK_ATTRIBUTE want = { CKA_LABEL, (void *)(uintptr_t)label, strlen(label) };
    CK_MECHANISM how = { CKM_SHA256_HMAC, NULL, 0 };
    assert_int_equal(t->api->C_FindObjectsInit(t->session, &want, 1), CKR_OK);
    assert_int_equal(t->api->C_FindObjects(t->session, &key, 1, &n), CKR_OK);
    assert_int_equal(t->api->C_FindObjectsFinal(t->session), CKR_OK);
    assert_int_equal(n, 1);
    assert_int_equal(t->api->C_SignInit(t->session, &how, key), CKR_OK);
    assert_int_equal(t->api->C_Sign(t->session, (unsigned char *)message->p, message->n, out, &got),
                     CKR_OK);
    assert_int_equal(got, 32);
}

static void every_keyed_hash_is_the_hmac_of_its_written_form(void **state)
{
    room *r = here(state);
    km_keys *k = token(r, KM_KEY_MASK_ALL);
    unsigned char t[1][32], y[1][32], want[32], id[16], pid[1][16] = { { 9, 8, 7 } }, sid[1][16];
    km_key_root root = { { 1, 2, 3 }, 70000 };
    km_str domain = KM_STR("urn:kumihimo:dom:care:net-0001"), release = KM_STR("rel-1");
    make(k, KM_KEY_PID_A, domain);
    make(k, KM_KEY_PID_A, domain);
    make(k, KM_KEY_PID_B, domain);
    make(k, KM_KEY_INDEX, KM_STR(""));
    make(k, KM_KEY_RELEASE, release);
    km_key_name of = { KM_KEY_PID_A, domain, 0 };
    km_buf u = km_buf_in(r->arena), m = km_buf_in(r->arena), n = km_buf_in(r->arena),
           i = km_buf_in(r->arena), s = km_buf_in(r->arena);
    km_buf_u32be(&u, 2);
    km_buf_u32be(&u, 70000);
    km_buf_u32be(&u, 1);
    km_str a[] = { KM_STR("kumihimo/pid/v1"), KM_STR("A"),   domain, { u.p, 4 },
                   { (char *)root.root, 16 }, { u.p + 4, 4 } };
    km_enc(&m, a, 6);
    by_hand(want, k, "kumihimo/1/0/2/urn:kumihimo:dom:care:net-0001", &m);
    assert_int_equal(km_keys_pid_a(t, k, of, &root, 1, NULL), KM_OK);
    assert_memory_equal(t, want, 32);
    km_str b[] = {
        KM_STR("kumihimo/pid/v1"), KM_STR("B"), domain, { u.p + 8, 4 }, { (char *)t, 32 }
    };
    km_enc(&n, b, 5);
    by_hand(want, k, "kumihimo/1/1/1/urn:kumihimo:dom:care:net-0001", &n);
    assert_int_equal(km_keys_pid_b(y, k, of, t, 1, NULL), KM_OK);
    assert_memory_equal(y, want, 32);
    km_str idx[] = { KM_STR("kumihimo/idx/v1"), KM_STR("system"), KM_STR("part") };
    km_enc(&i, idx, 3);
    by_hand(want, k, "kumihimo/1/2/1/", &i);
    km_buf fields = km_buf_in(r->arena);
    km_enc(&fields, idx + 1, 2);
    assert_int_equal(km_keys_index(id, k, 0, km_buf_str(&fields), NULL), KM_OK);
    assert_memory_equal(id, want, 16);
    km_str rel[] = { KM_STR("kumihimo/sid/v1"), release, { (char *)pid, 16 } };
    km_enc(&s, rel, 3);
    by_hand(want, k, "kumihimo/1/3/1/rel-1", &s);
    assert_int_equal(km_keys_release(sid, k, release, pid, 1, NULL), KM_OK);
    assert_memory_equal(sid, want, 16);
    km_keys_close(k);
}

static void a_batch_gives_what_single_calls_give(void **state)
{
    room *r = here(state);
    enum { N = 300 };
    static km_key_root root[N];
    static unsigned char all[N][32], one[1][32];
    km_keys *k = token(r, KM_KEY_MASK_A);
    km_key_name d = { KM_KEY_PID_A, KM_STR("urn:kumihimo:dom:care:net-0001"), 0 };
    make(k, KM_KEY_PID_A, d.name);
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
    room *r = here(state);
    for (int role = 0; role < KM_KEY_ROLES; role++) {
        uint32_t v;
        km_fault f = { 0 };
        km_keys *k = token(r, KM_KEY_MASK_ALL & ~KM_KEY_MASK(role));
        assert_int_equal(km_keys_make(&v, k, (km_key_role)role, KM_STR("x"), &f), KM_FORBIDDEN);
        km_keys_close(k);
    }
    km_keys *k = token(r, KM_KEY_MASK_ALL);
    make(k, KM_KEY_PID_A, KM_STR("x"));
    km_keys_close(k);
    assert_int_equal(try_open(&k, r, KM_KEY_MASK_B), KM_FORBIDDEN);
}

static void keys_are_the_same_after_opening_again(void **state)
{
    room *r = here(state);
    km_keys *k = token(r, KM_KEY_MASK_ALL);
    unsigned char before[16], after[16], data[32] = { 5 }, wrapped[KM_KEY_WRAPPED], opened[32];
    unsigned char pub[KM_KEY_PUBLIC_MAX], pub2[KM_KEY_PUBLIC_MAX];
    size_t n, n2;
    km_str fields = KM_STR("\0\1x"), use = KM_STR("person_root");
    make(k, KM_KEY_INDEX, KM_STR(""));
    make(k, KM_KEY_WRAP, KM_STR(""));
    make(k, KM_KEY_TOKEN, KM_STR(""));
    km_key_name name = { KM_KEY_TOKEN, { "", 0 }, 0 };
    assert_int_equal(km_keys_index(before, k, 0, fields, NULL), KM_OK);
    assert_int_equal(km_keys_wrap(wrapped, k, use, data, NULL), KM_OK);
    assert_int_equal(km_keys_public(pub, &n, k, name, NULL), KM_OK);
    for (int round = 0; round < 3; round++) {
        km_keys_close(k);
        k = token(r, KM_KEY_MASK_ALL);
        assert_int_equal(km_keys_index(after, k, 0, fields, NULL), KM_OK);
        assert_memory_equal(before, after, 16);
        assert_int_equal(km_keys_unwrap(opened, k, use, wrapped, NULL), KM_OK);
        assert_memory_equal(opened, data, 32);
        assert_int_equal(km_keys_public(pub2, &n2, k, name, NULL), KM_OK);
        assert_int_equal(n, n2);
        assert_memory_equal(pub, pub2, n);
        make(k, KM_KEY_WRAP, KM_STR("")); /* the old version opens what it wrapped */
    }
    assert_int_equal(km_keys_unwrap(opened, k, KM_STR("other"), wrapped, NULL), KM_TAMPERED);
    wrapped[30] ^= 1;
    assert_int_equal(km_keys_unwrap(opened, k, use, wrapped, NULL), KM_TAMPERED);
    memset(wrapped, 0, 4);
    assert_int_not_equal(km_keys_unwrap(opened, k, use, wrapped, NULL), KM_OK);
    wrapped[0] = 9;
    assert_int_equal(km_keys_unwrap(opened, k, use, wrapped, NULL), KM_NOT_FOUND);
    assert_int_equal(km_keys_reseal(k, NULL), KM_UNSUPPORTED);
    assert_int_equal(km_keys_import(k, name, data, NULL), KM_UNSUPPORTED);
    km_keys_close(k);
}

static void a_new_version_leaves_the_old_one_and_a_destroyed_one_is_gone(void **state)
{
    room *r = here(state);
    km_keys *k = token(r, KM_KEY_MASK_ALL);
    unsigned char pid[1][16] = { { 1 } }, one[1][16], two[1][16];
    km_str rel = KM_STR("rel-2026-0001");
    km_fault f = { 0 };
    assert_int_equal(make(k, KM_KEY_RELEASE, rel), 1);
    assert_int_equal(km_keys_release(one, k, rel, pid, 1, NULL), KM_OK);
    assert_int_equal(make(k, KM_KEY_RELEASE, rel), 2);
    assert_int_equal(km_keys_release(two, k, rel, pid, 1, NULL), KM_OK);
    assert_memory_not_equal(one, two, 16);
    for (uint32_t i = 2; i > 0; i--)
        assert_int_equal(km_keys_destroy(k, (km_key_name){ KM_KEY_RELEASE, rel, i }, NULL), KM_OK);
    for (int again = 0; again < 2; again++) {
        km_fault_clear(&f);
        assert_int_equal(km_keys_release(two, k, rel, pid, 1, &f), KM_NOT_FOUND);
        km_keys_close(k);
        k = token(r, KM_KEY_MASK_ALL);
    }
    km_keys_close(k);
}

static EVP_PKEY *p256_of(const unsigned char point[65])
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
    OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point, 65);
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    OSSL_PARAM_BLD_free(b);
    return key;
}

static bool verifies(EVP_PKEY *key, const EVP_MD *md, const unsigned char *sig, size_t n,
                     km_str text)
{
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(c, NULL, md, NULL, key), 1);
    bool good = EVP_DigestVerify(c, sig, n, (const unsigned char *)text.p, text.n) == 1;
    EVP_MD_CTX_free(c);
    return good;
}

static void signatures_verify_under_the_public_key(void **state)
{
    room *r = here(state);
    km_keys *k = token(r, KM_KEY_MASK_ALL);
    unsigned char sig[64], pub[KM_KEY_PUBLIC_MAX], der[80];
    size_t n;
    make(k, KM_KEY_CHECKPOINT, KM_STR(""));
    make(k, KM_KEY_TOKEN, KM_STR(""));
    assert_int_equal(
        km_keys_public(pub, &n, k, (km_key_name){ KM_KEY_CHECKPOINT, { "", 0 }, 0 }, NULL), KM_OK);
    assert_int_equal(n, 32);
    EVP_PKEY *ed = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, pub, n);
    assert_int_equal(km_keys_public(pub, &n, k, (km_key_name){ KM_KEY_TOKEN, { "", 0 }, 0 }, NULL),
                     KM_OK);
    assert_int_equal(n, 65);
    EVP_PKEY *ec = p256_of(pub);
    for (size_t length = 0; length < 300; length += 13) {
        km_str text = { km_arena_zero(r->arena, length + 1), length };
        assert_int_equal(km_keys_sign_checkpoint(sig, k, 0, text, NULL), KM_OK);
        assert_true(verifies(ed, NULL, sig, 64, text));
        assert_int_equal(km_keys_sign_token(sig, k, 0, text, NULL), KM_OK);
        ECDSA_SIG *e = ECDSA_SIG_new();
        ECDSA_SIG_set0(e, BN_bin2bn(sig, 32, NULL), BN_bin2bn(sig + 32, 32, NULL));
        unsigned char *p = der;
        int der_n = i2d_ECDSA_SIG(e, &p);
        ECDSA_SIG_free(e);
        assert_true(verifies(ec, EVP_sha256(), der, (size_t)der_n, text));
    }
    EVP_PKEY_free(ed);
    EVP_PKEY_free(ec);
    km_keys_close(k);
}

static void no_key_comes_out_of_the_token(void **state)
{
    room *r = here(state);
    km_keys *k = token(r, KM_KEY_MASK_ALL);
    km_token *t = (km_token *)k;
    for (int role = 0; role < KM_KEY_ROLES; role++)
        make(k, (km_key_role)role, KM_STR("x"));
    assert_int_equal(t->n, KM_KEY_ROLES);
    for (size_t i = 0; i < t->n; i++) {
        unsigned char value[64];
        CK_ATTRIBUTE want = { CKA_VALUE, value, sizeof value };
        assert_int_equal(t->api->C_GetAttributeValue(t->session, t->held[i].key, &want, 1),
                         CKR_ATTRIBUTE_SENSITIVE);
    }
    /* A key that was put there by somebody who can take it out is not used. */
    CK_BBOOL yes = CK_TRUE;
    CK_ULONG length = 32;
    char label[] = "kumihimo/1/2/7/";
    CK_MECHANISM how = { CKM_GENERIC_SECRET_KEY_GEN, NULL, 0 };
    CK_OBJECT_HANDLE planted;
    CK_ATTRIBUTE loose[] = { { CKA_TOKEN, &yes, sizeof yes },
                             { CKA_EXTRACTABLE, &yes, sizeof yes },
                             { CKA_SIGN, &yes, sizeof yes },
                             { CKA_VALUE_LEN, &length, sizeof length },
                             { CKA_LABEL, label, strlen(label) } };
    assert_int_equal(t->api->C_GenerateKey(t->session, &how, loose, 5, &planted), CKR_OK);
    km_keys_close(k);
    assert_int_equal(try_open(&k, r, KM_KEY_MASK_ALL), KM_FORBIDDEN);
}

static void a_wrong_pin_token_or_module_is_refused(void **state)
{
    room *r = here(state);
    km_keys *k;
    km_keys_token pin = { r->module, "test", KM_STR("4321"), KM_KEY_MASK_ALL, &km_random_real };
    assert_int_equal(km_keys_open_token(&k, &pin, NULL), KM_FORBIDDEN);
    km_keys_token label = { r->module, "tes", KM_STR("1234"), KM_KEY_MASK_ALL, &km_random_real };
    assert_int_equal(km_keys_open_token(&k, &label, NULL), KM_IO);
    km_keys_token module = { "/nowhere.so", "test", KM_STR("1234"), KM_KEY_MASK_ALL,
                             &km_random_real };
    assert_int_equal(km_keys_open_token(&k, &module, NULL), KM_IO);
    km_keys_token other = { "libcrypto.so.3", "test", KM_STR("1234"), KM_KEY_MASK_ALL,
                            &km_random_real };
    assert_int_equal(km_keys_open_token(&k, &other, NULL), KM_IO);
}

/* --- behind the key process, confined --- */

static volatile sig_atomic_t asked_to_stop;

static void on_term(int sig)
{
    (void)sig;
    asked_to_stop = 1;
}

static bool stop_asked(void)
{
    return asked_to_stop != 0;
}

static pid_t start(room *r, const char *socket)
{
    fflush(NULL);
    pid_t child = fork();
    if (child != 0)
        return child;
    km_keys *k = NULL;
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves no process */
    signal(SIGTERM, on_term);
    if (try_open(&k, r, KM_KEY_MASK_ALL) != KM_OK)
        _exit(3);
    km_keyd_options o = { socket, k, stop_asked, true, r->path };
    _exit(km_keyd_run(&o, NULL) == KM_OK ? 0 : 4);
}

static void a_confined_key_process_answers_with_the_tokens_keys(void **state)
{
    room *r = here(state);
    char socket[128];
    snprintf(socket, sizeof socket, "%s/sock", r->path);
    km_keys *k = NULL;
    pid_t child = start(r, socket);
    for (int i = 0; i < 500 && km_keys_connect(&k, socket, NULL) != KM_OK; i++)
        usleep(20000);
    assert_non_null(k);
    unsigned char data[32] = { 1 }, wrapped[KM_KEY_WRAPPED], opened[32], t[1][32];
    km_key_root root = { { 1 }, 0 };
    for (int round = 0; round < 2; round++) {
        for (int role = 0; role < KM_KEY_ROLES; role++)
            make(k, (km_key_role)role, KM_STR("x"));
        assert_int_equal(km_keys_wrap(wrapped, k, KM_STR("x"), data, NULL), KM_OK);
        assert_int_equal(km_keys_unwrap(opened, k, KM_STR("x"), wrapped, NULL), KM_OK);
        assert_memory_equal(data, opened, 32);
        km_key_name x = { KM_KEY_PID_A, KM_STR("x"), 0 };
        assert_int_equal(km_keys_pid_a(t, k, x, &root, 1, NULL), KM_OK);
        assert_int_equal(km_keys_destroy(k, (km_key_name){ KM_KEY_RELEASE, KM_STR("x"), 1 }, NULL),
                         KM_OK);
    }
    km_keys_close(k);
    kill(child, SIGTERM);
    int status = -1;
    waitpid(child, &status, 0);
    assert_int_equal(status, 0);
}

int main(void)
{
#define IN_ROOM(t) cmocka_unit_test_setup_teardown(t, make_room, leave_room)
    const struct CMUnitTest tests[] = {
        IN_ROOM(every_keyed_hash_is_the_hmac_of_its_written_form),
        IN_ROOM(a_batch_gives_what_single_calls_give),
        IN_ROOM(a_ring_holds_only_the_roles_it_was_opened_for),
        IN_ROOM(keys_are_the_same_after_opening_again),
        IN_ROOM(a_new_version_leaves_the_old_one_and_a_destroyed_one_is_gone),
        IN_ROOM(signatures_verify_under_the_public_key),
        IN_ROOM(no_key_comes_out_of_the_token),
        IN_ROOM(a_wrong_pin_token_or_module_is_refused),
        IN_ROOM(a_confined_key_process_answers_with_the_tokens_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
