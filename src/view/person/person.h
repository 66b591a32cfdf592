/* SPDX-License-Identifier: Apache-2.0
 *
 * person: which charts are one person's (decision 6). Merge and split change this view only,
 * no record moves.
 *
 * Here, charts are joined by explicit link: two Patients that carry the same identifier (system and
 * value) of a system that names people across institutions (data/index/person_systems.tsv is
 * the list; a hospital's own chart number joins nothing). A person's number is the smallest chart
 * of its component, so a rebuilt view equals the live one. The full index (number history,
 * probabilistic linkage) will stand behind this same door.
 */
#ifndef KM_VIEW_PERSON_PERSON_H
#define KM_VIEW_PERSON_PERSON_H

#include "record/log.h"

extern const km_fold_def km_person_fold;
extern const km_embedded km_sql_view_person[];

/* The charts of a person that the reader's access covers; n 0 when there is no such person or none
 * is covered. */
km_code km_person_charts(int64_t **chart, size_t *n, km_reader *r, int64_t person);
km_code km_person_of_chart(int64_t *person, km_reader *r, int64_t chart);

/* All charts of the person that `chart` is one of, itself included, whatever the access: for trust,
 * which decides about persons. */
km_code km_person_same(int64_t **chart, size_t *n, km_reader *r, int64_t chart_of);

/* People in order of their folded kana name (then number), whose name begins with the folded `name`
 * (empty: all), after the given place; at most `room`. */
typedef struct km_person_row {
    int64_t person;
    int64_t chart; /* the chart whose Patient has that name */
    int64_t patient_rid;
    size_t charts;
} km_person_row;
km_code km_person_list(km_person_row *out, size_t *n, size_t room, km_reader *r, km_str name,
                       km_str after, km_str *next);

#endif
