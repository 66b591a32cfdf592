/* SPDX-License-Identifier: Apache-2.0
 *
 * balp: entries as AuditEvents. What differs by kind is a row of data/audit/balp.tsv.
 */
#include "trust/audit/balp.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/date.h"
#include "base/hash.h"
#include "km_data_trust_audit.h"

enum { CELLS = 10, ROWS = KM_AUDIT_KINDS_END + 1, READS = KM_AUDIT_KINDS_END };

typedef enum shape { PLAIN, DATA, QUERY, TOKEN, CONSENT } shape;
static const char *const shapes[] = { "plain", "data", "query", "token", "consent" };

typedef struct row {
    km_str profile, patient_profile, type, subtype, action, client, server, user;
    shape shape;
} row;

struct km_balp {
    row by_kind[ROWS];
};

static _Noreturn void wrong(km_str where)
{
    fprintf(stderr, "kumihimo: data/audit/balp.tsv is wrong at %.*s\n", KM_STR_ARG(where));
    abort();
}

static shape shape_named(km_str name)
{
    for (int i = 0; i < (int)(sizeof shapes / sizeof *shapes); i++)
        if (km_str_is(name, shapes[i]))
            return (shape)i;
    wrong(name);
}

km_balp *km_balp_new(void)
{
    km_balp *b = calloc(1, sizeof *b);
    km_str cell[CELLS], rest = km_embedded_find(km_data_trust_audit, "balp.tsv");
    if (b == NULL)
        abort();                           /* decision 18 */
    (void)km_tsv_next(cell, CELLS, &rest); /* the header */
    for (size_t n; (n = km_tsv_next(cell, CELLS, &rest)) > 0;) {
        int kind = km_str_is(cell[0], "reads") ? READS : (int)km_audit_kind_named(cell[0]);
        if (n != CELLS || kind == KM_AUDIT_NONE)
            wrong(cell[0]);
        b->by_kind[kind] = (row){ cell[1], cell[2], cell[3],
                                  cell[4], cell[5], cell[6],
                                  cell[7], cell[8], shape_named(cell[9]) };
    }
    for (int k = KM_AUDIT_NONE + 1; k < ROWS; k++)
        if (b->by_kind[k].type.n == 0)
            wrong(KM_STR("a kind that is not there"));
    return b;
}

void km_balp_free(km_balp *b)
{
    free(b);
}

size_t km_balp_events(const km_audit_entry *e)
{
    return e->charts > 1 ? e->charts : 1;
}

/* --- one event -----------------------------------------------------------------------------------
 */

typedef struct event {
    km_jw *w;
    km_arena *arena;
    const km_audit_entry *e;
    const row *row;
    km_str origin;
    int64_t index;
    int64_t chart; /* 0: nobody's */
    bool lists;    /* it tells the records shown */
} event;

/* SYSTEM#CODE DISPLAY */
static void coding(km_jw *w, km_str text)
{
    km_str rest, display, system = km_str_cut(text, '#', &rest);
    km_str code = km_str_cut(rest, ' ', &display);
    km_jw_open(w, '{');
    km_jw_member(w, "system", system);
    km_jw_member(w, "code", code);
    if (display.n > 0)
        km_jw_member(w, "display", display);
    km_jw_close(w, '}');
}

static void concept(km_jw *w, const char *name, km_str text)
{
    km_jw_key(w, name);
    km_jw_open(w, '{');
    km_jw_key(w, "coding");
    km_jw_open(w, '[');
    coding(w, text);
    km_jw_close(w, ']');
    km_jw_close(w, '}');
}

static void concepts(km_jw *w, const char *name, const char *system, km_str code)
{
    if (code.n == 0)
        return;
    km_jw_key(w, name);
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    km_jw_key(w, "coding");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    km_jw_member_z(w, "system", system);
    km_jw_member(w, "code", code);
    km_jw_close(w, '}');
    km_jw_close(w, ']');
    km_jw_close(w, '}');
    km_jw_close(w, ']');
}

/* A logical reference. */
static void identified(km_jw *w, const char *name, const char *system, km_str value)
{
    km_jw_key(w, name);
    km_jw_open(w, '{');
    km_jw_key(w, "identifier");
    km_jw_open(w, '{');
    km_jw_member_z(w, "system", system);
    km_jw_member(w, "value", value);
    km_jw_close(w, '}');
    km_jw_close(w, '}');
}

