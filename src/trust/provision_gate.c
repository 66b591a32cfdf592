/* SPDX-License-Identifier: Apache-2.0
 *
 * provision_gate: may it be given? The country of who receives, the scheme it is given under, and
 * what the person said, asked of the one function that decides (trust/consent).
 *
 * Whether a Consent *names* the recipient and the purpose ABROAD is asked by three decisions: for
 * the recipient abroad it permits; for a recipient that nobody ever named it does not; and for
 * another purpose it does not. A consent without an actor permits everybody, so it names nobody.
 */
#include "trust/provision_inside.h"

#define ABROAD KM_STR("ABROAD")

struct km_provision_gate {
    km_provision p;
    km_scheme scheme;
    km_same_person *same;
    km_ms now;
    bool asks;
    int64_t chart; /* whose consents these are */
    const km_consent *consent;
    size_t consents;
};

/* --- what holds for all --- */

static bool abroad(const km_provision *p)
{
    return p->country.n > 0 && !km_str_is(p->country, "JP");
}

bool km_provision__asks(const km_provision *p)
{
    return p->way == KM_PROVIDED
           && ((abroad(p) && !km_str_is(p->basis, "person")) || km_str_is(p->basis, "opt-out"));
}

static bool is_country(km_str s)
{
    return s.n == 0
           || (s.n == 2 && s.p[0] >= 'A' && s.p[0] <= 'Z' && s.p[1] >= 'A' && s.p[1] <= 'Z');
}

static bool is_basis(km_str code)
{
    km_provision_basis basis[KM_PROVISION_BASES];
    size_t n = km_provision_bases(basis);
    for (size_t i = 0; i < n; i++)
        if (km_str_eq(basis[i].code, code))
            return true;
    return false;
}

km_code km_provision__sound(const km_provision *p, km_fault *f)
{
    enum { MOST = 4000 };
    const km_str text[] = { p->party,    p->party_name, p->purpose, p->items,
                            p->obtained, p->consent,    p->by,      p->scheme };
    if (!is_country(p->country))
        return km_fail(f, KM_BAD_VALUE, "country", "two letters of ISO 3166-1");
    if (!is_basis(p->basis))
        return km_fail(f, KM_BAD_VALUE, "basis", "consent, law, entrusted, own ...");
    if (p->party.n == 0)
        return km_fail(f, KM_REQUIRED, "party", "who receives or gives");
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        if (text[i].n > MOST || !km_str_is_utf8(text[i], NULL))
            return km_fail(f, KM_BAD_VALUE, "provision", "texts of at most %d bytes", MOST);
    return KM_OK;
}

static km_code open_scheme(km_provision_gate *g, km_log *l, km_call *call)
{
    km_conn *c;
    km_fault none = { 0 };
    KM_TRY(km_store_reader(&c, km_log_store(l), call->fault));
    km_code rc = km_provision__scheme(&g->scheme, c, g->p.scheme, call->arena, &none);
    km_store_return(c);
    if (rc == KM_NOT_FOUND)
        return km_fail(call->fault, KM_FORBIDDEN, "scheme", "this scheme was not announced");
    if (rc != KM_OK)
        return km_fail(call->fault, rc, NULL, NULL);
    if (g->scheme.announced > g->now || g->scheme.starts > g->now)
        return km_fail(call->fault, KM_FORBIDDEN, "scheme", "its first day has not come");
    if (g->scheme.ended > 0 && g->scheme.ended <= g->now)
        return km_fail(call->fault, KM_FORBIDDEN, "scheme", "it has ended");
    if (!km_str_eq(g->scheme.party, g->p.party))
        return km_fail(call->fault, KM_FORBIDDEN, "scheme", "it was announced for another");
    return KM_OK;
}

km_code km_provision_gate_open(km_provision_gate **out, km_log *l, const km_provision *p,
                               km_same_person *same, km_call *call)
{
    km_provision_gate *g = KM_NEW(call->arena, km_provision_gate);
    *g = (km_provision_gate){
        .p = *p, .same = same, .now = km_call_now(call), .asks = km_provision__asks(p), .chart = -1
    };
    KM_TRY(km_provision__sound(p, call->fault));
    if (km_str_is(p->basis, "opt-out"))
        KM_TRY(open_scheme(g, l, call));
    *out = g;
    return KM_OK;
}

bool km_provision_gate_asks(const km_provision_gate *g)
{
    return g->asks;
}

void km_provision_gate_forget(km_provision_gate *g)
{
    g->chart = -1;
    g->consent = NULL;
    g->consents = 0;
}

/* --- what the person said --- */

enum { CODES = 64, LABELS = 32 };

typedef struct facts {
    km_str code[CODES], label[LABELS], record;
    size_t codes, labels;
    unsigned unknown;
} facts;

/* More than there is room for is not known, so that it counts only where it denies. */
static void add(km_str *list, size_t *n, size_t room, unsigned *unknown, unsigned bit, km_str s)
{
    if (*n < room)
        list[(*n)++] = s;
    else
        *unknown |= bit;
}

