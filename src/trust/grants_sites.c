/* SPDX-License-Identifier: Apache-2.0
 *
 * grants_sites: which organisations are registered emergency sites; and who agreed beforehand that
 * all of them see their emergency class.
 */
#include "base/date.h"
#include "trust/grants_inside.h"

enum { SITES = 10000, NAME_MOST = 200 };

/* --- sites --- */

typedef struct putting {
    km_str organisation, name, by;
    km_ms now;
    bool end;
} putting;

static km_code put_site(void *self, km_txn *t, km_fault *f)
{
    const putting *p = self;
    km_stmt *st;
    KM_TRY(km_query(&st, km_txn_conn(t), "site_put", f));
    km_bind_text(st, 1, p->organisation);
    km_bind_text(st, 2, p->name);
    km_bind_text(st, 3, p->by);
    km_bind_int(st, 4, p->now);
    return km_run(st, NULL, f);
}

static km_code end_site(void *self, km_txn *t, km_fault *f)
{
    const putting *p = self;
    km_stmt *st;
    int64_t changed;
    KM_TRY(km_query(&st, km_txn_conn(t), "site_end", f));
    km_bind_text(st, 1, p->organisation);
    km_bind_int(st, 2, p->now);
    km_bind_text(st, 3, p->by);
    KM_TRY(km_run(st, &changed, f));
    return changed > 0 ? KM_OK : km_fail(f, KM_NOT_FOUND, NULL, NULL);
}

static km_code organisation_stands(km_str organisation, km_fault *f)
{
    km_str id, type = km_str_cut(organisation, '/', &id);
    return km_str_is(type, "Organization") && km_fhir_is_id(id)
               ? KM_OK
               : km_fail(f, KM_BAD_VALUE, "organisation", "Organization/ID");
}

km_code km_trust_site_put(km_log *l, km_str organisation, km_str name, km_str by, km_call *call)
{
    putting p = { organisation, km_str_trim(name), by, km_call_now(call), false };
    KM_TRY(organisation_stands(organisation, call->fault));
    if (p.name.n == 0)
        return km_fail(call->fault, KM_REQUIRED, "name", NULL);
    if (p.name.n > NAME_MOST)
        return km_fail(call->fault, KM_TOO_LONG, "name", "at most %d bytes", NAME_MOST);
    return km_log_work(l, put_site, &p, call->fault);
}

km_code km_trust_site_end(km_log *l, km_str organisation, km_str by, km_call *call)
{
    putting p = { organisation, KM_STR_NONE, by, km_call_now(call), true };
    KM_TRY(organisation_stands(organisation, call->fault));
    return km_log_work(l, end_site, &p, call->fault);
}

km_code km_trust_sites(km_site **out, size_t *n, km_reader *r)
{
    km_stmt *st;
    km_call *call = km_reader_call(r);
    size_t room = 0;
    *n = 0;
    *out = NULL;
    KM_TRY(km_query(&st, km_reader_conn(r), "site_all", call->fault));
    km_bind_int(st, 1, SITES);
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, call->fault));
        if (!row)
            return KM_OK;
        if (*n == room) {
            km_site *more = KM_NEW_ARRAY(call->arena, room * 2 + 16, km_site);
            if (*n > 0)
                memcpy(more, *out, *n * sizeof *more);
            *out = more;
            room = room * 2 + 16;
        }
        (*out)[(*n)++] = (km_site){ km_arena_copy(call->arena, km_col_text(st, 0)),
                                    km_arena_copy(call->arena, km_col_text(st, 1)),
                                    km_col_int(st, 2), km_col_int(st, 3) };
    }
}

km_code km_trust_at_site(bool *out, km_reader *r, const km_who *who)
{
    *out = false;
    return who == NULL ? KM_OK
                       : km_grants__site(out, km_reader_conn(r), who->organisation,
                                         km_reader_call(r)->fault);
}

/* --- agreed at registration --- */

