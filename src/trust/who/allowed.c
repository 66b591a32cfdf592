/* SPDX-License-Identifier: Apache-2.0
 *
 * allowed: the tables behind allowed.h. Each change is one piece of work of the writer: what is
 * looked at and what is written cannot come apart.
 */
#include "trust/who/allowed.h"

#include <assert.h>

#include "trust/who/accounts.h"
#include "trust/who/inside.h"

enum { SECRET = 32, SECRET_TEXT = 43, SIDS = 4096 };

static km_str new_secret(km_call *call)
{
    unsigned char bytes[SECRET];
    call->random->fill(call->random->self, bytes, sizeof bytes);
    return km_base64url(call->arena, bytes, sizeof bytes);
}

static void hash_of(unsigned char out[KM_SHA256_LEN], const char *what, km_str secret)
{
    const km_str part[] = { km_str_of(what), secret };
    km_sha256_parts(out, part, 2);
}

static km_code refuse(km_fault *f)
{
    return km_fail(f, KM_UNAUTHENTICATED, "grant", "it is not good any more, or never was");
}

/* --- what work carries --- */

typedef enum verdict { GOOD, REFUSED, AGAIN } verdict;

typedef struct job {
    km_call *call;
    km_ms now;
    unsigned char hash[KM_SHA256_LEN], next_hash[KM_SHA256_LEN];
    km_allowed *a;
    km_str who;
    const km_code_bound *bound;
    const km_code_came *came;
    km_str client, nonce;
    verdict verdict;
    km_str *sid; /* found */
    size_t sids;
} job;

static job job_of(km_call *call)
{
    return (job){ .call = call, .now = km_call_now(call), .verdict = REFUSED };
}

static km_code run_at(const char *query, km_ms at, km_txn *t, km_fault *f)
{
    km_stmt *st;
    KM_TRY(km_query(&st, km_txn_conn(t), query, f));
    km_bind_int(st, 1, at);
    return km_run(st, NULL, f);
}

static km_code run_on(const char *query, km_str key, km_txn *t, km_fault *f)
{
    km_stmt *st;
    KM_TRY(km_query(&st, km_txn_conn(t), query, f));
    km_bind_text(st, 1, key);
    return km_run(st, NULL, f);
}

static km_code end_one(km_str sid, km_ms until, km_txn *t, km_fault *f)
{
    km_stmt *st;
    KM_TRY(run_on("auth_refresh_drop", sid, t, f));
    KM_TRY(run_on("auth_grant_drop", sid, t, f));
    KM_TRY(km_query(&st, km_txn_conn(t), "auth_ended_put", f));
    km_bind_text(st, 1, sid);
    km_bind_int(st, 2, until + (km_ms)KM_TOKEN_LIFE_S * 1000);
    return km_run(st, NULL, f);
}

/* --- codes --- */

static km_code put_grant(const job *j, km_txn *t, km_fault *f)
{
    km_stmt *st;
    KM_TRY(km_query(&st, km_txn_conn(t), "auth_grant_put", f));
    km_bind_text(st, 1, j->a->sid);
    km_bind_text(st, 2, j->a->client);
    km_bind_text(st, 3, j->a->who.issuer);
    km_bind_text(st, 4, j->a->who.subject);
    km_bind_text(st, 5, j->who);
    km_bind_text(st, 6, j->a->scope);
    km_bind_text(st, 7, j->a->patient);
    km_bind_int(st, 8, j->a->given_at);
    km_bind_int(st, 9, j->a->until);
    return km_run(st, NULL, f);
}

static km_code put_code(void *self, km_txn *t, km_fault *f)
{
    const job *j = self;
    km_stmt *st;
    KM_TRY(run_at("auth_code_old", j->now - KM_ONLINE_LIFE_MS, t, f));
    KM_TRY(run_at("auth_refresh_old", j->now, t, f));
    KM_TRY(run_at("auth_grant_old", j->now, t, f));
    KM_TRY(put_grant(j, t, f));
    KM_TRY(km_query(&st, km_txn_conn(t), "auth_code_put", f));
    km_bind_blob(st, 1, j->hash, sizeof j->hash);
    km_bind_text(st, 2, j->a->sid);
    km_bind_text(st, 3, j->bound->redirect);
    km_bind_text(st, 4, j->bound->challenge);
    km_bind_text(st, 5, j->bound->nonce);
    km_bind_int(st, 6, j->now + KM_CODE_LIFE_MS);
    return km_run(st, NULL, f);
}

