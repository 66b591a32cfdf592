/* SPDX-License-Identifier: Apache-2.0
 *
 * openid: a SIMULATED OpenID provider: a program of its own that speaks the protocol (discovery,
 * JWKS, authorisation code with PKCE S256, ID tokens of four algorithms), and that lies where it is
 * told to.
 *
 *     simulated_openid ADDRESS:PORT CLIENT SECRET|- [PERSON...]
 *
 * What is simulated: anybody may sign in as anybody, by choosing a name at /authorize or by
 * login_hint. Names of the table `lies` make a token with that fault; POST /simulate?jwks=MODE
 * makes its key set good, rotated, hang, huge, redirect, garbage or private, and &ahead=SECONDS
 * moves its clock. Never to be trusted.
 */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/hash.h"
#include "codec/jose/jose.h"
#include "http/http.h"

enum { CODES = 64, KEYS = 5 };

typedef enum lie {
    HONEST,
    RS256,
    PS256,
    EDDSA,
    NO_TYPE,
    LIST_AZP,
    ALG_NONE,
    ALG_HS256,
    BAD_SIGNATURE,
    OTHER_KEY,
    OTHER_ISSUER,
    OTHER_AUDIENCE,
    NO_AZP,
    OTHER_AZP,
    OTHER_NONCE,
    NO_NONCE,
    EXPIRED,
    FUTURE,
    NO_IAT,
    OTHER_AT_HASH,
    ACCESS_TYPE,
    NO_SUBJECT,
    NO_ID_TOKEN,
    OTHER_ISS,
    NEW_KEY,
} lie;

static const struct {
    const char *name;
    lie lie;
} lies[] = {
    { "honest-rs256", RS256 },          { "honest-ps256", PS256 },
    { "honest-eddsa", EDDSA },          { "honest-no-type", NO_TYPE },
    { "honest-azp", LIST_AZP },         { "honest-new-key", NEW_KEY },
    { "lie-none", ALG_NONE },           { "lie-hs256", ALG_HS256 },
    { "lie-signature", BAD_SIGNATURE }, { "lie-key", OTHER_KEY },
    { "lie-issuer", OTHER_ISSUER },     { "lie-audience", OTHER_AUDIENCE },
    { "lie-no-azp", NO_AZP },           { "lie-azp", OTHER_AZP },
    { "lie-nonce", OTHER_NONCE },       { "lie-no-nonce", NO_NONCE },
    { "lie-expired", EXPIRED },         { "lie-future", FUTURE },
    { "lie-no-iat", NO_IAT },           { "lie-at-hash", OTHER_AT_HASH },
    { "lie-type", ACCESS_TYPE },        { "lie-no-subject", NO_SUBJECT },
    { "lie-no-id-token", NO_ID_TOKEN }, { "lie-iss", OTHER_ISS },
};

typedef struct grant {
    char code[80], back[600], challenge[80], nonce[80], who[80];
    bool used;
} grant;

static struct {
    pthread_mutex_t lock;
    char issuer[128], jwks[16];
    int64_t ahead_s; /* of its clock */
    const char *client, *secret;
    char *const *person;
    int persons;
    EVP_PKEY *key[KEYS]; /* ES256, RS256, PS256, EdDSA; the one after a rotation */
    grant grant[CODES];
    unsigned next;
} me = { .lock = PTHREAD_MUTEX_INITIALIZER };

static const char *const kids[KEYS] = { "es-1", "rs-1", "ps-1", "ed-1", "es-2" };
static const char *const algs[KEYS] = { "ES256", "RS256", "PS256", "EdDSA", "ES256" };

static lie lie_of(km_str who)
{
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++)
        if (km_str_is(who, lies[i].name))
            return lies[i].lie;
    return HONEST;
}

/* --- documents ------------------------------------------------------------------------------ */

