/* SPDX-License-Identifier: Apache-2.0
 *
 * Passkeys: what an honest authenticator says is taken; each part that is bound to something else,
 * cut, or changed by one bit is not.
 */
#include "trust/who/authenticator_test.h"
#include "trust/who/cbor.h"

static const int64_t algorithms[] = { -7, -8, -257 };
static km_arena *arena;
static km_fault fault;
static km_call call;
static const km_str challenge = KM_STR_INIT("0123456789abcdef0123456789abcdef");
static km_passkey_want want;

static int setup(void **state)
{
    (void)state;
    arena = km_arena_new(KM_ARENA_CAP_DEFAULT);
    call = (km_call){ .arena = arena, .fault = &fault };
    want = (km_passkey_want){ KM_STR("kumihimo.example"), KM_STR("https://kumihimo.example"),
                              challenge };
    km_fault_clear(&fault);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    km_arena_free(arena);
    return 0;
}

static km_code enrol(km_passkey *out, authenticator_soft *s)
{
    km_str client = authenticator_client(s, "webauthn.create", challenge);
    km_fault_clear(&fault);
    return km_passkey_register(out, &want, client, authenticator_attest(s, client), &call);
}

static km_code show(uint32_t *count, const km_passkey *k, authenticator_soft *s)
{
    km_passkey_shown shown = authenticator_show(s, challenge);
    km_fault_clear(&fault);
    return km_passkey_check(count, k, &want, &shown, &call);
}

static void each_kind_of_key_is_enrolled_and_shown(void **state)
{
    (void)state;
    for (size_t i = 0; i < 3; i++)
        for (int packed = 0; packed < 2; packed++) {
            authenticator_soft s;
            km_passkey k;
            uint32_t count = 99;
            authenticator_open(&s, arena, algorithms[i]);
            s.packed = packed;
            assert_int_equal(enrol(&k, &s), KM_OK);
            assert_int_equal(k.id.n, 32);
            s.count = 7;
            assert_int_equal(show(&count, &k, &s), KM_OK);
            assert_int_equal(count, 7);
            authenticator_close(&s);
        }
}

static void a_counter_that_does_not_rise_is_told_apart(void **state)
{
    authenticator_soft s;
    km_passkey k;
    uint32_t count = 0;
    (void)state;
    authenticator_open(&s, arena, -7);
    assert_int_equal(enrol(&k, &s), KM_OK);
    assert_int_equal(show(&count, &k, &s), KM_OK); /* 0 and 0: it does not count */
    k.count = 5;
    for (uint32_t n = 0; n < 9; n++) {
        s.count = n;
        assert_int_equal(show(&count, &k, &s), n > 5 ? KM_OK : KM_CONFLICT);
    }
    authenticator_close(&s);
}

static void what_is_bound_to_something_else_is_refused(void **state)
{
    static const struct {
        const char *rp, *origin;
        unsigned flags;
        const char *path;
    } lies[] = {
        { "other.example", "https://kumihimo.example", 5, "authenticatorData.rpIdHash" },
        { "kumihimo.example", "https://kumihimo.example.evil.example", 5, "clientDataJSON.origin" },
        { "kumihimo.example", "http://kumihimo.example", 5, "clientDataJSON.origin" },
        { "kumihimo.example", "https://kumihimo.example", 1, "authenticatorData.flags" },
        { "kumihimo.example", "https://kumihimo.example", 4, "authenticatorData.flags" },
    };
    authenticator_soft s;
    km_passkey k, other;
    uint32_t count;
    (void)state;
    authenticator_open(&s, arena, -7);
    assert_int_equal(enrol(&k, &s), KM_OK);
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        s.rp_id = lies[i].rp;
        s.origin = lies[i].origin;
        s.flags = lies[i].flags;
        assert_int_equal(show(&count, &k, &s), KM_UNAUTHENTICATED);
        assert_string_equal(fault.path, lies[i].path);
        assert_int_equal(enrol(&other, &s), KM_UNAUTHENTICATED);
        assert_string_equal(fault.path, lies[i].path);
    }
    authenticator_close(&s);
}

