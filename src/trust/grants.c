/* SPDX-License-Identifier: Apache-2.0
 *
 * grants: breaking the glass: making a grant, extending it, and the two look-ups of the door.
 */
#include "trust/grants_inside.h"

#include "base/embedded.h"
#include "trust/roles/roles.h"

#include "km_data_trust.h"

/* --- who may, and what must be said --- */

/* An ideographic space is a space too. */
static km_str without_spaces(km_str s)
{
    static const km_str wide = KM_STR_INIT("\xe3\x80\x80");
    for (size_t before = s.n + 1; before != s.n;) {
        before = s.n;
        s = km_str_trim(s);
        if (km_str_starts(s, wide))
            s = km_str_sub(s, wide.n, s.n);
        if (km_str_ends(s, wide))
            s.n -= wide.n;
    }
    return s;
}

static size_t characters(km_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return n;
}

km_code km_grants__words(km_str *out, km_str words, const char *path, km_fault *f)
{
    *out = without_spaces(words);
    if (out->n > KM_GRANT_WORDS_MOST)
        return km_fail(f, KM_TOO_LONG, path, "at most %d bytes", KM_GRANT_WORDS_MOST);
    if (!km_str_is_utf8(*out, NULL) || memchr(out->n ? out->p : "", '\0', out->n) != NULL)
        return km_fail(f, KM_BAD_VALUE, path, "text in UTF-8");
    if (characters(*out) < KM_GRANT_WORDS_LEAST)
        return km_fail(f, KM_REQUIRED, path, "at least %d characters", KM_GRANT_WORDS_LEAST);
    return KM_OK;
}

/* Tables of roles are small; a grant is rare. */
static km_str role_name(int number)
{
    const km_role *role;
    km_roles *roles = km_roles_new();
    size_t n = km_roles_all(&role, roles);
    km_str name = number >= 0 && (size_t)number < n ? role[number].name : KM_STR_NONE;
    km_roles_free(roles); /* names stand in the embedded table */
    return name;
}

km_code km_grants__may(const km_who *who, km_ms now, km_fault *f)
{
    km_str role = role_name(who->role);
    if (!km_str_is(role, "clinician") && !km_str_is(role, "emergency"))
        return km_fail(f, KM_FORBIDDEN, NULL, "clinicians and emergency staff break the glass");
    if (who->second_factor_at <= 0 || who->second_factor_at > now
        || now - who->second_factor_at >= KM_GRANT_FACTOR_MS)
        return km_fail(f, KM_UNAUTHENTICATED, NULL,
                       "show your passkey or certificate again: the last time is 12 hours ago");
    return KM_OK;
}

size_t km_trust_reasons(km_grant_reason out[KM_GRANT_REASONS])
{
    size_t n = 0;
    km_str cell[3], rest = km_embedded_find(km_data_trust, "reasons.tsv");
    (void)km_tsv_next(cell, 3, &rest); /* the header */
    while (n < KM_GRANT_REASONS && km_tsv_next(cell, 3, &rest) == 3)
        out[n++] = (km_grant_reason){ cell[0], cell[1], cell[2] };
    return n;
}

static km_code known_reason(km_str code, km_fault *f)
{
    km_grant_reason reason[KM_GRANT_REASONS];
    size_t n = km_trust_reasons(reason);
    for (size_t i = 0; i < n; i++)
        if (km_str_eq(reason[i].code, code))
            return KM_OK;
    return km_fail(f, KM_CODE_UNKNOWN, "reason", "a reason of /emergency/reasons");
}

km_code km_grants__site(bool *out, km_conn *c, km_str organisation, km_fault *f)
{
    km_stmt *st;
    *out = false;
    if (organisation.n == 0)
        return KM_OK;
    KM_TRY(km_query(&st, c, "site_stands", f));
    km_bind_text(st, 1, organisation);
    KM_TRY(km_step(out, st, f));
    km_reset(st);
    return KM_OK;
}

