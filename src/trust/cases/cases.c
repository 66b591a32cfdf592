/* SPDX-License-Identifier: Apache-2.0
 *
 * cases: proposed, confirmed, carried out.
 */
#include "trust/cases/cases.h"

#include <assert.h>

enum { ACTS = 32 };

const char *km_case_state_name(km_case_state s)
{
    static const char *const names[] = { "none", "proposed", "confirmed",
                                         "done", "refused",  "expired" };
    return names[s];
}

static km_code may(const km_cases *s, const km_case_kind *kind, const km_case_actor *by,
                   km_fault *f)
{
    int permission = km_roles_permission(s->roles, kind->permission);
    assert(permission >= 0);
    return by->person.n > 0 && km_roles_basis(s->roles, permission, by->role) != KM_BASIS_NONE
               ? KM_OK
               : km_fail(f, KM_FORBIDDEN, NULL, NULL);
}

/* --- rows --- */

static km_code read_acts(km_case *out, km_conn *c, km_arena *a, km_fault *f)
{
    km_stmt *st;
    bool row = true;
    km_case_act *act = KM_NEW_ARRAY(a, ACTS, km_case_act);
    KM_TRY(km_query(&st, c, "case_acts", f));
    km_bind_text(st, 1, out->id);
    while (row) {
        KM_TRY(km_step(&row, st, f));
        if (row && out->acts < ACTS)
            act[out->acts++] = (km_case_act){ km_arena_copy(a, km_col_text(st, 0)),
                                              km_arena_copy(a, km_col_text(st, 1)),
                                              km_arena_copy(a, km_col_text(st, 2)),
                                              km_col_int(st, 3) };
    }
    out->act = act;
    return KM_OK;
}

static km_code read_file(km_case *out, km_stmt *st, km_ms now, km_arena *a, km_fault *f)
{
    km_str hash = km_col_blob(st, 3), kind = km_col_text(st, 1);
    unsigned char is[KM_SHA256_LEN];
    *out = (km_case){ .id = km_arena_copy(a, km_col_text(st, 0)),
                      .kind = km_case_kind_named(kind),
                      .content = km_arena_copy(a, km_col_text(st, 2)),
                      .state = (km_case_state)km_col_int(st, 4),
                      .proposed_at = km_col_int(st, 5),
                      .expires_at = km_col_int(st, 6) };
    km_str part[] = { kind, KM_STR("\n"), out->content };
    km_sha256_parts(is, part, 3);
    if (out->kind == NULL || hash.n != sizeof is || memcmp(hash.p, is, sizeof is) != 0)
        return km_fail(f, KM_TAMPERED, "case", "it does not say what was proposed");
    out->hash_hex = km_hex(a, is, sizeof is);
    bool open = out->state == KM_CASE_PROPOSED || out->state == KM_CASE_CONFIRMED;
    if (open && now >= out->expires_at)
        out->state = KM_CASE_EXPIRED;
    return KM_OK;
}

static km_code find(km_case *out, km_conn *c, km_str id, km_call *call)
{
    km_stmt *st;
    bool row;
    KM_TRY(km_query(&st, c, "case_get", call->fault));
    km_bind_text(st, 1, id);
    KM_TRY(km_step(&row, st, call->fault));
    if (!row)
        return km_fail(call->fault, KM_NOT_FOUND, NULL, NULL);
    km_code rc = read_file(out, st, km_call_now(call), call->arena, call->fault);
    km_reset(st);
    return rc == KM_OK ? read_acts(out, c, call->arena, call->fault) : rc;
}

static km_code put_act(km_conn *c, const km_cases *s, km_str id, const char *act,
                       const km_case_actor *by, km_call *call)
{
    km_stmt *st;
    int64_t number, changed;
    bool row;
    const km_role *role;
    (void)km_roles_all(&role, s->roles);
    KM_TRY(km_query(&st, c, "case_act_last", call->fault));
    km_bind_text(st, 1, id);
    KM_TRY(km_step(&row, st, call->fault));
    number = km_col_int(st, 0) + 1;
    km_reset(st);
    KM_TRY(km_query(&st, c, "case_act_put", call->fault));
    km_bind_text(st, 1, id);
    km_bind_int(st, 2, number);
    km_bind_text(st, 3, km_str_of(act));
    km_bind_text(st, 4, by->person);
    km_bind_text(st, 5, role[by->role].name);
    km_bind_int(st, 6, km_call_now(call));
    return km_run(st, &changed, call->fault);
}

