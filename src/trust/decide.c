/* SPDX-License-Identifier: Apache-2.0
 *
 * decide: charts and records, one after the other. Answers are remembered for as long as the
 * access is bound to one reader.
 */
#include "trust/decide.h"

#include <assert.h>

#include "base/date.h"
#include "record/access_make.h"
#include "trust/consent/proxy.h"
#include "trust/provision.h"

enum { SELF_CHARTS = 64, CODES = 256, WALK_DEPTH = 64 };

/* --- beginning --- */

/* Names of the caller's institution as ties have them: literal references are those of the node's
 * own register and of the source that the caller writes to. */
static void add_name(km_deciding *d, km_str name)
{
    const km_caller *c = d->call->caller;
    km_arena *a = d->call->arena;
    if (name.n == 0)
        return;
    if (memchr(name.p, '|', name.n) != NULL) {
        d->name[d->names++] = name;
        return;
    }
    d->name[d->names++] = km_arena_print(a, "%d/%.*s", d->trust->local_source, KM_STR_ARG(name));
    if (c->source > 0 && c->source != d->trust->local_source)
        d->name[d->names++] = km_arena_print(a, "%d/%.*s", c->source, KM_STR_ARG(name));
}

static void add_actor(km_str *actor, size_t *n, km_str name)
{
    for (size_t i = 0; i < *n; i++)
        if (km_str_eq(actor[i], name))
            return;
    if (name.n > 0)
        actor[(*n)++] = name;
}

static void name_caller(km_deciding *d, const km_who *w)
{
    km_arena *a = d->call->arena;
    km_str *actor = KM_NEW_ARRAY(a, w->actors + 3, km_str);
    size_t n = 0;
    d->name = KM_NEW_ARRAY(a, 2 * w->actors + 2, km_str);
    add_name(d, w->organisation);
    add_actor(actor, &n, w->organisation);
    for (size_t i = 0; i < w->actors; i++) {
        if (!km_str_eq(w->actor[i], w->organisation))
            add_name(d, w->actor[i]);
        add_actor(actor, &n, w->actor[i]);
    }
    add_actor(actor, &n, w->person);
    d->request.actor = actor;
    d->request.actors = n;
}

/* True when nothing went wrong; what did is kept, and hides. */
static bool good(km_deciding *d, km_code rc)
{
    if (rc != KM_OK && d->fault.code == KM_OK)
        d->fault = *d->call->fault;
    return rc == KM_OK;
}

void km_deciding_begin(km_deciding *d, km_trust *t, const km_policy *policy, km_basis basis,
                       km_call *call)
{
    *d = (km_deciding){ .trust = t, .policy = policy, .basis = basis, .call = call };
    const km_caller *c = call->caller;
    if (basis == KM_BASIS_ALL)
        return;
    const km_role *role;
    (void)km_roles_all(&role, t->roles);
    km_purpose purpose = role[c->role].purpose;
    if (c->who != NULL && c->who->purpose != KM_PURPOSE_NONE)
        purpose = c->who->purpose;
    d->network = (km_consent_network){ .id = t->network, .basis = KM_BASIS_OPT_IN };
    d->request = (km_consent_request){ .passed = KM_ASK_ALL,
                                       .now = km_call_now(call),
                                       .network = t->network,
                                       .action = KM_STR("access"),
                                       .purpose = km_str_of(km_purpose_name(purpose)) };
    d->stopped = c->who == NULL || !km_trust__shown(&d->klass, t, c->role, purpose)
                 || (c->who->network.n > 0 && !km_str_eq(c->who->network, t->network));
    if (c->who != NULL)
        name_caller(d, c->who);
    if (basis == KM_BASIS_SELF)
        d->request.own = KM_OWN_PERSON;
    if (basis == KM_BASIS_WARD)
        d->request.own = KM_OWN_PROXY;
    if (km_trust__is_abroad(c))
        d->stopped |= !good(d, km_deciding__abroad(d));
}

