/* SPDX-License-Identifier: Apache-2.0
 *
 * patch: JSON Patch (RFC 6902).
 *
 * - Operations are carried out in order on the text that the one before left; all or none.
 * - KM_BAD_VALUE: the patch is no patch (path: "patch[3].op"). KM_INVALID: it cannot be carried
 * out, since a place is not there or a test fails.
 * - At most KM_PATCH_MAX operations and KM_PATCH_BYTES read and written in all (KM_TOO_COSTLY);
 * what comes out nests no deeper than the parser's limits allow (KM_TOO_LONG).
 */
#ifndef KM_CODEC_JSON_PATCH_H
#define KM_CODEC_JSON_PATCH_H

#include "codec/json/json.h"

enum { KM_PATCH_MAX = 1000, KM_PATCH_BYTES = 256 << 20 };

/* The patched text, in the arena. Faults name no value of the document. */
km_code km_json_patch(km_str *out, km_arena *a, km_str document, km_jv patch, km_fault *f);

#endif
