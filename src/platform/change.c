/* SPDX-License-Identifier: Apache-2.0
 *
 * change: from what a client asks to be written to a plan for the log. One path for a single write
 * and for a transaction: look up conditions, choose ids, rewrite references, check references, find
 * owners, write.
 */
#include "platform/change.h"

#include <stdio.h>
#include <stdlib.h>

enum { TRIES = 6, MISSING_MAX = 100 };

/* --- bodies --- */

km_code km_change_read(km_jv *out, km_ftype *type, km_str body, km_ftype wanted, km_call *call)
{
    km_json *doc;
    KM_TRY(km_json_parse(&doc, call->arena, body, NULL, call->fault));
    *out = km_json_root(doc);
    km_str name = km_jv_str(KM_JV_GET(*out, "resourceType"));
    *type = km_fhir_type_named(name);
    if (!km_jv_is(*out, KM_JSON_OBJECT))
        return km_fail(call->fault, KM_INVALID, NULL, "a resource is a JSON object");
    if (name.n > 0 && !km_fhir_is_resource(*type))
        return km_fail(call->fault, wanted ? KM_BAD_VALUE : KM_UNKNOWN_TYPE, "resourceType",
                       "no such resource type");
    if (wanted != 0 && name.n > 0 && *type != wanted)
        return km_fail(call->fault, KM_BAD_VALUE, "resourceType",
                       "the address names another type than the body");
    return km_fhir_check(*out, call->fault);
}

/* --- where a fault stands --- */

/* Patient.name[0] in entry 3 becomes Bundle.entry[3].resource.name[0]. */
static km_code tell_place(km_code rc, const km_change *c, km_fault *f)
{
    char path[sizeof f->path];
    if (rc == KM_OK || c->place == NULL)
        return rc;
    km_str rest, head = km_str_cut(km_str_of(f->path), '.', &rest);
    (void)head;
    snprintf(path, sizeof path, "%s%s%.*s", c->place, rest.n > 0 ? "." : "", KM_STR_ARG(rest));
    memcpy(f->path, path, sizeof path);
    return rc;
}

/* --- conditions --- */

km_code km_change_condition(km_search **out, km_writing *w, km_ftype type, km_str query)
{
    const km_field *field;
    size_t n;
    KM_TRY(km_form_decode(&field, &n, w->call->arena, query, w->call->fault));
    km_search_field *fields = KM_NEW_ARRAY(w->call->arena, n + 1, km_search_field);
    for (size_t i = 0; i < n; i++)
        fields[i] = (km_search_field){ field[i].name, field[i].value };
    if (n == 0)
        return km_fail(w->call->fault, KM_PRECONDITION, NULL, "a condition needs a parameter");
    km_search_input in = { .type = type,
                           .field = fields,
                           .fields = n,
                           .source = w->source,
                           .base = w->base,
                           .conditional = true };
    return km_search_parse(out, &in, w->call);
}

/* Conditions match what the caller's source wrote or its access covers (decision 19). */
static km_code look_up(km_change *c, km_found *found, size_t *n, km_reader *r)
{
    return km_search_few(found, 2, n, c->search, r);
}

static km_code several(km_change *c, km_call *call)
{
    (void)c;
    return km_fail(call->fault, KM_MULTIPLE_MATCHES, NULL, NULL);
}

static km_code name_of(km_str *id, int32_t *version, km_ms *at, km_reader *r, int64_t rid)
{
    km_record *rec;
    KM_TRY(km_reader_by_rid(&rec, r, rid));
    *id = rec->id;
    *version = rec->version;
    *at = rec->at;
    return KM_OK;
}

static km_code settle_condition(km_writing *w, km_change *c, km_reader *r)
{
    km_found found[2];
    c->existing = c->nothing = false;
    if (c->search == NULL)
        KM_TRY(km_change_condition(&c->search, w, c->type, c->condition));
    KM_TRY(look_up(c, found, &c->matches, r));
    if (c->matches > 1)
        return several(c, w->call);
    if (c->matches == 0) {
        c->nothing = c->op == KM_OP_DELETE;
        return KM_OK;
    }
    c->match = found[0];
    c->rid = found[0].rid;
    km_str own = c->op == KM_OP_UPDATE ? km_jv_str(KM_JV_GET(c->resource, "id")) : KM_STR_NONE;
    KM_TRY(name_of(&c->id, &c->version, &c->at, r, c->rid));
    if (own.n > 0 && !km_str_eq(own, c->id))
        return km_fail(w->call->fault, KM_BAD_VALUE, "id",
                       "the condition matches a record with another id");
    c->existing = c->op == KM_OP_CREATE;
    return KM_OK;
}

