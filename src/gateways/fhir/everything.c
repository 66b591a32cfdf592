/* SPDX-License-Identifier: Apache-2.0
 *
 * everything: Patient/$everything: all that the covered charts of the Patient's person hold
 * (decision 6), and what those records refer to outside of them (organisations, practitioners),
 * each once.
 */
#include <stdlib.h>

#include "base/date.h"
#include "gateways/fhir/inside.h"

enum { EVERYTHING_MAX = 5000 };

typedef struct gathering {
    km_request *r;
    km_reader *reader;
    km_record **rec;
    size_t n, own;
    int64_t rid[EVERYTHING_MAX]; /* sorted ones up to `sorted`, for "each once" */
} gathering;

static int by_number(const void *x, const void *y)
{
    int64_t a = *(const int64_t *)x, b = *(const int64_t *)y;
    return (a > b) - (a < b);
}

static bool there(const gathering *g, int64_t rid)
{
    if (bsearch(&rid, g->rid, g->own, sizeof rid, by_number) != NULL)
        return true;
    for (size_t i = g->own; i < g->n; i++)
        if (g->rec[i]->rid == rid)
            return true;
    return false;
}

static km_code take(gathering *g, int64_t rid)
{
    km_code rc = km_reader_by_rid(&g->rec[g->n], g->reader, rid);
    if (rc == KM_NOT_FOUND || rc == KM_ERASED) {
        km_fault_clear(g->r->call.fault);
        return KM_OK;
    }
    KM_TRY(rc);
    if (g->rec[g->n]->deleted)
        return KM_OK;
    if (++g->n > EVERYTHING_MAX || km_arena_over(g->r->call.arena))
        return km_fail(g->r->call.fault, KM_TOO_COSTLY, NULL,
                       "narrow it by start, end, _type or _since");
    return KM_OK;
}

static km_code read_days(int64_t span[2], bool *undated, km_request *r)
{
    static const char *const names[] = { "start", "end" };
    span[0] = INT64_MIN;
    span[1] = INT64_MAX;
    *undated = true;
    for (int i = 0; i < 2; i++) {
        km_civil c;
        km_ms low, high;
        km_str text = km_request_query(r, names[i]);
        if (text.n == 0)
            continue;
        if (!km_civil_parse(&c, text))
            return km_fail(r->call.fault, KM_BAD_VALUE, names[i], "a date");
        km_civil_interval(&low, &high, &c);
        span[i] = km_day_in_japan(i == 0 ? low : high);
    }
    return KM_OK;
}

static km_code read_types(const km_ftype **out, km_request *r)
{
    km_str text = km_request_query(r, "_type");
    km_ftype *types = KM_NEW_ARRAY(r->call.arena, text.n + 2, km_ftype);
    size_t n = 0;
    *out = NULL;
    if (text.n == 0)
        return KM_OK;
    while (text.n > 0) {
        types[n] = km_fhir_type_named(km_str_trim(km_str_cut(text, ',', &text)));
        if (!km_fhir_is_resource(types[n++]))
            return km_fail(r->call.fault, KM_BAD_VALUE, "_type", "no such resource type");
    }
    *out = types;
    return KM_OK;
}

static km_code gather_own(gathering *g, int64_t chart)
{
    int64_t person, *charts, span[2];
    size_t n_charts, n;
    bool undated;
    const km_ftype *types;
    km_dated *dated;
    KM_TRY(read_days(span, &undated, g->r));
    KM_TRY(read_types(&types, g->r));
    KM_TRY(km_person_of_chart(&person, g->reader, chart));
    KM_TRY(km_person_charts(&charts, &n_charts, g->reader, person));
    KM_TRY(
        km_index_charts(&dated, &n, g->reader, charts, n_charts, types, span[0], span[1], undated));
    if (n > EVERYTHING_MAX)
        return km_fail(g->r->call.fault, KM_TOO_COSTLY, NULL,
                       "narrow it by start, end, _type or _since");
    for (size_t i = 0; i < n; i++)
        KM_TRY(take(g, dated[i].rid));
    for (size_t i = 0; i < g->n; i++)
        g->rid[i] = g->rec[i]->rid;
    qsort(g->rid, g->n, sizeof *g->rid, by_number);
    g->own = g->n;
    return KM_OK;
}

typedef struct following {
    gathering *g;
    const km_record *from;
    km_code rc;
} following;

