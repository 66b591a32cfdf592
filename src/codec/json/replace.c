/* SPDX-License-Identifier: Apache-2.0
 *
 * replace: a string on a tape gets another text. Finding the containers around it would mean a
 * walk over all that stands before; the root is told instead, and printing trusts no container.
 */
#include <assert.h>

#include "codec/json/inside.h"

void km_jv_replace(km_jv v, km_str s)
{
    /* The tape is const to readers; whoever replaces owns it and is alone with it. */
    km_json_node *node = (km_json_node *)(uintptr_t)v.doc->node, *one = &node[v.at];
    assert(one->kind == KM_JSON_STRING && s.n <= UINT32_MAX);
    if (!(one->marks & KM_JSON_ESCAPED))
        one->end = (uint32_t)(one->p - 1 - v.doc->text.p);
    one->p = s.p;
    one->n = (uint32_t)s.n;
    one->marks |= KM_JSON_ESCAPED | KM_JSON_RESPELT;
    node[0].marks |= KM_JSON_ALTERED;
}
