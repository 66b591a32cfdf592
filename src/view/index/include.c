/* SPDX-License-Identifier: Apache-2.0
 *
 * include: records that stand beside the matches of a page: what they refer to (_include) and what
 * refers to them
 * (_revinclude), in rounds for :iterate, never more than KM_INCLUDED_MAX.
 */
#include "view/index/inside.h"

typedef struct including {
    km_page *page;
    km_seeking *run;
    size_t from, to; /* the part of the page that this round starts from */
    size_t room;
    bool first;
} including;

static void add(including *w, km_spot s, km_ftype type)
{
    km_page *p = w->page;
    (void)type;
    for (size_t i = 0; i < p->n; i++)
        if (p->found[i].rid == s.rid)
            return;
    if (p->n - p->matches >= KM_INCLUDED_MAX)
        return;
    if (p->n == w->room) {
        w->room = w->room * 2 + 16;
        km_found *more = km_arena_alloc(w->run->call->arena, w->room * sizeof *more);
        if (p->n > 0)
            memcpy(more, p->found, p->n * sizeof *more);
        p->found = more;
    }
    p->found[p->n++] = (km_found){ s.chart, s.rid, true };
}

static km_code add_target(including *w, const km_include *inc, km_str text, int32_t source)
{
    km_reference ref;
    km_spot spot;
    if (!km_reference_parse(&ref, text) || ref.base.n > 0 || ref.type == 0 || ref.contained
        || (inc->target != 0 && ref.type != inc->target))
        return KM_OK;
    KM_TRY(km_run__target(&spot, w->run, ref.type, ref.id, source));
    if (spot.rid != 0)
        add(w, spot, ref.type);
    return KM_OK;
}

typedef struct collecting {
    km_str text[256];
    size_t n;
} collecting;

static void collect(void *self, km_jv value, km_str text)
{
    collecting *c = self;
    (void)value;
    if (c->n < 256)
        c->text[c->n++] = text;
}

static km_code forward(including *w, const km_include *inc, const km_record *rec, km_jv body)
{
    km_arena *a = w->run->call->arena;
    if (inc->all && (inc->type == 0 || inc->type == rec->type)) {
        collecting *c = KM_NEW(a, collecting);
        km_fhir_references(body, rec->type, collect, c);
        for (size_t i = 0; i < c->n; i++)
            KM_TRY(add_target(w, inc, c->text[i], rec->source));
        return KM_OK;
    }
    if (inc->all || inc->type != rec->type)
        return KM_OK;
    km_values values = { 0 };
    KM_TRY(km_values_of(&values, inc->param, body, rec->type, a, w->run->call->fault));
    for (size_t i = 0; i < values.n; i++)
        KM_TRY(add_target(w, inc, values.v[i].text, rec->source));
    return KM_OK;
}

static km_code backward_by(including *w, const km_param *p, const km_include *inc, km_spot target,
                           const km_record *rec)
{
    km_spots referring = { 0 };
    if (inc->target != 0 && inc->target != rec->type)
        return KM_OK;
    KM_TRY(km_run__referring(&referring, w->run, p, target, rec->type, rec->id));
    km_spots_sort(&referring);
    KM_TRY(km_run__cover(&referring, w->run, p->type));
    for (size_t i = 0; i < referring.n; i++)
        add(w, referring.s[i], p->type);
    return KM_OK;
}

static km_code backward(including *w, const km_include *inc, km_spot target, const km_record *rec)
{
    const km_param *params;
    if (!inc->all)
        return backward_by(w, inc->param, inc, target, rec);
    const km_ftype *types = &inc->type;
    size_t n = inc->type != 0 ? 1 : km_fhir_resources(&types);
    for (size_t t = 0; t < n; t++) {
        size_t all = km_fhir_params(&params, types[t]);
        for (size_t i = 0; i < all; i++)
            if (params[i].kind == KM_PARAM_REFERENCE && params[i].index_number == params[i].number)
                KM_TRY(backward_by(w, &params[i], inc, target, rec));
    }
    return KM_OK;
}

static km_code include_for(including *w, km_spot spot)
{
    km_record *rec;
    km_jv body;
    km_code rc = km_reader_by_rid(&rec, w->run->r, spot.rid);
    if (rc == KM_NOT_FOUND || rc == KM_ERASED) {
        km_fault_clear(w->run->call->fault);
        return KM_OK;
    }
    KM_TRY(rc);
    KM_TRY(km_record_json(&body, rec, w->run->call));
    for (size_t i = 0; i < w->run->search->includes; i++) {
        const km_include *inc = &w->run->search->include[i];
        if (!w->first && !inc->iterate)
            continue;
        KM_TRY(inc->reverse ? backward(w, inc, spot, rec) : forward(w, inc, rec, body));
    }
    return KM_OK;
}

km_code km_include__add(km_page *page, km_seeking *run)
{
    including w = { .page = page, .run = run, .to = page->n, .room = page->n, .first = true };
    for (int round = 0; run->search->includes > 0 && round < KM_INCLUDE_ROUNDS; round++) {
        for (size_t i = w.from; i < w.to; i++) {
            KM_TRY(km_run__in_time(run));
            KM_TRY(include_for(&w, (km_spot){ page->found[i].chart, page->found[i].rid }));
        }
        w.from = w.to;
        w.to = page->n;
        w.first = false;
    }
    return KM_OK;
}
