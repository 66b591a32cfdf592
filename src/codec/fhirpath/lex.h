/* SPDX-License-Identifier: Apache-2.0
 *
 * lex: the tokens of FHIRPath 2.0 (its appendix A).
 */
#ifndef KM_CODEC_FHIRPATH_LEX_H
#define KM_CODEC_FHIRPATH_LEX_H

#include "base/arena.h"
#include "base/fault.h"

typedef enum km_token_kind {
    KM_TOKEN_END,
    KM_TOKEN_NAME,   /* also keywords: only their place tells */
    KM_TOKEN_QUOTED, /* `name`, unescaped */
    KM_TOKEN_STRING, /* unescaped */
    KM_TOKEN_NUMBER,
    KM_TOKEN_DATE, /* without @; also dateTime */
    KM_TOKEN_TIME, /* without @T */
    KM_TOKEN_THIS,
    KM_TOKEN_INDEX,
    KM_TOKEN_TOTAL,
    KM_TOKEN_EXTERNAL, /* %name, without % */
    KM_TOKEN_SIGN      /* operators and brackets */
} km_token_kind;

typedef struct km_token {
    km_token_kind kind;
    km_str text;
    uint32_t at, end;
} km_token;

typedef struct km_lexer {
    km_str text;
    uint32_t at;
    km_arena *arena;
    km_fault *fault;
} km_lexer;

km_code km_path__lex(km_lexer *l, km_token *out);
km_code km_path__refuse(km_fault *f, km_str text, uint32_t at, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
