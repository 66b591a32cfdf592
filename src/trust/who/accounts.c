/* SPDX-License-Identifier: Apache-2.0
 *
 * accounts: the table behind accounts.h, and its rules.
 */
#include "trust/who/accounts.h"

#include <assert.h>

#include "trust/who/ticket.h"

#define ENROLMENT_MS ((km_ms)24 * 60 * 60 * 1000)

/* --- one row ------------------------------------------------------------------------------ */

static km_str text_at(km_stmt *st, int at, km_arena *a)
{
    return km_arena_copy(a, km_col_text(st, at));
}

static void split(const km_str **out, size_t *n, km_str lines, km_arena *a)
{
    km_str *item = KM_NEW_ARRAY(a, KM_ACCOUNT_LIST, km_str);
    *n = 0;
    while (lines.n > 0 && *n < KM_ACCOUNT_LIST)
        item[(*n)++] = km_str_cut(lines, '\n', &lines);
    *out = item;
}

static km_str joined(const km_str *item, size_t n, km_arena *a)
{
    km_buf out = km_buf_in(a);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            km_buf_char(&out, '\n');
        km_buf_add(&out, item[i]);
    }
    return km_buf_str(&out);
}

static km_code read_row(km_account *out, km_stmt *st, const km_roles *roles, km_call *call)
{
    km_arena *a = call->arena;
    *out = (km_account){ .number = km_col_int(st, 0),
                         .issuer = text_at(st, 1, a),
                         .subject = text_at(st, 2, a),
                         .role = km_roles_role(roles, km_col_text(st, 3)),
                         .name = text_at(st, 4, a),
                         .network = text_at(st, 5, a),
                         .organisation = text_at(st, 6, a),
                         .person = text_at(st, 7, a) };
    split(&out->actor, &out->actors, text_at(st, 8, a), a);
    split(&out->ward, &out->wards, text_at(st, 9, a), a);
    return out->role >= 0 ? KM_OK
                          : km_fail(call->fault, KM_STORE, "account.role", "no such role any more");
}

static km_code read_only_row(km_account *out, km_stmt *st, const km_roles *roles, km_call *call)
{
    bool row;
    KM_TRY(km_step(&row, st, call->fault));
    km_code rc = row ? read_row(out, st, roles, call)
                     : km_fail(call->fault, KM_NOT_FOUND, "account", "no such account");
    km_reset(st);
    return rc;
}

km_code km_account_find(km_account *out, km_conn *c, const km_roles *roles, km_str issuer,
                        km_str subject, km_call *call)
{
    km_stmt *st;
    KM_TRY(km_query(&st, c, "account_by_who", call->fault));
    km_bind_text(st, 1, issuer);
    km_bind_text(st, 2, subject);
    return read_only_row(out, st, roles, call);
}

km_code km_account_numbered(km_account *out, km_conn *c, const km_roles *roles, int64_t number,
                            km_call *call)
{
    km_stmt *st;
    KM_TRY(km_query(&st, c, "account_by_number", call->fault));
    km_bind_int(st, 1, number);
    return read_only_row(out, st, roles, call);
}

km_code km_account_list(km_account *out, size_t *n, size_t room, km_conn *c, const km_roles *roles,
                        int64_t after, km_call *call)
{
    km_stmt *st;
    km_code rc = KM_OK;
    *n = 0;
    KM_TRY(km_query(&st, c, "account_all", call->fault));
    km_bind_int(st, 1, after);
    while (rc == KM_OK && *n < room) {
        bool row;
        KM_TRY(km_step(&row, st, call->fault));
        if (!row)
            return KM_OK;
        rc = read_row(&out[(*n)++], st, roles, call);
    }
    km_reset(st);
    return rc;
}

/* --- what a row must hold ------------------------------------------------------------------ */

