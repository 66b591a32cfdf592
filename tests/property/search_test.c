/* SPDX-License-Identifier: Apache-2.0
 *
 * What a search finds is what each record says of itself: km_search_run, which reads rows, against
 * km_search_matches, which reads bodies, for random records and random searches of every kind of
 * parameter, prefix and modifier. Paging visits each match once, in order; totals count them.
 *
 * KUMIHIMO_SEARCHES sets how many (default 3000), KUMIHIMO_SEED where chance begins.
 */
#include "invent.h"

#include "base/date.h"
#include "view/index/keys.h"

typedef struct held {
    km_record *rec;
    km_jv body;
} held;

typedef struct world {
    km_test_log *w;
    held *all;
    size_t n, room;
    held *gone; /* deletions: their names are taken all the same */
    size_t gone_n;
    km_arena *kept;
} world;

static km_code hold(void *self, km_record *rec, km_fault *f)
{
    world *h = self;
    (void)f;
    assert_true(h->n < h->room);
    km_json *doc;
    km_record *copy = KM_NEW(h->kept, km_record);
    *copy = *rec;
    copy->json = NULL;
    copy->id = km_arena_copy(h->kept, rec->id);
    copy->stored = km_arena_copy(h->kept, rec->stored);
    assert_int_equal(km_json_parse(&doc, h->kept, copy->stored, NULL, NULL), KM_OK);
    h->all[h->n++] = (held){ copy, km_json_root(doc) };
    return KM_OK;
}

static km_code hold_deletion(void *self, km_record *rec, km_fault *f)
{
    world *h = self;
    (void)f;
    if (!rec->deleted || h->gone_n == h->room)
        return KM_OK;
    km_record *copy = KM_NEW(h->kept, km_record);
    *copy = *rec;
    copy->id = km_arena_copy(h->kept, rec->id);
    h->gone[h->gone_n++].rec = copy;
    return KM_OK;
}

static world a_world(size_t steps)
{
    world h = { .w = km_test_log_new(all_sql, all_folds), .room = 4000 };
    const char *seed = getenv("KUMIHIMO_SEED");
    if (seed != NULL)
        h.w->seed += strtoull(seed, NULL, 10) * 7919;
    live_on(h.w, steps);
    h.kept = km_arena_new((size_t)1 << 30);
    h.all = KM_NEW_ARRAY(h.kept, h.room, held);
    h.gone = KM_NEW_ARRAY(h.kept, h.room, held);
    km_test_must(h.w, km_log_walk(h.w->log, &h.w->everything, 0, true, hold, &h, &h.w->call));
    km_test_must(h.w,
                 km_log_walk(h.w->log, &h.w->everything, 0, false, hold_deletion, &h, &h.w->call));
    return h;
}

static void end_of(world *h)
{
    km_arena_free(h->kept);
    km_test_log_free(h->w);
}

/* --- random searches --- */

static void escaped(km_buf *out, km_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (strchr(",|$\\", text.p[i]) != NULL)
            km_buf_char(out, '\\');
        km_buf_char(out, text.p[i]);
    }
}

/* A value that some record has, so that searches find something. */
static bool some_value(km_value *out, world *h, const km_param *p)
{
    for (int tries = 0; tries < 6; tries++) {
        km_values values = { 0 };
        held *one = &h->all[km_test_below(&h->w->seed, h->n)];
        if (one->rec->type != p->type)
            continue;
        km_test_must(h->w, km_values_of(&values, p, one->body, p->type, h->w->arena, &h->w->fault));
        if (values.n == 0)
            continue;
        *out = values.v[km_test_below(&h->w->seed, values.n)];
        return true;
    }
    return false;
}

static const char *a_prefix(uint64_t *seed)
{
    static const char *const all[] = { "",   "",   "",   "eq", "ne", "gt",
                                       "lt", "ge", "le", "sa", "eb", "ap" };
    return ONE_OF(seed, all);
}

/* A part of a text that begins and ends between characters. */
static km_str some_part(uint64_t *seed, km_str text, bool from_start)
{
    size_t from = from_start || text.n == 0 ? 0 : km_test_below(seed, text.n);
    size_t to = from + km_test_below(seed, text.n - from + 1);
    while (from < text.n && ((unsigned char)text.p[from] & 0xC0) == 0x80)
        from++;
    while (to < text.n && ((unsigned char)text.p[to] & 0xC0) == 0x80)
        to++;
    return km_str_sub(text, from, to > from ? to - from : text.n);
}

