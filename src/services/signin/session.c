/* SPDX-License-Identifier: Apache-2.0
 *
 * session: the page of signing in, which ways there are, and the accounts of a demonstration.
 */
#include "services/signin/entry.h"

/* A path of this node and of no other: one slash, then no second and no backslash. */
static bool is_own_path(km_str s)
{
    if (s.n < 1 || s.n > 4096 || s.p[0] != '/')
        return false;
    if (s.n > 1 && (s.p[1] == '/' || s.p[1] == '\\'))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20)
            return false;
    return true;
}

static km_code go_to(km_reply *out, km_buf *place)
{
    out->status = 303;
    km_reply_header(out, "Location", km_buf_str(place));
    km_reply_header(out, "Cache-Control", KM_STR("no-store"));
    return KM_OK;
}

/* The pages know their places behind '#', which no server sees. */
km_code km_signin__page(km_request *r, km_reply *out)
{
    km_str then = km_request_query(r, "then");
    km_buf place = km_buf_in(r->call.arena);
    km_buf_z(&place, "/#/sign-in");
    if (then.p != NULL && !is_own_path(then))
        return km_fail(r->call.fault, KM_BAD_VALUE, "then", "a path of this node");
    if (then.n > 0) {
        km_buf_z(&place, "?then=");
        km_url_encode(&place, then);
    }
    return go_to(out, &place);
}

/* A provider sends the browser here, from another site: cookies do not come along
 * (SameSite=Strict), and need not. The page takes the code out of its address and brings it back
 * from our own site. */
km_code km_signin__return(km_request *r, km_reply *out)
{
    static const char *const members[] = { "code", "state", "iss", "error" };
    km_buf place = km_buf_in(r->call.arena);
    km_buf_z(&place, "/#/sign-in/return");
    char mark = '?';
    for (size_t i = 0; i < 4; i++) {
        km_str value = km_request_query(r, members[i]);
        if (value.n == 0)
            continue;
        if (value.n > 2048)
            return km_fail(r->call.fault, KM_BAD_VALUE, members[i], "too long");
        km_buf_print(&place, "%c%s=", mark, members[i]);
        km_url_encode(&place, value);
        mark = '&';
    }
    return go_to(out, &place);
}

/* --- which ways
 * ----------------------------------------------------------------------------------- */

static bool is_demo_role(const km_role *role)
{
    return !km_str_is(role->name, "nobody");
}

static void say_demo(km_jw *w, const km_node *n)
{
    const km_role *role;
    size_t roles = km_roles_all(&role, km_trust_roles(n->trust));
    km_jw_key(w, "demo");
    km_jw_open(w, '[');
    for (size_t i = 0; km_whos_demo(n->whos) && i < roles; i++) {
        if (!is_demo_role(&role[i]))
            continue;
        km_jw_open(w, '{');
        km_jw_member(w, "name", role[i].name);
        km_jw_member(w, "ja", role[i].ja);
        km_jw_member(w, "en", role[i].en);
        km_jw_close(w, '}');
    }
    km_jw_close(w, ']');
}

km_code km_signin__ways(km_request *r, km_reply *out)
{
    const km_node *n = km_request_node(r);
    km_provider p[KM_PROVIDERS_MAX];
    size_t providers;
    km_buf b = km_buf_in(r->call.arena);
    km_jw w = km_jw_on(&b);
    KM_TRY(km_provider_list(p, &providers, n->log, &r->call));
    km_jw_open(&w, '{');
    km_jw_key(&w, "providers");
    km_jw_open(&w, '[');
    for (size_t i = 0; i < providers; i++) {
        km_jw_open(&w, '{');
        km_jw_member(&w, "name", p[i].name);
        km_jw_member(&w, "ja", p[i].ja);
        km_jw_member(&w, "en", p[i].en);
        km_jw_close(&w, '}');
    }
    km_jw_close(&w, ']');
    km_jw_key(&w, "cards");
    km_jw_open(&w, '[');
    if (km_cards_take(n->cards, KM_CARD_HPKI))
        km_jw_z(&w, "hpki");
    if (km_cards_take(n->cards, KM_CARD_JPKI))
        km_jw_z(&w, "jpki");
    km_jw_close(&w, ']');
    say_demo(&w, n);
    km_jw_close(&w, '}');
    out->type = "application/json";
    out->body = km_buf_str(&b);
    km_reply_header(out, "Cache-Control", KM_STR("no-store"));
    return KM_OK;
}

