/* SPDX-License-Identifier: Apache-2.0
 *
 * functions: what the rows of functions.c call.
 */
#ifndef KM_CODEC_FHIRPATH_FUNCTIONS_H
#define KM_CODEC_FHIRPATH_FUNCTIONS_H

#include "codec/fhirpath/inside.h"

#define ON_ALL(name)                                                                            \
    km_code km_path__##name(km_run *r, const km_node *n, const km_items *in, const km_scope *s, \
                            km_items *out)
#define ON_ONE(name)                                                                            \
    km_code km_path__##name(km_run *r, const km_node *n, const km_item *in, const km_item *arg, \
                            km_items *out)

/* select.c */
ON_ALL(where);
ON_ALL(select);
ON_ALL(exists);
ON_ALL(every);
ON_ALL(repeat);
ON_ALL(aggregate);
ON_ALL(iif);
ON_ALL(sort);
ON_ALL(trace);

/* collections.c */
ON_ALL(empty);
ON_ALL(not_);
ON_ALL(truths);
ON_ALL(count);
ON_ALL(distinct);
ON_ALL(is_distinct);
ON_ALL(subset_of);
ON_ALL(superset_of);
ON_ALL(single_item);
ON_ALL(first);
ON_ALL(last);
ON_ALL(tail);
ON_ALL(skip);
ON_ALL(take);
ON_ALL(intersect);
ON_ALL(exclude);
ON_ALL(union_);
ON_ALL(combine);

/* fhir.c */
ON_ALL(is_type);
ON_ALL(as_type);
ON_ALL(type_info);
ON_ALL(resolve);
ON_ALL(extension);
ON_ALL(has_value);
ON_ALL(get_value);
ON_ALL(all_children);
ON_ALL(descendants);
ON_ALL(now);
ON_ALL(today);
ON_ALL(time_of_day);

/* convert.c */
ON_ONE(to_boolean);
ON_ONE(to_integer);
ON_ONE(to_decimal);
ON_ONE(to_date);
ON_ONE(to_date_time);
ON_ONE(to_time);
ON_ONE(to_quantity);
ON_ONE(to_string);

/* strings.c */
ON_ONE(index_of);
ON_ONE(last_index_of);
ON_ONE(substring);
ON_ONE(starts_with);
ON_ONE(ends_with);
ON_ONE(contains);
ON_ONE(upper);
ON_ONE(lower);
ON_ONE(replace);
ON_ONE(matches);
ON_ONE(matches_full);
ON_ONE(replace_matches);
ON_ONE(length);
ON_ONE(to_chars);
ON_ONE(trim);
ON_ONE(split);
ON_ALL(join);
ON_ONE(encode);
ON_ONE(decode);
ON_ONE(escape);
ON_ONE(unescape);

/* math.c */
ON_ONE(abs);
ON_ONE(whole);
ON_ONE(round);
ON_ONE(real);
ON_ONE(log);
ON_ONE(power);

#endif
