/* SPDX-License-Identifier: Apache-2.0
 *
 * log: opening and closing, settings, sources.
 */
#include "record/inside.h"

#include <assert.h>
#include <stdlib.h>

km_code km_setting__get(km_str *value, bool *there, km_conn *c, km_arena *a, const char *name,
                        km_fault *f)
{
    km_stmt *st;
    KM_TRY(km_query(&st, c, "setting_get", f));
    km_bind_text(st, 1, km_str_of(name));
    KM_TRY(km_step(there, st, f));
    if (*there) {
        *value = km_arena_copy(a, km_col_blob(st, 0));
        km_reset(st);
    }
    return KM_OK;
}

km_code km_setting__put(km_conn *c, const char *name, km_str value, km_fault *f)
{
    km_stmt *st;
    int64_t changed;
    KM_TRY(km_query(&st, c, "setting_put", f));
    km_bind_text(st, 1, km_str_of(name));
    km_bind_blob(st, 2, value.p, value.n);
    return km_run(st, &changed, f);
}

static km_code one_number(int64_t *out, km_conn *c, const char *query, km_fault *f)
{
    km_stmt *st;
    bool row;
    KM_TRY(km_query(&st, c, query, f));
    KM_TRY(km_step(&row, st, f));
    if (row) {
        *out = km_col_int(st, 0);
        km_reset(st);
    }
    return KM_OK;
}

/* Two secrets of the store, made once, wrapped like the key of chart 0: the node's own body key and
 * the key of index hashes. */
static km_code open_secret(unsigned char out[KM_KEY_LEN], km_log *l, const char *name, km_arena *a,
                           km_fault *f)
{
    km_str wrapped;
    bool there;
    KM_TRY(km_setting__get(&wrapped, &there, l->conn, a, name, f));
    if (there && km_seal__unwrap(out, l, l->sealing, KM_CHART_NONE, wrapped, NULL) != KM_OK)
        return km_fail(f, KM_TAMPERED, NULL,
                       "the key file is not the one that this store was made with");
    if (there)
        return KM_OK;
    l->o.random->fill(l->o.random->self, out, KM_KEY_LEN);
    wrapped = km_seal__wrap(l, l->sealing, a, KM_CHART_NONE, out);
    return km_setting__put(l->conn, name, wrapped, f);
}

static km_code open_secrets(km_log *l, km_arena *a, km_fault *f)
{
    unsigned char index[KM_KEY_LEN];
    KM_TRY(open_secret(l->node_key, l, "node_key", a, f));
    KM_TRY(open_secret(index, l, "index_key", a, f));
    memcpy(&l->index_key, index, sizeof l->index_key);
    explicit_bzero(index, sizeof index);
    return KM_OK;
}

static km_code no_end(km_fault *f)
{
    return km_fail(f, KM_TAMPERED, NULL, "the log does not end where its last commit says");
}

static km_code read_head(km_log *l, km_fault *f)
{
    km_stmt *st;
    bool row;
    KM_TRY(km_query(&st, l->conn, "log_commit_last", f));
    KM_TRY(km_step(&row, st, f));
    if (!row)
        return l->now.seq == 0 ? KM_OK : no_end(f);
    int64_t last = km_col_int(st, 0);
    km_str head = km_col_blob(st, 1);
    if (head.n == KM_SHA256_LEN)
        memcpy(l->now.head, head.p, KM_SHA256_LEN);
    km_reset(st);
    return last == l->now.seq ? KM_OK : no_end(f);
}

static km_code read_type_heads(km_log *l, km_fault *f)
{
    km_stmt *st;
    bool row;
    KM_TRY(km_query(&st, l->conn, "type_head_all", f));
    for (;;) {
        KM_TRY(km_step(&row, st, f));
        if (!row)
            return KM_OK;
        int64_t type = km_col_int(st, 0);
        if (type > 0 && type < (int64_t)KM_TYPES)
            l->now.type_last[type] = km_col_int(st, 1);
    }
}

/* Erasing takes rows of `resource` away; their numbers are not used again all the same. */
static km_code read_rid(km_log *l, km_arena *a, km_fault *f)
{
    km_str text;
    bool there;
    int64_t kept;
    KM_TRY(one_number(&l->now.rid, l->conn, "rid_last", f));
    KM_TRY(km_setting__get(&text, &there, l->conn, a, KM_SETTING_RID, f));
    if (there && km_str_to_i64(&kept, text) && kept > l->now.rid)
        l->now.rid = kept;
    return KM_OK;
}

static km_code read_counters(km_log *l, km_arena *a, km_fault *f)
{
    km_stmt *st;
    bool row;
    memset(&l->now, 0, sizeof l->now);
    KM_TRY(km_query(&st, l->conn, "log_last", f));
    KM_TRY(km_step(&row, st, f));
    if (row) {
        l->now.seq = km_col_int(st, 0);
        l->now.at = km_col_int(st, 1);
        km_reset(st);
    }
    KM_TRY(read_rid(l, a, f));
    KM_TRY(one_number(&l->now.chart, l->conn, "chart_last", f));
    KM_TRY(read_head(l, f));
    return read_type_heads(l, f);
}

km_code km_log__read_state(km_log *l, km_fault *f)
{
    km_arena *a = km_arena_new(1 << 20);
    km_code rc = read_counters(l, a, f);
    if (rc == KM_OK)
        rc = open_secrets(l, a, f);
    km_arena_free(a);
    pthread_mutex_lock(&l->lock);
    l->figures.versions = l->now.seq;
    pthread_mutex_unlock(&l->lock);
    return rc;
}

