/* SPDX-License-Identifier: Apache-2.0
 *
 * passkey: registration and assertion (passkey.h). Section numbers are those of WebAuthn Level 2.
 */
#include "trust/who/passkey.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include "base/hash.h"
#include "codec/json/json.h"
#include "trust/who/cbor.h"

enum { UP = 0x01, UV = 0x04, AT = 0x40, ED = 0x80 }; /* §6.1, flags */
enum { ALG_ES256 = -7, ALG_EDDSA = -8, ALG_RS256 = -257 };

static km_code refuse(km_call *c, const char *part, const char *why)
{
    return km_fail(c->fault, KM_UNAUTHENTICATED, part, "%s", why);
}

static km_code malformed(km_call *c, const char *part)
{
    return km_fail(c->fault, KM_MALFORMED, part, "not as WebAuthn has it");
}

/* --- the key (RFC 9053) ------------------------------------------------------------------ */

typedef struct cose {
    int64_t kty, alg, crv;
    km_str first, second; /* -2 and -3: x and y; of RSA -1 and -2: n and e */
} cose;

static bool keep_member(cose *k, int64_t label, const km_cbor_item *v)
{
    bool number = v->kind == KM_CBOR_UINT || v->kind == KM_CBOR_NEGATIVE;
    bool rsa = k->kty == 3;
    if (label == 1 || label == 3 || (label == -1 && !rsa)) {
        *(label == 1 ? &k->kty : label == 3 ? &k->alg : &k->crv) = v->number;
        return number;
    }
    if (label == (rsa ? -1 : -2))
        k->first = v->bytes;
    else if (label == (rsa ? -2 : -3))
        k->second = v->bytes;
    else
        return false; /* private parts, and what we do not know */
    return v->kind == KM_CBOR_BYTES;
}

/* Canonical order of CTAP2 puts kty first, and no label twice. */
static km_code read_cose(cose *out, km_str key, km_call *c)
{
    km_cbor_item map, label, value;
    *out = (cose){ 0 };
    KM_TRY(km_cbor_take(&map, &key, c->fault));
    if (map.kind != KM_CBOR_MAP || map.number > 5)
        return malformed(c, "credentialPublicKey");
    uint64_t seen = 0;
    for (int64_t i = 0; i < map.number; i++) {
        KM_TRY(km_cbor_take(&label, &key, c->fault));
        KM_TRY(km_cbor_take(&value, &key, c->fault));
        bool number = label.kind == KM_CBOR_UINT || label.kind == KM_CBOR_NEGATIVE;
        uint64_t bit = number && label.number >= -3 && label.number <= 3
                           ? UINT64_C(1) << (label.number + 3)
                           : 0;
        if (bit == 0 || (seen & bit) != 0 || (i == 0) != (label.number == 1)
            || !keep_member(out, label.number, &value))
            return malformed(c, "credentialPublicKey");
        seen |= bit;
    }
    return key.n == 0 ? KM_OK : malformed(c, "credentialPublicKey");
}

static EVP_PKEY *from_params(const char *type, OSSL_PARAM_BLD *b)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(b);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1
        || EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
        key = NULL;
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    return key;
}

static EVP_PKEY *ec_key(const cose *k)
{
    unsigned char point[65] = { 4 };
    if (k->crv != 1 || k->first.n != 32 || k->second.n != 32)
        return NULL;
    memcpy(point + 1, k->first.p, 32);
    memcpy(point + 33, k->second.p, 32);
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_utf8_string(b, OSSL_PKEY_PARAM_GROUP_NAME, "P-256", 0);
    OSSL_PARAM_BLD_push_octet_string(b, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point);
    EVP_PKEY *key = from_params("EC", b);
    OSSL_PARAM_BLD_free(b);
    EVP_PKEY_CTX *ctx = key ? EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL) : NULL;
    bool good = ctx != NULL && EVP_PKEY_public_check(ctx) == 1;
    EVP_PKEY_CTX_free(ctx);
    if (!good) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    return key;
}

