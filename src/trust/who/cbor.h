/* SPDX-License-Identifier: Apache-2.0
 *
 * cbor: a reader of the CBOR that authenticators write (CTAP 2.1 §8, a subset of RFC 8949).
 *
 * Promises
 * - No allocation, no recursion: a cursor over borrowed bytes; what is skipped is bounded by its
 *   bytes and by a depth of four, as CTAP has it.
 * - One spelling: whole numbers and lengths in their shortest form, lengths always given. Tags,
 *   floating point and values of indefinite length are refused (KM_MALFORMED), and so is the end of
 *   the bytes in the middle of a value.
 */
#ifndef KM_TRUST_WHO_CBOR_H
#define KM_TRUST_WHO_CBOR_H

#include "base/fault.h"

enum { KM_CBOR_DEPTH = 4 };

typedef enum km_cbor_kind {
    KM_CBOR_UINT,
    KM_CBOR_NEGATIVE,
    KM_CBOR_BYTES,
    KM_CBOR_TEXT,
    KM_CBOR_ARRAY,
    KM_CBOR_MAP,
    KM_CBOR_SIMPLE = 7 /* false, true, null */
} km_cbor_kind;

typedef struct km_cbor_item {
    km_cbor_kind kind;
    int64_t number; /* UINT, NEGATIVE: its value; ARRAY, MAP: items, pairs; SIMPLE: 20, 21, 22 */
    km_str bytes;   /* BYTES, TEXT */
} km_cbor_item;

/* Takes one item off the front of *rest; of an array or map its head alone, the items follow. */
km_code km_cbor_take(km_cbor_item *out, km_str *rest, km_fault *f);
/* Takes a whole value off, with all that it holds; *value are its bytes. */
km_code km_cbor_skip(km_str *value, km_str *rest, km_fault *f);

#endif
