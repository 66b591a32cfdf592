/* SPDX-License-Identifier: Apache-2.0
 *
 * token: who asks, proved by one core: access tokens that were not seen
 * before, beside OpenSSL's bare check of such a signature; and those that were,
 * beside the hash of the token alone.
 */
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/hash.h"
#include "kit/kit.h"
#include "platform/platform.h"

enum { CHECKS = 20000, HITS = 400000 };

static const km_service *const none[] = { NULL };

/* Of this thread's processor time: per core, whoever else is busy. */
static uint64_t spent_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

static double per_s(int n, uint64_t from)
{
    return n / ((double)(spent_ns() - from) / 1e9);
}

static km_whos *open_whos(km_node *n, bool uncached, km_fault *f)
{
    km_whos *w;
    km_whos_options o = { .log = n->log,
                          .keys = n->keys,
                          .clock = n->clock,
                          .random = n->random,
                          .address = "https://node.example",
                          .uncached = uncached };
    if (km_whos_open(&w, &o, f) != KM_OK)
        kit_die(f->detail);
    return w;
}

static km_str make_token(km_whos *w, km_call *call)
{
    static const km_str actors[] = { KM_STR_INIT("Practitioner/1"), KM_STR_INIT("Organization/3") };
    km_str token;
    km_who who = { .issuer = KM_STR("https://login.example"),
                   .subject = KM_STR("c-1"),
                   .name = KM_STR("試験 花子"),
                   .role = km_roles_role(km_whos_roles(w), KM_STR("clinician")),
                   .purpose = KM_TREAT,
                   .organisation = KM_STR("Organization/3"),
                   .actor = actors,
                   .actors = 2,
                   .client = KM_STR("app"),
                   .session = km_token_sid(call) };
    if (km_token_make(&token, w, &who, KM_STR("user/*.rs openid"), KM_TOKEN_LIFE_S, call) != KM_OK)
        kit_die("no token");
    return token;
}

static double proofs_per_s(km_whos *w, km_str token, int n, km_call *call)
{
    km_who *who;
    km_credentials c = { .authorization = km_arena_print(call->arena, "Bearer %.*s",
                                                         KM_STR_ARG(token)) };
    km_arena_mark here = km_arena_here(call->arena);
    uint64_t from = spent_ns();
    for (int i = 0; i < n; i++) {
        if (km_who_prove(&who, w, &c, call) != KM_OK)
            kit_die("a good token was refused");
        km_arena_back(call->arena, here);
    }
    return per_s(n, from);
}

static double signatures_per_s(km_str text)
{
    unsigned char sig[80];
    size_t len = sizeof sig;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    const unsigned char *p = (const unsigned char *)text.p;
    if (EVP_DigestSignInit_ex(md, NULL, "SHA256", NULL, NULL, key, NULL) != 1
        || EVP_DigestSign(md, sig, &len, p, text.n) != 1)
        kit_die("no signature");
    uint64_t from = spent_ns();
    for (int i = 0; i < CHECKS; i++) {
        EVP_MD_CTX_reset(md);
        if (EVP_DigestVerifyInit_ex(md, NULL, "SHA256", NULL, NULL, key, NULL) != 1
            || EVP_DigestVerify(md, sig, len, p, text.n) != 1)
            kit_die("a good signature was refused");
    }
    double rate = per_s(CHECKS, from);
    EVP_MD_CTX_free(md);
    EVP_PKEY_free(key);
    return rate;
}

static double hashes_per_s(km_str text)
{
    unsigned char sum[KM_SHA256_LEN];
    uint64_t from = spent_ns();
    for (int i = 0; i < HITS; i++)
        km_sha256(sum, text.p, text.n);
    return per_s(HITS, from);
}

int main(void)
{
    km_node *n;
    km_fault f = { 0 };
    km_own_call own;
    km_config config = { .data_dir = kit_path(kit_folder(), "node"), .quiet = true };
    if (km_node_open(&n, &config, none, &f) != KM_OK)
        kit_die(f.detail);
    km_own_call_open(&own, n, "bench", KM_ARENA_CAP_DEFAULT);
    km_whos *fresh = open_whos(n, true, &f), *kept = open_whos(n, false, &f);
    km_str token = make_token(fresh, &own.call);
    kit_print(&(kit_row){ "access tokens proved, none kept, one core", "/s",
                          "OpenSSL ECDSA P-256 verify",
                          proofs_per_s(fresh, token, CHECKS, &own.call), signatures_per_s(token),
                          KIT_AT_LEAST, 0.7 });
    kit_print(&(kit_row){ "access tokens known already, one core", "/s", "SHA-256 of the token",
                          proofs_per_s(kept, token, HITS, &own.call), hashes_per_s(token),
                          KIT_AT_LEAST, 0.3 });
    km_whos_close(fresh);
    km_whos_close(kept);
    km_own_call_close(&own);
    km_node_close(n);
    return 0;
}
