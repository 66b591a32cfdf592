/* SPDX-License-Identifier: Apache-2.0
 *
 * rotate: new keys for a whole domain (trust.md §1.5). The domain's version rises in one
 * transaction; each identifier then gets its successor in groups, which may stop and go on
 * anywhere, since a row tells by itself whether it waits.
 */
#include "trust/identity/inside.h"

#include <assert.h>
#include <stdlib.h>

enum { ROOM = 1000, TRIES = 8 };

static km_code count(int64_t *out, km_conn *c, const char *query, uint16_t domain, uint32_t kv,
                     km_fault *f)
{
    km_stmt *st;
    KM_TRY(km_query(&st, c, query, f));
    km_bind_int(st, 1, domain);
    km_bind_int(st, 2, kv);
    KM_TRY(km_id__one(st, f));
    *out = km_col_int(st, 0);
    km_reset(st);
    return KM_OK;
}

km_code km_persons_rotate(km_persons *p, km_str domain, km_revocation why, int64_t grace_s,
                          const km_decided *by, km_txn *t, km_fault *f)
{
    static const char *const reasons[] = { "plan", "error", "compromise" };
    km_domain_row d;
    km_conn *c = km_txn_conn(t);
    km_stmt *st;
    int64_t waiting, changed;
    assert(km_decided_is(by));
    KM_TRY(km_id__domain(&d, p, domain, f));
    int64_t most = why == KM_REVOKE_COMPROMISE ? 0 : d.grace_s;
    if (grace_s < 0 || grace_s > most)
        return km_fail(f, KM_BAD_VALUE, "grace", "0 to %lld s here", (long long)most);
    KM_TRY(count(&waiting, c, "id_pid_older_count", d.domain.code, d.domain.kv, f));
    if (waiting > 0)
        return km_fail(f, KM_CONFLICT, "domain", "%lld identifiers wait for the last keys",
                       (long long)waiting);
    km_ms until = grace_s > 0 ? km_id__now(p) + grace_s * 1000 : 0;
    KM_TRY(km_query(&st, c, "id_domain_rotate", f));
    km_bind_int(st, 1, d.domain.code);
    km_bind_int(st, 2, d.domain.kv);
    km_bind_int(st, 3, until);
    km_bind_text(st, 4, by->case_id);
    KM_TRY(km_run(st, &changed, f));
    if (changed != 1)
        return km_fail(f, KM_CONFLICT, "domain", "changed meanwhile");
    return km_id__tell(p, c,
                       &(km_id_news){ .kind = "rotated",
                                      .domain = d.domain.code,
                                      .reason = reasons[why],
                                      .until = until,
                                      .needs_answer = true },
                       f);
}

/* --- successors --- */

typedef struct rekeying {
    km_persons *p;
    const km_domain_row *d;
    size_t room, n;
    km_pid_row *old, *fresh;
    km_key_root *root;
    km_pid *pid;
    int64_t left;
} rekeying;

static km_code gather(void *self, km_conn *c, km_fault *f)
{
    rekeying *k = self;
    km_stmt *st;
    bool row = true;
    k->n = 0;
    KM_TRY(km_query(&st, c, "id_pid_older", f));
    km_bind_int(st, 1, k->d->domain.code);
    km_bind_int(st, 2, k->d->domain.kv);
    km_bind_int(st, 3, (int64_t)k->room);
    while (row) {
        KM_TRY(km_step(&row, st, f));
        km_code rc = row ? km_id__pid_read(&k->old[k->n++], k->p, k->d->domain.code, st, 0, f)
                         : KM_OK;
        if (rc != KM_OK) {
            km_reset(st);
            return rc;
        }
    }
    for (size_t i = 0; i < k->n; i++) {
        km_id_person one;
        KM_TRY(km_id__person(&one, k->p, c, k->old[i].person, f));
        memcpy(k->root[i].root, one.root, sizeof one.root);
        k->root[i].gen = k->old[i].gen;
        explicit_bzero(one.root, sizeof one.root);
    }
    return KM_OK;
}