km_code km_deciding_failed(const km_deciding *d, km_fault *f)
{
    if (d->fault.code == KM_OK)
        return KM_OK;
    return km_fail(f, d->fault.code, d->fault.path, "%s", d->fault.detail);
}

static bool among(const int64_t *chart, size_t n, int64_t one)
{
    for (size_t i = 0; i < n; i++)
        if (chart[i] == one)
            return true;
    return false;
}

/* All charts of the people with these Patients, as the node's register names them. */
static void charts_of(const int64_t **out, size_t *n, km_deciding *d, const km_str *patient,
                      size_t patients)
{
    int64_t *all = KM_NEW_ARRAY(d->call->arena, SELF_CHARTS, int64_t);
    *n = 0;
    *out = all;
    for (size_t i = 0; i < patients; i++) {
        int64_t found, *same;
        size_t charts;
        km_str id, type = km_str_cut(patient[i], '/', &id);
        if (!km_str_is(type, "Patient")
            || km_reader_peek_patient(&found, d->reader, id, d->trust->local_source) != KM_OK)
            continue;
        if (!good(d, km_trust__same_person(&same, &charts, d->trust, d->reader, found)))
            continue;
        for (size_t k = 0; k < charts && *n < SELF_CHARTS; k++)
            all[(*n)++] = same[k];
    }
}

void km_deciding_bind(km_deciding *d, km_reader *r)
{
    const km_who *w = d->call->caller->who;
    d->reader = r;
    d->slot = NULL;
    d->slots = d->used = 0;
    d->persons = NULL;
    if (d->abroad != NULL)
        km_provision_gate_forget(d->abroad);
    (void)km_reader_conn(r); /* from here on one snapshot */
    if (w == NULL)
        return;
    if (d->basis == KM_BASIS_SELF)
        charts_of(&d->self, &d->selves, d, &w->person, 1);
    if (d->basis == KM_BASIS_WARD)
        charts_of(&d->self, &d->selves, d, w->ward, w->wards);
    if (w->patient.n > 0)
        charts_of(&d->launched, &d->launches, d, &w->patient, 1);
}

/* --- scopes --- */

/* Whoever may create, may read what was made (the reply shows it). */
static unsigned needed(const km_deciding *d)
{
    return d->policy->kind == KM_AUDIT_SEARCH ? KM_SCOPE_SEARCH
           : d->policy->kind == KM_AUDIT_UPDATE
               ? KM_SCOPE_READ | KM_SCOPE_CREATE | KM_SCOPE_UPDATE | KM_SCOPE_DELETE
               : KM_SCOPE_READ;
}

/* A search that is no search covers nothing. */
static bool meets(km_deciding *d, km_str limit, km_ftype type, int64_t rid)
{
    km_record *rec;
    km_jv body;
    bool yes = false;
    km_fault kept = *d->call->fault;
    if (d->trust->views.matches == NULL || !good(d, km_reader_peek(&rec, d->reader, rid))
        || !good(d, km_record_json(&body, rec, d->call)))
        return false;
    km_code rc = d->trust->views.matches(&yes, body, type, limit, d->call);
    if (rc == KM_OK)
        return yes;
    *d->call->fault = kept;
    return false;
}

/* Does any scope cover records of this type (0: some type) in this chart? One with a limit covers
 * those that the limit's search finds. */
static bool in_scope(km_deciding *d, int64_t chart, km_ftype type, int64_t rid)
{
    const km_who *w = d->call->caller->who;
    if (w == NULL || !w->scoped)
        return true;
    for (size_t i = 0; i < w->scopes; i++) {
        const km_scope *s = &w->scope[i];
        bool yes = true;
        if ((s->type != 0 && type != 0 && s->type != type) || !(s->may & needed(d))
            || (s->of == KM_SCOPE_PATIENT && chart != KM_CHART_NONE
                && !among(d->launched, d->launches, chart)))
            continue;
        if (type != 0 && s->limit.n > 0)
            yes = meets(d, s->limit, type, rid);
        if (yes)
            return true;
    }
    return false;
}