static km_code become(km_conn *c, const km_case *one, km_case_state to, km_fault *f)
{
    km_stmt *st;
    int64_t changed;
    KM_TRY(km_query(&st, c, "case_become", f));
    km_bind_text(st, 1, one->id);
    km_bind_int(st, 2, to);
    km_bind_int(st, 3, one->state);
    KM_TRY(km_run(st, &changed, f));
    return changed == 1 ? KM_OK : km_fail(f, KM_PRECONDITION, "case", "changed meanwhile");
}

size_t km_case_persons(km_str out[KM_CASE_PERSONS], const km_case *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->acts && n < KM_CASE_PERSONS; i++) {
        bool known = !km_str_is(c->act[i].act, "propose") && !km_str_is(c->act[i].act, "confirm");
        for (size_t k = 0; k < n; k++)
            known = known || km_str_eq(out[k], c->act[i].person);
        if (!known)
            out[n++] = c->act[i].person;
    }
    return n;
}

/* --- propose, confirm, refuse --- */

typedef struct acting {
    const km_cases *s;
    km_str id;
    const char *act;
    const km_case_actor *by;
    km_str hash_hex; /* confirm */
    km_call *call;
    km_case out;
} acting;

static km_code put_case(void *self, km_txn *t, km_fault *f)
{
    acting *me = self;
    km_conn *c = km_txn_conn(t);
    km_case *one = &me->out;
    unsigned char hash[KM_SHA256_LEN];
    km_stmt *st;
    int64_t changed;
    km_str part[] = { one->kind->name, KM_STR("\n"), one->content };
    km_sha256_parts(hash, part, 3);
    KM_TRY(km_query(&st, c, "case_put", f));
    km_bind_text(st, 1, one->id);
    km_bind_text(st, 2, one->kind->name);
    km_bind_text(st, 3, one->content);
    km_bind_blob(st, 4, hash, sizeof hash);
    km_bind_int(st, 5, KM_CASE_PROPOSED);
    km_bind_int(st, 6, one->proposed_at);
    km_bind_int(st, 7, one->expires_at);
    KM_TRY(km_run(st, &changed, f));
    KM_TRY(put_act(c, me->s, one->id, "propose", me->by, me->call));
    return find(one, c, one->id, me->call);
}

km_code km_cases_propose(km_case *out, const km_cases *s, km_str kind, km_jv what,
                         const km_case_actor *by, km_call *call)
{
    char id[37];
    acting me = { .s = s, .by = by, .call = call };
    me.out.kind = km_case_kind_named(kind);
    if (me.out.kind == NULL)
        return km_fail(call->fault, KM_BAD_VALUE, "kind", "a kind of case");
    KM_TRY(may(s, me.out.kind, by, call->fault));
    KM_TRY(km_case_canonical(&me.out.content, me.out.kind, what, call));
    km_call_uuid(call, id);
    me.out.id = km_arena_copy(call->arena, (km_str){ id, 36 });
    me.out.proposed_at = km_call_now(call);
    me.out.expires_at = me.out.proposed_at + me.out.kind->life_ms;
    KM_TRY(km_log_work(s->log, put_case, &me, call->fault));
    *out = me.out;
    return KM_OK;
}

static km_code need_open(const km_case *one, km_case_state wanted, km_fault *f)
{
    return one->state == wanted
               ? KM_OK
               : km_fail(f, KM_PRECONDITION, "case", "it is %s", km_case_state_name(one->state));
}

static km_code confirm(void *self, km_txn *t, km_fault *f)
{
    acting *me = self;
    km_conn *c = km_txn_conn(t);
    km_str person[KM_CASE_PERSONS];
    KM_TRY(find(&me->out, c, me->id, me->call));
    KM_TRY(may(me->s, me->out.kind, me->by, f));
    KM_TRY(need_open(&me->out, KM_CASE_PROPOSED, f));
    if (!km_str_eq(me->hash_hex, me->out.hash_hex))
        return km_fail(f, KM_PRECONDITION, "hash", "another than what was proposed");
    size_t n = km_case_persons(person, &me->out);
    for (size_t i = 0; i < n; i++)
        if (km_str_eq(person[i], me->by->person))
            return km_fail(f, KM_FORBIDDEN, "case", "another person has to confirm");
    KM_TRY(put_act(c, me->s, me->id, "confirm", me->by, me->call));
    if ((int64_t)n + 1 >= me->out.kind->persons)
        KM_TRY(become(c, &me->out, KM_CASE_CONFIRMED, f));
    return find(&me->out, c, me->id, me->call);
}

