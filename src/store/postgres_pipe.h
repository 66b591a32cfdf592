/* SPDX-License-Identifier: Apache-2.0
 *
 * postgres_pipe: one connection in pipeline mode: what is sent is not waited for, until
 * somebody needs an answer. Then one synchronisation brings all answers in order.
 *
 * - Values are copied by libpq when sent: nothing stays borrowed.
 * - After a failure the server passes over everything up to the next synchronisation; the
 *   first failure is the one that is told.
 */
#ifndef KM_STORE_POSTGRES_PIPE_H
#define KM_STORE_POSTGRES_PIPE_H

#include <libpq-fe.h>

#include "base/fault.h"

#define KM_PIPE_ROOM 1024

typedef struct km_awaited {
    const char *what; /* name of the query */
    bool *prepared;   /* of a preparation: set back when it did not come about */
} km_awaited;

typedef struct km_pipe {
    PGconn *pg;
    bool lost; /* the connection is gone, or no longer in step */
    unsigned n;
    km_awaited awaited[KM_PIPE_ROOM];
} km_pipe;

/* The statement that the next send carries out. */
typedef struct km_call_of {
    const char *name;
    int n;
    const char *const *value;
    const int *length, *format;
} km_call_of;

km_code km_pipe__prepare(km_pipe *p, bool *prepared, const char *what, const char *name,
                         const char *sql, int n, const Oid *type, km_fault *f);
km_code km_pipe__send(km_pipe *p, const char *what, const km_call_of *c, km_fault *f);
/* A text without parameters, sent once; and the description of a prepared statement. */
km_code km_pipe__send_text(km_pipe *p, const char *what, const char *sql, km_fault *f);
km_code km_pipe__describe(km_pipe *p, const char *what, const char *name, km_fault *f);

/* Waits for all answers. *last (may be NULL) gets the last one's, the caller's to clear,
 * or NULL on a failure. */
km_code km_pipe__drain(km_pipe *p, PGresult **last, km_fault *f);

/* Outside of the pipeline: a script of many statements. */
km_code km_pipe__script(km_pipe *p, const char *what, const char *sql, km_fault *f);

/* Nothing may be sent any more; the fault has the first line of libpq's text. */
km_code km_pipe__lost(km_pipe *p, km_fault *f);

#endif