/* On the writer: do the conditions still find what was prepared for? A conditional create that now
 * finds its record stands back; everything else asks for a new try. */
typedef struct recheck {
    km_change *change;
    size_t n;
    bool stale;
} recheck;

static km_code look_again(km_plan *p, km_txn *t, km_fault *f)
{
    recheck *again = p->self;
    km_reader *r = km_txn_reader(t);
    for (size_t i = 0; i < again->n; i++) {
        km_change *c = &again->change[i];
        km_found found[2];
        size_t n;
        if (!c->conditional)
            continue;
        KM_TRY(look_up(c, found, &n, r));
        if (n == c->matches && (n == 0 || found[0].rid == c->match.rid))
            continue;
        again->stale = true;
        return km_fail(f, KM_CONFLICT, NULL, "somebody else was faster");
    }
    return KM_OK;
}

/* --- ids and references --- */

static km_code choose_id(km_writing *w, km_change *c)
{
    char uuid[37];
    km_str own = km_jv_str(KM_JV_GET(c->resource, "id"));
    if (c->id.n > 0)
        return KM_OK;
    if (c->op == KM_OP_UPDATE && own.n > 0) {
        c->id = own;
        return KM_OK;
    }
    km_call_uuid(w->call, uuid);
    c->id = km_arena_copy(w->call->arena, km_str_of(uuid));
    return KM_OK;
}

/* The request's own entries by what references may call them: fullUrl, and "Type/id". Sorted once.
 */
typedef struct entry_name {
    km_str name;
    const km_change *change;
} entry_name;

typedef struct rewriting {
    km_writing *w;
    entry_name *name;
    size_t names;
    km_reader *r;
    km_code rc;
} rewriting;

static int by_name(const void *x, const void *y)
{
    return km_str_cmp(((const entry_name *)x)->name, ((const entry_name *)y)->name);
}

static const km_change *entry_of(const rewriting *x, km_str name)
{
    entry_name wanted = { name, NULL };
    const entry_name *hit = x->names == 0
                                ? NULL
                                : bsearch(&wanted, x->name, x->names, sizeof wanted, by_name);
    return hit != NULL ? hit->change : NULL;
}

static km_str own_text(const rewriting *x, const km_change *c)
{
    return km_arena_print(x->w->call->arena, "%.*s/%.*s", KM_STR_ARG(km_fhir_type_name(c->type)),
                          KM_STR_ARG(c->id));
}

/* Patient?identifier=...: exactly one (R4 3.1.0.11.4). */
static km_code resolve_conditional(rewriting *x, km_jv value, const km_reference *ref)
{
    km_search *s;
    km_found found[2];
    size_t n;
    km_str id;
    int32_t version;
    km_ms at;
    KM_TRY(km_change_condition(&s, x->w, ref->type, ref->query));
    KM_TRY(km_search_few(found, 2, &n, s, x->r));
    if (n != 1)
        return km_fail(x->w->call->fault, n == 0 ? KM_BROKEN_REFERENCE : KM_MULTIPLE_MATCHES, NULL,
                       "a conditional reference must find one record");
    KM_TRY(name_of(&id, &version, &at, x->r, found[0].rid));
    km_jv_replace(value, km_arena_print(x->w->call->arena, "%.*s/%.*s",
                                        KM_STR_ARG(km_fhir_type_name(ref->type)), KM_STR_ARG(id)));
    return KM_OK;
}

