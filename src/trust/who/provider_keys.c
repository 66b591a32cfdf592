/* SPDX-License-Identifier: Apache-2.0
 *
 * provider_keys: what providers publish, fetched when it is needed and kept for a while.
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "trust/who/provider_inside.h"

enum { ASKING_MAX = 8, DOCUMENT_MAX = 256 << 10, TIMEOUT_MS = 8000, URL_MAX = 1024 };

/* Keys of one provider, shared by those who verify with them at this moment. */
typedef struct keys {
    atomic_int users;
    km_jwks *set;
} keys;

typedef struct known {
    char issuer[512];
    km_arena *arena; /* of places */
    km_provider__places places;
    km_ms places_at; /* 0: never */
    keys *keys;
    km_ms keys_at, tried_at;
} known;

struct km_providers {
    km_log *log;
    pthread_mutex_t lock; /* never held while somebody is asked */
    known of[KM_PROVIDERS_MAX];
    atomic_int asking;
};

km_providers *km_providers_new(km_log *l)
{
    km_providers *ps = calloc(1, sizeof *ps);
    assert(ps != NULL);
    ps->log = l;
    pthread_mutex_init(&ps->lock, NULL);
    return ps;
}

static void keys_release(keys *k)
{
    if (k == NULL || atomic_fetch_sub(&k->users, 1) > 1)
        return;
    km_jwks_free(k->set);
    free(k);
}

void km_providers_free(km_providers *ps)
{
    if (ps == NULL)
        return;
    for (size_t i = 0; i < KM_PROVIDERS_MAX; i++) {
        keys_release(ps->of[i].keys);
        if (ps->of[i].arena != NULL)
            km_arena_free(ps->of[i].arena);
    }
    pthread_mutex_destroy(&ps->lock);
    free(ps);
}

km_log *km_provider__log(const km_providers *ps)
{
    return ps->log;
}

/* The slot of this issuer, else a free one; a table that was changed again and again while we run
 * may push the longest unused one out. Under the lock. */
static known *slot_of(km_providers *ps, const km_provider *p)
{
    known *oldest = &ps->of[0];
    for (size_t i = 0; i < KM_PROVIDERS_MAX; i++) {
        known *k = &ps->of[i];
        if (km_str_is(p->issuer, k->issuer))
            return k;
        if (k->issuer[0] == '\0' || (oldest->issuer[0] != '\0' && k->places_at < oldest->places_at))
            oldest = k;
    }
    keys_release(oldest->keys);
    if (oldest->arena != NULL)
        km_arena_free(oldest->arena);
    *oldest = (known){ 0 };
    snprintf(oldest->issuer, sizeof oldest->issuer, "%.*s", KM_STR_ARG(p->issuer));
    return oldest;
}

/* --- asking ------------------------------------------------------------------------------- */

static km_client client_of(const km_provider *p, km_arena *a)
{
    const char **allow = KM_NEW_ARRAY(a, p->allowances + 1, const char *);
    for (size_t i = 0; i < p->allowances; i++)
        allow[i] = km_arena_z(a, p->allowed[i]);
    return (km_client){ .allow = allow,
                        .ca_file = p->ca_file.n > 0 ? km_arena_z(a, p->ca_file) : NULL,
                        .timeout_ms = TIMEOUT_MS,
                        .body_bytes = DOCUMENT_MAX };
}

static km_code upstream(km_call *c, const char *why)
{
    return km_fail(c->fault, KM_UPSTREAM, "provider", "%s", why);
}

km_code km_provider__ask(km_jv *out, km_providers *ps, const km_provider *p, const km_question *q,
                         km_call *call)
{
    km_answer answer;
    km_json *doc;
    km_fault own = { 0 };
    km_call asking = *call;
    km_client client = client_of(p, call->arena);
    if (atomic_fetch_add(&ps->asking, 1) >= ASKING_MAX) {
        atomic_fetch_sub(&ps->asking, 1);
        return km_fail(call->fault, KM_BUSY, "provider", "too many wait for a provider");
    }
    asking.fault = &own;
    km_code rc = km_client_ask(&answer, &client, q, &asking);
    atomic_fetch_sub(&ps->asking, 1);
    if (rc != KM_OK)
        return km_fail(call->fault, KM_UPSTREAM, "provider", "%s", own.detail);
    /* RFC 6749 §5.2: what it refuses, the code above all, it answers with 400 or 401. */
    if (strcmp(q->method, "POST") == 0 && (answer.status == 400 || answer.status == 401))
        return km_fail(call->fault, KM_UNAUTHENTICATED, "code", "the provider does not take it");
    if (answer.status != 200)
        return upstream(call, "another status than 200");
    if (km_json_parse(&doc, call->arena, answer.body, &(km_json_limits){ .depth = 16 }, NULL)
            != KM_OK
        || !km_jv_is(km_json_root(doc), KM_JSON_OBJECT))
        return upstream(call, "not a JSON object");
    *out = km_json_root(doc);
    return KM_OK;
}

