/* SPDX-License-Identifier: Apache-2.0
 *
 * notes: what a fold remembers from `add` and `remove` until `flush`: a list in order of arrival,
 * each note a zeroed piece of the size asked for. For folds with few rows; the index has its own.
 * The functions fit km_fold_def's open, close and drop.
 */
#ifndef KM_RECORD_NOTES_H
#define KM_RECORD_NOTES_H

#include <stdbool.h>

#include "base/fault.h"
#include "store/store.h"

void *km_notes_open(void);
void km_notes_close(void *notes);
void km_notes_drop(void *notes);
bool km_notes_any(const void *notes);
void *km_notes_add(void *notes, size_t bytes);
/* Writes each, and forgets them when all were written. */
km_code km_notes_flush(void *notes, km_code (*write)(void *self, const void *note, km_fault *f),
                       void *self, km_fault *f);
/* Runs a query that takes all rows of a chart, or without one all rows: for forget and clear. */
km_code km_notes_take_all(km_conn *c, const char *query, const int64_t *chart, km_fault *f);

#endif