static void network(km_jw *w, km_str address, const char *type)
{
    km_jw_key(w, "network");
    km_jw_open(w, '{');
    km_jw_member(w, "address", address);
    km_jw_member_z(w, "type", type); /* 1: machine name, 2: IP address */
    km_jw_close(w, '}');
}

/* --- agents --- */

static void print_client(const event *v)
{
    const km_audit_agent *g = &v->e->agent;
    km_str who = g->client.n > 0       ? g->client
                 : g->thumbprint.n > 0 ? g->thumbprint
                                       : KM_STR("pages"); /* our own, in a browser */
    km_jw_open(v->w, '{');
    concept(v->w, "type", v->row->client);
    identified(v->w, "who", "urn:kumihimo:client", who);
    km_jw_member_bool(v->w, "requestor", g->id.n == 0);
    if (g->address.n > 0)
        network(v->w, g->address, "2");
    else
        network(v->w, KM_STR("localhost"), "1");
    km_jw_close(v->w, '}');
}

static void print_server(const event *v)
{
    km_jw_open(v->w, '{');
    concept(v->w, "type", v->row->server);
    identified(v->w, "who", "urn:kumihimo:audit", v->origin);
    km_jw_member_bool(v->w, "requestor", false);
    network(v->w, v->origin, "1");
    km_jw_close(v->w, '}');
}

static void print_user(const event *v)
{
    const km_audit_agent *g = &v->e->agent;
    if (g->id.n == 0)
        return;
    km_jw_open(v->w, '{');
    concept(v->w, "type", v->row->user);
    concepts(v->w, "role", "urn:kumihimo:role", g->role);
    identified(v->w, "who", "urn:kumihimo:agent", g->id);
    if (g->name.n > 0)
        km_jw_member(v->w, "name", g->name);
    km_jw_member_bool(v->w, "requestor", true);
    concepts(v->w, "purposeOfUse", "http://terminology.hl7.org/CodeSystem/v3-ActReason",
             v->e->purpose);
    km_jw_close(v->w, '}');
}

static void print_organisation(const event *v)
{
    km_str organisation = v->e->agent.organisation;
    if (organisation.n == 0)
        return;
    km_jw_open(v->w, '{');
    concept(v->w, "type",
            KM_STR("http://terminology.hl7.org/CodeSystem/v3-RoleClass#PROV healthcare provider"));
    identified(v->w, "who", "urn:kumihimo:organisation", organisation);
    km_jw_member_bool(v->w, "requestor", false);
    km_jw_close(v->w, '}');
}

/* --- entities --- */

static void print_patient(const event *v)
{
    if (v->chart == 0)
        return;
    km_jw_open(v->w, '{');
    km_jw_key(v->w, "what");
    km_jw_open(v->w, '{');
    km_jw_member_z(v->w, "type", "Patient");
    km_jw_key(v->w, "identifier");
    km_jw_open(v->w, '{');
    km_jw_member_z(v->w, "system", "urn:kumihimo:chart");
    km_jw_member(v->w, "value", km_arena_print(v->arena, "%lld", (long long)v->chart));
    km_jw_close(v->w, '}');
    km_jw_close(v->w, '}');
    km_jw_key(v->w, "type");
    coding(v->w, KM_STR("http://terminology.hl7.org/CodeSystem/audit-entity-type#1 Person"));
    km_jw_key(v->w, "role");
    coding(v->w, KM_STR("http://terminology.hl7.org/CodeSystem/object-role#1 Patient"));
    km_jw_close(v->w, '}');
}

/* A Read, Create, Update or Delete has one "System Object"; what a query found is told by its type,
 * since its "System Object" is the query. */
static void print_shown(const event *v, const km_audit_shown *s)
{
    const char *version = s->version > 0 ? "/_history/" : "";
    char number[16] = "";
    if (s->version > 0)
        snprintf(number, sizeof number, "%d", (int)s->version);
    km_jw_open(v->w, '{');
    km_jw_key(v->w, "what");
    km_jw_open(v->w, '{');
    km_jw_member(v->w, "reference",
                 km_arena_print(v->arena, "%.*s/%.*s%s%s", KM_STR_ARG(s->type), KM_STR_ARG(s->id),
                                version, number));
    km_jw_close(v->w, '}');
    km_jw_key(v->w, "type");
    if (v->row->shape == DATA)
        coding(v->w,
               KM_STR("http://terminology.hl7.org/CodeSystem/audit-entity-type#2 System Object"));
    else
        coding(v->w, km_arena_print(v->arena, "http://hl7.org/fhir/resource-types#%.*s",
                                    KM_STR_ARG(s->type)));
    km_jw_key(v->w, "role");
    coding(v->w, KM_STR("http://terminology.hl7.org/CodeSystem/object-role#4 Domain Resource"));
    km_jw_close(v->w, '}');
}

