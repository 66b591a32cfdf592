/* SPDX-License-Identifier: Apache-2.0
 *
 * glass: breaking it, extending it, and what I broke.
 */
#include "services/emergency/emergency.h"

enum { HOMES = 8, MINE = 50 };

km_code km_emergency__reasons(km_request *r, km_reply *out)
{
    km_grant_reason reason[KM_GRANT_REASONS];
    size_t n = km_trust_reasons(reason);
    km_buf json = km_buf_in(r->call.arena);
    km_jw w = km_jw_on(&json);
    km_jw_open(&w, '{');
    km_jw_member_int(&w, "wordsLeast", KM_GRANT_WORDS_LEAST);
    km_jw_key(&w, "reasons");
    km_jw_open(&w, '[');
    for (size_t i = 0; i < n; i++) {
        km_jw_open(&w, '{');
        km_jw_member(&w, "code", reason[i].code);
        km_jw_member(&w, "ja", reason[i].ja);
        km_jw_member(&w, "en", reason[i].en);
        km_jw_close(&w, '}');
    }
    km_jw_close(&w, ']');
    km_jw_close(&w, '}');
    return km_emergency__reply(out, 200, &json);
}

/* The audit's own words: which grant, which reason; never the clinician's words, which may name
 * somebody. */
static km_code trace(void *self, const km_granted *g, km_fault *f)
{
    km_request *r = self;
    const km_str basis = km_arena_print(r->call.arena, "grant/%lld/%s", (long long)g->number,
                                        g->level == KM_GRANT_FULL      ? "full"
                                        : g->level == KM_GRANT_MINIMUM ? "minimum"
                                                                       : "refused-beforehand");
    km_audit_entry e = { .kind = KM_AUDIT_BREAK_GLASS,
                         .outcome = g->level == KM_GRANT_NONE ? KM_STR("FORBIDDEN") : KM_STR("ok"),
                         .purpose = KM_STR("ETREAT"),
                         .reason = g->reason,
                         .basis = &basis,
                         .bases = 1,
                         .flags = KM_AUDIT_EMERGENCY,
                         .chart = &g->chart,
                         .charts = 1 };
    (void)f; /* the call's, while the caller waits */
    return km_trust_trace(km_request_node(r)->trust, &e, &r->call);
}

/* Who treats them otherwise: as their Patient says. */
static km_code home_doctors(km_str home[HOMES], size_t *n, km_reader *r, const int64_t *chart,
                            size_t charts)
{
    *n = 0;
    for (size_t i = 0; i < charts; i++) {
        km_jv body;
        km_record *rec;
        KM_TRY(km_emergency__patient(&body, &rec, r, chart[i]));
        for (km_jv_iter k = km_jv_each(km_jv_at(body, "generalPractitioner")); km_jv_next(&k);) {
            km_str ref = km_jv_text(k.value, "reference");
            bool known = ref.n == 0 || *n == HOMES;
            for (size_t j = 0; j < *n && !known; j++)
                known = km_str_eq(home[j], ref);
            if (!known)
                home[(*n)++] = ref;
        }
    }
    return KM_OK;
}

static km_code whose(km_grant_wish *wish, km_str home[HOMES], km_request *r, km_str person)
{
    km_reader *reader;
    int64_t *chart;
    KM_TRY(km_reader_open(&reader, km_request_node(r)->log, km_emergency__own_access(r), &r->call));
    km_code rc = km_emergency__charts(&chart, &wish->charts, reader, person);
    if (rc == KM_OK)
        rc = home_doctors(home, &wish->homes, reader, chart, wish->charts);
    km_reader_close(reader);
    wish->chart = chart;
    wish->home = home;
    return rc;
}

km_code km_emergency__make(km_request *r, km_reply *out)
{
    km_granted g;
    km_str person = KM_STR_NONE, home[HOMES];
    km_node *node = km_request_node(r);
    km_grant_wish wish = { .open = km_trust_is_open(node->trust), .trace = trace, .self = r };
    const km_member members[] = { { "person", &person, true },
                                  { "reason", &wish.reason, true },
                                  { "words", &wish.words, true },
                                  { 0 } };
    km_buf json = km_buf_in(r->call.arena);
    km_jw w = km_jw_on(&json);
    KM_TRY(km_emergency__body(r, members));
    KM_TRY(whose(&wish, home, r, person));
    KM_TRY(km_trust_grant_make(&g, node->log, &wish, km_emergency__who(r), &r->call));
    if (g.level == KM_GRANT_NONE)
        return km_fail(r->call.fault, KM_REFUSED_BEFOREHAND, NULL, NULL);
    km_emergency__print_grant(&w, &g, km_call_now(&r->call));
    km_reply_header(out, "Location",
                    km_arena_print(r->call.arena, "/emergency/persons/%.*s", KM_STR_ARG(person)));
    return km_emergency__reply(out, 201, &json);
}

km_code km_emergency__extend(km_request *r, km_reply *out)
{
    km_granted g;
    km_node *node = km_request_node(r);
    km_grant_second second = { .open = km_trust_is_open(node->trust), .trace = trace, .self = r };
    const km_member members[] = { { "words", &second.words, true }, { 0 } };
    km_buf json = km_buf_in(r->call.arena);
    km_jw w = km_jw_on(&json);
    KM_TRY(km_emergency__number(&second.number, r, "grant"));
    KM_TRY(km_emergency__body(r, members));
    KM_TRY(km_trust_grant_extend(&g, node->log, &second, km_emergency__who(r), &r->call));
    km_emergency__print_grant(&w, &g, km_call_now(&r->call));
    return km_emergency__reply(out, 200, &json);
}

/* --- what I broke --- */

static km_code print_mine(km_jw *w, km_reader *reader, const km_granted *g, size_t n)
{
    km_call *call = km_reader_call(reader);
    km_jw_open(w, '{');
    km_jw_key(w, "grants");
    km_jw_open(w, '[');
    for (size_t i = 0; i < n; i++) {
        int64_t person;
        km_jw_open(w, '{');
        km_code rc = km_person_of_chart(&person, reader, g[i].chart);
        if (rc == KM_NOT_FOUND)
            km_fault_clear(call->fault); /* erased since */
        else if (rc != KM_OK)
            return rc;
        else
            km_jw_member(w, "person", km_arena_print(call->arena, "%lld", (long long)person));
        km_jw_key(w, "grant");
        km_emergency__print_grant(w, &g[i], km_call_now(call));
        km_jw_close(w, '}');
    }
    km_jw_close(w, ']');
    km_jw_close(w, '}');
    return KM_OK;
}

km_code km_emergency__mine(km_request *r, km_reply *out)
{
    size_t n;
    km_reader *reader;
    km_granted *g = KM_NEW_ARRAY(r->call.arena, MINE, km_granted);
    km_buf json = km_buf_in(r->call.arena);
    km_jw w = km_jw_on(&json);
    KM_TRY(km_reader_open(&reader, km_request_node(r)->log, km_emergency__own_access(r), &r->call));
    km_code rc = km_trust_grants_by(g, &n, MINE, reader, km_emergency__who(r));
    if (rc == KM_OK)
        rc = print_mine(&w, reader, g, n);
    km_reader_close(reader);
    return rc == KM_OK ? km_emergency__reply(out, 200, &json) : rc;
}
