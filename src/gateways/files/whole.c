/* SPDX-License-Identifier: Apache-2.0
 *
 * whole: a file that is one resource or one Bundle. Bundles of type transaction, batch, collection,
 * searchset, history and document are read as what their entries hold, all or nothing (a batch:
 * each by itself).
 */
#include "gateways/files/inside.h"

enum { ENTRIES_MAX = 100000 };

static void refuse(km_bundle *b, int64_t line)
{
    km_report__refuse(b->im->report, b->path, line, b->w.call->fault);
}

/* The id a resource keeps however often its file comes: its own, the address's, the fullUrl's. */
static km_str lasting_id(km_jv resource, km_str url, km_str full_url)
{
    km_str id = km_jv_str(KM_JV_GET(resource, "id")), query, tail;
    km_str path = km_str_cut(url, '?', &query);
    (void)km_str_cut(path, '/', &tail);
    if (tail.n > 0 && km_fhir_is_id(tail))
        return tail;
    if (id.n > 0)
        return id;
    if (km_str_starts(full_url, KM_STR("urn:uuid:")))
        id = km_str_sub(full_url, 9, full_url.n);
    return km_fhir_is_id(id) ? id : KM_STR_NONE;
}

km_code km_bundle__entry(km_bundle *b, km_jv entry, size_t number, km_fault *f)
{
    km_jv request = KM_JV_GET(entry, "request"), resource = KM_JV_GET(entry, "resource");
    km_str method = km_jv_str(KM_JV_GET(request, "method"));
    km_str url = km_jv_str(KM_JV_GET(request, "url"));
    km_change *c = &b->change[b->n];
    *c = (km_change){ .op = KM_OP_UPDATE, .keep_same = true };
    c->full_url = km_jv_str(KM_JV_GET(entry, "fullUrl"));
    c->place = km_arena_print(b->w.call->arena, "Bundle.entry[%zu].resource", number).p;
    uint32_t line, column;
    km_jv_place(entry, &line, &column);
    b->line[b->n] = line;
    if (km_str_is(method, "GET") || km_str_is(method, "HEAD"))
        return KM_OK;
    km_str query, path = km_str_cut(url, '?', &query);
    if (km_str_is(method, "DELETE")) {
        c->op = KM_OP_DELETE;
        c->type = km_fhir_type_named(km_str_cut(path, '/', &c->id));
        c->conditional = c->id.n == 0;
        c->condition = query;
    } else {
        c->resource = resource;
        c->type = km_fhir_type_named(km_jv_str(KM_JV_GET(resource, "resourceType")));
        c->id = lasting_id(resource, url, c->full_url);
    }
    if (!km_fhir_is_resource(c->type))
        return km_fail(f, KM_INVALID, c->place, "a resource must stand here");
    km_str exist = km_jv_str(KM_JV_GET(request, "ifNoneExist"));
    if (km_str_is(method, "POST") && exist.n > 0) {
        c->op = KM_OP_CREATE;
        c->conditional = true;
        c->condition = exist.p[0] == '?' ? km_str_sub(exist, 1, exist.n) : exist;
        c->id = KM_STR_NONE;
    } else if (km_str_is(method, "PUT") && query.n > 0 && c->id.n == 0) {
        c->conditional = true;
        c->condition = query;
    } else if (c->id.n == 0 && c->op != KM_OP_DELETE)
        c->op = KM_OP_CREATE;
    b->n++;
    return KM_OK;
}

void km_bundle__count(km_bundle *b, const km_change *c, size_t n)
{
    int64_t stored = 0, unchanged = 0;
    for (size_t i = 0; i < n; i++) {
        if (c[i].write == NULL || c[i].write->unchanged || c[i].write->skip)
            unchanged++;
        else
            stored++;
        if (c[i].op != KM_OP_DELETE)
            km_targets__wrote(b->im->targets, b->w.source, c[i].type, c[i].id);
        if (c[i].write != NULL && !c[i].write->skip)
            km_shares__add(b->im->shares, c[i].write->chart, c[i].type);
    }
    km_report__stored(b->im->report, stored, unchanged);
}