/* --- demonstrations
 * --------------------------------------------------------------------------------- */

typedef struct first {
    km_arena *arena;
    km_ftype organisation, patient;
    km_str organisation_id, patient_id;
} first;

static km_code find_first(void *self, km_record *rec, km_fault *f)
{
    first *me = self;
    if (rec->type == me->organisation && me->organisation_id.n == 0)
        me->organisation_id = km_arena_print(me->arena, "Organization/%.*s", KM_STR_ARG(rec->id));
    if (rec->type == me->patient && me->patient_id.n == 0)
        me->patient_id = km_arena_print(me->arena, "Patient/%.*s", KM_STR_ARG(rec->id));
    return me->organisation_id.n > 0 && me->patient_id.n > 0 ? km_fail(f, KM_CANCELLED, NULL, NULL)
                                                             : KM_OK;
}

/* The first institution and the first patient of the log: those that a demonstration shows. */
static km_code look_for_first(first *me, const km_request *r)
{
    km_fault own = { 0 };
    km_call call = r->call;
    call.fault = &own;
    *me = (first){ .arena = r->call.arena,
                   .organisation = km_fhir_type_named(KM_STR("Organization")),
                   .patient = km_fhir_type_named(KM_STR("Patient")) };
    km_code rc = km_log_walk(km_request_node(r)->log, km_trust_job_access("verify", r->call.arena),
                             0, true, find_first, me, &call);
    return rc == KM_OK || rc == KM_CANCELLED
               ? KM_OK
               : km_fail(r->call.fault, rc, own.path, "%s", own.detail);
}

static km_code demo_who(km_who *out, int role, const km_role *row, km_str person, km_request *r)
{
    first found;
    km_str *ward = KM_NEW(r->call.arena, km_str);
    KM_TRY(look_for_first(&found, r));
    bool self = km_str_is(row->name, "citizen"), proxy = km_str_is(row->name, "proxy");
    *ward = person.n > 0 ? person : found.patient_id;
    if ((self || proxy) && ward->n == 0)
        return km_fail(r->call.fault, KM_NOT_FOUND, "person", "this demonstration has no people");
    km_account a = { .issuer = KM_STR(KM_DEMO_ISSUER),
                     .subject = row->name,
                     .role = role,
                     .name = km_arena_print(r->call.arena, "デモ %.*s", KM_STR_ARG(row->ja)),
                     .organisation = self || proxy ? KM_STR_NONE : found.organisation_id,
                     .person = self ? *ward : KM_STR_NONE,
                     .ward = ward,
                     .wards = proxy };
    km_account_who(out, &a, km_trust_roles(km_request_node(r)->trust), r->call.arena);
    if (row->second_factor)
        out->second_factor_at = km_call_now(&r->call); /* as if: the page says it is a demo */
    return KM_OK;
}

km_code km_signin__demo(km_request *r, km_reply *out)
{
    const km_node *n = km_request_node(r);
    const km_role *row;
    km_jv body;
    km_str name;
    km_who who;
    KM_TRY(km_signin__body(&body, r));
    if (!km_whos_demo(n->whos))
        return km_signin__failed(
            r, km_fail(r->call.fault, KM_FORBIDDEN, "demo", "this node is no demonstration"),
            "demo");
    KM_TRY(km_signin__text(&name, body, "demo", r));
    km_roles_all(&row, km_trust_roles(n->trust));
    int role = km_roles_role(km_trust_roles(n->trust), name);
    if (role < 0 || !is_demo_role(&row[role]))
        return km_fail(r->call.fault, KM_BAD_VALUE, "demo", "the name of a role");
    KM_TRY(demo_who(&who, role, &row[role], km_jv_text(body, "person"), r));
    return km_signin__enter(r, out, &who, "demo");
}
