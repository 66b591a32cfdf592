/* SPDX-License-Identifier: Apache-2.0
 *
 * synth: the verb that writes an invented region to files.
 */
#include "app/inside.h"
#include "synth/synth.h"

static bool tick(void *self, int64_t done, int64_t all)
{
    km_bar_show(self, done, all, "people");
    return !km_stop_asked();
}

static int wrong(const char *what)
{
    fprintf(stderr, "kumihimo synth: %s\n", what);
    return KM_EXIT_USAGE;
}

static void tell(const km_args *a, const km_synth_report *r, const char *out)
{
    if (a->config->json)
        printf("{\"people\":%lld,\"institutions\":%lld,\"charts\":%lld,\"files\":%lld,"
               "\"resources\":%lld,"
               "\"bytes\":%lld}\n",
               (long long)r->people, (long long)r->institutions, (long long)r->charts,
               (long long)r->files, (long long)r->resources, (long long)r->bytes);
    else if (!a->config->quiet)
        printf("%lld people, %lld institutions, %lld charts: %lld resources in %lld files (%lld "
               "bytes) in %s\n",
               (long long)r->people, (long long)r->institutions, (long long)r->charts,
               (long long)r->resources, (long long)r->files, (long long)r->bytes, out);
}

int km_app__synth(const km_args *a, km_node *n)
{
    (void)n;
    const char *people = a->option(a, "people"), *seed = a->option(a, "seed");
    km_synth_options o = { .people = 200, .out = a->option(a, "out") };
    km_synth_report report = { 0 };
    km_fault fault = { 0 };
    int64_t chosen = 1;
    if (people != NULL && (!km_str_to_i64(&o.people, km_str_of(people)) || o.people < 1))
        return wrong("--people is a number from 1");
    if (seed != NULL && !km_str_to_i64(&chosen, km_str_of(seed)))
        return wrong("--seed is a number");
    if (o.out == NULL || o.out[0] == '\0')
        return wrong("say where: --out DIR");
    o.seed = (uint64_t)chosen;
    km_bar bar = km_bar_start(a->config, "synth");
    km_code rc = km_synth_write(&report, &o, tick, &bar, &fault);
    km_bar_end(&bar);
    if (rc != KM_OK) {
        km_app__tell(a->config, "synth", &fault);
        return fault.code == KM_USAGE ? KM_EXIT_USAGE : km_app__exit_code(rc);
    }
    tell(a, &report, o.out);
    return KM_EXIT_DONE;
}