static void follow(void *self, km_jv value, km_str text)
{
    following *f = self;
    km_reference ref;
    int64_t chart, rid;
    (void)value;
    if (f->rc != KM_OK || !km_reference_parse(&ref, text) || ref.contained || ref.urn
        || ref.base.n > 0 || ref.type == 0)
        return;
    f->rc = km_reader_locate(&chart, &rid, f->g->reader, ref.type, ref.id, f->from->source);
    if (f->rc == KM_NOT_FOUND) {
        km_fault_clear(f->g->r->call.fault);
        f->rc = KM_OK;
        return;
    }
    if (f->rc == KM_OK && chart == KM_CHART_NONE && !there(f->g, rid))
        f->rc = take(f->g, rid);
}

static km_code gather_referred(gathering *g)
{
    for (size_t i = 0; i < g->own; i++) {
        km_jv body;
        following f = { g, g->rec[i], KM_OK };
        KM_TRY(km_record_json(&body, g->rec[i], &g->r->call));
        km_fhir_references(body, g->rec[i]->type, follow, &f);
        KM_TRY(f.rc);
    }
    return KM_OK;
}

static void drop_old(gathering *g, km_ms since)
{
    size_t n = 0;
    for (size_t i = 0; i < g->n; i++)
        if (g->rec[i]->at >= since)
            g->rec[n++] = g->rec[i];
    g->n = n;
}

static km_code print(km_buf *out, gathering *g)
{
    km_jw w = km_jw_on(out);
    km_str base = km_show__base(g->r);
    km_jw_open(&w, '{');
    km_jw_member_z(&w, "resourceType", "Bundle");
    km_jw_member_z(&w, "type", "searchset");
    km_jw_member_int(&w, "total", (int64_t)g->n);
    km_jw_key(&w, "entry");
    km_jw_open(&w, '[');
    for (size_t i = 0; i < g->n; i++) {
        km_jw_open(&w, '{');
        km_jw_member(&w, "fullUrl",
                     km_arena_print(g->r->call.arena, "%.*s/%.*s/%.*s", KM_STR_ARG(base),
                                    KM_STR_ARG(km_fhir_type_name(g->rec[i]->type)),
                                    KM_STR_ARG(g->rec[i]->id)));
        km_jw_key(&w, "resource");
        KM_TRY(km_show__resource(out, g->rec[i], NULL, &g->r->call));
        w.comma = true;
        km_jw_key(&w, "search");
        km_jw_raw(&w,
                  i < g->own ? KM_STR("{\"mode\":\"match\"}") : KM_STR("{\"mode\":\"include\"}"));
        km_jw_close(&w, '}');
    }
    km_jw_close(&w, ']');
    km_jw_close(&w, '}');
    return KM_OK;
}

static km_code everything(km_buf *out, gathering *g, km_str id)
{
    km_record *patient;
    km_civil c;
    km_ms since = 0, high;
    km_str text = km_request_query(g->r, "_since");
    if (text.n > 0) {
        if (!km_civil_parse(&c, text))
            return km_fail(g->r->call.fault, KM_BAD_VALUE, "_since", "an instant");
        km_civil_interval(&since, &high, &c);
    }
    KM_TRY(km_reader_find(&patient, g->reader, km_fhir_type_named(KM_STR("Patient")), id,
                          ((const km_caller *)g->r->call.caller)->source));
    if (patient->deleted)
        return km_fail(g->r->call.fault, KM_GONE, NULL, NULL);
    KM_TRY(gather_own(g, patient->chart));
    KM_TRY(gather_referred(g));
    if (since > 0)
        drop_old(g, since);
    KM_TRY(km_access_release(km_reader_access(g->reader), g->rec, g->n, g->r->call.fault));
    return print(out, g);
}

km_code km_fhir__everything(km_request *r, km_reply *out)
{
    km_str id;
    km_buf json = km_buf_in(r->call.arena);
    gathering *g = KM_NEW(r->call.arena, gathering);
    g->r = r;
    g->rec = KM_NEW_ARRAY(r->call.arena, EVERYTHING_MAX + 2, km_record *);
    KM_TRY(km_fhir__id_of(&id, r));
    KM_TRY(km_show__acceptable(r));
    KM_TRY(km_fhir__reader(&g->reader, r, &km_fhir_reads));
    km_code rc = everything(&json, g, id);
    km_reader_close(g->reader);
    KM_TRY(rc);
    return km_show__body(out, r, &json, 200);
}