static void string_value(km_buf *out, world *h, const km_value *v, km_str modifier)
{
    uint64_t *seed = &h->w->seed;
    if (v == NULL)
        escaped(out, km_str_of(chance(seed, 50) ? ONE_OF(seed, families) : ONE_OF(seed, texts)));
    else if (km_str_is(modifier, "exact") && chance(seed, 70))
        escaped(out, v->text);
    else
        escaped(out, some_part(seed, v->text, !km_str_is(modifier, "contains")));
    if (out->n == 0)
        km_buf_char(out, 'y');
}

static void token_value(km_buf *out, world *h, const km_value *v, km_str modifier)
{
    uint64_t *seed = &h->w->seed;
    km_str system = km_str_of(ONE_OF(seed, systems)), code = km_str_of(ONE_OF(seed, codes));
    if (v != NULL && chance(seed, 70)) {
        system = v->system;
        code = v->text;
    }
    if (km_str_is(modifier, "text")) {
        escaped(out, km_str_sub(km_str_of(ONE_OF(seed, texts)), 0, 6));
        return;
    }
    if (km_str_is(modifier, "of-type")) {
        escaped(out, v != NULL ? v->type_system : system);
        km_buf_char(out, '|');
        escaped(out, v != NULL && v->type_code.n > 0 ? v->type_code : KM_STR("a"));
        km_buf_char(out, '|');
        escaped(out, code.n > 0 ? code : KM_STR("b"));
        return;
    }
    if (chance(seed, 60) || code.n == 0) {
        escaped(out, code.n == 0 && system.n == 0 ? KM_STR("urn:x") : system);
        km_buf_char(out, '|');
    }
    if (chance(seed, 85) || out->n == 1 || out->n == 0)
        escaped(out, code.n > 0 ? code : KM_STR("a"));
}

static void reference_value(km_buf *out, world *h, const km_value *v, km_str modifier)
{
    uint64_t *seed = &h->w->seed;
    km_reference ref;
    if (km_str_is(modifier, "identifier")) {
        km_value token = { .system = v ? v->id_system : KM_STR_NONE,
                           .text = v ? v->id_value : KM_STR_NONE };
        token_value(out, h, v ? &token : NULL, KM_STR_NONE);
        return;
    }
    km_str text = v != NULL ? v->text : KM_STR_NONE;
    if (text.n == 0)
        text = chance(seed, 50) ? KM_STR("Patient/p1") : KM_STR("Practitioner/d1");
    if (chance(seed, 30) && km_reference_parse(&ref, text) && ref.id.n > 0)
        text = ref.id;
    else if (modifier.n > 0)
        text = some_part(seed, text, true);
    escaped(out, text.n > 0 ? text : KM_STR("p1"));
}

static void one_value(km_buf *out, world *h, const km_param *p, km_str modifier);

static void composite_value(km_buf *out, world *h, const km_param *p)
{
    for (size_t i = 0; i < p->n_components; i++) {
        if (i > 0)
            km_buf_char(out, '$');
        km_buf part = km_buf_in(h->w->arena);
        one_value(&part, h, p->component[i].param, KM_STR_NONE);
        km_buf_add(out, km_buf_str(&part));
    }
}

