/* SPDX-License-Identifier: Apache-2.0
 *
 * writer: the one thread that writes. It takes what waits (small plans before loads), carries it
 * out in one transaction, makes it durable, then answers everybody: many requests share one fsync.
 *
 * Life of a group: begin -> plans, in order of arrival -> flush folds -> head of the chain ->
 * commit -> answers. When the store fails anywhere in it: rollback, counters and folds back to
 * where they were, every plan of the group answered KM_STORE.
 */
#include "record/inside.h"

#include <assert.h>
#include <stdlib.h>

/* A load gives way: beside small plans a group takes this many records of it, about 20 ms of
 * writing. Alone it may take more: the rows of a larger group lie closer together, so fewer pages
 * are written for them. */
enum { BULK_RECORDS = 1000, BULK_ALONE = 2000, GROUP_JOBS = 4096 };

static void put(km_queue *q, km_job *j)
{
    j->next = NULL;
    if (q->last != NULL)
        q->last->next = j;
    else
        q->first = j;
    q->last = j;
}

static km_job *take(km_queue *q)
{
    km_job *j = q->first;
    if (j != NULL) {
        q->first = j->next;
        if (q->first == NULL)
            q->last = NULL;
    }
    return j;
}

/* The next job that may join the group, NULL when it is complete. A job that runs alone begins a
 * group and ends it. */
static km_job *next_for(km_log *l, size_t jobs, int64_t records, int64_t bulk_records)
{
    km_job *first = l->small.first;
    int64_t small_records = records - bulk_records;
    if (jobs >= GROUP_JOBS || small_records >= (int64_t)l->o.group_records)
        return NULL;
    if (first != NULL)
        return first->alone && jobs > 0 ? NULL : take(&l->small);
    if (bulk_records >= (small_records > 0 ? BULK_RECORDS : BULK_ALONE))
        return NULL;
    return take(&l->bulk);
}

static void finish(km_job *j)
{
    if (j->finished != NULL) {
        sem_post(j->finished); /* the job stands on the waiter's stack: gone from here on */
        return;
    }
    j->done(j->done_self, j->plan, j->code);
    free(j);
}

static void answer_all(km_job *first, km_code lost_code, const km_fault *why)
{
    for (km_job *j = first, *next; j != NULL; j = next) {
        next = j->next;
        if (lost_code != KM_OK) {
            km_fault_clear(j->fault);
            j->code = km_fail(j->fault, lost_code, NULL, "%s", why->detail);
        }
        finish(j);
    }
}

/* Only the types that this group has written. */
static km_code put_type_heads(km_log *l, const km_counters *before, km_fault *f)
{
    km_stmt *st;
    for (size_t type = 0; type < KM_TYPES; type++) {
        if (l->now.type_last[type] == before->type_last[type])
            continue;
        KM_TRY(km_query(&st, l->conn, "type_head_put", f));
        km_bind_int(st, 1, (int64_t)type);
        km_bind_int(st, 2, l->now.type_last[type]);
        KM_TRY(km_run(st, NULL, f));
    }
    return KM_OK;
}

static km_code put_head(km_log *l, const km_counters *before, km_fault *f)
{
    km_stmt *st;
    KM_TRY(put_type_heads(l, before, f));
    KM_TRY(km_query(&st, l->conn, "log_commit_put", f));
    km_bind_int(st, 1, l->now.seq);
    km_bind_blob(st, 2, l->now.head, KM_SHA256_LEN);
    return km_run(st, NULL, f);
}

static void undo(km_log *l, const km_counters *before)
{
    km_rollback(l->conn);
    l->now = *before;
    km_charts__clear(l->charts);
    km_act__forget(l);
    for (size_t i = 0; i < l->folds; i++)
        l->o.folds[i]->drop(l->fold_state[i]);
}

/* Work beside the log may write before it refuses, so it gets a savepoint, which a plan need not
 * have (D1). What folds have noted by then is written before it, or would go with it. */
static km_code run_among_others(km_txn *t, km_job *j)
{
    km_conn *c = t->log->conn;
    if (km_plan__flush(t, j->fault) != KM_OK || km_savepoint(c, j->fault) != KM_OK)
        return KM_STORE;
    km_code rc = j->run(j->self, t, j->fault);
    if (rc == KM_OK)
        return km_release(c, j->fault) == KM_OK ? KM_OK : KM_STORE;
    km_rollback_to(c);
    return rc;
}

