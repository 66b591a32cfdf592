/* SPDX-License-Identifier: Apache-2.0
 *
 * The program between regex_compile.c and regex_run.c.
 */
#ifndef KM_CODEC_FHIRPATH_REGEX_INSIDE_H
#define KM_CODEC_FHIRPATH_REGEX_INSIDE_H

#include "codec/fhirpath/regex.h"

typedef enum km_regex_op {
    KM_RX_CHAR,
    KM_RX_ANY,
    KM_RX_SET,
    KM_RX_SPLIT, /* to pc + x, else to pc + y */
    KM_RX_JUMP,  /* to pc + x */
    KM_RX_SAVE,  /* the place in slot x */
    KM_RX_BEGIN,
    KM_RX_END,
    KM_RX_WORD, /* at a word's edge; x: not at one */
    KM_RX_MATCH
} km_regex_op;

typedef struct km_regex_range {
    uint32_t low, high;
} km_regex_range;

typedef struct km_regex_set {
    const km_regex_range *range;
    uint32_t n;
    bool except;
} km_regex_set;

typedef struct km_regex_code {
    km_regex_op op;
    int32_t x, y; /* relative, so that pieces can be moved and copied */
    const km_regex_set *set;
} km_regex_code;

struct km_regex {
    km_regex_code *code;
    uint32_t n;
    uint32_t groups;
    km_str name[KM_REGEX_GROUPS];
};

/* The code point at s[*at], *at moved behind it; a wrong byte stands for itself. */
uint32_t km_regex__next(km_str s, size_t *at);

#endif