static EVP_PKEY *rsa_key(const cose *k)
{
    km_str n = k->first, e = k->second;
    if (n.n < 256 || n.n > 512 || !((unsigned char)n.p[0] & 0x80) || !(n.p[n.n - 1] & 1) || e.n != 3
        || memcmp(e.p, "\x01\x00\x01", 3) != 0)
        return NULL;
    BIGNUM *bn = BN_bin2bn((const unsigned char *)n.p, (int)n.n, NULL);
    BIGNUM *be = BN_bin2bn((const unsigned char *)e.p, (int)e.n, NULL);
    OSSL_PARAM_BLD *b = OSSL_PARAM_BLD_new();
    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_N, bn);
    OSSL_PARAM_BLD_push_BN(b, OSSL_PKEY_PARAM_RSA_E, be);
    EVP_PKEY *key = from_params("RSA", b);
    OSSL_PARAM_BLD_free(b);
    BN_free(bn);
    BN_free(be);
    return key;
}

static km_code load_key(EVP_PKEY **out, int64_t *alg, km_str bytes, km_call *c)
{
    cose k;
    EVP_PKEY *key = NULL;
    KM_TRY(read_cose(&k, bytes, c));
    if (k.kty == 2 && k.alg == ALG_ES256)
        key = ec_key(&k);
    else if (k.kty == 3 && k.alg == ALG_RS256)
        key = rsa_key(&k);
    else if (k.kty == 1 && k.alg == ALG_EDDSA && k.crv == 6 && k.first.n == 32 && k.second.n == 0)
        key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, (const unsigned char *)k.first.p,
                                          32);
    ERR_clear_error();
    if (key == NULL)
        return km_fail(c->fault, KM_UNSUPPORTED, "credentialPublicKey",
                       "a key of ES256, EdDSA or RS256");
    *out = key;
    *alg = k.alg;
    return KM_OK;
}

/* §7.2 step 20: over the authenticator's data and the hash of the client's. */
static km_code verify(km_str key_bytes, km_str authenticator, km_str client, km_str sig, km_call *c)
{
    EVP_PKEY *key;
    int64_t alg;
    KM_TRY(load_key(&key, &alg, key_bytes, c));
    km_buf signed_bytes = km_buf_in(c->arena);
    unsigned char hash[KM_SHA256_LEN];
    km_sha256(hash, client.p, client.n);
    km_buf_add(&signed_bytes, authenticator);
    km_buf_bytes(&signed_bytes, hash, sizeof hash);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    const char *digest = alg == ALG_EDDSA ? NULL : "SHA256";
    bool good = EVP_DigestVerifyInit_ex(md, NULL, digest, NULL, NULL, key, NULL) == 1
                && EVP_DigestVerify(md, (const unsigned char *)sig.p, sig.n,
                                    (const unsigned char *)signed_bytes.p, signed_bytes.n)
                       == 1;
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return good ? KM_OK : refuse(c, "signature", "the signature is wrong");
}

/* --- what the browser says (§5.8.1) ------------------------------------------------------- */

static km_code check_client(km_str text, const char *type, const km_passkey_want *w, km_call *c)
{
    km_json *doc;
    km_json_limits limits = { .depth = 4, .members = 32 };
    if (km_json_parse(&doc, c->arena, text, &limits, NULL) != KM_OK
        || !km_jv_is(km_json_root(doc), KM_JSON_OBJECT))
        return malformed(c, "clientDataJSON");
    km_jv said = km_json_root(doc);
    km_str challenge = km_jv_text(said, "challenge");
    km_str wanted = km_base64url(c->arena, w->challenge.p, w->challenge.n);
    if (!km_str_is(km_jv_text(said, "type"), type))
        return refuse(c, "clientDataJSON.type", "is another ceremony");
    if (challenge.n != wanted.n || !km_same_secret(challenge.p, wanted.p, wanted.n))
        return refuse(c, "clientDataJSON.challenge", "is another challenge");
    if (!km_str_eq(km_jv_text(said, "origin"), w->origin))
        return refuse(c, "clientDataJSON.origin", "is another origin");
    if (km_jv_is(KM_JV_GET(said, "crossOrigin"), KM_JSON_TRUE)
        || KM_JV_GET(said, "topOrigin").doc != NULL)
        return refuse(c, "clientDataJSON.crossOrigin", "our page stood in another's frame");
    return KM_OK;
}

