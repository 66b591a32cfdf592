/* SPDX-License-Identifier: Apache-2.0
 *
 * receden: how fast claim files are cut into fields and checked, beside memchr for the lines of the
 * same bytes, which is the least that anybody has to do who reads lines.
 */
#include "codec/receden/receden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kit/kit.h"

enum { BYTES = 256 << 20, ROUNDS = 3 };

static int64_t lines(km_str text)
{
    int64_t n = 0;
    for (const char *p = text.p, *end = p + text.n; p < end; n++) {
        const char *feed = memchr(p, '\n', (size_t)(end - p));
        p = feed != NULL ? feed + 1 : end;
    }
    return n;
}

static int64_t fields(km_str text)
{
    km_rows rows = { .text = text };
    km_row row;
    int64_t n = 0;
    while (km_rows_next(&row, &rows))
        n += row.fields;
    return n;
}

static int64_t findings(km_str text)
{
    km_receden_sums sums = { 0 };
    km_arena *a = km_arena_new((size_t)1 << 28);
    if (km_receden_check(&sums, a, text, (km_receden_teller){ 0 }, NULL) != KM_OK)
        kit_die("the layouts");
    km_arena_free(a);
    return sums.records;
}

/* MB a second, the best of some rounds. */
static double speed(int64_t (*work)(km_str), km_str text)
{
    double best = 0;
    for (int i = 0; i < ROUNDS; i++) {
        double start = kit_now();
        if (work(text) == 0)
            kit_die("an empty file");
        double now = (double)text.n / 1e6 / (kit_now() - start);
        best = now > best ? now : best;
    }
    return best;
}

int main(void)
{
    size_t n;
    char *one = kit_read(&n, "tests/golden/claims/medical.uke");
    char *all = malloc(BYTES);
    if (one == NULL || all == NULL)
        kit_die("tests/golden/claims/medical.uke");
    n -= n > 0 && one[n - 1] == 0x1A;
    size_t filled = 0;
    for (; filled + n <= BYTES; filled += n)
        memcpy(all + filled, one, n);
    km_str text = { all, filled };
    double floor = speed(lines, text);
    kit_row cut = { .what = "claims cut into fields",
                    .unit = "MB/s",
                    .peer_is = "300 MB/s asked",
                    .ours = speed(fields, text),
                    .peer = 300,
                    .want = KIT_AT_LEAST,
                    .goal = 1 };
    kit_row beside = { .what = "the same beside bare lines",
                       .unit = "MB/s",
                       .peer_is = "memchr for each line",
                       .ours = cut.ours,
                       .peer = floor,
                       .want = KIT_AT_LEAST,
                       .goal = 0.1 };
    kit_print(&cut);
    kit_print(&beside);
    printf("checked: %.0f MB/s\n", speed(findings, (km_str){ all, (size_t)32 << 20 }));
    free(one);
    free(all);
    return 0;
}