/* "Patient/1": of one of the types, then an id of FHIR (R4 2.24.0.1: up to 64 of A-Za-z0-9-.). */
static bool is_reference(km_str s, const char *const *types)
{
    km_str id, type = km_str_cut(s, '/', &id);
    bool known = false;
    for (; *types != NULL; types++)
        known = known || km_str_is(type, *types);
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-'
              || c == '.'))
            return false;
    }
    return known && id.n > 0 && id.n <= 64;
}

static const char *const organisations[] = { "Organization", NULL };
static const char *const patients[] = { "Patient", NULL };
static const char *const actors[] = { "Practitioner",  "PractitionerRole", "Organization",
                                      "RelatedPerson", "CareTeam",         NULL };

static km_code check_text(km_str s, bool needed, const char *path, km_fault *f)
{
    if (s.n == 0)
        return needed ? km_fail(f, KM_REQUIRED, path, NULL) : KM_OK;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20)
            return km_fail(f, KM_BAD_VALUE, path, "a text without control characters");
    return s.n <= KM_ACCOUNT_TEXT && km_str_is_utf8(s, NULL)
               ? KM_OK
               : km_fail(f, KM_BAD_VALUE, path, "a text of at most %d bytes", KM_ACCOUNT_TEXT);
}

static km_code check_reference(km_str s, const char *const *types, const char *path, km_fault *f)
{
    return s.n == 0 || is_reference(s, types)
               ? KM_OK
               : km_fail(f, KM_BAD_VALUE, path, "is written as %s/ID", types[0]);
}

static km_code check_list(const km_str *item, size_t n, const char *const *types, const char *path,
                          km_fault *f)
{
    if (n > KM_ACCOUNT_LIST)
        return km_fail(f, KM_BAD_VALUE, path, "at most %d", KM_ACCOUNT_LIST);
    for (size_t i = 0; i < n; i++)
        if (!is_reference(item[i], types))
            return km_fail(f, KM_BAD_VALUE, path, "is written as %s/ID", types[0]);
    return KM_OK;
}

/* Has the role a permission on one of these bases? */
static bool decided_by(const km_roles *roles, int role, unsigned bases)
{
    const km_permission *p;
    size_t n = km_roles_permissions(&p, roles);
    for (size_t i = 0; i < n; i++)
        if (bases & (1U << p[i].basis[role]))
            return true;
    return false;
}

static km_code check_needs(const km_account *a, const km_roles *roles, km_fault *f)
{
    enum {
        PLACE = 1U << KM_BASIS_CONSENT | 1U << KM_BASIS_OWN | 1U << KM_BASIS_MEMBERS
                | 1U << KM_BASIS_RESIDENTS
    };
    bool self = decided_by(roles, a->role, 1U << KM_BASIS_SELF);
    if (self && a->person.n == 0)
        return km_fail(f, KM_REQUIRED, "account.person", "this role sees its own records: whose?");
    if (!self && a->person.n > 0)
        return km_fail(f, KM_BAD_VALUE, "account.person", "this role has no records of its own");
    if (decided_by(roles, a->role, 1U << KM_BASIS_WARD) != (a->wards > 0))
        return km_fail(f, a->wards > 0 ? KM_BAD_VALUE : KM_REQUIRED, "account.ward",
                       "those whom a proxy stands for, and of no other role");
    if (!self && a->wards == 0 && decided_by(roles, a->role, PLACE) && a->organisation.n == 0)
        return km_fail(f, KM_REQUIRED, "account.organisation",
                       "this role acts for an organisation");
    return KM_OK;
}

