/* SPDX-License-Identifier: Apache-2.0
 *
 * consent: how long a decision takes over consents of 32 provisions in all, beside a bare look at
 * every byte of the same consents. The consents are made so that every provision is looked at.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit/kit.h"
#include "trust/consent/consent.h"

enum { CONSENTS = 4, PROVISIONS = 8, TIMES = 200000 };

static km_consent make(km_arena *a, int number)
{
    km_buf b = km_buf_in(a);
    km_json *doc;
    km_consent c;
    km_fault f = { 0 };
    km_buf_print(&b,
                 "{\"id\":\"C%d\",\"status\":\"active\",\"network\":\"n1\",\"category\":\"c%d\","
                 "\"dateTime\":1,\"policyRule\":\"OPTOUT\",\"provision\":{\"provision\":[",
                 number, number);
    for (int i = 0; i < PROVISIONS - 1; i++)
        km_buf_print(&b,
                     "%s{\"type\":\"%s\",\"actor\":[\"prac:1\",\"org:2\",\"role:physician\"],"
                     "\"purpose\":[\"CAREMGT\",\"TREAT\"],\"period\":{\"start\":1},"
                     "\"class\":[\"Condition\",\"Observation\"],\"code\":[\"a%d\",\"%s\"]}",
                     i > 0 ? "," : "", i % 2 ? "permit" : "deny", i, i % 2 ? "c1" : "c2");
    km_buf_z(&b, "]}}");
    if (km_json_parse(&doc, a, km_buf_str(&b), NULL, &f) != KM_OK
        || km_consent_compile_compact(&c, a, km_json_root(doc), &f) != KM_OK)
        kit_die("a consent");
    return c;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

typedef struct run {
    km_consent_request request;
    km_consent_network network;
    km_consent consent[CONSENTS];
    unsigned char *copy[CONSENTS];
} run;

static unsigned decided(run *r)
{
    km_decision d;
    km_consent_decide(&d, &r->request, &r->network, r->consent, CONSENTS);
    return d.answer;
}

static unsigned looked(run *r)
{
    unsigned same = 0;
    for (int i = 0; i < CONSENTS; i++)
        same += memcmp(r->copy[i], r->consent[i].p, r->consent[i].n) == 0;
    return same;
}

static unsigned hashed(run *r)
{
    unsigned char sum[KM_SHA256_LEN];
    km_consent_snapshot(sum, &r->request, &r->network, r->consent, CONSENTS);
    return sum[0] | 1u;
}

/* Microseconds: half of the runs are below *mid, 99 of 100 below *p99. */
static void measure(double *mid, double *p99, unsigned (*work)(run *), run *r, double *us)
{
    for (int i = 0; i < TIMES; i++) {
        uint64_t start = km_ticks_ns();
        unsigned did = work(r);
        us[i] = (double)(km_ticks_ns() - start) / 1e3;
        if (did == 0)
            kit_die("a denial where a permit was due");
    }
    qsort(us, TIMES, sizeof *us, by_size);
    *mid = us[TIMES / 2];
    *p99 = us[TIMES / 100 * 99];
}

int main(void)
{
    static const km_str who[] = { KM_STR_INIT("prac:5"), KM_STR_INIT("org:6"),
                                  KM_STR_INIT("role:physician") },
                        code[] = { KM_STR_INIT("c1") };
    run r = { .network = { .id = KM_STR("n1") } };
    double *us = malloc(TIMES * sizeof *us), mid, p99, floor_mid, floor_p99, hash_mid, hash_p99;
    km_arena *a = km_arena_new(1 << 24);
    if (us == NULL)
        kit_die("memory");
    for (int i = 0; i < CONSENTS; i++) {
        r.consent[i] = make(a, i);
        r.copy[i] = km_arena_alloc(a, r.consent[i].n);
        memcpy(r.copy[i], r.consent[i].p, r.consent[i].n);
    }
    r.request = (km_consent_request){ .passed = KM_ASK_ALL,
                                      .related = true,
                                      .now = 9,
                                      .actor = who,
                                      .actors = 3,
                                      .network = r.network.id,
                                      .action = KM_STR("access"),
                                      .purpose = KM_STR("TREAT"),
                                      .klass = KM_STR("Observation"),
                                      .code = code,
                                      .codes = 1 };
    measure(&mid, &p99, decided, &r, us);
    measure(&floor_mid, &floor_p99, looked, &r, us);
    measure(&hash_mid, &hash_p99, hashed, &r, us);
    kit_row asked = { .what = "a decision, 32 provisions, p99",
                      .unit = "us",
                      .peer_is = "50 us asked",
                      .ours = p99,
                      .peer = 50,
                      .want = KIT_AT_MOST,
                      .goal = 1 };
    kit_row beside = { .what = "the same, median",
                       .unit = "us",
                       .peer_is = "memcmp of the consents' bytes",
                       .ours = mid,
                       .peer = floor_mid,
                       .want = KIT_AT_MOST,
                       .goal = 50 };
    kit_print(&asked);
    kit_print(&beside);
    printf("snapshot hash: %.2f us median, %.2f us p99\n", hash_mid, hash_p99);
    km_arena_free(a);
    free(us);
    return 0;
}
