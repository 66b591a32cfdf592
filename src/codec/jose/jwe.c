/* SPDX-License-Identifier: Apache-2.0
 *
 * jwe: the compact form (RFC 7516 §7.1), with one pair of algorithms: a key agreed with P-256 wraps
 * a key of AES-256-GCM.
 */
#include <assert.h>
#include <stdlib.h>

#include <openssl/ec.h>
#include <openssl/err.h>

#include "base/hash.h"
#include "codec/jose/inside.h"

#define ALG "ECDH-ES+A256KW"
#define ENC "A256GCM"
enum { CEK = 32, WRAPPED = CEK + 8, NONCE = 12, TAG = 16, PARTY_LONGEST = 256 };

struct km_jwe_key {
    km_arena *arena;
    EVP_PKEY *key;
    bool opens;
    km_str kid;
};

static km_code wrong(km_fault *f, const char *why)
{
    return km_fail(f, KM_BAD_VALUE, "key", "%s", why);
}

/* --- keys --- */

/* For encryption, as far as it says: RFC 7517 §4.2, §4.4. */
static bool fits(km_jv jwk)
{
    km_jv use = KM_JV_GET(jwk, "use"), alg = KM_JV_GET(jwk, "alg");
    return km_str_is(km_jv_text(jwk, "kty"), "EC") && km_str_is(km_jv_text(jwk, "crv"), "P-256")
           && (use.doc == NULL || km_str_is(km_jv_str(use), "enc"))
           && (alg.doc == NULL || km_str_is(km_jv_str(alg), ALG));
}

static km_code choose(km_jv *out, km_jv root, km_fault *f)
{
    km_jv list = KM_JV_GET(root, "keys");
    bool found = false;
    if (list.doc == NULL) {
        *out = root;
        return fits(root) ? KM_OK : wrong(f, "not a key of P-256 for " ALG);
    }
    if (!km_jv_is(list, KM_JSON_ARRAY))
        return km_fail(f, KM_MALFORMED, "keys", "an array of keys");
    for (km_jv_iter i = km_jv_each(list); km_jv_next(&i);) {
        if (!fits(i.value)
            || (KM_JV_GET(i.value, "use").doc == NULL
                && !km_str_is(km_jv_text(i.value, "alg"), ALG)))
            continue;
        if (found)
            return wrong(f, "several keys for encryption; name one");
        found = true;
        *out = i.value;
    }
    return found ? KM_OK : wrong(f, "no key of P-256 for " ALG);
}

static km_code fill(km_jwe_key *k, km_str json, bool opens, km_fault *f)
{
    km_json *doc;
    km_jv jwk;
    km_str x, y, d = KM_STR_NONE;
    if (json.n > KM_JWKS_MAX)
        return km_fail(f, KM_TOO_LONG, "key", "a key set has at most 256 KiB");
    KM_TRY(km_json_parse(&doc, k->arena, json, &(km_json_limits){ .depth = 8 }, f));
    if (!km_jv_is(km_json_root(doc), KM_JSON_OBJECT))
        return km_fail(f, KM_MALFORMED, "key", "a key is an object");
    KM_TRY(choose(&jwk, km_json_root(doc), f));
    km_jv secret = KM_JV_GET(jwk, "d"), kid = KM_JV_GET(jwk, "kid");
    if ((secret.doc != NULL) != opens)
        return wrong(f, opens ? "there is no private part" : "a private part of another's key");
    if (kid.doc != NULL && (!km_jv_is(kid, KM_JSON_STRING) || km_jv_str(kid).n > KM_JWK_KID_MAX))
        return wrong(f, "kid is a text of at most 128 bytes");
    if (!km_unbase64url(&x, k->arena, km_jv_text(jwk, "x"))
        || !km_unbase64url(&y, k->arena, km_jv_text(jwk, "y"))
        || (opens && (!km_unbase64url(&d, k->arena, km_jv_str(secret)) || d.n != 32)))
        return wrong(f, "a part of the key is not base64url");
    k->key = km_jose__p256(x, y, d);
    if (k->key == NULL)
        return wrong(f, "the point is not on P-256, or is another key's");
    k->opens = opens;
    k->kid = km_jv_str(kid);
    return KM_OK;
}

static km_code key_new(km_jwe_key **out, km_str json, bool opens, km_fault *f)
{
    km_arena *a = km_arena_new((size_t)32 << 20);
    km_jwe_key *k = KM_NEW(a, km_jwe_key);
    *out = NULL;
    k->arena = a;
    km_code rc = fill(k, json, opens, f);
    if (rc == KM_OK)
        *out = k;
    else
        km_jwe_key_free(k);
    return rc;
}

km_code km_jwe_recipient_new(km_jwe_key **out, km_str json, km_fault *f)
{
    return key_new(out, json, false, f);
}

km_code km_jwe_own_new(km_jwe_key **out, km_str jwk, km_fault *f)
{
    return key_new(out, jwk, true, f);
}