static km_code check(const km_account *a, const km_roles *roles, km_fault *f)
{
    const km_role *role;
    int known = (int)km_roles_all(&role, roles);
    if (a->role < 0 || a->role >= known || km_str_is(role[a->role].name, "nobody"))
        return km_fail(f, KM_BAD_VALUE, "account.role", "a role of data/roles/roles.tsv");
    KM_TRY(check_text(a->issuer, true, "account.issuer", f));
    KM_TRY(check_text(a->subject, true, "account.subject", f));
    KM_TRY(check_text(a->name, true, "account.name", f));
    KM_TRY(check_reference(a->network, organisations, "account.network", f));
    KM_TRY(check_reference(a->organisation, organisations, "account.organisation", f));
    KM_TRY(check_reference(a->person, patients, "account.person", f));
    KM_TRY(check_list(a->actor, a->actors, actors, "account.actor", f));
    KM_TRY(check_list(a->ward, a->wards, patients, "account.ward", f));
    return check_needs(a, roles, f);
}

/* --- changes: each one work of the writer --------------------------------------------------- */

typedef struct change {
    const km_account *account;
    const km_roles *roles;
    km_call *call;
    km_str issuer, old, renewed;
    const km_passkey *key;
    uint32_t count;
    int64_t number;
    km_ms now;
} change;

static km_code next_number(int64_t *out, km_conn *c, km_fault *f)
{
    km_stmt *st;
    bool row;
    KM_TRY(km_query(&st, c, "account_last", f));
    KM_TRY(km_step(&row, st, f));
    *out = row ? km_col_int(st, 0) + 1 : 1;
    km_reset(st);
    return KM_OK;
}

static km_code put_account(void *self, km_txn *t, km_fault *f)
{
    change *ch = self;
    const km_account *a = ch->account;
    const km_role *role;
    km_arena *arena = ch->call->arena;
    km_stmt *st;
    int64_t changed;
    km_roles_all(&role, ch->roles);
    KM_TRY(next_number(&ch->number, km_txn_conn(t), f));
    KM_TRY(km_query(&st, km_txn_conn(t), "account_put", f));
    km_bind_int(st, 1, ch->number);
    km_bind_text(st, 2, a->issuer);
    km_bind_text(st, 3, a->subject);
    km_bind_text(st, 4, role[a->role].name);
    km_bind_text(st, 5, a->name);
    km_bind_text(st, 6, a->network);
    km_bind_text(st, 7, a->organisation);
    km_bind_text(st, 8, a->person);
    km_bind_text(st, 9, joined(a->actor, a->actors, arena));
    km_bind_text(st, 10, joined(a->ward, a->wards, arena));
    km_bind_int(st, 11, ch->now);
    return km_run(st, &changed, f);
}

km_code km_account_add(int64_t *number, km_log *l, const km_account *a, const km_roles *roles,
                       km_call *call)
{
    change ch = { .account = a, .roles = roles, .call = call, .now = km_call_now(call) };
    KM_TRY(check(a, roles, call->fault));
    KM_TRY(km_log_work(l, put_account, &ch, call->fault));
    *number = ch.number;
    return KM_OK;
}

static km_code number_of(int64_t *out, km_conn *c, km_str issuer, km_str subject, km_fault *f)
{
    km_stmt *st;
    bool row;
    KM_TRY(km_query(&st, c, "account_by_who", f));
    km_bind_text(st, 1, issuer);
    km_bind_text(st, 2, subject);
    KM_TRY(km_step(&row, st, f));
    if (!row)
        return km_fail(f, KM_NOT_FOUND, "account", "no such account");
    *out = km_col_int(st, 0);
    km_reset(st);
    return KM_OK;
}

static km_code drop_account(void *self, km_txn *t, km_fault *f)
{
    static const char *const queries[] = { "passkey_drop_account", "account_drop" };
    change *ch = self;
    KM_TRY(number_of(&ch->number, km_txn_conn(t), ch->issuer, ch->old, f));
    for (size_t i = 0; i < 2; i++) {
        km_stmt *st;
        KM_TRY(km_query(&st, km_txn_conn(t), queries[i], f));
        km_bind_int(st, 1, ch->number);
        KM_TRY(km_run(st, NULL, f));
    }
    return KM_OK;
}