static km_code must_be_at_site(km_conn *c, const km_who *who, km_fault *f)
{
    bool stands;
    KM_TRY(km_grants__site(&stands, c, who->organisation, f));
    return stands ? KM_OK
                  : km_fail(f, KM_FORBIDDEN, NULL,
                            "your organisation is no registered emergency "
                            "site");
}

/* --- what the person said beforehand --- */

/* The decision for a record of which everything is known and nothing is special (a refusal of it is
 * a refusal of all), or of which nothing is known (any refusal counts). */
static bool refuses(const km_who *who, km_str network, const km_consent *consent, size_t n,
                    km_ms now, unsigned unknown)
{
    km_decision d;
    km_consent_network of = { .id = network };
    km_consent_request r = { .passed = KM_ASK_ALL,
                             .grant = KM_GRANT_MINIMUM,
                             .now = now,
                             .actor = who->actor,
                             .actors = who->actors,
                             .network = network,
                             .action = KM_STR("access"),
                             .purpose = KM_STR("ETREAT"),
                             .unknown = unknown,
                             .time = now };
    km_consent_decide(&d, &r, &of, consent, n);
    return d.reason == KM_WHY_EMERGENCY_REFUSED;
}

static km_refusal_told refusal_in(const km_who *who, km_str network, const km_consent *consent,
                                  size_t n, km_ms now)
{
    return refuses(who, network, consent, n, now, 0)          ? KM_REFUSED_ALL
           : refuses(who, network, consent, n, now, KM_FACTS) ? KM_REFUSED_PARTS
                                                              : KM_REFUSED_NOTHING;
}

/* Who asks for no network of their own meets what the person said in any. */
static km_refusal_told refusal(const km_who *who, const km_consent *consent, size_t n, km_ms now)
{
    km_refusal_told most = refusal_in(who, who->network, consent, n, now);
    for (size_t i = 0; i < n && who->network.n == 0; i++)
        for (uint32_t k = 0; km_consent_network_at(consent[i], k).n > 0; k++) {
            km_refusal_told one = refusal_in(who, km_consent_network_at(consent[i], k), consent, n,
                                             now);
            most = one > most ? one : most;
        }
    return most;
}

km_code km_trust_refusal_of(km_refusal_told *out, km_reader *r, const int64_t *chart, size_t n,
                            const km_who *who, km_ms now)
{
    km_consent *consent;
    size_t consents;
    KM_TRY(km_trust_consents(&consent, &consents, r, chart, n));
    *out = refusal(who, consent, consents, now);
    return KM_OK;
}

/* --- rows --- */

km_code km_grants__next(int64_t *out, km_conn *c, const char *query, km_fault *f)
{
    km_stmt *st;
    bool row;
    KM_TRY(km_query(&st, c, query, f));
    KM_TRY(km_step(&row, st, f));
    *out = row ? km_col_int(st, 0) : 1;
    km_reset(st);
    return KM_OK;
}

void km_grants__row(km_granted *out, km_stmt *st, km_arena *a)
{
    *out = (km_granted){ .number = km_col_int(st, 0),
                         .chart = km_col_int(st, 1),
                         .level = (km_grant)km_col_int(st, 2),
                         .refused = (km_refusal_told)km_col_int(st, 3),
                         .issuer = km_arena_copy(a, km_col_text(st, 4)),
                         .subject = km_arena_copy(a, km_col_text(st, 5)),
                         .name = km_arena_copy(a, km_col_text(st, 6)),
                         .role = km_arena_copy(a, km_col_text(st, 7)),
                         .organisation = km_arena_copy(a, km_col_text(st, 8)),
                         .reason = km_arena_copy(a, km_col_text(st, 9)),
                         .words = km_arena_copy(a, km_col_text(st, 10)),
                         .at = km_col_int(st, 11),
                         .until = km_col_int(st, 12),
                         .second_name = km_arena_copy(a, km_col_text(st, 13)),
                         .second_organisation = km_arena_copy(a, km_col_text(st, 14)),
                         .second_words = km_arena_copy(a, km_col_text(st, 15)),
                         .second_at = km_col_int(st, 16) };
}

