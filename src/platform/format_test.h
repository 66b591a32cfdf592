/* SPDX-License-Identifier: Apache-2.0
 *
 * format_test: what tests of formats share: a text read by a format, what was told, and a look at
 * the records it made.
 */
#ifndef KM_PLATFORM_FORMAT_TEST_H
#define KM_PLATFORM_FORMAT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "platform/formats.h"

typedef struct km_test_heard {
    km_buf json;
    int pieces, errors, warnings;
    char first[320]; /* "LINE WORDS" of the first error */
} km_test_heard;

static inline km_code km_test_take(void *self, const km_piece *piece)
{
    km_test_heard *h = self;
    if (piece->line < 1)
        fail_msg("a piece without a line");
    km_buf_print(&h->json, "%s%.*s", h->pieces++ > 0 ? "," : "", KM_STR_ARG(piece->json));
    return KM_OK;
}

static inline void km_test_note(void *self, bool error, const km_fault *f)
{
    km_test_heard *h = self;
    if (error && h->errors == 0)
        snprintf(h->first, sizeof h->first, "%u %s", f->line, f->detail);
    h->errors += error;
    h->warnings += !error;
}

/* The entries of all pieces as one array. */
static inline km_jv km_test_records(km_test_heard *h, const km_format *format, km_arena *a,
                                    const char *path, km_str text)
{
    km_json *doc;
    km_fault f = { 0 };
    km_call call = { .arena = a, .fault = &f, .clock = &km_clock_real, .random = &km_random_real };
    km_format_sink sink = { km_test_take, km_test_note, h };
    km_document from = { text, km_str_of(path) };
    *h = (km_test_heard){ .json = km_buf_in(a) };
    if (!format->is(text))
        fail_msg("%s does not know it", format->name);
    km_buf_char(&h->json, '[');
    if (format->records(&from, &sink, &call) != KM_OK)
        fail_msg("%s %s", f.path, f.detail);
    km_buf_char(&h->json, ']');
    if (km_json_parse(&doc, a, km_buf_str(&h->json), NULL, NULL) != KM_OK)
        fail_msg("no JSON");
    return km_json_root(doc);
}

/* The n-th resource of a type, or a value of no kind. */
static inline km_jv km_test_nth(km_jv entries, const char *type, int n)
{
    for (km_jv_iter i = km_jv_each(entries); km_jv_next(&i);)
        if (km_str_is(km_jv_text(i.value, "resource.resourceType"), type) && n-- == 0)
            return KM_JV_GET(i.value, "resource");
    return (km_jv){ 0 };
}

/* "coding.0.code" is that, as text or as JSON; "": it is not there. */
static inline void km_test_has(km_jv v, const char *path, const char *value)
{
    char copy[128], *save = NULL;
    snprintf(copy, sizeof copy, "%s", path);
    for (char *p = strtok_r(copy, ".", &save); p != NULL; p = strtok_r(NULL, ".", &save))
        v = p[0] >= '0' && p[0] <= '9' ? km_jv_item(v, (uint32_t)(p[0] - '0'))
                                       : km_jv_get(v, km_str_of(p));
    km_str s = km_jv_kind(v) == KM_JSON_STRING ? km_jv_str(v) : km_jv_raw(v);
    if (!km_str_is(s, value))
        fail_msg("%s is %.*s, not %s", path, KM_STR_ARG(s), value);
}

#endif
