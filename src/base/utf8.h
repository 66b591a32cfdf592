/* SPDX-License-Identifier: Apache-2.0
 *
 * utf8: one character at a time, for those who look at letters. Well-formed means Unicode 15,
 * table 3-7.
 */
#ifndef KM_BASE_UTF8_H
#define KM_BASE_UTF8_H

#include "base/buf.h"

#define KM_UTF8_BAD (-1)

/* Takes the first character off a text that is not empty. A byte that begins no well-formed
 * character is taken alone and is KM_UTF8_BAD. */
int32_t km_utf8_next(km_str *s);

/* How many bytes the well-formed character at the front takes, 0 when there is none. */
size_t km_utf8_length(km_str s);

/* `c` is a Unicode scalar value. */
void km_utf8_put(km_buf *b, int32_t c);

#endif
