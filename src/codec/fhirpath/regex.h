/* SPDX-License-Identifier: Apache-2.0
 *
 * regex: regular expressions in time linear in the text (Thompson 1968; the machine with saved
 * places is Pike's), because pattern and text may both be a stranger's.
 *
 * Characters are Unicode code points; `.` takes line ends too (FHIRPath 5.6.9: single line).
 * Known: | * + ? {m,n} and their lazy forms, ( ) (?: ) (?<name> ), [ ] with ranges,
 * \d \w \s \b and their opposites, \t \n \r \f \xhh \uhhhh, ^ $. Back references and looking
 * around are not, and are refused.
 */
#ifndef KM_CODEC_FHIRPATH_REGEX_H
#define KM_CODEC_FHIRPATH_REGEX_H

#include "base/arena.h"

#define KM_REGEX_GROUPS 10 /* the whole and nine more */
#define KM_REGEX_SIZE 4000 /* instructions */

typedef struct km_regex km_regex;

typedef struct km_regex_hit {
    size_t from[KM_REGEX_GROUPS], to[KM_REGEX_GROUPS]; /* SIZE_MAX: not taken part */
} km_regex_hit;

/* NULL, or what is wrong with the pattern. */
const char *km_regex__compile(km_regex **out, km_arena *a, km_str pattern);
size_t km_regex__size(const km_regex *x);
km_str km_regex__group_name(const km_regex *x, size_t group);
/* The leftmost match that begins at `from` or after. `whole`: it must span the text. */
bool km_regex__find(km_regex_hit *out, const km_regex *x, km_arena *a, km_str text, size_t from,
                    bool whole);

#endif
