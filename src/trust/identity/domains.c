/* SPDX-License-Identifier: Apache-2.0
 *
 * domains: the registry of purposes (trust.md §1.4) and who holds their identifiers.
 */
#include "trust/identity/inside.h"

#include <assert.h>

#include "km_data_trust_identity.h"

/* --- classes: data/identity/classes.tsv --- */

typedef struct class_row {
    km_str name;
    int64_t grace_s, smallest;
    bool translates;
} class_row;

static bool class_named(class_row *out, km_str name)
{
    km_str cell[6], rest = km_embedded_find(km_data_trust_identity, "classes.tsv");
    (void)km_tsv_next(cell, 6, &rest);
    while (km_tsv_next(cell, 6, &rest) == 6) {
        if (!km_str_eq(cell[0], name))
            continue;
        *out = (class_row){ .name = cell[0], .translates = km_str_is(cell[4], "yes") };
        bool read = km_str_to_i64(&out->grace_s, cell[3]) && km_str_to_i64(&out->smallest, cell[5]);
        assert(read);
        return true;
    }
    return false;
}

/* urn:kumihimo:dom:CLASS:NAME; a name of lower-case letters, digits, hyphens and dots. */
static bool class_of(class_row *out, km_str uri)
{
    const km_str prefix = KM_STR("urn:kumihimo:dom:");
    km_str name, class_name;
    if (!km_str_starts(uri, prefix) || uri.n > 120)
        return false;
    class_name = km_str_cut(km_str_sub(uri, prefix.n, SIZE_MAX), ':', &name);
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'))
            return false;
    }
    return name.n > 0 && class_named(out, class_name);
}

km_code km_persons_check_domain(const km_domain_rules *r, km_fault *f)
{
    class_row c;
    if (!class_of(&c, r->uri))
        return km_fail(f, KM_BAD_VALUE, "uri", "urn:kumihimo:dom:CLASS:NAME of a known class");
    if (r->legal_basis.n == 0 || r->legal_basis.n > 500 || !km_str_is_utf8(r->legal_basis, NULL))
        return km_fail(f, KM_BAD_VALUE, "legalBasis", "a text of 1 to 500 bytes");
    if (r->grace_s < 0 || r->grace_s > c.grace_s)
        return km_fail(f, KM_BAD_VALUE, "grace", "0 to %lld s in this class", (long long)c.grace_s);
    if (r->smallest < 0 || r->smallest > 1000000)
        return km_fail(f, KM_BAD_VALUE, "smallest", "0 to 1,000,000");
    return KM_OK;
}

bool km_decided_is(const km_decided *d)
{
    return d != NULL && d->case_id.n > 0 && d->first.n > 0 && d->second.n > 0
           && !km_str_eq(d->first, d->second);
}

/* --- the registry in memory --- */

static km_code load_row(km_domain_row *out, km_persons *p, km_stmt *st, km_fault *f)
{
    class_row c;
    km_str class_name = km_col_text(st, 2);
    if (!class_named(&c, class_name))
        return km_fail(f, KM_TAMPERED, "domain", "a domain of an unknown class");
    *out = (km_domain_row){
        .domain = { km_arena_copy(p->texts, km_col_text(st, 1)), (uint16_t)km_col_int(st, 0),
                    (uint32_t)km_col_int(st, 3) },
        .class_name = c.name,
        .legal_basis = km_arena_copy(p->texts, km_col_text(st, 4)),
        .grace_s = km_col_int(st, 5),
        .smallest = km_col_int(st, 6) > 0 ? km_col_int(st, 6) : c.smallest,
        .made_at = km_col_int(st, 7),
        .old_until = km_col_int(st, 8),
        .translates = c.translates,
    };
    return KM_OK;
}

static km_code load(void *self, km_conn *c, km_fault *f)
{
    km_persons *p = self;
    km_stmt *st;
    size_t room = 64, n = 0;
    bool row = true;
    km_domain_row *all = KM_NEW_ARRAY(p->texts, room, km_domain_row);
    KM_TRY(km_query(&st, c, "id_domain_all", f));
    while (row) {
        KM_TRY(km_step(&row, st, f));
        if (row && n == room) {
            km_domain_row *more = KM_NEW_ARRAY(p->texts, room * 2, km_domain_row);
            memcpy(more, all, n * sizeof *all);
            all = more;
            room *= 2;
        }
        km_code rc = row ? load_row(&all[n++], p, st, f) : KM_OK;
        if (rc != KM_OK) {
            km_reset(st);
            return rc;
        }
    }
    p->domain = all;
    p->domains = n;
    return KM_OK;
}

