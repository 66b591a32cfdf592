/* SPDX-License-Identifier: Apache-2.0
 *
 * session: the table behind session.h.
 */
#include "trust/who/session.h"

#include "trust/who/inside.h"

enum { SECRET = 32, SECRET_TEXT = 43 };

/* In memory proofs of tokens and sessions lie side by side. */
static void hash_of(unsigned char out[KM_SHA256_LEN], km_str cookie)
{
    const km_str part[] = { KM_STR("kumihimo/session/v1\0"), cookie };
    km_sha256_parts(out, part, 2);
}

typedef struct row {
    unsigned char hash[KM_SHA256_LEN];
    km_str handle, issuer, subject, who;
    km_ms began_at, seen_at, until;
} row;

static km_code put(void *self, km_txn *t, km_fault *f)
{
    const row *r = self;
    km_stmt *st;
    KM_TRY(km_query(&st, km_txn_conn(t), "auth_session_old", f));
    km_bind_int(st, 1, r->began_at - KM_SESSION_LIFE_MS);
    KM_TRY(km_run(st, NULL, f));
    KM_TRY(km_query(&st, km_txn_conn(t), "auth_session_put", f));
    km_bind_blob(st, 1, r->hash, sizeof r->hash);
    km_bind_text(st, 2, r->handle);
    km_bind_text(st, 3, r->issuer);
    km_bind_text(st, 4, r->subject);
    km_bind_text(st, 5, r->who);
    km_bind_int(st, 6, r->began_at);
    km_bind_int(st, 7, r->seen_at);
    km_bind_int(st, 8, r->until);
    return km_run(st, NULL, f);
}

km_code km_session_begin(km_str *cookie, km_str *handle, km_whos *w, const km_who *who,
                         km_call *call)
{
    unsigned char secret[SECRET];
    km_ms now = km_call_now(call);
    call->random->fill(call->random->self, secret, sizeof secret);
    *cookie = km_base64url(call->arena, secret, sizeof secret);
    *handle = km_token_sid(call);
    row r = { .handle = *handle,
              .issuer = who->issuer,
              .subject = who->subject,
              .who = km_who__print(who, w->roles, call->arena),
              .began_at = now,
              .seen_at = now,
              .until = now + KM_SESSION_LIFE_MS };
    hash_of(r.hash, *cookie);
    return km_log_work(w->log, put, &r, call->fault);
}

/* --- who it is --- */

static km_code read_row(row *out, km_whos *w, km_call *call)
{
    km_conn *c;
    km_stmt *st;
    bool found = false;
    KM_TRY(km_store_reader(&c, km_log_store(w->log), call->fault));
    km_code rc = km_query(&st, c, "auth_session_by_hash", call->fault);
    if (rc == KM_OK) {
        km_bind_blob(st, 1, out->hash, sizeof out->hash);
        rc = km_step(&found, st, call->fault);
    }
    if (rc == KM_OK && found) {
        out->handle = km_arena_copy(call->arena, km_col_text(st, 0));
        out->who = km_arena_copy(call->arena, km_col_text(st, 1));
        out->began_at = km_col_int(st, 2);
        out->seen_at = km_col_int(st, 3);
        out->until = km_col_int(st, 4);
        km_reset(st);
    }
    km_store_return(c);
    return rc == KM_OK && !found ? KM_UNAUTHENTICATED : rc;
}

static km_code put_seen(void *self, km_txn *t, km_fault *f)
{
    const row *r = self;
    km_stmt *st;
    KM_TRY(km_query(&st, km_txn_conn(t), "auth_session_seen", f));
    km_bind_blob(st, 1, r->hash, sizeof r->hash);
    km_bind_int(st, 2, r->seen_at);
    return km_run(st, NULL, f);
}

static km_code prove_stored(km_who **out, km_whos *w, row *r, km_call *call)
{
    km_who who;
    km_ms now = km_call_now(call);
    KM_TRY(read_row(r, w, call));
    km_proof proof = { .from = r->began_at - (km_ms)KM_TOKEN_LEEWAY_S * 1000,
                       .until = r->until,
                       .session = true,
                       .seen = now };
    if (now < proof.from || now >= proof.until || now - r->seen_at >= KM_SESSION_IDLE_MS)
        return KM_UNAUTHENTICATED;
    KM_TRY(km_who__parse(&who, r->who, w->roles, call->arena, call->fault));
    who.session = r->handle;
    km_kept__put(w->kept, r->hash, &who, &proof);
    *out = km_who__copy(&who, call->arena);
    r->seen_at = now;
    return km_log_work(w->log, put_seen, r, call->fault);
}

