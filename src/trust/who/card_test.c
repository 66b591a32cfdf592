/* SPDX-License-Identifier: Apache-2.0
 *
 * Cards: each professional and citizen of the TEST authority signs in with their own, and nobody
 * with one that is revoked, expired, of another policy or another's.
 */
#include "record/log_test.h"

#include <openssl/pem.h>

#include <sys/stat.h>

#include "codec/x509/test_ca.h"
#include "trust/who/card.h"
#include "trust/who/who.h"

static const km_embedded *const lists[] = { km_sql_record, km_sql_trust_who, NULL };

typedef struct world {
    km_test_log *w;
    char dir[64], ca[80], trusted[80];
    km_keys *keys;
    km_cards *cards;
} world;

static km_str file_of(world *x, const char *name)
{
    char path[200];
    char *text = km_arena_alloc(x->w->arena, 1 << 16);
    snprintf(path, sizeof path, "%s/%s", x->ca, name);
    FILE *in = fopen(path, "rb");
    if (in == NULL)
        fail_msg("%s", path);
    km_str s = { text, fread(text, 1, 1 << 16, in) };
    fclose(in);
    return s;
}

static void put_file(world *x, const char *from, const char *to)
{
    char path[200];
    km_str s = file_of(x, from);
    snprintf(path, sizeof path, "%s/%s", x->trusted, to);
    FILE *out = fopen(path, "wb");
    assert_non_null(out);
    assert_int_equal(fwrite(s.p, 1, s.n, out), s.n);
    fclose(out);
}

static int setup(void **state)
{
    static const char *const files[][2] = { { "anchors-hpki.pem", "hpki.pem" },
                                            { "anchors-jpki.pem", "jpki.pem" },
                                            { "hpki-root.crl", "hpki-root.crl" },
                                            { "hpki-auth-ca.crl", "hpki-auth-ca.crl" },
                                            { "jpki-auth-ca.crl", "jpki-auth-ca.crl" } };
    world *x = calloc(1, sizeof *x);
    x->w = km_test_log_new(lists, NULL);
    x->w->clock = km_clock_real;
    x->w->random = km_random_real;
    snprintf(x->dir, sizeof x->dir, P_tmpdir "/kumihimo-card-XXXXXX");
    assert_non_null(mkdtemp(x->dir));
    snprintf(x->ca, sizeof x->ca, "%s/ca", x->dir);
    snprintf(x->trusted, sizeof x->trusted, "%s/certificates", x->dir);
    km_test_must(x->w, km_test_ca_write(x->ca, &x->w->call));
    assert_int_equal(mkdir(x->trusted, 0700), 0);
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        put_file(x, files[i][0], files[i][1]);
    km_test_must(x->w, km_keys_in_memory(&x->keys, KM_KEY_MASK_A, &x->w->random, &x->w->fault));
    x->cards = km_cards_new(x->trusted, true);
    *state = x;
    return 0;
}

static int teardown(void **state)
{
    world *x = *state;
    km_cards_free(x->cards);
    km_keys_close(x->keys);
    nftw(x->dir, km_test_remove, 16, FTW_DEPTH | FTW_PHYS);
    km_test_log_free(x->w);
    free(x);
    return 0;
}

/* What a card does with a text: RSA cards by PKCS #1, others by ECDSA. */
static km_str card_signs(world *x, km_proof *proof, const char *name, km_str text)
{
    char file[80];
    size_t n = 1024;
    unsigned char *sig = km_arena_alloc(x->w->arena, n);
    snprintf(file, sizeof file, "%s.key", name);
    km_str pem = file_of(x, file);
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    assert_non_null(key);
    *proof = EVP_PKEY_is_a(key, "RSA") ? KM_PROOF_RSA_PKCS1 : KM_PROOF_ECDSA;
    assert_int_equal(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(md, sig, &n, (const unsigned char *)text.p, text.n), 1);
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(key);
    BIO_free(bio);
    return (km_str){ (char *)sig, n };
}

typedef struct shown {
    km_str text, ticket;
    km_card_answer answer;
    km_str der[KM_X509_CHAIN];
} shown;

