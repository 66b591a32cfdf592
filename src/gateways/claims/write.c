/* SPDX-License-Identifier: Apache-2.0 */
#include "gateways/claims/write.h"

#include "base/date.h"

static void print_day(char out[16], int64_t day)
{
    int y, m, d;
    km_day_to_civil(day, &y, &m, &d);
    snprintf(out, 16, "%04d-%02d-%02d", y % 10000, m % 100, d % 100);
}

bool km_claims__date(char out[16], km_str field)
{
    int64_t day;
    if (!km_field_day(&day, field))
        return false;
    print_day(out, day);
    return true;
}

void km_claims__month(km_jw *w, const char *name, int month, km_str since)
{
    char first[16], last[16];
    int64_t from = km_day_from_civil(month / 100, month % 100, 1), day;
    int64_t to = from + km_days_in_month(month / 100, month % 100) - 1;
    if (km_field_day(&day, since) && day <= to)
        from = day;
    print_day(first, from);
    print_day(last, to);
    km_jw_key(w, name);
    km_jw_open(w, '{');
    km_jw_member_z(w, "start", first);
    km_jw_member_z(w, "end", last);
    km_jw_close(w, '}');
}

/* A point is ten yen. */
void km_claims__yen(km_jw *w, const char *name, int64_t points)
{
    km_jw_key(w, name);
    km_jw_open(w, '{');
    km_jw_member_int(w, "value", points * 10);
    km_jw_member_z(w, "currency", "JPY");
    km_jw_close(w, '}');
}
