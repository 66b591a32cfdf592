/* SPDX-License-Identifier: Apache-2.0
 *
 * verify: the proof of the log, in one walk over it. What is proved, cited by tests:
 *   V1 every entry from 1 on is there, and the chain over them meets every commit, the last at the
 *      last entry; no commit stands behind it
 *   V2 every body opens under its chart's key, its type, id and version
 *   V3 an entry without a row in `resource` belongs to an erased chart
 *   V4 `resource` names the newest entry of each, as it is in the log
 *   V5 each resource, and nothing else, has its claim
 *   V6 `type_head` names the newest entry of each type, and type_prev leads to the one before
 *   V7 the words of who wrote an entry are those of the chain
 *   V8 a chart names the Patient that is in it
 * What was cut off at the end together with its commits is noticed while the node runs, which
 * remembers how far it came; afterwards only a copy of the head kept elsewhere tells.
 */
#include "record/inside.h"

typedef struct proof {
    km_verify_report *out;
    km_reader *r;
    const km_progress *progress;
    unsigned char head[KM_SHA256_LEN];
    unsigned char committed[KM_SHA256_LEN]; /* what log_commit says at `next_commit` */
    int64_t next_commit, expected_seq;
    int64_t next_act; /* the entry from which `act` says who wrote; 0: no more of them */
    km_str act;
    km_arena *words; /* of `act` alone */
    km_arena_mark no_words;
    int64_t all;     /* entries that were there before the proof began; more may have come */
    int64_t current; /* entries that `resource` names */
    int64_t type_last[KM_TYPES];
} proof;

static km_code broken(proof *p, int64_t seq, const char *what)
{
    p->out->bad_seq = seq;
    return km_fail(p->r->call->fault, KM_TAMPERED, NULL, "entry %lld: %s", (long long)seq, what);
}

/* --- the walk --- */

static km_code next_commit(proof *p)
{
    km_stmt *st;
    bool row;
    km_fault *f = p->r->call->fault;
    KM_TRY(km_query(&st, p->r->conn, "log_commit_after", f));
    km_bind_int(st, 1, p->next_commit);
    KM_TRY(km_step(&row, st, f));
    if (!row)
        return KM_OK;
    p->next_commit = km_col_int(st, 0);
    km_str head = km_col_blob(st, 1);
    memset(p->committed, 0, KM_SHA256_LEN);
    if (head.n == KM_SHA256_LEN)
        memcpy(p->committed, head.p, KM_SHA256_LEN);
    km_reset(st);
    p->out->commits++;
    return KM_OK;
}

/* The words that hold from a later entry on; 0: none. */
static km_code next_act(proof *p)
{
    km_stmt *st;
    bool row;
    km_call *call = p->r->call;
    KM_TRY(km_query(&st, p->r->conn, "act_after", call->fault));
    km_bind_int(st, 1, p->next_act);
    KM_TRY(km_step(&row, st, call->fault));
    p->next_act = row ? km_col_int(st, 0) : 0;
    km_arena_back(p->words, p->no_words);
    p->act = row ? km_arena_copy(p->words, km_col_text(st, 1)) : KM_STR_NONE;
    if (row)
        km_reset(st);
    return KM_OK;
}

static km_code prove_chain(proof *p, const km_entry *e)
{
    if (e->seq != p->expected_seq)
        return broken(p, p->expected_seq, "missing");
    p->expected_seq++;
    if (p->next_commit < e->seq)
        KM_TRY(next_commit(p));
    if (p->next_act == e->seq) {
        km_chain__act(p->head, e->seq, p->act);
        KM_TRY(next_act(p));
    }
    km_chain__append(p->head, e);
    if (e->seq == p->next_commit && memcmp(p->head, p->committed, KM_SHA256_LEN) != 0)
        return broken(p, e->seq, "the chain up to here differs from its commit");
    return KM_OK;
}

static km_code prove_body(proof *p, const km_walked *one)
{
    km_record *rec;
    unsigned char key[KM_KEY_LEN];
    km_reader *r = p->r;
    km_fault *f = r->call->fault;
    km_code rc = one->known ? km_reader__open_entry(&rec, r, &one->e, one->id)
                            : km_seal__key(key, r->log, r->conn, r->sealing, one->e.chart, f);
    if (rc == KM_STORE)
        return rc;
    km_fault_clear(f);
    if (one->known)
        return rc == KM_OK ? KM_OK : broken(p, one->e.seq, "its body does not open");
    return rc == KM_ERASED ? KM_OK : broken(p, one->e.seq, "its resource is not known any more");
}

static km_code prove_place(proof *p, const km_walked *one)
{
    const km_entry *e = &one->e;
    if (e->type <= 0 || e->type >= (int64_t)KM_TYPES || e->type_prev != p->type_last[e->type])
        return broken(p, e->seq, "it does not follow the one before of its type");
    p->type_last[e->type] = e->seq;
    if (one->known && one->newest < e->seq)
        return broken(p, e->seq, "newer than what the table of resources names");
    p->current += one->known && one->newest == e->seq;
    return KM_OK;
}

