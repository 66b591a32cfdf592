/* SPDX-License-Identifier: Apache-2.0
 *
 * token: the keys that sign, the tokens that are made, and the end of them.
 */
#include <assert.h>
#include <stdlib.h>

#include "trust/who/demo.h"
#include "trust/who/inside.h"
#include "trust/who/ticket.h"

/* How long a handle that is over is remembered beyond the life of its tokens, so that a clock that
 * jumps ahead and back brings none to life again. */
#define REMEMBER_MS ((km_ms)400 * 24 * 60 * 60 * 1000)

/* --- keys --- */

typedef struct key_row {
    uint32_t version;
    km_ms since;
} key_row;

static km_code put_key(void *self, km_txn *t, km_fault *f)
{
    const key_row *k = self;
    km_stmt *st;
    KM_TRY(km_query(&st, km_txn_conn(t), "auth_key_put", f));
    km_bind_int(st, 1, k->version);
    km_bind_int(st, 2, k->since);
    return km_run(st, NULL, f);
}

static km_code read_newest(key_row *out, km_whos *w, km_fault *f)
{
    km_conn *c;
    km_stmt *st;
    bool row = false;
    KM_TRY(km_store_reader(&c, km_log_store(w->log), f));
    km_code rc = km_query(&st, c, "auth_key_newest", f);
    if (rc == KM_OK)
        rc = km_step(&row, st, f);
    if (rc == KM_OK && row) {
        *out = (key_row){ (uint32_t)km_col_int(st, 0), km_col_int(st, 1) };
        km_reset(st);
    }
    km_store_return(c);
    return rc;
}

/* The newest key of the ring, and a newer one where it has signed for long enough, or where nobody
 * wrote down since when it does. */
static km_code choose_key(km_whos *w, km_fault *f)
{
    key_row known = { 0 };
    km_fault none = { 0 };
    km_ms now = w->clock->now(w->clock->self);
    KM_TRY(read_newest(&known, w, f));
    km_code rc = km_keys_newest(&w->version, w->keys, KM_KEY_TOKEN, KM_STR(""), &none);
    if (rc != KM_OK && rc != KM_NOT_FOUND)
        return km_fail(f, rc, none.path, "%s", none.detail);
    if (rc == KM_OK && known.version == w->version && now - known.since < KM_TOKEN_KEY_MS)
        return KM_OK;
    KM_TRY(km_keys_make(&w->version, w->keys, KM_KEY_TOKEN, KM_STR(""), f));
    key_row made = { w->version, now };
    return km_log_work(w->log, put_key, &made, f);
}

static km_code print_key(km_buf *out, km_whos *w, uint32_t version, km_str kid, km_fault *f)
{
    unsigned char pub[KM_KEY_PUBLIC_MAX];
    size_t n;
    km_arena *a = w->arena;
    KM_TRY(km_keys_public(pub, &n, w->keys, (km_key_name){ KM_KEY_TOKEN, KM_STR(""), version }, f));
    assert(n == 65 && pub[0] == 4); /* SEC 1 §2.3.3 */
    km_buf_print(out, "%s{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"%.*s\",\"y\":\"%.*s\"",
                 out->n > 9 ? "," : "", KM_STR_ARG(km_base64url(a, pub + 1, 32)),
                 KM_STR_ARG(km_base64url(a, pub + 33, 32)));
    if (kid.n > 0)
        km_buf_print(out, ",\"kid\":\"%.*s\",\"alg\":\"ES256\",\"use\":\"sig\"", KM_STR_ARG(kid));
    km_buf_char(out, '}');
    return KM_OK;
}

/* {"keys":[ newest, the one before ]}; `kids` NULL: without them. */
static km_code print_keys(km_str *json, km_whos *w, const km_jwks *kids, km_fault *f)
{
    km_buf out = km_buf_in(w->arena);
    KM_BUF_LIT(&out, "{\"keys\":[");
    for (uint32_t i = 0; i < KM_WHOS_KEYS && w->version > i; i++) {
        km_str kid = kids != NULL ? km_jwks_kid(kids, i) : KM_STR_NONE;
        KM_TRY(print_key(&out, w, w->version - i, kid, f));
    }
    KM_BUF_LIT(&out, "]}");
    *json = km_buf_str(&out);
    return KM_OK;
}

static km_code sign(void *self, unsigned char out[KM_JWS_SIGNATURE_MAX], size_t *n, km_str bytes,
                    km_fault *f)
{
    const km_whos *w = self;
    *n = KM_KEY_SIGNATURE;
    return km_keys_sign_token(out, w->keys, w->version, bytes, f);
}