void km_jwe_key_free(km_jwe_key *k)
{
    if (k == NULL)
        return;
    EVP_PKEY_free(k->key);
    km_arena_free(k->arena);
}

km_str km_jwe_kid(const km_jwe_key *k)
{
    return k->kid;
}

/* --- wrapping a key: RFC 3394 --- */

static bool wrap(unsigned char *out, const unsigned char kek[32], const unsigned char *in, int n,
                 bool closing)
{
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int got = 0, rest = 0, want = closing ? n + 8 : n - 8;
    bool good = c != NULL;
    if (good)
        EVP_CIPHER_CTX_set_flags(c, EVP_CIPHER_CTX_FLAG_WRAP_ALLOW);
    good = good && EVP_CipherInit_ex(c, EVP_aes_256_wrap(), NULL, kek, NULL, closing) == 1
           && EVP_CipherUpdate(c, out, &got, in, n) == 1
           && EVP_CipherFinal_ex(c, out + got, &rest) == 1 && got + rest == want;
    EVP_CIPHER_CTX_free(c);
    ERR_clear_error();
    return good;
}

/* --- sealing --- */

static void write_header(km_buf *out, const km_jwe_key *to, km_str type, km_arena *a,
                         const unsigned char point[65])
{
    km_jw w = km_jw_on(out);
    km_jw_open(&w, '{');
    km_jw_member_z(&w, "alg", ALG);
    km_jw_member_z(&w, "enc", ENC);
    if (to->kid.n > 0)
        km_jw_member(&w, "kid", to->kid);
    if (type.n > 0)
        km_jw_member(&w, "typ", type);
    km_jw_key(&w, "epk");
    km_jw_open(&w, '{');
    km_jw_member_z(&w, "kty", "EC");
    km_jw_member_z(&w, "crv", "P-256");
    km_jw_member(&w, "x", km_base64url(a, point + 1, 32));
    km_jw_member(&w, "y", km_base64url(a, point + 33, 32));
    km_jw_close(&w, '}');
    km_jw_close(&w, '}');
}

/* The key of this message for the recipient, and the header that tells how. */
static km_code close_key(km_str *head, unsigned char wrapped[WRAPPED], const unsigned char cek[CEK],
                         const km_call *c, const km_jwe_key *to, km_str type)
{
    unsigned char kek[32], point[65];
    EVP_PKEY *once = EVP_EC_gen("P-256");
    bool good = once != NULL && km_jose__point(point, once)
                && km_jose__agree(kek, sizeof kek, once, to->key, KM_STR(ALG), KM_STR(""),
                                  KM_STR(""))
                && wrap(wrapped, kek, cek, CEK, true);
    explicit_bzero(kek, sizeof kek);
    EVP_PKEY_free(once);
    if (!good)
        return km_fail(c->fault, KM_INTERNAL, "token", "the key cannot be closed");
    km_buf json = km_buf_in(c->arena);
    write_header(&json, to, type, c->arena, point);
    *head = km_base64url(c->arena, json.p, json.n);
    return KM_OK;
}

km_code km_jwe_seal(km_str *token, const km_call *c, const km_jwe_key *to, km_str type,
                    km_str plain)
{
    unsigned char cek[CEK], wrapped[WRAPPED], nonce[NONCE];
    km_str head;
    if (plain.n > KM_JWE_MAX / 2)
        return km_fail(c->fault, KM_TOO_LONG, "token", "at most 512 KiB are sealed");
    c->random->fill(c->random->self, cek, sizeof cek);
    c->random->fill(c->random->self, nonce, sizeof nonce);
    km_code rc = close_key(&head, wrapped, cek, c, to, type);
    if (rc == KM_OK) {
        unsigned char *sealed = km_arena_alloc(c->arena, plain.n + KM_GCM_EXTRA);
        km_gcm *g = km_gcm_new();
        km_gcm_seal(g, sealed, cek, nonce, head, plain);
        km_gcm_free(g);
        km_arena *a = c->arena;
        *token = km_arena_print(a, "%.*s.%.*s.%.*s.%.*s.%.*s", KM_STR_ARG(head),
                                KM_STR_ARG(km_base64url(a, wrapped, WRAPPED)),
                                KM_STR_ARG(km_base64url(a, sealed, NONCE)),
                                KM_STR_ARG(km_base64url(a, sealed + NONCE, plain.n)),
                                KM_STR_ARG(km_base64url(a, sealed + NONCE + plain.n, TAG)));
    }
    explicit_bzero(cek, sizeof cek);
    return rc;
}

/* --- opening --- */

/* One answer for everything that depends on the key. */
static km_code refuse(km_fault *f)
{
    return km_fail(f, KM_UNAUTHENTICATED, "token", "is not sealed for this key, or was changed");
}

