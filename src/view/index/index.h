/* SPDX-License-Identifier: Apache-2.0
 *
 * index: FHIR R4 search over the log's current versions.
 *
 * - A fold (km_index_fold) turns each version into rows of `hit` and `chart_day`, in the writer's
 *   transaction: a reader sees its own write.
 * - A search is parsed once into clauses, then run on a reader: it counts, sorts, includes and
 *   chains only over what the reader's access covers (decisions 19-22).
 * - Unknown parameters and modifiers are refused, or ignored and reported when lenient.
 * - The whole engine stands behind the door in hits.h (add, remove, ids, count), so that posting
 *   lists can replace rows.
 */
#ifndef KM_VIEW_INDEX_INDEX_H
#define KM_VIEW_INDEX_INDEX_H

#include "record/log.h"

extern const km_fold_def km_index_fold;
extern const km_embedded km_sql_view_index[];

typedef struct km_search_field {
    km_str name, value; /* decoded: "name:exact", "..." */
} km_search_field;

typedef struct km_search_input {
    km_ftype type;        /* 0: system level, `_type` says which (or all) */
    km_ftype compartment; /* 0: none */
    km_str compartment_id;
    const km_search_field *field;
    size_t fields;
    bool lenient;
    int32_t source;                    /* the caller's own, for resolving ids; 0 = none */
    km_str base;                       /* our base URL: absolute references below it are ours */
    uint32_t count_default, count_max; /* 0 = 50, 1000 (trust.md §6) */
    bool conditional; /* result parameters are refused (conditional create and the like) */
} km_search_input;

typedef enum km_summary {
    KM_SUMMARY_FALSE,
    KM_SUMMARY_TRUE,
    KM_SUMMARY_TEXT,
    KM_SUMMARY_DATA,
    KM_SUMMARY_COUNT
} km_summary;

typedef struct km_search km_search;
/* Faults: KM_UNKNOWN_PARAM, KM_BAD_VALUE, KM_UNSUPPORTED, KM_TOO_COSTLY; path names the parameter.
 * The search lives in the call's arena. */
km_code km_search_parse(km_search **out, const km_search_input *in, km_call *call);

/* What the reply must know of the search. */
typedef struct km_search_view {
    km_summary summary;
    const km_str *element; /* _elements */
    size_t elements;
    const km_search_field *used; /* what the self link says: without ignored fields */
    size_t n_used;
    const km_str *ignored; /* names, when lenient */
    size_t n_ignored;
    uint32_t count;
} km_search_view;
km_search_view km_search_viewed(const km_search *s);

typedef struct km_found {
    int64_t chart, rid;
    bool included; /* search.mode include, else match */
} km_found;

typedef struct km_page {
    km_found *found; /* matches in order, then includes */
    size_t n, matches;
    bool has_total, total_is_estimate;
    int64_t total;
    bool more;
    km_str cursor; /* plain state for the next page; whoever sends it out seals it */
} km_page;
/* `cursor` of an earlier page or empty. Takes at most 5 s (KM_TOO_COSTLY, trust.md §6). */
km_code km_search_run(km_page *out, const km_search *s, km_reader *r, km_str cursor);

/* How many records match, `room` of them named: for conditional operations. Stops at room + 1. */
km_code km_search_few(km_found *found, size_t room, size_t *n, const km_search *s, km_reader *r);

/* Does this resource match the search's criteria (not its chains and _has, which are answered with
 * `false`)? Looks at the body alone: the oracle of the property tests and the
 * recheck of clauses that rows cannot settle. */
km_code km_search_matches(bool *yes, const km_search *s, km_jv resource, km_ftype type,
                          km_call *call);

/* Records of a set of charts, newest day first, from `from` to `to` (days in Japan, inclusive;
 * unknown days only where `undated`), of the listed types (0-ended; NULL = all). For timelines and
 * $everything. */
typedef struct km_dated {
    int64_t chart, rid, day;
    km_ftype type;
    bool dated;
} km_dated;
km_code km_index_charts(km_dated **out, size_t *n, km_reader *r, const int64_t *chart,
                        size_t charts, const km_ftype *types, int64_t from, int64_t to,
                        bool undated);

/* What a CapabilityStatement tells of a parameter: the modifiers that work for its kind. */
size_t km_search_modifiers(const char *const **out, km_param_kind kind);

#endif