km_code km_grants__get(km_granted *out, km_grants__pair *pair, km_conn *c, int64_t number,
                       km_arena *a, km_fault *f)
{
    km_stmt *st;
    bool row;
    KM_TRY(km_query(&st, c, "grant_get", f));
    km_bind_int(st, 1, number);
    KM_TRY(km_step(&row, st, f));
    if (!row)
        return km_fail(f, KM_NOT_FOUND, NULL, NULL);
    km_grants__row(out, st, a);
    *pair = (km_grants__pair){ out->issuer, out->subject, km_arena_copy(a, km_col_text(st, 17)),
                               km_arena_copy(a, km_col_text(st, 18)) };
    km_reset(st);
    return KM_OK;
}

static km_code put_grant(km_conn *c, const km_granted *g, km_fault *f)
{
    km_stmt *st;
    KM_TRY(km_query(&st, c, "grant_put", f));
    km_bind_int(st, 1, g->number);
    km_bind_int(st, 2, g->chart);
    km_bind_int(st, 3, g->level);
    km_bind_int(st, 4, g->refused);
    const km_str text[] = { g->issuer,       g->subject, g->name, g->role,
                            g->organisation, g->reason,  g->words };
    for (int i = 0; i < 7; i++)
        km_bind_text(st, 5 + i, text[i]);
    km_bind_int(st, 12, g->at);
    km_bind_int(st, 13, g->until);
    return km_run(st, NULL, f);
}

static km_code put_review(km_conn *c, const km_granted *g, km_fault *f)
{
    km_stmt *st;
    KM_TRY(km_query(&st, c, "review_put", f));
    km_bind_int(st, 1, g->number);
    km_bind_int(st, 2, g->at + KM_GRANT_REVIEW_MS);
    return km_run(st, NULL, f);
}

/* --- making --- */

typedef struct making {
    km_granted *out;
    const km_grant_wish *wish;
    const km_who *who;
    km_arena *arena;
} making;

/* Everything that decides is looked at here, on the writer's transaction: a refusal or the end of a
 * site that was committed before counts. */
static km_code make(void *self, km_txn *t, km_fault *f)
{
    const making *m = self;
    km_granted *g = m->out;
    km_conn *c = km_txn_conn(t);
    km_consent *consent;
    size_t n;
    if (!m->wish->open)
        KM_TRY(must_be_at_site(c, m->who, f));
    KM_TRY(km_trust__consents(&consent, &n, c, m->wish->chart, m->wish->charts, m->arena, f));
    g->refused = refusal(m->who, consent, n, g->at);
    g->level = g->refused == KM_REFUSED_ALL ? KM_GRANT_NONE : KM_GRANT_MINIMUM;
    g->until = g->level == KM_GRANT_NONE ? g->at : g->at + KM_GRANT_LIFE_MS;
    KM_TRY(km_grants__next(&g->number, c, "grant_next", f));
    KM_TRY(put_grant(c, g, f));
    km_grants__telling told = { .chart = g->chart,
                                .about = g->number,
                                .kind = g->level == KM_GRANT_NONE ? KM_NOTICE_REFUSED
                                                                  : KM_NOTICE_GRANT,
                                .who = m->who,
                                .home = m->wish->home,
                                .homes = m->wish->homes,
                                .at = g->at };
    KM_TRY(km_grants__tell(c, &told, f));
    KM_TRY(put_review(c, g, f));
    return m->wish->trace == NULL ? KM_OK : m->wish->trace(m->wish->self, g, f);
}

