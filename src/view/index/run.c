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

static km_code ids(km_spots *out, km_seeking *run, const km_range *r, km_hit_keep keep, void *self)
{
    KM_TRY(km_run__in_time(run));
    return km_hits_ids(out, run->conn, r, keep, self, run->call->arena, run->call->fault);
}

static km_code at_key(km_spots *out, km_seeking *run, uint16_t param, const km_key *key)
{
    km_range r = { .param = param, .low = *key, .high = *key };
    return ids(out, run, &r, NULL, NULL);
}

static km_code with_prefix(km_spots *out, km_seeking *run, uint16_t param, const km_key *key,
                           km_hit_keep keep, void *self)
{
    km_range r = { .param = param, .low = *key, .prefix = true };
    return ids(out, run, &r, keep, self);
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

/* --- kinds
 * ------------------------------------------------------------------------------------------- */

static km_code strings(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t);
static km_code tokens(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t);
static km_code dates(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t);
static km_code numbers(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t);
static km_code uris(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t);
static km_code references(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t);

typedef km_code (*kind_run)(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t);
static const kind_run kinds[] = {
    [KM_PARAM_STRING] = strings, [KM_PARAM_TOKEN] = tokens,     [KM_PARAM_REFERENCE] = references,
    [KM_PARAM_DATE] = dates,     [KM_PARAM_QUANTITY] = numbers, [KM_PARAM_NUMBER] = numbers,
    [KM_PARAM_URI] = uris
};

typedef struct finding {
    km_str part;
} finding;

static bool has_part(void *self, km_str value, km_spot s)
{
    const finding *f = self;
    (void)s;
    return f->part.n == 0
           || (value.n >= f->part.n && memmem(value.p, value.n, f->part.p, f->part.n));
}

static km_code strings_by_key(km_spots *out, km_seeking *run, const km_clause *c, km_str folded)
{
    km_key key = { .n = 0 };
    uint16_t param = c->param->index_number;
    if (c->modifier == KM_MOD_CONTAINS) {
        finding f = { folded };
        return with_prefix(out, run, param, &key, folded.n > KM_KEY_TEXT / 2 ? NULL : has_part, &f);
    }
    size_t n = folded.n < KM_KEY_TEXT ? folded.n : KM_KEY_TEXT - 4;
    memcpy(key.b, folded.p, n);
    key.n = (uint8_t)n;
    return with_prefix(out, run, param, &key, NULL, NULL);
}

/* As written and, when it reads as romaji, as kana: both keys. */
static km_code strings(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t)
{
    km_str romaji;
    km_arena *a = run->call->arena;
    KM_TRY(strings_by_key(out, run, c, km_fold(a, t->text)));
    if (c->modifier != KM_MOD_EXACT && km_romaji_to_fold(&romaji, a, t->text))
        KM_TRY(strings_by_key(out, run, c, romaji));
    return KM_OK;
}

static bool of_system(void *self, km_str value, km_spot s)
{
    (void)s;
    return value.n == 16 && memcmp(value.p + 8, self, 8) == 0;
}

static km_code token_with_system(km_spots *out, km_seeking *run, const km_clause *c, km_str system,
                                 km_str code)
{
    km_key key;
    uint16_t param = c->param->index_number;
    km_key_token(&key, run->key, code, system, false);
    if (code.n == 0) { /* the whole system */
        unsigned char wanted[8];
        km_key all = { .n = 0 };
        memcpy(wanted, key.b + 8, 8);
        return with_prefix(out, run, param, &all, of_system, wanted);
    }
    KM_TRY(at_key(out, run, param, &key));
    km_key_token(&key, run->key, code, system, true);
    return at_key(out, run, param, &key);
}

static km_code codes(km_spots *out, km_seeking *run, const km_clause *c)
{
    for (size_t i = 0; i < c->codes->n; i++)
        KM_TRY(token_with_system(out, run, c, c->codes->code[i].name, c->codes->code[i].value));
    return KM_OK;
}

static km_code tokens(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t)
{
    km_key key;
    if (t->has_bar)
        return token_with_system(out, run, c, t->system, t->text);
    km_key_token(&key, run->key, t->text, KM_STR_NONE, false);
    key.n = 8;
    return with_prefix(out, run, c->param->index_number, &key, NULL, NULL);
}

static bool date_fits(void *self, km_str value, km_spot s)
{
    km_ms low, high;
    (void)s;
    return km_key_date_read(&low, &high, value) && km_match__date(self, low, high);
}

/* Bounds on `low` that every match of a class keeps, from the prefix and the class's greatest
 * length. */
static void date_bounds(km_ms *from, km_ms *to, const km_term *t, km_ms longest)
{
    *from = INT64_MIN;
    *to = INT64_MAX;
    switch (t->prefix) {
    case KM_EQ:
        *from = t->low;
        *to = t->high;
        break;
    case KM_GT:
    case KM_GE:
        if (__builtin_sub_overflow(t->prefix == KM_GT ? t->high : t->low, longest, from))
            *from = INT64_MIN;
        break;
    case KM_SA:
        *from = t->high;
        break;
    case KM_LT:
        *to = t->low;
        break;
    case KM_LE:
    case KM_EB:
        *to = t->high;
        break;
    case KM_AP:
        if (__builtin_sub_overflow(t->low, longest, from))
            *from = INT64_MIN;
        *to = t->high;
        break;
    case KM_NE:
        break;
    }
}

static km_code dates(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t)
{
    static const struct {
        char letter;
        km_ms longest;
    } classes[] = { { 'a', 86400000 },
                    { 'b', (km_ms)32 * 86400000 },
                    { 'c', (km_ms)367 * 86400000 },
                    { 'd', INT64_MAX } };
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        km_ms from, to;
        km_range r = { .param = c->param->index_number };
        date_bounds(&from, &to, t, classes[i].longest);
        km_key_date(&r.low, from, from);
        km_key_date(&r.high, to, to);
        r.low.b[0] = r.high.b[0] = (unsigned char)classes[i].letter;
        memset(r.low.b + 9, 0, 8);
        memset(r.high.b + 9, 0xFF, 8);
        km_term copy = *t;
        KM_TRY(ids(out, run, &r, date_fits, &copy));
    }
    return KM_OK;
}

