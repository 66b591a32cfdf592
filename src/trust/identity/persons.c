/* SPDX-License-Identifier: Apache-2.0
 *
 * persons: the register opened; roots, and what proves who is who (trust.md §1.2).
 */
#include "trust/identity/persons.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>

#include "trust/identity/inside.h"

/* --- open, close --- */

km_code km_persons_open(km_persons **out, const km_persons_options *o, km_fault *f)
{
    km_persons *p = calloc(1, sizeof *p);
    assert(p != NULL);
    p->o = *o;
    p->texts = km_arena_new((size_t)64 << 20);
    pthread_rwlock_init(&p->lock, NULL);
    pthread_mutex_init(&p->renewing, NULL);
    km_code rc = km_id__vault_open(&p->vault, p, f);
    if (rc == KM_OK)
        rc = km_id__vault_fresh(p, f);
    if (rc == KM_OK)
        rc = km_id__domains_load(p, f);
    if (rc != KM_OK) {
        km_persons_close(p);
        return rc;
    }
    *out = p;
    return KM_OK;
}

void km_persons_close(km_persons *p)
{
    if (p == NULL)
        return;
    km_id__vault_free(p->vault);
    km_arena_free(p->texts);
    pthread_rwlock_destroy(&p->lock);
    pthread_mutex_destroy(&p->renewing);
    free(p);
}

km_code km_id__one(km_stmt *st, km_fault *f)
{
    bool row;
    KM_TRY(km_step(&row, st, f));
    return row ? KM_OK : km_fail(f, KM_NOT_FOUND, NULL, NULL);
}

km_code km_id__next(int64_t *out, km_conn *c, const char *last, km_fault *f)
{
    km_stmt *st;
    KM_TRY(km_query(&st, c, last, f));
    KM_TRY(km_id__one(st, f));
    *out = km_col_int(st, 0) + 1;
    km_reset(st);
    return KM_OK;
}

km_code km_id__read(km_persons *p, km_id_read *work, void *self, km_fault *f)
{
    km_conn *c;
    KM_TRY(km_store_reader(&c, km_log_store(p->o.log), f));
    km_code rc = km_begin(c, f);
    if (rc == KM_OK)
        rc = work(self, c, f);
    km_rollback(c);
    km_store_return(c);
    return rc;
}

/* --- persons --- */

static km_id_place root_at(const char number[8])
{
    return (km_id_place){ "id_person", "root", { number, 8 } };
}

static void number_row(char out[8], int64_t n)
{
    uint64_t be = htobe64((uint64_t)n);
    memcpy(out, &be, 8);
}

km_code km_id__person(km_id_person *out, km_persons *p, km_conn *c, int64_t person, km_fault *f)
{
    km_stmt *st;
    char row[8];
    KM_TRY(km_query(&st, c, "id_person_get", f));
    km_bind_int(st, 1, person);
    KM_TRY(km_id__one(st, f));
    number_row(row, person);
    out->state = (km_person_state)km_col_int(st, 1);
    out->other = km_col_int(st, 2);
    out->gen = (uint32_t)km_col_int(st, 3);
    km_code rc = km_id__open(out->root, sizeof out->root, p, KM_ID_ROOT, root_at(row),
                             km_col_blob(st, 0), f);
    km_reset(st);
    return rc;
}

km_code km_id__survivor(int64_t *person, km_persons *p, km_conn *c, km_fault *f)
{
    for (int steps = 0; steps < 1000; steps++) {
        km_id_person one;
        KM_TRY(km_id__person(&one, p, c, *person, f));
        explicit_bzero(one.root, sizeof one.root);
        if (one.state != KM_PERSON_MERGED)
            return KM_OK;
        *person = one.other;
    }
    return km_fail(f, KM_TAMPERED, "person", "merges go round");
}

