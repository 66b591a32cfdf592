/* SPDX-License-Identifier: Apache-2.0
 *
 * node: the program under test, run as a node on a folder of its own and a free port, and
 * as a command. KUMIHIMO names the program; KUMIHIMO_TEST_PG, when set, an empty PostgreSQL
 * database that the node then keeps its records in (--store).
 */
#ifndef API_NODE_H
#define API_NODE_H

#include "expect.h"

typedef struct api_node {
    char dir[64]; /* temporary; holds data, out, log */
    int port;
    int pid; /* 0 when it does not run */
} api_node;

/* Makes the folder. */
km_code api_node_make(api_node *n, km_fault *f);

/* Starts `kumihimo serve` with further arguments (words apart by spaces) and waits until it
 * says `listening on http://127.0.0.1:PORT`, 60 s at most. */
km_code api_node_start(api_node *n, km_arena *a, km_str arguments, km_fault *f);

/* SIGTERM; KM_INTERNAL unless the node ends with 0 within 60 s. */
km_code api_node_stop(api_node *n, km_fault *f);
void api_node_kill(api_node *n); /* SIGKILL */

/* Ends the node and takes its folder away; keeps the folder when told so. */
void api_node_free(api_node *n, bool keep);

/* Runs the program with the arguments; its exit code and its output are the reply. */
km_code api_node_run(api_reply *out, api_node *n, km_arena *a, km_str arguments, km_fault *f);

/* A whole file. */
km_code api_read_file(km_str *out, km_arena *a, const char *path, km_fault *f);

#endif
