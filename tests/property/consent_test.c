/* SPDX-License-Identifier: Apache-2.0
 *
 * What consents decide, against a second reading of the same rules that walks the JSON tree by
 * recursion; and what must hold of decisions whatever the consents say.
 *
 * KUMIHIMO_CASES sets how many (default 20000, all of a million with KUMIHIMO_LONG=1),
 * KUMIHIMO_SEED where chance begins.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "codec/json/any_json.h"
#include "codec/json/json.h"
#include "trust/consent/consent.h"

/* --- chance ------------------------------------------------------------------------------ */
static const char *const actors[] = { "prac:1", "prac:2",         "prac:3",     "org:1",
                                      "org:2",  "role:physician", "role:nurse", "role:pharmacist" };
static const char *const actions[] = { "access", "correct", "disclose" };
static const char *const purposes[] = { "TREAT", "ETREAT", "HRESCH", "CAREMGT" };
static const char *const classes[] = { "Observation", "MedicationRequest", "Condition" };
static const char *const codes[] = { "c1", "c2", "c3" };
static const char *const labels[] = { "PSY", "HIV", "GDIS", "ETH", "DV", "N", "R" };

static size_t how_many(void)
{
    const char *n = getenv("KUMIHIMO_CASES");
    if (n != NULL)
        return strtoul(n, NULL, 10);
    return getenv("KUMIHIMO_LONG") != NULL ? 1000000 : 20000;
}

static uint64_t a_seed(void)
{
    const char *seed = getenv("KUMIHIMO_SEED");
    return seed != NULL ? strtoull(seed, NULL, 10) | 1u : 20260401;
}

static bool once_in(uint64_t *s, uint32_t n)
{
    return any_below(s, n) == 0;
}

static void some(km_buf *out, uint64_t *s, const char *name, const char *const *word, uint32_t n)
{
    uint32_t from = any_below(s, n), count = 1 + any_below(s, n < 3 ? n : 3);
    km_buf_print(out, ",\"%s\":[", name);
    for (uint32_t i = 0; i < count; i++)
        km_buf_print(out, "%s\"%s\"", i ? "," : "", word[(from + i) % n]);
    km_buf_char(out, ']');
}

static void a_provision(km_buf *out, uint64_t *s, int depth)
{
    /* The root's type says nothing. */
    km_buf_print(out, "{\"type\":\"%s\"", any_below(s, 2) ? "permit" : "deny");
    if (depth == 0 && any_below(s, 4) > 0) {
        km_buf_z(out, ",\"provision\":[");
        a_provision(out, s, 1);
        km_buf_z(out, ",");
        a_provision(out, s, 1);
        km_buf_z(out, "]}");
        return;
    }
    if (once_in(s, 2))
        some(out, s, "actor", actors, 8);
    if (once_in(s, 6))
        some(out, s, "action", actions, 3);
    if (once_in(s, 3))
        some(out, s, "purpose", purposes, 4);
    if (once_in(s, 4))
        some(out, s, "class", classes, 3);
    if (once_in(s, 9))
        some(out, s, "code", codes, 3);
    if (once_in(s, 4))
        some(out, s, "securityLabel", labels, 7);
    if (once_in(s, 4))
        km_buf_print(out, ",\"%s\":{\"start\":%u,\"end\":%u}",
                     any_below(s, 2) ? "period" : "dataPeriod", any_below(s, 60),
                     50 + any_below(s, 60));
    if (depth < 5 && any_below(s, 9) < (depth == 0 ? 8 : 4)) {
        km_buf_print(out, ",\"provision\":[");
        for (uint32_t n = 1 + any_below(s, 3); n > 0; n--) {
            a_provision(out, s, depth + 1);
            km_buf_z(out, n > 1 ? "," : "");
        }
        km_buf_char(out, ']');
    }
    km_buf_char(out, '}');
}

static void a_consent(km_buf *out, uint64_t *s, uint32_t number)
{
    static const char *const categories[] = { "share", "share", "sens" };
    km_buf_print(out,
                 "{\"id\":\"C%u\",\"status\":\"%s\",\"network\":\"n%u\",\"category\":\"%s\","
                 "\"dateTime\":%u,\"policyRule\":\"%s\",\"provision\":",
                 number, once_in(s, 9) ? "inactive" : "active", once_in(s, 4) ? 2u : 1u,
                 categories[any_below(s, 3)], any_below(s, 12) * 9,
                 any_below(s, 2) ? "OPTIN" : "OPTOUT");
    a_provision(out, s, 0);
    km_buf_char(out, '}');
}