km_code km_allowed_code(km_str *code, km_whos *w, km_allowed *a, const km_code_bound *bound,
                        km_call *call)
{
    job j = job_of(call);
    *code = new_secret(call);
    a->sid = km_token_sid(call);
    a->given_at = j.now;
    assert(a->until > j.now && bound->challenge.n > 0);
    j.a = a;
    j.bound = bound;
    j.who = km_who__print(&a->who, w->roles, call->arena);
    hash_of(j.hash, "code\n", *code);
    return km_log_work(w->log, put_code, &j, call->fault);
}

/* The grant of j->a->sid; false when it is over. */
static km_code find_grant(bool *found, job *j, km_conn *c, km_fault *f)
{
    km_stmt *st;
    km_arena *a = j->call->arena;
    KM_TRY(km_query(&st, c, "auth_grant_by_sid", f));
    km_bind_text(st, 1, j->a->sid);
    KM_TRY(km_step(found, st, f));
    if (!*found)
        return KM_OK;
    j->a->client = km_arena_copy(a, km_col_text(st, 0));
    j->who = km_arena_copy(a, km_col_text(st, 1));
    j->a->scope = km_arena_copy(a, km_col_text(st, 2));
    j->a->patient = km_arena_copy(a, km_col_text(st, 3));
    j->a->given_at = km_col_int(st, 4);
    j->a->until = km_col_int(st, 5);
    km_reset(st);
    *found = j->now < j->a->until && j->a->given_at <= j->now + (km_ms)KM_TOKEN_LEEWAY_S * 1000;
    return KM_OK;
}

static km_code use(verdict *out, const char *query, const job *j, km_txn *t, km_fault *f)
{
    km_stmt *st;
    int64_t changed;
    KM_TRY(km_query(&st, km_txn_conn(t), query, f));
    km_bind_blob(st, 1, j->hash, sizeof j->hash);
    km_bind_int(st, 2, j->now);
    KM_TRY(km_run(st, &changed, f));
    *out = changed == 1 ? GOOD : AGAIN;
    return KM_OK;
}

typedef struct code_row {
    km_str redirect, challenge;
    km_ms until;
} code_row;

static km_code find_code(bool *found, code_row *row, job *j, km_txn *t, km_fault *f)
{
    km_stmt *st;
    km_arena *a = j->call->arena;
    KM_TRY(km_query(&st, km_txn_conn(t), "auth_code_by_hash", f));
    km_bind_blob(st, 1, j->hash, sizeof j->hash);
    KM_TRY(km_step(found, st, f));
    if (!*found)
        return KM_OK;
    j->a->sid = km_arena_copy(a, km_col_text(st, 0));
    *row = (code_row){ km_arena_copy(a, km_col_text(st, 1)), km_arena_copy(a, km_col_text(st, 2)),
                       km_col_int(st, 4) };
    j->nonce = km_arena_copy(a, km_col_text(st, 3));
    km_reset(st);
    return KM_OK;
}

static km_code redeem(void *self, km_txn *t, km_fault *f)
{
    job *j = self;
    code_row row = { 0 };
    bool found, stands;
    KM_TRY(find_code(&found, &row, j, t, f));
    if (!found)
        return KM_OK;
    KM_TRY(use(&j->verdict, "auth_code_use", j, t, f));
    if (j->verdict == AGAIN)
        return end_one(j->a->sid, j->now + KM_OFFLINE_LIFE_MS, t, f);
    KM_TRY(find_grant(&stands, j, km_txn_conn(t), f));
    bool good = stands && j->now < row.until && km_str_eq(j->a->client, j->came->client)
                && km_str_eq(row.redirect, j->came->redirect)
                && km_pkce_matches(j->call->arena, j->came->verifier, row.challenge);
    j->verdict = good ? GOOD : REFUSED;
    return KM_OK;
}