static km_code get(km_jv *out, km_providers *ps, const km_provider *p, km_str url, km_call *call)
{
    km_question q = { .method = "GET", .url = km_arena_z(call->arena, url) };
    return km_provider__ask(out, ps, p, &q, call);
}

/* --- metadata ------------------------------------------------------------------------------ */

static bool lists(km_jv array, const char *word)
{
    for (km_jv_iter i = km_jv_each(array); km_jv_next(&i);)
        if (km_str_is(km_jv_str(i.value), word))
            return true;
    return false;
}

/* The browser goes to this one; https, or a place that the row allows. */
static bool may_send_to(const km_provider *p, km_str url)
{
    const km_str plain = KM_STR("http://");
    if (url.n > URL_MAX || km_str_find(url, '#') < url.n)
        return false;
    for (size_t i = 0; i < url.n; i++)
        if ((unsigned char)url.p[i] <= 0x20 || (unsigned char)url.p[i] >= 0x7F)
            return false;
    if (km_str_starts(url, KM_STR("https://")))
        return true;
    km_str place = km_str_sub(url, plain.n, url.n);
    place = km_str_sub(place, 0, km_str_find(place, '/'));
    for (size_t i = 0; i < p->allowances && km_str_starts(url, plain); i++)
        if (km_str_eq_nocase(place, p->allowed[i]))
            return true;
    return false;
}

static km_code read_places(km_provider__places *out, km_jv doc, const km_provider *p, km_call *c)
{
    km_jv methods = KM_JV_GET(doc, "code_challenge_methods_supported");
    km_jv secrets = KM_JV_GET(doc, "token_endpoint_auth_methods_supported");
    if (!km_str_eq(km_jv_text(doc, "issuer"), p->issuer))
        return upstream(c, "its metadata is of another issuer");
    *out = (km_provider__places){
        .authorize = km_jv_text(doc, "authorization_endpoint"),
        .token = km_jv_text(doc, "token_endpoint"),
        .jwks = km_jv_text(doc, "jwks_uri"),
        .says_iss = km_jv_is(KM_JV_GET(doc, "authorization_response_iss_parameter_supported"),
                             KM_JSON_TRUE),
        .post = secrets.doc != NULL && !lists(secrets, "client_secret_basic")
                && lists(secrets, "client_secret_post")
    };
    if (methods.doc != NULL && !lists(methods, "S256"))
        return upstream(c, "it does not know S256");
    if (!may_send_to(p, out->authorize) || !may_send_to(p, out->token)
        || !may_send_to(p, out->jwks))
        return upstream(c, "its metadata names an address that is none");
    return KM_OK;
}

static km_provider__places copied(const km_provider__places *from, km_arena *a)
{
    km_provider__places to = *from;
    to.authorize = km_arena_copy(a, from->authorize);
    to.token = km_arena_copy(a, from->token);
    to.jwks = km_arena_copy(a, from->jwks);
    return to;
}

km_code km_provider__places_of(km_provider__places *out, km_providers *ps, const km_provider *p,
                               km_call *call)
{
    km_jv doc;
    km_ms now = km_call_now(call);
    pthread_mutex_lock(&ps->lock);
    const known *k = slot_of(ps, p);
    bool fresh = k->places_at > 0 && now - k->places_at < KM_PROVIDER_LIFE_MS;
    if (fresh)
        *out = copied(&k->places, call->arena);
    pthread_mutex_unlock(&ps->lock);
    if (fresh)
        return KM_OK;
    km_str issuer = p->issuer;
    if (km_str_ends(issuer, KM_STR("/")))
        issuer.n--;
    km_str url = km_arena_print(call->arena, "%.*s/.well-known/openid-configuration",
                                KM_STR_ARG(issuer));
    KM_TRY(get(&doc, ps, p, url, call));
    KM_TRY(read_places(out, doc, p, call));
    pthread_mutex_lock(&ps->lock);
    known *keep = slot_of(ps, p);
    if (keep->arena != NULL)
        km_arena_free(keep->arena);
    keep->arena = km_arena_new(16 << 10);
    keep->places = copied(out, keep->arena);
    keep->places_at = now;
    pthread_mutex_unlock(&ps->lock);
    return KM_OK;
}