/* --- what the authenticator says (§6.1) ---------------------------------------------------- */

typedef struct authenticator {
    unsigned flags;
    uint32_t count;
    km_str id, key; /* with AT */
} authenticator;

static uint32_t be(km_str s, size_t at, size_t n)
{
    uint32_t v = 0;
    for (size_t i = 0; i < n; i++)
        v = v << 8 | (unsigned char)s.p[at + i];
    return v;
}

static km_code read_credential(authenticator *out, km_str *rest, km_call *c)
{
    if (rest->n < 18) /* aaguid, length */
        return malformed(c, "authenticatorData");
    size_t n = be(*rest, 16, 2);
    *rest = km_str_sub(*rest, 18, rest->n);
    if (n == 0 || n > KM_PASSKEY_ID_MAX || n > rest->n)
        return malformed(c, "authenticatorData");
    out->id = km_str_sub(*rest, 0, n);
    *rest = km_str_sub(*rest, n, rest->n);
    KM_TRY(km_cbor_skip(&out->key, rest, c->fault));
    return out->key.n <= KM_PASSKEY_KEY_MAX
               ? KM_OK
               : km_fail(c->fault, KM_TOO_LONG, "credentialPublicKey", NULL);
}

static km_code read_authenticator(authenticator *out, km_str text, const km_passkey_want *w,
                                  km_call *c)
{
    unsigned char rp[KM_SHA256_LEN];
    *out = (authenticator){ 0 };
    if (text.n < 37)
        return malformed(c, "authenticatorData");
    out->flags = (unsigned char)text.p[32];
    out->count = be(text, 33, 4);
    km_str more, rest = km_str_sub(text, 37, text.n);
    if (out->flags & AT)
        KM_TRY(read_credential(out, &rest, c));
    if (out->flags & ED)
        KM_TRY(km_cbor_skip(&more, &rest, c->fault));
    if (rest.n > 0)
        return malformed(c, "authenticatorData");
    km_sha256(rp, w->rp_id.p, w->rp_id.n);
    if (!km_same_secret(rp, text.p, sizeof rp))
        return refuse(c, "authenticatorData.rpIdHash", "is of another site");
    if ((out->flags & (UP | UV)) != (UP | UV))
        return refuse(c, "authenticatorData.flags", "its user was not verified");
    return KM_OK;
}

/* --- registration (§7.1) ------------------------------------------------------------------- */

typedef struct attestation {
    km_str format, statement, authenticator;
} attestation;

static km_code read_attestation(attestation *out, km_str text, km_call *c)
{
    km_cbor_item map, name, value;
    *out = (attestation){ 0 };
    KM_TRY(km_cbor_take(&map, &text, c->fault));
    if (map.kind != KM_CBOR_MAP || map.number != 3)
        return malformed(c, "attestationObject");
    for (int i = 0; i < 3; i++) {
        KM_TRY(km_cbor_take(&name, &text, c->fault));
        if (name.kind == KM_CBOR_TEXT && km_str_is(name.bytes, "attStmt")) {
            KM_TRY(km_cbor_skip(&out->statement, &text, c->fault));
            continue;
        }
        KM_TRY(km_cbor_take(&value, &text, c->fault));
        if (name.kind == KM_CBOR_TEXT && km_str_is(name.bytes, "fmt") && value.kind == KM_CBOR_TEXT)
            out->format = value.bytes;
        else if (name.kind == KM_CBOR_TEXT && km_str_is(name.bytes, "authData")
                 && value.kind == KM_CBOR_BYTES)
            out->authenticator = value.bytes;
        else
            return malformed(c, "attestationObject");
    }
    bool whole = text.n == 0 && out->format.p != NULL && out->statement.p != NULL
                 && out->authenticator.p != NULL;
    return whole ? KM_OK : malformed(c, "attestationObject");
}