static void one_value(km_buf *out, world *h, const km_param *p, km_str modifier)
{
    uint64_t *seed = &h->w->seed;
    km_value value;
    const km_value *v = p->kind != KM_PARAM_COMPOSITE && some_value(&value, h, p) ? &value : NULL;
    switch (p->kind) {
    case KM_PARAM_STRING:
        string_value(out, h, v, modifier);
        break;
    case KM_PARAM_TOKEN:
        token_value(out, h, v, modifier);
        break;
    case KM_PARAM_DATE:
        km_buf_print(out, "%s%s", a_prefix(seed), ONE_OF(seed, dates));
        break;
    case KM_PARAM_NUMBER:
        km_buf_print(out, "%s%s", a_prefix(seed), ONE_OF(seed, numbers));
        break;
    case KM_PARAM_QUANTITY:
        km_buf_print(out, "%s%s", a_prefix(seed), ONE_OF(seed, numbers));
        if (chance(seed, 50)) {
            km_buf_char(out, '|');
            escaped(out, v && chance(seed, 70) ? v->system : KM_STR_NONE);
            km_buf_char(out, '|');
            escaped(out, v ? chance(seed, 70) ? v->text : v->unit : KM_STR("mg"));
        }
        break;
    case KM_PARAM_URI:
        if (v != NULL)
            escaped(out, modifier.n > 0 ? some_part(seed, v->text, true) : v->text);
        else
            escaped(out, km_str_of(ONE_OF(seed, uris)));
        if (out->n == 0)
            km_buf_z(out, "urn:x");
        break;
    case KM_PARAM_REFERENCE:
        reference_value(out, h, v, modifier);
        break;
    default:
        composite_value(out, h, p);
    }
}

/* Modifiers that the body alone can answer; value sets and hierarchies have their own tests. */
static km_str a_modifier(world *h, const km_param *p)
{
    const char *const *names;
    size_t n = km_search_modifiers(&names, p->kind);
    if (n == 0 || chance(&h->w->seed, 50))
        return KM_STR_NONE;
    km_str name = km_str_of(names[km_test_below(&h->w->seed, n)]);
    bool token = p->kind == KM_PARAM_TOKEN;
    if (km_str_is(name, "in") || km_str_is(name, "not-in")
        || (token && (km_str_is(name, "below") || km_str_is(name, "above"))))
        return KM_STR_NONE;
    return name;
}

static km_search_field a_field(world *h, km_ftype type)
{
    const km_param *params, *p;
    size_t n = km_fhir_params(&params, type);
    do
        p = &params[km_test_below(&h->w->seed, n)];
    while (p->kind == KM_PARAM_SPECIAL || p->path == NULL);
    km_str modifier = a_modifier(h, p);
    km_buf name = km_buf_in(h->w->arena), value = km_buf_in(h->w->arena);
    km_buf_add(&name, p->code);
    if (modifier.n > 0)
        km_buf_print(&name, ":%.*s", KM_STR_ARG(modifier));
    if (km_str_is(modifier, "missing"))
        km_buf_z(&value, chance(&h->w->seed, 50) ? "true" : "false");
    else
        for (size_t terms = 1 + (chance(&h->w->seed, 20) ? 1 : 0), i = 0; i < terms; i++) {
            km_buf one = km_buf_in(h->w->arena);
            if (i > 0)
                km_buf_char(&value, ',');
            one_value(&one, h, p, modifier);
            km_buf_add(&value, km_buf_str(&one));
        }
    return (km_search_field){ km_buf_str(&name), km_buf_str(&value) };
}

/* --- against the bodies --- */

static const char *as_text(const km_search_field *field, size_t n, km_ftype type, km_arena *a)
{
    km_buf out = km_buf_in(a);
    km_buf_add(&out, km_fhir_type_name(type));
    for (size_t i = 0; i < n; i++)
        km_buf_print(&out, "%c%.*s=%.*s", i ? '&' : '?', KM_STR_ARG(field[i].name),
                     KM_STR_ARG(field[i].value));
    return km_arena_z(a, km_buf_str(&out));
}

typedef struct found {
    int64_t rid[4000];
    size_t n;
    int64_t total;
} found;

static void run_all_pages(found *out, world *h, const km_search *s, const char *what)
{
    km_str cursor = KM_STR_NONE;
    out->n = 0;
    for (bool more = true; more;) {
        km_page page;
        km_reader *r = km_test_reader(h->w, &h->w->everything);
        km_code rc = km_search_run(&page, s, r, cursor);
        km_reader_close(r);
        if (rc != KM_OK)
            fail_msg("%s: %s %s", what, km_code_name(rc), h->w->fault.detail);
        for (size_t i = 0; i < page.matches; i++)
            out->rid[out->n++] = page.found[i].rid;
        if (page.more && page.matches == 0)
            fail_msg("%s: an empty page that says there is more", what);
        out->total = page.total;
        cursor = page.cursor;
        more = page.more;
    }
}

static int by_value(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a > b) - (a < b);
}