km_code km_id__put_person(int64_t *out, km_persons *p, km_conn *c,
                          const unsigned char root[KM_KEY_ROOT], km_person_state state,
                          int64_t other, km_fault *f)
{
    km_stmt *st;
    char row[8];
    unsigned char sealed[KM_KEY_ROOT + KM_ID_SEAL_EXTRA];
    KM_TRY(km_id__next(out, c, "id_person_last", f));
    number_row(row, *out);
    km_id__seal(sealed, p, KM_ID_ROOT, root_at(row), (km_str){ (const char *)root, KM_KEY_ROOT });
    KM_TRY(km_query(&st, c, "id_person_put", f));
    km_bind_int(st, 1, *out);
    km_bind_blob(st, 2, sealed, sizeof sealed);
    km_bind_int(st, 3, state);
    km_bind_int(st, 4, other);
    return km_run(st, NULL, f);
}

km_code km_id__cluster(int64_t out[KM_ID_CLUSTER], size_t *n, km_conn *c, int64_t person,
                       km_fault *f)
{
    out[0] = person;
    *n = 1;
    for (size_t i = 0; i < *n; i++) {
        km_stmt *st;
        bool row = true;
        KM_TRY(km_query(&st, c, "id_person_into", f));
        km_bind_int(st, 1, out[i]);
        km_bind_int(st, 2, KM_PERSON_MERGED);
        while (row) {
            KM_TRY(km_step(&row, st, f));
            if (row && *n == KM_ID_CLUSTER) {
                km_reset(st);
                return km_fail(f, KM_TOO_COSTLY, "person", "more than %d merges", KM_ID_CLUSTER);
            }
            if (row)
                out[(*n)++] = km_col_int(st, 0);
        }
    }
    return KM_OK;
}

/* --- proofs --- */

typedef struct known_proof {
    const km_id_proof *proof;
    unsigned char idx[KM_KEY_ID];
    bool identifies;
    int64_t holder; /* the person who has it, merges followed; 0: nobody */
} known_proof;

typedef struct enrolment {
    km_persons *p;
    known_proof proof[KM_PROOFS_MAX];
    size_t n;
    int64_t person;
    bool made;
} enrolment;

/* Who sends the number of one purpose in the field of another is stopped here too (§1.8); numbers
 * of insurers are known systems and may have any digits. */
static bool holds_my_number(const km_id_proof *q)
{
    bool exempt = km_str_is(q->system, "insno") || km_str_is(q->system, "koiki")
                  || km_str_is(q->system, "jpki-auth");
    for (size_t i = 0; i < q->parts && !exempt; i++)
        if (km_identity_forbidden(KM_STR_NONE, q->part[i], NULL))
            return true;
    return false;
}

static km_code check_proof(known_proof *out, km_persons *p, const km_id_proof *q, km_fault *f)
{
    const km_proof_kind *kind = km_identity_kind(q->system);
    if (kind == NULL)
        return km_fail(f, KM_BAD_VALUE, "proof.system", "not a kind of proof");
    if (holds_my_number(q))
        return km_fail(f, KM_INVALID, "proof", "forbidden identifier");
    if (q->source.n == 0 || q->source.n > 200 || !km_str_is_utf8(q->source, NULL))
        return km_fail(f, KM_BAD_VALUE, "proof.source", "who says so, 1 to 200 bytes");
    *out = (known_proof){ .proof = q, .identifies = kind->identifies };
    return km_identity_index(out->idx, p->o.by.a, q->system, q->part, q->parts, f);
}

static km_code find_proof(int64_t *person, km_persons *p, km_conn *c, const known_proof *k,
                          km_fault *f)
{
    km_stmt *st;
    bool row;
    *person = 0;
    KM_TRY(km_query(&st, c, "id_proof_find", f));
    km_bind_text(st, 1, k->proof->system);
    km_bind_blob(st, 2, k->idx, sizeof k->idx);
    for (;;) {
        KM_TRY(km_step(&row, st, f));
        if (!row)
            return KM_OK;
        int64_t holder = km_col_int(st, 0), other = km_col_int(st, 2);
        bool merged = km_col_int(st, 1) == KM_PERSON_MERGED;
        if (*person == 0)
            *person = merged ? other : holder;
        if (merged) {
            km_reset(st);
            return km_id__survivor(person, p, c, f);
        }
    }
}

