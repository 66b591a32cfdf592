/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: what the files of receden share.
 */
#ifndef KM_CODEC_RECEDEN_INSIDE_H
#define KM_CODEC_RECEDEN_INSIDE_H

#include "codec/receden/receden.h"

bool km_receden__digits(km_str s); /* one at least, and nothing else */
/* An era date that exists, but not in that era. */
bool km_receden__outside_era(km_str field);

#endif
