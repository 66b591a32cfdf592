/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz: base
 *
 * Dates: what is read stands for an interval that is not empty, and a printed day of an era
 * reads back as itself.
 */
#include "base/date.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void claim(bool holds)
{
    if (!holds)
        abort();
}

static void fuzz_civil(km_str text)
{
    km_civil c, again;
    km_ms low, high, low_again, high_again;
    char printed[25];
    if (!km_civil_parse(&c, text))
        return;
    km_civil_interval(&low, &high, &c);
    claim(low <= high && high - low < (km_ms)366 * 86400000);
    /* An hour of a zone may push the first and the last day out of the printable years. */
    if (c.year == 1 || c.year == 9999)
        return;
    km_instant_print(printed, low);
    claim(km_civil_parse(&again, km_str_of(printed)));
    km_civil_interval(&low_again, &high_again, &again);
    claim(low_again == low && high_again == low);
}

static void fuzz_era(km_str text)
{
    int64_t day, again;
    if (!km_era_parse(&day, text))
        return;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    claim(km_era_of(day) != NULL);
    claim(km_era_parse(&again, km_era_print(a, day)) && again == day);
    km_arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    km_str text = { (const char *)p, n };
    fuzz_civil(text);
    fuzz_era(text);
    return 0;
}