static void print_query(const event *v)
{
    km_buf text = km_buf_in(v->arena);
    km_buf_add(&text, v->e->route);
    for (size_t i = 0; i < v->e->queries; i++)
        km_buf_print(&text, "%c%.*s=", i == 0 ? '?' : '&', KM_STR_ARG(v->e->query[i]));
    km_jw_open(v->w, '{');
    km_jw_key(v->w, "type");
    coding(v->w, KM_STR("http://terminology.hl7.org/CodeSystem/audit-entity-type#2 System Object"));
    km_jw_key(v->w, "role");
    coding(v->w, KM_STR("http://terminology.hl7.org/CodeSystem/object-role#24 Query"));
    km_jw_member(v->w, "query", km_base64(v->arena, text.n > 0 ? text.p : "-", text.n + !text.n));
    km_jw_close(v->w, '}');
}

static km_str consent_in(km_str basis)
{
    size_t n = sizeof "Consent/" - 1;
    if (!km_str_starts(basis, KM_STR("Consent/")))
        return KM_STR_NONE;
    while (n < basis.n
           && (basis.p[n] == '-' || basis.p[n] == '.' || (basis.p[n] >= '0' && basis.p[n] <= '9')
               || (basis.p[n] >= 'A' && basis.p[n] <= 'Z')
               || (basis.p[n] >= 'a' && basis.p[n] <= 'z')))
        n++;
    return km_str_sub(basis, 0, n);
}

static size_t print_consents(const event *v, bool really)
{
    size_t n = 0;
    for (size_t i = 0; i < v->e->bases; i++) {
        km_str consent = consent_in(v->e->basis[i]);
        if (consent.n == 0)
            continue;
        n++;
        if (!really)
            continue;
        km_jw_open(v->w, '{');
        km_jw_key(v->w, "what");
        km_jw_open(v->w, '{');
        km_jw_member(v->w, "reference", consent);
        km_jw_close(v->w, '}');
        km_jw_key(v->w, "type");
        coding(v->w, KM_STR("http://hl7.org/fhir/resource-types#Consent Consent"));
        km_jw_close(v->w, '}');
    }
    return n;
}

static void detail(const event *v, const char *type, km_str value)
{
    if (value.n == 0)
        return;
    km_jw_open(v->w, '{');
    km_jw_member_z(v->w, "type", type);
    km_jw_member(v->w, "valueString", value);
    km_jw_close(v->w, '}');
}

/* BALP's X-Request-Id; what has no place of its own in an AuditEvent is a detail of it. */
static void print_request(const event *v)
{
    const km_audit_entry *e = v->e;
    km_str index = km_arena_print(v->arena, "%lld", (long long)v->index);
    km_jw_open(v->w, '{');
    identified(v->w, "what", "urn:kumihimo:request",
               e->request.n > 0 ? e->request
                                : km_arena_print(v->arena, "audit-%.*s", KM_STR_ARG(index)));
    km_jw_key(v->w, "type");
    coding(v->w, KM_STR("https://profiles.ihe.net/ITI/BALP/CodeSystem/BasicAuditEntityType#"
                        "XrequestId"));
    km_jw_key(v->w, "detail");
    km_jw_open(v->w, '[');
    detail(v, "entry", index);
    detail(v, "kind", km_str_of(km_audit_kind_text(e->kind)));
    detail(v, "route", e->route);
    detail(v, "reason", e->reason);
    detail(v, "session", e->agent.session);
    for (size_t i = 0; i < e->bases; i++)
        detail(v, "basis", e->basis[i]);
    if (e->flags & KM_AUDIT_UNEXPLAINED)
        detail(v, "flag", KM_STR("unexplained"));
    if (e->flags & KM_AUDIT_EMERGENCY)
        detail(v, "flag", KM_STR("emergency"));
    if (e->bytes_out > 0)
        detail(v, "bytes", km_arena_print(v->arena, "%lld", (long long)e->bytes_out));
    km_jw_close(v->w, ']');
    km_jw_close(v->w, '}');
}