km_code km_session__prove(km_who **out, km_whos *w, km_str cookie, km_call *call)
{
    row r = { 0 };
    km_proof proof;
    if (cookie.n != SECRET_TEXT)
        return KM_UNAUTHENTICATED;
    hash_of(r.hash, cookie);
    *out = km_kept__find(&proof, w->kept, r.hash, km_call_now(call), call->arena);
    if (*out == NULL)
        KM_TRY(prove_stored(out, w, &r, call));
    else if (proof.tell) {
        r.seen_at = km_call_now(call);
        KM_TRY(km_log_work(w->log, put_seen, &r, call->fault));
    }
    return km_kept__is_ended(w->kept, (*out)->session) ? KM_UNAUTHENTICATED : KM_OK;
}

km_code km_session_who(km_who **out, km_whos *w, km_str cookie, km_call *call)
{
    km_credentials c = { .session = cookie };
    return km_who_prove(out, w, &c, call);
}

/* --- the end --- */

static km_code drop(void *self, km_txn *t, km_fault *f)
{
    const row *r = self;
    km_stmt *st;
    KM_TRY(km_query(&st, km_txn_conn(t), "auth_session_drop", f));
    km_bind_blob(st, 1, r->hash, sizeof r->hash);
    return km_run(st, NULL, f);
}

km_code km_session_end(km_whos *w, km_str cookie, km_call *call)
{
    row r = { 0 };
    hash_of(r.hash, cookie);
    km_code rc = read_row(&r, w, call);
    if (rc == KM_UNAUTHENTICATED)
        return KM_OK;
    KM_TRY(rc);
    KM_TRY(km_log_work(w->log, drop, &r, call->fault));
    km_kept__end(w->kept, r.handle);
    km_kept__drop(w->kept, r.hash);
    return KM_OK;
}

km_code km_session_raise(km_str *cookie, km_whos *w, km_str old, km_call *call)
{
    km_who *who;
    km_str handle;
    KM_TRY(km_session_who(&who, w, old, call));
    who->second_factor_at = km_call_now(call);
    KM_TRY(km_session_begin(cookie, &handle, w, who, call));
    return km_session_end(w, old, call);
}

typedef struct leaving {
    km_str issuer, subject;
    km_arena *arena;
    km_str *handle;
    size_t n, room;
} leaving;

static km_code drop_all(void *self, km_txn *t, km_fault *f)
{
    leaving *l = self;
    km_stmt *st;
    bool found = true;
    KM_TRY(km_query(&st, km_txn_conn(t), "auth_session_of_person", f));
    km_bind_text(st, 1, l->issuer);
    km_bind_text(st, 2, l->subject);
    for (;;) {
        KM_TRY(km_step(&found, st, f));
        if (!found)
            break;
        if (l->n == l->room) {
            km_str *more = KM_NEW_ARRAY(l->arena, 2 * l->room + 8, km_str);
            if (l->n > 0)
                memcpy(more, l->handle, l->n * sizeof *more);
            l->handle = more;
            l->room = 2 * l->room + 8;
        }
        l->handle[l->n++] = km_arena_copy(l->arena, km_col_text(st, 0));
    }
    KM_TRY(km_query(&st, km_txn_conn(t), "auth_session_drop_person", f));
    km_bind_text(st, 1, l->issuer);
    km_bind_text(st, 2, l->subject);
    return km_run(st, NULL, f);
}

km_code km_session_end_all(km_whos *w, km_str issuer, km_str subject, km_call *call)
{
    leaving l = { .issuer = issuer, .subject = subject, .arena = call->arena };
    KM_TRY(km_log_work(w->log, drop_all, &l, call->fault));
    for (size_t i = 0; i < l.n; i++)
        km_kept__end(w->kept, l.handle[i]);
    return KM_OK;
}