static km_code metadata(km_request *r, km_reply *out)
{
    km_buf b = km_buf_in(r->call.arena);
    km_jw w = km_jw_on(&b);
    static const char *const places[][2] = { { "authorization_endpoint", "authorize" },
                                             { "token_endpoint", "token" },
                                             { "jwks_uri", "jwks" } };
    km_jw_open(&w, '{');
    km_jw_member_z(&w, "issuer", me.issuer);
    for (size_t i = 0; i < 3; i++)
        km_jw_member(&w, places[i][0],
                     km_arena_print(r->call.arena, "%s/%s", me.issuer, places[i][1]));
    km_jw_key(&w, "response_types_supported");
    km_jw_raw(&w, KM_STR("[\"code\"]"));
    km_jw_key(&w, "code_challenge_methods_supported");
    km_jw_raw(&w, KM_STR("[\"S256\"]"));
    km_jw_member_bool(&w, "authorization_response_iss_parameter_supported", true);
    km_jw_close(&w, '}');
    out->type = "application/json";
    out->body = km_buf_str(&b);
    return KM_OK;
}

static km_str number_of(const EVP_PKEY *key, const char *name, km_arena *a)
{
    unsigned char bytes[1024];
    BIGNUM *n = NULL;
    EVP_PKEY_get_bn_param(key, name, &n);
    int len = BN_bn2bin(n, bytes);
    BN_free(n);
    return km_base64url(a, bytes, (size_t)len);
}

static void print_key(km_jw *w, int i, bool private, km_arena *a)
{
    unsigned char raw[65];
    size_t n = sizeof raw;
    km_jw_open(w, '{');
    km_jw_member_z(w, "kid", kids[i]);
    km_jw_member_z(w, "alg", algs[i]);
    km_jw_member_z(w, "use", "sig");
    if (algs[i][0] == 'R' || algs[i][0] == 'P') {
        km_jw_member_z(w, "kty", "RSA");
        km_jw_member(w, "n", number_of(me.key[i], OSSL_PKEY_PARAM_RSA_N, a));
        km_jw_member(w, "e", number_of(me.key[i], OSSL_PKEY_PARAM_RSA_E, a));
    } else if (algs[i][1] == 'd') {
        EVP_PKEY_get_raw_public_key(me.key[i], raw, &n);
        km_jw_member_z(w, "kty", "OKP");
        km_jw_member_z(w, "crv", "Ed25519");
        km_jw_member(w, "x", km_base64url(a, raw, 32));
    } else {
        EVP_PKEY_get_octet_string_param(me.key[i], OSSL_PKEY_PARAM_PUB_KEY, raw, sizeof raw, &n);
        km_jw_member_z(w, "kty", "EC");
        km_jw_member_z(w, "crv", "P-256");
        km_jw_member(w, "x", km_base64url(a, raw + 1, 32));
        km_jw_member(w, "y", km_base64url(a, raw + 33, 32));
        if (private)
            km_jw_member_z(w, "d", "AAAA");
    }
    km_jw_close(w, '}');
}

static void print_keys(km_buf *b, const char *mode, km_arena *a)
{
    bool rotated = strcmp(mode, "rotated") == 0;
    km_jw w = km_jw_on(b);
    km_jw_open(&w, '{');
    km_jw_key(&w, "keys");
    km_jw_open(&w, '[');
    for (int i = rotated ? 1 : 0; i < (rotated ? KEYS : KEYS - 1); i++)
        print_key(&w, i, strcmp(mode, "private") == 0, a);
    km_jw_close(&w, ']');
    if (strcmp(mode, "huge") == 0)
        for (int i = 0; i < 20000; i++)
            km_jw_member_z(&w, km_arena_z(a, km_arena_print(a, "more%d", i)),
                           "0123456789012345678901234567890123456789");
    km_jw_close(&w, '}');
}

static km_code jwks(km_request *r, km_reply *out)
{
    char mode[16];
    km_buf b = km_buf_in(r->call.arena);
    pthread_mutex_lock(&me.lock);
    snprintf(mode, sizeof mode, "%s", me.jwks);
    pthread_mutex_unlock(&me.lock);
    if (strcmp(mode, "hang") == 0)
        sleep(10);
    if (strcmp(mode, "redirect") == 0) {
        out->status = 302;
        km_reply_header(out, "Location", KM_STR("/jwks-elsewhere"));
        return KM_OK;
    }
    if (strcmp(mode, "garbage") == 0)
        km_buf_z(&b, "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}]}");
    else
        print_keys(&b, mode, r->call.arena);
    out->type = "application/json";
    out->body = km_buf_str(&b);
    return KM_OK;
}