static void rewrite_one(void *self, km_jv value, km_str text)
{
    rewriting *x = self;
    km_reference ref;
    const km_change *entry;
    if (x->rc != KM_OK)
        return;
    km_str fragment, whole = km_str_cut(text, '#', &fragment);
    if (whole.n > 0 && (entry = entry_of(x, whole)) != NULL) {
        km_jv_replace(value, own_text(x, entry));
        return;
    }
    if (!km_reference_parse(&ref, text))
        return;
    if (ref.query.n > 0)
        x->rc = resolve_conditional(x, value, &ref);
    else if (ref.base.n > 0 && km_str_eq(ref.base, x->w->base)) /* ours written in full */
        km_jv_replace(value, km_str_sub(text, ref.base.n + 1, text.n));
}

static void name_entries(rewriting *x, const km_change *c, size_t n)
{
    x->name = KM_NEW_ARRAY(x->w->call->arena, 2 * n, entry_name);
    x->names = 0;
    for (size_t i = 0; i < n; i++) {
        if (c[i].full_url.n > 0)
            x->name[x->names++] = (entry_name){ c[i].full_url, &c[i] };
        if (c[i].op != KM_OP_DELETE)
            x->name[x->names++] = (entry_name){ own_text(x, &c[i]), &c[i] };
    }
    qsort(x->name, x->names, sizeof *x->name, by_name);
}

static km_code each_reference(rewriting *x, km_change *c, size_t n, size_t *failed,
                              km_reference_found what)
{
    for (size_t i = 0; i < n; i++) {
        *failed = i;
        if (km_jv_kind(c[i].resource) == KM_JSON_OBJECT && !c[i].existing)
            km_fhir_references(c[i].resource, c[i].type, what, x);
        KM_TRY(x->rc);
    }
    return KM_OK;
}

/* --- do references lead anywhere? --- */

static void note_missing(km_writing *w, const km_reference *ref)
{
    if (w->missing == NULL)
        w->missing = KM_NEW_ARRAY(w->call->arena, MISSING_MAX, km_issue);
    if (w->n_missing < MISSING_MAX)
        w->missing[w->n_missing++] =
            (km_issue){ "warning", KM_BROKEN_REFERENCE, KM_STR_NONE,
                        km_arena_print(w->call->arena, "a reference to a %.*s leads nowhere",
                                       KM_STR_ARG(km_fhir_type_name(ref->type))) };
}

static void check_one(void *self, km_jv value, km_str text)
{
    rewriting *x = self;
    km_reference ref;
    int64_t chart, rid;
    if (x->rc != KM_OK || !km_reference_parse(&ref, text) || ref.contained || ref.base.n > 0
        || ref.urn || ref.type == 0 || ref.id.n == 0)
        return;
    if (ref.version.n > 0)
        text = km_str_sub(text, 0, text.n - ref.version.n - (sizeof "/_history/" - 1));
    if (entry_of(x, text) != NULL)
        return;
    km_code rc = km_reader_locate(&chart, &rid, x->r, ref.type, ref.id, x->w->source);
    if (rc != KM_NOT_FOUND) {
        x->rc = rc;
        return;
    }
    km_fault_clear(x->w->call->fault);
    if (x->w->references_reported) {
        note_missing(x->w, &ref);
        return;
    }
    x->rc = km_fail(x->w->call->fault, KM_BROKEN_REFERENCE, "Resource.reference",
                    "the reference to a %.*s leads nowhere",
                    KM_STR_ARG(km_fhir_type_name(ref.type)));
    uint32_t line, column;
    km_jv_place(value, &line, &column);
    km_fault_at(x->w->call->fault, line, column);
}

/* --- the plan --- */

static km_code owner_of(km_str *out, km_writing *w, const km_change *c)
{
    enum { ROOM = 8 };
    km_str found[ROOM], id = KM_STR_NONE;
    size_t n = km_fhir_owner(found, ROOM, c->resource, c->type);
    for (size_t i = 0; i < n && i < ROOM; i++) {
        km_reference ref;
        if (!km_reference_parse(&ref, found[i]) || ref.base.n > 0 || ref.id.n == 0 || ref.urn)
            continue;
        if (id.n > 0 && !km_str_eq(id, ref.id))
            return km_fail(w->call->fault, KM_SEVERAL_OWNERS, NULL,
                           "it names several patients as its own");
        id = ref.id;
    }
    *out = id;
    return KM_OK;
}

