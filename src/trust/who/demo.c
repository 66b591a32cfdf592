/* SPDX-License-Identifier: Apache-2.0
 *
 * demo: the demonstration's key and what is signed with it (demo.h).
 */
#include "trust/who/demo.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "trust/who/inside.h"

enum { SEED = 32, TEXT = 2 * SEED };

km_code km_demo_begin(const char *file, const km_random *random, km_fault *f)
{
    unsigned char seed[SEED];
    if (access(file, F_OK) == 0)
        return KM_OK;
    km_arena *a = km_arena_new(1 << 16);
    random->fill(random->self, seed, sizeof seed);
    km_str hex = km_hex(a, seed, sizeof seed);
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    bool done = fd >= 0 && write(fd, hex.p, TEXT) == TEXT && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    explicit_bzero(seed, sizeof seed);
    explicit_bzero((char *)(uintptr_t)hex.p, hex.n);
    km_arena_free(a);
    return done ? KM_OK : km_fail(f, KM_IO, NULL, "the demonstration's key cannot be written");
}

bool km_demo_is(const char *file)
{
    return access(file, R_OK) == 0;
}

static km_code load(EVP_PKEY **out, const char *file, km_fault *f)
{
    char text[TEXT + 1];
    unsigned char seed[SEED];
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT)
        return km_fail(f, KM_FORBIDDEN, NULL,
                       "this data directory is not a demonstration (serve --demo makes one)");
    ssize_t n = fd >= 0 ? read(fd, text, sizeof text) : -1;
    if (fd >= 0)
        close(fd);
    *out = n == TEXT && km_unhex(seed, SEED, (km_str){ text, TEXT })
               ? EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, seed, SEED)
               : NULL;
    explicit_bzero(seed, sizeof seed);
    explicit_bzero(text, sizeof text);
    return *out != NULL ? KM_OK : km_fail(f, KM_IO, NULL, "the demonstration's key cannot be read");
}

static km_str print_key(EVP_PKEY *key, km_arena *a)
{
    unsigned char x[SEED];
    size_t n = sizeof x;
    if (EVP_PKEY_get_raw_public_key(key, x, &n) != 1)
        abort();
    return km_arena_print(a, "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"%.*s\"}]}",
                          KM_STR_ARG(km_base64url(a, x, sizeof x)));
}

km_code km_demo_jwks(km_str *json, const char *file, km_arena *a, km_fault *f)
{
    EVP_PKEY *key;
    KM_TRY(load(&key, file, f));
    *json = print_key(key, a);
    EVP_PKEY_free(key);
    return KM_OK;
}

static km_code sign(void *self, unsigned char out[KM_JWS_SIGNATURE_MAX], size_t *n, km_str bytes,
                    km_fault *f)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    *n = KM_JWS_SIGNATURE_MAX;
    bool good = md != NULL && EVP_DigestSignInit_ex(md, NULL, NULL, NULL, NULL, self, NULL) == 1
                && EVP_DigestSign(md, out, n, (const unsigned char *)bytes.p, bytes.n) == 1;
    EVP_MD_CTX_free(md);
    return good ? KM_OK : km_fail(f, KM_INTERNAL, NULL, "signing failed");
}

static km_str claims_of(const km_who *who, km_str scope, const km_roles *roles, km_call *call)
{
    int64_t now = km_call_now(call) / 1000;
    km_buf out = km_buf_in(call->arena);
    km_jw w = km_jw_on(&out);
    km_jw_open(&w, '{');
    km_jw_member_z(&w, "iss", KM_DEMO_ISSUER);
    km_jw_member_z(&w, "aud", KM_DEMO_ISSUER);
    km_jw_member(&w, "sub", who->subject);
    km_jw_member_int(&w, "iat", now);
    km_jw_member_int(&w, "exp", now + KM_DEMO_LIFE_S);
    km_jw_member(&w, "sid", km_token_sid(call));
    if (scope.n > 0) {
        km_jw_member(&w, "client_id", who->client);
        km_jw_member(&w, "scope", scope);
        if (who->patient.n > 0)
            km_jw_member(&w, "patient", who->patient);
    }
    km_jw_key(&w, "who");
    km_jw_raw(&w, km_who__print(who, roles, call->arena));
    km_jw_close(&w, '}');
    return km_buf_str(&out);
}

km_code km_demo_token(km_str *token, const char *file, const km_who *who, km_str scope,
                      const km_roles *roles, km_call *call)
{
    EVP_PKEY *key;
    km_jwks *set;
    KM_TRY(load(&key, file, call->fault));
    km_code rc = km_jwks_new(&set, print_key(key, call->arena), call->fault);
    if (rc == KM_OK) {
        km_jws_signer signer = { KM_JWS_EDDSA, km_jwks_kid(set, 0), sign, key };
        rc = km_jws_sign(token, call->arena, &signer, KM_STR("at+jwt"),
                         claims_of(who, scope, roles, call), call->fault);
        km_jwks_free(set);
    }
    EVP_PKEY_free(key);
    return rc;
}
