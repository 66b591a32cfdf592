/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz: linkage
 *
 * Any bytes are fields of records: cut at line ends and tabs, they are linked, and every record
 * has a cluster.
 */
#include "linkage/linkage.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

enum { RECORDS = 200 };

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    km_str text = { (const char *)p, n };
    km_linker *l = km_linker_new();
    km_link_options o = { 0 };
    km_link_report report;
    km_link_model model;
    while (text.n > 0 && km_linker_count(l) < RECORDS) {
        km_str value[KM_LINK_COLUMNS], line = km_str_cut(text, '\n', &text);
        for (int c = 0; c < KM_LINK_COLUMNS; c++)
            value[c] = km_str_cut(line, '\t', &line);
        km_linker_add(l, value);
    }
    if (km_linker_run(&report, l, &o, NULL) != KM_OK)
        abort();
    for (size_t i = 0; i < km_linker_count(l); i++)
        if (km_linker_cluster(l, i) >= report.clusters)
            abort();
    for (size_t i = 0; i < km_linker_pairs(l); i++)
        if (km_linker_pair(l, i).b >= km_linker_count(l))
            abort();
    km_linker_free(l);
    (void)km_link_model_read(&model, (km_str){ (const char *)p, n }, NULL);
    return 0;
}