static km_code sign_as(km_str *token, km_whos *w, const char *type, km_str claims, km_arena *a,
                       km_fault *f)
{
    km_jws_signer signer = { KM_JWS_ES256, w->kid, sign, w };
    return km_jws_sign(token, a, &signer, km_str_of(type), claims, f);
}

static km_code no_signature(void *self, unsigned char out[KM_JWS_SIGNATURE_MAX], size_t *n,
                            km_str bytes, km_fault *f)
{
    (void)self, (void)bytes, (void)f;
    memset(out, 0, KM_KEY_SIGNATURE);
    *n = KM_KEY_SIGNATURE;
    return KM_OK;
}

/* What stands before the first dot of every access token under this key. */
static km_code header_of(km_str *out, km_jws_alg alg, km_str kid, km_arena *a, km_fault *f)
{
    km_str token;
    km_jws_signer signer = { alg, kid, no_signature, NULL };
    KM_TRY(km_jws_sign(&token, a, &signer, KM_STR("at+jwt"), KM_STR("{}"), f));
    *out = km_str_sub(token, 0, km_str_find(token, '.'));
    return KM_OK;
}

static km_code load_keys(km_whos *w, km_fault *f)
{
    km_str plain;
    KM_TRY(choose_key(w, f));
    KM_TRY(print_keys(&plain, w, NULL, f));
    KM_TRY(km_jwks_new(&w->ours, plain, f));
    KM_TRY(print_keys(&w->jwks, w, w->ours, f));
    w->kid = km_jwks_kid(w->ours, 0);
    for (size_t i = 0; i < km_jwks_count(w->ours); i++)
        KM_TRY(header_of(&w->header[w->headers++], KM_JWS_ES256, km_jwks_kid(w->ours, i), w->arena,
                         f));
    return sign_as(&w->decoy, w, "decoy", KM_STR("{}"), w->arena, f);
}

static km_code load_demo(km_whos *w, const char *file, km_fault *f)
{
    km_str json;
    KM_TRY(km_demo_jwks(&json, file, w->arena, f));
    KM_TRY(km_jwks_new(&w->demo, json, f));
    return header_of(&w->demo_header, KM_JWS_EDDSA, km_jwks_kid(w->demo, 0), w->arena, f);
}

/* --- handles that are over --- */

typedef struct ending {
    km_str sid;
    km_ms until;
} ending;

static km_code drop_old(void *self, km_txn *t, km_fault *f)
{
    km_stmt *st;
    KM_TRY(km_query(&st, km_txn_conn(t), "auth_ended_old", f));
    km_bind_int(st, 1, *(km_ms *)self - REMEMBER_MS);
    return km_run(st, NULL, f);
}

static km_code load_ended(km_whos *w, km_fault *f)
{
    km_conn *c;
    km_stmt *st;
    bool row = true;
    km_ms now = w->clock->now(w->clock->self);
    KM_TRY(km_log_work(w->log, drop_old, &now, f));
    KM_TRY(km_store_reader(&c, km_log_store(w->log), f));
    km_code rc = km_query(&st, c, "auth_ended_all", f);
    if (rc == KM_OK)
        km_bind_int(st, 1, now - REMEMBER_MS);
    while (rc == KM_OK && (rc = km_step(&row, st, f)) == KM_OK && row)
        km_kept__end(w->kept, km_col_text(st, 0));
    km_store_return(c);
    return rc;
}

static km_code put_ended(void *self, km_txn *t, km_fault *f)
{
    const ending *e = self;
    km_stmt *st;
    KM_TRY(km_query(&st, km_txn_conn(t), "auth_ended_put", f));
    km_bind_text(st, 1, e->sid);
    km_bind_int(st, 2, e->until);
    return km_run(st, NULL, f);
}

km_code km_token_end(km_whos *w, km_str sid, km_ms until, km_call *call)
{
    ending e = { sid, until };
    if (km_kept__is_ended(w->kept, sid))
        return KM_OK;
    KM_TRY(km_log_work(w->log, put_ended, &e, call->fault));
    km_kept__end(w->kept, sid);
    return KM_OK;
}

/* --- life --- */

km_code km_whos_open(km_whos **out, const km_whos_options *o, km_fault *f)
{
    km_whos *w = calloc(1, sizeof *w);
    if (w == NULL)
        abort();
    w->log = o->log;
    w->keys = o->keys;
    w->clock = o->clock;
    w->random = o->random;
    w->roles = km_roles_new();
    w->arena = km_arena_new((size_t)1 << 20);
    w->kept = km_kept__new(o->uncached ? 0 : o->cached > 0 ? o->cached : KM_WHOS_CACHED);
    km_code rc = load_keys(w, f);
    if (rc == KM_OK && o->demo_key != NULL)
        rc = load_demo(w, o->demo_key, f);
    if (rc == KM_OK)
        rc = load_ended(w, f);
    if (rc != KM_OK) {
        km_whos_close(w);
        return rc;
    }
    if (o->address != NULL)
        km_whos_address(w, km_str_of(o->address));
    *out = w;
    return KM_OK;
}

