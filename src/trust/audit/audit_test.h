/* SPDX-License-Identifier: Apache-2.0
 *
 * audit_test: a folder, a signing key, chance that can be chosen, for the tests of this folder and
 * of those above it.
 */
#ifndef KM_TRUST_AUDIT_AUDIT_TEST_H
#define KM_TRUST_AUDIT_AUDIT_TEST_H

#include <openssl/evp.h>
#include <sys/stat.h>

#include "store/place_test.h"
#include "trust/audit/audit.h"
#include "trust/audit/entry.h"

typedef struct km_audit_world {
    km_test_place place;
    char dir[128];
    EVP_PKEY *key;
    km_audit_options o;
    km_arena *arena;
    km_fault fault;
    km_call call;
} km_audit_world;

static inline km_code km_test_sign(void *self, unsigned char out[64], km_str text, km_fault *f)
{
    size_t n = 64;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool good = c != NULL && EVP_DigestSignInit(c, NULL, NULL, NULL, self) == 1
                && EVP_DigestSign(c, out, &n, (const unsigned char *)text.p, text.n) == 1;
    EVP_MD_CTX_free(c);
    return good ? KM_OK : km_fail(f, KM_INTERNAL, NULL, NULL);
}

static inline km_audit_signer km_test_signer(const char *name, EVP_PKEY *key)
{
    km_audit_signer s = { .sign = km_test_sign, .self = key };
    size_t n = sizeof s.key.pub;
    snprintf(s.key.name, sizeof s.key.name, "%s", name);
    assert_int_equal(EVP_PKEY_get_raw_public_key(key, s.key.pub, &n), 1);
    return s;
}

static inline EVP_PKEY *km_test_key(int number)
{
    unsigned char raw[32] = { (unsigned char)number, 7 };
    return EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, raw, sizeof raw);
}

static inline void km_audit_world_new(km_audit_world *w)
{
    memset(w, 0, sizeof *w);
    km_test_dialect = KM_SQLITE;
    km_test_place_new(&w->place);
    snprintf(w->dir, sizeof w->dir, "%s/audit", w->place.folder);
    w->key = km_test_key(1);
    w->o = (km_audit_options){ .dir = w->dir,
                               .origin = "node.example/audit",
                               .clock = &km_clock_real,
                               .random = &km_random_real,
                               .signer = km_test_signer("node.example/audit", w->key) };
    w->arena = km_arena_new(KM_ARENA_CAP_DEFAULT);
    w->call = (km_call){
        .arena = w->arena, .fault = &w->fault, .clock = &km_clock_real, .random = &km_random_real
    };
}

static inline void km_audit_world_free(km_audit_world *w)
{
    km_arena_free(w->arena);
    EVP_PKEY_free(w->key);
    km_test_place_free(&w->place);
}

static inline void km_audit_must(km_audit_world *w, km_code rc)
{
    if (rc != KM_OK)
        fail_msg("%s: %s: %s", km_code_name(rc), w->fault.path, w->fault.detail);
}

/* {"at":..., "kind":"read", ...}: the nth of a set. */
static inline km_str km_audit_some(km_audit_world *w, int64_t n)
{
    km_buf out = km_buf_in(w->arena);
    int64_t chart = n % 97;
    km_audit_shown shown = { KM_STR("Observation"),
                             km_arena_print(w->arena, "o-%lld", (long long)n), 1 };
    km_audit_entry e = { .at = 1775000000000 + n,
                         .kind = KM_AUDIT_READ,
                         .outcome = KM_STR("ok"),
                         .agent = { .id = KM_STR("staff-1"), .role = KM_STR("physician") },
                         .route = KM_STR("/fhir/{type}/{id}"),
                         .chart = &chart,
                         .charts = 1,
                         .shown = &shown,
                         .shows = 1 };
    km_audit_must(w, km_audit_entry_print(&out, &e, &w->fault));
    return km_buf_str(&out);
}

/* Adds entries [from, from + n) in batches of `batch`, each waited for. */
static inline void km_audit_fill(km_audit_world *w, km_audit *a, int64_t from, int64_t n,
                                 size_t batch)
{
    km_str entry[KM_AUDIT_GROUP_MAX];
    for (int64_t at = from; at < from + n;) {
        size_t k = 0;
        int64_t first;
        for (; k < batch && at + (int64_t)k < from + n; k++)
            entry[k] = km_audit_some(w, at + (int64_t)k);
        km_audit_must(w, km_audit_append(&first, a, entry, k, &w->fault));
        assert_int_equal(first, at);
        at += (int64_t)k;
    }
}

static inline km_code km_audit_check(km_audit_world *w, km_audit_report *r)
{
    km_fault_clear(&w->fault);
    km_arena_mark here = km_arena_here(w->arena);
    km_code rc = km_audit_verify(r, w->dir, &w->o.signer.key, &w->call);
    km_arena_back(w->arena, here);
    return rc;
}

#endif