/* A limit says what may be seen; what is written may not be beyond it, and is not looked at yet: a
 * scope with one lets nothing be written. */
static bool write_in_scope(const km_deciding *d, int64_t chart, km_ftype type, unsigned may)
{
    const km_who *w = d->call->caller->who;
    if (w == NULL || !w->scoped)
        return true;
    for (size_t i = 0; i < w->scopes; i++) {
        const km_scope *s = &w->scope[i];
        if ((s->type == 0 || s->type == type) && (s->may & may) && s->limit.n == 0
            && (s->of != KM_SCOPE_PATIENT || among(d->launched, d->launches, chart)))
            return true;
    }
    return false;
}

bool km_decide_write(km_deciding *d, int64_t chart, km_ftype type, unsigned may)
{
    static const char own_patient[] = "Patient";
    if (d->call->caller->source <= 0 || !write_in_scope(d, chart, type, may))
        return false; /* who acts for nobody has no source to write to */
    if (d->basis != KM_BASIS_SELF)
        return d->basis == KM_BASIS_OWN;
    /* People write into their own charts; who they are is for those who have seen them to say. */
    return !km_str_is(km_fhir_type_name(type), own_patient) && among(d->self, d->selves, chart);
}

/* --- persons --- */

static km_code has_own_chart(bool *out, km_deciding *d, const km_decided *p)
{
    *out = false;
    for (size_t i = 0; i < p->charts && !*out; i++) {
        km_chart chart;
        KM_TRY(km_reader_peek_chart(&chart, d->reader, p->chart[i]));
        *out = d->call->caller->source > 0 && chart.source == d->call->caller->source;
    }
    return KM_OK;
}

static km_code is_tied(bool *out, km_deciding *d, const km_decided *p, km_tie kind)
{
    *out = false;
    for (size_t i = 0; i < p->charts && !*out; i++)
        KM_TRY(km_tie_holds(out, d->reader, p->chart[i], kind, d->name, d->names, d->request.now));
    return KM_OK;
}

/* People who agreed at registration are known to every emergency site (trust.md §2.4). */
static km_code at_emergency_site(bool *out, km_deciding *d, km_decided *p)
{
    KM_TRY(km_trust_standing_of(out, d->reader, p->chart, p->charts, d->call->caller->who,
                                d->request.now));
    if (!*out)
        return KM_OK;
    km_str *actor = KM_NEW_ARRAY(d->call->arena, d->request.actors + 1, km_str);
    memcpy(actor, d->request.actor, d->request.actors * sizeof *actor);
    actor[d->request.actors] = KM_STR(KM_ACTOR_EMERGENCY_SITE);
    p->request.actor = actor;
    p->request.actors = d->request.actors + 1;
    return KM_OK;
}

static km_code read_relation(km_deciding *d, km_decided *p)
{
    bool *related = &p->request.related;
    KM_TRY(has_own_chart(related, d, p));
    if (!*related)
        KM_TRY(is_tied(related, d, p, KM_TIE_CARE));
    if (!*related)
        KM_TRY(at_emergency_site(related, d, p));
    return km_trust_grant_of(&p->request.grant, d->reader, p->chart, p->charts,
                             d->call->caller->who, d->request.now);
}

static km_code read_labels(km_deciding *d, km_decided *p)
{
    for (size_t i = 0; i < p->charts && !p->labelled; i++)
        KM_TRY(km_mark_any_label(&p->labelled, d->reader, p->chart[i]));
    return KM_OK;
}

