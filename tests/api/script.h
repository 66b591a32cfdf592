/* SPDX-License-Identifier: Apache-2.0
 *
 * script: an API script as steps. README.md describes the language; here it is only taken
 * apart, nothing is sent. Every text borrows from the script's bytes.
 */
#ifndef API_SCRIPT_H
#define API_SCRIPT_H

#include "base/arena.h"
#include "base/fault.h"

typedef enum api_kind {
    API_REQUEST,
    API_EXPECT,
    API_WITH,         /* word: header name, rest: value ("" takes it away) */
    API_SET,          /* word: variable, rest: value */
    API_REPEAT,       /* count, partner */
    API_CONCURRENTLY, /* count, partner */
    API_END,          /* partner */
    API_SERVE,        /* rest: arguments for the next start */
    API_START,
    API_STOP, /* SIGTERM, and the node must end with 0 */
    API_KILL, /* SIGKILL */
    API_RUN   /* rest: arguments of the program; its exit code and output are the reply */
} api_kind;

typedef enum api_subject {
    API_STATUS,
    API_EVENTUALLY, /* the request is sent again until the status is this, 30 s at most */
    API_EXIT,
    API_TALLY, /* how often a status came in the last block */
    API_HEADER,
    API_JSON,
    API_NDJSON, /* the path in every line of the body */
    API_BODY
} api_subject;

typedef enum api_verb {
    API_IS,
    API_DIFFERS,
    API_MATCHES,
    API_CONTAINS,
    API_LACKS,
    API_COUNT,
    API_ABSENT,
    API_EXISTS,
    API_SAVE
} api_verb;

typedef struct api_step {
    api_kind kind;
    uint32_t line;
    km_str text;    /* the line as written, for messages */
    km_str word;    /* method; name; for an expectation: header, path or status */
    km_str rest;    /* target; value; arguments */
    km_str headers; /* request: its header lines */
    km_str body;
    uint32_t count, partner;
    api_subject subject;
    api_verb verb;
} api_step;

typedef struct api_script {
    km_str claim; /* the opening sentence */
    const api_step *step;
    uint32_t steps;
} api_script;

/* KM_MALFORMED with the line. */
km_code api_script_parse(api_script *out, km_arena *a, km_str text, km_fault *f);

#endif