void km_whos_close(km_whos *w)
{
    if (w == NULL)
        return;
    km_jwks_free(w->ours);
    km_jwks_free(w->demo);
    km_kept__free(w->kept);
    km_roles_free(w->roles);
    km_arena_free(w->arena);
    free(w);
}

void km_whos_address(km_whos *w, km_str address)
{
    struct km_whos_name *n = KM_NEW(w->arena, struct km_whos_name);
    assert(atomic_load(&w->name) == NULL && address.n > 0);
    n->issuer = km_arena_copy(w->arena, address);
    n->audience = km_arena_print(w->arena, "%.*s/fhir", KM_STR_ARG(address));
    atomic_store(&w->name, n);
}

km_str km_whos_issuer(const km_whos *w)
{
    const struct km_whos_name *n = atomic_load(&w->name);
    return n != NULL ? n->issuer : KM_STR("");
}

km_str km_whos_audience(const km_whos *w)
{
    const struct km_whos_name *n = atomic_load(&w->name);
    return n != NULL ? n->audience : KM_STR("");
}

bool km_whos_demo(const km_whos *w)
{
    return w->demo != NULL;
}

const km_roles *km_whos_roles(const km_whos *w)
{
    return w->roles;
}

km_log *km_whos_log(const km_whos *w)
{
    return w->log;
}

km_str km_whos_jwks(const km_whos *w)
{
    return w->jwks;
}

/* --- making --- */

km_str km_token_sid(km_call *call)
{
    unsigned char bytes[16];
    call->random->fill(call->random->self, bytes, sizeof bytes);
    return km_base64url(call->arena, bytes, sizeof bytes);
}

km_str km_token_subject(const km_whos *w, const km_who *who, km_arena *a)
{
    unsigned char sum[KM_SHA256_LEN];
    const km_str part[] = { KM_STR("kumihimo/sub/v1\0"),
                            { (const char *)km_log_node_key(w->log), 32 },
                            who->issuer,
                            KM_STR("\n"),
                            who->subject };
    km_sha256_parts(sum, part, 5);
    return km_base64url(a, sum, 16);
}

static km_str claims_of(km_whos *w, const km_who *who, km_str scope, int64_t life_s, km_call *call)
{
    int64_t now = km_call_now(call) / 1000;
    km_str plain = km_who__print(who, w->roles, call->arena);
    km_str sealed = km_ticket__close(w->log, "who", plain, call);
    km_buf out = km_buf_in(call->arena);
    km_jw j = km_jw_on(&out);
    km_jw_open(&j, '{');
    km_jw_member(&j, "iss", km_whos_issuer(w));
    km_jw_member(&j, "aud", km_whos_audience(w));
    km_jw_member(&j, "sub", km_token_subject(w, who, call->arena));
    km_jw_member(&j, "client_id", who->client);
    km_jw_member_int(&j, "iat", now);
    km_jw_member_int(&j, "exp", now + life_s);
    km_jw_member(&j, "jti", km_token_sid(call));
    km_jw_member(&j, "sid", who->session);
    km_jw_member(&j, "scope", scope);
    if (who->patient.n > 0)
        km_jw_member(&j, "patient", who->patient);
    if (who->certificate.n > 0) {
        km_jw_key(&j, "cnf");
        km_jw_open(&j, '{');
        km_jw_member(&j, "x5t#S256",
                     km_base64url(call->arena, who->certificate.p, who->certificate.n));
        km_jw_close(&j, '}');
    }
    km_jw_member(&j, "who", km_base64url(call->arena, sealed.p, sealed.n));
    km_jw_close(&j, '}');
    return km_buf_str(&out);
}

km_code km_token_make(km_str *token, km_whos *w, const km_who *who, km_str scope, int64_t life_s,
                      km_call *call)
{
    assert(who->session.n > 0 && who->client.n > 0 && life_s > 0 && life_s <= KM_TOKEN_LIFE_S);
    return km_token_sign(token, w, "at+jwt", claims_of(w, who, scope, life_s, call), call);
}

km_code km_token_sign(km_str *token, km_whos *w, const char *type, km_str claims, km_call *call)
{
    if (km_whos_issuer(w).n == 0)
        return km_fail(call->fault, KM_BUSY, NULL, "the node is starting");
    return sign_as(token, w, type, claims, call->arena, call->fault);
}
