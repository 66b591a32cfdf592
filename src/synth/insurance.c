/* SPDX-License-Identifier: Apache-2.0
 *
 * insurance: insurers' and members' numbers that keep the rules and belong to nobody. The insurer
 * parts (area 99) are given to no insurer.
 */
#include "synth/inside.h"

/* From the right, weights 2, 1, 2, 1...; the digits of each product are added (rules of the numbers
 * of insurers and institutions, Health Service Bureau notice of 1976). */
char km_synth__check_digit(km_str digits)
{
    int sum = 0, weight = 2;
    for (size_t i = digits.n; i-- > 0; weight = 3 - weight) {
        int x = (digits.p[i] - '0') * weight;
        sum += x / 10 + x % 10;
    }
    return (char)('0' + (10 - sum % 10) % 10);
}

static km_str full_width(km_arena *a, km_str digits)
{
    km_buf b = km_buf_in(a);
    for (size_t i = 0; i < digits.n; i++) {
        char c[3] = { (char)0xef, (char)0xbc, (char)(0x90 + (digits.p[i] - '0')) }; /* U+FF10.. */
        km_buf_bytes(&b, c, 3);
    }
    return km_buf_str(&b);
}

/* The payload of an insurer's number without its check digit, by law: 01 health insurance
 * association, 06 health insurance society, national health insurance (six digits), 39 the old. */
static const char *const payloads[] = { "0120998", "0620991", "20996", "0620992" };
enum { PAYLOADS = sizeof payloads / sizeof *payloads, OLD_AGE = 75 };

void km_synth__insure(syn_person *p, uint64_t family_seed, int64_t branch, bool dependant)
{
    static const char *const symbols[] = { "組紐", "糸", "紬", "綾" };
    km_arena *a = p->world->arena;
    uint64_t of = km_synth__mixed(family_seed, 7, 0);
    bool old = km_synth__age(p, km_day_from_civil(2020, 1, 1)) >= OLD_AGE;
    km_str payload = km_str_of(old ? "3920999" : payloads[of % PAYLOADS]);
    p->insurer = km_arena_print(a, "%s%.*s%c", payload.n == 5 ? "00" : "", KM_STR_ARG(payload),
                                km_synth__check_digit(payload));
    p->dependant = dependant && !old && payload.n == 7;
    p->symbol = old ? KM_STR("") : km_str_of(symbols[of / PAYLOADS % 4]);
    /* The household's own number, so that two households never share one. */
    int64_t number = old ? 40000000 + p->index * 37
                         : 1000 + p->household * 7 + (int64_t)(of >> 8) % 7;
    p->number = full_width(a, km_arena_print(a, "%lld", (long long)number));
    p->branch = old ? KM_STR("") : km_arena_print(a, "%02d", (int)branch);
    p->member_id = km_arena_print(a, "%.*s:%.*s:%.*s:%.*s", KM_STR_ARG(p->insurer),
                                  KM_STR_ARG(p->symbol), KM_STR_ARG(p->number),
                                  KM_STR_ARG(p->branch));
}