static void tell(const world *h, int64_t rid)
{
    for (size_t k = 0; k < h->n; k++)
        if (h->all[k].rec->rid == rid)
            print_message("    chart %lld: %.*s\n", (long long)h->all[k].rec->chart,
                          KM_STR_ARG(h->all[k].rec->stored));
}

/* False, and told, when the two differ. */
static bool compare(world *h, const km_search *s, km_ftype type, const char *what)
{
    static found is, must;
    run_all_pages(&is, h, s, what);
    must.n = 0;
    for (size_t i = 0; i < h->n; i++) {
        bool yes;
        const held *one = &h->all[i];
        if (one->rec->type != type)
            continue;
        km_test_must(h->w, km_search_matches(&yes, s, one->body, type, &h->w->call));
        if (yes)
            must.rid[must.n++] = one->rec->rid;
    }
    qsort(is.rid, is.n, sizeof *is.rid, by_value);
    qsort(must.rid, must.n, sizeof *must.rid, by_value);
    for (size_t i = 0; i < (is.n > must.n ? is.n : must.n); i++) {
        int64_t a = i < is.n ? is.rid[i] : 0, b = i < must.n ? must.rid[i] : 0;
        if (a == b)
            continue;
        bool extra = b == 0 || (a != 0 && a < b);
        print_message("%s: found %zu, not %zu; %s\n", what, is.n, must.n,
                      extra ? "too much:" : "missed:");
        tell(h, extra ? a : b);
        return false;
    }
    if (is.total == (int64_t)is.n)
        return true;
    print_message("%s: total %lld, not %zu\n", what, (long long)is.total, is.n);
    return false;
}

static size_t wanted_number(void)
{
    const char *n = getenv("KUMIHIMO_SEARCHES");
    return n != NULL ? strtoull(n, NULL, 10) : 3000;
}

static void a_search_finds_what_the_bodies_say(void **state)
{
    world h = a_world(700);
    size_t refused = 0, wrong = 0, n = wanted_number();
    (void)state;
    for (size_t i = 0; i < n && wrong < 10; i++) {
        km_search_field field[4];
        km_arena_mark mark = km_arena_here(h.w->arena);
        km_ftype type = km_fhir_type_named(km_str_of(ONE_OF(&h.w->seed, invented).name));
        size_t fields = 1 + (chance(&h.w->seed, 35) ? km_test_below(&h.w->seed, 2) + 1 : 0);
        for (size_t k = 0; k < fields; k++)
            field[k] = a_field(&h, type);
        km_search_input in = { .type = type,
                               .field = field,
                               .fields = fields,
                               .count_default = 1 + (uint32_t)km_test_below(&h.w->seed, 40) };
        km_search *s;
        const char *what = as_text(field, fields, type, h.w->arena);
        km_fault_clear(&h.w->fault);
        km_code rc = km_search_parse(&s, &in, &h.w->call);
        if (rc == KM_OK)
            wrong += !compare(&h, s, type, what);
        else if (rc != KM_BAD_VALUE && rc != KM_UNSUPPORTED)
            fail_msg("%s: %s %s", what, km_code_name(rc), h.w->fault.detail);
        refused += rc != KM_OK;
        km_arena_back(h.w->arena, mark);
    }
    assert_int_equal(wrong, 0);
    assert_true(refused < n / 5);
    end_of(&h);
}

/* --- references between records --- */

static bool is_named(const held *one, const km_reference *ref)
{
    return one->rec->type == ref->type && km_str_eq(one->rec->id, ref->id);
}

/* The one of that name that is, or was, of the lowest source, or of the record's own. */
static int32_t source_meant(const world *h, const held *from, const km_reference *ref)
{
    int32_t source = INT32_MAX;
    for (size_t i = 0; i < h->n + h->gone_n; i++) {
        const held *one = i < h->n ? &h->all[i] : &h->gone[i - h->n];
        if (is_named(one, ref) && one->rec->source == from->rec->source)
            return from->rec->source;
        if (is_named(one, ref) && one->rec->source < source)
            source = one->rec->source;
    }
    return source;
}

/* What a reference of a record means: the one of its own source, else the first of all; but the
 * patient of a chart is that chart's, also when he has not come yet. */