static void a_request(km_buf *out, uint64_t *s)
{
    km_buf_print(out,
                 "{\"now\":%u,\"dataTime\":%u,\"network\":\"n1\",\"action\":\"%s\",\"purpose\":"
                 "\"%s\",\"class\":\"%s\",\"code\":\"%s\",\"emergencyGrant\":%s,\"actors\":[\"%s\","
                 "\"%s\",\"%s\"],\"labels\":[",
                 any_below(s, 111), any_below(s, 111), actions[any_below(s, 7) % 3 % 2],
                 purposes[once_in(s, 2) ? 0 : any_below(s, 4)], classes[any_below(s, 3)],
                 codes[any_below(s, 3)], any_below(s, 3) ? "true" : "false",
                 actors[any_below(s, 3)], actors[3 + any_below(s, 2)], actors[5 + any_below(s, 3)]);
    for (uint32_t n = any_below(s, 2) ? 0 : any_below(s, 3), i = 0; i < n; i++)
        km_buf_print(out, "%s\"%s\"", i ? "," : "", labels[any_below(s, 7)]);
    km_buf_print(out, "]}");
}

typedef struct drawn {
    km_jv line;
    km_consent_case c;
} drawn;

static drawn draw(km_arena *a, uint64_t *s)
{
    drawn d;
    km_json *doc;
    km_fault f = { 0 };
    km_buf out = km_buf_in(a);
    km_buf_print(&out, "{\"network\":{\"id\":\"n1\",\"default\":\"%s\"},\"consents\":[",
                 any_below(s, 3) ? "deny" : "permit");
    for (uint32_t n = any_below(s, 5), i = 0; i < n; i++) {
        km_buf_z(&out, i ? "," : "");
        a_consent(&out, s, i);
    }
    km_buf_print(&out, "],\"request\":");
    a_request(&out, s);
    km_buf_char(&out, '}');
    assert_int_equal(km_json_parse(&doc, a, km_buf_str(&out), NULL, &f), KM_OK);
    d.line = km_json_root(doc);
    assert_int_equal(km_consent_read_case(&d.c, a, d.line, &f), KM_OK);
    return d;
}

/* --- the second reading -------------------------------------------------------------------- */
static int64_t num(km_jv v, const char *name, int64_t otherwise)
{
    int64_t n = otherwise;
    km_str_to_i64(&n, km_jv_text(v, name));
    return n;
}

static bool holds(km_jv list, km_str word)
{
    for (uint32_t i = 0; i < km_jv_count(list); i++)
        if (km_str_eq(km_jv_str(km_jv_item(list, i)), word))
            return true;
    return false;
}

static bool meets(km_jv list, km_jv other)
{
    for (uint32_t i = 0; i < km_jv_count(other); i++)
        if (holds(list, km_jv_str(km_jv_item(other, i))))
            return true;
    return false;
}

static bool lies_in(km_jv period, int64_t t)
{
    return num(period, "start", -1) <= t && t <= num(period, "end", 1000);
}

#define GIVEN(n, name) km_jv_kind(KM_JV_GET(n, name))

static bool fits(km_jv n, km_jv q)
{
    return (!GIVEN(n, "period") || lies_in(KM_JV_GET(n, "period"), num(q, "now", 0)))
           && (!GIVEN(n, "dataPeriod")
               || lies_in(KM_JV_GET(n, "dataPeriod"), num(q, "dataTime", 0)))
           && (!GIVEN(n, "actor") || meets(KM_JV_GET(n, "actor"), KM_JV_GET(q, "actors")))
           && (!GIVEN(n, "action") || holds(KM_JV_GET(n, "action"), km_jv_text(q, "action")))
           && (!GIVEN(n, "purpose") || holds(KM_JV_GET(n, "purpose"), km_jv_text(q, "purpose")))
           && (!GIVEN(n, "class") || holds(KM_JV_GET(n, "class"), km_jv_text(q, "class")))
           && (!GIVEN(n, "code") || holds(KM_JV_GET(n, "code"), km_jv_text(q, "code")))
           && (!GIVEN(n, "securityLabel")
               || meets(KM_JV_GET(n, "securityLabel"), KM_JV_GET(q, "labels")));
}

