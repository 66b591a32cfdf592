/* SPDX-License-Identifier: Apache-2.0
 *
 * merge: two persons who are one, and one who is two (trust.md §1.2). Events, never edits: of a
 * person nothing is overwritten but where it leads. What needs the operators is prepared before;
 * the transaction then sees whether all is as it was.
 */
#include <assert.h>
#include <stdio.h>

#include "trust/identity/inside.h"

/* --- merge --- */

typedef struct merged_pid {
    km_domain_row d;
    bool has, made;
    km_pid_row gone, stays; /* stays: there already, or made for this */
} merged_pid;

struct km_merge {
    int64_t stays, gone;
    merged_pid *in; /* each domain */
    size_t n;
};

typedef struct preparing {
    km_persons *p;
    km_merge *m;
    km_id_person stays;
} preparing;

static km_code active_or_none(km_pid_row *out, bool *has, km_persons *p, km_conn *c,
                              uint16_t domain, int64_t person, km_fault *f)
{
    km_code rc = km_id__pid_active(out, p, c, domain, person, f);
    *has = rc == KM_OK;
    if (rc != KM_NOT_FOUND)
        return rc;
    km_fault_clear(f);
    return KM_OK;
}

static km_code both_are_left(km_persons *p, km_conn *c, int64_t one, int64_t other, km_fault *f)
{
    int64_t a = one, b = other;
    KM_TRY(km_id__survivor(&a, p, c, f));
    KM_TRY(km_id__survivor(&b, p, c, f));
    return a == one && b == other && a != b
               ? KM_OK
               : km_fail(f, KM_CONFLICT, "person", "two persons who are there and differ");
}

static km_code look(void *self, km_conn *c, km_fault *f)
{
    preparing *me = self;
    km_merge *m = me->m;
    KM_TRY(both_are_left(me->p, c, m->stays, m->gone, f));
    KM_TRY(km_id__person(&me->stays, me->p, c, m->stays, f));
    for (size_t i = 0; i < m->n; i++) {
        merged_pid *in = &m->in[i];
        bool there;
        KM_TRY(active_or_none(&in->gone, &in->has, me->p, c, in->d.domain.code, m->gone, f));
        if (!in->has)
            continue;
        KM_TRY(active_or_none(&in->stays, &there, me->p, c, in->d.domain.code, m->stays, f));
        in->made = !there;
        if (there && in->stays.kv != in->d.domain.kv)
            return km_fail(f, KM_CONFLICT, "domain", "identifiers wait for the domain's new keys");
    }
    return KM_OK;
}

km_code km_persons_prepare_merge(km_merge **out, km_persons *p, int64_t stays, int64_t gone,
                                 km_call *call)
{
    km_domain_row *d;
    km_merge *m = KM_NEW(call->arena, km_merge);
    preparing me = { .p = p, .m = m };
    m->stays = stays;
    m->gone = gone;
    KM_TRY(km_id__vault_fresh(p, call->fault));
    km_id__domains_copy(&d, &m->n, p, call->arena);
    m->in = KM_NEW_ARRAY(call->arena, m->n + 1, merged_pid);
    for (size_t i = 0; i < m->n; i++)
        m->in[i].d = d[i];
    KM_TRY(km_id__read(p, look, &me, call->fault));
    km_code rc = KM_OK;
    for (size_t i = 0; i < m->n && rc == KM_OK; i++) {
        merged_pid *in = &m->in[i];
        if (!in->has || !in->made)
            continue;
        in->stays = (km_pid_row){ .gen = me.stays.gen,
                                  .state = KM_PID_ACTIVE,
                                  .person = stays,
                                  .issued_at = km_call_now(call) };
        rc = km_id__pid_make(&in->stays, p, &in->d, me.stays.root, call->fault);
    }
    explicit_bzero(me.stays.root, sizeof me.stays.root);
    *out = m;
    return rc;
}

