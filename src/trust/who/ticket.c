/* SPDX-License-Identifier: Apache-2.0
 *
 * ticket: AES-256-GCM under a key of the node's own, which differs by purpose (ticket.h).
 */
#include "trust/who/ticket.h"

static void key_for(unsigned char out[KM_SHA256_LEN], km_log *l, const char *what)
{
    const km_str part[] = { KM_STR("kumihimo/ticket/v1\0"),
                            { (const char *)km_log_node_key(l), 32 },
                            km_str_of(what) };
    km_sha256_parts(out, part, 3);
}

km_str km_ticket__close(km_log *l, const char *what, km_str bytes, km_call *call)
{
    unsigned char key[KM_SHA256_LEN], nonce[12];
    unsigned char *out = km_arena_alloc(call->arena, bytes.n + KM_GCM_EXTRA);
    km_gcm *g = km_gcm_new();
    key_for(key, l, what);
    call->random->fill(call->random->self, nonce, sizeof nonce);
    km_gcm_seal(g, out, key, nonce, km_str_of(what), bytes);
    km_gcm_free(g);
    explicit_bzero(key, sizeof key);
    return (km_str){ (const char *)out, bytes.n + KM_GCM_EXTRA };
}

km_code km_ticket__open(km_str *bytes, km_log *l, const char *what, km_str sealed, km_call *call)
{
    unsigned char key[KM_SHA256_LEN];
    if (sealed.n < KM_GCM_EXTRA)
        return km_fail(call->fault, KM_TAMPERED, NULL, "a sealed secret is too short");
    unsigned char *out = km_arena_alloc(call->arena, sealed.n);
    km_gcm *g = km_gcm_new();
    key_for(key, l, what);
    km_code rc = km_gcm_open(g, out, key, km_str_of(what), sealed, call->fault);
    km_gcm_free(g);
    explicit_bzero(key, sizeof key);
    *bytes = (km_str){ (const char *)out, sealed.n - KM_GCM_EXTRA };
    return rc;
}

void km_ticket_seal(km_str *text, km_log *l, const char *what, km_str bytes, km_ms until,
                    km_call *call)
{
    km_buf plain = km_buf_in(call->arena);
    km_buf_u64be(&plain, (uint64_t)until);
    km_buf_add(&plain, bytes);
    km_str sealed = km_ticket__close(l, what, km_buf_str(&plain), call);
    *text = km_base64url(call->arena, sealed.p, sealed.n);
}

km_code km_ticket_open(km_str *bytes, km_ms *until, km_log *l, const char *what, km_str text,
                       km_call *call)
{
    km_str sealed, plain;
    km_call quiet = *call;
    quiet.fault = NULL;
    if (text.n == 0 || text.n > KM_TICKET_MAX || !km_unbase64url(&sealed, call->arena, text)
        || km_ticket__open(&plain, l, what, sealed, &quiet) != KM_OK || plain.n < 8)
        return km_fail(call->fault, KM_UNAUTHENTICATED, "ticket", "begin the sign-in again");
    uint64_t at = 0;
    for (int i = 0; i < 8; i++)
        at = at << 8 | (unsigned char)plain.p[i];
    if (km_call_now(call) >= (km_ms)at)
        return km_fail(call->fault, KM_UNAUTHENTICATED, "ticket",
                       "the sign-in took too long: begin again");
    *until = (km_ms)at;
    *bytes = km_str_sub(plain, 8, plain.n);
    return KM_OK;
}

/* --- what was spent ------------------------------------------------------------------------- */

typedef struct spending {
    unsigned char hash[KM_SHA256_LEN];
    km_ms until, now;
} spending;

static km_code spend(void *self, km_txn *t, km_fault *f)
{
    const spending *s = self;
    km_stmt *st;
    int64_t changed;
    KM_TRY(km_query(&st, km_txn_conn(t), "sign_in_spent_old", f));
    km_bind_int(st, 1, s->now);
    KM_TRY(km_run(st, NULL, f));
    KM_TRY(km_query(&st, km_txn_conn(t), "sign_in_spend", f));
    km_bind_blob(st, 1, s->hash, sizeof s->hash);
    km_bind_int(st, 2, s->until);
    return km_run(st, &changed, f);
}

km_code km_ticket_spend(km_log *l, km_str bytes, km_ms until, km_call *call)
{
    spending s = { .until = until, .now = km_call_now(call) };
    km_fault own = { 0 };
    km_sha256(s.hash, bytes.p, bytes.n);
    km_code rc = km_log_work(l, spend, &s, &own);
    if (rc == KM_DUPLICATE)
        return km_fail(call->fault, KM_UNAUTHENTICATED, "ticket", "it was answered before");
    return rc == KM_OK ? KM_OK : km_fail(call->fault, rc, own.path, "%s", own.detail);
}