static km_code carry_out(km_txn *t, km_job *j, int64_t *records)
{
    if (j->run == NULL)
        return km_plan__carry_out(t, j->plan, &j->failed, records);
    if (!j->alone)
        return run_among_others(t, j);
    km_code rc = j->run(j->self, t, j->fault);
    return rc == KM_OK ? km_plan__flush(t, j->fault) : rc;
}

/* Fills the group from the queues; KM_STORE when it is lost. */
static km_code fill(km_txn *t, km_job **first, km_fault *f)
{
    km_log *l = t->log;
    km_job **last = first;
    int64_t records = 0, bulk = 0;
    for (size_t jobs = 0;; jobs++) {
        pthread_mutex_lock(&l->lock);
        km_job *j = next_for(l, jobs, records, bulk);
        pthread_mutex_unlock(&l->lock);
        if (j == NULL)
            return KM_OK;
        j->next = NULL;
        *last = j;
        last = &j->next;
        int64_t before = records;
        j->code = carry_out(t, j, &records);
        if (j->code == KM_STORE || (j->alone && j->code != KM_OK)) {
            *f = *j->fault;
            return j->code;
        }
        if (j->plan != NULL && j->plan->bulk)
            bulk += records - before;
        if (j->alone)
            return KM_OK;
    }
}

/* After a commit whose outcome is unknown, or a connection that was lost, the store says where the
 * log ends. */
static km_code begin_again(km_log *l, km_fault *f)
{
    if (l->conn != NULL)
        km_store_return(l->conn);
    l->conn = NULL;
    km_code rc = km_store_writer(&l->conn, l->o.store, f);
    if (rc != KM_OK) {
        l->conn = NULL;
        return rc;
    }
    km_charts__clear(l->charts);
    KM_TRY(km_log__read_state(l, f));
    l->in_doubt = false;
    return km_begin(l->conn, f);
}

static km_code begin(km_log *l, km_fault *f)
{
    if (l->conn != NULL && !l->in_doubt && km_begin(l->conn, f) == KM_OK)
        return KM_OK;
    km_fault_clear(f);
    return begin_again(l, f);
}

/* Whoever is first in line learns that nothing can be written; the others try again. */
static km_job *first_in_line(km_log *l)
{
    pthread_mutex_lock(&l->lock);
    km_job *j = take(l->small.first ? &l->small : &l->bulk);
    pthread_mutex_unlock(&l->lock);
    if (j != NULL)
        j->next = NULL;
    return j;
}

static km_code finish_group(km_txn *t, const km_counters *before, km_fault *f)
{
    km_log *l = t->log;
    KM_TRY(km_plan__flush(t, f));
    if (l->now.seq != before->seq)
        KM_TRY(put_head(l, before, f));
    km_code rc = km_commit(l->conn, f);
    l->in_doubt = rc != KM_OK;
    return rc;
}

static void count_group(km_log *l, const km_job *first)
{
    pthread_mutex_lock(&l->lock);
    l->figures.groups++;
    l->figures.versions = l->now.seq;
    for (const km_job *j = first; j != NULL; j = j->next)
        l->figures.waiting--;
    pthread_mutex_unlock(&l->lock);
}

static void write_group(km_log *l)
{
    km_fault fault = { 0 };
    km_job *first = NULL;
    km_code rc = begin(l, &fault);
    km_counters *before = malloc(sizeof *before);
    assert(before != NULL);
    *before = l->now;
    if (rc == KM_OK) {
        km_reader reader = { .log = l,
                             .conn = l->conn,
                             .access = NULL,
                             .sealing = l->sealing,
                             .writers = true,
                             .begun = true };
        km_txn t = { .log = l, .reader = &reader };
        reader.txn = &t;
        km_ms now = l->o.clock->now(l->o.clock->self);
        l->now.at = now > before->at ? now : before->at; /* never runs backwards */
        rc = fill(&t, &first, &fault);
        if (rc == KM_OK)
            rc = finish_group(&t, before, &fault);
        if (rc != KM_OK)
            undo(l, before);
    } else {
        first = first_in_line(l);
    }
    free(before);
    count_group(l, first);
    answer_all(first, rc, &fault);
}

