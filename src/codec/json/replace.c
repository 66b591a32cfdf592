/* SPDX-License-Identifier: Apache-2.0
 *
 * replace: a string on a tape gets another text. Every container around it is then printed anew.
 */
#include <assert.h>

#include "codec/json/inside.h"

void km_jv_replace(km_jv v, km_str s)
{
    /* The tape is const to readers; whoever replaces owns it and is alone with it. */
    km_json_node *node = (km_json_node *)(uintptr_t)v.doc->node;
    assert(node[v.at].kind == KM_JSON_STRING && s.n <= UINT32_MAX);
    node[v.at].p = s.p;
    node[v.at].n = (uint32_t)s.n;
    node[v.at].marks |= KM_JSON_ESCAPED | KM_JSON_RESPELT;
    for (uint32_t i = 0; i < v.at;) {
        bool around = node[i].next > v.at;
        if (around)
            node[i].marks |= KM_JSON_RESPELT;
        i = around ? i + 1 : node[i].next;
    }
}