km_code km_id__domains_load(km_persons *p, km_fault *f)
{
    pthread_rwlock_wrlock(&p->lock);
    km_code rc = km_id__read(p, load, p, f);
    pthread_rwlock_unlock(&p->lock);
    return rc;
}

km_code km_persons_reload(km_persons *p, km_fault *f)
{
    return km_id__domains_load(p, f);
}

static km_code find(km_domain_row *out, km_persons *p, km_str uri, uint16_t code, km_fault *f)
{
    bool found = false;
    pthread_rwlock_rdlock(&p->lock);
    for (size_t i = 0; i < p->domains && !found; i++) {
        const km_domain_row *d = &p->domain[i];
        found = uri.n > 0 ? km_str_eq(d->domain.uri, uri) : d->domain.code == code;
        if (found)
            *out = *d;
    }
    pthread_rwlock_unlock(&p->lock);
    return found ? KM_OK : km_fail(f, KM_NOT_FOUND, "domain", "no such domain");
}

km_code km_id__domain(km_domain_row *out, km_persons *p, km_str uri, km_fault *f)
{
    if (uri.n == 0)
        return km_fail(f, KM_NOT_FOUND, "domain", "no such domain");
    return find(out, p, uri, 0, f);
}

km_code km_id__domain_coded(km_domain_row *out, km_persons *p, uint16_t code, km_fault *f)
{
    return find(out, p, KM_STR_NONE, code, f);
}

void km_id__domains_copy(km_domain_row **out, size_t *n, km_persons *p, km_arena *a)
{
    pthread_rwlock_rdlock(&p->lock);
    *n = p->domains;
    *out = KM_NEW_ARRAY(a, p->domains + 1, km_domain_row);
    memcpy(*out, p->domain, p->domains * sizeof **out);
    pthread_rwlock_unlock(&p->lock);
}

km_code km_persons_domain(km_domain_row *out, km_persons *p, km_str uri, km_call *call)
{
    return km_id__domain(out, p, uri, call->fault);
}

km_code km_persons_domains(km_domain_row **out, size_t *n, km_persons *p, km_call *call)
{
    km_id__domains_copy(out, n, p, call->arena);
    return KM_OK;
}

/* --- a new one --- */

/* Both operators' keys reach the version, however far a ceremony that broke off had come. */
static km_code level(km_persons *p, km_str uri, uint32_t wanted, km_fault *f)
{
    const struct {
        km_keys *k;
        km_key_role role;
    } both[] = { { p->o.by.a, KM_KEY_PID_A }, { p->o.by.b, KM_KEY_PID_B } };
    for (size_t i = 0; i < 2; i++) {
        uint32_t has = 0;
        km_code rc = km_keys_newest(&has, both[i].k, both[i].role, uri, f);
        if (rc != KM_OK && rc != KM_NOT_FOUND)
            return rc;
        if (rc == KM_NOT_FOUND)
            km_fault_clear(f);
        while (has < wanted)
            KM_TRY(km_keys_make(&has, both[i].k, both[i].role, uri, f));
        if (has > wanted)
            return km_fail(f, KM_CONFLICT, "domain", "an operator holds newer keys than expected");
    }
    return KM_OK;
}

km_code km_persons_prepare_domain(km_persons *p, const km_domain_rules *r, km_call *call)
{
    km_domain_row there;
    KM_TRY(km_persons_check_domain(r, call->fault));
    km_code rc = km_id__domain(&there, p, r->uri, call->fault);
    if (rc == KM_OK)
        return km_fail(call->fault, KM_DUPLICATE, "uri", "the domain is there");
    km_fault_clear(call->fault);
    return level(p, r->uri, 1, call->fault);
}

km_code km_persons_prepare_rotation(km_persons *p, km_str domain, km_call *call)
{
    km_domain_row d;
    KM_TRY(km_id__domain(&d, p, domain, call->fault));
    return level(p, domain, d.domain.kv + 1, call->fault);
}

km_code km_persons_add_domain(km_persons *p, const km_domain_rules *r, const km_decided *by,
                              km_txn *t, km_fault *f)
{
    km_conn *c = km_txn_conn(t);
    km_stmt *st;
    class_row of_class;
    int64_t code, changed;
    assert(km_decided_is(by));
    KM_TRY(km_persons_check_domain(r, f));
    bool known = class_of(&of_class, r->uri);
    assert(known);
    KM_TRY(km_id__next(&code, c, "id_domain_last", f));
    if (code > UINT16_MAX)
        return km_fail(f, KM_TOO_COSTLY, "uri", "65,535 domains are all");
    KM_TRY(km_query(&st, c, "id_domain_put", f));
    km_bind_int(st, 1, code);
    km_bind_text(st, 2, r->uri);
    km_bind_text(st, 3, of_class.name);
    km_bind_text(st, 4, r->legal_basis);
    km_bind_int(st, 5, r->grace_s);
    km_bind_int(st, 6, r->smallest);
    km_bind_int(st, 7, km_id__now(p));
    km_bind_text(st, 8, by->case_id);
    return km_run(st, &changed, f);
}