static km_code read_consents(km_deciding *d, km_decided *p)
{
    km_code rc = km_trust_consents(&p->consent, &p->consents, d->reader, p->chart, p->charts);
    if (rc != KM_TOO_COSTLY)
        return rc;
    km_fault_clear(d->call->fault); /* too many to know what they say: as if none were known */
    p->request.passed &= ~(unsigned)KM_ASK_LEASE;
    p->consents = 0;
    return KM_OK;
}

static km_code meet(km_deciding *d, km_decided *p)
{
    p->request = d->request;
    KM_TRY(read_consents(d, p));
    KM_TRY(read_relation(d, p));
    KM_TRY(read_labels(d, p));
    p->asks_codes = km_consent_asks_codes(p->consent, p->consents);
    km_consent_request whole = p->request;
    whole.unknown = KM_FACTS;
    if (!p->labelled)
        whole.unknown &= ~(unsigned)KM_FACT_LABELS;
    p->parts = km_consent_chart(&p->all, &whole, &d->network, p->consent, p->consents);
    return KM_OK;
}

static km_decided *person_of(km_deciding *d, int64_t chart)
{
    int64_t *charts;
    size_t n;
    for (km_decided *p = d->persons; p != NULL; p = p->next)
        if (among(p->chart, p->charts, chart))
            return p;
    if (!good(d, km_trust__same_person(&charts, &n, d->trust, d->reader, chart)))
        return NULL;
    km_decided *p = KM_NEW(d->call->arena, km_decided);
    p->chart = charts;
    p->charts = n;
    if (!good(d, meet(d, p)))
        return NULL;
    /* A list stays short where few people are looked at; in a search over many, the one just met
     * is asked next. */
    p->next = d->persons;
    d->persons = p;
    if (d->used > SELF_CHARTS)
        p->next = NULL;
    return p;
}

/* --- charts --- */

static km_verdict by_consent(km_deciding *d, km_decided_chart *c)
{
    c->person = person_of(d, c->chart);
    if (c->person == NULL || c->person->parts == KM_PARTS_NONE)
        return KM_VERDICT_NONE;
    return c->person->parts == KM_PARTS_ALL && c->person->all == KM_PERMIT
                   && d->klass == KM_CLASS_NONE
               ? KM_VERDICT_ALL
               : KM_VERDICT_ASK;
}

static km_verdict by_tie(km_deciding *d, km_decided_chart *c, km_tie kind)
{
    int64_t *charts;
    bool tied = false;
    km_decided p = { 0 };
    if (!good(d, km_trust__same_person(&charts, &p.charts, d->trust, d->reader, c->chart)))
        return KM_VERDICT_NONE;
    p.chart = charts;
    if (!good(d, is_tied(&tied, d, &p, kind)) || !tied)
        return KM_VERDICT_NONE;
    c->by_law = true;
    return KM_VERDICT_ASK;
}

/* Those stood for: by age and by whether the person is protected (trust.md §2.5). An account that
 * names a ward is that of a parent with custody or a guardian of a minor: whoever registers it has
 * seen the family register. */
static bool born_on(int64_t *day, km_jv patient)
{
    km_civil c;
    km_ms low, high;
    if (!km_civil_parse(&c, km_jv_str(KM_JV_GET(patient, "birthDate"))))
        return false;
    km_civil_interval(&low, &high, &c);
    *day = km_day_in_japan(low);
    return true;
}

static km_verdict by_proxy(km_deciding *d, const km_decided_chart *c)
{
    km_record *rec;
    km_jv body;
    km_mark mark;
    int64_t born;
    km_proxy proxy = { KM_PROXY_PARENT, true, false, INT64_MIN, INT64_MAX, NULL, 0 };
    const km_proxy_rules rules = { NULL, 0 };
    km_reader *r = d->reader;
    if (!good(d, km_reader_peek_chart_patient(&rec, r, c->chart))
        || !good(d, km_record_json(&body, rec, d->call))
        || !good(d, km_mark_of(&mark, r, c->chart, rec->rid)))
        return KM_VERDICT_NONE;
    for (size_t i = 0; i < mark.labels; i++)
        proxy.barred |= km_str_is(mark.label[i], "DV");
    if (!born_on(&born, body))
        return KM_VERDICT_NONE;
    km_proxy_why why = km_proxy_may(&proxy, &rules, born, km_day_in_japan(d->request.now),
                                    KM_STR("Patient"));
    return why == KM_PROXY_MAY ? KM_VERDICT_ALL : KM_VERDICT_NONE;
}

