/* SPDX-License-Identifier: Apache-2.0
 *
 * second_reader: simdjson, asked about the same texts as our parser.
 */
#ifndef KM_TESTS_ORACLE_SECOND_READER_H
#define KM_TESTS_ORACLE_SECOND_READER_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum second_verdict {
    SECOND_READS,
    SECOND_REFUSES,
    SECOND_REFUSES_A_NUMBER /* malformed, or beyond 64 bits */
};

/* kind is one of { } [ ] n t f, s for a string or name (its unescaped bytes) and # for a number
 * (the bytes of a double). */
typedef void second_hears(void *self, char kind, const void *p, size_t n);

/* What it reads is told in the order of the text. */
enum second_verdict second_read(const char *text, size_t n, second_hears *hear, void *self);

#ifdef __cplusplus
}
#endif

#endif