static km_code simulate(km_request *r, km_reply *out)
{
    km_str mode = km_request_query(r, "jwks");
    int64_t ahead = 0;
    km_str_to_i64(&ahead, km_request_query(r, "ahead"));
    pthread_mutex_lock(&me.lock);
    me.ahead_s = ahead;
    snprintf(me.jwks, sizeof me.jwks, "%.*s", KM_STR_ARG(mode));
    pthread_mutex_unlock(&me.lock);
    out->status = 204;
    return KM_OK;
}

/* --- authorisation ---------------------------------------------------------------------------- */

static void hidden(km_buf *b, const km_field *f)
{
    km_buf_print(b, "<input type=\"hidden\" name=\"%.*s\" value=\"", KM_STR_ARG(f->name));
    for (size_t i = 0; i < f->value.n; i++)
        km_buf_print(b, "&#%d;", (unsigned char)f->value.p[i]);
    km_buf_z(b, "\">");
}

static km_code choose(km_request *r, km_reply *out)
{
    km_buf b = km_buf_in(r->call.arena);
    km_buf_z(&b, "<!doctype html><html lang=\"ja\"><meta charset=\"utf-8\"><title>Simulated "
                 "provider</title><h1>模擬の認証サーバー (Simulated provider)</h1><form>");
    for (size_t i = 0; i < r->queries; i++)
        hidden(&b, &r->query[i]);
    for (int i = 0; i < me.persons; i++)
        km_buf_print(&b, "<p><button name=\"login_hint\" value=\"%s\">%s</button></p>",
                     me.person[i], me.person[i]);
    km_buf_z(&b, "</form></html>");
    out->type = "text/html; charset=utf-8";
    /* The form leads back to the client by a redirect, which 'self' would stop. */
    km_reply_header(out, "Content-Security-Policy", KM_STR("default-src 'none'"));
    out->body = km_buf_str(&b);
    return KM_OK;
}

static void keep(char *out, size_t room, km_str s)
{
    snprintf(out, room, "%.*s", KM_STR_ARG(s));
}

static km_code authorize(km_request *r, km_reply *out)
{
    unsigned char bytes[24];
    km_str who = km_request_query(r, "login_hint"), back = km_request_query(r, "redirect_uri");
    if (!km_str_is(km_request_query(r, "response_type"), "code")
        || !km_str_is(km_request_query(r, "client_id"), me.client)
        || !km_str_is(km_request_query(r, "code_challenge_method"), "S256")
        || !km_str_starts(km_request_query(r, "scope"), KM_STR("openid")) || back.n == 0)
        return km_fail(r->call.fault, KM_BAD_VALUE, "authorize", "not a request of this client");
    if (who.n == 0)
        return choose(r, out);
    r->call.random->fill(r->call.random->self, bytes, sizeof bytes);
    km_str code = km_base64url(r->call.arena, bytes, sizeof bytes);
    pthread_mutex_lock(&me.lock);
    grant *g = &me.grant[me.next++ % CODES];
    *g = (grant){ .used = false };
    keep(g->code, sizeof g->code, code);
    keep(g->back, sizeof g->back, back);
    keep(g->challenge, sizeof g->challenge, km_request_query(r, "code_challenge"));
    keep(g->nonce, sizeof g->nonce, km_request_query(r, "nonce"));
    keep(g->who, sizeof g->who, who);
    pthread_mutex_unlock(&me.lock);
    km_buf to = km_buf_in(r->call.arena);
    km_buf_print(&to, "%.*s?code=%.*s&state=", KM_STR_ARG(back), KM_STR_ARG(code));
    km_url_encode(&to, km_request_query(r, "state"));
    km_buf_z(&to, "&iss=");
    km_url_encode(&to, lie_of(who) == OTHER_ISS ? KM_STR("https://other.example")
                                                : km_str_of(me.issuer));
    out->status = 303;
    km_reply_header(out, "Location", km_buf_str(&to));
    return KM_OK;
}

