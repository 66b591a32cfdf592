/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: what the files of the import share.
 */
#ifndef KM_GATEWAYS_FILES_INSIDE_H
#define KM_GATEWAYS_FILES_INSIDE_H

#include <pthread.h>

#include "platform/change.h"
#include "platform/formats.h"
#include "trust/provision.h"

/* --- report.c: what happened, by reason --- */
enum { KM_REFUSALS_SHOWN = 200 };

typedef struct km_refusal {
    char file[256];
    int64_t line; /* of the file; 0 = not known */
    km_fault fault;
} km_refusal;

typedef struct km_import_report {
    pthread_mutex_t lock;
    int64_t files, bytes, stored, unchanged, refused, warned, missing_references, resumed;
    int64_t by_code[KM_CODES];
    km_refusal shown[KM_REFUSALS_SHOWN];
    size_t n_shown;
    uint64_t started_ns;
} km_import_report;
void km_report__refuse(km_import_report *r, const char *file, int64_t line, const km_fault *f);
void km_report__stored(km_import_report *r, int64_t stored, int64_t unchanged);
void km_report__print(km_import_report *r, const km_config *c);

/* --- progress.c: how far a file is durable --- */
typedef struct km_import_progress km_import_progress;
km_import_progress *km_progress__open(const char *data_dir, km_log *log);
void km_progress__close(km_import_progress *p);
/* Bytes of this very file (path, size, time) that are in this very store already. */
int64_t km_progress__done(km_import_progress *p, const char *path, int64_t size, int64_t mtime_ns);
void km_progress__save(km_import_progress *p, const char *path, int64_t size, int64_t mtime_ns,
                       int64_t done);

/* --- targets.c: do references lead anywhere once all is in? --- */
typedef struct km_targets km_targets;
km_targets *km_targets__new(void);
void km_targets__free(km_targets *t);
void km_targets__wrote(km_targets *t, int32_t source, km_ftype type, km_str id);
void km_targets__need(km_targets *t, int32_t source, km_jv resource, km_ftype type);
/* How many needed ones neither this import nor the node has. */
km_code km_targets__missing(int64_t *out, km_targets *t, km_node *n);

/* --- shares.c: whose records came in or went out --- */
typedef struct km_shares km_shares; /* thread-safe */
km_shares *km_shares__new(void);
void km_shares__free(km_shares *s);
void km_shares__add(km_shares *s, int64_t chart, km_ftype type);
/* Completes the record of provision with what was added since the last time. */
km_code km_shares__save(km_shares *s, km_log *l, int64_t provision, km_call *call);

typedef struct km_receipts km_receipts;
struct km_importing;
km_receipts *km_receipts__new(void);
void km_receipts__free(km_receipts *r);
/* The record of receipt from this source, made before its first record is stored. */
km_code km_receipts__begin(km_shares **out, struct km_importing *im, int32_t source, km_fault *f);
km_code km_receipts__save(struct km_importing *im, km_fault *f);

/* --- import.c --- */
typedef struct km_importing {
    km_node *node;
    km_import_report *report;
    km_import_progress *progress;
    km_targets *targets;
    km_bar bar;
    int64_t bytes_all, bytes_done;
    bool dry; /* --dry-run: nothing is stored */
    km_receipts *receipts;
    km_shares *shares;                      /* of the file at hand */
    const char *basis, *country, *obtained; /* of the receipt: --basis, --country, --obtained */
    const char *source_uri;                 /* --source */
    km_str source_name;
    km_str act; /* who writes, for every line alike */
} km_importing;

/* --- lines.c: NDJSON, piped through threads to the writer --- */
km_code km_lines__import(km_importing *im, const char *path, km_str text, int32_t source,
                         int64_t from, int64_t size, int64_t mtime_ns, km_fault *f);
/* --- whole.c: a resource or a Bundle --- */
km_code km_whole__import(km_importing *im, const char *path, km_str text, int32_t source);

/* Entries on their way to one transaction. */
typedef struct km_bundle {
    km_importing *im;
    const char *path;
    km_writing w;
    km_change *change;
    size_t n;
    int64_t *line;
} km_bundle;
void km_bundle__open(km_bundle *b, km_importing *im, const char *path, int32_t source,
                     km_call *call);
/* Makes entry `number` the next change; there must be room. A read is none. */
km_code km_bundle__entry(km_bundle *b, km_jv entry, size_t number, km_fault *f);
/* Counts in the report what was carried out, and who it is of. */
void km_bundle__count(km_bundle *b, const km_change *c, size_t n);

/* --- pieces.c: what a format makes of a file, many pieces a group, with their sources --- */
typedef struct km_pieces km_pieces;
km_pieces *km_pieces__open(km_importing *im, const char *path, km_str text, const char *format,
                           int32_t source, bool again);
km_code km_pieces__add(km_pieces *p, const km_piece *piece);
/* Writes what is still held. */
km_code km_pieces__flush(km_pieces *p);
void km_pieces__close(km_pieces *p);

/* --- foreign.c: what a format of another gateway makes records of --- */
km_code km_foreign__import(km_importing *im, const char *path, km_str text, const km_format *format,
                           int32_t source, bool again);

int km_files__import(const km_args *a, km_node *n);
int km_files__export(const km_args *a, km_node *n);

#endif
