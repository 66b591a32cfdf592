/* SPDX-License-Identifier: Apache-2.0 */
#include "gateways/claims/write.h"

#include "base/date.h"
#include "base/hash.h"

enum { PARTS = 8, ID_BYTES = 20 };

km_str km_claims__id(km_arena *a, const char *kind, const km_str *part, size_t n)
{
    unsigned char sum[KM_SHA256_LEN];
    km_buf key = km_buf_in(a);
    km_buf_z(&key, kind);
    for (size_t i = 0; i < n; i++) {
        km_buf_char(&key, '\0');
        km_buf_add(&key, part[i]);
    }
    km_sha256(sum, key.p, key.n);
    return km_hex(a, sum, ID_BYTES);
}

void km_claims__entry_open(km_jw *w, const char *type, km_str id)
{
    km_jw_open(w, '{');
    km_jw_key(w, "resource");
    km_jw_open(w, '{');
    km_jw_member_z(w, "resourceType", type);
    km_jw_member(w, "id", id);
}

void km_claims__entry_close(km_jw *w, const char *type, km_str id)
{
    char url[128];
    km_jw_close(w, '}');
    km_jw_key(w, "request");
    km_jw_open(w, '{');
    snprintf(url, sizeof url, "%s/%.*s", type, KM_STR_ARG(id));
    km_jw_member_z(w, "method", "PUT");
    km_jw_member_z(w, "url", url);
    km_jw_close(w, '}');
    km_jw_close(w, '}');
}

void km_claims__reference(km_jw *w, const char *name, const char *type, km_str id)
{
    char target[128];
    snprintf(target, sizeof target, "%s/%.*s", type, KM_STR_ARG(id));
    if (name != NULL)
        km_jw_key(w, name);
    km_jw_open(w, '{');
    km_jw_member_z(w, "reference", target);
    km_jw_close(w, '}');
}

void km_claims__coding(km_jw *w, const char *system, km_str code)
{
    km_jw_open(w, '{');
    km_jw_member_z(w, "system", system);
    km_jw_member(w, "code", code);
    km_jw_close(w, '}');
}

void km_claims__coded(km_jw *w, const char *name, const char *system, km_str code)
{
    if (name != NULL)
        km_jw_key(w, name);
    km_jw_open(w, '{');
    km_jw_key(w, "coding");
    km_jw_open(w, '[');
    km_claims__coding(w, system, code);
    km_jw_close(w, ']');
    km_jw_close(w, '}');
}

void km_claims__identifier(km_jw *w, km_str system, km_str value)
{
    km_jw_open(w, '{');
    km_jw_member(w, "system", system);
    km_jw_member(w, "value", value);
    km_jw_close(w, '}');
}

static void print_day(char out[16], int64_t day)
{
    int y, m, d;
    km_day_to_civil(day, &y, &m, &d);
    snprintf(out, 16, "%04d-%02d-%02d", y % 10000, m % 100, d % 100);
}

bool km_claims__date(char out[16], km_str field)
{
    int64_t day;
    if (!km_receden_day(&day, field))
        return false;
    print_day(out, day);
    return true;
}

void km_claims__month(km_jw *w, const char *name, int month, km_str since)
{
    char first[16], last[16];
    int64_t from = km_day_from_civil(month / 100, month % 100, 1), day;
    int64_t to = from + km_days_in_month(month / 100, month % 100) - 1;
    if (km_receden_day(&day, since) && day <= to)
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
