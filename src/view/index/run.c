/* SPDX-License-Identifier: Apache-2.0
 *
 * run: a clause to the spots of its rows. Each form and kind of clause has one function here; what
 * it cannot settle exactly by rows is left to the body (needs_body).
 */
#include "view/index/inside.h"

#include "base/kana.h"
#include "codec/json/decimal.h"

static const uint64_t LIMIT_NS = 5000000000u; /* trust.md §6 */

km_code km_run__in_time(const km_seeking *run)
{
    if (run->ends_ns != 0 && km_ticks_ns() > run->ends_ns)
        return km_fail(run->call->fault, KM_TOO_COSTLY, NULL, "the search takes longer than %d s",
                       (int)(LIMIT_NS / 1000000000u));
    return KM_OK;
}

km_code km_run__type_all(km_spots *out, km_seeking *run, km_ftype type)
{
    km_stmt *st;
    km_fault *f = run->call->fault;
    KM_TRY(km_query(&st, run->conn, "type_spots", f));
    km_bind_int(st, 1, type);
    km_bind_int(st, 2, 0);
    km_bind_int(st, 3, INT64_MAX);
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, f));
        if (!row)
            break;
        km_spots_add(out, run->call->arena, (km_spot){ km_col_int(st, 0), km_col_int(st, 1) });
        if (km_arena_over(run->call->arena)) {
            km_reset(st);
            return km_fail(f, KM_TOO_COSTLY, NULL, "too many records: ask more narrowly");
        }
    }
    km_spots_sort(out);
    return KM_OK;
}

km_code km_run__name(km_ftype *type, km_str *id, int64_t *seq, km_seeking *run, int64_t rid)
{
    km_stmt *st;
    bool row;
    KM_TRY(km_query(&st, run->conn, "spot_of", run->call->fault));
    km_bind_int(st, 1, rid);
    KM_TRY(km_step(&row, st, run->call->fault));
    *type = 0;
    if (!row)
        return KM_OK;
    *type = (km_ftype)km_col_int(st, 1);
    *id = km_arena_copy(run->call->arena, km_col_text(st, 2));
    *seq = km_col_int(st, 3);
    km_reset(st);
    return KM_OK;
}

/* --- what rows cannot settle --- */

/* An alias whose own expression takes less than the parameter whose rows serve it: patient is
 * subject.where(resolve() is Patient). */
static bool is_narrower(const km_param *p)
{
    return p->index_number != p->number
           && !km_str_eq(p->expression, km_fhir_param_numbered(p->index_number)->expression);
}

/* "Patient/1" can only be what such an alias takes, where that is Patients. */
static bool says_target(const km_param *p, const km_term *t)
{
    km_reference ref;
    return p->n_targets == 1 && km_reference_parse(&ref, t->text) && ref.type == p->targets[0];
}

static bool term_needs_body(const km_clause *c, const km_term *t)
{
    bool hierarchy = c->modifier == KM_MOD_BELOW || c->modifier == KM_MOD_ABOVE;
    switch (c->param->kind) {
    case KM_PARAM_STRING:
        return t->long_text && c->modifier != KM_MOD_CONTAINS;
    case KM_PARAM_URI:
        return t->long_text || hierarchy;
    case KM_PARAM_REFERENCE:
        return t->long_text || hierarchy || t->version.n > 0 || c->modifier == KM_MOD_TYPE
               || (is_narrower(c->param) && c->modifier != KM_MOD_IDENTIFIER
                   && !says_target(c->param, t));
    default:
        return false;
    }
}

static bool needs_body(const km_clause *c)
{
    if (c->form != KM_FORM_PARAM)
        return false;
    if (c->modifier == KM_MOD_MISSING)
        return is_narrower(c->param);
    if (c->param->kind == KM_PARAM_COMPOSITE || c->modifier == KM_MOD_EXACT
        || c->modifier == KM_MOD_TEXT || c->modifier == KM_MOD_OF_TYPE
        || (c->codes != NULL && c->codes->base_set != 0))
        return true;
    for (size_t i = 0; i < c->terms; i++)
        if (term_needs_body(c, &c->term[i]))
            return true;
    return false;
}