/* Ends for this process what the work ended in the store. */
static km_code finish(km_whos *w, const job *j, km_code rc, km_call *call)
{
    KM_TRY(rc);
    if (j->verdict == AGAIN)
        km_kept__end(w->kept, j->a->sid);
    if (j->verdict != GOOD || km_kept__is_ended(w->kept, j->a->sid))
        return refuse(call->fault);
    return km_who__parse(&j->a->who, j->who, w->roles, call->arena, call->fault);
}

km_code km_allowed_redeem(km_allowed *out, km_str *nonce, km_whos *w, const km_code_came *came,
                          km_call *call)
{
    job j = job_of(call);
    *out = (km_allowed){ 0 };
    j.a = out;
    j.came = came;
    if (came->code.n != SECRET_TEXT)
        return refuse(call->fault);
    hash_of(j.hash, "code\n", came->code);
    KM_TRY(finish(w, &j, km_log_work(w->log, redeem, &j, call->fault), call));
    *nonce = j.nonce;
    return KM_OK;
}

/* --- refresh tokens --- */

static km_code put_refresh(const unsigned char hash[KM_SHA256_LEN], const km_allowed *a, km_txn *t,
                           km_fault *f)
{
    km_stmt *st;
    KM_TRY(km_query(&st, km_txn_conn(t), "auth_refresh_put", f));
    km_bind_blob(st, 1, hash, KM_SHA256_LEN);
    km_bind_text(st, 2, a->sid);
    km_bind_int(st, 3, a->until);
    return km_run(st, NULL, f);
}

static km_code put_first(void *self, km_txn *t, km_fault *f)
{
    const job *j = self;
    return put_refresh(j->hash, j->a, t, f);
}

km_code km_allowed_refresh(km_str *token, km_whos *w, const km_allowed *a, km_call *call)
{
    job j = job_of(call);
    km_allowed copy = *a;
    j.a = &copy;
    *token = new_secret(call);
    hash_of(j.hash, "refresh\n", *token);
    return km_log_work(w->log, put_first, &j, call->fault);
}

/* A live grant behind the token, spent or not. */
static km_code find_refresh(bool *found, bool *spent, job *j, km_conn *c, km_fault *f)
{
    km_stmt *st;
    *spent = false;
    KM_TRY(km_query(&st, c, "auth_refresh_by_hash", f));
    km_bind_blob(st, 1, j->hash, sizeof j->hash);
    KM_TRY(km_step(found, st, f));
    if (!*found)
        return KM_OK;
    j->a->sid = km_arena_copy(j->call->arena, km_col_text(st, 0));
    bool over = j->now >= km_col_int(st, 1);
    *spent = km_col_int(st, 2) != 0;
    km_reset(st);
    KM_TRY(find_grant(found, j, c, f));
    *found = *found && !over;
    return KM_OK;
}

static km_code turn(void *self, km_txn *t, km_fault *f)
{
    job *j = self;
    bool found, spent;
    KM_TRY(find_refresh(&found, &spent, j, km_txn_conn(t), f));
    if (!found || !km_str_eq(j->a->client, j->client))
        return KM_OK;
    KM_TRY(use(&j->verdict, "auth_refresh_use", j, t, f));
    if (j->verdict == AGAIN)
        return end_one(j->a->sid, j->now, t, f);
    return put_refresh(j->next_hash, j->a, t, f);
}

/* What the account is now; a demonstration's people have none. */
static km_code renew(km_allowed *a, km_whos *w, km_call *call)
{
    km_conn *c;
    km_account account;
    km_call quiet = *call;
    quiet.fault = NULL;
    km_ms factor = a->who.second_factor_at;
    KM_TRY(km_store_reader(&c, km_log_store(w->log), call->fault));
    km_code rc = km_account_find(&account, c, w->roles, a->who.issuer, a->who.subject, &quiet);
    km_store_return(c);
    if (rc == KM_NOT_FOUND)
        return w->demo != NULL ? KM_OK : refuse(call->fault);
    if (rc != KM_OK)
        return km_fail(call->fault, rc, NULL, NULL);
    km_account_who(&a->who, &account, w->roles, call->arena);
    a->who.second_factor_at = factor;
    return KM_OK;
}