/* `holder` signs, with the certificate of `name`. */
static void show(world *x, shown *s, km_card_kind kind, const char *name, const char *holder)
{
    char file[80];
    km_fault_clear(&x->w->fault);
    km_card_begin(&s->text, &s->ticket, x->w->log, kind, KM_STR("https://kumihimo.example"),
                  &x->w->call);
    snprintf(file, sizeof file, "%s.pem", name);
    s->answer = (km_card_answer){ .ticket = s->ticket, .der = s->der };
    km_test_must(x->w, km_cert_unpem(s->der, &s->answer.n, KM_X509_CHAIN, x->w->arena,
                                     file_of(x, file), &x->w->fault));
    s->answer.signature = card_signs(x, &s->answer.proof, holder, s->text);
}

static km_code finish(world *x, km_card_said *said, const shown *s)
{
    km_fault_clear(&x->w->fault);
    return km_card_finish(said, x->cards, x->w->log, x->keys, &s->answer, &x->w->call);
}

static km_code sign_in(world *x, km_card_said *said, km_card_kind kind, const char *name)
{
    shown s;
    show(x, &s, kind, name, name);
    return finish(x, said, &s);
}

static void professionals_and_citizens_sign_in_with_their_cards(void **state)
{
    static const struct {
        km_card_kind kind;
        const char *name, *role;
    } holders[] = { { KM_CARD_HPKI, "doctor", "clinician" },
                    { KM_CARD_HPKI, "pharmacist", "pharmacist" },
                    { KM_CARD_HPKI, "emergency-medical-technician", "emergency" },
                    { KM_CARD_HPKI, "certified-care-worker", "care_worker" },
                    { KM_CARD_JPKI, "citizen", "" },
                    { KM_CARD_JPKI, "citizen-renewed", "" } };
    world *x = *state;
    km_str seen[6];
    for (size_t i = 0; i < sizeof holders / sizeof *holders; i++) {
        km_card_said said, again;
        km_str known[2];
        char file[80];
        km_test_must(x->w, sign_in(x, &said, holders[i].kind, holders[i].name));
        assert_true(km_str_is(said.role.role, holders[i].role));
        assert_int_equal(said.kind, holders[i].kind);
        km_test_must(x->w, sign_in(x, &again, holders[i].kind, holders[i].name));
        assert_true(km_str_eq(said.subject[0], again.subject[0]));
        snprintf(file, sizeof file, "%s.pem", holders[i].name);
        km_test_must(
            x->w, km_card_subject(known, x->keys, holders[i].kind, file_of(x, file), &x->w->call));
        assert_true(km_str_eq(said.subject[0], known[0]));
        for (size_t k = 0; k < i; k++)
            assert_false(km_str_eq(said.subject[0], seen[k]));
        seen[i] = said.subject[0];
    }
}

static void cards_that_prove_nothing_are_refused(void **state)
{
    static const struct {
        km_card_kind kind;
        const char *name;
    } bad[] = {
        { KM_CARD_HPKI, "doctor-revoked" },   { KM_CARD_HPKI, "doctor-expired" },
        { KM_CARD_HPKI, "doctor-early" },     { KM_CARD_HPKI, "doctor-wrong-policy" },
        { KM_CARD_HPKI, "doctor-other-ca" },  { KM_CARD_HPKI, "doctor-stranger" },
        { KM_CARD_HPKI, "doctor-critical" },  { KM_CARD_HPKI, "doctor-no-role" },
        { KM_CARD_HPKI, "doctor-two-roles" }, { KM_CARD_HPKI, "doctor-unknown-role" },
        { KM_CARD_HPKI, "doctor-of-doctor" }, { KM_CARD_HPKI, "doctor-sign" },
        { KM_CARD_HPKI, "citizen" },          { KM_CARD_JPKI, "doctor" },
        { KM_CARD_JPKI, "citizen-revoked" },  { KM_CARD_JPKI, "citizen-expired" },
        { KM_CARD_JPKI, "citizen-sign" },     { KM_CARD_HPKI, "client" },
    };
    world *x = *state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        km_card_said said;
        km_code rc = sign_in(x, &said, bad[i].kind, bad[i].name);
        if (rc != KM_UNAUTHENTICATED && rc != KM_BUSY)
            fail_msg("%s: %s", bad[i].name, km_code_name(rc));
    }
}