static bool is_value(void *self, km_str value, km_spot s)
{
    const km_clause *c = self;
    (void)s;
    return c->param->kind != KM_PARAM_REFERENCE || value.n != 1 || value.p[0] != 'n';
}

/* Does a record of a chart name its patient by the parameter? */
static km_code names_own(bool *yes, km_seeking *run, const km_param *p, km_spot s)
{
    km_key key;
    km_key_not_own(&key);
    KM_TRY(km_hits_has(yes, run->conn, p->index_number, &key, s, run->call->fault));
    *yes = !*yes;
    return KM_OK;
}

static km_code with_any_value(km_spots *out, km_seeking *run, const km_clause *c)
{
    km_key all = { .n = 0 };
    km_clause copy = *c;
    KM_TRY(km_kinds__with_prefix(out, run, c->param->index_number, &all, is_value, &copy));
    if (!c->param->own_patient)
        return KM_OK;
    km_spots type = { 0 };
    KM_TRY(km_run__type_all(&type, run, c->type));
    km_spots not_own = { 0 };
    km_key_not_own(&all);
    KM_TRY(km_kinds__with_prefix(&not_own, run, c->param->index_number, &all, NULL, NULL));
    km_spots_sort(&not_own);
    km_spots_subtract(&type, &not_own);
    for (size_t i = 0; i < type.n; i++)
        if (type.s[i].chart != KM_CHART_NONE)
            km_spots_add(out, run->call->arena, type.s[i]);
    return KM_OK;
}

km_code km_run__keep_by_body(km_spots *s, km_seeking *run, const km_clause *c)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        km_record *rec;
        km_jv body;
        bool yes;
        km_arena_mark mark = km_arena_here(run->call->arena);
        KM_TRY(km_run__in_time(run));
        km_code rc = km_reader_by_rid(&rec, run->r, s->s[i].rid);
        if (rc == KM_NOT_FOUND || rc == KM_ERASED) {
            km_fault_clear(run->call->fault);
            continue;
        }
        KM_TRY(rc);
        KM_TRY(km_record_json(&body, rec, run->call));
        KM_TRY(km_match__clause(&yes, c, body, run->call->arena, run->call->fault));
        km_arena_back(run->call->arena, mark);
        if (yes)
            s->s[n++] = s->s[i];
    }
    s->n = n;
    return KM_OK;
}

/* --- forms --- */

static km_code by_id(km_spots *out, km_seeking *run, const km_clause *c)
{
    km_stmt *st;
    km_fault *f = run->call->fault;
    for (size_t i = 0; i < c->terms; i++) {
        KM_TRY(km_query(&st, run->conn, "spots_named", f));
        km_bind_int(st, 1, c->type);
        km_bind_text(st, 2, c->term[i].text);
        for (;;) {
            bool row;
            KM_TRY(km_step(&row, st, f));
            if (!row)
                break;
            km_spots_add(out, run->call->arena, (km_spot){ km_col_int(st, 0), km_col_int(st, 1) });
        }
    }
    return KM_OK;
}

/* First seq whose time is not before `at`: time never runs backwards along the log. */
static km_code seq_from(int64_t *out, km_seeking *run, km_ms at)
{
    km_stmt *st;
    bool row;
    km_fault *f = run->call->fault;
    int64_t low = 1, high;
    KM_TRY(km_query(&st, run->conn, "seq_max", f));
    KM_TRY(km_step(&row, st, f));
    high = row ? km_col_int(st, 0) + 1 : 1;
    km_reset(st);
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        KM_TRY(km_query(&st, run->conn, "seq_at", f));
        km_bind_int(st, 1, middle);
        KM_TRY(km_step(&row, st, f));
        bool before = row && km_col_int(st, 1) < at;
        km_reset(st);
        if (before)
            low = middle + 1;
        else
            high = middle;
    }
    *out = low;
    return KM_OK;
}

