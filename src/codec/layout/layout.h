/* SPDX-License-Identifier: Apache-2.0
 *
 * layout: foreign formats whose lines are records of fields, described by a table and not by code.
 *
 * Two parts that know nothing of each other:
 *   rows     cut a text into lines and fields, and print them back; print(parse(x)) = x for any
 *            bytes whatever. No copies: fields borrow from the text. One pass, nothing allocated.
 *   layouts  say what the fields of a record mean; tables in data/layouts, read at run time, rows
 *            chosen by month (new editions are new rows or tables).
 *
 * Bytes are cut as they are. In CP932 no second byte of a character is a comma, a quote, CR or LF
 * (they are 40..7E and 80..FC), so cutting before decoding is safe, and what cannot be decoded is
 * still kept byte by byte.
 *
 * A table has the columns record, position, ja, en, kind, bytes, codes, from, to, source, mark.
 * Position 0 is the record itself: `kind` its place in the file, `bytes` how many fields it may
 * have with its id ("29..38", empty: not known), `codes` its rank in the order. "13-43" stands for
 * 31 fields; %d in their names is 1 for the first. codes: "1=男;2=女". A kind or place that ends
 * with '!' must be there.
 */
#ifndef KM_CODEC_LAYOUT_LAYOUT_H
#define KM_CODEC_LAYOUT_LAYOUT_H

#include "base/buf.h"
#include "base/fault.h"

/* --- rows ---------------------------------------------------------------------------------- */
enum { KM_ROW_FIELDS = 256 };

typedef struct km_row {
    uint32_t line;   /* 1-based */
    uint32_t fields; /* at least 1; what is behind the 256th comma stands in the last field */
    km_str raw;      /* the line without its end */
    km_str ending;   /* "\r\n", "\n" or "" */
    km_str field[KM_ROW_FIELDS]; /* as sent, quotes and all */
} km_row;

/* { .text = ..., .quoted = ... } is ready. */
typedef struct km_rows {
    km_str text; /* what is still to be read */
    km_str tail; /* at the end: 0x1A, the mark of CP/M, and what stands behind it */
    uint32_t line;
    char mark;   /* between fields; 0: a comma */
    bool quoted; /* a field that begins with '"' ends with the next single one, commas and all */
} km_rows;

bool km_rows_next(km_row *out, km_rows *r);
void km_row_print(km_buf *out, const km_row *row); /* fields, commas, ending */
/* Without its quotes, doubled ones single. Borrows where it can. */
km_str km_field_unquoted(km_arena *a, km_str field);
/* All rows and the tail. What `roundtrip` compares. */
void km_rows_reprint(km_buf *out, km_str text, bool quoted);

/* --- layouts ---------------------------------------------------------------------------------- */
typedef struct km_layout_field {
    km_str ja, en, kind, codes; /* kind empty: the table does not know this field */
    uint16_t least, most;       /* bytes as sent; most 0: no limit known */
    bool must;                  /* must be filled */
} km_layout_field;

typedef struct km_layout_record {
    km_str id, ja, en, place;
    int rank;
    bool must;            /* must be there */
    uint16_t least, most; /* fields with the id; most 0: not known */
    uint16_t n;           /* of `field` */
    km_layout_field *field;
} km_layout_record;

typedef struct km_layout {
    km_str name;
    km_layout_record *record;
    size_t n;
} km_layout;

/* --- what stands in single fields ------------------------------------------------------------- */
bool km_field_digits(km_str s); /* one at least, and nothing else */
/* A sign, digits, a point. */
bool km_field_number(km_str s);
/* YYYYMMDD or GYYMMDD; the day, or false. */
bool km_field_day(int64_t *day, km_str field);
/* YYYYMM or GYYMM as YYYYMM; 0 when it is none. */
int km_field_month(km_str field);
/* An era date that exists, but not in that era. */
bool km_field_outside_era(km_str field);
/* As UTF-8; a byte that is no CP932 becomes 〓 and makes *whole false. */
km_str km_field_text(bool *whole, km_arena *a, km_str field);
/* Has a character of the user's own (外字): F040..F9FC decode to U+E000..F8FF. */
bool km_field_has_gaiji(km_str utf8);

/* Reads data/layouts/NAME as it holds in `month` (YYYYMM; 0: the newest rows). KM_NOT_FOUND,
 * KM_MALFORMED (a fault of ours). The layout lives as long as the arena. */
km_code km_layout_open(km_layout **out, km_arena *a, const char *name, int month, km_fault *f);
/* The bytes of a table beside the layouts. */
km_str km_layout_table(const char *name);
const km_layout_record *km_layout_find(const km_layout *l, km_str id);
/* NULL when the table says nothing of that position. */
const km_layout_field *km_layout_at(const km_layout_record *r, uint32_t position);
/* What a code means: "男" of "1=男;2=女"; KM_STR_NONE where nothing is said. */
km_str km_layout_meaning(const km_layout_field *f, km_str code);

#endif
