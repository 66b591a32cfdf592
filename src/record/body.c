/* SPDX-License-Identifier: Apache-2.0
 *
 * body: the text of a record, as stored and as shown.
 */
#include "record/record.h"

#include <assert.h>

#include "base/date.h"

/* {"resourceType":"T","id":"I","meta":{ */
static void print_opening(km_buf *out, km_str type, km_str id)
{
    KM_BUF_LIT(out, "{\"resourceType\":\"");
    km_buf_add(out, type);
    KM_BUF_LIT(out, "\",\"id\":\"");
    km_buf_add(out, id);
    KM_BUF_LIT(out, "\",\"meta\":{");
}

static size_t opening_length(km_str type, km_str id)
{
    return sizeof "{\"resourceType\":\"\",\"id\":\"\",\"meta\":{" - 1 + type.n + id.n;
}

static void print_member(km_buf *out, const km_jv_iter *i, bool *comma)
{
    if (*comma)
        km_buf_char(out, ',');
    *comma = true;
    km_json_string(out, i->name);
    km_buf_char(out, ':');
    km_jv_print(out, i->value);
}

void km_record_canonical(km_buf *out, km_jv resource, km_ftype type, km_str id)
{
    bool comma = false;
    print_opening(out, km_fhir_type_name(type), id);
    for (km_jv_iter i = km_jv_each(KM_JV_GET(resource, "meta")); km_jv_next(&i);)
        if (!km_str_is(i.name, "versionId") && !km_str_is(i.name, "lastUpdated"))
            print_member(out, &i, &comma);
    km_buf_char(out, '}');
    comma = true;
    for (km_jv_iter i = km_jv_each(resource); km_jv_next(&i);)
        if (!km_str_is(i.name, "resourceType") && !km_str_is(i.name, "id")
            && !km_str_is(i.name, "meta"))
            print_member(out, &i, &comma);
    km_buf_char(out, '}');
}

km_code km_record_json(km_jv *out, km_record *r, const km_call *call)
{
    /* What was checked on the way in is not limited again on the way out. */
    static const km_json_limits ours = { 256, UINT32_MAX, UINT32_MAX, UINT32_MAX };
    if (r->deleted)
        return km_fail(call->fault, KM_GONE, NULL, "version %d is a deletion", r->version);
    if (r->json == NULL)
        KM_TRY(km_json_parse(&r->json, call->arena, r->stored, &ours, call->fault));
    *out = km_json_root(r->json);
    return KM_OK;
}

void km_record_print(km_buf *out, const km_record *r)
{
    assert(r->released && !r->deleted);
    size_t at = opening_length(km_fhir_type_name(r->type), r->id);
    char instant[25];
    km_instant_print(instant, r->at);
    km_buf_reserve(out, r->stored.n + 80);
    km_buf_add(out, km_str_sub(r->stored, 0, at));
    km_buf_print(out, "\"versionId\":\"%d\",\"lastUpdated\":\"%s\"", r->version, instant);
    if (r->stored.p[at] != '}')
        km_buf_char(out, ',');
    km_buf_add(out, km_str_sub(r->stored, at, r->stored.n));
}