static km_code spots_updated(km_spots *out, km_seeking *run, km_ftype type, int64_t from,
                             int64_t to)
{
    km_stmt *st;
    km_fault *f = run->call->fault;
    KM_TRY(km_query(&st, run->conn, "type_spots", f));
    km_bind_int(st, 1, type);
    km_bind_int(st, 2, from - 1);
    km_bind_int(st, 3, to - 1);
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, f));
        if (!row)
            return KM_OK;
        km_spots_add(out, run->call->arena, (km_spot){ km_col_int(st, 0), km_col_int(st, 1) });
    }
}

/* An update is an instant, so each prefix is one or two runs of the log: [1, low), [low, high],
 * (high, end]. */
static km_code updated_within(km_spots *out, km_seeking *run, km_ftype type, const km_term *t)
{
    static const unsigned parts[] = {
        [KM_EQ] = 2, [KM_NE] = 5, [KM_GT] = 4, [KM_LT] = 1, [KM_GE] = 6,
        [KM_LE] = 3, [KM_SA] = 4, [KM_EB] = 1, [KM_AP] = 2
    };
    int64_t low, high, bound[4] = { 1, 0, 0, INT64_MAX };
    KM_TRY(seq_from(&low, run, t->low));
    KM_TRY(seq_from(&high, run, t->high == INT64_MAX ? t->high : t->high + 1));
    bound[1] = low;
    bound[2] = high;
    for (int i = 0; i < 3; i++)
        if (parts[t->prefix] & (1u << i))
            KM_TRY(spots_updated(out, run, type, bound[i], bound[i + 1]));
    return KM_OK;
}

static km_code by_update(km_spots *out, km_seeking *run, const km_clause *c)
{
    for (size_t i = 0; i < c->terms; i++)
        KM_TRY(updated_within(out, run, c->type, &c->term[i]));
    return KM_OK;
}

static km_code by_chain(km_spots *out, km_seeking *run, const km_clause *c)
{
    for (size_t i = 0; i < c->inners; i++) {
        km_spots targets = { 0 };
        KM_TRY(km_run__clause(&targets, run, &c->inner[i]));
        KM_TRY(km_run__cover(&targets, run, c->inner[i].type));
        if (targets.n > KM_CHAINED_MAX)
            return km_fail(run->call->fault, KM_TOO_COSTLY, NULL,
                           "the chain leads through too many records");
        for (size_t j = 0; j < targets.n; j++) {
            km_ftype type;
            km_str id;
            int64_t seq;
            KM_TRY(km_run__name(&type, &id, &seq, run, targets.s[j].rid));
            if (type != 0)
                KM_TRY(km_run__referring(out, run, c->param, targets.s[j], type, id));
        }
    }
    return KM_OK;
}

/* Where the references of one record lead, when they lead to `type`. */
static km_code targets_of(km_spots *out, km_seeking *run, const km_param *p, int64_t rid,
                          km_ftype type)
{
    km_record *rec;
    km_jv body;
    km_values values = { 0 };
    KM_TRY(km_reader_by_rid(&rec, run->r, rid));
    KM_TRY(km_record_json(&body, rec, run->call));
    KM_TRY(km_values_of(&values, p, body, rec->type, run->call->arena, run->call->fault));
    for (size_t i = 0; i < values.n; i++) {
        km_reference ref;
        km_spot spot;
        if (values.v[i].text.n == 0 || !km_reference_parse(&ref, values.v[i].text) || ref.base.n > 0
            || ref.type != type)
            continue;
        KM_TRY(km_run__target(&spot, run, type, ref.id, rec->source));
        if (spot.rid != 0)
            km_spots_add(out, run->call->arena, spot);
    }
    if (km_arena_over(run->call->arena))
        return km_fail(run->call->fault, KM_TOO_COSTLY, NULL,
                       "too many records: ask more narrowly");
    return KM_OK;
}

