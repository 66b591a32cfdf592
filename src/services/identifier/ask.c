/* SPDX-License-Identifier: Apache-2.0
 *
 * ask: what every route does: the register, the body, who asks, the answer with its trace.
 */
#include "services/identifier/identifier.h"

static bool is_named(km_str name, const char *names)
{
    km_str rest = km_str_of(names);
    while (rest.n > 0)
        if (km_str_eq(km_str_cut(rest, ' ', &rest), name))
            return true;
    return false;
}

/* Who acts, for registrations: the app; a machine's or person's own name; the operator. */
static km_str client_of(const km_call *call)
{
    const km_who *who = call->caller->who;
    if (who == NULL)
        return call->caller->name;
    return who->client.n > 0 ? who->client : who->subject;
}

km_code km_identifier__open(km_id_call *out, km_request *r, const char *names)
{
    km_json *doc;
    *out = (km_id_call){ .r = r, .call = &r->call, .node = km_request_node(r) };
    out->json = km_buf_in(r->call.arena);
    out->client = client_of(&r->call);
    KM_TRY(km_node_persons(&out->persons, out->node, r->call.fault));
    if (names != NULL) {
        KM_TRY(km_json_parse(&doc, r->call.arena, r->body, NULL, r->call.fault));
        out->body = km_json_root(doc);
        if (!km_jv_is(out->body, KM_JSON_OBJECT))
            return km_fail(r->call.fault, KM_INVALID, NULL, "an object");
        for (km_jv_iter i = km_jv_each(out->body); km_jv_next(&i);)
            if (!is_named(i.name, names))
                return km_fail(r->call.fault, KM_BAD_VALUE, NULL, "only these members: %s", names);
    }
    return KM_OK;
}

km_code km_identifier__done(km_id_call *q, km_reply *out, int status, km_audit_kind kind,
                            km_str reason)
{
    km_jw_close(&q->w, '}');
    km_audit_entry e = { .kind = kind, .reason = reason, .bytes_out = (int64_t)q->json.n };
    KM_TRY(km_trust_trace(q->node->trust, &e, q->call));
    out->status = status;
    out->type = "application/json";
    out->body = km_buf_str(&q->json);
    km_reply_header(out, "Cache-Control", KM_STR("no-store"));
    return KM_OK;
}

km_code km_identifier__text(km_str *out, km_id_call *q, const char *name)
{
    km_jv v = km_jv_get(q->body, km_str_of(name));
    *out = km_jv_str(v);
    if (km_jv_is(v, KM_JSON_NONE))
        return km_fail(q->call->fault, KM_REQUIRED, name, NULL);
    return km_jv_is(v, KM_JSON_STRING) && out->n > 0 && out->n <= 4096
               ? KM_OK
               : km_fail(q->call->fault, KM_BAD_VALUE, name, "a text of 1 to 4096 bytes");
}

km_code km_identifier__number(int64_t *out, km_id_call *q, const char *name, int64_t fallback,
                              int64_t most)
{
    km_jv v = km_jv_get(q->body, km_str_of(name));
    *out = fallback;
    if (km_jv_is(v, KM_JSON_NONE))
        return fallback >= 0 ? KM_OK : km_fail(q->call->fault, KM_REQUIRED, name, NULL);
    return km_jv_is(v, KM_JSON_NUMBER) && km_str_to_i64(out, km_jv_str(v)) && *out >= 0
                   && *out <= most
               ? KM_OK
               : km_fail(q->call->fault, KM_BAD_VALUE, name, "0 to %lld", (long long)most);
}

km_code km_identifier__person(int64_t *out, km_id_call *q, const char *name)
{
    km_str handle;
    KM_TRY(km_identifier__text(&handle, q, name));
    km_code rc = km_persons_by_handle(out, q->persons, handle, NULL);
    return rc == KM_OK ? rc : km_fail(q->call->fault, rc, name, "a handle that this node gave");
}

km_code km_identifier__holder(km_holder *out, km_id_call *q, km_str domain, unsigned flags)
{
    KM_TRY(km_persons_holder(out, q->persons, domain, q->client, q->call));
    return flags == 0 || (out->flags & flags) != 0
               ? KM_OK
               : km_fail(q->call->fault, KM_FORBIDDEN, NULL, NULL);
}

km_code km_identifier__write(km_id_call *q, km_jw *w, const char *name, const km_domain *d,
                             const km_pid *pid)
{
    km_registration listed = { &d->uri, 1 }; /* km_identifier__holder came first */
    km_jw_key(w, name);
    return km_identity_write(w, &listed, d, pid, q->call->fault);
}

km_code km_identifier__seal(km_str *jwe, km_id_call *q, const km_holder *to, const char *type,
                            km_str plain)
{
    km_jwe_key *key;
    if (km_jwe_recipient_new(&key, to->jwk, NULL) != KM_OK)
        return km_fail(q->call->fault, KM_PRECONDITION, "jwk", "the holder has no key to seal for");
    km_code rc = km_jwe_seal(jwe, q->call, key, km_str_of(type), plain);
    km_jwe_key_free(key);
    return rc;
}

static km_code read_proof(km_id_proof *out, km_id_call *q, km_jv v, const char *name)
{
    km_jv parts = KM_JV_GET(v, "parts");
    *out = (km_id_proof){ .system = km_jv_text(v, "system"), .source = km_jv_text(v, "source") };
    if (!km_jv_is(v, KM_JSON_OBJECT) || !km_jv_is(parts, KM_JSON_ARRAY)
        || km_jv_count(parts) > KM_PARTS_MAX)
        return km_fail(q->call->fault, KM_BAD_VALUE, name, "system, parts, source");
    for (km_jv_iter i = km_jv_each(parts); km_jv_next(&i);)
        out->part[out->parts++] = km_jv_str(i.value);
    (void)km_str_to_i64(&out->from, km_jv_text(v, "from"));
    (void)km_str_to_i64(&out->until, km_jv_text(v, "until"));
    return KM_OK;
}

km_code km_identifier__read_proofs(km_id_proof *out, size_t *n, km_id_call *q, const char *name)
{
    km_jv list = km_jv_get(q->body, km_str_of(name));
    *n = 0;
    if (!km_jv_is(list, KM_JSON_ARRAY) || km_jv_count(list) == 0
        || km_jv_count(list) > KM_PROOFS_MAX)
        return km_fail(q->call->fault, KM_BAD_VALUE, name, "1 to %d proofs", KM_PROOFS_MAX);
    for (km_jv_iter i = km_jv_each(list); km_jv_next(&i); ++*n)
        KM_TRY(read_proof(&out[*n], q, i.value, name));
    return KM_OK;
}

km_cases km_identifier__cases(km_node *n)
{
    return (km_cases){ n->log, km_trust_roles(n->trust) };
}

km_case_actor km_identifier__actor(const km_call *call)
{
    const km_caller *c = call->caller;
    km_case_actor a = { c->name, c->role };
    if (c->who != NULL)
        a.person = km_arena_print(call->arena, "%.*s|%.*s", KM_STR_ARG(c->who->issuer),
                                  KM_STR_ARG(c->who->subject));
    return a;
}