typedef struct verdict {
    bool there, permit;
    km_jv by;      /* the node */
    char path[16]; /* "02": its third child of its first child */
} verdict;

static verdict judge(km_jv n, bool permit, const char *path, km_jv q)
{
    verdict best = { .there = false };
    km_jv kids = KM_JV_GET(n, "provision");
    for (uint32_t i = 0; i < km_jv_count(kids); i++) {
        km_jv kid = km_jv_item(kids, i);
        char at[16] = "";
        if (!fits(kid, q))
            continue;
        size_t deep = strlen(path);
        assert_true(deep < sizeof at - 1 && i < 10);
        memcpy(at, path, deep);
        at[deep] = (char)('0' + i);
        verdict v = judge(kid, km_str_is(km_jv_text(kid, "type"), "permit"), at, q);
        if (!best.there || (best.permit && !v.permit))
            best = v;
    }
    if (!best.there) {
        best = (verdict){ true, permit, n, "" };
        snprintf(best.path, sizeof best.path, "%s", path);
    }
    return best;
}

static bool eligible(km_jv c, km_jv q)
{
    return km_str_is(km_jv_text(c, "status"), "active")
           && km_str_eq(km_jv_text(c, "network"), km_jv_text(q, "network"))
           && num(c, "dateTime", 0) <= num(q, "now", 0);
}

static bool newest(km_jv c, km_jv all, km_jv q)
{
    for (uint32_t i = 0; i < km_jv_count(all); i++) {
        km_jv other = km_jv_item(all, i);
        if (eligible(other, q)
            && km_str_eq(km_jv_text(c, "category"), km_jv_text(other, "category"))
            && num(other, "dateTime", 0) > num(c, "dateTime", 0))
            return false;
    }
    return true;
}

static bool is_narrow(km_str label)
{
    return km_str_is(label, "PSY") || km_str_is(label, "HIV") || km_str_is(label, "GDIS")
           || km_str_is(label, "ETH") || km_str_is(label, "DV");
}

typedef struct told {
    const char *decision, *reason;
    int64_t consent;
    char path[16];
} told;

static void say(told *t, const char *decision, const char *reason, int64_t consent,
                const char *path)
{
    *t = (told){ decision, reason, consent, "" };
    snprintf(t->path, sizeof t->path, "%s", path);
}

static bool names(const verdict *v, km_jv q)
{
    km_jv l = KM_JV_GET(q, "labels");
    for (uint32_t i = 0; i < km_jv_count(l); i++) {
        km_str one = km_jv_str(km_jv_item(l, i));
        if (is_narrow(one) && (v->path[0] == 0 || !holds(KM_JV_GET(v->by, "securityLabel"), one)))
            return false;
    }
    return true;
}

/* In passes of falling weight over categories in order; the consents of a case are C0, C1, ... */
static told naive(km_jv line)
{
    static const char *const categories[] = { "sens", "share" };
    km_jv q = KM_JV_GET(line, "request"), all = KM_JV_GET(line, "consents");
    bool emergency = km_str_is(km_jv_text(q, "purpose"), "ETREAT"), any = false, narrow = false;
    told t;
    if (emergency && !km_jv_is(KM_JV_GET(q, "emergencyGrant"), KM_JSON_TRUE)) {
        say(&t, "deny", "no-emergency-grant", -1, "");
        return t;
    }
    for (int pass = 0; pass < 2; pass++) {
        for (size_t k = 0; k < 2; k++) {
            for (uint32_t i = 0; i < km_jv_count(all); i++) {
                km_jv c = km_jv_item(all, i), root = KM_JV_GET(c, "provision");
                if (!km_str_is(km_jv_text(c, "category"), categories[k]) || !eligible(c, q)
                    || !newest(c, all, q) || !fits(root, q))
                    continue;
                any = true;
                verdict v = judge(root, km_str_is(km_jv_text(c, "policyRule"), "OPTOUT"), "", q);
                const char *why = v.path[0] ? "rule" : "base";
                if (emergency && !v.permit && v.path[0]
                    && holds(KM_JV_GET(v.by, "purpose"), KM_STR("ETREAT"))) {
                    say(&t, "deny", "emergency-refused", i, v.path);
                    return t;
                }
                if (!emergency && v.permit == (pass == 1) && (!v.permit || names(&v, q))) {
                    say(&t, v.permit ? "permit" : "deny", why, i, v.path);
                    return t;
                }
            }
        }
    }
    for (uint32_t i = 0; i < km_jv_count(KM_JV_GET(q, "labels")); i++)
        narrow |= is_narrow(km_jv_str(km_jv_item(KM_JV_GET(q, "labels"), i)));
    bool open = km_str_is(km_jv_text(line, "network.default"), "permit");
    if (emergency)
        say(&t, "permit-minimum", "emergency", -1, "");
    else if (any || (open && narrow))
        say(&t, "deny", "restricted-label", -1, "");
    else
        say(&t, open ? "permit" : "deny", "network-default", -1, "");
    return t;
}