/* --- keys ----------------------------------------------------------------------------------- */

static km_code fetch_keys(km_providers *ps, const km_provider *p, km_call *call)
{
    km_provider__places places;
    km_jv doc;
    km_ms now = km_call_now(call);
    km_fault own = { 0 };
    KM_TRY(km_provider__places_of(&places, ps, p, call));
    KM_TRY(get(&doc, ps, p, places.jwks, call));
    keys *k = calloc(1, sizeof *k);
    assert(k != NULL);
    atomic_init(&k->users, 1);
    if (km_jwks_new(&k->set, km_jv_raw(doc), &own) != KM_OK) {
        free(k);
        return km_fail(call->fault, KM_UPSTREAM, "provider", "its keys are refused: %s",
                       own.detail);
    }
    pthread_mutex_lock(&ps->lock);
    known *keep = slot_of(ps, p);
    keys *old = keep->keys;
    keep->keys = k;
    keep->keys_at = now;
    pthread_mutex_unlock(&ps->lock);
    keys_release(old);
    return KM_OK;
}

/* The keys at hand, and their age; NULL for none, or for some that are too old for anybody. */
static keys *hold_keys(km_ms *age, km_providers *ps, const km_provider *p, km_ms now)
{
    pthread_mutex_lock(&ps->lock);
    known *k = slot_of(ps, p);
    *age = now - k->keys_at;
    keys *held = k->keys != NULL && *age < KM_PROVIDER_STALE_MS ? k->keys : NULL;
    if (held != NULL)
        atomic_fetch_add(&held->users, 1);
    pthread_mutex_unlock(&ps->lock);
    return held;
}

/* Marks the attempt: so that tokens with invented keys do not make us ask all the time. */
static bool may_try(km_providers *ps, const km_provider *p, km_ms now)
{
    pthread_mutex_lock(&ps->lock);
    known *k = slot_of(ps, p);
    bool may = k->tried_at == 0 || now - k->tried_at >= KM_PROVIDER_AGAIN_MS;
    if (may)
        k->tried_at = now;
    pthread_mutex_unlock(&ps->lock);
    return may;
}

static bool has_key(const keys *k, km_str token, km_arena *a)
{
    km_str rest, json, head = km_str_cut(token, '.', &rest);
    km_json *doc;
    if (!km_unbase64url(&json, a, head)
        || km_json_parse(&doc, a, json, &(km_json_limits){ .depth = 4, .members = 32 }, NULL))
        return true; /* no token at all: verifying says so */
    km_jv kid = KM_JV_GET(km_json_root(doc), "kid");
    if (kid.doc == NULL)
        return true;
    for (size_t i = 0; i < km_jwks_count(k->set); i++)
        if (km_str_eq(km_jwks_kid(k->set, i), km_jv_str(kid)))
            return true;
    return false;
}

km_code km_provider__verify(km_jws *out, km_providers *ps, const km_provider *p, km_str token,
                            km_call *call)
{
    km_ms age, now = km_call_now(call);
    keys *k = hold_keys(&age, ps, p, now);
    km_fault own = { 0 };
    km_call fetching = *call;
    fetching.fault = &own;
    if (k == NULL || age >= KM_PROVIDER_LIFE_MS || !has_key(k, token, call->arena)) {
        km_code rc = may_try(ps, p, now) ? fetch_keys(ps, p, &fetching) : KM_OK;
        keys_release(k);
        k = hold_keys(&age, ps, p, now);
        if (k == NULL)
            return rc != KM_OK ? km_fail(call->fault, rc, own.path, "%s", own.detail)
                               : km_fail(call->fault, KM_UPSTREAM, "provider",
                                         "its keys could not be had a moment ago");
    }
    km_code rc = km_jws_verify(out, call->arena, k->set, token, call->fault);
    if (rc == KM_OK)
        out->kid = km_arena_copy(call->arena, out->kid);
    keys_release(k);
    return rc;
}
