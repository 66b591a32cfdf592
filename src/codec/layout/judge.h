/* SPDX-License-Identifier: Apache-2.0
 *
 * judge: rows against their layout. Fields are judged by their kind; what a format knows beyond
 * single rows (order, sums, references) its own codec tells through the same judge. What may be
 * wrong, how bad it is and what is said of it stands in a table of reasons beside the layouts
 * (reason, severity, ja, en).
 *
 * Kinds: text; code (one of its codes, where the layout lists them); digits; number; date
 * (YYYYMMDD, GYYMMDD, or with the era's letter: R060501); month; insurer, payer, recipient (digits
 * with their check digit; blanks before them are padding). Nothing said here has a field's
 * content.
 */
#ifndef KM_CODEC_LAYOUT_JUDGE_H
#define KM_CODEC_LAYOUT_JUDGE_H

#include "codec/layout/layout.h"

typedef struct km_finding {
    uint32_t line;
    uint32_t field; /* 0: the whole record */
    bool error;     /* else a warning */
    km_str record;  /* its id, as the layout has it; else at most 8 bytes as sent */
    km_str field_ja, field_en;
    km_str reason, ja, en; /* a row of the reasons */
} km_finding;

typedef struct km_judge {
    const km_layout *layout;
    km_str reasons;                                /* the table's bytes */
    void (*tell)(void *self, const km_finding *f); /* NULL: only counted */
    void *self;
    km_arena *arena; /* for what lives as long as a row */
    int64_t errors, warnings;
} km_judge;

/* `row` and `record` may be NULL: of the line alone. The reason is one of the table (asserted). */
void km_judge_say(km_judge *j, uint32_t line, const km_row *row, const km_layout_record *record,
                  uint32_t field, const char *reason);
/* The number of fields, and each field by its kind. Text is CP932, or UTF-8 where that fits. */
void km_judge_row(km_judge *j, const km_layout_record *record, const km_row *row);
/* The day of a date of any of the kinds above. */
bool km_judge_day(int64_t *day, km_str field);

#endif
