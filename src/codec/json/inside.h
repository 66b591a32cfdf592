/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: what the files of this folder share: marks of nodes, strings with escapes, names.
 */
#ifndef KM_CODEC_JSON_INSIDE_H
#define KM_CODEC_JSON_INSIDE_H

#include "codec/json/json.h"

enum {
    KM_JSON_ESCAPED = 1, /* a string whose p is an unescaped copy in the arena */
    KM_JSON_RESPELT = 2, /* printing gives other bytes than the text has */
    KM_JSON_ALTERED =
        4, /* on the root: a string was replaced, containers may be RESPELT unmarked */
};

/* Above so many members names are compared when the object closes, by sorting; up to it each
 * name with those before it. */
#define KM_JSON_FEW_NAMES 16

/* Unescapes the string between its quotes; out has room for raw.n bytes. NULL, or what is wrong
 * with the escape at *bad. *respelt: an escape stands where printing writes none or another. */
const char *km_json__unescape(char *out, size_t *n, bool *respelt, km_str raw, const char **bad);

/* NULL when well-formed UTF-8, else the first byte that is not. */
const char *km_json__not_utf8(const char *at, const char *end);

/* 1-based; column in bytes. */
void km_json__locate(uint32_t *line, uint32_t *column, const char *text, const char *at);

/* Is the name at node[name], the last of its object so far, there already? */
bool km_json__is_repeated(const km_json_node *node, uint32_t object, uint32_t name);

/* The later one of two equal names in a closed object, or 0. O(n log n) compares whatever the
 * names. */
uint32_t km_json__find_repeated(km_arena *a, const km_json_node *node, uint32_t object);

#endif
