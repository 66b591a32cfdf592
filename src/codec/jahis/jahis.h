/* SPDX-License-Identifier: Apache-2.0
 *
 * jahis: lines of JAHIS that a person carries as QR codes: the electronic medicine notebook
 * (電子版お薬手帳, header JAHISTC01..08) and the prescription symbol (院外処方箋２次元シンボル,
 * header JAHIS1..10). CP932 as published; UTF-8 is read as well.
 *
 * A notebook too long for one code is split: every part repeats the header and ends with record 911
 * (data id, number of parts, number of this part). A text may hold several parts in any order, as a
 * reader scanned them; they are read as one, in their order, and rows that a part only repeats are
 * passed over. Lines keep the numbers they have in the text.
 *
 * What records and fields there are, the tables jahis_tc.tsv and jahis_rx.tsv of codec/layout say;
 * what may be wrong, jahis_reasons.tsv.
 */
#ifndef KM_CODEC_JAHIS_JAHIS_H
#define KM_CODEC_JAHIS_JAHIS_H

#include "codec/layout/judge.h"

typedef enum km_jahis_kind { KM_JAHIS_NOTEBOOK, KM_JAHIS_PRESCRIPTION } km_jahis_kind;

enum { KM_JAHIS_PARTS = 99 };

typedef struct km_jahis_part {
    km_str text;   /* with its header */
    uint32_t line; /* of its header */
    int number;    /* 1 where it is not told */
} km_jahis_part;

typedef struct km_jahis {
    km_jahis_kind kind;
    int version; /* 0: not told */
    km_str id;   /* of the split set; empty: not split */
    int parts;   /* of the set */
    size_t n;    /* parts that are here, in their order, each once */
    km_jahis_part part[KM_JAHIS_PARTS];
    const char *wrong; /* a reason about the set as a whole, or NULL */
    uint32_t wrong_line;
    bool twice; /* a part stood there twice: the first is read */
} km_jahis;

/* Begins (after a byte order mark) with JAHISTC or JAHIS and digits. */
bool km_jahis_is(km_str text);
km_jahis_kind km_jahis_kind_of(km_str text);
/* Cuts a text that km_jahis_is into its parts. Borrows from it. */
void km_jahis_open(km_jahis *out, km_str text);
/* The layout's row for a row's id; NULL: unknown. The header's is "JAHISTC" or "JAHIS". */
const km_layout_record *km_jahis_record(const km_layout *l, const km_row *row);

/* The rows of all parts as of one text. { .of = ... } is ready. */
typedef struct km_jahis_rows {
    const km_jahis *of;
    size_t part; /* one more than that at hand */
    km_rows rows;
    km_row held[8]; /* what a further part may repeat, as it stood last */
    size_t n_held;
} km_jahis_rows;
bool km_jahis_next(km_row *out, km_jahis_rows *r);

/* Tells every finding and never stops before the end. `j` has tell, self and arena; layout and
 * reasons are filled in. */
km_code km_jahis_check(km_judge *j, const km_jahis *doc, km_fault *f);

#endif
