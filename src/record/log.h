/* SPDX-License-Identifier: Apache-2.0
 *
 * log: the append-only log of record versions; the only truth of the node. Everything else
 * is a fold of it.
 *
 * Promises
 * - Total order: `seq` rises by one with each version, without gaps among committed ones.
 * - km_log_write returns KM_OK only after its group is durable (fsync). Many callers share
 *   one fsync. One writer thread does all writing, in order of arrival.
 * - A plan is all or nothing. It runs in two passes on the writer: first every precondition,
 *   claim and version is checked and nothing is written; then everything is appended and
 *   folded. What can be prepared (canonical text, compression, seal, index rows) is prepared
 *   by the caller's thread before.
 * - Large plans and loads run in chunks that let small writes pass between them (bulk).
 * - Bodies are compressed (zstd with a numbered dictionary) and sealed with the chart's key:
 *   AES-256-GCM, random nonce, additional data = chart, type, id, version (decision 8).
 * - Each version's leaf hash covers its header and its sealed bytes (decision 9); each commit
 *   stores the head of the chain over them. km_log_verify proves the log whole.
 * - Erasing a chart deletes its view rows, then its key: the sealed bytes and all proofs stay.
 */
#ifndef KM_RECORD_LOG_H
#define KM_RECORD_LOG_H

#include "base/hash.h"
#include "record/fold.h"
#include "record/record.h"
#include "store/store.h"

typedef struct km_log km_log;
typedef struct km_reader km_reader;

typedef struct km_log_options {
    km_store *store;
    unsigned char kek[32];           /* key-encryption key */
    uint32_t kek_number;             /* which one wrapped a key; for rotation */
    const km_fold_def *const *folds; /* in-transaction folds, NULL-ended; index, person */
    const km_clock *clock;
    const km_random *random;
    unsigned group_records; /* most versions in one commit; default 1000 */
} km_log_options;

/* The .sql lists that a store for a log must have been opened with. */
extern const km_embedded km_sql_record[];

km_code km_log_open(km_log **out, const km_log_options *o, km_fault *f);
/* True when a log in this store has been opened before: its keys are wrapped by a key-encryption
 * key that no new one can stand in for. Asked before the log is opened. */
km_code km_log_is_sealed(bool *out, km_store *s, km_fault *f);
/* Lets the writer finish what it has, then stops. */
void km_log_close(km_log *l);
km_store *km_log_store(km_log *l);
km_sipkey km_log_index_key(const km_log *l); /* secret of this store, for keyed index hashes */
const unsigned char *km_log_node_key(const km_log *l); /* 32 bytes, chart 0's: for cursors */

/* For watching: versions written, groups committed since the start, plans that wait. */
typedef struct km_log_figures {
    int64_t versions, groups, waiting;
} km_log_figures;
km_log_figures km_log_figured(km_log *l);

/* --- sources --- */
typedef struct km_source {
    int32_t number;
    km_str uri;  /* urn:... or https://... */
    km_str name; /* for people: the institution */
} km_source;
/* Finds the source, or makes it (durably). An existing one's name is replaced by a given one. */
km_code km_log_source(int32_t *number, km_log *l, km_str uri, km_str name, km_fault *f);
/* *number 0 when there is none. */
km_code km_log_source_find(int32_t *number, km_log *l, km_str uri, km_fault *f);
km_code km_reader_source(km_source *out, km_reader *r, int32_t number);

/* --- writing --- */
typedef enum km_op { KM_OP_CREATE = 1, KM_OP_UPDATE, KM_OP_DELETE } km_op;

#define KM_EXPECT_ANY ((int64_t)-1)   /* create or new version, whichever */
#define KM_EXPECT_ABSENT ((int64_t)0) /* must not exist (a deleted one may) */
                                      /* n > 0: the current version must be n */
typedef struct km_write {
    km_op op;
    km_ftype type;
    int32_t source;
    km_str id; /* logical id */
    km_jv
        resource; /* CREATE, UPDATE: checked already; its tape must live until the write is done */
    km_str owner; /* logical id of the owning Patient in the same source; empty: none.
                   * For a Patient itself: ignored. */
    int64_t expect;
    bool skip;      /* set by a precondition: this write is not carried out (a conditional
                     * create that found its record); its results stay what it set */
    bool keep_same; /* UPDATE with the same content as the current version appends nothing */
    bool rewritten; /* set by a precondition that changed `resource`: prepare again */
    /* results */
    bool created, unchanged;
    int32_t version;
    int64_t seq, chart, rid;
    km_ms at;
    struct km_prepared *prepared; /* the log's own */
} km_write;

typedef struct km_txn km_txn; /* the writer's transaction, seen by preconditions */

typedef struct km_plan {
    km_write *write;
    size_t n;
    /* Runs first, on the writer's thread and transaction; sees all earlier writes. May search,
     * set `skip`, `id`, `expect`, `resource`+`rewritten`, or refuse. NULL = none. */
    km_code (*before)(struct km_plan *p, km_txn *t, km_fault *f);
    void *self;
    km_call *call;     /* the writer uses its arena while the caller waits */
    km_access *access; /* what `before` may see; NULL only where there is no `before` */
    bool bulk;         /* belongs to a load: waits behind small plans */
    km_str act;        /* who writes, in trust's words; empty: the node itself */
} km_plan;

/* Prepares on this thread, hands over, waits. On a fault nothing of the plan is stored. The
 * fault's path is prefixed by nothing: the caller knows which write it was by *failed (may be
 * NULL), the index of the offending write, n when none. */
km_code km_log_write(km_log *l, km_plan *p, size_t *failed);

