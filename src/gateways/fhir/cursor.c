/* SPDX-License-Identifier: Apache-2.0
 *
 * cursor: state of a paged answer, sealed (decision 22): nobody reads or makes one, and one
 * caller's does not serve another.
 */
#include "base/hash.h"
#include "gateways/fhir/inside.h"

static km_str bound_to(km_request *r)
{
    return km_arena_print(r->call.arena, "kumihimo/cursor/v1\n%.*s",
                          KM_STR_ARG(((const km_caller *)r->call.caller)->name));
}

km_str km_cursor__seal(km_request *r, km_str plain)
{
    unsigned char nonce[12];
    unsigned char *out = km_arena_alloc(r->call.arena, plain.n + KM_GCM_EXTRA);
    km_gcm *g = km_gcm_new();
    r->call.random->fill(r->call.random->self, nonce, sizeof nonce);
    km_gcm_seal(g, out, km_log_node_key(km_request_node(r)->log), nonce, bound_to(r), plain);
    km_gcm_free(g);
    return km_base64url(r->call.arena, out, plain.n + KM_GCM_EXTRA);
}

km_code km_cursor__open(km_str *plain, km_request *r, km_str sealed)
{
    km_str bytes;
    km_fault ignored = { 0 };
    km_code rc = KM_TAMPERED;
    if (km_unbase64url(&bytes, r->call.arena, sealed) && bytes.n >= KM_GCM_EXTRA) {
        unsigned char *out = km_arena_alloc(r->call.arena, bytes.n);
        km_gcm *g = km_gcm_new();
        rc = km_gcm_open(g, out, km_log_node_key(km_request_node(r)->log), bound_to(r), bytes,
                         &ignored);
        km_gcm_free(g);
        *plain = (km_str){ (const char *)out, bytes.n - KM_GCM_EXTRA };
    }
    return rc == KM_OK ? KM_OK : km_fail(r->call.fault, KM_BAD_VALUE, "_cursor", "not one of ours");
}