typedef struct number_wish {
    const km_term *t;
    uint64_t code, system;
    bool with_unit, with_system;
} number_wish;

static uint64_t be64(const char *p)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v = v << 8 | (unsigned char)p[i];
    return v;
}

static bool number_fits(void *self, km_str value, km_spot s)
{
    const number_wish *w = self;
    (void)s;
    if (value.n < 17
        || !km_match__number(w->t, km_double_from_key(be64(value.p + 1)),
                             km_double_from_key(be64(value.p + 9))))
        return false;
    if (!w->with_unit || value.n < 33)
        return true;
    return be64(value.p + 17) == w->code && (!w->with_system || be64(value.p + 25) == w->system);
}

static km_code number_class(km_spots *out, km_seeking *run, const km_clause *c, number_wish *w,
                            double from, double to, char letter)
{
    km_range r = { .param = c->param->index_number };
    km_key_number(&r.low, from, from);
    km_key_number(&r.high, to, to);
    r.low.b[0] = r.high.b[0] = (unsigned char)letter;
    memset(r.low.b + 9, 0, 8);
    memset(r.high.b + 9, 0xFF, KM_KEY_MAX - 9);
    r.high.n = 40;
    return ids(out, run, &r, number_fits, w);
}

static km_code numbers(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t)
{
    const double inf = __builtin_inf();
    double from = -inf, to = inf;
    number_wish w = { .t = t, .with_unit = t->unit.n > 0, .with_system = t->system.n > 0 };
    if (w.with_unit) {
        km_key k;
        km_key_token(&k, run->key, t->unit, t->system, false);
        w.code = be64((const char *)k.b);
        w.system = be64((const char *)k.b + 8);
    }
    if (t->prefix == KM_EQ || t->prefix == KM_AP) {
        from = t->number_low;
        to = t->number_high;
    } else if (t->prefix == KM_GT || t->prefix == KM_GE || t->prefix == KM_SA)
        from = t->value;
    else if (t->prefix == KM_LT || t->prefix == KM_LE || t->prefix == KM_EB)
        to = t->value;
    KM_TRY(number_class(out, run, c, &w, from, to, 'p'));
    return number_class(out, run, c, &w, -inf, inf, 'r');
}

static km_code uris(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t)
{
    km_key key;
    uint16_t param = c->param->index_number;
    km_key_uri(&key, t->text);
    if (c->modifier == KM_MOD_BELOW)
        return with_prefix(out, run, param, &key, NULL, NULL);
    if (c->modifier != KM_MOD_ABOVE)
        return at_key(out, run, param, &key);
    for (size_t n = 1; n <= t->text.n && n <= KM_KEY_TEXT; n++) {
        km_key_uri(&key, km_str_sub(t->text, 0, n));
        KM_TRY(at_key(out, run, param, &key));
    }
    return KM_OK;
}

/* --- references
 * ----------------------------------------------------------------------------------------- */