/* §8.2, self attestation: { alg, sig } and no x5c. */
static km_code check_packed(const attestation *a, const authenticator *said, km_str client,
                            km_call *c)
{
    EVP_PKEY *key;
    int64_t alg, said_alg = 0;
    km_cbor_item map, name, value;
    km_str rest = a->statement, sig = KM_STR_NONE;
    KM_TRY(km_cbor_take(&map, &rest, c->fault));
    for (int64_t i = 0; map.kind == KM_CBOR_MAP && map.number == 2 && i < 2; i++) {
        KM_TRY(km_cbor_take(&name, &rest, c->fault));
        KM_TRY(km_cbor_take(&value, &rest, c->fault));
        if (km_str_is(name.bytes, "alg") && value.kind == KM_CBOR_NEGATIVE)
            said_alg = value.number;
        else if (km_str_is(name.bytes, "sig") && value.kind == KM_CBOR_BYTES)
            sig = value.bytes;
    }
    if (sig.n == 0 || rest.n > 0)
        return km_fail(c->fault, KM_UNSUPPORTED, "attestationObject.attStmt",
                       "packed by the key itself, or none");
    KM_TRY(load_key(&key, &alg, said->key, c));
    EVP_PKEY_free(key);
    if (alg != said_alg)
        return refuse(c, "attestationObject.attStmt", "is of another algorithm than the key");
    return verify(said->key, a->authenticator, client, sig, c);
}

static km_code check_attestation(const attestation *a, const authenticator *said, km_str client,
                                 km_call *c)
{
    if (km_str_is(a->format, "none")) /* §8.7: an empty map */
        return km_str_is(a->statement, "\xa0") ? KM_OK : malformed(c, "attestationObject.attStmt");
    if (km_str_is(a->format, "packed"))
        return check_packed(a, said, client, c);
    return km_fail(c->fault, KM_UNSUPPORTED, "attestationObject.fmt", "none or packed");
}

km_code km_passkey_register(km_passkey *out, const km_passkey_want *want, km_str client_data,
                            km_str attestation_object, km_call *c)
{
    attestation a;
    authenticator said;
    EVP_PKEY *key;
    int64_t alg;
    if (client_data.n > KM_PASSKEY_SENT_MAX || attestation_object.n > KM_PASSKEY_SENT_MAX)
        return km_fail(c->fault, KM_TOO_LONG, "attestationObject", NULL);
    KM_TRY(check_client(client_data, "webauthn.create", want, c));
    KM_TRY(read_attestation(&a, attestation_object, c));
    KM_TRY(read_authenticator(&said, a.authenticator, want, c));
    if (!(said.flags & AT))
        return malformed(c, "authenticatorData");
    KM_TRY(load_key(&key, &alg, said.key, c));
    EVP_PKEY_free(key);
    KM_TRY(check_attestation(&a, &said, client_data, c));
    *out = (km_passkey){ said.id, said.key, said.count };
    return KM_OK;
}

/* --- assertion (§7.2) ----------------------------------------------------------------------- */

km_code km_passkey_check(uint32_t *count, const km_passkey *k, const km_passkey_want *want,
                         const km_passkey_shown *shown, km_call *c)
{
    authenticator said;
    if (shown->client_data.n > KM_PASSKEY_SENT_MAX || shown->signature.n > KM_PASSKEY_SENT_MAX
        || shown->authenticator_data.n > KM_PASSKEY_SENT_MAX)
        return km_fail(c->fault, KM_TOO_LONG, "response", NULL);
    KM_TRY(check_client(shown->client_data, "webauthn.get", want, c));
    KM_TRY(read_authenticator(&said, shown->authenticator_data, want, c));
    KM_TRY(verify(k->key, shown->authenticator_data, shown->client_data, shown->signature, c));
    if ((said.count != 0 || k->count != 0) && said.count <= k->count)
        return km_fail(c->fault, KM_CONFLICT, "authenticatorData.signCount",
                       "the passkey's counter did not rise: there may be a copy of its key");
    *count = said.count;
    return KM_OK;
}