static const held *meant_by(const world *h, const held *from, km_str text, const char *type)
{
    km_reference ref;
    km_str owner[4];
    if (text.n == 0 || !km_reference_parse(&ref, text) || ref.base.n > 0 || ref.contained
        || !km_str_is(km_fhir_type_name(ref.type), type))
        return NULL;
    bool own = from->rec->chart != KM_CHART_NONE
               && km_fhir_owner(owner, 4, from->body, from->rec->type) == 1
               && km_str_eq(owner[0], text);
    int32_t source = own ? from->rec->source : source_meant(h, from, &ref);
    for (size_t i = 0; i < h->n; i++)
        if (is_named(&h->all[i], &ref) && h->all[i].rec->source == source)
            return &h->all[i];
    return NULL;
}

static bool says(world *h, const held *one, const char *name, const char *value)
{
    bool yes;
    km_search *s;
    km_search_field field = { km_str_of(name), km_str_of(value) };
    km_search_input in = { .type = one->rec->type, .field = &field, .fields = 1 };
    km_test_must(h->w, km_search_parse(&s, &in, &h->w->call));
    km_test_must(h->w, km_search_matches(&yes, s, one->body, one->rec->type, &h->w->call));
    return yes;
}

/* Does `from` refer to `to` by the parameter? */
static bool refers(world *h, const held *from, const char *param, const held *to)
{
    km_values values = { 0 };
    const km_param *p = km_fhir_param(from->rec->type, km_str_of(param));
    km_test_must(h->w, km_values_of(&values, p, from->body, p->type, h->w->arena, &h->w->fault));
    const char *type = km_arena_z(h->w->arena, km_fhir_type_name(to->rec->type));
    for (size_t i = 0; i < values.n; i++)
        if (meant_by(h, from, values.v[i].text, type) == to)
            return true;
    return false;
}

static void expect_same(world *h, const char *type, const char *name, const char *value,
                        bool (*must)(world *h, const held *one, void *self), void *self)
{
    static found is;
    size_t n = 0;
    km_search *s;
    km_search_field field = { km_str_of(name), km_str_of(value) };
    km_search_input in = { .type = km_fhir_type_named(km_str_of(type)),
                           .field = &field,
                           .fields = 1,
                           .count_default = 7 };
    km_fault_clear(&h->w->fault);
    km_test_must(h->w, km_search_parse(&s, &in, &h->w->call));
    run_all_pages(&is, h, s, name);
    for (size_t i = 0; i < h->n; i++) {
        bool there = false;
        if (h->all[i].rec->type != in.type)
            continue;
        for (size_t k = 0; k < is.n; k++)
            there |= is.rid[k] == h->all[i].rec->rid;
        if (there != must(h, &h->all[i], self)) {
            tell(h, h->all[i].rec->rid);
            fail_msg("%s?%s=%s: %s", type, name, value, there ? "too much" : "missed");
        }
        n += there;
    }
    assert_int_equal(is.n, n);
    assert_int_equal(is.total, n);
}

typedef struct asked {
    const char *from, *param, *to, *inner, *value;
} asked;

static bool chain_leads(world *h, const held *one, void *self)
{
    const asked *q = self;
    for (size_t i = 0; i < h->n; i++)
        if (km_str_is(km_fhir_type_name(h->all[i].rec->type), q->to)
            && says(h, &h->all[i], q->inner, q->value) && refers(h, one, q->param, &h->all[i]))
            return true;
    return false;
}

static bool has_referrer(world *h, const held *one, void *self)
{
    const asked *q = self;
    for (size_t i = 0; i < h->n; i++)
        if (km_str_is(km_fhir_type_name(h->all[i].rec->type), q->from)
            && says(h, &h->all[i], q->inner, q->value) && refers(h, &h->all[i], q->param, one))
            return true;
    return false;
}