/* Else the transaction's only patient (decision 7). */
static km_str only_patient(const km_change *c, size_t n)
{
    km_str id = KM_STR_NONE;
    size_t patients = 0;
    for (size_t i = 0; i < n; i++)
        if (c[i].op != KM_OP_DELETE && km_str_is(km_fhir_type_name(c[i].type), "Patient")) {
            id = c[i].id;
            patients++;
        }
    return n > 1 && patients == 1 ? id : KM_STR_NONE;
}

static int64_t expectation(const km_change *c)
{
    if (c->if_match > 0)
        return c->if_match;
    return c->create_only || c->op == KM_OP_CREATE ? KM_EXPECT_ABSENT : KM_EXPECT_ANY;
}

km_code km_change_write(km_write *out, km_writing *w, km_change *c, km_str default_owner)
{
    *out = (km_write){ .op = c->op,
                       .type = c->type,
                       .source = w->source,
                       .id = c->id,
                       .resource = c->resource,
                       .expect = expectation(c),
                       .keep_same = c->keep_same,
                       .skip = c->existing || c->nothing };
    c->write = out;
    if (c->op == KM_OP_DELETE || out->skip)
        return KM_OK;
    KM_TRY(owner_of(&out->owner, w, c));
    bool may_default = km_fhir_has_owner(c->type);
    if (out->owner.n == 0 && may_default)
        out->owner = default_owner;
    return KM_OK;
}

static void take_results(km_change *c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const km_write *w = c[i].write;
        if (w->skip) {
            c[i].status = c[i].nothing ? 204 : 200;
            continue;
        }
        c[i].status = c[i].op == KM_OP_DELETE ? 204 : w->created ? 201 : 200;
        c[i].version = w->version;
        c[i].rid = w->rid;
        c[i].at = w->at;
    }
}

static km_code look_around(km_writing *w, km_change *c, size_t n, size_t *failed, km_reader *r)
{
    for (size_t i = 0; i < n; i++) {
        *failed = i;
        if (c[i].conditional)
            KM_TRY(settle_condition(w, &c[i], r));
        KM_TRY(choose_id(w, &c[i]));
    }
    rewriting x = { .w = w, .r = r };
    name_entries(&x, c, n);
    KM_TRY(each_reference(&x, c, n, failed, rewrite_one));
    return each_reference(&x, c, n, failed, check_one);
}

static km_code try_once(km_writing *w, km_change *c, size_t n, size_t *failed, bool *again)
{
    km_reader *r;
    recheck check = { c, n, false };
    bool conditions = false;
    KM_TRY(km_reader_open(&r, w->node->log, w->access, w->call));
    km_code rc = look_around(w, c, n, failed, r);
    km_reader_close(r);
    KM_TRY(rc);
    km_write *write = KM_NEW_ARRAY(w->call->arena, n, km_write);
    km_str default_owner = only_patient(c, n);
    for (size_t i = 0; i < n; i++) {
        *failed = i;
        conditions = conditions || c[i].conditional;
        KM_TRY(km_change_write(&write[i], w, &c[i], default_owner));
    }
    km_plan plan = { .write = write,
                     .n = n,
                     .before = conditions ? look_again : NULL,
                     .self = &check,
                     .call = w->call,
                     .access = w->access,
                     .bulk = w->bulk };
    rc = km_log_write(w->node->log, &plan, failed);
    *again = check.stale;
    if (rc == KM_OK)
        take_results(c, n);
    return rc;
}

km_code km_changes_carry_out(km_writing *w, km_change *c, size_t n, size_t *failed)
{
    bool again = true;
    km_code rc = KM_OK;
    for (int i = 0; i < TRIES && again; i++) {
        again = false;
        if (i > 0) {
            km_fault_clear(w->call->fault);
            for (size_t k = 0; k < n; k++)
                if (c[k].conditional && c[k].op != KM_OP_DELETE)
                    c[k].id = KM_STR_NONE;
        }
        rc = try_once(w, c, n, failed, &again);
    }
    return *failed < n ? tell_place(rc, &c[*failed], w->call->fault) : rc;
}
