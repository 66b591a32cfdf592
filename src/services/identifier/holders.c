/* SPDX-License-Identifier: Apache-2.0
 *
 * holders: domains and who holds their identifiers; what holders are told and answer; successors
 * after new keys.
 */
#include "services/identifier/identifier.h"

static void open_list(km_id_call *q, const char *name)
{
    q->w = km_jw_on(&q->json);
    km_jw_open(&q->w, '{');
    km_jw_key(&q->w, name);
    km_jw_open(&q->w, '[');
}

km_code km_identifier__domains(km_request *r, km_reply *out)
{
    km_id_call q;
    km_domain_row *d;
    size_t n;
    KM_TRY(km_identifier__open(&q, r, NULL));
    KM_TRY(km_persons_domains(&d, &n, q.persons, q.call));
    open_list(&q, "domains");
    for (size_t i = 0; i < n; i++) {
        km_jw_open(&q.w, '{');
        km_jw_member(&q.w, "uri", d[i].domain.uri);
        km_jw_member_int(&q.w, "code", d[i].domain.code);
        km_jw_member(&q.w, "class", d[i].class_name);
        km_jw_member_int(&q.w, "keyVersion", d[i].domain.kv);
        km_jw_member(&q.w, "legalBasis", d[i].legal_basis);
        km_jw_member_int(&q.w, "graceSeconds", d[i].grace_s);
        km_jw_member_int(&q.w, "smallest", d[i].smallest);
        km_jw_close(&q.w, '}');
    }
    km_jw_close(&q.w, ']');
    return km_identifier__done(&q, out, 200, KM_AUDIT_READ, KM_STR("domains"));
}

km_code km_identifier__permits(km_request *r, km_reply *out)
{
    km_id_call q;
    km_permit *m;
    size_t n;
    KM_TRY(km_identifier__open(&q, r, NULL));
    KM_TRY(km_persons_permits(&m, &n, q.persons, q.call));
    open_list(&q, "permits");
    for (size_t i = 0; i < n; i++) {
        km_jw_open(&q.w, '{');
        km_jw_member(&q.w, "release", m[i].release);
        km_jw_member(&q.w, "research", m[i].research);
        km_jw_member(&q.w, "basis", m[i].basis);
        km_jw_member(&q.w, "client", m[i].client);
        km_jw_member_int(&q.w, "endsAt", m[i].ends_at);
        km_jw_member_bool(&q.w, "ended", m[i].destroyed_at != 0);
        km_jw_close(&q.w, '}');
    }
    km_jw_close(&q.w, ']');
    return km_identifier__done(&q, out, 200, KM_AUDIT_READ, KM_STR("permits"));
}

/* --- registrations --- */

static const struct {
    const char *name;
    unsigned flag;
} flags[] = { { "owner", KM_HOLDER_OWNER },
              { "issues", KM_HOLDER_ISSUES },
              { "translates", KM_HOLDER_TRANSLATES },
              { "suspected", KM_HOLDER_SUSPECTED } };

static km_code read_holder(km_holder *out, km_id_call *q)
{
    km_jwe_key *key;
    km_jv jwk = KM_JV_GET(q->body, "jwk");
    *out = (km_holder){ .jwk = KM_STR("") };
    KM_TRY(km_identifier__text(&out->client, q, "client"));
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (km_jv_is(km_jv_get(q->body, km_str_of(flags[i].name)), KM_JSON_TRUE))
            out->flags |= flags[i].flag;
    if (km_jv_is(jwk, KM_JSON_NONE))
        return KM_OK;
    km_buf text = km_buf_in(q->call->arena);
    km_jv_print(&text, jwk);
    out->jwk = km_buf_str(&text);
    km_code rc = km_jwe_recipient_new(&key, out->jwk, NULL);
    if (rc != KM_OK)
        return km_fail(q->call->fault, KM_BAD_VALUE, "jwk", "a public key of P-256 to seal for");
    km_jwe_key_free(key);
    return KM_OK;
}