static km_code read_header(km_jv *out, km_arena *a, km_str text, km_fault *f)
{
    static const char *const refused[] = { "crit", "zip", "jwk", "jku", "x5c", "x5u" };
    km_str json;
    km_json *doc;
    if (!km_unbase64url(&json, a, text)
        || km_json_parse(&doc, a, json, &(km_json_limits){ .depth = 4, .members = 32 }, NULL)
        || !km_jv_is(km_json_root(doc), KM_JSON_OBJECT))
        return km_fail(f, KM_MALFORMED, "token.header", "not a JSON object in base64url");
    *out = km_json_root(doc);
    if (!km_str_is(km_jv_text(*out, "alg"), ALG) || !km_str_is(km_jv_text(*out, "enc"), ENC))
        return km_fail(f, KM_UNSUPPORTED, "token.header", "only " ALG " with " ENC);
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (km_jv_get(*out, km_str_of(refused[i])).doc != NULL)
            return km_fail(f, KM_UNSUPPORTED, "token.header", "%s is refused", refused[i]);
    return KM_OK;
}

static bool party(km_str *out, km_arena *a, km_jv header, const char *name)
{
    km_jv v = km_jv_get(header, km_str_of(name));
    *out = KM_STR("");
    return v.doc == NULL
           || (km_jv_is(v, KM_JSON_STRING) && km_unbase64url(out, a, km_jv_str(v))
               && out->n <= PARTY_LONGEST);
}

static km_code open_key(unsigned char cek[CEK], km_arena *a, const km_jwe_key *own, km_jv header,
                        km_str wrapped, km_fault *f)
{
    unsigned char kek[32];
    km_str x, y, apu, apv;
    km_jv epk = KM_JV_GET(header, "epk");
    if (!km_jv_is(epk, KM_JSON_OBJECT) || !km_str_is(km_jv_text(epk, "kty"), "EC")
        || !km_str_is(km_jv_text(epk, "crv"), "P-256") || KM_JV_GET(epk, "d").doc != NULL
        || !km_unbase64url(&x, a, km_jv_text(epk, "x"))
        || !km_unbase64url(&y, a, km_jv_text(epk, "y")) || !party(&apu, a, header, "apu")
        || !party(&apv, a, header, "apv"))
        return km_fail(f, KM_MALFORMED, "token.header", "epk, apu or apv");
    /* A point off the curve would ask our key questions. */
    EVP_PKEY *once = km_jose__p256(x, y, KM_STR_NONE);
    if (once == NULL)
        return refuse(f);
    bool good = km_jose__agree(kek, sizeof kek, own->key, once, KM_STR(ALG), apu, apv)
                && wrap(cek, kek, (const unsigned char *)wrapped.p, WRAPPED, false);
    EVP_PKEY_free(once);
    explicit_bzero(kek, sizeof kek);
    return good ? KM_OK : refuse(f);
}

static km_code open_text(km_str *plain, km_arena *a, const unsigned char cek[CEK], km_str head,
                         const km_str part[3], km_fault *f)
{
    km_buf sealed = km_buf_in(a);
    for (size_t i = 0; i < 3; i++)
        km_buf_add(&sealed, part[i]);
    unsigned char *out = km_arena_alloc(a, part[1].n + 1);
    km_gcm *g = km_gcm_new();
    km_code rc = km_gcm_open(g, out, cek, head, km_buf_str(&sealed), NULL);
    km_gcm_free(g);
    *plain = (km_str){ (char *)out, part[1].n };
    return rc == KM_OK ? KM_OK : refuse(f);
}

km_code km_jwe_open(km_jwe *out, km_arena *a, const km_jwe_key *own, km_str token, km_fault *f)
{
    km_str rest = token, part[4]; /* wrapped key, nonce, text, tag */
    unsigned char cek[CEK];
    assert(own->opens);
    if (token.n > KM_JWE_MAX)
        return km_fail(f, KM_TOO_LONG, "token", "a sealed token has at most 1 MiB");
    km_str head = km_str_cut(rest, '.', &rest);
    for (int i = 0; i < 4; i++)
        if (rest.p == NULL || !km_unbase64url(&part[i], a, km_str_cut(rest, '.', &rest)))
            return km_fail(f, KM_MALFORMED, "token", "not five parts in canonical base64url");
    if (rest.p != NULL || part[0].n != WRAPPED || part[1].n != NONCE || part[3].n != TAG)
        return km_fail(f, KM_MALFORMED, "token", "not five parts of their sizes");
    KM_TRY(read_header(&out->header, a, head, f));
    km_jv kid = KM_JV_GET(out->header, "kid");
    if (kid.doc != NULL && own->kid.n > 0 && !km_str_eq(km_jv_str(kid), own->kid))
        return refuse(f);
    KM_TRY(open_key(cek, a, own, out->header, part[0], f));
    km_code rc = open_text(&out->plain, a, cek, head, part + 1, f);
    explicit_bzero(cek, sizeof cek);
    return rc;
}
