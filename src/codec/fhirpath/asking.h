/* SPDX-License-Identifier: Apache-2.0
 *
 * asking: how the tests of this folder put a question. Every answer becomes one line, items
 * parted by ", ": strings in quotes, elements as JSON, types in <>.
 */
#ifndef KM_CODEC_FHIRPATH_ASKING_H
#define KM_CODEC_FHIRPATH_ASKING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "codec/fhirpath/small_model.h"

static km_arena *arena; /* one for the whole run of a test program */
static km_fault fault;

static inline km_jv read_json(const char *text)
{
    km_json *doc = NULL;
    km_fault_clear(&fault);
    if (km_json_parse(&doc, arena, km_str_of(text), NULL, &fault) != KM_OK)
        fail_msg("%s", fault.detail);
    return km_json_root(doc);
}

static inline void print_item(km_buf *b, const km_item *i)
{
    switch (i->kind) {
    case KM_ITEM_JSON:
        if (i->v.doc)
            km_jv_print(b, i->v);
        else
            km_buf_z(b, "-");
        break;
    case KM_ITEM_BOOL:
        km_buf_z(b, i->number ? "true" : "false");
        break;
    case KM_ITEM_INT:
        km_buf_print(b, "%lld", (long long)i->number);
        break;
    case KM_ITEM_STRING:
        km_json_string(b, i->text);
        break;
    case KM_ITEM_QUANTITY:
        km_buf_print(b, "%.*s '%.*s'", KM_STR_ARG(i->text), KM_STR_ARG(i->unit));
        break;
    case KM_ITEM_TYPE:
        km_buf_print(b, "<%.*s>", KM_STR_ARG(small_type_name(i->type)));
        break;
    case KM_ITEM_TYPE_INFO:
        km_buf_print(b, "<%.*s.%.*s>", KM_STR_ARG(i->unit), KM_STR_ARG(i->text));
        break;
    case KM_ITEM_DECIMAL:
    case KM_ITEM_DATE:
        km_buf_add(b, i->text);
        break;
    case KM_ITEM_TIME:
        km_buf_print(b, "T%.*s", KM_STR_ARG(i->text));
        break;
    }
}

/* 2024-05-01T12:34:56.789Z, which is half past nine in the evening in Japan. */
#define TEST_NOW INT64_C(1714566896789)

static inline km_code ask_code(const char **answer, km_jv resource, const char *text,
                               uint32_t steps)
{
    km_path *path = NULL;
    km_items items = { 0 };
    km_path_env env = { .model = &small_model,
                        .arena = arena,
                        .resource = resource,
                        .step_limit = steps,
                        .now = TEST_NOW };
    km_buf b = km_buf_in(arena);
    km_fault_clear(&fault);
    KM_TRY(km_path_compile(&path, arena, km_str_of(text), &small_model, &fault));
    KM_TRY(km_path_eval(&items, path, &env, &fault));
    for (uint32_t i = 0; i < items.n; i++) {
        if (i > 0)
            km_buf_z(&b, ", ");
        print_item(&b, &items.item[i]);
    }
    km_buf_char(&b, '\0');
    *answer = b.p;
    return KM_OK;
}

static inline void expect_answer(km_jv resource, const char *text, const char *wanted)
{
    const char *answer = NULL;
    if (ask_code(&answer, resource, text, 0) != KM_OK)
        fail_msg("%s: %s", text, fault.detail);
    if (strcmp(answer, wanted) != 0)
        fail_msg("%s gives %s, not %s", text, answer, wanted);
}

static inline void expect_fault(km_jv resource, const char *text, km_code code, uint32_t column)
{
    const char *answer = NULL;
    km_code rc = ask_code(&answer, resource, text, 0);
    if (rc != code)
        fail_msg("%s gives %s %s", text, rc ? km_code_name(rc) : answer, fault.detail);
    if (fault.column != column)
        fail_msg("%s: column %u, not %u: %s", text, fault.column, column, fault.detail);
}

/* Rows of question and answer. */
typedef struct asked {
    const char *text, *answer;
} asked;

static inline void expect_all(km_jv resource, const asked *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        expect_answer(resource, rows[i].text, rows[i].answer);
}
#define EXPECT_ALL(resource, rows) expect_all((resource), (rows), sizeof(rows) / sizeof *(rows))

static inline int open_arena(void **state)
{
    (void)state;
    arena = km_arena_new(KM_ARENA_CAP_DEFAULT);
    return 0;
}

static inline int close_arena(void **state)
{
    (void)state;
    km_arena_free(arena);
    return 0;
}

#endif
