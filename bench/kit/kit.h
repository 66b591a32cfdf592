/* SPDX-License-Identifier: Apache-2.0
 *
 * kit: what the benchmarks share: a folder that goes away, the program as a child, the set to work
 * on, and one row of the table. A bare time says nothing about a program, only about a machine: a
 * row sets ours beside a peer or a floor of the same run.
 */
#ifndef KM_BENCH_KIT_H
#define KM_BENCH_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* --- rows ------------------------------------------------------------------------------ */
typedef enum kit_want { KIT_AT_LEAST, KIT_AT_MOST } kit_want;

typedef struct kit_row {
    const char *what, *unit, *peer_is; /* "bare loop" */
    double ours, peer;
    kit_want want; /* of ours / peer */
    double goal;
} kit_row;
void kit_print(const kit_row *r);
/* A row that cannot be made here, and why. */
void kit_skip(const char *what, const char *why);

/* Prints the reason and ends the program. */
_Noreturn void kit_die(const char *what);

double kit_now(void); /* seconds, monotone */

/* --- places ------------------------------------------------------------------------------- */
/* A new folder under $TMPDIR, removed when the program ends. */
const char *kit_folder(void);
/* folder/name; lives for the rest of the program. */
const char *kit_path(const char *folder, const char *name);
int64_t kit_file_bytes(const char *path);
bool kit_exists(const char *path);
/* Whole file with a NUL behind it, to be freed. */
char *kit_read(size_t *bytes, const char *path);

/* NDJSON of the sample set when $KUMIHIMO_SAMPLES has it (unpacked if need be), else what
 * `kumihimo synth` makes, as one file. *sample tells which. */
const char *kit_set(bool *sample);

/* --- children --------------------------------------------------------------------------------- */
const char *kit_program(void); /* $KUMIHIMO, else build/release/kumihimo */
/* Standard output goes to the file `out` (NULL: nowhere). */
pid_t kit_start(const char *out, const char *const *argv);
/* Waits; the exit code, and the most memory that it had resident. */
int kit_wait(int64_t *peak_bytes, pid_t child);
/* Start and wait; dies unless the exit code is 0. */
void kit_run(const char *out, const char *const *argv);
/* A line "Name:  n kB" of /proc/PID/status, in bytes. */
int64_t kit_status_bytes(pid_t pid, const char *name);
/* The number behind "name": in a text of JSON; -1 when it is not there. */
double kit_number_in(const char *text, const char *name);

/* A node that serves without authentication on a free port of loopback. */
typedef struct kit_node {
    pid_t pid;
    int port;
    double ready_s; /* from its start to the first answer */
} kit_node;
/* `more` (may be NULL): further options, NULL-ended. */
void kit_serve(kit_node *out, const char *data_dir, const char *const *more);
void kit_stop(kit_node *n);

#endif