static void chains_and_their_reverse_lead_where_the_references_mean(void **state)
{
    static const asked chains[] = {
        { "Observation", "subject", "Patient", "gender", "male" },
        { "Observation", "patient", "Patient", "birthdate", "lt2020" },
        { "Observation", "performer", "Practitioner", "name", "山田" },
        { "Condition", "subject", "Patient", "active", "true" },
        { "Encounter", "practitioner", "Practitioner", "identifier", "a" },
        { "Patient", "general-practitioner", "Practitioner", "name", "高橋" },
        { "CarePlan", "subject", "Patient", "family", "大野" },
    };
    static const asked reverse[] = {
        { "Observation", "subject", "Patient", "status", "final" },
        { "Observation", "patient", "Patient", "code", "a" },
        { "Observation", "performer", "Practitioner", "code", "b" },
        { "Condition", "patient", "Patient", "onset-date", "gt2020-03" },
        { "Patient", "general-practitioner", "Practitioner", "gender", "female" },
        { "Encounter", "participant", "Practitioner", "class", "1" },
    };
    world h = a_world(500);
    (void)state;
    for (size_t i = 0; i < sizeof chains / sizeof *chains; i++) {
        asked q = chains[i];
        char name[128];
        snprintf(name, sizeof name, "%s:%s.%s", q.param, q.to, q.inner);
        expect_same(&h, q.from, name, q.value, chain_leads, &q);
        snprintf(name, sizeof name, "%s.%s", q.param, q.inner);
        if (!km_str_is(km_str_of(q.inner), "name"))
            expect_same(&h, q.from, name, q.value, chain_leads, &q);
    }
    for (size_t i = 0; i < sizeof reverse / sizeof *reverse; i++) {
        asked q = reverse[i];
        char name[128];
        snprintf(name, sizeof name, "_has:%s:%s:%s", q.from, q.param, q.inner);
        expect_same(&h, q.to, name, q.value, has_referrer, &q);
    }
    end_of(&h);
}

static bool in_compartment(world *h, const held *one, void *self)
{
    (void)self;
    return says(h, one, "subject", "Patient/p2") || says(h, one, "performer", "Patient/p2");
}

static void a_compartment_is_what_its_parameters_say(void **state)
{
    world h = a_world(300);
    static found is;
    km_search *s;
    (void)state;
    km_search_input in = { .type = km_fhir_type_named(KM_STR("Observation")),
                           .compartment = km_fhir_type_named(KM_STR("Patient")),
                           .compartment_id = KM_STR("p2"),
                           .count_default = 5 };
    km_test_must(h.w, km_search_parse(&s, &in, &h.w->call));
    run_all_pages(&is, &h, s, "compartment");
    size_t n = 0;
    for (size_t i = 0; i < h.n; i++)
        if (h.all[i].rec->type == in.type)
            n += in_compartment(&h, &h.all[i], NULL);
    assert_int_equal(is.n, n);
    assert_true(n > 0);
    end_of(&h);
}

static bool id_is(world *h, const held *one, void *self)
{
    (void)h, (void)self;
    return km_str_is(one->rec->id, "r3") || km_str_is(one->rec->id, "r11");
}

static bool updated_in(world *h, const held *one, void *self)
{
    (void)h;
    const km_ms *span = self;
    return one->rec->at >= span[0] && one->rec->at <= span[1];
}

static void ids_and_times_are_searched_too(void **state)
{
    world h = a_world(400);
    char value[40], text[25];
    (void)state;
    expect_same(&h, "Observation", "_id", "r3,r11,none", id_is, NULL);
    for (size_t i = 0; i < h.n; i += 17) {
        km_ms at = h.all[i].rec->at;
        km_instant_print(text, at);
        const struct {
            const char *prefix;
            km_ms span[2];
        } rows[] = {
            { "", { at, at } },     { "ge", { at, INT64_MAX } }, { "gt", { at + 1, INT64_MAX } },
            { "le", { 0, at } },    { "lt", { 0, at - 1 } },     { "sa", { at + 1, INT64_MAX } },
            { "eb", { 0, at - 1 } }
        };
        for (size_t k = 0; k < sizeof rows / sizeof *rows; k++) {
            km_ms span[2] = { rows[k].span[0], rows[k].span[1] };
            snprintf(value, sizeof value, "%s%s", rows[k].prefix, text);
            expect_same(&h, "Condition", "_lastUpdated", value, updated_in, span);
        }
    }
    end_of(&h);
}

/* --- order and pages --- */