/* One by one where the group met an identifier that is somebody else's. */
static km_code make(rekeying *k, bool singly, km_ms now, km_fault *f)
{
    if (!singly)
        KM_TRY(km_identity_derive(k->pid, k->p->o.by, &k->d->domain, k->root, k->n, f));
    for (size_t i = 0; i < k->n; i++) {
        k->fresh[i] = (km_pid_row){ .domain = k->d->domain.code,
                                    .kv = k->d->domain.kv,
                                    .gen = k->old[i].gen,
                                    .state = KM_PID_ACTIVE,
                                    .person = k->old[i].person,
                                    .pid = k->pid[i],
                                    .issued_at = now };
        if (singly)
            KM_TRY(km_id__pid_make(&k->fresh[i], k->p, k->d, k->root[i].root, f));
    }
    return KM_OK;
}

static km_code put(void *self, km_txn *t, km_fault *f)
{
    rekeying *k = self;
    km_conn *c = km_txn_conn(t);
    for (size_t i = 0; i < k->n; i++) {
        km_pid_row old = k->old[i];
        old.state = KM_PID_ROTATED;
        old.until = k->d->old_until;
        old.next = k->fresh[i].pid;
        KM_TRY(km_id__pid_become(k->p, c, &old, KM_PID_ACTIVE, f));
        KM_TRY(km_id__pid_put(k->p, c, &k->fresh[i], f));
    }
    return count(&k->left, c, "id_pid_older_count", k->d->domain.code, k->d->domain.kv, f);
}

static km_code rekey(rekeying *k, km_call *call)
{
    km_code rc = KM_CONFLICT;
    for (int tries = 0; tries < TRIES && (rc == KM_CONFLICT || rc == KM_DUPLICATE); tries++) {
        bool singly = rc == KM_DUPLICATE;
        km_fault_clear(call->fault);
        KM_TRY(km_id__read(k->p, gather, k, call->fault));
        rc = make(k, singly, km_call_now(call), call->fault);
        if (rc == KM_OK && k->n > 0)
            rc = km_log_work(k->p->o.log, put, k, call->fault);
    }
    return rc;
}

km_code km_id__rekey_one(km_pid_row *row, km_persons *p, const km_domain_row *d,
                         const km_pid_row *old, const unsigned char root[KM_KEY_ROOT],
                         km_call *call)
{
    km_key_root in = { .gen = old->gen };
    km_pid pid = { { 0 } };
    km_pid_row from = *old;
    rekeying k = {
        .p = p, .d = d, .room = 1, .n = 1, .old = &from, .fresh = row, .root = &in, .pid = &pid
    };
    memcpy(in.root, root, sizeof in.root);
    KM_TRY(km_id__vault_fresh(p, call->fault));
    km_code rc = make(&k, true, km_call_now(call), call->fault);
    explicit_bzero(in.root, sizeof in.root);
    return rc == KM_OK ? km_log_work(p->o.log, put, &k, call->fault) : rc;
}

km_code km_persons_rekey(int64_t *done, int64_t *left, km_persons *p, km_str domain, size_t room,
                         km_call *call)
{
    km_domain_row d;
    KM_TRY(km_id__domain(&d, p, domain, call->fault));
    KM_TRY(km_id__vault_fresh(p, call->fault));
    if (room > ROOM)
        room = ROOM;
    km_arena *a = km_arena_new((size_t)1 << 24);
    rekeying k = { .p = p, .d = &d, .room = room };
    k.old = KM_NEW_ARRAY(a, room + 1, km_pid_row);
    k.fresh = KM_NEW_ARRAY(a, room + 1, km_pid_row);
    k.root = KM_NEW_ARRAY(a, room + 1, km_key_root);
    k.pid = KM_NEW_ARRAY(a, room + 1, km_pid);
    km_code rc = rekey(&k, call);
    explicit_bzero(k.root, (room + 1) * sizeof *k.root);
    km_arena_free(a);
    *done = (int64_t)k.n;
    *left = k.left;
    return rc;
}