static km_verdict judge(km_deciding *d, km_decided_chart *c)
{
    km_chart chart;
    if (c->chart == KM_CHART_NONE)
        return KM_VERDICT_ASK;
    if (d->stopped || !good(d, km_reader_peek_chart(&chart, d->reader, c->chart)))
        return KM_VERDICT_NONE;
    c->own = d->call->caller->source > 0 && chart.source == d->call->caller->source;
    switch (d->basis) {
    case KM_BASIS_OWN:
        return c->own ? KM_VERDICT_ALL : KM_VERDICT_NONE;
    case KM_BASIS_CONSENT:
        return c->own ? KM_VERDICT_ALL : by_consent(d, c);
    case KM_BASIS_SELF:
        return among(d->self, d->selves, c->chart) ? KM_VERDICT_ALL : KM_VERDICT_NONE;
    case KM_BASIS_WARD:
        return among(d->self, d->selves, c->chart) ? by_proxy(d, c) : KM_VERDICT_NONE;
    case KM_BASIS_MEMBERS:
        return by_tie(d, c, KM_TIE_MEMBER);
    case KM_BASIS_RESIDENTS:
        return by_tie(d, c, KM_TIE_RESIDENT);
    default:
        return KM_VERDICT_NONE;
    }
}

static km_decided_chart *slot_of(km_deciding *d, int64_t chart)
{
    size_t at = (size_t)((uint64_t)(chart + 1) * 0x9E3779B97F4A7C15u >> 32) & (d->slots - 1);
    while (d->slot[at].verdict != 0 && d->slot[at].chart != chart)
        at = (at + 1) & (d->slots - 1);
    return &d->slot[at];
}

static void make_room(km_deciding *d)
{
    km_decided_chart *old = d->slot;
    size_t olds = d->slots;
    if (d->used * 2 < d->slots)
        return;
    d->slots = olds == 0 ? 64 : olds * 4;
    d->slot = KM_NEW_ARRAY(d->call->arena, d->slots, km_decided_chart);
    for (size_t i = 0; i < olds; i++)
        if (old[i].verdict != 0)
            *slot_of(d, old[i].chart) = old[i];
}

static km_decided_chart *chart_of(km_deciding *d, int64_t chart)
{
    assert(d->reader != NULL);
    make_room(d);
    km_decided_chart *c = slot_of(d, chart);
    if (c->verdict == 0) {
        km_decided_chart one = { .chart = chart };
        one.verdict = judge(d, &one);
        *c = one;
        d->used++;
    }
    return c;
}

bool km_decide_chart(km_deciding *d, int64_t chart)
{
    return in_scope(d, chart, 0, 0) && chart_of(d, chart)->verdict != KM_VERDICT_NONE;
}

bool km_decide_is_partial(const km_deciding *d, km_ftype type)
{
    (void)d;
    (void)type;
    return true;
}

/* --- records --- */

typedef struct walk { /* values still to be looked into */
    km_jv_iter left[WALK_DEPTH];
    size_t depth;
} walk;