static void another_challenge_ceremony_or_key_is_refused(void **state)
{
    authenticator_soft s, stranger;
    km_passkey k;
    uint32_t count;
    (void)state;
    authenticator_open(&s, arena, -8);
    authenticator_open(&stranger, arena, -8);
    assert_int_equal(enrol(&k, &s), KM_OK);
    km_passkey_shown shown = authenticator_show(&s, KM_STR("another challenge of the same length"));
    assert_int_equal(km_passkey_check(&count, &k, &want, &shown, &call), KM_UNAUTHENTICATED);
    assert_string_equal(fault.path, "clientDataJSON.challenge");
    km_fault_clear(&fault);
    shown.client_data = authenticator_client(&s, "webauthn.create", challenge);
    shown.signature = authenticator_sign(&s, shown.authenticator_data, shown.client_data);
    assert_int_equal(km_passkey_check(&count, &k, &want, &shown, &call), KM_UNAUTHENTICATED);
    assert_string_equal(fault.path, "clientDataJSON.type");
    assert_int_equal(show(&count, &k, &stranger), KM_UNAUTHENTICATED);
    assert_string_equal(fault.path, "signature");
    authenticator_close(&s);
    authenticator_close(&stranger);
}

static void another_frame_is_refused(void **state)
{
    static const char *const framed[] = { "\"crossOrigin\":true", "\"topOrigin\":\"https://x\"" };
    authenticator_soft s;
    km_passkey k;
    uint32_t count;
    (void)state;
    authenticator_open(&s, arena, -7);
    assert_int_equal(enrol(&k, &s), KM_OK);
    for (size_t i = 0; i < 2; i++) {
        km_passkey_shown shown = authenticator_show(&s, challenge);
        shown.client_data = km_arena_print(
            arena, "{\"type\":\"webauthn.get\",\"challenge\":\"%.*s\",\"origin\":\"%s\",%s}",
            KM_STR_ARG(km_base64url(arena, challenge.p, challenge.n)), s.origin, framed[i]);
        shown.signature = authenticator_sign(&s, shown.authenticator_data, shown.client_data);
        km_fault_clear(&fault);
        assert_int_equal(km_passkey_check(&count, &k, &want, &shown, &call), KM_UNAUTHENTICATED);
        assert_string_equal(fault.path, "clientDataJSON.crossOrigin");
    }
    authenticator_close(&s);
}

static void no_bit_of_what_is_signed_can_turn(void **state)
{
    authenticator_soft s;
    km_passkey k;
    uint32_t count;
    (void)state;
    authenticator_open(&s, arena, -7);
    assert_int_equal(enrol(&k, &s), KM_OK);
    km_passkey_shown good = authenticator_show(&s, challenge);
    km_str part[] = { good.client_data, good.authenticator_data, good.signature };
    for (size_t p = 0; p < 3; p++)
        for (size_t bit = 0; bit < part[p].n * 8; bit++) {
            km_arena_mark here = km_arena_here(arena);
            km_passkey_shown turned = good;
            char *bytes = (char *)km_arena_copy(arena, part[p]).p;
            bytes[bit / 8] = (char)(bytes[bit / 8] ^ 1 << bit % 8);
            km_str changed = { bytes, part[p].n };
            *(p == 0   ? &turned.client_data
              : p == 1 ? &turned.authenticator_data
                       : &turned.signature) = changed;
            km_fault_clear(&fault);
            assert_int_not_equal(km_passkey_check(&count, &k, &want, &turned, &call), KM_OK);
            km_arena_back(arena, here);
        }
    authenticator_close(&s);
}

static void an_attestation_cut_anywhere_is_refused(void **state)
{
    (void)state;
    for (int packed = 0; packed < 2; packed++) {
        authenticator_soft s;
        km_passkey k;
        authenticator_open(&s, arena, -7);
        s.packed = packed;
        km_str client = authenticator_client(&s, "webauthn.create", challenge);
        km_str whole = authenticator_attest(&s, client);
        for (size_t n = 0; n < whole.n; n++) {
            km_fault_clear(&fault);
            assert_int_not_equal(
                km_passkey_register(&k, &want, client, km_str_sub(whole, 0, n), &call), KM_OK);
        }
        km_fault_clear(&fault);
        km_buf longer = km_buf_in(arena);
        km_buf_add(&longer, whole);
        km_buf_char(&longer, 0);
        assert_int_equal(km_passkey_register(&k, &want, client, km_buf_str(&longer), &call),
                         KM_MALFORMED);
        authenticator_close(&s);
    }
}