static told compiled(const km_consent_case *c)
{
    km_decision d;
    told t;
    char path[16] = "";
    km_consent_decide(&d, &c->request, &c->network, c->consent, c->consents);
    assert_true(d.depth < sizeof path);
    for (size_t i = 0; i < d.depth; i++)
        path[i] = (char)('0' + d.path[i]);
    say(&t, km_consent_answer_code(d.answer), km_consent_reason_code(d.reason), d.consent, path);
    return t;
}

/* --- claims -------------------------------------------------------------------------------- */
static void decisions_agree_with_a_naive_reading(void **state)
{
    (void)state;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    uint64_t seed = a_seed();
    size_t permits = 0, ruled = 0, n = how_many();
    for (size_t i = 0; i < n; i++) {
        km_arena_reset(a);
        uint64_t here = seed;
        drawn d = draw(a, &seed);
        told x = naive(d.line), y = compiled(&d.c);
        permits += strcmp(x.decision, "permit") == 0;
        ruled += strcmp(x.reason, "rule") == 0;
        if (strcmp(x.decision, y.decision) != 0 || strcmp(x.reason, y.reason) != 0
            || x.consent != y.consent || strcmp(x.path, y.path) != 0)
            fail_msg("seed %llu: %s %s %lld %s, compiled %s %s %lld %s", (unsigned long long)here,
                     x.decision, x.reason, (long long)x.consent, x.path, y.decision, y.reason,
                     (long long)y.consent, y.path);
    }
    assert_true(permits > n / 20 && ruled > n / 20);
    km_arena_free(a);
}

static km_decision decide(const km_consent_case *c)
{
    km_decision d;
    km_consent_decide(&d, &c->request, &c->network, c->consent, c->consents);
    return d;
}

static void the_order_of_consents_does_not_matter(void **state)
{
    (void)state;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    uint64_t seed = a_seed() + 2;
    for (size_t i = 0, n = how_many(); i < n; i++) {
        km_arena_reset(a);
        drawn d = draw(a, &seed);
        km_decision one = decide(&d.c);
        km_consent *c = KM_NEW_ARRAY(a, d.c.consents + 1, km_consent);
        memcpy(c, d.c.consent, d.c.consents * sizeof *c);
        for (size_t k = d.c.consents; k > 1; k--) {
            size_t with = any_below(&seed, (uint32_t)k);
            km_consent was = c[k - 1];
            c[k - 1] = c[with];
            c[with] = was;
        }
        const unsigned char *decided = one.consent < 0 ? NULL : d.c.consent[one.consent].p;
        d.c.consent = c;
        km_decision two = decide(&d.c);
        assert_int_equal(one.answer, two.answer);
        assert_int_equal(one.reason, two.reason);
        assert_int_equal(one.depth, two.depth);
        assert_memory_equal(one.path, two.path, one.depth * sizeof *one.path);
        assert_ptr_equal(decided, two.consent < 0 ? NULL : c[two.consent].p);
    }
    km_arena_free(a);
}

/* Copies a provision and puts one more denial inside the node that `left` counts down to. */
static void with_denial(km_buf *out, km_jv provision, int *left, uint64_t *s)
{
    bool here = (*left)-- == 0;
    km_jv kids = KM_JV_GET(provision, "provision");
    km_buf_char(out, '{');
    for (km_jv_iter i = km_jv_each(provision); km_jv_next(&i);) {
        if (km_str_is(i.name, "provision"))
            continue;
        km_json_string(out, i.name);
        km_buf_char(out, ':');
        km_jv_print(out, i.value);
        km_buf_char(out, ',');
    }
    km_buf_print(out, "\"provision\":[");
    if (here) {
        km_buf_print(out, "{\"type\":\"deny\"");
        if (any_below(s, 2))
            some(out, s, "actor", actors, 8);
        if (any_below(s, 2))
            some(out, s, "class", classes, 3);
        km_buf_z(out, km_jv_count(kids) ? "}," : "}");
    }
    for (uint32_t i = 0; i < km_jv_count(kids); i++) {
        km_buf_z(out, i ? "," : "");
        with_denial(out, km_jv_item(kids, i), left, s);
    }
    km_buf_print(out, "]}");
}