/* The records of a chart that are of a type: what a reference to the own patient finds. */
static km_code of_chart(km_spots *out, km_seeking *run, int64_t chart, km_ftype type)
{
    km_stmt *st;
    km_fault *f = run->call->fault;
    KM_TRY(km_query(&st, run->conn, "day_of_type", f));
    km_bind_int(st, 1, chart);
    km_bind_int(st, 2, type);
    km_bind_int(st, 3, INT64_MIN);
    km_bind_int(st, 4, INT64_MAX);
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, f));
        if (!row)
            return KM_OK;
        km_spots_add(out, run->call->arena, (km_spot){ chart, km_col_int(st, 1) });
    }
}

/* Charts whose Patient has this id, whatever the source, that the access covers. */
static km_code charts_of_patient(km_spots *out, km_seeking *run, km_str id)
{
    km_stmt *st;
    km_fault *f = run->call->fault;
    KM_TRY(km_query(&st, run->conn, "chart_named", f));
    km_bind_text(st, 1, id);
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, f));
        if (!row)
            return KM_OK;
        int64_t chart = km_col_int(st, 0);
        if (km_access_covers_chart(run->access, chart))
            km_spots_add(out, run->call->arena, (km_spot){ chart, 0 });
    }
}

static km_code own_patient_rows(km_spots *out, km_seeking *run, const km_param *p, km_str text)
{
    km_reference ref;
    km_spots charts = { 0 };
    if (!p->own_patient || !km_reference_parse(&ref, text) || ref.base.n > 0
        || !km_str_is(km_fhir_type_name(ref.type), "Patient"))
        return KM_OK;
    KM_TRY(charts_of_patient(&charts, run, ref.id));
    for (size_t i = 0; i < charts.n; i++)
        KM_TRY(of_chart(out, run, charts.s[i].chart, p->type));
    return KM_OK;
}

static km_code reference_text(km_spots *out, km_seeking *run, const km_param *p, km_str text)
{
    km_key key;
    km_key_reference(&key, run->key, text);
    KM_TRY(at_key(out, run, p->index_number, &key));
    return own_patient_rows(out, run, p, text);
}

static km_code reference_to_id(km_spots *out, km_seeking *run, const km_clause *c, km_str id)
{
    const km_ftype *targets = c->param->targets;
    size_t n = c->param->n_targets;
    if (n == 0)
        n = km_fhir_resources(&targets);
    for (size_t i = 0; i < n; i++) {
        km_str text = km_arena_print(run->call->arena, "%.*s/%.*s",
                                     KM_STR_ARG(km_fhir_type_name(targets[i])), KM_STR_ARG(id));
        KM_TRY(reference_text(out, run, c->param, text));
    }
    return KM_OK;
}

static km_code references(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t)
{
    km_key key;
    uint16_t param = c->param->index_number;
    if (c->modifier == KM_MOD_IDENTIFIER) {
        km_key_reference_identifier(&key, run->key, t->system, t->text);
        if (t->has_bar && t->has_code)
            return at_key(out, run, param, &key);
        key.n = t->has_code ? 9 : 1;
        return with_prefix(out, run, param, &key, NULL, NULL);
    }
    if (t->has_code)
        return reference_to_id(out, run, c, t->text);
    km_key_canonical(&key, t->text);
    if (c->modifier == KM_MOD_ABOVE) /* shorter ones: by the body */
        key.n = 1;
    if (c->modifier == KM_MOD_BELOW || c->modifier == KM_MOD_ABOVE)
        return with_prefix(out, run, param, &key, NULL, NULL);
    KM_TRY(at_key(out, run, param, &key));
    return reference_text(out, run, c->param, t->text);
}

km_code km_run__referring(km_spots *out, km_seeking *run, const km_param *p, km_spot target,
                          km_ftype target_type, km_str target_id)
{
    km_key key;
    km_str text = km_arena_print(run->call->arena, "%.*s/%.*s",
                                 KM_STR_ARG(km_fhir_type_name(target_type)), KM_STR_ARG(target_id));
    km_key_reference(&key, run->key, text);
    KM_TRY(at_key(out, run, p->index_number, &key));
    if (p->own_patient && km_str_is(km_fhir_type_name(target_type), "Patient"))
        KM_TRY(of_chart(out, run, target.chart, p->type));
    return KM_OK;
}

/* --- what rows cannot settle
 * ------------------------------------------------------------------------------- */