static km_code merge_in(km_persons *p, const km_merge *m, const merged_pid *in, km_conn *c,
                        km_fault *f)
{
    km_pid_row now;
    bool has;
    KM_TRY(active_or_none(&now, &has, p, c, in->d.domain.code, m->gone, f));
    if (has != in->has || (has && memcmp(now.pid.v, in->gone.pid.v, sizeof now.pid.v) != 0))
        return km_fail(f, KM_CONFLICT, "identity", "changed meanwhile");
    if (!has)
        return KM_OK;
    KM_TRY(km_id__still_so(p, c, &in->d, m->stays, f));
    KM_TRY(active_or_none(&now, &has, p, c, in->d.domain.code, m->stays, f));
    if (has == in->made || (has && memcmp(now.pid.v, in->stays.pid.v, sizeof now.pid.v) != 0))
        return km_fail(f, KM_CONFLICT, "identity", "changed meanwhile");
    km_pid_row gone = in->gone;
    gone.state = KM_PID_MERGED;
    gone.next = in->stays.pid;
    KM_TRY(km_id__pid_become(p, c, &gone, KM_PID_ACTIVE, f));
    if (in->made)
        KM_TRY(km_id__pid_put(p, c, &in->stays, f));
    return km_id__tell(p, c,
                       &(km_id_news){ .kind = "replaced",
                                      .domain = gone.domain,
                                      .old = &gone.pid,
                                      .old_kv = gone.kv,
                                      .fresh = &in->stays.pid,
                                      .kv = in->stays.kv,
                                      .reason = "merge" },
                       f);
}

static km_code become(km_persons *p, km_conn *c, int64_t person, km_person_state to, int64_t other,
                      km_fault *f)
{
    km_id_person now;
    km_stmt *st;
    int64_t changed;
    KM_TRY(km_id__person(&now, p, c, person, f));
    explicit_bzero(now.root, sizeof now.root);
    KM_TRY(km_query(&st, c, "id_person_state", f));
    km_bind_int(st, 1, person);
    km_bind_int(st, 2, to);
    km_bind_int(st, 3, other);
    km_bind_int(st, 4, now.state);
    KM_TRY(km_run(st, &changed, f));
    return changed == 1 ? KM_OK : km_fail(f, KM_CONFLICT, "person", "changed meanwhile");
}

static km_code note(km_persons *p, km_conn *c, const char *kind, int64_t one, int64_t other,
                    const km_decided *by, km_fault *f)
{
    km_arena *a = km_arena_new(4096);
    km_buf text = km_buf_in(a);
    km_jw w = km_jw_on(&text);
    km_jw_open(&w, '{');
    km_jw_member_int(&w, "person", one);
    km_jw_member_int(&w, "other", other);
    if (by != NULL)
        km_jw_member(&w, "case", by->case_id);
    else
        km_jw_member_z(&w, "basis", "strong-proof");
    km_jw_close(&w, '}');
    km_code rc = km_id__note(p, c, kind, km_buf_str(&text), f);
    km_arena_free(a);
    return rc;
}

km_code km_persons_merge(km_persons *p, km_merge *m, const km_decided *by, km_txn *t, km_fault *f)
{
    km_conn *c = km_txn_conn(t);
    assert(by == NULL || km_decided_is(by));
    KM_TRY(both_are_left(p, c, m->stays, m->gone, f));
    for (size_t i = 0; i < m->n; i++)
        KM_TRY(merge_in(p, m, &m->in[i], c, f));
    KM_TRY(become(p, c, m->gone, KM_PERSON_MERGED, m->stays, f));
    return note(p, c, "merged", m->gone, m->stays, by, f);
}

/* --- split --- */

typedef struct split_domain {
    km_domain_row d;
    bool has;
    km_pid_row of, fresh; /* of: of the person who stays */
    km_str *record;
    size_t records;
} split_domain;

struct km_split {
    int64_t person;
    unsigned char root[KM_KEY_ROOT];
    const int64_t *proof;
    size_t proofs;
    split_domain *in; /* those in which something is reassigned */
    size_t n;
};

static split_domain *domain_of(km_split *s, km_str uri)
{
    for (size_t i = 0; i < s->n; i++)
        if (km_str_eq(s->in[i].d.domain.uri, uri))
            return &s->in[i];
    return NULL;
}