/* For loads: many plans are prepared on several threads, then handed over in their order; neither
 * call waits. From km_log_submit on, the plan's arena is the writer's until `done`. done(self,
 * plan, code) is called on the writer's thread after the group is durable (or refused); its fault
 * stands in plan->call->fault. */
km_code km_log_prepare(km_log *l, km_plan *p);
km_code km_log_submit(km_log *l, km_plan *p, void (*done)(void *self, km_plan *p, km_code c),
                      void *self);

/* Runs `work` on the writer's transaction, among the plans of a group: for tables that stand beside
 * the log (trust's grants, tokens, roots). KM_OK after the group is durable; a refusing work leaves
 * nothing of what it wrote. It waits for nobody and is short: everybody who writes waits for it. */
km_code km_log_work(km_log *l, km_code (*work)(void *self, km_txn *t, km_fault *f), void *self,
                    km_fault *f);
km_conn *km_txn_conn(km_txn *t);

/* A reader on the writer's transaction: sees uncommitted writes of this group, index
 * included. */
km_reader *km_txn_reader(km_txn *t);

/* --- reading --- */
/* A snapshot for one call. Holds a connection until closed: keep it short. */
km_code km_reader_open(km_reader **out, km_log *l, km_access *a, km_call *call);
void km_reader_close(km_reader *r);
km_conn *km_reader_conn(km_reader *r);
km_access *km_reader_access(km_reader *r);
km_call *km_reader_call(km_reader *r);
km_log *km_reader_log(km_reader *r);

/* The current version, deleted or not (look at ->deleted). `source` > 0: that source's own first;
 * otherwise, and when it has none, the oldest that the access covers. KM_NOT_FOUND. Memory is
 * the call's arena. */
km_code km_reader_find(km_record **out, km_reader *r, km_ftype type, km_str id, int32_t source);
/* Header only (no body, nothing opened): exists and is covered? */
km_code km_reader_locate(int64_t *chart, int64_t *rid, km_reader *r, km_ftype type, km_str id,
                         int32_t source);
km_code km_reader_by_rid(km_record **out, km_reader *r, int64_t rid);
km_code km_reader_by_seq(km_record **out, km_reader *r, int64_t seq);
km_code km_reader_version(km_record **out, km_reader *r, km_ftype type, km_str id, int32_t source,
                          int32_t version);

/* Versions, newest first, with seq < before (0 = from the newest) and at >= since, that the access
 * covers; at most `room`. rid > 0: of one resource; else type > 0: of one type; else all. With
 * chart >= 0 only of that chart. Bodies are loaded. */
typedef struct km_history {
    int64_t rid, chart, before;
    km_ftype type;
    km_ms since, until; /* 0 = open */
} km_history;
km_code km_reader_history(km_record **out, size_t *n, size_t room, km_reader *r,
                          const km_history *h);

/* Walks the whole log in order from `after` on, current versions only or all; for exports and
 * rebuilds. */
typedef km_code (*km_log_visit)(void *self, km_record *rec, km_fault *f);
km_code km_log_walk(km_log *l, km_access *a, int64_t after, bool current_only, km_log_visit visit,
                    void *self, km_call *call);

/* What was written after entry `after`, in order, with the words of who wrote it: for the audit. At
 * most `room`; no body is opened. */
typedef struct km_written {
    int64_t seq, chart;
    km_ftype type;
    int32_t version;
    km_op op;
    km_ms at;
    km_str id;  /* empty once its chart was erased */
    km_str act; /* one text for entries written in a row by the same */
} km_written;
km_code km_log_written(km_written *out, size_t *n, size_t room, km_log *l, int64_t after,
                       km_call *call);

/* --- charts --- */
typedef struct km_chart {
    int64_t number;
    int32_t source;
    km_str patient; /* logical id of its Patient in that source */
    bool erased;
} km_chart;
km_code km_reader_chart(km_chart *out, km_reader *r, int64_t chart);
km_code km_reader_chart_of(int64_t *chart, km_reader *r, int32_t source, km_str patient);

/* Erases: view rows of the chart by every fold, then key and blobs, then the WAL is truncated.
 * KM_NOT_FOUND, KM_ERASED. */
km_code km_log_erase(km_log *l, int64_t chart, km_fault *f);

/* --- blobs: whole files (a source's original), sealed with the chart's key --- */
/* The name is an HMAC under the chart's key: equal bytes of one chart share one blob. */
km_code km_blob_put(km_str *name_hex, km_log *l, int64_t chart, km_str bytes, km_call *call);
/* Many in one commit, all or nothing; `name` is found out. */
typedef struct km_blob {
    int64_t chart;
    km_str bytes, name;
} km_blob;
km_code km_blobs_put(km_log *l, km_blob *blob, size_t n, km_call *call);
km_code km_blob_get(km_str *bytes, km_reader *r, int64_t chart, km_str name_hex);

/* --- proof --- */
typedef struct km_verify_report {
    int64_t versions, commits, charts, erased;
    int64_t bad_seq; /* first version that does not match, 0 = whole */
    char head[65];   /* hex of the chain's head */
} km_verify_report;
/* Recomputes every leaf and the chain; opens every body whose key exists; checks claims and the
 * table of current versions against the log. progress may be NULL. KM_TAMPERED with bad_seq. */
typedef struct km_progress {
    bool (*tick)(void *self, int64_t done, int64_t all); /* false = stop: KM_CANCELLED */
    void *self;
} km_progress;
km_code km_log_verify(km_verify_report *out, km_log *l, const km_progress *p, km_call *call);

/* Deletes all rows of the named fold ("index", "person") and makes them anew from the log. */
km_code km_log_rebuild(km_log *l, const char *fold, const km_progress *p, km_call *call);

#endif