static void *run(void *arg)
{
    km_log *l = arg;
    pthread_mutex_lock(&l->lock);
    for (;;) {
        while (l->small.first == NULL && l->bulk.first == NULL && !l->stopping)
            pthread_cond_wait(&l->work, &l->lock);
        if (l->small.first == NULL && l->bulk.first == NULL)
            break;
        pthread_mutex_unlock(&l->lock);
        write_group(l);
        pthread_mutex_lock(&l->lock);
    }
    pthread_mutex_unlock(&l->lock);
    return NULL;
}

km_code km_writer__start(km_log *l, km_fault *f)
{
    if (pthread_create(&l->writer, NULL, run, l) != 0)
        return km_fail(f, KM_INTERNAL, NULL, "no thread for the writer");
    l->writer_runs = true;
    return KM_OK;
}

void km_writer__stop(km_log *l)
{
    if (!l->writer_runs)
        return;
    pthread_mutex_lock(&l->lock);
    l->stopping = true;
    pthread_cond_signal(&l->work);
    pthread_mutex_unlock(&l->lock);
    pthread_join(l->writer, NULL);
    l->writer_runs = false;
}

static km_code hand_over(km_log *l, km_job *j, bool bulk)
{
    pthread_mutex_lock(&l->lock);
    bool stopping = l->stopping;
    if (!stopping) {
        put(bulk ? &l->bulk : &l->small, j);
        l->figures.waiting++;
        pthread_cond_signal(&l->work);
    }
    pthread_mutex_unlock(&l->lock);
    return stopping ? km_fail(j->fault, KM_STOPPING, NULL, NULL) : KM_OK;
}

static km_code hand_over_and_wait(km_log *l, km_job *j, bool bulk)
{
    sem_t finished;
    sem_init(&finished, 0, 0);
    j->finished = &finished;
    km_code rc = hand_over(l, j, bulk);
    if (rc == KM_OK) {
        while (sem_wait(&finished) != 0)
            ;
        rc = j->code;
    }
    sem_destroy(&finished);
    return rc;
}

km_code km_log_write(km_log *l, km_plan *p, size_t *failed)
{
    size_t nowhere;
    if (failed == NULL)
        failed = &nowhere;
    *failed = p->n;
    KM_TRY(km_plan__prepare(l, p, failed));
    km_job j = { .plan = p, .fault = p->call->fault, .failed = p->n };
    km_code rc = hand_over_and_wait(l, &j, p->bulk);
    *failed = j.failed;
    return rc;
}

km_code km_log_prepare(km_log *l, km_plan *p)
{
    size_t failed;
    return km_plan__prepare(l, p, &failed);
}

km_code km_log_submit(km_log *l, km_plan *p, void (*done)(void *self, km_plan *p, km_code c),
                      void *self)
{
    assert(p->n > 0 && p->write[0].prepared != NULL);
    km_job *j = calloc(1, sizeof *j);
    assert(j != NULL);
    *j = (km_job){ .plan = p, .done = done, .done_self = self, .fault = p->call->fault };
    km_code rc = hand_over(l, j, p->bulk);
    if (rc != KM_OK)
        free(j);
    return rc;
}

km_code km_writer__alone(km_log *l, km_code (*work)(void *self, km_txn *t, km_fault *f), void *self,
                         km_fault *f)
{
    km_job j = { .run = work, .self = self, .alone = true, .fault = f };
    return hand_over_and_wait(l, &j, false);
}

km_code km_log_work(km_log *l, km_code (*work)(void *self, km_txn *t, km_fault *f), void *self,
                    km_fault *f)
{
    km_job j = { .run = work, .self = self, .fault = f };
    return hand_over_and_wait(l, &j, false);
}

km_conn *km_txn_conn(km_txn *t)
{
    return t->log->conn;
}

km_log_figures km_log_figured(km_log *l)
{
    pthread_mutex_lock(&l->lock);
    km_log_figures figures = l->figures;
    pthread_mutex_unlock(&l->lock);
    return figures;
}