static bool needs_body(const km_clause *c)
{
    if (c->form != KM_FORM_PARAM || c->modifier == KM_MOD_MISSING)
        return false;
    if (c->param->kind == KM_PARAM_COMPOSITE || c->modifier == KM_MOD_EXACT
        || c->modifier == KM_MOD_TEXT || c->modifier == KM_MOD_OF_TYPE
        || (c->codes != NULL && c->codes->base_set != 0))
        return true;
    for (size_t i = 0; i < c->terms; i++) {
        const km_term *t = &c->term[i];
        bool long_text = t->text.n > KM_KEY_TEXT / 2;
        if ((c->param->kind == KM_PARAM_STRING && long_text)
            || (c->param->kind == KM_PARAM_URI
                && (long_text || c->modifier == KM_MOD_BELOW || c->modifier == KM_MOD_ABOVE))
            || (c->param->kind == KM_PARAM_REFERENCE
                && (t->version.n > 0 || c->modifier == KM_MOD_BELOW || c->modifier == KM_MOD_ABOVE
                    || c->modifier == KM_MOD_TYPE)))
            return true;
    }
    /* An alias is served by the rows of a wider parameter: its own expression decides. */
    return c->param->index_number != c->param->number && c->param->kind == KM_PARAM_REFERENCE
           && c->param->n_targets != 1;
}

static km_code with_any_value(km_spots *out, km_seeking *run, const km_clause *c)
{
    km_key all = { .n = 0 };
    KM_TRY(with_prefix(out, run, c->param->index_number, &all, NULL, NULL));
    if (!c->param->own_patient)
        return KM_OK;
    km_spots type = { 0 };
    KM_TRY(km_run__type_all(&type, run, c->type));
    for (size_t i = 0; i < type.n; i++)
        if (type.s[i].chart != KM_CHART_NONE)
            km_spots_add(out, run->call->arena, type.s[i]);
    return KM_OK;
}

static km_code keep_by_body(km_spots *s, km_seeking *run, const km_clause *c)
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

/* --- forms
 * ----------------------------------------------------------------------------------------------------
 */

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
static km_code by_update(km_spots *out, km_seeking *run, const km_clause *c)
{
    static const unsigned parts[] = {
        [KM_EQ] = 2, [KM_NE] = 5, [KM_GT] = 4, [KM_LT] = 1, [KM_GE] = 6,
        [KM_LE] = 3, [KM_SA] = 4, [KM_EB] = 1, [KM_AP] = 2
    };
    const km_term *t = &c->term[0];
    int64_t low, high, bound[4] = { 1, 0, 0, INT64_MAX };
    KM_TRY(seq_from(&low, run, t->low));
    KM_TRY(seq_from(&high, run, t->high == INT64_MAX ? t->high : t->high + 1));
    bound[1] = low;
    bound[2] = high;
    for (int i = 0; i < 3; i++)
        if (parts[t->prefix] & (1u << i))
            KM_TRY(spots_updated(out, run, c->type, bound[i], bound[i + 1]));
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
        if (km_reader_locate(&spot.chart, &spot.rid, run->r, type, ref.id, rec->source) == KM_OK)
            km_spots_add(out, run->call->arena, spot);
        else
            km_fault_clear(run->call->fault);
    }
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
        KM_TRY(km_run__in_time(run));
        if (patient && inner.s[i].chart != KM_CHART_NONE) { /* the chart says whose it is */
            if (inner.s[i].chart != last)
                KM_TRY(of_chart(out, run, inner.s[i].chart, c->type));
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
        KM_TRY(reference_text(out, run, params[i], text));
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

static km_code by_param(km_spots *out, km_seeking *run, const km_clause *c)
{
    if (c->modifier == KM_MOD_MISSING)
        return with_any_value(out, run, c);
    if (c->modifier == KM_MOD_TEXT)
        return km_run__type_all(out, run, c->type);
    if (c->codes != NULL)
        return c->codes->base_set != 0 ? with_any_value(out, run, c) : codes(out, run, c);
    for (size_t i = 0; i < c->terms; i++)
        KM_TRY(c->param->kind == KM_PARAM_COMPOSITE
                   ? composites(out, run, c, &c->term[i])
                   : kinds[c->param->kind](out, run, c, &c->term[i]));
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
            positive.modifier = KM_MOD_IN;
            KM_TRY(keep_by_body(out, run, &positive));
        }
        KM_TRY(km_run__type_all(&all, run, mine.type));
        km_spots_subtract(&all, out);
        *out = all;
        return KM_OK;
    }
    return needs_body(&mine) ? keep_by_body(out, run, &mine) : KM_OK;
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

/* --- a whole conjunction
 * --------------------------------------------------------------------------------------------- */

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
        return keep_by_body(so_far, run, c);
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