/* "system|code" of every coding in the record: what Consent.provision.code is asked of. */
static void codes_of(km_consent_request *r, km_jv body, km_arena *a)
{
    km_str *code = KM_NEW_ARRAY(a, CODES, km_str);
    walk w = { .depth = 1 };
    bool passed_over = false;
    w.left[0] = km_jv_each(body);
    r->codes = 0;
    while (w.depth > 0 && r->codes < CODES) {
        km_jv_iter *at = &w.left[w.depth - 1];
        if (!km_jv_next(at)) {
            w.depth--;
            continue;
        }
        km_str system = km_jv_str(KM_JV_GET(at->value, "system"));
        km_str word = km_jv_str(KM_JV_GET(at->value, "code"));
        if (system.n > 0 && word.n > 0)
            code[r->codes++] = km_arena_print(a, "%.*s|%.*s", KM_STR_ARG(system), KM_STR_ARG(word));
        bool inner = km_jv_is(at->value, KM_JSON_OBJECT) || km_jv_is(at->value, KM_JSON_ARRAY);
        if (inner && w.depth < WALK_DEPTH)
            w.left[w.depth++] = km_jv_each(at->value);
        passed_over |= inner && w.depth == WALK_DEPTH;
    }
    r->code = code;
    /* Codes that were not reached are not known. */
    r->unknown = r->codes == CODES || passed_over ? KM_FACT_CODES : 0;
}

static bool in_class(km_access_class klass, km_carried items)
{
    return klass == KM_CLASS_NONE
           || km_carried_any(km_classes_shown(km_mark_classes(), klass, items));
}

/* What is asked of one record. `rec`: its body, when it is at hand already. */
typedef struct one {
    int64_t chart, rid;
    km_ftype type;
    const km_mark *mark;
    km_record *rec;
    km_str id;
} one;

static bool consented(km_deciding *d, km_decided *p, const one *o)
{
    km_decision decided, *why = &decided;
    km_consent_request r = p->request;
    km_arena *a = d->call->arena;
    r.klass = km_fhir_type_name(o->type);
    r.label = o->mark->label;
    r.labels = o->mark->labels;
    r.time = o->mark->time;
    r.unknown = KM_FACT_RECORD | (o->mark->timed ? 0 : KM_FACT_TIME);
    if (p->asks_codes)
        r.unknown |= KM_FACT_CODES;
    km_consent_decide(why, &r, &d->network, p->consent, p->consents);
    if (why->answer == KM_DENY && p->consents > 0) { /* what was not known may have denied */
        km_jv body;
        km_record *rec = o->rec;
        if (rec == NULL && !good(d, km_reader_peek(&rec, d->reader, o->rid)))
            return false;
        r.record = km_arena_print(a, "%.*s/%.*s", KM_STR_ARG(r.klass), KM_STR_ARG(rec->id));
        r.unknown &= ~(unsigned)KM_FACT_RECORD;
        if (p->asks_codes) {
            if (!good(d, km_record_json(&body, rec, d->call)))
                return false;
            unsigned time = r.unknown & KM_FACT_TIME;
            codes_of(&r, body, a);
            r.unknown |= time;
        }
        km_consent_decide(why, &r, &d->network, p->consent, p->consents);
    }
    if (why->answer == KM_DENY)
        return false;
    km_access_class klass = why->answer == KM_PERMIT_MINIMUM ? KM_CLASS_EMERGENCY
                            : p->request.grant == KM_GRANT_FULL && d->klass == KM_CLASS_EMERGENCY
                                ? KM_CLASS_NONE
                                : d->klass;
    if (!in_class(klass, o->mark->items))
        return false;
    p->why = decided;
    return true;
}

static bool of_nobody(km_deciding *d, km_ftype type, int64_t rid)
{
    km_record *rec;
    if (km_trust__is_common(d->trust, type))
        return true;
    if (d->stopped || d->call->caller->source <= 0
        || !good(d, km_reader_peek(&rec, d->reader, rid)))
        return false;
    return rec->source == d->call->caller->source;
}