km_code km_account_remove(km_log *l, km_str issuer, km_str subject, km_call *call)
{
    change ch = { .issuer = issuer, .old = subject };
    return km_log_work(l, drop_account, &ch, call->fault);
}

static km_code renew_account(void *self, km_txn *t, km_fault *f)
{
    change *ch = self;
    km_stmt *st;
    int64_t changed;
    KM_TRY(number_of(&ch->number, km_txn_conn(t), ch->issuer, ch->old, f));
    KM_TRY(km_query(&st, km_txn_conn(t), "account_renew", f));
    km_bind_text(st, 1, ch->issuer);
    km_bind_text(st, 2, ch->old);
    km_bind_text(st, 3, ch->renewed);
    return km_run(st, &changed, f);
}

km_code km_account_renew(km_log *l, km_str issuer, km_str old, km_str renewed, km_call *call)
{
    change ch = { .issuer = issuer, .old = old, .renewed = renewed };
    KM_TRY(check_text(renewed, true, "account.subject", call->fault));
    return km_log_work(l, renew_account, &ch, call->fault);
}

void km_account_who(km_who *out, const km_account *a, const km_roles *roles, km_arena *arena)
{
    const km_role *role;
    km_str *name = KM_NEW_ARRAY(arena, a->actors + 2, km_str);
    size_t n = 0;
    km_roles_all(&role, roles);
    for (size_t i = 0; i < a->actors; i++)
        name[n++] = a->actor[i];
    if (a->organisation.n > 0)
        name[n++] = a->organisation;
    if (a->person.n > 0)
        name[n++] = a->person;
    *out = (km_who){ .issuer = a->issuer,
                     .subject = a->subject,
                     .name = a->name,
                     .role = a->role,
                     .purpose = role[a->role].purpose,
                     .network = a->network,
                     .organisation = a->organisation,
                     .actor = name,
                     .actors = n,
                     .person = a->person,
                     .ward = a->ward,
                     .wards = a->wards };
}

/* --- passkeys -------------------------------------------------------------------------------- */

km_code km_account_passkeys(km_passkey *out, size_t *n, km_conn *c, int64_t account, km_call *call)
{
    km_stmt *st;
    *n = 0;
    KM_TRY(km_query(&st, c, "passkey_of_account", call->fault));
    km_bind_int(st, 1, account);
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, call->fault));
        if (!row)
            return KM_OK;
        if (*n == KM_ACCOUNT_PASSKEYS)
            break;
        out[(*n)++] = (km_passkey){ km_arena_copy(call->arena, km_col_blob(st, 0)),
                                    km_arena_copy(call->arena, km_col_blob(st, 1)),
                                    (uint32_t)km_col_int(st, 2) };
    }
    km_reset(st);
    return KM_OK;
}

km_code km_account_of_passkey(int64_t *account, km_passkey *key, km_conn *c, km_str id,
                              km_call *call)
{
    km_stmt *st;
    bool row;
    KM_TRY(km_query(&st, c, "passkey_by_id", call->fault));
    km_bind_blob(st, 1, id.p, id.n);
    KM_TRY(km_step(&row, st, call->fault));
    if (!row)
        return km_fail(call->fault, KM_NOT_FOUND, "passkey", "no such passkey");
    *account = km_col_int(st, 0);
    *key = (km_passkey){ id, km_arena_copy(call->arena, km_col_blob(st, 1)),
                         (uint32_t)km_col_int(st, 2) };
    km_reset(st);
    return KM_OK;
}

static km_code count_passkeys(size_t *n, km_conn *c, int64_t account, km_fault *f)
{
    km_stmt *st;
    KM_TRY(km_query(&st, c, "passkey_of_account", f));
    km_bind_int(st, 1, account);
    for (*n = 0;; ++*n) {
        bool row;
        KM_TRY(km_step(&row, st, f));
        if (!row)
            return KM_OK;
    }
}