static km_code prove_entries(proof *p)
{
    km_arena *a = p->r->call->arena;
    km_walked *rows = KM_NEW_ARRAY(a, KM_WALK_PORTION, km_walked);
    km_arena_mark mark = km_arena_here(a);
    KM_TRY(next_act(p));
    for (size_t n = KM_WALK_PORTION; n == KM_WALK_PORTION;) {
        km_arena_back(a, mark);
        KM_TRY(km_walk__portion(rows, &n, p->r, p->expected_seq - 1));
        for (size_t i = 0; i < n; i++) {
            KM_TRY(prove_chain(p, &rows[i].e));
            KM_TRY(prove_body(p, &rows[i]));
            KM_TRY(prove_place(p, &rows[i]));
            p->out->versions++;
        }
        if (p->progress != NULL && !p->progress->tick(p->progress->self, p->out->versions, p->all))
            return km_fail(p->r->call->fault, KM_CANCELLED, NULL, NULL);
    }
    KM_TRY(next_commit(p));
    if (p->next_act != 0)
        return broken(p, p->next_act, "words of who wrote it, and no entry");
    if (p->expected_seq - 1 != p->next_commit)
        return broken(p, p->expected_seq, "the log does not end where its last commit says");
    return p->expected_seq > p->all ? KM_OK : broken(p, p->expected_seq, "missing");
}

/* --- the tables beside the log --- */

static km_code two_numbers(int64_t out[2], proof *p, const char *query)
{
    km_stmt *st;
    bool row;
    km_fault *f = p->r->call->fault;
    KM_TRY(km_query(&st, p->r->conn, query, f));
    KM_TRY(km_step(&row, st, f));
    out[0] = row ? km_col_int(st, 0) : 0;
    out[1] = row ? km_col_int(st, 1) : 0;
    km_reset(st);
    return KM_OK;
}

static km_code prove_counts(proof *p)
{
    int64_t n[2];
    KM_TRY(two_numbers(n, p, "chart_counts"));
    p->out->charts = n[0];
    p->out->erased = n[1];
    KM_TRY(two_numbers(n, p, "table_counts"));
    if (n[0] != p->current)
        return broken(p, p->expected_seq, "there are resources that no entry made");
    if (n[1] != n[0])
        return broken(p, p->expected_seq, "there are claims of no resource");
    return KM_OK;
}

static km_code prove_type_heads(proof *p)
{
    km_stmt *st;
    km_fault *f = p->r->call->fault;
    KM_TRY(km_query(&st, p->r->conn, "type_head_all", f));
    for (;;) {
        bool row;
        KM_TRY(km_step(&row, st, f));
        if (!row)
            break;
        int64_t type = km_col_int(st, 0), seq = km_col_int(st, 1);
        if (type > 0 && type < (int64_t)KM_TYPES && p->type_last[type] == seq) {
            p->type_last[type] = 0;
            continue;
        }
        km_reset(st);
        return broken(p, seq, "the table of types names another one as newest");
    }
    for (size_t type = 0; type < KM_TYPES; type++)
        if (p->type_last[type] != 0)
            return broken(p, p->type_last[type], "the table of types does not name it");
    return KM_OK;
}

/* Each query lists offenders. */
static km_code prove_tables(proof *p)
{
    static const struct {
        const char *query, *what;
        bool of_patients;
    } rows[] = { { "wrong_current", "not as the table of resources says", false },
                 { "wrong_claim", "its id is not claimed as it should be", false },
                 { "wrong_chart", "its chart names another patient", true } };
    km_fault *f = p->r->call->fault;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        km_stmt *st;
        bool row;
        KM_TRY(km_query(&st, p->r->conn, rows[i].query, f));
        if (rows[i].of_patients)
            km_bind_int(st, 1, km_fhir_type_named(KM_STR("Patient")));
        KM_TRY(km_step(&row, st, f));
        if (!row)
            continue;
        int64_t seq = km_col_int(st, 0);
        km_reset(st);
        return broken(p, seq, rows[i].what);
    }
    return KM_OK;
}

static km_code prove(proof *p)
{
    KM_TRY(prove_entries(p));
    KM_TRY(prove_counts(p));
    KM_TRY(prove_tables(p));
    return prove_type_heads(p);
}

km_code km_log_verify(km_verify_report *out, km_log *l, const km_progress *progress, km_call *call)
{
    static const km_access_rules none = { 0 };
    km_access everything = { .rules = &none, .covers_all = true };
    km_arena *arena = km_arena_new((size_t)1 << 30);
    km_call inner = *call;
    inner.arena = arena;
    *out = (km_verify_report){ 0 };
    proof *p = KM_NEW(arena, proof);
    *p = (proof){ .out = out, .progress = progress, .expected_seq = 1 };
    p->words = km_arena_new((size_t)1 << 24);
    p->no_words = km_arena_here(p->words);
    p->all = km_log_figured(l).versions; /* before the snapshot: what comes now may be in it */
    km_code rc = km_reader_open(&p->r, l, &everything, &inner);
    if (rc == KM_OK) {
        (void)km_reader_conn(p->r); /* one snapshot for the whole proof */
        rc = prove(p);
        km_str hex = km_hex(arena, p->head, KM_SHA256_LEN);
        memcpy(out->head, hex.p, 64);
        out->head[64] = '\0';
        km_reader_close(p->r);
    }
    km_arena_free(p->words);
    km_arena_free(arena);
    return rc;
}