km_code km_allowed_turn(km_allowed *out, km_str *next, km_whos *w, km_str token, km_str client,
                        km_call *call)
{
    job j = job_of(call);
    *out = (km_allowed){ 0 };
    j.a = out;
    j.client = client;
    if (token.n != SECRET_TEXT)
        return refuse(call->fault);
    *next = new_secret(call);
    hash_of(j.hash, "refresh\n", token);
    hash_of(j.next_hash, "refresh\n", *next);
    KM_TRY(finish(w, &j, km_log_work(w->log, turn, &j, call->fault), call));
    return renew(out, w, call);
}

km_code km_allowed_look(km_allowed *out, km_whos *w, km_str token, km_call *call)
{
    km_conn *c;
    bool found = false, spent = false;
    job j = job_of(call);
    *out = (km_allowed){ 0 };
    j.a = out;
    if (token.n != SECRET_TEXT)
        return refuse(call->fault);
    hash_of(j.hash, "refresh\n", token);
    KM_TRY(km_store_reader(&c, km_log_store(w->log), call->fault));
    km_code rc = find_refresh(&found, &spent, &j, c, call->fault);
    km_store_return(c);
    j.verdict = found && !spent ? GOOD : REFUSED;
    return finish(w, &j, rc, call);
}

km_code km_allowed_list(km_allowed *out, size_t *n, size_t room, km_whos *w, km_str issuer,
                        km_str subject, km_call *call)
{
    km_conn *c;
    km_stmt *st;
    bool row = true;
    km_arena *a = call->arena;
    *n = 0;
    KM_TRY(km_store_reader(&c, km_log_store(w->log), call->fault));
    km_code rc = km_query(&st, c, "auth_grant_list", call->fault);
    if (rc == KM_OK) {
        km_bind_text(st, 1, issuer);
        km_bind_text(st, 2, subject);
        km_bind_int(st, 3, km_call_now(call));
    }
    while (rc == KM_OK && *n < room && (rc = km_step(&row, st, call->fault)) == KM_OK && row)
        out[(*n)++] = (km_allowed){ .sid = km_arena_copy(a, km_col_text(st, 0)),
                                    .client = km_arena_copy(a, km_col_text(st, 1)),
                                    .scope = km_arena_copy(a, km_col_text(st, 2)),
                                    .patient = km_arena_copy(a, km_col_text(st, 3)),
                                    .given_at = km_col_int(st, 4),
                                    .until = km_col_int(st, 5) };
    if (rc == KM_OK && row)
        km_reset(st);
    km_store_return(c);
    return rc;
}

/* --- the end --- */

static km_code end_sid(void *self, km_txn *t, km_fault *f)
{
    const job *j = self;
    return end_one(j->a->sid, j->now + KM_OFFLINE_LIFE_MS, t, f);
}

km_code km_allowed_end(km_whos *w, km_str sid, km_call *call)
{
    job j = job_of(call);
    km_allowed a = { .sid = sid };
    j.a = &a;
    KM_TRY(km_log_work(w->log, end_sid, &j, call->fault));
    km_kept__end(w->kept, sid);
    return KM_OK;
}

/* SIDS at once; asked again while there are more. */
static km_code end_found(job *j, const char *query, km_str x, km_str y, km_txn *t, km_fault *f)
{
    km_stmt *st;
    bool row = true;
    KM_TRY(km_query(&st, km_txn_conn(t), query, f));
    km_bind_text(st, 1, x);
    if (y.n > 0)
        km_bind_text(st, 2, y);
    while (j->sids < SIDS) {
        KM_TRY(km_step(&row, st, f));
        if (!row)
            break;
        j->sid[j->sids++] = km_arena_copy(j->call->arena, km_col_text(st, 0));
    }
    if (row)
        km_reset(st);
    for (size_t i = 0; i < j->sids; i++)
        KM_TRY(end_one(j->sid[i], j->now + KM_OFFLINE_LIFE_MS, t, f));
    return KM_OK;
}

