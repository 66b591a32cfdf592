/* SPDX-License-Identifier: Apache-2.0
 *
 * lookers: GET /api/lookers and its file of proofs.
 */
#include "services/lookers/lookers.h"
#include "trust/audit/proof.h"

static bool tells_names(const km_request *r)
{
    const km_node *n = km_request_node(r);
    const km_caller *c = r->call.caller;
    return c->who == NULL || !n->config->names_withheld; /* the operator is told */
}

static km_code search(km_audit_page *page, const km_looked_at *p, km_audit_search *s)
{
    s->chart = p->chart;
    s->charts = p->charts;
    return km_audit_find(page, km_request_node(p->r)->finder, s, &p->r->call);
}

/* --- names of institutions --- */

/* "Organization/2" by its name, where the caller may read that record. */
static km_code name_organisation(km_str *out, const km_looked_at *p, km_str organisation)
{
    km_record *rec;
    km_jv body;
    km_call *call = &p->r->call;
    km_str id, type = km_str_cut(organisation, '/', &id);
    *out = KM_STR_NONE;
    if (!km_str_is(type, "Organization") || !km_fhir_is_id(id))
        return KM_OK;
    km_code rc = km_reader_find(&rec, p->reader, km_fhir_type_named(type), id, 0);
    if (rc == KM_NOT_FOUND || rc == KM_ERASED || (rc == KM_OK && rec->deleted)) {
        km_fault_clear(call->fault);
        return KM_OK;
    }
    KM_TRY(rc);
    KM_TRY(km_access_release(km_reader_access(p->reader), &rec, 1, call->fault));
    KM_TRY(km_record_json(&body, rec, call));
    *out = km_jv_str(KM_JV_GET(body, "name"));
    return KM_OK;
}

static km_code print_organisations(km_jw *w, const km_looked_at *p, const km_audit_page *page)
{
    km_str name;
    km_jw_key(w, "organisations");
    km_jw_open(w, '{');
    for (size_t i = 0; i < page->n; i++) {
        km_str one = page->found[i].entry.agent.organisation;
        bool seen = one.n == 0;
        for (size_t k = 0; k < i && !seen; k++)
            seen = km_str_eq(page->found[k].entry.agent.organisation, one);
        if (seen)
            continue;
        KM_TRY(name_organisation(&name, p, one));
        km_jw_key_str(w, one);
        km_jw_str(w, name);
    }
    km_jw_close(w, '}');
    return KM_OK;
}

/* --- the list --- */

typedef struct proving {
    km_audit_checkpoint c;
    km_str note;
    km_audit_path *path;
} proving;

static void print_one(km_jw *w, const km_looked_at *p, const km_audit_found *one,
                      const km_audit_path *path, bool is_signed)
{
    km_arena *a = p->r->call.arena;
    bool names = tells_names(p->r);
    km_text_given given = km_text_given_of(&one->entry, p->chart, p->charts, names);
    km_jw_open(w, '{');
    km_lookers__print(w, one);
    if (names || !km_looker_is_staff(&one->entry)) {
        km_jw_member(w, "name", one->entry.agent.name);
        km_jw_member(w, "agent", one->entry.agent.id);
    }
    if (given == KM_TEXT_OF_OTHERS)
        ; /* what was shown of whom the entry does not say */
    else
        km_lookers__print_shown(w, &one->entry, a);
    if (given != KM_TEXT_GIVEN)
        km_jw_member_z(w, "withheld", km_text_given_name(given));
    if (is_signed)
        km_audit_proof_members(w, &one->item, given == KM_TEXT_GIVEN, path, KM_STR_NONE, a);
    else
        km_jw_member_int(w, "index", one->item.index);
    km_jw_close(w, '}');
}