static void print_entities(const event *v)
{
    km_jw_key(v->w, "entity");
    km_jw_open(v->w, '[');
    print_patient(v);
    if (v->row->shape == CONSENT && print_consents(v, false) > 0)
        (void)print_consents(v, true);
    else
        print_request(v);
    if (v->row->shape == QUERY || v->row->shape == TOKEN)
        print_query(v);
    for (size_t i = 0; v->lists && i < v->e->shows; i++)
        print_shown(v, &v->e->shown[i]);
    km_jw_close(v->w, ']');
}

/* --- the whole --- */

/* AuditEvent.outcome: 0 success, 4 the asker's fault, 8 ours. */
static const char *outcome_of(km_str outcome)
{
    if (outcome.n == 0 || km_str_is(outcome, "ok"))
        return "0";
    for (int c = 1; c < KM_CODES; c++)
        if (km_str_is(outcome, km_code_name((km_code)c)))
            return km_code_http((km_code)c) >= 500 ? "8" : "4";
    return "4";
}

static km_str profile_of(const event *v, const char *outcome)
{
    const km_audit_entry *e = v->e;
    km_str profile = v->chart > 0 ? v->row->patient_profile : v->row->profile;
    bool good = true;
    switch (v->row->shape) {
    case DATA:
        good = *outcome == '0' && v->lists && e->shows == 1;
        break;
    case QUERY:
    case TOKEN:
        good = *outcome == '0';
        break;
    case CONSENT:
        good = e->agent.id.n > 0 && e->agent.organisation.n > 0 && print_consents(v, false) > 0;
        break;
    case PLAIN:
        break;
    }
    return good ? profile : KM_STR_NONE;
}

static void print_head(const event *v, size_t nth)
{
    char at[25];
    const char *outcome = outcome_of(v->e->outcome);
    km_str profile = profile_of(v, outcome);
    km_jw *w = v->w;
    km_instant_print(at, v->e->at);
    km_jw_member_z(w, "resourceType", "AuditEvent");
    km_jw_member(w, "id",
                 nth == 0
                     ? km_arena_print(v->arena, "audit-%lld", (long long)v->index)
                     : km_arena_print(v->arena, "audit-%lld-%zu", (long long)v->index, nth + 1));
    if (profile.n > 0) {
        km_jw_key(w, "meta");
        km_jw_open(w, '{');
        km_jw_key(w, "profile");
        km_jw_open(w, '[');
        km_jw_str(w, profile);
        km_jw_close(w, ']');
        km_jw_close(w, '}');
    }
    km_jw_key(w, "type");
    coding(w, v->row->type);
    if (v->row->subtype.n > 0) {
        km_jw_key(w, "subtype");
        km_jw_open(w, '[');
        coding(w, v->row->subtype);
        km_jw_close(w, ']');
    }
    km_jw_member(w, "action", v->row->action);
    km_jw_member_z(w, "recorded", at);
    km_jw_member_z(w, "outcome", outcome);
    if (*outcome != '0')
        km_jw_member(w, "outcomeDesc", v->e->outcome);
    concepts(w, "purposeOfEvent", "http://terminology.hl7.org/CodeSystem/v3-ActReason",
             v->e->flags & KM_AUDIT_EMERGENCY ? KM_STR("ETREAT") : v->e->purpose);
}

void km_balp_print(km_buf *out, const km_balp *b, const km_audit_entry *e, int64_t index,
                   size_t nth, km_str origin)
{
    km_jw on = km_jw_on(out), *w = &on;
    int kind = e->kind == KM_AUDIT_READ && e->shows != 1 ? (int)READS : (int)e->kind;
    event v = { .w = w,
                .arena = out->arena,
                .e = e,
                .row = &b->by_kind[kind],
                .origin = origin,
                .index = index,
                .chart = nth < e->charts ? e->chart[nth] : 0,
                .lists = e->charts < 2 };
    assert(nth < km_balp_events(e));
    km_jw_open(w, '{');
    print_head(&v, nth);
    km_jw_key(w, "agent");
    km_jw_open(w, '[');
    print_client(&v);
    print_server(&v);
    print_user(&v);
    print_organisation(&v);
    km_jw_close(w, ']');
    km_jw_key(w, "source");
    km_jw_open(w, '{');
    km_jw_member(w, "site", origin);
    identified(w, "observer", "urn:kumihimo:audit", origin);
    km_jw_key(w, "type");
    km_jw_open(w, '[');
    coding(w, KM_STR("http://terminology.hl7.org/CodeSystem/security-source-type#4 Application "
                     "Server"));
    km_jw_close(w, ']');
    km_jw_close(w, '}');
    print_entities(&v);
    km_jw_close(w, '}');
}
