/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: what the files of `record` know of each other and nobody else does.
 */
#ifndef KM_RECORD_INSIDE_H
#define KM_RECORD_INSIDE_H

#include <pthread.h>
#include <semaphore.h>

#include "base/hash.h"
#include "record/access_make.h"
#include "record/log.h"

#define KM_KEY_LEN 32
#define KM_KEY_SLOTS 4096u /* direct-mapped cache of opened chart keys */
#define KM_TYPES 1024u     /* resource types have numbers below this (codec/fhir) */
#define KM_FOLDS 8u

/* Tools that are costly to make and not for sharing: one set per reader and one for the writer. */
typedef struct km_sealing km_sealing;

typedef struct km_key_slot {
    int64_t chart; /* 0: empty (chart 0's key is node_key) */
    unsigned char key[KM_KEY_LEN];
} km_key_slot;

typedef struct km_job {
    struct km_job *next;
    km_plan *plan;
    km_code (*run)(void *self, km_txn *t, km_fault *f); /* instead of a plan */
    void *self;
    bool alone; /* `run` begins a group and ends it */
    void (*done)(void *self, km_plan *p, km_code c);
    void *done_self;
    km_fault *fault;
    km_code code;
    size_t failed;
    int64_t records;
    sem_t *finished; /* NULL when done is set */
} km_job;

typedef struct km_queue {
    km_job *first, *last;
} km_queue;

/* What a failed group must put back. */
typedef struct km_counters {
    int64_t seq, rid, chart;
    km_ms at;
    unsigned char head[KM_SHA256_LEN];
    int64_t type_last[KM_TYPES];
} km_counters;

/* Charts by (source, patient), and which were made in the group that is being written. */
typedef struct km_chart_names km_chart_names;

struct km_log {
    km_log_options o;
    size_t folds;
    const km_fold_def *fold[KM_FOLDS + 1]; /* o.folds points here */
    void *fold_state[KM_FOLDS];
    unsigned char node_key[KM_KEY_LEN];
    km_sipkey index_key;

    pthread_mutex_t lock; /* guards queues, stopping, free sealings, sources */
    pthread_cond_t work;
    km_queue small, bulk;
    km_log_figures figures;
    bool stopping;
    bool writer_runs;
    pthread_t writer;
    km_conn *conn; /* the writer's, for the life of the log */
    km_sealing *sealing;
    km_counters now;
    char *act; /* of the last entry, NULL: not known */
    size_t act_n;
    bool in_doubt; /* a commit failed: whether it is stored, the store must say */
    km_chart_names *charts;

    km_sealing *free_sealing;
    pthread_mutex_t key_lock; /* guards the keys and what was erased */
    km_key_slot *key_slot;
    int64_t *erased; /* charts erased since the start: a reader on an older snapshot still finds
                      * their keys, and must not put them back among the remembered ones */
    size_t erased_n, erased_room;
};

struct km_txn {
    km_log *log;
    km_reader *reader;
    bool noted; /* rows were noted since the last flush */
};

struct km_reader {
    km_log *log;
    km_conn *conn;
    km_access *access;
    km_call *call;
    km_sealing *sealing;
    bool writers; /* on the writer's transaction: nothing to give back */
    bool begun;
    unsigned reads;
    km_txn *txn;
};

typedef struct km_old { /* a version and the rows that it put in */
    km_record *record;
    bool same; /* as what is written, which need not be: no rows */
    void *rows[KM_FOLDS];
} km_old;

struct km_prepared {
    km_str id;     /* what the rest was made for */
    km_str text;   /* canonical */
    km_str packed; /* dictionary number, then zstd */
    void *rows[KM_FOLDS];
    const km_old *old; /* the version that was current then, NULL where nobody looked */
};

/* --- seal.c --- */
km_sealing *km_sealing__new(void);
void km_sealing__free(km_sealing *s);
km_sealing *km_sealing__take(km_log *l);
void km_sealing__give(km_log *l, km_sealing *s);

/* Packs with the newest dictionary; out in the arena. */
km_str km_seal__pack(km_sealing *s, km_arena *a, km_str text);
typedef struct km_seal_place { /* the additional data of a body */
    int64_t chart;
    km_ftype type;
    km_str id;
    int32_t version;
} km_seal_place;
km_str km_seal__close(km_sealing *s, km_arena *a, const unsigned char key[KM_KEY_LEN],
                      const km_seal_place *at, km_str packed, const km_random *random);
km_code km_seal__open(km_str *text, km_sealing *s, km_arena *a, const unsigned char key[KM_KEY_LEN],
                      const km_seal_place *at, km_str sealed, km_fault *f);