static bool here(km_deciding *d, int64_t chart, km_ftype type, int64_t rid)
{
    const km_decided_chart *c = chart_of(d, chart);
    km_mark mark;
    if (c->verdict == KM_VERDICT_NONE || !in_scope(d, chart, type, rid))
        return false;
    if (chart == KM_CHART_NONE)
        return of_nobody(d, type, rid);
    if (c->verdict == KM_VERDICT_ALL)
        return true;
    if (c->by_law)
        return km_trust__by_law(d->trust, d->call->caller->role, type);
    if (!good(d, km_mark_of(&mark, d->reader, chart, rid)))
        return false;
    one o = { chart, rid, type, &mark, NULL, KM_STR_NONE };
    return consented(d, c->person, &o);
}

bool km_decide_record(km_deciding *d, int64_t chart, km_ftype type, int64_t rid)
{
    km_record *rec;
    if (!here(d, chart, type, rid))
        return false;
    if (d->abroad == NULL || chart == KM_CHART_NONE)
        return true;
    return good(d, km_reader_peek(&rec, d->reader, rid)) && km_deciding__leaves(d, rec);
}

static bool version_here(km_deciding *d, struct km_record *r)
{
    const km_decided_chart *c = chart_of(d, r->chart);
    km_jv body;
    km_mark mark;
    if (c->verdict != KM_VERDICT_ASK || r->chart == KM_CHART_NONE || c->by_law || r->deleted)
        return c->verdict != KM_VERDICT_NONE;
    if (!good(d, km_record_json(&body, r, d->call))
        || !good(d, km_mark_make(&mark, body, r->type, d->call->arena, d->call->fault)))
        return false;
    one o = { r->chart, r->rid, r->type, &mark, r, r->id };
    return consented(d, c->person, &o);
}

bool km_decide_version(km_deciding *d, struct km_record *r)
{
    return version_here(d, r) && km_deciding__leaves(d, r);
}

/* --- told to the trace --- */

static void add_basis(km_str *basis, size_t *n, km_str word)
{
    for (size_t i = 0; i < *n; i++)
        if (km_str_eq(basis[i], word))
            return;
    basis[(*n)++] = word;
}

void km_deciding_explain(km_audit_entry *e, km_deciding *d, struct km_record *const *shown,
                         size_t n)
{
    static const char *const words[KM_BASES] = {
        [KM_BASIS_ALL] = "all",         [KM_BASIS_OWN] = "own-records",
        [KM_BASIS_SELF] = "own-person", [KM_BASIS_WARD] = "proxy",
        [KM_BASIS_MEMBERS] = "member",  [KM_BASIS_RESIDENTS] = "resident",
    };
    km_arena *a = d->call->arena;
    km_str *basis = KM_NEW_ARRAY(a, n + 2, km_str);
    size_t count = 0;
    if (words[d->basis] != NULL)
        add_basis(basis, &count, km_str_of(words[d->basis]));
    for (size_t i = 0; i < n && d->basis == KM_BASIS_CONSENT && count < n; i++) {
        if (shown[i]->chart == KM_CHART_NONE)
            continue;
        const km_decided_chart *c = chart_of(d, shown[i]->chart);
        const km_decided *p = c->person;
        if (c->own || p == NULL) {
            add_basis(basis, &count, KM_STR("own-records"));
        } else if (p->why.consent >= 0) {
            add_basis(basis, &count,
                      km_arena_print(a, "Consent/%.*s",
                                     KM_STR_ARG(km_consent_id(p->consent[p->why.consent]))));
        } else {
            add_basis(basis, &count, km_str_of(km_consent_reason_code(p->why.reason)));
        }
        if (p != NULL && p->why.duties & KM_DUTY_UNEXPLAINED)
            e->flags |= KM_AUDIT_UNEXPLAINED;
        if (p != NULL && p->request.grant != KM_GRANT_NONE
            && km_str_is(p->request.purpose, "ETREAT"))
            e->flags |= KM_AUDIT_EMERGENCY;
    }
    e->basis = basis;
    e->bases = count;
}
