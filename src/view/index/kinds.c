/* SPDX-License-Identifier: Apache-2.0
 *
 * kinds: a term of each kind of parameter to the spots of its rows: which range of `hit` it
 * stands in, and what a row's value must say besides.
 */
#include "view/index/inside.h"

#include "base/kana.h"
#include "codec/json/decimal.h"

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

km_code km_kinds__with_prefix(km_spots *out, km_seeking *run, uint16_t param, const km_key *key,
                              km_hit_keep keep, void *self)
{
    km_range r = { .param = param, .low = *key, .prefix = true };
    return ids(out, run, &r, keep, self);
}

/* --- kinds --- */

static km_code strings(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t);
static km_code tokens(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t);
static km_code dates(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t);
static km_code numbers(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t);
static km_code uris(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t);
static km_code references(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t);

typedef km_code (*kind_run)(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t);
static const kind_run by_kind[] = {
    [KM_PARAM_STRING] = strings, [KM_PARAM_TOKEN] = tokens,     [KM_PARAM_REFERENCE] = references,
    [KM_PARAM_DATE] = dates,     [KM_PARAM_QUANTITY] = numbers, [KM_PARAM_NUMBER] = numbers,
    [KM_PARAM_URI] = uris
};

/* Keys are cut at a character: shorter than this they hold the whole text. */
enum { WHOLE = KM_KEY_TEXT - 3 };

typedef struct finding {
    km_str part;
    km_spots doubtful; /* the text goes on where the key ends */
    km_arena *arena;
} finding;

static bool has_part(void *self, km_str value, km_spot s)
{
    finding *f = self;
    if (f->part.n == 0 || (value.n >= f->part.n && memmem(value.p, value.n, f->part.p, f->part.n)))
        return true;
    if (value.n >= WHOLE)
        km_spots_add(&f->doubtful, f->arena, s);
    return false;
}

static km_code strings_with_part(km_spots *out, km_seeking *run, const km_clause *c, km_str folded)
{
    km_key key = { .n = 0 };
    finding f = { .part = folded, .arena = run->call->arena };
    KM_TRY(km_kinds__with_prefix(out, run, c->param->index_number, &key, has_part, &f));
    km_spots_sort(&f.doubtful);
    KM_TRY(km_run__keep_by_body(&f.doubtful, run, c));
    for (size_t i = 0; i < f.doubtful.n; i++)
        km_spots_add(out, run->call->arena, f.doubtful.s[i]);
    return KM_OK;
}

static km_code strings_by_key(km_spots *out, km_seeking *run, const km_clause *c, km_str folded)
{
    km_key key = { .n = 0 };
    if (c->modifier == KM_MOD_CONTAINS)
        return strings_with_part(out, run, c, folded);
    size_t n = folded.n < WHOLE ? folded.n : WHOLE;
    if (n > 0)
        memcpy(key.b, folded.p, n);
    key.n = (uint8_t)n;
    return km_kinds__with_prefix(out, run, c->param->index_number, &key, NULL, NULL);
}

/* As written and, when it reads as romaji, as kana in each of its readings. */
static km_code strings(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t)
{
    km_str reading[KM_ROMAJI_READINGS];
    km_arena *a = run->call->arena;
    KM_TRY(strings_by_key(out, run, c, km_fold(a, t->text)));
    if (c->modifier == KM_MOD_EXACT)
        return KM_OK;
    size_t readings = km_romaji_readings(reading, KM_ROMAJI_READINGS, a, t->text);
    for (size_t i = 0; i < readings; i++)
        KM_TRY(strings_by_key(out, run, c, reading[i]));
    return KM_OK;
}

/* No code and no system: only that there is something (keys.h). */
static bool of_system(void *self, km_str value, km_spot s)
{
    static const char nothing[16] = { 0 };
    (void)s;
    return value.n == 16 && memcmp(value.p + 8, self, 8) == 0 && memcmp(value.p, nothing, 16) != 0;
}

static bool of_identifier_system(void *self, km_str value, km_spot s)
{
    (void)s;
    return value.n == 17 && memcmp(value.p + 9, self, 8) == 0;
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
        return km_kinds__with_prefix(out, run, param, &all, of_system, wanted);
    }
    KM_TRY(at_key(out, run, param, &key));
    km_key_token(&key, run->key, code, system, true);
    return at_key(out, run, param, &key);
}

