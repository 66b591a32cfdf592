/* SPDX-License-Identifier: Apache-2.0
 *
 * change: from what a client asks to be written to a plan for the log. One path for a single write
 * and for a transaction: look up conditions, choose ids, rewrite references, check references, find
 * owners, write.
 */
#include "platform/inside.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "trust/identity/identity.h"

/* --- bodies --- */

const km_json_limits km_change_limits = { .string_bytes = 64 << 20 };

km_code km_change_read(km_jv *out, km_ftype *type, km_str body, km_ftype wanted, km_call *call)
{
    km_json *doc;
    KM_TRY(km_json_parse(&doc, call->arena, body, &km_change_limits, call->fault));
    *out = km_json_root(doc);
    km_str name = km_jv_str(KM_JV_GET(*out, "resourceType"));
    *type = km_fhir_type_named(name);
    if (!km_jv_is(*out, KM_JSON_OBJECT))
        return km_fail(call->fault, KM_INVALID, NULL, "a resource is a JSON object");
    if (name.n == 0)
        return km_fail(call->fault, KM_REQUIRED, "resourceType", "a resource says what it is");
    if (!km_fhir_is_resource(*type))
        return km_fail(call->fault, wanted ? KM_BAD_VALUE : KM_UNKNOWN_TYPE, "resourceType",
                       "no such resource type");
    if (wanted != 0 && *type != wanted)
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
    size_t asked = 0;
    for (size_t i = 0; i < n; i++) /* how the answer looks is no condition */
        if (!km_str_is(field[i].name, "_format") && !km_str_is(field[i].name, "_pretty"))
            fields[asked++] = (km_search_field){ field[i].name, field[i].value };
    if (asked == 0)
        return km_fail(w->call->fault, KM_PRECONDITION, NULL, "a condition needs a parameter");
    km_search_input in = { .type = type,
                           .field = fields,
                           .fields = asked,
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
    km_record *rec;
    KM_TRY(km_reader_by_rid(&rec, r, c->rid));
    c->id = rec->id;
    c->version = rec->version;
    c->at = rec->at;
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

/* --- ids --- */

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
        if (c->owner.n > 0 && km_str_eq(c->owner, ref.id)) { /* it stays with its patient */
            id = ref.id;
            break;
        }
        if (id.n > 0 && km_fhir_owner_is_first(c->type))
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

/* An update whose condition finds nothing makes a record and must not meet one that has its id. */
static int64_t expectation(const km_change *c)
{
    bool makes = c->create_only || c->op == KM_OP_CREATE
                 || (c->op == KM_OP_UPDATE && c->conditional && c->matches == 0);
    if (c->if_match > 0)
        return c->if_match;
    return makes ? KM_EXPECT_ABSENT : KM_EXPECT_ANY;
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
    KM_TRY(km_identity_check(c->resource, NULL, w->call->fault));
    KM_TRY(owner_of(&out->owner, w, c));
    bool may_default = km_fhir_has_owner(c->type);
    if (out->owner.n == 0 && may_default)
        out->owner = c->has_chart ? c->owner : default_owner;
    return KM_OK;
}

static void take_results(km_change *c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const km_write *w = c[i].twin != NULL ? c[i].twin->write : c[i].write;
        if (c[i].write->skip && c[i].twin == NULL) {
            c[i].status = c[i].nothing ? 204 : 200;
            continue;
        }
        bool made = w->created && c[i].twin == NULL;
        c[i].status = c[i].op == KM_OP_DELETE ? 204 : made ? 201 : 200;
        c[i].version = w->version;
        c[i].rid = w->rid;
        c[i].at = w->at;
    }
}

static km_code find_owner(km_writing *w, km_change *c, km_reader *r)
{
    km_chart chart;
    int64_t number, rid;
    km_str own;
    c->has_chart = false;
    c->owner = KM_STR_NONE;
    KM_TRY(owner_of(&own, w, c));
    bool settled = own.n > 0 && !km_fhir_owner_is_first(c->type);
    if (settled || !km_fhir_has_owner(c->type))
        return KM_OK;
    km_code rc = km_reader_locate(&number, &rid, r, c->type, c->id, w->source);
    if (rc == KM_NOT_FOUND) {
        km_fault_clear(w->call->fault);
        return KM_OK;
    }
    KM_TRY(rc);
    c->has_chart = true;
    if (number == KM_CHART_NONE)
        return KM_OK;
    KM_TRY(km_reader_chart(&chart, r, number));
    c->owner = chart.patient;
    return KM_OK;
}

/* Two creates of one request with the same condition that finds nothing yet make one record. */
static void find_twins(km_change *c, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        c[i].twin = NULL;
        if (c[i].op != KM_OP_CREATE || !c[i].conditional || c[i].existing)
            continue;
        for (size_t j = 0; j < i && c[i].twin == NULL; j++)
            if (c[j].op == KM_OP_CREATE && c[j].conditional && c[j].type == c[i].type
                && c[j].twin == NULL && km_str_eq(c[j].condition, c[i].condition)) {
                c[i].twin = &c[j];
                c[i].id = c[j].id;
                c[i].existing = true;
            }
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
    find_twins(c, n);
    KM_TRY(km_platform__references(w, c, n, failed, r));
    for (size_t i = 0; i < n; i++) {
        *failed = i;
        if (c[i].op == KM_OP_UPDATE)
            KM_TRY(find_owner(w, &c[i], r));
    }
    return KM_OK;
}

/* An app's scopes, and people who write about themselves; whose source it is, is settled. */
static km_code allowed(const km_writing *w, const km_change *c, const km_write *one, km_reader *r)
{
    static const unsigned bits[] = { [KM_OP_CREATE] = KM_SCOPE_CREATE,
                                     [KM_OP_UPDATE] = KM_SCOPE_UPDATE,
                                     [KM_OP_DELETE] = KM_SCOPE_DELETE };
    int64_t chart = KM_CHART_NONE;
    bool patient = km_str_is(km_fhir_type_name(c->type), "Patient");
    km_str owner = patient ? one->id : one->owner;
    if (c->existing || c->nothing || km_access_covers_all(w->access))
        return KM_OK;
    if (owner.n > 0 && km_reader_chart_of(&chart, r, one->source, owner) == KM_NOT_FOUND) {
        km_fault_clear(w->call->fault);
        chart = KM_CHART_NONE;
    }
    return km_trust_may_write(w->access, chart, c->type, bits[c->op])
               ? KM_OK
               : km_fail(w->call->fault, KM_FORBIDDEN, NULL, NULL);
}

static km_code fill_plan(km_plan *out, km_writing *w, km_change *c, size_t n, size_t *failed,
                         km_reader *r)
{
    KM_TRY(look_around(w, c, n, failed, r));
    km_str default_owner = only_patient(c, n);
    for (size_t i = 0; i < n; i++) {
        *failed = i;
        if (c[i].conditional)
            out->before = look_again;
        KM_TRY(km_change_write(&out->write[i], w, &c[i], default_owner));
        KM_TRY(allowed(w, &c[i], &out->write[i], r));
    }
    return km_trust_act(&out->act, w->node->trust, w->call);
}

static km_code make_plan(km_plan *out, km_writing *w, km_change *c, size_t n, size_t *failed)
{
    km_reader *r;
    *out = (km_plan){ .write = KM_NEW_ARRAY(w->call->arena, n, km_write),
                      .n = n,
                      .call = w->call,
                      .access = w->access,
                      .bulk = w->bulk };
    KM_TRY(km_reader_open(&r, w->node->log, w->access, w->call));
    km_code rc = fill_plan(out, w, c, n, failed, r);
    km_reader_close(r);
    return rc;
}

static km_code try_once(km_writing *w, km_change *c, size_t n, size_t *failed, bool *again)
{
    km_plan plan;
    recheck check = { c, n, false };
    KM_TRY(make_plan(&plan, w, c, n, failed));
    plan.self = &check;
    km_code rc = km_log_write(w->node->log, &plan, failed);
    *again = check.stale;
    if (rc == KM_OK)
        take_results(c, n);
    return rc;
}

/* Before the next try: the id was for what the condition found this time. */
static void forget_id(km_writing *w, km_change *c)
{
    if (!c->conditional || c->op == KM_OP_DELETE)
        return;
    struct km_former *f = KM_NEW(w->call->arena, struct km_former);
    f->name = km_arena_print(w->call->arena, "%.*s/%.*s", KM_STR_ARG(km_fhir_type_name(c->type)),
                             KM_STR_ARG(c->id));
    f->older = c->former;
    c->former = f;
    c->id = KM_STR_NONE;
}

static km_code tell(km_code rc, const km_change *c, km_fault *f)
{
    if (rc == KM_DUPLICATE && c->create_only) { /* R4 3.1.0.5.2 */
        km_fault_clear(f);
        rc = km_fail(f, KM_PRECONDITION, NULL, "it exists already");
    }
    return tell_place(rc, c, f);
}

km_code km_changes_carry_out(km_writing *w, km_change *c, size_t n, size_t *failed)
{
    bool again = true;
    km_code rc = KM_OK;
    for (int i = 0; i < KM_CHANGE_TRIES && again; i++) {
        again = false;
        if (i > 0) {
            km_fault_clear(w->call->fault);
            for (size_t k = 0; k < n; k++)
                forget_id(w, &c[k]);
        }
        rc = try_once(w, c, n, failed, &again);
    }
    return *failed < n ? tell(rc, &c[*failed], w->call->fault) : rc;
}

/* --- in two halves --- */

struct km_under_way {
    km_plan plan;
    km_code code;
    void (*done)(void *self);
    void *self;
};

static void arrived(void *self, km_plan *p, km_code code)
{
    struct km_under_way *u = self;
    (void)p;
    u->code = code;
    u->done(u->self);
}

km_code km_change_begin(km_writing *w, km_change *c, void (*done)(void *self), void *self)
{
    size_t failed;
    struct km_under_way *u = KM_NEW(w->call->arena, struct km_under_way);
    assert(!c->conditional);
    *u = (struct km_under_way){ .done = done, .self = self };
    c->under_way = u;
    km_code rc = make_plan(&u->plan, w, c, 1, &failed);
    if (rc == KM_OK)
        rc = km_log_prepare(w->node->log, &u->plan);
    if (rc == KM_OK)
        rc = km_log_submit(w->node->log, &u->plan, arrived, u);
    return tell(rc, c, w->call->fault);
}

km_code km_change_end(km_writing *w, km_change *c)
{
    km_code rc = c->under_way->code;
    if (rc == KM_OK)
        take_results(c, 1);
    return tell(rc, c, w->call->fault);
}