/* --- tokens ------------------------------------------------------------------------------------
 */

static km_code sign(void *self, unsigned char out[KM_JWS_SIGNATURE_MAX], size_t *n, km_str bytes,
                    km_fault *f)
{
    int i = *(int *)self;
    EVP_PKEY_CTX *ctx = NULL;
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    unsigned char der[512];
    size_t len = i == 0 || i == 4 ? sizeof der : KM_JWS_SIGNATURE_MAX;
    unsigned char *to = i == 0 || i == 4 ? der : out;
    bool good =
        EVP_DigestSignInit(md, &ctx, algs[i][1] == 'd' ? NULL : EVP_sha256(), NULL, me.key[i]) == 1;
    if (good && algs[i][0] == 'P')
        good = EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1
               && EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
    good = good && EVP_DigestSign(md, to, &len, (const unsigned char *)bytes.p, bytes.n) == 1;
    EVP_MD_CTX_free(md);
    *n = len;
    if (good && to == der) {
        const unsigned char *p = der;
        ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)len);
        BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, 32);
        BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + 32, 32);
        ECDSA_SIG_free(sig);
        *n = 64;
    }
    return good ? KM_OK : km_fail(f, KM_INTERNAL, NULL, NULL);
}

static void claim(km_jw *w, bool there, const char *name, km_str value)
{
    if (there)
        km_jw_member(w, name, value);
}

static void print_audience(km_jw *w, lie l)
{
    km_jw_key(w, "aud");
    if (l == LIST_AZP || l == NO_AZP || l == OTHER_AZP) {
        km_jw_open(w, '[');
        km_jw_z(w, me.client);
        km_jw_z(w, "another");
        km_jw_close(w, ']');
    } else {
        km_jw_z(w, l == OTHER_AUDIENCE ? "another" : me.client);
    }
    claim(w, l == LIST_AZP || l == OTHER_AZP, "azp",
          l == OTHER_AZP ? KM_STR("another") : km_str_of(me.client));
}

static km_str at_hash(km_arena *a, km_str access, lie l)
{
    unsigned char sum[64];
    unsigned n = 0;
    if (l == OTHER_AT_HASH)
        access = KM_STR("another");
    EVP_Digest(access.p, access.n, sum, &n, l == EDDSA ? EVP_sha512() : EVP_sha256(), NULL);
    return km_base64url(a, sum, n / 2);
}

static km_str claims(km_arena *a, const grant *g, lie l, km_str access)
{
    km_buf b = km_buf_in(a);
    km_jw w = km_jw_on(&b);
    int64_t now = (int64_t)time(NULL) + me.ahead_s, ahead = l == EXPIRED  ? -7200
                                                            : l == FUTURE ? 7200
                                                                          : 0;
    km_jw_open(&w, '{');
    km_jw_member_z(&w, "iss", l == OTHER_ISSUER ? "https://other.example" : me.issuer);
    claim(&w, l != NO_SUBJECT, "sub", km_str_of(g->who));
    print_audience(&w, l);
    claim(&w, l != NO_NONCE, "nonce", l == OTHER_NONCE ? KM_STR("another") : km_str_of(g->nonce));
    if (l != NO_IAT)
        km_jw_member_int(&w, "iat", now + ahead);
    km_jw_member_int(&w, "exp", now + ahead + 300);
    km_jw_member(&w, "at_hash", at_hash(a, access, l));
    km_jw_close(&w, '}');
    return km_buf_str(&b);
}

static km_str unsigned_token(km_arena *a, const char *alg, km_str payload, km_str mac)
{
    km_str head = km_arena_print(a, "{\"alg\":\"%s\",\"kid\":\"es-1\",\"typ\":\"JWT\"}", alg);
    return km_arena_print(a, "%.*s.%.*s.%.*s", KM_STR_ARG(km_base64url(a, head.p, head.n)),
                          KM_STR_ARG(km_base64url(a, payload.p, payload.n)),
                          KM_STR_ARG(km_base64url(a, mac.p, mac.n)));
}