/* Emergencies apart: there only a denial that names ETREAT counts, and one that does not may take
 * its place (README.md, 5). */
static void a_denial_more_never_shows_more(void **state)
{
    (void)state;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    uint64_t seed = a_seed() + 4;
    size_t hidden = 0;
    for (size_t i = 0, n = how_many(); i < n; i++) {
        km_arena_reset(a);
        drawn d = draw(a, &seed);
        if (d.c.consents == 0 || km_str_is(d.c.request.purpose, "ETREAT"))
            continue;
        km_decision before = decide(&d.c);
        uint32_t which = any_below(&seed, (uint32_t)d.c.consents);
        int left = (int)any_below(&seed, km_consent_provisions(d.c.consent[which]));
        km_consent *c = KM_NEW_ARRAY(a, d.c.consents, km_consent);
        memcpy(c, d.c.consent, d.c.consents * sizeof *c);
        km_jv own = km_jv_item(KM_JV_GET(d.line, "consents"), which);
        km_buf out = km_buf_in(a);
        km_json *doc;
        km_buf_char(&out, '{');
        for (km_jv_iter k = km_jv_each(own); km_jv_next(&k);) {
            km_json_string(&out, k.name);
            km_buf_char(&out, ':');
            if (km_str_is(k.name, "provision"))
                with_denial(&out, k.value, &left, &seed);
            else
                km_jv_print(&out, k.value);
            km_buf_char(&out, km_str_is(k.name, "provision") ? '}' : ',');
        }
        assert_int_equal(km_json_parse(&doc, a, km_buf_str(&out), NULL, NULL), KM_OK);
        assert_int_equal(km_consent_compile_compact(&c[which], a, km_json_root(doc), NULL), KM_OK);
        assert_int_equal(km_consent_provisions(c[which]),
                         km_consent_provisions(d.c.consent[which]) + 1);
        d.c.consent = c;
        km_decision after = decide(&d.c);
        assert_true(after.answer <= before.answer);
        hidden += after.answer < before.answer;
    }
    assert_true(hidden > 0);
    km_arena_free(a);
}

static void a_permit_less_never_shows_more(void **state)
{
    (void)state;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    uint64_t seed = a_seed() + 6;
    size_t tried = 0;
    for (size_t i = 0, n = how_many(); i < n; i++) {
        km_arena_reset(a);
        drawn d = draw(a, &seed);
        km_decision before = decide(&d.c);
        if (d.c.consents == 0)
            continue;
        size_t gone = any_below(&seed, (uint32_t)d.c.consents);
        km_consent_case alone = d.c, less = d.c;
        alone.consent = &d.c.consent[gone];
        alone.consents = 1;
        km_jv all = KM_JV_GET(d.line, "consents"), own = km_jv_item(all, (uint32_t)gone);
        bool other = false;
        for (uint32_t k = 0; k < km_jv_count(all); k++)
            other |= k != gone
                     && km_str_eq(km_jv_text(own, "category"),
                                  km_jv_text(km_jv_item(all, k), "category"));
        if (other || decide(&alone).answer != KM_PERMIT)
            continue;
        tried++;
        km_consent *c = KM_NEW_ARRAY(a, d.c.consents, km_consent);
        for (size_t k = 0, to = 0; k < d.c.consents; k++)
            if (k != gone)
                c[to++] = d.c.consent[k];
        less.consent = c;
        less.consents--;
        assert_true(decide(&less).answer <= before.answer);
    }
    assert_true(tried > how_many() / 100);
    km_arena_free(a);
}