static void read_facts(facts *x, const km_record *rec, km_jv body, km_arena *a)
{
    static const char restricting[] = "http://terminology.hl7.org/CodeSystem/v3-";
    *x = (facts){ .unknown = KM_FACT_TIME };
    x->record = km_arena_print(a, "%.*s/%.*s", KM_STR_ARG(km_fhir_type_name(rec->type)),
                               KM_STR_ARG(rec->id));
    for (km_jv_iter i = km_jv_each(km_jv_at(body, "code.coding")); km_jv_next(&i);)
        add(x->code, &x->codes, CODES, &x->unknown, KM_FACT_CODES,
            km_arena_print(a, "%.*s|%.*s", KM_STR_ARG(km_jv_text(i.value, "system")),
                           KM_STR_ARG(km_jv_text(i.value, "code"))));
    for (km_jv_iter i = km_jv_each(km_jv_at(body, "meta.security")); km_jv_next(&i);) {
        km_str system = km_jv_text(i.value, "system"), code = km_jv_text(i.value, "code");
        bool ours = km_str_starts(system, km_str_of(restricting))
                    || km_str_is(system, "urn:kumihimo:label");
        add(x->label, &x->labels, LABELS, &x->unknown, KM_FACT_LABELS,
            ours ? code : km_arena_print(a, "%.*s|%.*s", KM_STR_ARG(system), KM_STR_ARG(code)));
    }
}

static km_consent_answer ask(const km_provision_gate *g, const facts *x, const km_record *rec,
                             km_str network, km_str party, km_str purpose, km_consent_basis basis)
{
    km_decision d;
    km_consent_network of = {
        .id = network, .basis = basis, .notice_needed = true, .notice_at = g->scheme.announced
    };
    km_consent_request q = { .passed = KM_ASK_ALL,
                             .related = true,
                             .now = g->now,
                             .actor = &party,
                             .actors = 1,
                             .network = network,
                             .action = KM_STR("disclose"),
                             .purpose = purpose,
                             .unknown = x->unknown,
                             .klass = km_fhir_type_name(rec->type),
                             .code = x->code,
                             .codes = x->codes,
                             .label = x->label,
                             .labels = x->labels,
                             .record = x->record };
    km_consent_decide(&d, &q, &of, g->consent, g->consents);
    return d.answer;
}

/* In one network: does what they said name this recipient, abroad? */
static bool names(const km_provision_gate *g, const facts *x, const km_record *rec, km_str network)
{
    const km_str nobody = KM_STR("urn:kumihimo:nobody");
    return ask(g, x, rec, network, g->p.party, ABROAD, KM_BASIS_OPT_IN) == KM_PERMIT
           && ask(g, x, rec, network, nobody, ABROAD, KM_BASIS_OPT_IN) == KM_DENY
           && ask(g, x, rec, network, g->p.party, KM_STR("urn:kumihimo:nothing"), KM_BASIS_OPT_IN)
                  == KM_DENY;
}

/* Consents of any network count: whoever agreed to this recipient did so once. */
static bool agreed_abroad(const km_provision_gate *g, const facts *x, const km_record *rec)
{
    bool yes = false;
    for (size_t i = 0; i < g->consents && !yes; i++)
        for (uint32_t k = 0; km_consent_network_at(g->consent[i], k).n > 0 && !yes; k++)
            yes = names(g, x, rec, km_consent_network_at(g->consent[i], k));
    return yes;
}

/* Nobody who said no, in any network. */
static bool not_opted_out(const km_provision_gate *g, const facts *x, const km_record *rec)
{
    km_str purpose = g->scheme.purpose;
    bool fine = ask(g, x, rec, KM_STR("-"), g->p.party, purpose, KM_BASIS_OPT_OUT) == KM_PERMIT;
    for (size_t i = 0; i < g->consents && fine; i++)
        for (uint32_t k = 0; km_consent_network_at(g->consent[i], k).n > 0 && fine; k++)
            fine = ask(g, x, rec, km_consent_network_at(g->consent[i], k), g->p.party, purpose,
                       KM_BASIS_OPT_OUT)
                   == KM_PERMIT;
    return fine;
}

static km_code of_chart(km_provision_gate *g, km_reader *r, int64_t chart)
{
    km_consent *consent;
    int64_t *charts = &chart;
    size_t n = 1;
    g->chart = -1;
    if (g->same != NULL)
        KM_TRY(g->same(&charts, &n, r, chart));
    KM_TRY(km_trust_consents(&consent, &g->consents, r, charts, n));
    g->consent = consent;
    g->chart = chart;
    return KM_OK;
}

km_code km_provision_gate_lets(bool *out, km_provision_gate *g, km_reader *r, km_record *rec)
{
    facts x;
    km_jv body;
    km_call *call = km_reader_call(r);
    *out = true;
    if (!g->asks || rec->chart == KM_CHART_NONE)
        return KM_OK;
    if (rec->chart != g->chart)
        KM_TRY(of_chart(g, r, rec->chart));
    KM_TRY(km_record_json(&body, rec, call));
    read_facts(&x, rec, body, call->arena);
    if (abroad(&g->p) && !km_str_is(g->p.basis, "person"))
        *out = agreed_abroad(g, &x, rec);
    if (*out && km_str_is(g->p.basis, "opt-out"))
        *out = not_opted_out(g, &x, rec);
    return KM_OK;
}
