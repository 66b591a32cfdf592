/* SPDX-License-Identifier: Apache-2.0
 *
 * pids: the rows of identifiers; resolve, issue, revoke (trust.md §1.5).
 */
#include <assert.h>
#include <endian.h>
#include <stdio.h>

#include "trust/identity/inside.h"

/* --- rows --- */

enum { PLAIN = 8 + 16 + 16 + 4 + 4 + 1 + 8 + 8, SEALED = PLAIN + KM_ID_SEAL_EXTRA, TRIES = 8 };

static unsigned char *put_u64(unsigned char *p, int64_t v)
{
    uint64_t be = htobe64((uint64_t)v);
    memcpy(p, &be, 8);
    return p + 8;
}

static unsigned char *put_u32(unsigned char *p, uint32_t v)
{
    uint32_t be = htobe32(v);
    memcpy(p, &be, 4);
    return p + 4;
}

static int64_t get_u64(const unsigned char *p)
{
    uint64_t be;
    memcpy(&be, p, 8);
    return (int64_t)be64toh(be);
}

static uint32_t get_u32(const unsigned char *p)
{
    uint32_t be;
    memcpy(&be, p, 4);
    return be32toh(be);
}

/* Which row it is, as additional data: domain and hash. */
static km_id_place row_at(char room[2 + KM_ID_HASH], uint16_t domain, const void *hash)
{
    room[0] = (char)(domain >> 8);
    room[1] = (char)domain;
    memcpy(room + 2, hash, KM_ID_HASH);
    return (km_id_place){ "id_pid", "sealed", { room, 2 + KM_ID_HASH } };
}

static void seal_row(unsigned char out[SEALED], km_persons *p, const km_pid_row *row,
                     const unsigned char hash[KM_ID_HASH])
{
    char room[2 + KM_ID_HASH];
    unsigned char plain[PLAIN], *at = put_u64(plain, row->person);
    memcpy(at, row->pid.v, 16);
    memcpy(at + 16, row->next.v, 16);
    at = put_u32(put_u32(at + 32, row->gen), row->kv);
    *at++ = (unsigned char)row->state;
    (void)put_u64(put_u64(at, row->issued_at), row->until);
    km_id__seal(out, p, KM_ID_PID, row_at(room, row->domain, hash),
                (km_str){ (char *)plain, PLAIN });
    explicit_bzero(plain, sizeof plain);
}

/* The sealed part; kv and state stand clear beside it and must be the same. */
static km_code open_row(km_pid_row *out, km_persons *p, uint16_t domain, const void *hash,
                        int64_t kv, int64_t state, km_str sealed, km_fault *f)
{
    char room[2 + KM_ID_HASH];
    unsigned char plain[PLAIN];
    KM_TRY(km_id__open(plain, PLAIN, p, KM_ID_PID, row_at(room, domain, hash), sealed, f));
    *out = (km_pid_row){ .domain = domain,
                         .person = get_u64(plain),
                         .gen = get_u32(plain + 40),
                         .kv = get_u32(plain + 44),
                         .state = (km_pid_state)plain[48],
                         .issued_at = get_u64(plain + 49),
                         .until = get_u64(plain + 57) };
    memcpy(out->pid.v, plain + 8, 16);
    memcpy(out->next.v, plain + 24, 16);
    explicit_bzero(plain, sizeof plain);
    return out->kv == kv && (int64_t)out->state == state
               ? KM_OK
               : km_fail(f, KM_TAMPERED, "identity", "a row says another than what was sealed");
}

km_code km_id__pid_read(km_pid_row *out, km_persons *p, uint16_t domain, km_stmt *st, int at,
                        km_fault *f)
{
    char hash[KM_ID_HASH];
    km_str column = km_col_blob(st, at);
    if (column.n != sizeof hash)
        return km_fail(f, KM_TAMPERED, "identity", "a row of identifiers");
    memcpy(hash, column.p, sizeof hash);
    return open_row(out, p, domain, hash, km_col_int(st, at + 1), km_col_int(st, at + 2),
                    km_col_blob(st, at + 3), f);
}

km_code km_id__pid_active(km_pid_row *out, km_persons *p, km_conn *c, uint16_t domain,
                          int64_t person, km_fault *f)
{
    km_stmt *st;
    unsigned char owner[KM_ID_HASH];
    km_id__hash_owner(owner, p, domain, person);
    KM_TRY(km_query(&st, c, "id_pid_active_of", f));
    km_bind_int(st, 1, domain);
    km_bind_blob(st, 2, owner, sizeof owner);
    KM_TRY(km_id__one(st, f));
    km_code rc = km_id__pid_read(out, p, domain, st, 0, f);
    km_reset(st);
    return rc;
}