static km_code by_has(km_spots *out, km_seeking *run, const km_clause *c)
{
    km_spots inner = { 0 };
    bool patient = c->param->own_patient && km_str_is(km_fhir_type_name(c->type), "Patient");
    KM_TRY(km_run__clause(&inner, run, c->inner));
    KM_TRY(km_run__cover(&inner, run, c->inner_type));
    int64_t last = -1;
    for (size_t i = 0; i < inner.n; i++) {
        bool own = false;
        KM_TRY(km_run__in_time(run));
        if (patient && inner.s[i].chart != KM_CHART_NONE)
            KM_TRY(names_own(&own, run, c->param, inner.s[i]));
        if (own && inner.s[i].chart == last)
            continue;
        if (own) { /* the chart says whose it is */
            KM_TRY(km_kinds__type_in_chart(out, run, inner.s[i].chart, c->type));
            last = inner.s[i].chart;
            continue;
        }
        KM_TRY(targets_of(out, run, c->param, inner.s[i].rid, c->type));
    }
    return KM_OK;
}

static km_code by_compartment(km_spots *out, km_seeking *run, const km_clause *c)
{
    const km_param *const *params;
    bool in;
    size_t n = km_fhir_compartment(&params, &in, c->compartment, c->type);
    km_str text = km_arena_print(run->call->arena, "%.*s/%.*s",
                                 KM_STR_ARG(km_fhir_type_name(c->compartment)),
                                 KM_STR_ARG(c->compartment_id));
    if (in && n == 0) {
        km_term self = { .text = c->compartment_id };
        km_clause id = { .form = KM_FORM_ID, .type = c->type, .term = &self, .terms = 1 };
        return by_id(out, run, &id);
    }
    for (size_t i = 0; i < n; i++)
        KM_TRY(km_kinds__reference_text(out, run, params[i], text));
    return KM_OK;
}

static km_code composites(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t)
{
    km_spots all = { 0 };
    for (size_t i = 0; i < c->param->n_components; i++) {
        km_spots one = { 0 };
        km_clause part = { .type = c->type,
                           .param = c->param->component[i].param,
                           .term = &t->part[i],
                           .terms = 1,
                           .name = c->name };
        if (part.param == NULL || part.param->kind == KM_PARAM_COMPOSITE)
            continue;
        KM_TRY(km_run__clause(&one, run, &part));
        if (all.room == 0)
            all = one;
        else
            km_spots_intersect(&all, &one);
    }
    for (size_t i = 0; i < all.n; i++)
        km_spots_add(out, run->call->arena, all.s[i]);
    return KM_OK;
}

static km_code by_rows(km_spots *out, km_seeking *run, const km_clause *c)
{
    if (c->modifier == KM_MOD_MISSING)
        return with_any_value(out, run, c);
    if (c->modifier == KM_MOD_TEXT)
        return km_run__type_all(out, run, c->type);
    if (c->codes != NULL)
        return c->codes->base_set != 0 ? with_any_value(out, run, c) : km_kinds__codes(out, run, c);
    for (size_t i = 0; i < c->terms; i++)
        KM_TRY(c->param->kind == KM_PARAM_COMPOSITE ? composites(out, run, c, &c->term[i])
                                                    : km_kinds__term(out, run, c, &c->term[i]));
    return KM_OK;
}

static km_code by_param(km_spots *out, km_seeking *run, const km_clause *c)
{
    if (c->param->n_parts == 0)
        return by_rows(out, run, c);
    for (size_t i = 0; i < c->param->n_parts; i++) {
        km_clause part = *c;
        part.param = c->param->part[i];
        KM_TRY(by_rows(out, run, &part));
    }
    return KM_OK;
}

/* :not, :not-in and :missing=true are the rest of the type. */
static bool is_negative(const km_clause *c)
{
    return c->form == KM_FORM_PARAM
           && (c->modifier == KM_MOD_NOT || c->modifier == KM_MOD_NOT_IN
               || (c->modifier == KM_MOD_MISSING && c->missing));
}