km_code km_cases_confirm(km_case *out, const km_cases *s, km_str id, km_str hash_hex,
                         const km_case_actor *by, km_call *call)
{
    acting me = { .s = s, .id = id, .by = by, .hash_hex = hash_hex, .call = call };
    KM_TRY(km_log_work(s->log, confirm, &me, call->fault));
    *out = me.out;
    return KM_OK;
}

/* Who may decide it may stop it, the proposer too. */
static km_code refuse(void *self, km_txn *t, km_fault *f)
{
    acting *me = self;
    km_conn *c = km_txn_conn(t);
    KM_TRY(find(&me->out, c, me->id, me->call));
    KM_TRY(may(me->s, me->out.kind, me->by, f));
    if (me->out.state != KM_CASE_CONFIRMED)
        KM_TRY(need_open(&me->out, KM_CASE_PROPOSED, f));
    KM_TRY(put_act(c, me->s, me->id, "refuse", me->by, me->call));
    KM_TRY(become(c, &me->out, KM_CASE_REFUSED, f));
    return find(&me->out, c, me->id, me->call);
}

km_code km_cases_refuse(km_case *out, const km_cases *s, km_str id, const km_case_actor *by,
                        km_call *call)
{
    acting me = { .s = s, .id = id, .by = by, .call = call };
    KM_TRY(km_log_work(s->log, refuse, &me, call->fault));
    *out = me.out;
    return KM_OK;
}

km_code km_cases_take(km_case *out, const km_cases *s, km_str id, const char *kind,
                      const km_case_actor *by, km_txn *t, km_call *call)
{
    km_conn *c = km_txn_conn(t);
    KM_TRY(find(out, c, id, call));
    KM_TRY(may(s, out->kind, by, call->fault));
    if (!km_str_is(out->kind->name, kind))
        return km_fail(call->fault, KM_PRECONDITION, "case", "it decides something else");
    KM_TRY(need_open(out, KM_CASE_CONFIRMED, call->fault));
    KM_TRY(put_act(c, s, id, "carry-out", by, call));
    KM_TRY(become(c, out, KM_CASE_DONE, call->fault));
    return find(out, c, id, call);
}

/* --- reading --- */

km_code km_cases_get(km_case *out, const km_cases *s, km_str id, const km_case_actor *by,
                     km_call *call)
{
    km_conn *c;
    KM_TRY(km_store_reader(&c, km_log_store(s->log), call->fault));
    km_code rc = km_begin(c, call->fault);
    if (rc == KM_OK)
        rc = find(out, c, id, call);
    km_rollback(c);
    km_store_return(c);
    return rc == KM_OK ? may(s, out->kind, by, call->fault) : rc;
}

static km_code list(km_case *out, size_t *n, km_conn *c, size_t room, km_call *call)
{
    km_stmt *st;
    bool row = true;
    KM_TRY(km_query(&st, c, "case_newest", call->fault));
    km_bind_int(st, 1, (int64_t)room);
    while (row) {
        KM_TRY(km_step(&row, st, call->fault));
        km_code rc = row ? read_file(&out[*n], st, km_call_now(call), call->arena, call->fault)
                         : KM_OK;
        if (rc != KM_OK) {
            km_reset(st);
            return rc;
        }
        *n += row;
    }
    for (size_t i = 0; i < *n; i++)
        KM_TRY(read_acts(&out[i], c, call->arena, call->fault));
    return KM_OK;
}

km_code km_cases_list(km_case **out, size_t *n, size_t room, const km_cases *s,
                      const km_case_actor *by, km_call *call)
{
    km_conn *c;
    size_t all = 0;
    *out = KM_NEW_ARRAY(call->arena, room + 1, km_case);
    KM_TRY(km_store_reader(&c, km_log_store(s->log), call->fault));
    km_code rc = km_begin(c, call->fault);
    if (rc == KM_OK)
        rc = list(*out, &all, c, room, call);
    km_rollback(c);
    km_store_return(c);
    *n = 0;
    for (size_t i = 0; i < all; i++)
        if (may(s, (*out)[i].kind, by, NULL) == KM_OK)
            (*out)[(*n)++] = (*out)[i];
    return rc;
}
