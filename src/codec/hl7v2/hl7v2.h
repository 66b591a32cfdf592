/* SPDX-License-Identifier: Apache-2.0
 *
 * hl7v2: messages of HL7 version 2 (chapter 2 of v2.5), as Japan writes them: ISO-2022-JP with its
 * escapes, UTF-8, or CP932. A text is cut where it stands: nothing is copied, and
 * print(parse(x)) = x for any bytes. No delimiter is looked for within a two-byte region
 * (ESC $ B ... ESC ( B): | ^ ~ & occur there as halves of characters.
 *
 * What segments and fields are called, data/layouts/hl7v2.tsv says.
 */
#ifndef KM_CODEC_HL7V2_HL7V2_H
#define KM_CODEC_HL7V2_HL7V2_H

#include "codec/layout/judge.h"

enum { KM_HL7_FIELDS = 128 };

typedef enum km_hl7_charset { KM_HL7_UTF8, KM_HL7_JIS, KM_HL7_CP932 } km_hl7_charset;

typedef struct km_hl7 {
    km_str text; /* one message, from its MSH */
    uint32_t line;
    char field, component, repeat, escape, sub;
    km_hl7_charset charset;
} km_hl7;

/* Numbers as HL7 has them: field[3] is PID-3; MSH's field[1] is the delimiter itself. */
typedef struct km_hl7_segment {
    uint32_t line, n;
    km_str raw, ending;
    km_str field[KM_HL7_FIELDS]; /* what is behind the last stands in it */
} km_hl7_segment;

/* Begins, behind what MLLP or a byte order mark put before it, with MSH, FHS or BHS and
 * delimiters. */
bool km_hl7_is(km_str text);

/* The messages of a text. { .text = ... } is ready; lines are counted over all of it. */
typedef struct km_hl7_texts {
    km_str text;
    uint32_t line;
} km_hl7_texts;
/* False at the end; what stands before the first MSH is passed over. */
bool km_hl7_next_message(km_hl7 *out, km_hl7_texts *t);

typedef struct km_hl7_segments {
    const km_hl7 *of;
    km_str rest;
    uint32_t line;
} km_hl7_segments;
km_hl7_segments km_hl7_segments_of(const km_hl7 *m);
bool km_hl7_next(km_hl7_segment *out, km_hl7_segments *s); /* empty lines are passed over */

/* Parts, borrowed; KM_STR_NONE beyond the end. Repetitions from 0, components from 1. */
km_str km_hl7_field(const km_hl7_segment *s, uint32_t number);
km_str km_hl7_repeat(const km_hl7 *m, km_str field, uint32_t i);
km_str km_hl7_component(const km_hl7 *m, km_str repeat, uint32_t i);
km_str km_hl7_sub(const km_hl7 *m, km_str component, uint32_t i);
/* As UTF-8, escapes resolved, "" (two quotes: deleted) as empty; what is no character becomes 〓
 * and makes *whole false (may be NULL). */
km_str km_hl7_text(const km_hl7 *m, km_arena *a, km_str part, bool *whole);
/* km_hl7_text of a component. */
km_str km_hl7_words(const km_hl7 *m, km_arena *a, km_str field, uint32_t repeat,
                    uint32_t component);

/* "2011-07-01T10:30:45.225+09:00", or a date, a month, a year, as exact as it is; Japan's zone
 * where none is told. KM_STR_NONE: no time. */
km_str km_hl7_time(km_arena *a, km_str ts);

/* Every finding of one message; `j` has tell, self and arena. */
km_code km_hl7_check(km_judge *j, const km_hl7 *m, km_fault *f);

/* The text again, from its messages and segments. */
void km_hl7_reprint(km_buf *out, km_str text);

#endif
