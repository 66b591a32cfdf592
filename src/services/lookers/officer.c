/* SPDX-License-Identifier: Apache-2.0
 *
 * officer: GET /api/audit, the audit for whom it is a duty to read it.
 */
#include "base/date.h"
#include "services/lookers/lookers.h"

static km_code read_time(km_ms *out, const km_request *r, const char *name)
{
    km_civil c;
    km_ms high;
    km_str text = km_request_query(r, name);
    if (text.n == 0)
        return KM_OK;
    if (!km_civil_parse(&c, text))
        return km_fail(r->call.fault, KM_BAD_VALUE, name, "a date or dateTime of FHIR");
    km_civil_interval(out, &high, &c);
    return KM_OK;
}

/* kind=read,search */
static km_code read_kinds(uint32_t *out, const km_request *r)
{
    km_str left = km_request_query(r, "kind");
    while (left.n > 0) {
        km_audit_kind k = km_audit_kind_named(km_str_cut(left, ',', &left));
        if (k == KM_AUDIT_NONE)
            return km_fail(r->call.fault, KM_BAD_VALUE, "kind", "no such kind");
        *out |= (uint32_t)1 << k;
    }
    return KM_OK;
}

/* chart=12 as entries name it, or all charts of person=7. */
static km_code read_charts(km_audit_search *s, km_request *r)
{
    km_looked_at p;
    int64_t *chart = KM_NEW(r->call.arena, int64_t);
    km_str text = km_request_query(r, "chart");
    if (text.n > 0) {
        if (km_request_query(r, "person").n > 0)
            return km_fail(r->call.fault, KM_BAD_VALUE, "chart", "a chart or a person");
        if (!km_str_to_i64(chart, text))
            return km_fail(r->call.fault, KM_BAD_VALUE, "chart", "a number");
        s->chart = chart;
        s->charts = 1;
        return KM_OK;
    }
    if (km_request_query(r, "person").n == 0)
        return KM_OK;
    KM_TRY(km_lookers__open(&p, r, &km_lookers__audit));
    s->chart = p.chart;
    s->charts = p.charts;
    km_reader_close(p.reader);
    return KM_OK;
}

static km_code read_search(km_audit_search *s, km_request *r)
{
    static const char *const known[] = { "since", "until", "agent",  "person",
                                         "chart", "kind",  "before", "limit" };
    for (size_t i = 0; i < r->queries; i++) {
        size_t k = 0;
        while (k < sizeof known / sizeof *known && !km_str_is(r->query[i].name, known[k]))
            k++;
        if (k == sizeof known / sizeof *known)
            return km_fail(r->call.fault, KM_UNKNOWN_PARAM, NULL, NULL);
    }
    KM_TRY(km_lookers__page(s, r));
    KM_TRY(read_time(&s->since, r, "since"));
    KM_TRY(read_time(&s->until, r, "until"));
    KM_TRY(read_kinds(&s->kinds, r));
    s->agent = km_request_query(r, "agent");
    return read_charts(s, r);
}

static void print_one(km_jw *w, const km_audit_found *one, km_arena *a)
{
    const km_audit_agent *g = &one->entry.agent;
    km_jw_open(w, '{');
    km_jw_member_int(w, "index", one->item.index);
    km_lookers__print(w, one);
    km_jw_member(w, "agent", g->id);
    km_jw_member(w, "name", g->name);
    km_lookers__print_shown(w, &one->entry, a);
    km_jw_key(w, "entry"); /* whole, as it is kept */
    km_jw_raw(w, one->item.entry);
    km_jw_close(w, '}');
}

km_code km_lookers__search(km_request *r, km_reply *out)
{
    km_audit_search s = { 0 };
    km_audit_page page;
    km_buf json = km_buf_in(r->call.arena);
    km_jw on = km_jw_on(&json), *w = &on;
    KM_TRY(read_search(&s, r));
    KM_TRY(km_audit_find(&page, km_request_node(r)->finder, &s, &r->call));
    km_jw_open(w, '{');
    km_jw_key(w, "entries");
    km_jw_open(w, '[');
    for (size_t i = 0; i < page.n; i++)
        print_one(w, &page.found[i], r->call.arena);
    km_jw_close(w, ']');
    km_jw_member_int(w, "size", page.size);
    if (page.next > 0)
        km_jw_member(w, "next", km_arena_print(r->call.arena, "%lld", (long long)page.next));
    km_jw_close(w, '}');
    KM_TRY(km_lookers__trace(r, s.chart, s.charts));
    out->type = "application/json";
    out->body = km_buf_str(&json);
    return KM_OK;
}