static km_code end_client(void *self, km_txn *t, km_fault *f)
{
    job *j = self;
    return end_found(j, "auth_grant_of_client", j->client, KM_STR_NONE, t, f);
}

static km_code end_person(void *self, km_txn *t, km_fault *f)
{
    job *j = self;
    return end_found(j, "auth_grant_of_person", j->a->who.issuer, j->a->who.subject, t, f);
}

static km_code end_all(km_whos *w, job *j, km_code (*work)(void *self, km_txn *t, km_fault *f))
{
    km_arena_mark here = km_arena_here(j->call->arena);
    do {
        km_arena_back(j->call->arena, here);
        j->sid = KM_NEW_ARRAY(j->call->arena, SIDS, km_str);
        j->sids = 0;
        KM_TRY(km_log_work(w->log, work, j, j->call->fault));
        for (size_t i = 0; i < j->sids; i++)
            km_kept__end(w->kept, j->sid[i]);
    } while (j->sids == SIDS);
    return KM_OK;
}

km_code km_allowed_end_client(km_whos *w, km_str client, km_call *call)
{
    job j = job_of(call);
    j.client = client;
    return end_all(w, &j, end_client);
}

km_code km_allowed_end_person(km_whos *w, km_str issuer, km_str subject, km_call *call)
{
    job j = job_of(call);
    km_allowed a = { .who = { .issuer = issuer, .subject = subject } };
    j.a = &a;
    return end_all(w, &j, end_person);
}

/* --- launches --- */

static km_code put_launch(void *self, km_txn *t, km_fault *f)
{
    const job *j = self;
    km_stmt *st;
    KM_TRY(run_at("auth_launch_old", j->now, t, f));
    KM_TRY(km_query(&st, km_txn_conn(t), "auth_launch_put", f));
    km_bind_blob(st, 1, j->hash, sizeof j->hash);
    km_bind_text(st, 2, j->a->client);
    km_bind_text(st, 3, j->a->who.issuer);
    km_bind_text(st, 4, j->a->who.subject);
    km_bind_text(st, 5, j->a->patient);
    km_bind_int(st, 6, j->now + KM_LAUNCH_LIFE_MS);
    return km_run(st, NULL, f);
}

km_code km_launch_make(km_str *handle, km_whos *w, const km_who *who, km_str client, km_str patient,
                       km_call *call)
{
    job j = job_of(call);
    km_allowed a = { .who = *who, .client = client, .patient = patient };
    j.a = &a;
    *handle = new_secret(call);
    hash_of(j.hash, "launch\n", *handle);
    return km_log_work(w->log, put_launch, &j, call->fault);
}

static km_code take_launch(void *self, km_txn *t, km_fault *f)
{
    job *j = self;
    km_stmt *st;
    bool row;
    KM_TRY(km_query(&st, km_txn_conn(t), "auth_launch_by_hash", f));
    km_bind_blob(st, 1, j->hash, sizeof j->hash);
    KM_TRY(km_step(&row, st, f));
    if (!row)
        return KM_OK;
    j->verdict = km_str_eq(km_col_text(st, 0), j->a->client)
                         && km_str_eq(km_col_text(st, 1), j->a->who.issuer)
                         && km_str_eq(km_col_text(st, 2), j->a->who.subject)
                         && j->now < km_col_int(st, 4)
                     ? GOOD
                     : REFUSED;
    j->a->patient = km_arena_copy(j->call->arena, km_col_text(st, 3));
    km_reset(st);
    KM_TRY(km_query(&st, km_txn_conn(t), "auth_launch_drop", f));
    km_bind_blob(st, 1, j->hash, sizeof j->hash);
    return km_run(st, NULL, f);
}

km_code km_launch_take(km_str *patient, km_whos *w, const km_who *who, km_str client, km_str handle,
                       km_call *call)
{
    job j = job_of(call);
    km_allowed a = { .who = *who, .client = client };
    j.a = &a;
    if (handle.n != SECRET_TEXT)
        return refuse(call->fault);
    hash_of(j.hash, "launch\n", handle);
    KM_TRY(km_log_work(w->log, take_launch, &j, call->fault));
    *patient = a.patient;
    return j.verdict == GOOD ? KM_OK : refuse(call->fault);
}