km_code km_kinds__codes(km_spots *out, km_seeking *run, const km_clause *c)
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
    return km_kinds__with_prefix(out, run, c->param->index_number, &key, NULL, NULL);
}

static bool date_fits(void *self, km_str value, km_spot s)
{
    km_ms low, high;
    (void)s;
    return km_key_date_read(&low, &high, value) && km_match__date(self, low, high);
}

/* When what is still there at `at` can have begun at the earliest. */
static km_ms begins_after(km_ms at, km_ms longest)
{
    km_ms from;
    return longest == INT64_MAX || __builtin_sub_overflow(at, longest, &from) ? INT64_MIN : from;
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
        *from = begins_after(t->prefix == KM_GT ? t->high : t->low, longest);
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
        *from = begins_after(t->low, longest);
        *to = t->high;
        break;
    case KM_NE:
        break;
    }
}

static km_code dates(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t)
{
    /* The last class has no longest: what is open on the left begins before every day. */
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
        return km_kinds__with_prefix(out, run, param, &key, NULL, NULL);
    if (c->modifier != KM_MOD_ABOVE)
        return at_key(out, run, param, &key);
    for (size_t n = 1; n <= t->text.n && n <= KM_KEY_TEXT; n++) {
        km_key_uri(&key, km_str_sub(t->text, 0, n));
        KM_TRY(at_key(out, run, param, &key));
    }
    return KM_OK;
}

/* --- references --- */

/* The records of a chart that name its patient by this parameter: all of the type but those that
 * say that they do not. */
km_code km_kinds__of_chart(km_spots *out, km_seeking *run, int64_t chart, const km_param *p)
{
    km_key key;
    km_spots all = { 0 }, not_own = { 0 };
    km_arena *a = run->call->arena;
    km_key_not_own(&key);
    KM_TRY(
        km_hits_in_chart(&not_own, run->conn, p->index_number, &key, chart, a, run->call->fault));
    KM_TRY(km_kinds__type_in_chart(&all, run, chart, p->type));
    if (not_own.n > 0) {
        km_spots_sort(&all);
        km_spots_sort(&not_own);
        km_spots_subtract(&all, &not_own);
    }
    for (size_t i = 0; i < all.n; i++)
        km_spots_add(out, a, all.s[i]);
    return KM_OK;
}

km_code km_kinds__type_in_chart(km_spots *out, km_seeking *run, int64_t chart, km_ftype type)
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
        KM_TRY(km_kinds__of_chart(out, run, charts.s[i].chart, p));
    return KM_OK;
}

km_code km_kinds__reference_text(km_spots *out, km_seeking *run, const km_param *p, km_str text)
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
        KM_TRY(km_kinds__reference_text(out, run, c->param, text));
    }
    return KM_OK;
}

static km_code references(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t)
{
    km_key key;
    km_reference ref;
    uint16_t param = c->param->index_number;
    if (c->modifier == KM_MOD_IDENTIFIER) {
        km_key_reference_identifier(&key, run->key, t->system, t->text);
        if (t->has_bar && t->has_code)
            return at_key(out, run, param, &key);
        unsigned char wanted[8];
        memcpy(wanted, key.b + 9, 8);
        key.n = t->has_code ? 9 : 1;
        return km_kinds__with_prefix(out, run, param, &key,
                                     t->has_code ? NULL : of_identifier_system, wanted);
    }
    if (t->has_code)
        return reference_to_id(out, run, c, t->text);
    if (km_reference_parse(&ref, t->text) && !ref.canonical && ref.version.n > 0)
        return km_kinds__reference_text(out, run, c->param, km_key_without_version(&ref));
    km_key_canonical(&key, t->text);
    if (c->modifier == KM_MOD_ABOVE) /* shorter ones: by the body */
        key.n = 1;
    if (c->modifier == KM_MOD_BELOW || c->modifier == KM_MOD_ABOVE)
        return km_kinds__with_prefix(out, run, param, &key, NULL, NULL);
    KM_TRY(at_key(out, run, param, &key));
    return km_kinds__reference_text(out, run, c->param, t->text);
}

km_code km_kinds__term(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t)
{
    return by_kind[c->param->kind](out, run, c, t);
}
