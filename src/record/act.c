/* SPDX-License-Identifier: Apache-2.0
 *
 * act: who wrote what. Words that stay the same from entry to entry are stored once, and are part
 * of the chain (chain.c), so that nobody changes them unseen.
 */
#include "record/inside.h"

#include <assert.h>
#include <stdlib.h>

void km_act__forget(km_log *l)
{
    free(l->act);
    l->act = NULL;
    l->act_n = 0;
}

static void remember(km_log *l, km_str text)
{
    km_act__forget(l);
    l->act = malloc(text.n + 1);
    assert(l->act != NULL);
    if (text.n > 0)
        memcpy(l->act, text.p, text.n);
    l->act_n = text.n;
}

km_code km_act__note(km_log *l, km_str text, km_fault *f)
{
    km_stmt *st;
    int64_t seq = l->now.seq + 1;
    if (l->act != NULL && km_str_eq((km_str){ l->act, l->act_n }, text))
        return KM_OK;
    KM_TRY(km_query(&st, l->conn, "act_put", f));
    km_bind_int(st, 1, seq);
    km_bind_text(st, 2, text.p != NULL ? text : KM_STR(""));
    KM_TRY(km_run(st, NULL, f));
    km_chain__act(l->now.head, seq, text);
    remember(l, text);
    return KM_OK;
}

/* --- read back --- */

typedef struct words {
    km_str text;
    int64_t next; /* the entry from which others hold; 0: none */
} words;

static km_code words_at(words *out, km_conn *c, int64_t seq, km_call *call)
{
    km_stmt *st;
    bool row;
    KM_TRY(km_query(&st, c, "act_at", call->fault));
    km_bind_int(st, 1, seq);
    KM_TRY(km_step(&row, st, call->fault));
    out->text = row ? km_arena_copy(call->arena, km_col_text(st, 1)) : KM_STR_NONE;
    if (row)
        km_reset(st);
    KM_TRY(km_query(&st, c, "act_after", call->fault));
    km_bind_int(st, 1, seq);
    KM_TRY(km_step(&row, st, call->fault));
    out->next = row ? km_col_int(st, 0) : 0;
    if (row)
        km_reset(st);
    return KM_OK;
}

static km_code read_rows(km_written *out, size_t *n, size_t room, km_conn *c, int64_t after,
                         km_call *call)
{
    km_stmt *st;
    KM_TRY(km_query(&st, c, "log_written", call->fault));
    km_bind_int(st, 1, after);
    km_bind_int(st, 2, (int64_t)room);
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, call->fault));
        if (!row)
            return KM_OK;
        out[(*n)++] = (km_written){ .seq = km_col_int(st, 0),
                                    .chart = km_col_int(st, 1),
                                    .type = (km_ftype)km_col_int(st, 2),
                                    .version = (int32_t)km_col_int(st, 3),
                                    .op = (km_op)km_col_int(st, 4),
                                    .at = km_col_int(st, 5),
                                    .id = km_col_null(st, 6)
                                              ? KM_STR_NONE
                                              : km_arena_copy(call->arena, km_col_text(st, 6)) };
    }
}

km_code km_log_written(km_written *out, size_t *n, size_t room, km_log *l, int64_t after,
                       km_call *call)
{
    km_conn *c;
    words w = { .next = 0 };
    *n = 0;
    KM_TRY(km_store_reader(&c, l->o.store, call->fault));
    km_code rc = km_begin(c, call->fault);
    if (rc == KM_OK)
        rc = read_rows(out, n, room, c, after, call);
    for (size_t i = 0; i < *n && rc == KM_OK; i++) {
        if (i == 0 || (w.next > 0 && out[i].seq >= w.next))
            rc = words_at(&w, c, out[i].seq, call);
        out[i].act = w.text;
    }
    km_rollback(c);
    km_store_return(c);
    return rc;
}