static km_code print_list(km_buf *out, const km_looked_at *p, const km_audit_page *page)
{
    km_jw on = km_jw_on(out), *w = &on;
    proving proof;
    KM_TRY(km_lookers__prove(&proof.c, &proof.note, &proof.path, p->r, page));
    km_jw_open(w, '{');
    km_jw_member(w, "person", km_arena_print(p->r->call.arena, "%lld", (long long)p->person));
    km_lookers__print_key(w, p->r);
    km_jw_member(w, "checkpoint", proof.note);
    KM_TRY(print_organisations(w, p, page));
    km_jw_key(w, "lookers");
    km_jw_open(w, '[');
    for (size_t i = 0; i < page->n; i++)
        print_one(w, p, &page->found[i], &proof.path[i], page->found[i].item.index < proof.c.size);
    km_jw_close(w, ']');
    if (page->next > 0)
        km_jw_member(w, "next", km_arena_print(p->r->call.arena, "%lld", (long long)page->next));
    km_jw_close(w, '}');
    return KM_OK;
}

static km_code list(km_buf *out, const km_looked_at *p)
{
    km_audit_page page;
    km_audit_search s = { 0 };
    KM_TRY(km_lookers__page(&s, p->r));
    KM_TRY(search(&page, p, &s));
    return print_list(out, p, &page);
}

km_code km_lookers__list(km_request *r, km_reply *out)
{
    km_looked_at p;
    km_buf json = km_buf_in(r->call.arena);
    KM_TRY(km_lookers__open(&p, r, &km_lookers__own));
    km_code rc = list(&json, &p);
    if (rc == KM_OK)
        rc = km_lookers__trace(r, p.chart, p.charts);
    km_reader_close(p.reader);
    KM_TRY(rc);
    out->type = "application/json";
    out->body = km_buf_str(&json);
    return KM_OK;
}

/* --- the file of proofs --- */

static void print_proof(km_buf *out, const km_looked_at *p, const km_audit_found *one,
                        const km_audit_path *path)
{
    km_jw on = km_jw_on(out), *w = &on;
    bool text = km_text_given_of(&one->entry, p->chart, p->charts, tells_names(p->r))
                == KM_TEXT_GIVEN;
    km_jw_open(w, '{');
    km_audit_proof_members(w, &one->item, text, path, KM_STR_NONE, out->arena);
    km_jw_close(w, '}');
    km_buf_char(out, '\n');
}

static km_code print_proofs(km_buf *out, const km_looked_at *p)
{
    km_audit_page page;
    proving proof = { 0 };
    km_audit_search s = { .limit = KM_AUDIT_FOUND_MAX };
    km_jw on = km_jw_on(out), *w = &on;
    for (int64_t all = 0; all < KM_LOOKERS_PROOFS_MAX; all += (int64_t)page.n) {
        KM_TRY(search(&page, p, &s));
        if (proof.note.n == 0) { /* all stand on one checkpoint */
            KM_TRY(km_lookers__prove(&proof.c, &proof.note, &proof.path, p->r, &page));
            km_jw_open(w, '{');
            km_lookers__print_key(w, p->r);
            km_jw_member(w, "checkpoint", proof.note);
            km_jw_close(w, '}');
            km_buf_char(out, '\n');
        } else {
            KM_TRY(km_audit_prove_found(&proof.path, km_request_node(p->r)->finder, &page,
                                        proof.c.size, &p->r->call));
        }
        for (size_t i = 0; i < page.n; i++)
            if (page.found[i].item.index < proof.c.size)
                print_proof(out, p, &page.found[i], &proof.path[i]);
        s.before = page.next;
        if (page.next <= 0)
            break;
    }
    return km_arena_over(out->arena)
               ? km_fail(p->r->call.fault, KM_TOO_COSTLY, NULL, "the file would be too large")
               : KM_OK;
}

km_code km_lookers__proofs(km_request *r, km_reply *out)
{
    km_looked_at p;
    km_buf text = km_buf_in(r->call.arena);
    KM_TRY(km_lookers__open(&p, r, &km_lookers__own));
    km_code rc = print_proofs(&text, &p);
    if (rc == KM_OK)
        rc = km_lookers__trace(r, p.chart, p.charts);
    km_reader_close(p.reader);
    KM_TRY(rc);
    out->type = "application/x-ndjson";
    out->body = km_buf_str(&text);
    km_reply_header(out, "Content-Disposition", KM_STR("attachment; filename=\"proofs.ndjson\""));
    return KM_OK;
}