km_code km_identifier__hold(km_request *r, km_reply *out)
{
    km_id_call q;
    km_holder h;
    km_str domain;
    KM_TRY(km_identifier__open(&q, r, "domain client jwk owner issues translates suspected"));
    KM_TRY(km_identifier__text(&domain, &q, "domain"));
    KM_TRY(read_holder(&h, &q));
    KM_TRY(km_persons_put_holder(q.persons, domain, &h, q.call));
    KM_TRY(km_persons_holder(&h, q.persons, domain, h.client, q.call));
    q.w = km_jw_on(&q.json);
    km_jw_open(&q.w, '{');
    km_jw_member_int(&q.w, "holder", h.number);
    return km_identifier__done(&q, out, 200, KM_AUDIT_UPDATE, KM_STR("holder"));
}

/* --- events --- */

km_code km_identifier__events(km_request *r, km_reply *out)
{
    enum { ROOM = 200 };
    km_id_call q;
    km_holder h;
    km_id_event *e;
    km_str domain;
    int64_t after;
    size_t n;
    KM_TRY(km_identifier__open(&q, r, "domain after"));
    KM_TRY(km_identifier__text(&domain, &q, "domain"));
    KM_TRY(km_identifier__number(&after, &q, "after", 0, INT64_MAX));
    KM_TRY(km_identifier__holder(&h, &q, domain, 0));
    KM_TRY(km_persons_events(&e, &n, q.persons, &h, after, ROOM, q.call));
    open_list(&q, "events");
    for (size_t i = 0; i < n; i++) {
        km_str jwe;
        KM_TRY(km_identifier__seal(&jwe, &q, &h, "kumihimo-event", e[i].body));
        km_jw_open(&q.w, '{');
        km_jw_member_int(&q.w, "event", e[i].number);
        km_jw_member(&q.w, "kind", e[i].kind);
        km_jw_member_int(&q.w, "at", e[i].at);
        km_jw_member_bool(&q.w, "needsAnswer", e[i].needs_answer);
        km_jw_member(&q.w, "jwe", jwe);
        km_jw_close(&q.w, '}');
    }
    km_jw_close(&q.w, ']');
    return km_identifier__done(&q, out, 200, KM_AUDIT_DISCLOSURE, KM_STR("events"));
}

km_code km_identifier__answer(km_request *r, km_reply *out)
{
    km_id_call q;
    km_holder h;
    km_str domain;
    int64_t event;
    KM_TRY(km_identifier__open(&q, r, "domain event"));
    KM_TRY(km_identifier__text(&domain, &q, "domain"));
    KM_TRY(km_identifier__number(&event, &q, "event", -1, INT64_MAX));
    KM_TRY(km_identifier__holder(&h, &q, domain, 0));
    KM_TRY(km_persons_answer(q.persons, &h, event, q.call));
    q.w = km_jw_on(&q.json);
    km_jw_open(&q.w, '{');
    km_jw_member_int(&q.w, "event", event);
    return km_identifier__done(&q, out, 200, KM_AUDIT_UPDATE, KM_STR("answer"));
}

/* What has waited for more than a week (trust.md §1.2). */
km_code km_identifier__open_answers(km_request *r, km_reply *out)
{
    km_id_call q;
    km_id_open *open;
    size_t n;
    KM_TRY(km_identifier__open(&q, r, NULL));
    km_ms until = km_call_now(q.call) - (km_ms)KM_ID_ANSWER_DAYS * 86400000;
    KM_TRY(km_persons_open_answers(&open, &n, q.persons, until, q.call));
    open_list(&q, "waiting");
    for (size_t i = 0; i < n; i++) {
        km_jw_open(&q.w, '{');
        km_jw_member_int(&q.w, "event", open[i].event);
        km_jw_member(&q.w, "kind", open[i].kind);
        km_jw_member(&q.w, "domain", open[i].domain);
        km_jw_member(&q.w, "client", open[i].client);
        km_jw_member_int(&q.w, "at", open[i].at);
        km_jw_close(&q.w, '}');
    }
    km_jw_close(&q.w, ']');
    return km_identifier__done(&q, out, 200, KM_AUDIT_READ, KM_STR("open-answers"));
}

/* --- successors --- */

