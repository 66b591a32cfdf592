/* SPDX-License-Identifier: Apache-2.0
 *
 * keep: the verbs that look after a node: verify, rebuild, erase.
 */
#include "app/inside.h"

static bool tick(void *self, int64_t done, int64_t all)
{
    km_bar_show(self, done, all, "");
    return !km_stop_asked();
}

int km_app__verify(const km_args *a, km_node *n)
{
    km_own_call own;
    km_verify_report report;
    km_bar bar = km_bar_start(a->config, "verify");
    km_progress progress = { tick, &bar };
    km_own_call_open(&own, n, "verify", KM_ARENA_CAP_DEFAULT);
    km_code rc = km_log_verify(&report, n->log, &progress, &own.call);
    km_bar_end(&bar);
    if (a->config->json)
        printf("{\"whole\":%s,\"versions\":%lld,\"commits\":%lld,\"charts\":%lld,\"erased\":%lld,"
               "\"badEntry\":%lld,\"head\":\"%s\"}\n",
               rc == KM_OK ? "true" : "false", (long long)report.versions,
               (long long)report.commits, (long long)report.charts, (long long)report.erased,
               (long long)report.bad_seq, report.head);
    else if (rc == KM_OK)
        printf("whole: %lld versions, %lld commits, %lld charts (%lld erased)\nhead %s\n",
               (long long)report.versions, (long long)report.commits, (long long)report.charts,
               (long long)report.erased, report.head);
    if (rc != KM_OK && !a->config->json)
        km_app__tell(a->config, "verify", &own.fault);
    km_own_call_close(&own);
    return km_app__exit_code(rc);
}

int km_app__rebuild(const km_args *a, km_node *n)
{
    km_own_call own;
    km_bar bar = km_bar_start(a->config, "rebuild");
    km_progress progress = { tick, &bar };
    if (a->words != 1) {
        fprintf(stderr, "kumihimo rebuild: name one view: index, person or consent\n");
        return KM_EXIT_USAGE;
    }
    km_own_call_open(&own, n, "rebuild", KM_ARENA_CAP_DEFAULT);
    km_code rc = km_log_rebuild(n->log, a->word[0], &progress, &own.call);
    km_bar_end(&bar);
    if (rc != KM_OK)
        km_app__tell(a->config, "rebuild", &own.fault);
    else if (a->config->json)
        printf("{\"rebuilt\":\"%s\"}\n", a->word[0]);
    else
        printf("rebuilt: %s\n", a->word[0]);
    km_own_call_close(&own);
    return rc == KM_NOT_FOUND ? KM_EXIT_USAGE : km_app__exit_code(rc);
}

/* --- erase --- */

/* All charts of the person whose Patient it is: erasing a person destroys the keys of all of them
 * (decision 6). */
static km_code charts_of(int64_t **chart, size_t *count, km_node *n, km_call *call, km_str patient)
{
    km_reader *r;
    int64_t own, rid, person;
    km_str id, type = km_str_cut(patient, '/', &id);
    if (!km_str_is(type, "Patient") || !km_fhir_is_id(id))
        return km_fail(call->fault, KM_USAGE, NULL, "write Patient/ID");
    KM_TRY(km_reader_open(&r, n->log, km_trust_job_access("erase", call->arena), call));
    km_code rc = km_reader_locate(&own, &rid, r, km_fhir_type_named(type), id, 0);
    if (rc == KM_OK) {
        rc = km_person_of_chart(&person, r, own);
        if (rc == KM_OK)
            rc = km_person_charts(chart, count, r, person);
        else if (rc == KM_NOT_FOUND) { /* a deleted Patient is no person any more */
            km_fault_clear(call->fault);
            *chart = KM_NEW_ARRAY(call->arena, 1, int64_t);
            **chart = own;
            *count = 1;
            rc = KM_OK;
        }
    }
    km_reader_close(r);
    return rc;
}

static km_code erase_one(size_t *erased, km_node *n, km_call *call, km_str patient)
{
    int64_t *chart;
    size_t count;
    KM_TRY(charts_of(&chart, &count, n, call, patient));
    for (size_t i = 0; i < count; i++) {
        KM_TRY(km_log_erase(n->log, chart[i], call->fault));
        ++*erased;
    }
    return KM_OK;
}

/* One document, whatever was refused. */
static void tell_erased(const km_config *c, size_t erased, size_t refused, km_str reasons)
{
    static const char when[] = "the last backup of the keys has expired";
    if (c->json)
        printf(
            "{\"chartsErased\":%zu,\"refused\":%zu,\"completeWhen\":\"%s\",\"refusals\":[%.*s]}\n",
            erased, refused, when, KM_STR_ARG(reasons));
    else
        printf("%zu charts erased, %zu refused. The erasure is complete when %s.\n", erased,
               refused, when);
}

int km_app__erase(const km_args *a, km_node *n)
{
    size_t erased = 0, refused = 0;
    km_code rc = KM_OK;
    if (a->words == 0) {
        fprintf(stderr, "kumihimo erase: name the patients: Patient/ID\n");
        return KM_EXIT_USAGE;
    }
    km_arena *reasons_room = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_buf reasons = km_buf_in(reasons_room);
    for (size_t i = 0; i < a->words; i++) {
        km_own_call own;
        km_own_call_open(&own, n, "erase", KM_ARENA_CAP_DEFAULT);
        km_code one = erase_one(&erased, n, &own.call, km_str_of(a->word[i]));
        if (one != KM_OK) {
            if (km_app__exit_code(one) > km_app__exit_code(rc))
                rc = one;
            if (refused++ > 0)
                km_buf_char(&reasons, ',');
            km_outcome_print(&reasons, &own.fault);
            if (!a->config->json)
                km_app__tell(a->config, "erase", &own.fault);
        }
        km_own_call_close(&own);
    }
    tell_erased(a->config, erased, refused, km_buf_str(&reasons));
    km_arena_free(reasons_room);
    return km_app__exit_code(rc);
}