km_code km_run__clause(km_spots *out, km_seeking *run, const km_clause *c)
{
    static km_code (*const forms[])(km_spots *, km_seeking *, const km_clause *) = {
        [KM_FORM_PARAM] = by_param, [KM_FORM_ID] = by_id,   [KM_FORM_LAST_UPDATED] = by_update,
        [KM_FORM_CHAIN] = by_chain, [KM_FORM_HAS] = by_has, [KM_FORM_COMPARTMENT] = by_compartment
    };
    km_clause mine = *c;
    if (c->form == KM_FORM_PARAM && c->param->kind == KM_PARAM_TOKEN)
        KM_TRY(km_codes__resolve(&mine, run->r));
    KM_TRY(forms[c->form](out, run, &mine));
    km_spots_sort(out);
    if (is_negative(&mine)) {
        km_spots all = { 0 };
        if (needs_body(&mine)) { /* the positive first, by the body */
            km_clause positive = mine;
            if (mine.modifier == KM_MOD_MISSING)
                positive.missing = false;
            else
                positive.modifier = KM_MOD_IN;
            KM_TRY(km_run__keep_by_body(out, run, &positive));
        }
        KM_TRY(km_run__type_all(&all, run, mine.type));
        km_spots_subtract(&all, out);
        *out = all;
        return KM_OK;
    }
    return needs_body(&mine) ? km_run__keep_by_body(out, run, &mine) : KM_OK;
}

/* One decision for each run of a chart; then, only where an access is partial, for each record. */
km_code km_run__cover(km_spots *s, km_seeking *run, km_ftype type)
{
    size_t n = 0;
    int64_t chart = -1;
    bool covered = false, partial = km_access_is_partial(run->access, type);
    if (km_access_covers_all(run->access))
        return KM_OK;
    for (size_t i = 0; i < s->n; i++) {
        if (s->s[i].chart != chart) {
            chart = s->s[i].chart;
            covered = km_access_covers_chart(run->access, chart);
        }
        if (covered && (!partial || km_access_covers(run->access, chart, type, s->s[i].rid)))
            s->s[n++] = s->s[i];
    }
    s->n = n;
    return KM_OK;
}

/* --- a whole conjunction --- */

/* What is likely rare comes first: an id, an exact identifier, a reference; negations and texts
 * last. */
static int expected(const km_clause *c)
{
    if (c->form == KM_FORM_ID)
        return 0;
    if (c->form == KM_FORM_COMPARTMENT)
        return 1;
    if (is_negative(c) || c->modifier == KM_MOD_TEXT || c->modifier == KM_MOD_MISSING)
        return 9;
    if (c->form != KM_FORM_PARAM)
        return 5;
    switch (c->param->kind) {
    case KM_PARAM_REFERENCE:
        return 2;
    case KM_PARAM_TOKEN:
    case KM_PARAM_STRING:
        return 3;
    default:
        return 6;
    }
}

/* Below this many candidates a clause is asked of their bodies rather than of all its rows. */
enum { FEW = 32 };

static bool by_body_is_cheaper(const km_clause *c, const km_spots *so_far)
{
    return c->form == KM_FORM_PARAM && so_far->n <= FEW && c->modifier != KM_MOD_IN
           && c->modifier != KM_MOD_NOT_IN && c->modifier != KM_MOD_BELOW
           && c->modifier != KM_MOD_ABOVE && expected(c) > 2;
}

static km_code narrow(km_spots *so_far, km_seeking *run, const km_clause *c, bool first)
{
    km_spots one = { 0 };
    if (!first && by_body_is_cheaper(c, so_far))
        return km_run__keep_by_body(so_far, run, c);
    KM_TRY(km_run__clause(&one, run, c));
    if (first)
        *so_far = one;
    else
        km_spots_intersect(so_far, &one);
    return KM_OK;
}

km_code km_run__spots(km_spots *out, km_seeking *run, const km_typed *t)
{
    bool first = true;
    if (t->clauses == 0)
        KM_TRY(km_run__type_all(out, run, t->type));
    for (int rank = 0; rank <= 9; rank++)
        for (size_t i = 0; i < t->clauses; i++) {
            if (expected(&t->clause[i]) != rank || (!first && out->n == 0))
                continue;
            KM_TRY(narrow(out, run, &t->clause[i], first));
            first = false;
        }
    return km_run__cover(out, run, t->type);
}