km_code km_trust_grant_make(km_granted *out, km_log *l, const km_grant_wish *w, const km_who *who,
                            km_call *call)
{
    km_ms now = km_call_now(call);
    *out = (km_granted){ .chart = w->charts > 0 ? w->chart[0] : 0,
                         .issuer = who->issuer,
                         .subject = who->subject,
                         .name = who->name,
                         .role = role_name(who->role),
                         .organisation = who->organisation,
                         .reason = w->reason,
                         .at = now };
    if (w->charts == 0 || out->chart == KM_CHART_NONE)
        return km_fail(call->fault, KM_NOT_FOUND, NULL, NULL);
    if (!w->open)
        KM_TRY(km_grants__may(who, now, call->fault));
    KM_TRY(known_reason(w->reason, call->fault));
    KM_TRY(km_grants__words(&out->words, w->words, "words", call->fault));
    making m = { out, w, who, call->arena };
    return km_log_work(l, make, &m, call->fault);
}

/* --- extending --- */

typedef struct extending {
    km_granted *out;
    const km_grant_second *second;
    km_str words;
    const km_who *who;
    km_arena *arena;
    km_ms now;
} extending;

static km_code may_extend(const extending *e, const km_grants__pair *first, km_conn *c, km_fault *f)
{
    const km_granted *g = e->out;
    bool same = km_str_eq(first->issuer, e->who->issuer)
                && km_str_eq(first->subject, e->who->subject);
    if (!e->second->open)
        KM_TRY(must_be_at_site(c, e->who, f));
    if (g->level == KM_GRANT_NONE)
        return km_fail(f, KM_FORBIDDEN, NULL, "the person refused emergency access beforehand");
    if (same)
        return km_fail(f, KM_FORBIDDEN, NULL, "a second clinician extends a grant, not its own");
    if (e->now >= g->until)
        return km_fail(f, KM_GONE, NULL, "the grant has ended");
    if (g->level == KM_GRANT_FULL)
        return km_fail(f, KM_DUPLICATE, NULL, "the grant was extended before");
    return KM_OK;
}

static km_code extend(void *self, km_txn *t, km_fault *f)
{
    const extending *e = self;
    km_granted *g = e->out;
    km_conn *c = km_txn_conn(t);
    km_grants__pair pair;
    km_stmt *st;
    KM_TRY(km_grants__get(g, &pair, c, e->second->number, e->arena, f));
    KM_TRY(may_extend(e, &pair, c, f));
    g->level = KM_GRANT_FULL;
    g->second_name = e->who->name;
    g->second_organisation = e->who->organisation;
    g->second_words = e->words;
    g->second_at = e->now;
    KM_TRY(km_query(&st, c, "grant_extend", f));
    km_bind_int(st, 1, g->number);
    const km_str text[] = { e->who->issuer, e->who->subject, g->second_name, g->second_organisation,
                            g->second_words };
    for (int i = 0; i < 5; i++)
        km_bind_text(st, 2 + i, text[i]);
    km_bind_int(st, 7, g->second_at);
    KM_TRY(km_run(st, NULL, f));
    KM_TRY(km_grants__tell_again(c, g, KM_NOTICE_EXTENDED, e->who, e->now, e->arena, f));
    return e->second->trace == NULL ? KM_OK : e->second->trace(e->second->self, g, f);
}

km_code km_trust_grant_extend(km_granted *out, km_log *l, const km_grant_second *second,
                              const km_who *who, km_call *call)
{
    extending e = { out, second, KM_STR_NONE, who, call->arena, km_call_now(call) };
    if (!second->open)
        KM_TRY(km_grants__may(who, e.now, call->fault));
    KM_TRY(km_grants__words(&e.words, second->words, "words", call->fault));
    return km_log_work(l, extend, &e, call->fault);
}

/* --- reading --- */

