/* SPDX-License-Identifier: Apache-2.0
 *
 * expect: whether a reply is what a script says, and the values that a path finds in it.
 *
 * A path into JSON: names joined by dots; [2] an item, [*] every item, [key=text] the items
 * whose member `key` is that text; `.` alone is the whole document. It may find any number
 * of values. An expected value that begins with a quote or a bracket is JSON and compared as
 * such, in the order it is written; a bare word is compared with the text of a string, number,
 * true, false or null. Where `matches` compares, `*` stands for any text.
 */
#ifndef API_EXPECT_H
#define API_EXPECT_H

#include "codec/json/json.h"
#include "script.h"

typedef struct api_reply {
    int status;     /* of a program that was run: its exit code */
    km_str headers; /* lines, without the status line */
    km_str body;
} api_reply;

typedef struct api_values {
    km_str *text; /* a string's bytes, else the value's JSON */
    km_jv *value; /* NONE for headers and the body */
    size_t n;
} api_values;

bool api_glob(km_str pattern, km_str text);

/* The n-th header of that name, without case; false when there are no more. */
bool api_header(km_str *out, const api_reply *r, km_str name, size_t n);

/* KM_MALFORMED when the path is no path. */
km_code api_find(api_values *out, km_arena *a, km_jv root, km_str path, km_fault *f);

/* KM_OK when the expectation holds; KM_INVALID with what was found when not. Statuses,
 * headers, JSON and body; the rest is the runner's. *saved is the text of `save`. `name` and
 * `wanted` are the step's word and rest with their variables put in. */
km_code api_expect(km_str *saved, km_arena *a, const api_reply *r, const api_step *s, km_str name,
                   km_str wanted, km_fault *f);

#endif