/* The confusion of RFC 8725 §2.1: a MAC whose key is the public key. */
static km_str hs256(km_arena *a, km_str payload)
{
    unsigned char raw[65], mac[32];
    size_t n = sizeof raw, m = sizeof mac;
    EVP_PKEY_get_octet_string_param(me.key[0], OSSL_PKEY_PARAM_PUB_KEY, raw, sizeof raw, &n);
    km_str text = unsigned_token(a, "HS256", payload, KM_STR_NONE);
    EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, raw, n, (const unsigned char *)text.p, text.n - 1,
              mac, sizeof mac, &m);
    return unsigned_token(a, "HS256", payload, (km_str){ (char *)mac, m });
}

static km_code id_token(km_str *out, km_arena *a, const grant *g, km_str access, km_fault *f)
{
    lie l = lie_of(km_str_of(g->who));
    km_str payload = claims(a, g, l, access);
    int i = l == RS256 ? 1 : l == PS256 ? 2 : l == EDDSA ? 3 : l == NEW_KEY ? 4 : 0;
    static const km_jws_alg alg[] = { KM_JWS_ES256, KM_JWS_RS256, KM_JWS_PS256, KM_JWS_EDDSA,
                                      KM_JWS_ES256 };
    if (l == ALG_NONE || l == ALG_HS256) {
        *out = l == ALG_NONE ? unsigned_token(a, "none", payload, KM_STR("x")) : hs256(a, payload);
        return KM_OK;
    }
    km_jws_signer s = { alg[i], km_str_of(l == OTHER_KEY ? "nobody-knows" : kids[i]), sign, &i };
    KM_TRY(
        km_jws_sign(out, a, &s, l == ACCESS_TYPE ? KM_STR("at+jwt") : KM_STR("JWT"), payload, f));
    if (l == BAD_SIGNATURE) {
        char *p = (char *)km_arena_copy(a, *out).p;
        p[out->n - 8] = p[out->n - 8] == 'A' ? 'B' : 'A';
        out->p = p;
    }
    return KM_OK;
}

/* A token without typ cannot be had from km_jws_sign. */
static km_code untyped(km_str *out, km_arena *a, km_str payload, km_fault *f)
{
    int i = 0;
    size_t n;
    unsigned char sig[KM_JWS_SIGNATURE_MAX];
    km_str head = KM_STR("{\"alg\":\"ES256\",\"kid\":\"es-1\"}");
    km_str text = km_arena_print(a, "%.*s.%.*s", KM_STR_ARG(km_base64url(a, head.p, head.n)),
                                 KM_STR_ARG(km_base64url(a, payload.p, payload.n)));
    KM_TRY(sign(&i, sig, &n, text, f));
    *out = km_arena_print(a, "%.*s.%.*s", KM_STR_ARG(text), KM_STR_ARG(km_base64url(a, sig, n)));
    return KM_OK;
}

static km_str form_value(const km_field *f, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (km_str_is(f[i].name, name))
            return f[i].value;
    return KM_STR_NONE;
}

static bool is_client(km_request *r, const km_field *f, size_t n)
{
    const km_field *pair;
    size_t two;
    km_str said, secret, sent = km_request_header(r, "Authorization");
    if (strcmp(me.secret, "-") == 0)
        return km_str_is(form_value(f, n, "client_id"), me.client);
    if (!km_str_starts(sent, KM_STR("Basic "))
        || !km_unbase64(&said, r->call.arena, km_str_sub(sent, 6, sent.n)))
        return false;
    said = km_str_cut(said, ':', &secret); /* RFC 6749 2.3.1: each part is form-encoded */
    km_str form = km_arena_print(r->call.arena, "id=%.*s&secret=%.*s", KM_STR_ARG(said),
                                 KM_STR_ARG(secret));
    return km_form_decode(&pair, &two, r->call.arena, form, NULL) == KM_OK && two == 2
           && km_str_is(pair[0].value, me.client) && km_str_is(pair[1].value, me.secret);
}