/* --- the feed --- */

typedef struct feeding {
    km_persons *p;
    uint16_t domain;
    uint32_t old_kv;
    unsigned char after[KM_ID_HASH];
    size_t after_n, room, n;
    km_rekeyed *out;
} feeding;

static km_code feed(void *self, km_conn *c, km_fault *f)
{
    feeding *me = self;
    km_stmt *st;
    bool row = true;
    KM_TRY(km_query(&st, c, "id_pid_feed", f));
    km_bind_int(st, 1, me->domain);
    km_bind_int(st, 2, me->old_kv);
    km_bind_blob(st, 3, me->after, me->after_n);
    km_bind_int(st, 4, (int64_t)me->room);
    while (row) {
        km_pid_row one;
        KM_TRY(km_step(&row, st, f));
        if (!row)
            break;
        memcpy(me->after, km_col_blob(st, 0).p, KM_ID_HASH);
        me->after_n = KM_ID_HASH;
        km_code rc = km_id__pid_read(&one, me->p, me->domain, st, 0, f);
        if (rc != KM_OK) {
            km_reset(st);
            return rc;
        }
        me->out[me->n++] = (km_rekeyed){ one.pid, one.next, one.kv, one.kv + 1 };
    }
    return KM_OK;
}

km_code km_persons_feed(km_rekeyed **out, size_t *n, km_str *next, km_persons *p, km_str domain,
                        uint32_t old_kv, km_str after, size_t room, km_call *call)
{
    km_domain_row d;
    KM_TRY(km_id__domain(&d, p, domain, call->fault));
    if (room > ROOM)
        room = ROOM;
    feeding me = { .p = p, .domain = d.domain.code, .old_kv = old_kv, .room = room };
    me.after_n = after.n > 0 ? KM_ID_HASH : 0;
    if (after.n > 0 && !km_unhex(me.after, KM_ID_HASH, after))
        return km_fail(call->fault, KM_BAD_VALUE, "after", "what the last page called next");
    me.out = KM_NEW_ARRAY(call->arena, room + 1, km_rekeyed);
    KM_TRY(km_id__read(p, feed, &me, call->fault));
    *out = me.out;
    *n = me.n;
    *next = me.n == room ? km_hex(call->arena, me.after, KM_ID_HASH) : KM_STR_NONE;
    return KM_OK;
}

typedef struct applying {
    km_persons *p;
    uint16_t domain;
    uint32_t kv;
    int64_t holder, count;
} applying;

static km_code apply(void *self, km_txn *t, km_fault *f)
{
    applying *me = self;
    km_conn *c = km_txn_conn(t);
    km_stmt *st;
    int64_t issued, waiting;
    KM_TRY(count(&issued, c, "id_pid_feed_count", me->domain, me->kv, f));
    KM_TRY(count(&waiting, c, "id_pid_older_count", me->domain, me->kv + 1, f));
    if (waiting > 0 || issued != me->count)
        return km_fail(f, KM_CONFLICT, "count", "%lld were issued, %lld wait", (long long)issued,
                       (long long)waiting);
    KM_TRY(km_query(&st, c, "id_applied_put", f));
    km_bind_int(st, 1, me->domain);
    km_bind_int(st, 2, me->holder);
    km_bind_int(st, 3, me->kv);
    km_bind_int(st, 4, me->count);
    km_bind_int(st, 5, km_id__now(me->p));
    return km_run(st, NULL, f);
}

km_code km_persons_applied(km_persons *p, km_str domain, const km_holder *h, uint32_t old_kv,
                           int64_t applied, km_call *call)
{
    km_domain_row d;
    KM_TRY(km_id__domain(&d, p, domain, call->fault));
    if (old_kv == 0 || old_kv >= d.domain.kv)
        return km_fail(call->fault, KM_BAD_VALUE, "keyVersion", "a version that was replaced");
    applying me = { p, d.domain.code, old_kv, h->number, applied };
    return km_log_work(p->o.log, apply, &me, call->fault);
}