static km_str sort_key(world *h, const held *one, const char *name)
{
    km_values values = { 0 };
    const km_param *p = km_fhir_param(one->rec->type, km_str_of(name));
    km_str best = KM_STR_NONE;
    km_test_must(h->w, km_values_of(&values, p, one->body, p->type, h->w->arena, &h->w->fault));
    for (size_t i = 0; i < values.n; i++) {
        km_buf key = km_buf_in(h->w->arena);
        km_buf_u64be(&key, (uint64_t)values.v[i].low ^ (uint64_t)1 << 63);
        if (best.p == NULL || km_str_cmp(km_buf_str(&key), best) < 0)
            best = km_buf_str(&key);
    }
    return best;
}

static const held *held_by_rid(const world *h, int64_t rid)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->all[i].rec->rid == rid)
            return &h->all[i];
    fail_msg("a record that is not there");
    return NULL;
}

static void pages_follow_the_order_and_visit_each_match_once(void **state)
{
    world h = a_world(500);
    static found is;
    km_search *s;
    (void)state;
    km_search_field field[] = { { KM_STR("_sort"), KM_STR("birthdate,-_lastUpdated") } };
    km_search_input in = { .type = km_fhir_type_named(KM_STR("Patient")),
                           .field = field,
                           .fields = 1,
                           .count_default = 2 };
    km_test_must(h.w, km_search_parse(&s, &in, &h.w->call));
    run_all_pages(&is, &h, s, "_sort");
    assert_true(is.n >= 8);
    for (size_t i = 1; i < is.n; i++) {
        const held *a = held_by_rid(&h, is.rid[i - 1]), *b = held_by_rid(&h, is.rid[i]);
        km_str ka = sort_key(&h, a, "birthdate"), kb = sort_key(&h, b, "birthdate");
        assert_true(kb.p == NULL || (ka.p != NULL && km_str_cmp(ka, kb) <= 0));
        if (km_str_eq(ka, kb))
            assert_true(a->rec->seq > b->rec->seq);
    }
    for (size_t i = 0; i < is.n; i++)
        for (size_t k = 0; k < i; k++)
            assert_true(is.rid[i] != is.rid[k]);
    end_of(&h);
}

static void what_the_access_hides_is_neither_found_nor_counted(void **state)
{
    world h = a_world(400);
    static const char *const queries[][2] = { { "status", "final" },
                                              { "subject", "Patient/p1" },
                                              { "code:not", "a" },
                                              { "subject:missing", "true" },
                                              { "patient.gender", "male" } };
    (void)state;
    for (int64_t hidden = 0; hidden < 6; hidden++)
        for (size_t q = 0; q <= sizeof queries / sizeof *queries; q++) {
            km_search *s;
            km_page all, some;
            bool bare = q == sizeof queries / sizeof *queries;
            km_search_field field = { bare ? KM_STR_NONE : km_str_of(queries[q][0]),
                                      bare ? KM_STR_NONE : km_str_of(queries[q][1]) };
            km_search_input in = { .type = km_fhir_type_named(KM_STR("Observation")),
                                   .field = &field,
                                   .fields = !bare,
                                   .count_default = 1000 };
            km_test_must(h.w, km_search_parse(&s, &in, &h.w->call));
            km_reader *r = km_test_reader(h.w, &h.w->everything);
            km_test_must(h.w, km_search_run(&all, s, r, KM_STR_NONE));
            km_reader_close(r);
            h.w->hidden = hidden;
            r = km_test_reader(h.w, &h.w->some);
            km_test_must(h.w, km_search_run(&some, s, r, KM_STR_NONE));
            km_reader_close(r);
            size_t n = 0;
            for (size_t i = 0; i < all.matches; i++)
                if (all.found[i].chart != hidden) {
                    assert_true(n < some.matches && some.found[n].rid == all.found[i].rid);
                    n++;
                }
            assert_int_equal(some.matches, n);
            assert_int_equal(some.total, n);
        }
    h.w->hidden = -1;
    end_of(&h);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_search_finds_what_the_bodies_say),
        cmocka_unit_test(chains_and_their_reverse_lead_where_the_references_mean),
        cmocka_unit_test(a_compartment_is_what_its_parameters_say),
        cmocka_unit_test(ids_and_times_are_searched_too),
        cmocka_unit_test(pages_follow_the_order_and_visit_each_match_once),
        cmocka_unit_test(what_the_access_hides_is_neither_found_nor_counted),
    };
    km_test_dialect = getenv("KUMIHIMO_TEST_PG") != NULL ? KM_POSTGRES : KM_SQLITE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