km_code km_id__pid_put(km_persons *p, km_conn *c, const km_pid_row *row, km_fault *f)
{
    km_stmt *st;
    int64_t changed;
    unsigned char hash[KM_ID_HASH], owner[KM_ID_HASH], sealed[SEALED];
    km_id__hash_pid(hash, p, row->domain, &row->pid);
    km_id__hash_owner(owner, p, row->domain, row->person);
    seal_row(sealed, p, row, hash);
    KM_TRY(km_query(&st, c, "id_pid_put", f));
    km_bind_int(st, 1, row->domain);
    km_bind_blob(st, 2, hash, sizeof hash);
    km_bind_int(st, 3, row->kv);
    km_bind_int(st, 4, row->state);
    km_bind_blob(st, 5, owner, sizeof owner);
    km_bind_blob(st, 6, sealed, sizeof sealed);
    return km_run(st, &changed, f);
}

km_code km_id__pid_become(km_persons *p, km_conn *c, const km_pid_row *row, km_pid_state from,
                          km_fault *f)
{
    km_stmt *st;
    int64_t changed;
    unsigned char hash[KM_ID_HASH], sealed[SEALED];
    km_id__hash_pid(hash, p, row->domain, &row->pid);
    seal_row(sealed, p, row, hash);
    KM_TRY(km_query(&st, c, "id_pid_become", f));
    km_bind_int(st, 1, row->domain);
    km_bind_blob(st, 2, hash, sizeof hash);
    km_bind_int(st, 3, row->state);
    km_bind_blob(st, 4, sealed, sizeof sealed);
    km_bind_int(st, 5, from);
    KM_TRY(km_run(st, &changed, f));
    return changed == 1 ? KM_OK : km_fail(f, KM_CONFLICT, "identity", "changed meanwhile");
}

/* --- deriving --- */

typedef struct taken {
    km_persons *p;
    uint16_t domain;
    const km_pid *pid;
    bool out;
} taken;

static km_code is_taken(void *self, km_conn *c, km_fault *f)
{
    taken *t = self;
    km_stmt *st;
    unsigned char hash[KM_ID_HASH];
    km_id__hash_pid(hash, t->p, t->domain, t->pid);
    KM_TRY(km_query(&st, c, "id_pid_get", f));
    km_bind_int(st, 1, t->domain);
    km_bind_blob(st, 2, hash, sizeof hash);
    KM_TRY(km_step(&t->out, st, f));
    if (t->out)
        km_reset(st);
    return KM_OK;
}

km_code km_id__pid_make(km_pid_row *row, km_persons *p, const km_domain_row *d,
                        const unsigned char root[KM_KEY_ROOT], km_fault *f)
{
    km_key_root in = { .gen = row->gen };
    taken t = { .p = p, .domain = d->domain.code, .pid = &row->pid, .out = true };
    km_code rc = KM_OK;
    memcpy(in.root, root, sizeof in.root);
    for (int tries = 0; rc == KM_OK && t.out && tries < TRIES; tries++) {
        in.gen = row->gen + (uint32_t)tries;
        rc = km_identity_derive(&row->pid, p->o.by, &d->domain, &in, 1, f);
        if (rc == KM_OK)
            rc = km_id__read(p, is_taken, &t, f);
    }
    explicit_bzero(in.root, sizeof in.root);
    if (rc == KM_OK && t.out)
        rc = km_fail(f, KM_CONFLICT, "identity", "no free identifier: the keys are suspect");
    row->gen = in.gen;
    row->domain = d->domain.code;
    row->kv = d->domain.kv;
    return rc;
}

/* --- resolve --- */

/* Does a row that is found still lead to its person? */
static bool leads_on(const km_pid_row *row, const km_domain_row *d, km_ms now)
{
    if (row->state == KM_PID_REVOKED || row->state == KM_PID_ROTATED)
        return now < row->until;
    return row->kv == d->domain.kv || (row->kv + 1 == d->domain.kv && now < d->old_until);
}

static km_code look_up(km_pid_row *out, km_persons *p, uint16_t domain, const km_pid *pid,
                       km_fault *f)
{
    km_conn *c;
    km_stmt *st;
    unsigned char hash[KM_ID_HASH];
    km_id__hash_pid(hash, p, domain, pid);
    KM_TRY(km_store_reader(&c, km_log_store(p->o.log), f));
    km_code rc = km_query(&st, c, "id_pid_get", f);
    if (rc == KM_OK) {
        km_bind_int(st, 1, domain);
        km_bind_blob(st, 2, hash, sizeof hash);
        rc = km_id__one(st, f);
        if (rc == KM_OK) {
            rc = open_row(out, p, domain, hash, km_col_int(st, 0), km_col_int(st, 1),
                          km_col_blob(st, 2), f);
            km_reset(st);
        }
    }
    km_store_return(c);
    return rc;
}