typedef struct standing {
    int64_t chart;
    km_str consent, by;
    km_ms now;
    const km_who *who;
} standing;

static km_code put_standing(void *self, km_txn *t, km_fault *f)
{
    const standing *s = self;
    km_stmt *st;
    KM_TRY(km_query(&st, km_txn_conn(t), "standing_put", f));
    km_bind_int(st, 1, s->chart);
    km_bind_text(st, 2, s->consent);
    km_bind_text(st, 3, s->by);
    km_bind_int(st, 4, s->now);
    return km_run(st, NULL, f);
}

static km_code end_standing(void *self, km_txn *t, km_fault *f)
{
    const standing *s = self;
    km_stmt *st;
    int64_t changed;
    KM_TRY(km_query(&st, km_txn_conn(t), "standing_end", f));
    km_bind_int(st, 1, s->chart);
    km_bind_int(st, 2, s->now);
    km_bind_text(st, 3, s->by);
    KM_TRY(km_run(st, &changed, f));
    return changed > 0 ? KM_OK : km_fail(f, KM_NOT_FOUND, NULL, NULL);
}

km_code km_trust_standing_put(km_log *l, int64_t chart, km_str consent, km_str by, km_call *call)
{
    standing s = { chart, consent, by, km_call_now(call), NULL };
    km_str id, type = km_str_cut(consent, '/', &id);
    if (!km_str_is(type, "Consent") || !km_fhir_is_id(id))
        return km_fail(call->fault, KM_BAD_VALUE, "consent", "Consent/ID");
    return km_log_work(l, put_standing, &s, call->fault);
}

km_code km_trust_standing_end(km_log *l, int64_t chart, km_str by, km_call *call)
{
    standing s = { chart, KM_STR_NONE, by, km_call_now(call), NULL };
    return km_log_work(l, end_standing, &s, call->fault);
}

km_code km_trust_standing_of(bool *out, km_reader *r, const int64_t *chart, size_t n,
                             const km_who *who, km_ms now)
{
    bool row = false, stands = false;
    km_conn *c = km_reader_conn(r);
    km_fault *f = km_reader_call(r)->fault;
    (void)now;
    *out = false;
    if (who == NULL || who->organisation.n == 0)
        return KM_OK;
    for (size_t i = 0; i < n && !row; i++) {
        km_stmt *st;
        KM_TRY(km_query(&st, c, "standing_get", f));
        km_bind_int(st, 1, chart[i]);
        KM_TRY(km_step(&row, st, f));
        km_reset(st);
    }
    if (row)
        KM_TRY(km_grants__site(&stands, c, who->organisation, f));
    *out = row && stands;
    return KM_OK;
}

/* Once a day (in Japan) is enough: a day's care is many readings. */
static km_code tell_seen(void *self, km_txn *t, km_fault *f)
{
    const standing *s = self;
    km_conn *c = km_txn_conn(t);
    km_stmt *st;
    bool told;
    km_ms day = (km_day_in_japan(s->now) * 24 - 9) * 3600 * 1000;
    km_grants__telling telling = {
        .chart = s->chart, .kind = KM_NOTICE_STANDING, .who = s->who, .at = s->now
    };
    KM_TRY(km_query(&st, c, "notice_today", f));
    km_bind_int(st, 1, s->chart);
    km_bind_int(st, 2, KM_NOTICE_PERSON);
    km_bind_int(st, 3, KM_NOTICE_STANDING);
    km_bind_text(st, 4, s->who->issuer);
    km_bind_text(st, 5, s->who->subject);
    km_bind_int(st, 6, day);
    KM_TRY(km_step(&told, st, f));
    km_reset(st);
    return told ? KM_OK : km_grants__tell(c, &telling, f);
}

km_code km_trust_standing_seen(km_log *l, int64_t chart, const km_who *who, km_call *call)
{
    standing s = { chart, KM_STR_NONE, KM_STR_NONE, km_call_now(call), who };
    return km_log_work(l, tell_seen, &s, call->fault);
}