static km_str proof_text(km_arena *a, const km_id_proof *q)
{
    km_buf out = km_buf_in(a);
    km_enc(&out, q->part, q->parts);
    return km_buf_str(&out);
}

static km_code put_proof(km_persons *p, km_conn *c, int64_t person, const known_proof *k,
                         km_fault *f)
{
    km_stmt *st;
    int64_t number;
    char row[8];
    KM_TRY(km_id__next(&number, c, "id_proof_last", f));
    number_row(row, number);
    km_arena *a = km_arena_new(1 << 16);
    km_str sealed = km_id__seal_in(a, p, KM_ID_PROOF,
                                   (km_id_place){ "id_proof", "sealed", { row, 8 } },
                                   proof_text(a, k->proof));
    km_code rc = km_query(&st, c, "id_proof_put", f);
    if (rc == KM_OK) {
        km_bind_int(st, 1, number);
        km_bind_int(st, 2, person);
        km_bind_text(st, 3, k->proof->system);
        km_bind_blob(st, 4, k->idx, sizeof k->idx);
        km_bind_blob(st, 5, sealed.p, sealed.n);
        km_bind_text(st, 6, k->proof->source);
        km_bind_int(st, 7, k->proof->from);
        km_bind_int(st, 8, k->proof->until);
        int64_t changed;
        rc = km_run(st, &changed, f);
    }
    km_arena_free(a);
    return rc;
}

/* Whom the identifying proofs name; others many people share, so they name nobody. */
static km_code named(enrolment *e, km_conn *c, km_fault *f)
{
    for (size_t i = 0; i < e->n; i++) {
        known_proof *k = &e->proof[i];
        KM_TRY(find_proof(&k->holder, e->p, c, k, f));
        if (!k->identifies || k->holder == 0)
            continue;
        if (e->person != 0 && e->person != k->holder)
            return km_fail(f, KM_CONFLICT, "proof",
                           "the proofs name two persons: a merge is a case");
        e->person = k->holder;
    }
    return KM_OK;
}

static km_code has_proof(bool *out, km_conn *c, int64_t person, const known_proof *k, km_fault *f)
{
    km_stmt *st;
    bool row = true;
    *out = false;
    KM_TRY(km_query(&st, c, "id_proof_find", f));
    km_bind_text(st, 1, k->proof->system);
    km_bind_blob(st, 2, k->idx, sizeof k->idx);
    while (row) {
        KM_TRY(km_step(&row, st, f));
        *out = *out || (row && km_col_int(st, 0) == person);
    }
    return KM_OK;
}

static km_code enrol(void *self, km_txn *t, km_fault *f)
{
    enrolment *e = self;
    km_conn *c = km_txn_conn(t);
    e->person = 0;
    KM_TRY(named(e, c, f));
    e->made = e->person == 0;
    if (e->made) {
        unsigned char root[KM_KEY_ROOT];
        e->p->o.random->fill(e->p->o.random->self, root, sizeof root);
        km_code rc = km_id__put_person(&e->person, e->p, c, root, KM_PERSON_ACTIVE, 0, f);
        explicit_bzero(root, sizeof root);
        KM_TRY(rc);
    }
    for (size_t i = 0; i < e->n; i++) {
        bool there = e->proof[i].identifies && e->proof[i].holder == e->person;
        if (!there)
            KM_TRY(has_proof(&there, c, e->person, &e->proof[i], f));
        if (!there)
            KM_TRY(put_proof(e->p, c, e->person, &e->proof[i], f));
    }
    return KM_OK;
}