km_code km_identifier__rekey(km_request *r, km_reply *out)
{
    km_id_call q;
    km_str domain;
    int64_t room, done, left;
    KM_TRY(km_identifier__open(&q, r, "domain room"));
    KM_TRY(km_identifier__text(&domain, &q, "domain"));
    KM_TRY(km_identifier__number(&room, &q, "room", 1000, 1000));
    KM_TRY(km_persons_rekey(&done, &left, q.persons, domain, (size_t)room, q.call));
    q.w = km_jw_on(&q.json);
    km_jw_open(&q.w, '{');
    km_jw_member_int(&q.w, "replaced", done);
    km_jw_member_int(&q.w, "waiting", left);
    return km_identifier__done(&q, out, 200, KM_AUDIT_UPDATE, KM_STR("rekey"));
}

static km_str pairs_of(km_id_call *q, const km_domain *d, const km_rekeyed *pair, size_t n)
{
    km_buf text = km_buf_in(q->call->arena);
    km_jw w = km_jw_on(&text);
    km_domain at = *d;
    km_jw_open(&w, '[');
    for (size_t i = 0; i < n; i++) {
        km_jw_open(&w, '[');
        at.kv = pair[i].old_kv;
        km_jw_z(&w, km_identity_token(&at, &pair[i].old).v);
        at.kv = pair[i].kv;
        km_jw_z(&w, km_identity_token(&at, &pair[i].fresh).v);
        km_jw_close(&w, ']');
    }
    km_jw_close(&w, ']');
    return km_buf_str(&text);
}

km_code km_identifier__feed(km_request *r, km_reply *out)
{
    km_id_call q;
    km_holder h;
    km_domain_row d;
    km_rekeyed *pair;
    km_str domain, after = KM_STR_NONE, next, jwe;
    int64_t kv;
    size_t n;
    KM_TRY(km_identifier__open(&q, r, "domain keyVersion after"));
    KM_TRY(km_identifier__text(&domain, &q, "domain"));
    KM_TRY(km_identifier__number(&kv, &q, "keyVersion", -1, UINT32_MAX));
    if (!km_jv_is(KM_JV_GET(q.body, "after"), KM_JSON_NONE))
        KM_TRY(km_identifier__text(&after, &q, "after"));
    KM_TRY(km_identifier__holder(&h, &q, domain, 0));
    if ((h.flags & KM_HOLDER_SUSPECTED) != 0)
        return km_fail(q.call->fault, KM_FORBIDDEN, NULL, NULL);
    KM_TRY(km_persons_domain(&d, q.persons, domain, q.call));
    KM_TRY(km_persons_feed(&pair, &n, &next, q.persons, domain, (uint32_t)kv, after, 1000, q.call));
    KM_TRY(km_identifier__seal(&jwe, &q, &h, "kumihimo-rekey", pairs_of(&q, &d.domain, pair, n)));
    q.w = km_jw_on(&q.json);
    km_jw_open(&q.w, '{');
    km_jw_member_int(&q.w, "pairs", (int64_t)n);
    if (next.n > 0)
        km_jw_member(&q.w, "next", next);
    km_jw_member(&q.w, "jwe", jwe);
    return km_identifier__done(&q, out, 200, KM_AUDIT_DISCLOSURE, KM_STR("rekey"));
}

km_code km_identifier__applied(km_request *r, km_reply *out)
{
    km_id_call q;
    km_holder h;
    km_str domain;
    int64_t kv, count;
    KM_TRY(km_identifier__open(&q, r, "domain keyVersion count"));
    KM_TRY(km_identifier__text(&domain, &q, "domain"));
    KM_TRY(km_identifier__number(&kv, &q, "keyVersion", -1, UINT32_MAX));
    KM_TRY(km_identifier__number(&count, &q, "count", -1, INT64_MAX));
    KM_TRY(km_identifier__holder(&h, &q, domain, 0));
    KM_TRY(km_persons_applied(q.persons, domain, &h, (uint32_t)kv, count, q.call));
    q.w = km_jw_on(&q.json);
    km_jw_open(&q.w, '{');
    km_jw_member_int(&q.w, "applied", count);
    return km_identifier__done(&q, out, 200, KM_AUDIT_UPDATE, KM_STR("rekey"));
}