static void vary(km_consent_case *c, uint64_t *s)
{
    c->request.related = any_below(s, 4) > 0;
    c->request.grant = (km_grant)any_below(s, 3);
    c->request.passed = once_in(s, 20) ? any_below(s, 32) : KM_ASK_ALL;
    c->network.basis = (km_consent_basis)(once_in(s, 20) ? 2 : any_below(s, 2));
    c->network.notice_needed = once_in(s, 4);
    c->network.notice_at = any_below(s, 60);
    c->network.unrelated_may = any_below(s, 2);
    if (once_in(s, 30))
        c->request.purpose = KM_STR("PATRQT");
    c->request.own = (km_own)any_below(s, 3);
}

static void an_answer_for_a_chart_is_that_of_each_record(void **state)
{
    (void)state;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    uint64_t seed = a_seed() + 8;
    size_t seen[3] = { 0 };
    for (size_t i = 0, n = how_many(); i < n; i++) {
        km_arena_reset(a);
        drawn d = draw(a, &seed);
        km_consent_case chart = d.c;
        km_consent_answer all;
        vary(&chart, &seed);
        chart.request.unknown = any_below(&seed, 32);
        if (chart.request.unknown & KM_FACT_LABELS)
            chart.request.labels = 0;
        km_consent_parts parts = km_consent_chart(&all, &chart.request, &chart.network,
                                                  chart.consent, chart.consents);
        seen[parts]++;
        for (int k = 0; k < 12; k++) {
            km_consent_case one = chart;
            km_str code = km_str_of(codes[any_below(&seed, 3)]), label[2];
            one.request.unknown = once_in(&seed, 4) ? chart.request.unknown & any_below(&seed, 32)
                                                    : 0;
            if (chart.request.unknown & KM_FACT_CLASS)
                one.request.klass = km_str_of(classes[any_below(&seed, 3)]);
            if (chart.request.unknown & KM_FACT_CODES)
                one.request.code = &code;
            if (chart.request.unknown & KM_FACT_TIME)
                one.request.time = any_below(&seed, 111);
            if (chart.request.unknown & KM_FACT_LABELS) {
                one.request.label = label;
                one.request.labels = any_below(&seed, 3);
                label[0] = km_str_of(labels[any_below(&seed, 7)]);
                label[1] = km_str_of(labels[any_below(&seed, 7)]);
            }
            km_decision x = decide(&one);
            if (parts == KM_PARTS_NONE)
                assert_int_equal(x.answer, KM_DENY);
            if (parts == KM_PARTS_ALL)
                assert_int_equal(x.answer, all);
        }
    }
    for (int k = 0; k < 3; k++)
        assert_true(seen[k] > how_many() / 50);
    km_arena_free(a);
}

static void a_decision_depends_on_its_arguments_alone(void **state)
{
    (void)state;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    uint64_t seed = a_seed() + 10;
    for (size_t i = 0, n = how_many() / 4; i < n; i++) {
        km_arena_reset(a);
        drawn d = draw(a, &seed);
        unsigned char one[KM_SHA256_LEN], two[KM_SHA256_LEN];
        vary(&d.c, &seed);
        km_decision x = decide(&d.c);
        km_consent_snapshot(one, &d.c.request, &d.c.network, d.c.consent, d.c.consents);
        km_consent *c = KM_NEW_ARRAY(a, d.c.consents + 1, km_consent);
        for (size_t k = 0; k < d.c.consents; k++) {
            /* Elsewhere, and at an odd place. */
            char *p = km_arena_alloc(a, d.c.consent[k].n + 1);
            memcpy(p + 1, d.c.consent[k].p, d.c.consent[k].n);
            assert_int_equal(km_consent_load(&c[k], (km_str){ p + 1, d.c.consent[k].n }, NULL),
                             KM_OK);
        }
        d.c.consent = c;
        km_decision y = decide(&d.c);
        km_consent_snapshot(two, &d.c.request, &d.c.network, d.c.consent, d.c.consents);
        assert_memory_equal(&x, &y, sizeof x);
        assert_memory_equal(one, two, sizeof one);
        d.c.request.now++;
        km_consent_snapshot(two, &d.c.request, &d.c.network, d.c.consent, d.c.consents);
        assert_memory_not_equal(one, two, sizeof one);
    }
    km_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decisions_agree_with_a_naive_reading),
        cmocka_unit_test(the_order_of_consents_does_not_matter),
        cmocka_unit_test(a_denial_more_never_shows_more),
        cmocka_unit_test(a_permit_less_never_shows_more),
        cmocka_unit_test(an_answer_for_a_chart_is_that_of_each_record),
        cmocka_unit_test(a_decision_depends_on_its_arguments_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
