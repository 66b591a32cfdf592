/* SPDX-License-Identifier: Apache-2.0
 *
 * write: replies built piece by piece. A comma stands before whatever follows a complete value.
 */
#include <assert.h>

#include "codec/json/json.h"

static void begin(km_jw *w)
{
    if (w->comma)
        km_buf_char(w->out, ',');
    w->comma = true;
}

void km_jw_open(km_jw *w, char bracket)
{
    assert(bracket == '{' || bracket == '[');
    begin(w);
    km_buf_char(w->out, bracket);
    w->comma = false;
}

void km_jw_close(km_jw *w, char bracket)
{
    assert(bracket == '}' || bracket == ']');
    km_buf_char(w->out, bracket);
    w->comma = true;
}

void km_jw_key(km_jw *w, const char *name)
{
    km_jw_key_str(w, km_str_of(name));
}

void km_jw_key_str(km_jw *w, km_str name)
{
    begin(w);
    km_json_string(w->out, name);
    km_buf_char(w->out, ':');
    w->comma = false;
}

void km_jw_str(km_jw *w, km_str s)
{
    begin(w);
    km_json_string(w->out, s);
}

void km_jw_z(km_jw *w, const char *z)
{
    km_jw_str(w, km_str_of(z));
}

void km_jw_int(km_jw *w, int64_t n)
{
    char digits[20];
    size_t at = sizeof digits;
    uint64_t rest = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
    do
        digits[--at] = (char)('0' + rest % 10);
    while ((rest /= 10) > 0);
    begin(w);
    if (n < 0)
        km_buf_char(w->out, '-');
    km_buf_bytes(w->out, digits + at, sizeof digits - at);
}

void km_jw_bool(km_jw *w, bool b)
{
    km_jw_raw(w, b ? KM_STR("true") : KM_STR("false"));
}

void km_jw_null(km_jw *w)
{
    km_jw_raw(w, KM_STR("null"));
}

void km_jw_raw(km_jw *w, km_str json)
{
    assert(json.n > 0);
    begin(w);
    km_buf_add(w->out, json);
}

void km_jw_value(km_jw *w, km_jv v)
{
    begin(w);
    km_jv_print(w->out, v);
}

void km_jw_member(km_jw *w, const char *name, km_str s)
{
    km_jw_key(w, name);
    km_jw_str(w, s);
}

void km_jw_member_z(km_jw *w, const char *name, const char *z)
{
    km_jw_key(w, name);
    km_jw_z(w, z);
}

void km_jw_member_int(km_jw *w, const char *name, int64_t n)
{
    km_jw_key(w, name);
    km_jw_int(w, n);
}

void km_jw_member_bool(km_jw *w, const char *name, bool b)
{
    km_jw_key(w, name);
    km_jw_bool(w, b);
}