static bool take_grant(grant *out, const km_field *f, size_t n, km_arena *a)
{
    bool found = false;
    pthread_mutex_lock(&me.lock);
    for (int i = 0; i < CODES; i++) {
        grant *g = &me.grant[i];
        if (g->code[0] == '\0' || g->used || !km_str_is(form_value(f, n, "code"), g->code))
            continue;
        g->used = true;
        *out = *g;
        found = km_str_is(form_value(f, n, "redirect_uri"), g->back)
                && km_pkce_matches(a, form_value(f, n, "code_verifier"), km_str_of(g->challenge));
    }
    pthread_mutex_unlock(&me.lock);
    return found;
}

static km_code token(km_request *r, km_reply *out)
{
    const km_field *f;
    size_t n;
    grant g;
    km_arena *a = r->call.arena;
    km_str id, access = KM_STR("simulated-access-token");
    KM_TRY(km_request_form(&f, &n, r));
    out->type = "application/json";
    if (!is_client(r, f, n) || !km_str_is(form_value(f, n, "grant_type"), "authorization_code")
        || !take_grant(&g, f, n, a)) {
        out->status = 400;
        out->body = KM_STR("{\"error\":\"invalid_grant\"}");
        return KM_OK;
    }
    lie l = lie_of(km_str_of(g.who));
    KM_TRY(l == NO_TYPE ? untyped(&id, a, claims(a, &g, l, access), r->call.fault)
                        : id_token(&id, a, &g, access, r->call.fault));
    out->body = km_arena_print(
        a,
        "{\"token_type\":\"Bearer\",\"access_token\":\"%.*s\",\"expires_in\":"
        "300,\"%s\":\"%.*s\"}",
        KM_STR_ARG(access), l == NO_ID_TOKEN ? "other" : "id_token", KM_STR_ARG(id));
    return KM_OK;
}

/* --- the program --------------------------------------------------------------------------------
 */

static void refuse(km_request *r, const km_fault *f, km_reply *out)
{
    out->status = km_code_http(f->code);
    out->type = "text/plain";
    out->body = km_arena_print(r->call.arena, "%s: %s\n", km_code_sentence(f->code), f->detail);
}

static void no_log(void *app, km_str line)
{
    (void)app, (void)line;
}

int main(int argc, char **argv)
{
    static const int anybody = 1;
    static const km_http_route routes[] = {
        { "GET", "/.well-known/openid-configuration", metadata, 0, &anybody, NULL, NULL },
        { "GET", "/jwks", jwks, 0, &anybody, NULL, NULL },
        { "GET", "/authorize", authorize, 0, &anybody, NULL, NULL },
        { "POST", "/token", token, 0, &anybody, NULL, NULL },
        { "POST", "/simulate", simulate, 0, &anybody, NULL, NULL },
        { 0 },
    };
    const km_http_route *const tables[] = { routes, NULL };
    km_http *http;
    km_fault f = { 0 };
    sigset_t stop;
    int got;
    if (argc < 4) {
        fprintf(stderr, "simulated_openid ADDRESS:PORT CLIENT SECRET|- [PERSON...]\n");
        return 2;
    }
    me.client = argv[2];
    me.secret = argv[3];
    me.person = argv + 4;
    me.persons = argc - 4;
    for (int i = 0; i < KEYS; i++)
        me.key[i] = algs[i][0] == 'E' && algs[i][1] == 'S' ? EVP_EC_gen("P-256")
                    : algs[i][0] == 'E' ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                        : EVP_RSA_gen(2048);
    sigemptyset(&stop);
    sigaddset(&stop, SIGTERM);
    sigaddset(&stop, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stop, NULL);
    km_http_options o = { .listen = argv[1],
                          .routes = tables,
                          .limits = km_http_limits_default,
                          .refuse = refuse,
                          .log = no_log,
                          .clock = &km_clock_real,
                          .random = &km_random_real };
    if (km_http_start(&http, &o, &f) != KM_OK) {
        fprintf(stderr, "simulated_openid: %s\n", f.detail);
        return 3;
    }
    snprintf(me.issuer, sizeof me.issuer, "http://127.0.0.1:%d", km_http_port(http));
    printf("%s\n", me.issuer);
    fflush(stdout);
    sigwait(&stop, &got);
    km_http_stop(http);
    return 0;
}