static void a_signature_is_of_this_text_by_this_card_once(void **state)
{
    world *x = *state;
    shown mine, other;
    km_card_said said;
    show(x, &mine, KM_CARD_HPKI, "doctor", "pharmacist"); /* another's key */
    assert_int_equal(finish(x, &said, &mine), KM_UNAUTHENTICATED);
    show(x, &mine, KM_CARD_HPKI, "doctor", "doctor");
    show(x, &other, KM_CARD_HPKI, "doctor", "doctor");
    mine.answer.ticket = other.ticket; /* another browser's text */
    assert_int_equal(finish(x, &said, &mine), KM_UNAUTHENTICATED);
    km_test_must(x->w, finish(x, &said, &other));
    assert_int_equal(finish(x, &said, &other), KM_UNAUTHENTICATED);
    show(x, &mine, KM_CARD_JPKI, "doctor", "doctor"); /* asked for a citizen's */
    assert_int_equal(finish(x, &said, &mine), KM_UNAUTHENTICATED);
}

static void the_text_names_node_and_purpose(void **state)
{
    world *x = *state;
    shown s;
    show(x, &s, KM_CARD_JPKI, "citizen", "citizen");
    assert_true(
        km_str_starts(s.text, KM_STR("Kumihimo sign-in 1\nhttps://kumihimo.example\njpki\n")));
}

static void test_cards_open_nothing_outside_demonstrations(void **state)
{
    world *x = *state;
    km_card_said said;
    km_cards_free(x->cards);
    x->cards = km_cards_new(x->trusted, false);
    assert_true(km_cards_take(x->cards, KM_CARD_HPKI));
    assert_int_equal(sign_in(x, &said, KM_CARD_HPKI, "doctor"), KM_UNAUTHENTICATED);
}

static void without_anchors_or_lists_nobody_signs_in(void **state)
{
    static const char *const crls[] = { "hpki-root.crl", "hpki-auth-ca.crl", "jpki-auth-ca.crl" };
    world *x = *state;
    km_card_said said;
    char path[200];
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s/%s", x->trusted, crls[i]);
        assert_int_equal(unlink(path), 0);
    }
    assert_false(km_cards_take(x->cards, KM_CARD_HPKI));
    assert_int_equal(sign_in(x, &said, KM_CARD_HPKI, "doctor"), KM_BUSY);
    km_cards_free(x->cards);
    x->cards = km_cards_new("/nowhere/at/all", true);
    assert_false(km_cards_take(x->cards, KM_CARD_JPKI));
    assert_int_equal(sign_in(x, &said, KM_CARD_JPKI, "citizen"), KM_UNSUPPORTED);
}

/* A subject says which index key it is under: accounts stay findable while they are indexed anew.
 */
static void the_index_key_may_change(void **state)
{
    world *x = *state;
    km_card_said before, after;
    uint32_t version;
    km_test_must(x->w, sign_in(x, &before, KM_CARD_JPKI, "citizen"));
    assert_int_equal(before.subject[1].n, 0);
    km_test_must(x->w, km_keys_make(&version, x->keys, KM_KEY_INDEX, KM_STR(""), &x->w->fault));
    km_test_must(x->w, sign_in(x, &after, KM_CARD_JPKI, "citizen"));
    assert_true(km_str_eq(after.subject[1], before.subject[0]));
    assert_false(km_str_eq(after.subject[0], before.subject[0]));
}

static void a_licence_opens_what_it_is_for(void **state)
{
    static const struct {
        const char *licence, *account;
        bool opens;
    } rules[] = {
        { "clinician", "clinician", true },   { "clinician", "pharmacist", false },
        { "pharmacist", "clinician", false }, { "clinician", "emergency", true },
        { "emergency", "clinician", false },  { "pharmacist", "emergency", false },
        { "", "clinician", false },           { "clinician", "claims_reviewer", true },
        { "", "network_admin", true },        { "care_worker", "care_worker", true },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        assert_int_equal(km_card_allows(km_str_of(rules[i].licence), km_str_of(rules[i].account)),
                         rules[i].opens);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    static const struct CMUnitTest tests[] = {
        T(professionals_and_citizens_sign_in_with_their_cards),
        T(cards_that_prove_nothing_are_refused),
        T(a_signature_is_of_this_text_by_this_card_once),
        T(the_text_names_node_and_purpose),
        T(test_cards_open_nothing_outside_demonstrations),
        T(without_anchors_or_lists_nobody_signs_in),
        T(the_index_key_may_change),
        cmocka_unit_test(a_licence_opens_what_it_is_for),
    };
    km_test_dialect = KM_SQLITE;
    return cmocka_run_group_tests_name("cards", tests, NULL, NULL);
}
