/* SPDX-License-Identifier: Apache-2.0
 *
 * inner: reads, searches and histories as entries of a batch or a transaction (R4 3.1.0.11). The
 * address is understood before anything of the Bundle is written, and answered after.
 */
#include "base/date.h"
#include "gateways/fhir/inside.h"

enum { SEGMENTS = 4 };

static km_code refuse(km_request *r, km_code why, const char *what)
{
    return km_fail(r->call.fault, why, NULL, "%s", what);
}

static km_code read_search(km_inner *out, km_request *r, const km_str *segment, size_t n)
{
    out->what = KM_INNER_SEARCH;
    out->find.type = out->type;
    if (n < 3)
        return KM_OK;
    return km_find__compartment(&out->find, r, out->type, out->id, segment[2]);
}

static km_code read_path(km_inner *out, km_request *r, const km_str *segment, size_t n)
{
    const km_str history = KM_STR("_history");
    if (n == 0) {
        out->what = KM_INNER_SEARCH;
        return KM_OK;
    }
    if (n == 1 && km_str_eq(segment[0], history)) {
        out->what = KM_INNER_HISTORY;
        return KM_OK;
    }
    out->type = km_fhir_type_named(segment[0]);
    if (!km_fhir_is_resource(out->type))
        return refuse(r, KM_UNKNOWN_TYPE, "");
    out->find.type = out->type;
    if (n == 1)
        return read_search(out, r, segment, n);
    out->what = KM_INNER_HISTORY;
    if (n == 2 && km_str_eq(segment[1], history))
        return KM_OK;
    if (!km_fhir_is_id(segment[1]))
        return refuse(r, KM_NOT_FOUND, "that is no id");
    out->id = segment[1];
    if (n == 3 && km_str_eq(segment[2], history))
        return KM_OK;
    if (n == 3 && segment[2].p[0] != '$')
        return read_search(out, r, segment, n);
    out->what = KM_INNER_READ;
    if (n == 2)
        return KM_OK;
    if (n != 4 || !km_str_eq(segment[2], history))
        return refuse(r, KM_UNSUPPORTED, "reads, searches and histories stand in a Bundle");
    bool fine = km_str_to_i64(&out->version, segment[3]) && out->version > 0
                && out->version <= INT32_MAX;
    return fine ? KM_OK : refuse(r, KM_NOT_FOUND, "no such version");
}

km_code km_inner__read(km_inner *out, km_request *r, km_jv request)
{
    km_str segment[SEGMENTS + 1], query, url = km_jv_str(KM_JV_GET(request, "url")),
                                         base = km_show__base(r);
    size_t n = 0;
    *out = (km_inner){ .none_match = km_jv_str(KM_JV_GET(request, "ifNoneMatch")),
                       .modified_since = km_jv_str(KM_JV_GET(request, "ifModifiedSince")) };
    if (km_str_starts(url, base))
        url = km_str_sub(url, base.n, url.n);
    for (km_str path = km_str_cut(url, '?', &query); path.n > 0;) {
        km_str one = km_str_cut(path, '/', &path);
        if (one.n > 0 && n <= SEGMENTS)
            segment[n++] = one;
    }
    KM_TRY(
        km_form_decode(&out->find.field, &out->find.fields, r->call.arena, query, r->call.fault));
    (void)km_show__prefer(r, &out->find.lenient);
    return read_path(out, r, segment, n);
}

/* --- answering --- */

static bool not_modified(const km_inner *in, const km_record *rec)
{
    km_civil c;
    km_ms low, high;
    if (in->none_match.n > 0)
        return km_show__tag_meets(in->none_match, rec->version);
    if (in->modified_since.n == 0 || !km_civil_parse(&c, in->modified_since))
        return false;
    km_civil_interval(&low, &high, &c);
    return rec->at <= high;
}

static km_code show(km_buf *out, int *status, km_request *r, const km_inner *in, km_reader *reader)
{
    km_record *rec;
    int32_t source = ((const km_caller *)r->call.caller)->source;
    KM_TRY(in->version > 0
               ? km_reader_version(&rec, reader, in->type, in->id, source, (int32_t)in->version)
               : km_reader_find(&rec, reader, in->type, in->id, source));
    if (rec->deleted)
        return km_fail(r->call.fault, KM_GONE, NULL, NULL);
    KM_TRY(km_access_release(km_reader_access(reader), &rec, 1, r->call.fault));
    if (not_modified(in, rec)) {
        *status = 304;
        return KM_OK;
    }
    return km_show__resource(out, rec, NULL, &r->call);
}

km_code km_inner__answer(km_buf *out, int *status, km_request *r, const km_inner *in)
{
    km_reader *reader;
    *status = 200;
    if (in->what == KM_INNER_SEARCH)
        return km_find__print(out, r, &in->find);
    if (in->what == KM_INNER_HISTORY)
        return km_past__print(out, r, &in->find, in->id);
    KM_TRY(km_fhir__reader(&reader, r, &km_fhir_reads));
    km_code rc = show(out, status, r, in, reader);
    km_reader_close(reader);
    return rc;
}