km_code km_log_open(km_log **out, const km_log_options *o, km_fault *f)
{
    km_log *l = calloc(1, sizeof *l);
    assert(l != NULL);
    l->o = *o;
    if (l->o.group_records == 0)
        l->o.group_records = 1000;
    pthread_mutex_init(&l->lock, NULL);
    pthread_mutex_init(&l->key_lock, NULL);
    pthread_cond_init(&l->work, NULL);
    l->key_slot = calloc(KM_KEY_SLOTS, sizeof *l->key_slot);
    l->charts = km_charts__new();
    l->sealing = km_sealing__new();
    assert(l->key_slot != NULL);
    for (; o->folds != NULL && o->folds[l->folds] != NULL; l->folds++) {
        assert(l->folds < KM_FOLDS);
        l->fold[l->folds] = o->folds[l->folds];
        l->fold_state[l->folds] = o->folds[l->folds]->open();
    }
    l->o.folds = l->fold;
    km_code rc = km_store_writer(&l->conn, o->store, f);
    if (rc == KM_OK)
        rc = km_log__read_state(l, f);
    if (rc == KM_OK)
        rc = km_writer__start(l, f);
    if (rc == KM_OK)
        rc = km_rebuild__outdated(l, f);
    if (rc != KM_OK) {
        km_log_close(l);
        return rc;
    }
    *out = l;
    return KM_OK;
}

void km_log_close(km_log *l)
{
    if (l == NULL)
        return;
    km_writer__stop(l);
    if (l->conn != NULL)
        km_store_return(l->conn);
    for (size_t i = 0; i < l->folds; i++)
        l->o.folds[i]->close(l->fold_state[i]);
    for (km_sealing *s; l->free_sealing != NULL;) {
        s = km_sealing__take(l);
        km_sealing__free(s);
    }
    km_sealing__free(l->sealing);
    km_charts__free(l->charts);
    km_act__forget(l);
    explicit_bzero(l->key_slot, KM_KEY_SLOTS * sizeof *l->key_slot);
    free(l->key_slot);
    free(l->erased);
    pthread_mutex_destroy(&l->lock);
    pthread_mutex_destroy(&l->key_lock);
    pthread_cond_destroy(&l->work);
    explicit_bzero(l, sizeof *l);
    free(l);
}

km_code km_log_is_sealed(bool *out, km_store *s, km_fault *f)
{
    km_conn *c;
    km_str ignored;
    km_arena *a = km_arena_new(1 << 16);
    km_code rc = km_store_reader(&c, s, f);
    if (rc == KM_OK) {
        rc = km_setting__get(&ignored, out, c, a, "node_key", f);
        km_store_return(c);
    }
    km_arena_free(a);
    return rc;
}

km_store *km_log_store(km_log *l)
{
    return l->o.store;
}

km_sipkey km_log_index_key(const km_log *l)
{
    return l->index_key;
}

const unsigned char *km_log_node_key(const km_log *l)
{
    return l->node_key;
}

/* --- sources --- */

typedef struct source_wish {
    km_str uri, name;
    int32_t number;
} source_wish;

static km_code put_source(km_conn *c, const source_wish *w, km_fault *f)
{
    km_stmt *st;
    int64_t changed;
    KM_TRY(km_query(&st, c, "source_put", f));
    km_bind_int(st, 1, w->number);
    km_bind_text(st, 2, w->uri);
    km_bind_text(st, 3, w->name);
    return km_run(st, &changed, f);
}

static km_code find_or_make_source(void *self, km_txn *t, km_fault *f)
{
    source_wish *w = self;
    km_conn *c = t->log->conn;
    km_stmt *st;
    bool row, renamed = false;
    KM_TRY(km_query(&st, c, "source_by_uri", f));
    km_bind_text(st, 1, w->uri);
    KM_TRY(km_step(&row, st, f));
    if (row) {
        w->number = (int32_t)km_col_int(st, 0);
        renamed = w->name.n > 0 && !km_str_eq(km_col_text(st, 1), w->name);
        km_reset(st);
        return renamed ? put_source(c, w, f) : KM_OK;
    }
    int64_t last = 0;
    KM_TRY(one_number(&last, c, "source_last", f));
    w->number = (int32_t)last + 1;
    if (w->name.n == 0)
        w->name = w->uri;
    return put_source(c, w, f);
}

km_code km_log_source_find(int32_t *number, km_log *l, km_str uri, km_fault *f)
{
    km_conn *c;
    km_stmt *st;
    bool row = false;
    *number = 0;
    KM_TRY(km_store_reader(&c, l->o.store, f));
    km_code rc = km_query(&st, c, "source_by_uri", f);
    if (rc == KM_OK) {
        km_bind_text(st, 1, uri);
        rc = km_step(&row, st, f);
    }
    if (rc == KM_OK && row) {
        *number = (int32_t)km_col_int(st, 0);
        km_reset(st);
    }
    km_store_return(c);
    return rc;
}

km_code km_log_source(int32_t *number, km_log *l, km_str uri, km_str name, km_fault *f)
{
    source_wish w = { uri, name, 0 };
    KM_TRY(km_writer__alone(l, find_or_make_source, &w, f));
    *number = w.number;
    return KM_OK;
}