km_code km_trust_grant_read(km_granted *out, km_reader *r, int64_t number)
{
    km_grants__pair pair;
    km_call *call = km_reader_call(r);
    return km_grants__get(out, &pair, km_reader_conn(r), number, call->arena, call->fault);
}

km_code km_trust_grants_by(km_granted *out, size_t *n, size_t room, km_reader *r, const km_who *who)
{
    km_stmt *st;
    km_call *call = km_reader_call(r);
    *n = 0;
    KM_TRY(km_query(&st, km_reader_conn(r), "grants_by", call->fault));
    km_bind_text(st, 1, who->issuer);
    km_bind_text(st, 2, who->subject);
    km_bind_int(st, 3, (int64_t)room);
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, call->fault));
        if (!row)
            return KM_OK;
        if (*n < room)
            km_grants__row(&out[(*n)++], st, call->arena);
    }
}

/* --- the door --- */

/* The grant is of the clinician in that role and for that organisation: at another place, or as a
 * citizen, they are somebody else. */
static km_code live(km_grant *out, km_conn *c, int64_t chart, const km_who *who, km_ms now,
                    km_fault *f)
{
    km_stmt *st;
    KM_TRY(km_query(&st, c, "grant_live", f));
    km_bind_int(st, 1, chart);
    km_bind_int(st, 2, now);
    km_bind_text(st, 3, who->issuer);
    km_bind_text(st, 4, who->subject);
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, f));
        if (!row)
            return KM_OK;
        km_grant level = (km_grant)km_col_int(st, 0);
        if (level > *out && km_str_eq(km_col_text(st, 1), role_name(who->role))
            && km_str_eq(km_col_text(st, 2), who->organisation))
            *out = level;
    }
}

km_code km_trust_grant_of(km_grant *out, km_reader *r, const int64_t *chart, size_t n,
                          const km_who *who, km_ms now)
{
    bool stands = false;
    km_conn *c = km_reader_conn(r);
    km_fault *f = km_reader_call(r)->fault;
    *out = KM_GRANT_NONE;
    if (who == NULL)
        return KM_OK;
    for (size_t i = 0; i < n; i++)
        KM_TRY(live(out, c, chart[i], who, now, f));
    if (*out == KM_GRANT_NONE || who->organisation.n == 0)
        return KM_OK; /* of no organisation: an open node's */
    KM_TRY(km_grants__site(&stands, c, who->organisation, f));
    if (!stands)
        *out = KM_GRANT_NONE;
    return KM_OK;
}

/* --- the fold that folds nothing and wipes --- */

static km_code no_rows(void **out, const km_folding *v, km_arena *a, km_fault *f)
{
    (void)v, (void)a, (void)f;
    *out = NULL;
    return KM_OK;
}

static void *no_state(void)
{
    return NULL;
}

static void no_close(void *state)
{
    (void)state;
}

static void no_note(void *state, const km_folding *v, const void *rows)
{
    (void)state, (void)v, (void)rows;
}

/* A rebuild makes views anew; these rows are no view, so it leaves them. */
static km_code no_work(void *state, km_conn *c, km_fault *f)
{
    (void)state, (void)c, (void)f;
    return KM_OK;
}

static km_code forget(void *state, km_conn *c, int64_t chart, km_fault *f)
{
    static const char *const queries[] = { "grant_wipe_reviews", "grant_wipe", "notice_forget",
                                           "standing_forget" };
    (void)state;
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        km_stmt *st;
        KM_TRY(km_query(&st, c, queries[i], f));
        km_bind_int(st, 1, chart);
        KM_TRY(km_run(st, NULL, f));
    }
    return KM_OK;
}

const km_fold_def km_trust_grants_fold = { .name = "grants",
                                           .version = 1,
                                           .rows = no_rows,
                                           .open = no_state,
                                           .close = no_close,
                                           .add = no_note,
                                           .remove = no_note,
                                           .flush = no_work,
                                           .drop = no_close,
                                           .forget = forget,
                                           .clear = no_work };
