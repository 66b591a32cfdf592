/* SPDX-License-Identifier: Apache-2.0
 *
 * embedded: a file of the repository that travels inside the program. Lists end with
 * a row whose name is NULL; bytes end with a NUL that `n` does not count.
 */
#ifndef KM_BASE_EMBEDDED_H
#define KM_BASE_EMBEDDED_H

#include "base/str.h"

typedef struct km_embedded {
    const char *name; /* without its folder */
    const char *bytes;
    size_t n;
} km_embedded;

/* The bytes of the file called `name`, KM_STR_NONE when there is none. */
km_str km_embedded_find(const km_embedded *list, const char *name);

/* Tables are TSV: one header line, then rows; lines that start with '#' are skipped. Cuts
 * the next row off *rest into at most `max` cells; returns how many, 0 at the end. The
 * header line is a row like any other. */
size_t km_tsv_next(km_str *cell, size_t max, km_str *rest);

#endif