typedef struct following {
    km_persons *p;
    int64_t person;
} following;

static km_code follow(void *self, km_conn *c, km_fault *f)
{
    following *me = self;
    return km_id__survivor(&me->person, me->p, c, f);
}

km_code km_persons_resolve(km_resolved *out, km_persons *p, km_str token, km_call *call)
{
    km_pid pid;
    km_pid_row row;
    km_domain_row d;
    uint16_t code;
    uint8_t kv8;
    KM_TRY(km_identity_read_token(&pid, &code, &kv8, token, call->fault));
    if (km_id__domain_coded(&d, p, code, NULL) != KM_OK)
        return km_fail(call->fault, KM_NOT_FOUND, NULL, NULL);
    KM_TRY(look_up(&row, p, code, &pid, call->fault));
    if ((uint8_t)row.kv != kv8)
        return km_fail(call->fault, KM_NOT_FOUND, NULL, NULL);
    *out = (km_resolved){ .person = row.person,
                          .state = row.state,
                          .domain = { d.domain.uri, code, row.kv },
                          .gen = row.gen,
                          .issued_at = row.issued_at };
    if (!leads_on(&row, &d, km_call_now(call)))
        return km_fail(call->fault, KM_GONE, "token", "the identifier was replaced");
    if (row.state == KM_PID_ACTIVE)
        return KM_OK;
    /* The person of one that lives on in its grace may have been merged since. */
    following me = { p, row.person };
    KM_TRY(km_id__read(p, follow, &me, call->fault));
    out->person = me.person;
    return KM_OK;
}

/* --- issue --- */

typedef struct issuing {
    km_persons *p;
    const km_domain_row *d;
    int64_t person;
    km_id_person of;
    bool has;
    km_pid_row row; /* the active one, or the one to be */
} issuing;

static km_code look(void *self, km_conn *c, km_fault *f)
{
    issuing *me = self;
    km_code rc = km_id__pid_active(&me->row, me->p, c, me->d->domain.code, me->person, f);
    me->has = rc == KM_OK;
    if (rc != KM_NOT_FOUND)
        return rc;
    km_fault_clear(f);
    return KM_OK;
}

/* Who is merged into another is that one. */
static km_code look_with_root(void *self, km_conn *c, km_fault *f)
{
    issuing *me = self;
    KM_TRY(km_id__survivor(&me->person, me->p, c, f));
    KM_TRY(km_id__person(&me->of, me->p, c, me->person, f));
    return look(self, c, f);
}

static km_code note_collision(km_persons *p, km_conn *c, uint16_t domain, km_fault *f)
{
    char text[64];
    snprintf(text, sizeof text, "{\"domain\":%u}", (unsigned)domain);
    return km_id__note(p, c, "collision", km_str_of(text), f);
}

km_code km_id__still_so(km_persons *p, km_conn *c, const km_domain_row *d, int64_t person,
                        km_fault *f)
{
    km_id_person now;
    km_stmt *st;
    KM_TRY(km_id__person(&now, p, c, person, f));
    explicit_bzero(now.root, sizeof now.root);
    KM_TRY(km_query(&st, c, "id_domain_kv", f));
    km_bind_int(st, 1, d->domain.code);
    KM_TRY(km_id__one(st, f));
    bool same = km_col_int(st, 0) == d->domain.kv;
    km_reset(st);
    return same && now.state != KM_PERSON_MERGED
               ? KM_OK
               : km_fail(f, KM_CONFLICT, "identity", "changed meanwhile");
}

static km_code put_issued(void *self, km_txn *t, km_fault *f)
{
    issuing *me = self;
    km_conn *c = km_txn_conn(t);
    km_pid_row made = me->row;
    KM_TRY(km_id__still_so(me->p, c, me->d, me->person, f));
    KM_TRY(look(self, c, f));
    if (me->has) /* another was faster */
        return KM_OK;
    me->row = made;
    if (made.gen != me->of.gen)
        KM_TRY(note_collision(me->p, c, me->d->domain.code, f));
    return km_id__pid_put(me->p, c, &made, f);
}

static km_code issue(issuing *me, km_call *call)
{
    km_persons *p = me->p;
    KM_TRY(km_id__read(p, look_with_root, me, call->fault));
    if (me->has && me->row.kv == me->d->domain.kv)
        return KM_OK;
    if (me->has) {
        km_pid_row old = me->row;
        return km_id__rekey_one(&me->row, p, me->d, &old, me->of.root, call);
    }
    KM_TRY(km_id__vault_fresh(p, call->fault));
    me->row = (km_pid_row){ .gen = me->of.gen,
                            .state = KM_PID_ACTIVE,
                            .person = me->person,
                            .issued_at = km_call_now(call) };
    KM_TRY(km_id__pid_make(&me->row, p, me->d, me->of.root, call->fault));
    return km_log_work(p->o.log, put_issued, me, call->fault);
}

