/* SPDX-License-Identifier: Apache-2.0
 *
 * permits: linkage for one project (trust.md §1.7): identifiers of its own, which end with its key.
 */
#include <assert.h>

#include "trust/identity/inside.h"

static bool is_name(km_str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'))
            return false;
    }
    return name.n > 0 && name.n <= 64;
}

typedef struct asking {
    km_str release;
    km_arena *a;
    bool found;
    km_permit out;
    km_permit *all;
    size_t n;
} asking;

static void read_row(km_permit *m, km_stmt *st, int at, km_arena *a)
{
    m->research = km_arena_copy(a, km_col_text(st, at));
    m->basis = km_arena_copy(a, km_col_text(st, at + 1));
    m->client = km_arena_copy(a, km_col_text(st, at + 2));
    m->made_at = km_col_int(st, at + 3);
    m->ends_at = km_col_int(st, at + 4);
    m->destroyed_at = km_col_int(st, at + 5);
}

static km_code get(void *self, km_conn *c, km_fault *f)
{
    asking *q = self;
    km_stmt *st;
    KM_TRY(km_query(&st, c, "id_permit_get", f));
    km_bind_text(st, 1, q->release);
    KM_TRY(km_step(&q->found, st, f));
    if (!q->found)
        return KM_OK;
    q->out.release = q->release;
    read_row(&q->out, st, 0, q->a);
    km_reset(st);
    return KM_OK;
}

km_code km_persons_prepare_permit(km_persons *p, const km_permit *m, km_call *call)
{
    km_domain_row d;
    uint32_t version;
    asking q = { .release = m->release, .a = call->arena };
    if (!is_name(m->release))
        return km_fail(call->fault, KM_BAD_VALUE, "release", "1 to 64 of a-z, 0-9, - and .");
    KM_TRY(km_id__domain(&d, p, m->research, call->fault));
    if (!km_str_is(d.class_name, "research"))
        return km_fail(call->fault, KM_BAD_VALUE, "research", "a domain of the class research");
    if (m->ends_at <= km_call_now(call))
        return km_fail(call->fault, KM_BAD_VALUE, "ends", "a time to come");
    if (m->basis.n == 0 || m->client.n == 0)
        return km_fail(call->fault, KM_REQUIRED, "basis",
                       "what allows it, and whose project it is");
    KM_TRY(km_id__read(p, get, &q, call->fault));
    if (q.found)
        return km_fail(call->fault, KM_DUPLICATE, "release", "a name is used once");
    km_code rc = km_keys_newest(&version, p->o.by.a, KM_KEY_RELEASE, m->release, call->fault);
    if (rc != KM_NOT_FOUND)
        return rc; /* made by a ceremony that broke off, never used */
    km_fault_clear(call->fault);
    return km_keys_make(&version, p->o.by.a, KM_KEY_RELEASE, m->release, call->fault);
}

km_code km_persons_permit(km_persons *p, const km_permit *m, const km_decided *by, km_txn *t,
                          km_fault *f)
{
    km_stmt *st;
    int64_t changed;
    assert(km_decided_is(by));
    KM_TRY(km_query(&st, km_txn_conn(t), "id_permit_put", f));
    km_bind_text(st, 1, m->release);
    km_bind_text(st, 2, m->research);
    km_bind_text(st, 3, m->basis);
    km_bind_text(st, 4, m->client);
    km_bind_text(st, 5, by->case_id);
    km_bind_int(st, 6, km_id__now(p));
    km_bind_int(st, 7, m->ends_at);
    return km_run(st, &changed, f);
}

static km_code list(void *self, km_conn *c, km_fault *f)
{
    enum { LISTED = 1000 };
    asking *q = self;
    km_stmt *st;
    bool row = true;
    q->all = KM_NEW_ARRAY(q->a, LISTED, km_permit);
    KM_TRY(km_query(&st, c, "id_permit_all", f));
    while (row) {
        KM_TRY(km_step(&row, st, f));
        if (!row || q->n == LISTED)
            continue;
        q->all[q->n].release = km_arena_copy(q->a, km_col_text(st, 0));
        read_row(&q->all[q->n++], st, 1, q->a);
    }
    return KM_OK;
}

km_code km_persons_permits(km_permit **out, size_t *n, km_persons *p, km_call *call)
{
    asking q = { .a = call->arena };
    KM_TRY(km_id__read(p, list, &q, call->fault));
    *out = q.all;
    *n = q.n;
    return KM_OK;
}

static km_code need(km_permit *out, km_persons *p, km_str release, km_call *call)
{
    asking q = { .release = release, .a = call->arena };
    KM_TRY(km_id__read(p, get, &q, call->fault));
    if (!q.found)
        return km_fail(call->fault, KM_NOT_FOUND, NULL, NULL);
    *out = q.out;
    return q.out.destroyed_at == 0
               ? KM_OK
               : km_fail(call->fault, KM_GONE, "release", "the project has ended");
}