/* --- holders --- */

static void holder_row(km_holder *out, km_stmt *st, km_arena *a)
{
    *out = (km_holder){ km_col_int(st, 0), km_arena_copy(a, km_col_text(st, 1)),
                        km_arena_copy(a, km_col_text(st, 2)), (unsigned)km_col_int(st, 3) };
}

typedef struct looking {
    km_call *call;
    uint16_t code;
    km_str client; /* empty: the owner */
    km_holder out;
} looking;

static km_code look(void *self, km_conn *c, km_fault *f)
{
    looking *l = self;
    km_stmt *st;
    bool row = true, found = false;
    KM_TRY(km_query(&st, c, l->client.n > 0 ? "id_holder_of" : "id_holder_all", f));
    km_bind_int(st, 1, l->code);
    if (l->client.n > 0)
        km_bind_text(st, 2, l->client);
    while (row) {
        KM_TRY(km_step(&row, st, f));
        if (row && !found && (l->client.n > 0 || (km_col_int(st, 3) & KM_HOLDER_OWNER) != 0)) {
            holder_row(&l->out, st, l->call->arena);
            found = true;
        }
    }
    return found ? KM_OK : km_fail(f, KM_NOT_FOUND, "domain", "no such holder");
}

km_code km_persons_holder(km_holder *out, km_persons *p, km_str domain, km_str client,
                          km_call *call)
{
    km_domain_row d;
    KM_TRY(km_id__domain(&d, p, domain, call->fault));
    if (client.n == 0)
        return km_fail(call->fault, KM_NOT_FOUND, "domain", "no such holder");
    looking l = { call, d.domain.code, client, { 0 } };
    KM_TRY(km_id__read(p, look, &l, call->fault));
    *out = l.out;
    return KM_OK;
}

km_code km_persons_owner(km_holder *out, km_persons *p, km_str domain, km_call *call)
{
    km_domain_row d;
    KM_TRY(km_id__domain(&d, p, domain, call->fault));
    looking l = { call, d.domain.code, KM_STR_NONE, { 0 } };
    KM_TRY(km_id__read(p, look, &l, call->fault));
    *out = l.out;
    return KM_OK;
}

typedef struct holding {
    km_persons *p;
    uint16_t code;
    const km_holder *h;
} holding;

static km_code put_holder(void *self, km_txn *t, km_fault *f)
{
    holding *me = self;
    km_conn *c = km_txn_conn(t);
    km_stmt *st;
    int64_t number;
    bool row = true, other = false;
    KM_TRY(km_query(&st, c, "id_holder_all", f));
    km_bind_int(st, 1, me->code);
    while (row) {
        KM_TRY(km_step(&row, st, f));
        other = other
                || (row && (km_col_int(st, 3) & KM_HOLDER_OWNER) != 0
                    && !km_str_eq(km_col_text(st, 1), me->h->client));
    }
    if (other && (me->h->flags & KM_HOLDER_OWNER) != 0)
        return km_fail(f, KM_DUPLICATE, "owner", "the domain has an owner");
    KM_TRY(km_id__next(&number, c, "id_holder_last", f));
    KM_TRY(km_query(&st, c, "id_holder_put", f));
    km_bind_int(st, 1, number);
    km_bind_int(st, 2, me->code);
    km_bind_text(st, 3, me->h->client);
    km_bind_text(st, 4, me->h->jwk);
    km_bind_int(st, 5, me->h->flags);
    km_bind_int(st, 6, km_id__now(me->p));
    return km_run(st, NULL, f);
}

km_code km_persons_put_holder(km_persons *p, km_str domain, const km_holder *h, km_call *call)
{
    km_domain_row d;
    KM_TRY(km_id__domain(&d, p, domain, call->fault));
    if (h->client.n == 0 || h->client.n > 200 || !km_str_is_utf8(h->client, NULL))
        return km_fail(call->fault, KM_BAD_VALUE, "client", "1 to 200 bytes");
    holding me = { p, d.domain.code, h };
    return km_log_work(p->o.log, put_holder, &me, call->fault);
}