km_code km_persons_enrol(int64_t *person, bool *made, km_persons *p, const km_id_proof *proof,
                         size_t n, km_call *call)
{
    bool identified = false;
    enrolment e = { .p = p, .n = n };
    if (n == 0 || n > KM_PROOFS_MAX)
        return km_fail(call->fault, KM_BAD_VALUE, "proof", "1 to %d proofs", KM_PROOFS_MAX);
    for (size_t i = 0; i < n; i++) {
        KM_TRY(check_proof(&e.proof[i], p, &proof[i], call->fault));
        identified = identified || e.proof[i].identifies;
    }
    if (!identified)
        return km_fail(call->fault, KM_REQUIRED, "proof", "one that identifies by itself");
    KM_TRY(km_id__vault_fresh(p, call->fault));
    KM_TRY(km_log_work(p->o.log, enrol, &e, call->fault));
    *person = e.person;
    *made = e.made;
    return KM_OK;
}

static km_code find(void *self, km_conn *c, km_fault *f)
{
    enrolment *e = self;
    KM_TRY(find_proof(&e->person, e->p, c, &e->proof[0], f));
    return e->person != 0 ? KM_OK : km_fail(f, KM_NOT_FOUND, NULL, NULL);
}

km_code km_persons_find(int64_t *person, km_persons *p, const km_id_proof *proof, km_call *call)
{
    enrolment e = { .p = p, .n = 1 };
    km_id_proof q = *proof;
    if (q.source.n == 0)
        q.source = KM_STR("asked");
    KM_TRY(check_proof(&e.proof[0], p, &q, call->fault));
    if (!e.proof[0].identifies)
        return km_fail(call->fault, KM_REQUIRED, "proof", "one that identifies by itself");
    KM_TRY(km_id__read(p, find, &e, call->fault));
    *person = e.person;
    return KM_OK;
}

typedef struct listing {
    int64_t person;
    km_arena *a;
    km_proof_row *out;
    size_t n;
} listing;

static km_code list_of(listing *l, km_conn *c, int64_t person, km_fault *f)
{
    enum { LISTED = 1000 };
    km_stmt *st;
    bool row = true;
    KM_TRY(km_query(&st, c, "id_proof_of", f));
    km_bind_int(st, 1, person);
    while (row) {
        KM_TRY(km_step(&row, st, f));
        if (row && l->n < LISTED)
            l->out[l->n++] = (km_proof_row){ km_col_int(st, 0),
                                             km_arena_copy(l->a, km_col_text(st, 1)),
                                             km_arena_copy(l->a, km_col_text(st, 2)),
                                             km_col_int(st, 3), km_col_int(st, 4) };
    }
    return KM_OK;
}

static km_code list(void *self, km_conn *c, km_fault *f)
{
    listing *l = self;
    int64_t all[KM_ID_CLUSTER];
    size_t n;
    l->out = KM_NEW_ARRAY(l->a, 1000, km_proof_row);
    KM_TRY(km_id__cluster(all, &n, c, l->person, f));
    for (size_t i = 0; i < n; i++)
        KM_TRY(list_of(l, c, all[i], f));
    return KM_OK;
}

km_code km_persons_proofs(km_proof_row **out, size_t *n, km_persons *p, int64_t person,
                          km_call *call)
{
    listing l = { person, call->arena, NULL, 0 };
    KM_TRY(km_id__read(p, list, &l, call->fault));
    *out = l.out;
    *n = l.n;
    return KM_OK;
}

/* --- one person, strongly proved --- */

typedef struct comparing {
    km_persons *p;
    known_proof proof[KM_PROOFS_MAX];
    size_t n;
    int64_t one, other;
    bool out;
} comparing;

static km_code share_birth(bool *out, km_conn *c, int64_t one, int64_t other, km_fault *f)
{
    int64_t a[KM_ID_CLUSTER], b[KM_ID_CLUSTER], shared = 0;
    size_t an, bn;
    KM_TRY(km_id__cluster(a, &an, c, one, f));
    KM_TRY(km_id__cluster(b, &bn, c, other, f));
    for (size_t i = 0; i < an; i++)
        for (size_t k = 0; k < bn; k++) {
            km_stmt *st;
            KM_TRY(km_query(&st, c, "id_proof_shared", f));
            km_bind_int(st, 1, a[i]);
            km_bind_int(st, 2, b[k]);
            km_bind_text(st, 3, KM_STR("birth"));
            KM_TRY(km_id__one(st, f));
            shared += km_col_int(st, 0);
            km_reset(st);
        }
    *out = shared > 0;
    return KM_OK;
}