static km_code sort_records(km_split *s, km_persons *p, const km_reassign *r, size_t n,
                            km_call *call)
{
    s->in = KM_NEW_ARRAY(call->arena, n + 1, split_domain);
    for (size_t i = 0; i < n; i++) {
        split_domain *in = domain_of(s, r[i].domain);
        if (r[i].record.n == 0 || r[i].record.n > 200 || !km_str_is_utf8(r[i].record, NULL))
            return km_fail(call->fault, KM_BAD_VALUE, "records", "an id of 1 to 200 bytes");
        if (in == NULL) {
            in = &s->in[s->n];
            KM_TRY(km_id__domain(&in->d, p, r[i].domain, call->fault));
            in->record = KM_NEW_ARRAY(call->arena, n, km_str);
            s->n++;
        }
        in->record[in->records++] = r[i].record;
    }
    return KM_OK;
}

typedef struct looking {
    km_persons *p;
    km_split *s;
} looking;

static km_code look_split(void *self, km_conn *c, km_fault *f)
{
    looking *me = self;
    km_split *s = me->s;
    int64_t left = s->person;
    KM_TRY(km_id__survivor(&left, me->p, c, f));
    if (left != s->person)
        return km_fail(f, KM_CONFLICT, "person", "merged meanwhile");
    for (size_t i = 0; i < s->n; i++)
        KM_TRY(active_or_none(&s->in[i].of, &s->in[i].has, me->p, c, s->in[i].d.domain.code,
                              s->person, f));
    return KM_OK;
}

km_code km_persons_prepare_split(km_split **out, km_persons *p, int64_t person,
                                 const int64_t *proof, size_t proofs, const km_reassign *r,
                                 size_t n, km_call *call)
{
    km_split *s = KM_NEW(call->arena, km_split);
    looking me = { p, s };
    s->person = person;
    s->proof = proof;
    s->proofs = proofs;
    if (proofs == 0)
        return km_fail(call->fault, KM_REQUIRED, "proofs", "what the new person is known by");
    KM_TRY(km_id__vault_fresh(p, call->fault));
    KM_TRY(sort_records(s, p, r, n, call));
    KM_TRY(km_id__read(p, look_split, &me, call->fault));
    p->o.random->fill(p->o.random->self, s->root, sizeof s->root);
    for (size_t i = 0; i < s->n; i++) {
        s->in[i].fresh = (km_pid_row){ .state = KM_PID_ACTIVE, .issued_at = km_call_now(call) };
        KM_TRY(km_id__pid_make(&s->in[i].fresh, p, &s->in[i].d, s->root, call->fault));
    }
    *out = s;
    return KM_OK;
}

static km_code move_proofs(const km_split *s, km_conn *c, const int64_t *all, size_t n,
                           int64_t fresh, km_fault *f)
{
    for (size_t i = 0; i < s->proofs; i++) {
        int64_t moved = 0;
        for (size_t k = 0; k < n && moved == 0; k++) {
            km_stmt *st;
            KM_TRY(km_query(&st, c, "id_proof_move", f));
            km_bind_int(st, 1, s->proof[i]);
            km_bind_int(st, 2, all[k]);
            km_bind_int(st, 3, fresh);
            KM_TRY(km_run(st, &moved, f));
        }
        if (moved == 0)
            return km_fail(f, KM_BAD_VALUE, "proofs", "not a proof of this person");
    }
    return KM_OK;
}

static bool leads_on(const km_pid_row *row, km_ms now)
{
    return row->state == KM_PID_MERGED || now < row->until;
}

/* Rows of one who was merged, in one domain: they lead nowhere any more, grace or not. What was
 * rotated away stays in the holder's feed. */