static km_code enrol(void *self, km_txn *t, km_fault *f)
{
    change *ch = self;
    km_stmt *st;
    size_t n;
    int64_t changed;
    KM_TRY(count_passkeys(&n, km_txn_conn(t), ch->number, f));
    if (n >= KM_ACCOUNT_PASSKEYS)
        return km_fail(f, KM_TOO_COSTLY, "passkey", "an account has at most %d",
                       KM_ACCOUNT_PASSKEYS);
    KM_TRY(km_query(&st, km_txn_conn(t), "passkey_put", f));
    km_bind_blob(st, 1, ch->key->id.p, ch->key->id.n);
    km_bind_int(st, 2, ch->number);
    km_bind_blob(st, 3, ch->key->key.p, ch->key->key.n);
    km_bind_int(st, 4, ch->key->count);
    km_bind_int(st, 5, ch->now);
    km_bind_int(st, 6, ch->now);
    return km_run(st, &changed, f);
}

km_code km_account_enrol(km_log *l, int64_t account, const km_passkey *key, km_call *call)
{
    change ch = { .key = key, .number = account, .now = km_call_now(call) };
    assert(key->id.n > 0 && key->id.n <= KM_PASSKEY_ID_MAX && key->key.n > 0);
    return km_log_work(l, enrol, &ch, call->fault);
}

static km_code keep_count(void *self, km_txn *t, km_fault *f)
{
    change *ch = self;
    km_stmt *st;
    int64_t changed;
    KM_TRY(km_query(&st, km_txn_conn(t), "passkey_used", f));
    km_bind_blob(st, 1, ch->key->id.p, ch->key->id.n);
    km_bind_int(st, 2, ch->count);
    km_bind_int(st, 3, ch->now);
    km_bind_int(st, 4, ch->key->count);
    KM_TRY(km_run(st, &changed, f));
    return changed == 1 ? KM_OK : km_fail(f, KM_CONFLICT, "passkey", "it was shown meanwhile");
}

km_code km_account_used(km_log *l, const km_passkey *key, uint32_t count, km_call *call)
{
    change ch = { .key = key, .count = count, .now = km_call_now(call) };
    return km_log_work(l, keep_count, &ch, call->fault);
}

static km_code unenrol(void *self, km_txn *t, km_fault *f)
{
    change *ch = self;
    km_stmt *st;
    int64_t changed;
    KM_TRY(km_query(&st, km_txn_conn(t), "passkey_drop", f));
    km_bind_blob(st, 1, ch->old.p, ch->old.n);
    km_bind_int(st, 2, ch->number);
    KM_TRY(km_run(st, &changed, f));
    return changed == 1 ? KM_OK : km_fail(f, KM_NOT_FOUND, "passkey", "no such passkey");
}

km_code km_account_unenrol(km_log *l, int64_t account, km_str id, km_call *call)
{
    change ch = { .number = account, .old = id };
    return km_log_work(l, unenrol, &ch, call->fault);
}

/* --- enrolling the first -----------------------------------------------------------------------
 */

static const char enrolment[] = "enrolment";

static km_str enrolled(const km_account *a, km_arena *arena)
{
    return km_arena_print(arena, "%lld\n%.*s\n%.*s", (long long)a->number, KM_STR_ARG(a->issuer),
                          KM_STR_ARG(a->subject));
}

void km_account_enrolment(km_str *code, km_log *l, const km_account *a, km_call *call)
{
    km_ticket_seal(code, l, enrolment, enrolled(a, call->arena), km_call_now(call) + ENROLMENT_MS,
                   call);
}

km_code km_account_enrolment_spend(km_log *l, const km_account *a, km_str code, km_call *call)
{
    km_str whose;
    km_ms until;
    KM_TRY(km_ticket_open(&whose, &until, l, enrolment, code, call));
    if (!km_str_eq(whose, enrolled(a, call->arena)))
        return km_fail(call->fault, KM_UNAUTHENTICATED, "code", "is for another account");
    return km_ticket_spend(l, code, until, call);
}