static void packed_is_believed_only_with_the_keys_own_signature(void **state)
{
    authenticator_soft s, other;
    km_passkey k;
    (void)state;
    authenticator_open(&s, arena, -7);
    authenticator_open(&other, arena, -7);
    s.packed = true;
    km_str client = authenticator_client(&s, "webauthn.create", challenge);
    km_str elsewhere = authenticator_client(&s, "webauthn.create", KM_STR("x"));
    km_str made = authenticator_attest(&s, elsewhere);
    assert_int_equal(km_passkey_register(&k, &want, client, made, &call), KM_UNAUTHENTICATED);
    assert_string_equal(fault.path, "signature");
    authenticator_close(&s);
    authenticator_close(&other);
}

static void other_attestations_and_keys_are_not_supported(void **state)
{
    authenticator_soft s;
    km_passkey k;
    (void)state;
    authenticator_open(&s, arena, -7);
    km_str client = authenticator_client(&s, "webauthn.create", challenge);
    km_str good = authenticator_attest(&s, client);
    char *text = (char *)km_arena_copy(arena, good).p;
    memcpy(memmem(text, good.n, "none", 4), "tpm2", 4);
    assert_int_equal(km_passkey_register(&k, &want, client, (km_str){ text, good.n }, &call),
                     KM_UNSUPPORTED);
    authenticator_close(&s);
    authenticator_open(&s, arena, -257);
    EVP_PKEY_free(s.key);
    s.key = EVP_RSA_gen(1024);
    assert_int_equal(enrol(&k, &s), KM_UNSUPPORTED);
    assert_string_equal(fault.path, "credentialPublicKey");
    authenticator_close(&s);
}

/* --- CBOR ------------------------------------------------------------------------------------ */

static km_code skip_hex(const char *hex, size_t *left)
{
    unsigned char bytes[64];
    km_str value, rest = { (const char *)bytes, strlen(hex) / 2 };
    assert_true(km_unhex(bytes, rest.n, km_str_of(hex)));
    km_fault_clear(&fault);
    km_code rc = km_cbor_skip(&value, &rest, &fault);
    *left = rest.n;
    return rc;
}

static void values_of_ctap_are_read_and_others_refused(void **state)
{
    static const char *const good[] = {
        "00", "17",     "1818", "190100", "20", "3818", "40", "4101",     "6161",
        "80", "8201f5", "a0",   "a10102", "f4", "f5",   "f6", "a1018101", "81818180"
    };
    static const char *const bad[] = {
        "",
        "18",
        "1800",
        "1817",
        "190017",
        "1a00000100",
        "1c",
        "1f",
        "5f41014100ff",
        "41",
        "62c328",
        "61ff",
        "81",
        "9f01ff",
        "a101",
        "bf0101ff",
        "c000",
        "f7",
        "f800",
        "f90000",
        "fa00000000",
        "8181818181",
        "9b7fffffffffffffff",
        "bbffffffffffffffff",
        "1bffffffffffffffff",
        "8181818181818100",
    };
    size_t left;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(skip_hex(good[i], &left), KM_OK);
        assert_int_equal(left, 0);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(skip_hex(bad[i], &left), KM_MALFORMED);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(each_kind_of_key_is_enrolled_and_shown),
        T(a_counter_that_does_not_rise_is_told_apart),
        T(what_is_bound_to_something_else_is_refused),
        T(another_challenge_ceremony_or_key_is_refused),
        T(another_frame_is_refused),
        T(no_bit_of_what_is_signed_can_turn),
        T(an_attestation_cut_anywhere_is_refused),
        T(packed_is_believed_only_with_the_keys_own_signature),
        T(other_attestations_and_keys_are_not_supported),
        T(values_of_ctap_are_read_and_others_refused),
    };
    return cmocka_run_group_tests_name("passkeys", tests, NULL, NULL);
}