static km_code carry_out(km_bundle *b, bool batch)
{
    size_t failed = 0;
    km_fault *f = b->w.call->fault;
    km_code rc = KM_OK;
    for (size_t i = 0; i < b->n; i++)
        if (km_jv_kind(b->change[i].resource) == KM_JSON_OBJECT)
            km_targets__need(b->im->targets, b->w.source, b->change[i].resource, b->change[i].type);
    if (!batch) {
        rc = km_changes_carry_out(&b->w, b->change, b->n, &failed);
        if (rc == KM_OK)
            km_bundle__count(b, b->change, b->n);
        else
            refuse(b, failed < b->n ? b->line[failed] : 0);
        return rc == KM_STORE ? rc : KM_OK;
    }
    for (size_t i = 0; i < b->n && rc != KM_STORE; i++) {
        rc = km_changes_carry_out(&b->w, &b->change[i], 1, &failed);
        if (rc == KM_OK)
            km_bundle__count(b, &b->change[i], 1);
        else
            refuse(b, b->line[i]);
        km_fault_clear(f);
    }
    return rc == KM_STORE ? rc : KM_OK;
}

static km_code import_bundle(km_bundle *b, km_jv root)
{
    km_jv list = KM_JV_GET(root, "entry");
    km_fault *f = b->w.call->fault;
    size_t room = km_jv_count(list) + 1;
    if (room > ENTRIES_MAX) {
        (void)km_fail(f, KM_TOO_COSTLY, "Bundle.entry", "at most %d entries", ENTRIES_MAX);
        refuse(b, 1);
        return KM_OK;
    }
    b->change = KM_NEW_ARRAY(b->w.call->arena, room, km_change);
    b->line = KM_NEW_ARRAY(b->w.call->arena, room, int64_t);
    size_t number = 0;
    for (km_jv_iter i = km_jv_each(list); km_jv_next(&i);)
        if (km_bundle__entry(b, i.value, number++, f) != KM_OK) {
            refuse(b, b->line[b->n]);
            return KM_OK;
        }
    return carry_out(b, km_str_is(km_jv_str(KM_JV_GET(root, "type")), "batch"));
}

static km_code import_text(km_bundle *b, km_str text)
{
    km_jv root;
    km_ftype type;
    km_call *call = b->w.call;
    if (km_change_read(&root, &type, text, 0, call) != KM_OK) {
        int64_t line = call->fault->line > 0 ? call->fault->line : 1;
        refuse(b, line);
        return KM_OK;
    }
    if (km_str_is(km_fhir_type_name(type), "Bundle"))
        return import_bundle(b, root);
    b->change = KM_NEW(call->arena, km_change);
    b->line = KM_NEW(call->arena, int64_t);
    *b->change = (km_change){ .op = KM_OP_UPDATE,
                              .type = type,
                              .resource = root,
                              .keep_same = true,
                              .id = km_jv_str(KM_JV_GET(root, "id")) };
    b->change->op = b->change->id.n > 0 ? KM_OP_UPDATE : KM_OP_CREATE;
    b->n = 1;
    b->line[0] = 1;
    return carry_out(b, false);
}

void km_bundle__open(km_bundle *b, km_importing *im, const char *path, int32_t source,
                     km_call *call)
{
    *b = (km_bundle){ .im = im, .path = path };
    b->w = (km_writing){ .node = im->node,
                         .call = call,
                         .access = km_trust_job_access("import", call->arena),
                         .source = source,
                         .references_reported = true,
                         .bulk = true };
}

km_code km_whole__import(km_importing *im, const char *path, km_str text, int32_t source)
{
    km_own_call own;
    km_bundle b;
    km_own_call_open(&own, im->node, "import", (size_t)1 << 31);
    km_bundle__open(&b, im, path, source, &own.call);
    km_code rc = import_text(&b, text);
    km_own_call_close(&own);
    return rc;
}