static km_code compare(void *self, km_conn *c, km_fault *f)
{
    comparing *me = self;
    bool one = false, other = false;
    for (size_t i = 0; i < me->n; i++) {
        int64_t person;
        KM_TRY(find_proof(&person, me->p, c, &me->proof[i], f));
        one = one || person == me->one;
        other = other || person == me->other;
    }
    me->out = one && other;
    return me->out ? share_birth(&me->out, c, me->one, me->other, f) : KM_OK;
}

km_code km_persons_strong(bool *out, km_persons *p, int64_t one, int64_t other,
                          const km_id_proof *history, size_t n, km_call *call)
{
    comparing me = { .p = p, .n = n, .one = one, .other = other };
    if (n == 0 || n > KM_PROOFS_MAX)
        return km_fail(call->fault, KM_BAD_VALUE, "history", "1 to %d numbers", KM_PROOFS_MAX);
    for (size_t i = 0; i < n; i++) {
        if (!km_str_is(history[i].system, "insno"))
            return km_fail(call->fault, KM_BAD_VALUE, "history", "insured numbers");
        KM_TRY(check_proof(&me.proof[i], p, &history[i], call->fault));
    }
    KM_TRY(km_id__read(p, compare, &me, call->fault));
    *out = me.out;
    return KM_OK;
}

/* --- death --- */

typedef struct dying {
    km_persons *p;
    int64_t person;
} dying;

static km_code die(void *self, km_txn *t, km_fault *f)
{
    dying *d = self;
    km_conn *c = km_txn_conn(t);
    km_id_person one;
    km_stmt *st;
    KM_TRY(km_id__person(&one, d->p, c, d->person, f));
    explicit_bzero(one.root, sizeof one.root);
    if (one.state == KM_PERSON_DECEASED)
        return KM_OK;
    if (one.state == KM_PERSON_MERGED)
        return km_fail(f, KM_CONFLICT, "person", "merged meanwhile");
    KM_TRY(km_query(&st, c, "id_person_state", f));
    km_bind_int(st, 1, d->person);
    km_bind_int(st, 2, KM_PERSON_DECEASED);
    km_bind_int(st, 3, one.other);
    km_bind_int(st, 4, one.state);
    return km_run(st, NULL, f);
}

km_code km_persons_died(km_persons *p, int64_t person, km_call *call)
{
    dying d = { p, person };
    return km_log_work(p->o.log, die, &d, call->fault);
}

/* --- handles --- */

static const km_id_place handle_at = { "", "handle", KM_STR_INIT("") };

km_code km_persons_handle(km_str *out, km_persons *p, int64_t person, km_call *call)
{
    char number[8];
    unsigned char sealed[8 + KM_ID_SEAL_EXTRA];
    KM_TRY(km_id__vault_fresh(p, call->fault));
    number_row(number, person);
    km_id__seal(sealed, p, KM_ID_HANDLE, handle_at, (km_str){ number, 8 });
    *out = km_base64url(call->arena, sealed, sizeof sealed);
    return KM_OK;
}

km_code km_persons_by_handle(int64_t *person, km_persons *p, km_str handle, km_fault *f)
{
    char room[256];
    uint64_t be;
    km_str sealed = { room, 0 };
    km_arena *a = km_arena_new(1024);
    bool read = handle.n < 128 && km_unbase64url(&sealed, a, handle)
                && km_id__open((unsigned char *)&be, 8, p, KM_ID_HANDLE, handle_at, sealed, NULL)
                       == KM_OK;
    km_arena_free(a);
    if (!read)
        return km_fail(f, KM_BAD_VALUE, "person", "not a handle of this node");
    *person = (int64_t)be64toh(be);
    return KM_OK;
}
