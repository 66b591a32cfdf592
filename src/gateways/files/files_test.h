/* SPDX-License-Identifier: Apache-2.0
 *
 * files_test: imports and exports of a test: run as the command line runs them, the report read as
 * the JSON it is, and what the node holds afterwards.
 */
#ifndef KM_GATEWAYS_FILES_FILES_TEST_H
#define KM_GATEWAYS_FILES_FILES_TEST_H

#include "platform/node_test.h"

#include "gateways/files/files.h"

static const km_service *const km_test_files[] = { &km_gateway_files, NULL };

typedef struct km_test_option {
    const char *name, *value;
} km_test_option;

static inline const char *km_test_option_of(const km_args *a, const char *name)
{
    const km_test_option *o = a->self;
    for (; o != NULL && o->name != NULL; o++)
        if (strcmp(o->name, name) == 0)
            return o->value;
    return NULL;
}

/* Runs a verb of the gateway; its exit code. `said` is what stood on standard output. */
static inline int km_test_verb(km_str *said, km_test_node *t, const char *verb, const char *word,
                               const km_test_option *options)
{
    const char *words[] = { word };
    km_args a = { .config = &t->config,
                  .word = words,
                  .words = word != NULL,
                  .option = km_test_option_of,
                  .self = options };
    if (t->node == NULL && km_test_node_open(t) != KM_OK)
        fail_msg("%s %s", km_code_sentence(t->fault.code), t->fault.detail);
    for (const km_command *c = km_gateway_files.commands; c->verb != NULL; c++)
        if (strcmp(c->verb, verb) == 0) {
            km_test_words heard = km_test_listen(stdout);
            int rc = c->run(&a, t->node);
            *said = km_test_heard(&heard, t->arena);
            return rc;
        }
    fail_msg("no verb %s", verb);
    return -1;
}

/* Imports a path and checks the exit code; the report. */
static inline km_jv km_test_import_so(km_test_node *t, const char *path, int rc,
                                      const km_test_option *options)
{
    km_str said;
    km_json *doc;
    int got = km_test_verb(&said, t, "import", path, options);
    if (got != rc)
        fail_msg("exit %d, not %d: %.*s", got, rc, KM_STR_ARG(said));
    assert_int_equal(km_json_parse(&doc, t->arena, said, NULL, NULL), KM_OK);
    return km_json_root(doc);
}

static inline km_jv km_test_import(km_test_node *t, const char *path, int rc)
{
    return km_test_import_so(t, path, rc, NULL);
}

static inline int64_t km_test_count(km_jv report, const char *name)
{
    int64_t n = -1;
    if (!km_str_to_i64(&n, km_jv_text(report, name)))
        fail_msg("no %s in %.*s", name, KM_STR_ARG(km_jv_raw(report)));
    return n;
}

static inline void km_test_counts(km_jv report, int64_t stored, int64_t unchanged, int64_t refused)
{
    if (km_test_count(report, "stored") != stored || km_test_count(report, "unchanged") != unchanged
        || km_test_count(report, "refused") != refused)
        fail_msg("not %d stored, %d unchanged, %d refused: %.*s", (int)stored, (int)unchanged,
                 (int)refused, KM_STR_ARG(km_jv_raw(report)));
}

/* The i-th refusal stands there, for this reason. */
static inline void km_test_refused_at(km_jv report, uint32_t i, const char *file, int64_t line,
                                      const char *word)
{
    km_jv one = km_jv_item(KM_JV_GET(report, "refusals"), i);
    if (!km_str_ends(km_jv_text(one, "file"), km_str_of(file)) || km_test_count(one, "line") != line
        || !km_test_says(km_jv_raw(one), word))
        fail_msg("not %s:%d %s: %.*s", file, (int)line, word, KM_STR_ARG(km_jv_raw(report)));
}

/* The current version, or NULL; of a source by its URI (NULL: the node's own). */
static inline km_record *km_test_find(km_test_node *t, const char *uri, const char *type,
                                      const char *id)
{
    km_record *rec = NULL;
    km_reader *r;
    km_fault f = { 0 };
    int32_t source = t->node->local_source;
    km_call call = {
        .arena = t->arena, .fault = &f, .clock = t->node->clock, .random = t->node->random
    };
    if (uri != NULL)
        assert_int_equal(km_log_source(&source, t->node->log, km_str_of(uri), KM_STR_NONE, &f),
                         KM_OK);
    assert_int_equal(
        km_reader_open(&r, t->node->log, km_trust_job_access("export", t->arena), &call), KM_OK);
    km_code rc = km_reader_find(&rec, r, km_fhir_type_named(km_str_of(type)), km_str_of(id),
                                source);
    km_reader_close(r);
    return rc == KM_OK && rec->source == source && !rec->deleted ? rec : NULL;
}

static inline void km_test_holds(km_test_node *t, const char *uri, const char *type, const char *id,
                                 int version, const char *word)
{
    km_record *rec = km_test_find(t, uri, type, id);
    if (rec == NULL)
        fail_msg("no %s/%s", type, id);
    else if (rec->version != version || !km_test_says(rec->stored, word))
        fail_msg("%s/%s is version %d: %.*s", type, id, rec->version, KM_STR_ARG(rec->stored));
}

static inline int64_t km_test_whole(km_test_node *t)
{
    km_own_call own;
    km_verify_report report;
    km_own_call_open(&own, t->node, "verify", (size_t)1 << 30);
    assert_int_equal(km_log_verify(&report, t->node->log, NULL, &own.call), KM_OK);
    km_own_call_close(&own);
    return report.versions;
}

#endif