km_code km_persons_link(unsigned char (*sid)[KM_KEY_ID], km_persons *p, km_str release,
                        const int64_t *person, size_t n, km_call *call)
{
    km_permit m;
    KM_TRY(need(&m, p, release, call));
    if (km_call_now(call) >= m.ends_at)
        return km_fail(call->fault, KM_GONE, "release", "the project has ended");
    if (n > KM_LINK_MAX)
        return km_fail(call->fault, KM_TOO_COSTLY, "rows", "at most %d at once", KM_LINK_MAX);
    unsigned char(*pid)[KM_KEY_ID] = km_arena_array(call->arena, n + 1, KM_KEY_ID);
    km_code rc = KM_OK;
    for (size_t i = 0; i < n && rc == KM_OK; i++) {
        km_pid one;
        km_domain d;
        rc = km_persons_issue(&one, &d, p, m.research, person[i], call);
        memcpy(pid[i], one.v, KM_KEY_ID);
    }
    if (rc == KM_OK && n > 0)
        rc = km_keys_release(sid, p->o.by.a, release, pid, n, call->fault);
    explicit_bzero(pid, n * KM_KEY_ID);
    return rc;
}

typedef struct ending {
    km_persons *p;
    km_str release;
} ending;

static km_code end(void *self, km_txn *t, km_fault *f)
{
    ending *e = self;
    km_stmt *st;
    KM_TRY(km_query(&st, km_txn_conn(t), "id_permit_end", f));
    km_bind_text(st, 1, e->release);
    km_bind_int(st, 2, km_id__now(e->p));
    return km_run(st, NULL, f);
}

/* The key goes first: whatever happens then, nobody links any more. */
km_code km_persons_end_permit(km_persons *p, km_str release, km_call *call)
{
    km_permit m;
    uint32_t version;
    ending e = { p, release };
    KM_TRY(need(&m, p, release, call));
    km_code rc = km_keys_newest(&version, p->o.by.a, KM_KEY_RELEASE, release, call->fault);
    if (rc == KM_OK)
        KM_TRY(km_keys_destroy(p->o.by.a, (km_key_name){ KM_KEY_RELEASE, release, version },
                               call->fault));
    else if (rc != KM_NOT_FOUND)
        return rc;
    else
        km_fault_clear(call->fault);
    return km_log_work(p->o.log, end, &e, call->fault);
}

/* --- forward scan --- */

enum { STEP = 256 };
typedef struct scanning {
    km_persons *p;
    const km_domain_row *d;
    int64_t after;
    unsigned char pid[STEP][KM_KEY_ID], sid[STEP][KM_KEY_ID];
    int64_t person[STEP];
    size_t n;
    bool end;
} scanning;

static km_code rows_of(scanning *s, km_conn *c, int64_t person, km_fault *f)
{
    km_stmt *st;
    bool row = true;
    unsigned char owner[KM_ID_HASH];
    km_id__hash_owner(owner, s->p, s->d->domain.code, person);
    KM_TRY(km_query(&st, c, "id_pid_all_of", f));
    km_bind_int(st, 1, s->d->domain.code);
    km_bind_blob(st, 2, owner, sizeof owner);
    while (row) {
        km_pid_row one;
        KM_TRY(km_step(&row, st, f));
        if (!row || s->n == STEP)
            continue;
        km_code rc = km_id__pid_read(&one, s->p, s->d->domain.code, st, 0, f);
        if (rc != KM_OK) {
            km_reset(st);
            return rc;
        }
        memcpy(s->pid[s->n], one.pid.v, KM_KEY_ID);
        s->person[s->n++] = person;
    }
    return KM_OK;
}

/* The next persons, until the step is half full: nobody has as many identifiers in one domain as
 * the other half holds. */
static km_code next_persons(void *self, km_conn *c, km_fault *f)
{
    scanning *s = self;
    int64_t person[STEP];
    size_t n = 0;
    km_stmt *st;
    bool row = true;
    s->n = 0;
    KM_TRY(km_query(&st, c, "id_person_after", f));
    km_bind_int(st, 1, s->after);
    km_bind_int(st, 2, STEP);
    while (row) {
        KM_TRY(km_step(&row, st, f));
        if (row && n < STEP)
            person[n++] = km_col_int(st, 0);
    }
    for (size_t i = 0; i < n && s->n < STEP / 2; i++) {
        KM_TRY(rows_of(s, c, person[i], f));
        s->after = person[i];
    }
    s->end = n == 0;
    return KM_OK;
}

/* The one who is left of whom it was. */
static km_code follow(void *self, km_conn *c, km_fault *f)
{
    scanning *s = self;
    return km_id__survivor(&s->after, s->p, c, f);
}

km_code km_persons_forward_scan(int64_t *person, km_persons *p, km_str release,
                                const unsigned char sid[KM_KEY_ID], const km_decided *by,
                                km_call *call)
{
    km_permit m;
    km_domain_row d;
    assert(km_decided_is(by));
    KM_TRY(need(&m, p, release, call));
    KM_TRY(km_id__domain(&d, p, m.research, call->fault));
    scanning *s = KM_NEW(call->arena, scanning);
    s->p = p;
    s->d = &d;
    int64_t found = 0;
    km_code rc = KM_OK;
    while (rc == KM_OK && !s->end && found == 0) {
        rc = km_id__read(p, next_persons, s, call->fault);
        if (rc == KM_OK && s->n > 0)
            rc = km_keys_release(s->sid, p->o.by.a, release, s->pid, s->n, call->fault);
        for (size_t i = 0; i < s->n && rc == KM_OK && found == 0; i++)
            if (memcmp(s->sid[i], sid, KM_KEY_ID) == 0)
                found = s->person[i];
    }
    explicit_bzero(s->pid, sizeof s->pid);
    if (rc == KM_OK && found == 0)
        return km_fail(call->fault, KM_NOT_FOUND, NULL, NULL);
    s->after = found;
    if (rc == KM_OK)
        rc = km_id__read(p, follow, s, call->fault);
    *person = s->after;
    return rc;
}