static km_code close_rows(km_persons *p, km_conn *c, uint16_t domain, int64_t person, km_fault *f)
{
    enum { ROWS = 256 };
    km_pid_row row[ROWS];
    size_t n = 0;
    km_stmt *st;
    bool more = true;
    unsigned char owner[KM_ID_HASH];
    km_id__hash_owner(owner, p, domain, person);
    KM_TRY(km_query(&st, c, "id_pid_all_of", f));
    km_bind_int(st, 1, domain);
    km_bind_blob(st, 2, owner, sizeof owner);
    while (more) {
        KM_TRY(km_step(&more, st, f));
        if (!more)
            break;
        km_code rc = n < ROWS ? km_id__pid_read(&row[n], p, domain, st, 0, f)
                              : km_fail(f, KM_TOO_COSTLY, "person", "too many identifiers");
        if (rc != KM_OK) {
            km_reset(st);
            return rc;
        }
        n += leads_on(&row[n], km_id__now(p));
    }
    for (size_t i = 0; i < n; i++) {
        km_pid_state from = row[i].state;
        if (from == KM_PID_MERGED)
            row[i].state = KM_PID_REVOKED;
        row[i].until = 0;
        KM_TRY(km_id__pid_become(p, c, &row[i], from, f));
        KM_TRY(km_id__tell(p, c,
                           &(km_id_news){ .kind = "closed",
                                          .domain = domain,
                                          .old = &row[i].pid,
                                          .old_kv = row[i].kv,
                                          .reason = "split" },
                           f));
    }
    return KM_OK;
}

static km_code close_merged(km_persons *p, km_conn *c, const int64_t *all, size_t n, km_fault *f)
{
    km_domain_row *d;
    size_t domains;
    km_arena *a = km_arena_new((size_t)8 << 20);
    km_code rc = KM_OK;
    km_id__domains_copy(&d, &domains, p, a);
    for (size_t i = 1; i < n; i++)
        for (size_t k = 0; k < domains && rc == KM_OK; k++)
            rc = close_rows(p, c, d[k].domain.code, all[i], f);
    km_arena_free(a);
    return rc;
}

static km_code split_in(km_persons *p, km_conn *c, const split_domain *in, int64_t person,
                        int64_t fresh_person, km_fault *f)
{
    km_pid_row now, fresh = in->fresh;
    bool has;
    KM_TRY(km_id__still_so(p, c, &in->d, person, f));
    KM_TRY(active_or_none(&now, &has, p, c, in->d.domain.code, person, f));
    if (has != in->has || (has && memcmp(now.pid.v, in->of.pid.v, sizeof now.pid.v) != 0))
        return km_fail(f, KM_CONFLICT, "identity", "changed meanwhile");
    fresh.person = fresh_person;
    KM_TRY(km_id__pid_put(p, c, &fresh, f));
    return km_id__tell(p, c,
                       &(km_id_news){ .kind = "reassign",
                                      .domain = fresh.domain,
                                      .old = has ? &in->of.pid : NULL,
                                      .old_kv = in->of.kv,
                                      .fresh = &fresh.pid,
                                      .kv = fresh.kv,
                                      .reason = "split",
                                      .record = in->record,
                                      .records = in->records,
                                      .needs_answer = true },
                       f);
}

km_code km_persons_split(int64_t *fresh, km_persons *p, km_split *s, const km_decided *by,
                         km_txn *t, km_fault *f)
{
    km_conn *c = km_txn_conn(t);
    int64_t all[KM_ID_CLUSTER], left = s->person;
    size_t n;
    assert(km_decided_is(by));
    KM_TRY(km_id__survivor(&left, p, c, f));
    if (left != s->person)
        return km_fail(f, KM_CONFLICT, "person", "merged meanwhile");
    KM_TRY(km_id__cluster(all, &n, c, s->person, f));
    KM_TRY(km_id__put_person(fresh, p, c, s->root, KM_PERSON_SPLIT, s->person, f));
    KM_TRY(move_proofs(s, c, all, n, *fresh, f));
    KM_TRY(close_merged(p, c, all, n, f));
    for (size_t i = 0; i < s->n; i++)
        KM_TRY(split_in(p, c, &s->in[i], s->person, *fresh, f));
    return note(p, c, "split", *fresh, s->person, by, f);
}