/* A chart key under the key-encryption key, and back. */
km_str km_seal__wrap(km_log *l, km_sealing *s, km_arena *a, int64_t chart,
                     const unsigned char key[KM_KEY_LEN]);
km_code km_seal__unwrap(unsigned char key[KM_KEY_LEN], km_log *l, km_sealing *s, int64_t chart,
                        km_str wrapped, km_fault *f);
/* The chart's key, from the cache or the table. KM_ERASED. */
km_code km_seal__key(unsigned char key[KM_KEY_LEN], km_log *l, km_conn *c, km_sealing *s,
                     int64_t chart, km_fault *f);
void km_seal__remember(km_log *l, int64_t chart, const unsigned char key[KM_KEY_LEN]);
void km_seal__forget(km_log *l, int64_t chart); /* for ever */

/* --- chain.c --- */
typedef struct km_entry { /* one row of the log */
    int64_t seq, chart, rid, at, prev, type_prev;
    int64_t type, version, source, op;
    km_str body;
} km_entry;
void km_chain__append(unsigned char head[KM_SHA256_LEN], const km_entry *e);
/* From entry `seq` on, these words say who wrote. */
void km_chain__act(unsigned char head[KM_SHA256_LEN], int64_t seq, km_str text);
/* Columns 0..10 of the log_ queries. */
void km_entry__read(km_entry *out, km_stmt *s);

/* --- charts.c --- */
km_chart_names *km_charts__new(void);
void km_charts__free(km_chart_names *c);
/* 0 when not remembered. */
int64_t km_charts__find(const km_chart_names *c, int32_t source, km_str patient);
void km_charts__put(km_chart_names *c, int32_t source, km_str patient, int64_t chart);
void km_charts__clear(km_chart_names *c);

/* --- act.c --- */
/* Notes who writes from the next entry on, where that is another than before. */
km_code km_act__note(km_log *l, km_str text, km_fault *f);
void km_act__forget(km_log *l);

/* --- prepare.c --- */
/* Off the writer: canonical text, packing, fold rows. */
km_code km_plan__prepare(km_log *l, km_plan *p, size_t *failed);
km_code km_plan__prepare_write(km_log *l, km_sealing *s, km_write *w, km_call *call);
km_folding km_plan__folding(const km_log *l, const km_write *w);
/* The version that a write replaces, with its rows; these are left out where it is the same and
 * that is to append nothing. */
km_code km_plan__read_old(km_old *out, km_reader *r, const km_write *w, int64_t seq, km_call *call);

/* --- plan.c --- */
/* On the writer. Nothing is stored unless it returns KM_OK; KM_STORE means the group is lost. */
km_code km_plan__carry_out(km_txn *t, km_plan *p, size_t *failed, int64_t *records);
km_code km_plan__flush(km_txn *t, km_fault *f);

/* --- writer.c --- */
km_code km_writer__start(km_log *l, km_fault *f);
void km_writer__stop(km_log *l);
/* Runs `run` alone in a group of its own, waits until it is durable. */
km_code km_writer__alone(km_log *l, km_code (*run)(void *self, km_txn *t, km_fault *f), void *self,
                         km_fault *f);

/* --- log.c --- */
/* The counters and secrets, as the store has them. */
km_code km_log__read_state(km_log *l, km_fault *f);
/* The highest rid ever given, kept when rows of `resource` are erased; decimal. */
#define KM_SETTING_RID "rid_last"
km_code km_setting__get(km_str *value, bool *there, km_conn *c, km_arena *a, const char *name,
                        km_fault *f);
km_code km_setting__put(km_conn *c, const char *name, km_str value, km_fault *f);

/* --- walk.c --- */
enum { KM_WALK_PORTION = 500 };
typedef struct km_walked {
    km_entry e;
    bool known; /* its resource has a row; not so in an erased chart */
    km_str id;
    int64_t newest; /* the current version of its resource */
} km_walked;
km_code km_walk__portion(km_walked *out, size_t *n, km_reader *r, int64_t after);

/* --- rebuild.c --- */
/* Makes anew what another version of the program folded, or what was left half made. */
km_code km_rebuild__outdated(km_log *l, km_fault *f);

/* --- reader.c --- */
/* The logical id of a chart's Patient; none for chart 0 and erased ones. */
km_code km_reader__patient(km_str *out, km_reader *r, int64_t chart);
/* Makes the record of an entry, opening its body. KM_ERASED when its key is gone. */
km_code km_reader__open_entry(km_record **out, km_reader *r, const km_entry *e, km_str id);

#endif