km_code km_persons_issue(km_pid *pid, km_domain *in, km_persons *p, km_str domain, int64_t person,
                         km_call *call)
{
    km_code rc = KM_CONFLICT;
    for (int tries = 0; rc == KM_CONFLICT && tries < TRIES; tries++) {
        km_domain_row d;
        km_fault_clear(call->fault);
        KM_TRY(km_id__domain(&d, p, domain, call->fault));
        issuing me = { .p = p, .d = &d, .person = person };
        rc = issue(&me, call);
        explicit_bzero(me.of.root, sizeof me.of.root);
        *pid = me.row.pid;
        *in = (km_domain){ d.domain.uri, d.domain.code, me.row.kv };
        if (rc == KM_CONFLICT)
            (void)km_persons_reload(p, NULL);
    }
    return rc;
}

/* --- revoke --- */

struct km_revoking {
    issuing i; /* i.row: the old one */
    km_domain_row d;
    km_pid_row fresh;
    const char *reason;
    km_ms until;
};

static km_code put_revoked(void *self, km_txn *t, km_fault *f)
{
    km_revoking *me = self;
    km_persons *p = me->i.p;
    km_conn *c = km_txn_conn(t);
    km_pid_row old = me->i.row;
    KM_TRY(km_id__still_so(p, c, &me->d, me->i.person, f));
    old.state = KM_PID_REVOKED;
    old.until = me->until;
    old.next = me->fresh.pid;
    KM_TRY(km_id__pid_become(p, c, &old, KM_PID_ACTIVE, f));
    KM_TRY(km_id__pid_put(p, c, &me->fresh, f));
    if (me->fresh.gen != me->i.row.gen + 1)
        KM_TRY(note_collision(p, c, old.domain, f));
    return km_id__tell(p, c,
                       &(km_id_news){ .kind = "revoked",
                                      .domain = old.domain,
                                      .old = &old.pid,
                                      .old_kv = old.kv,
                                      .fresh = &me->fresh.pid,
                                      .kv = me->fresh.kv,
                                      .reason = me->reason,
                                      .until = me->until },
                       f);
}

static km_code make_next(km_revoking *me, km_call *call)
{
    km_persons *p = me->i.p;
    KM_TRY(km_id__read(p, look_with_root, &me->i, call->fault));
    if (!me->i.has)
        return km_fail(call->fault, KM_NOT_FOUND, NULL, NULL);
    KM_TRY(km_id__vault_fresh(p, call->fault));
    me->fresh = (km_pid_row){ .gen = me->i.row.gen + 1,
                              .state = KM_PID_ACTIVE,
                              .person = me->i.person,
                              .issued_at = km_call_now(call) };
    return km_id__pid_make(&me->fresh, p, &me->d, me->i.of.root, call->fault);
}

km_code km_persons_prepare_revocation(km_revoking **out, km_persons *p, km_str domain,
                                      int64_t person, km_revocation why, int64_t grace_s,
                                      km_call *call)
{
    static const char *const reasons[] = { "request", "error", "compromise" };
    km_revoking *me = KM_NEW(call->arena, km_revoking);
    KM_TRY(km_id__domain(&me->d, p, domain, call->fault));
    int64_t most = why == KM_REVOKE_COMPROMISE ? 0 : me->d.grace_s;
    if (grace_s < 0 || grace_s > most)
        return km_fail(call->fault, KM_BAD_VALUE, "grace", "0 to %lld s here", (long long)most);
    me->reason = reasons[why];
    me->until = grace_s > 0 ? km_call_now(call) + grace_s * 1000 : 0;
    me->i = (issuing){ .p = p, .d = &me->d, .person = person };
    km_code rc = make_next(me, call);
    explicit_bzero(me->i.of.root, sizeof me->i.of.root);
    *out = me;
    return rc;
}

km_code km_persons_revoke_within(km_revoking *r, km_txn *t, km_fault *f)
{
    return put_revoked(r, t, f);
}

km_code km_persons_revoke(km_pid *pid, km_domain *in, km_persons *p, km_str domain, int64_t person,
                          km_revocation why, int64_t grace_s, km_call *call)
{
    km_revoking *me;
    KM_TRY(km_persons_prepare_revocation(&me, p, domain, person, why, grace_s, call));
    KM_TRY(km_log_work(p->o.log, put_revoked, me, call->fault));
    *pid = me->fresh.pid;
    *in = (km_domain){ me->d.domain.uri, me->d.domain.code, me->fresh.kv };
    return KM_OK;
}
