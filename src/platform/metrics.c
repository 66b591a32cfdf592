/* SPDX-License-Identifier: Apache-2.0
 *
 * metrics: figures of the node for Prometheus. Counts only, never a person.
 */
#include <sys/resource.h>
#include <unistd.h>

#include "platform/inside.h"

static long resident_bytes(void)
{
    long pages = 0, resident = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f == NULL)
        return 0;
    if (fscanf(f, "%ld %ld", &pages, &resident) != 2)
        resident = 0;
    fclose(f);
    return resident * sysconf(_SC_PAGESIZE);
}

void km_node_metrics(km_node *n, km_buf *out)
{
    km_log_figures figures = km_log_figured(n->log);
    km_buf_print(out, "# TYPE kumihimo_log_versions gauge\nkumihimo_log_versions %lld\n",
                 (long long)figures.versions);
    km_buf_print(out, "# TYPE kumihimo_log_groups_total counter\nkumihimo_log_groups_total %lld\n",
                 (long long)figures.groups);
    km_buf_print(out, "# TYPE kumihimo_log_waiting gauge\nkumihimo_log_waiting %lld\n",
                 (long long)figures.waiting);
    km_buf_print(out,
                 "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes %ld\n",
                 resident_bytes());
    for (const km_service *const *s = n->services; s != NULL && *s != NULL; s++)
        if ((*s)->metrics != NULL)
            (*s)->metrics(n, out);
    km_node__watch_metrics(n, out);
    if (n->http != NULL)
        km_http_metrics(n->http, out);
}
