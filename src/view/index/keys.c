/* SPDX-License-Identifier: Apache-2.0
 *
 * keys: see keys.h.
 */
#include "view/index/keys.h"

#include "base/kana.h"
#include "codec/json/decimal.h"

static void put64(km_key *k, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        k->b[k->n++] = (unsigned char)(v >> (56 - 8 * i));
}

static uint64_t sip(km_sipkey k, km_str s)
{
    uint64_t h = s.n > 0 ? km_siphash(k, s.p, s.n) : 0;
    return h == KM_KEY_SYSTEM_ANY ? h - 1 : h; /* that one value is taken */
}

static void start(km_key *out)
{
    out->n = 0;
    out->cut = false;
}

void km_key_token(km_key *out, km_sipkey k, km_str code, km_str system, bool any_system)
{
    start(out);
    put64(out, sip(k, code));
    put64(out, any_system ? KM_KEY_SYSTEM_ANY : sip(k, system));
}

static void put_text(km_key *out, km_str text)
{
    size_t n = text.n;
    if (n > KM_KEY_TEXT) {
        n = KM_KEY_TEXT;
        while (n > 0 && ((unsigned char)text.p[n] & 0xC0) == 0x80)
            n--;
        out->cut = true;
    }
    if (n > 0)
        memcpy(out->b + out->n, text.p, n);
    out->n = (uint8_t)(out->n + n);
}

void km_key_string(km_key *out, km_arena *a, km_str text)
{
    start(out);
    put_text(out, km_fold(a, text));
}

void km_key_uri(km_key *out, km_str text)
{
    start(out);
    put_text(out, text);
}

static const uint64_t BIAS = (uint64_t)1 << 63;

void km_key_date(km_key *out, km_ms low, km_ms high)
{
    const km_ms day = 86400000;
    km_ms length;
    bool open = low == INT64_MIN || high == INT64_MAX || __builtin_sub_overflow(high, low, &length);
    start(out);
    out->b[out->n++] = open                  ? 'd'
                       : length <= day       ? 'a'
                       : length <= 32 * day  ? 'b'
                       : length <= 367 * day ? 'c'
                                             : 'd';
    put64(out, (uint64_t)low ^ BIAS);
    put64(out, (uint64_t)high ^ BIAS);
}

static uint64_t get64(const char *p)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v = v << 8 | (unsigned char)p[i];
    return v;
}

bool km_key_date_read(km_ms *low, km_ms *high, km_str key)
{
    if (key.n != 17)
        return false;
    *low = (km_ms)(get64(key.p + 1) ^ BIAS);
    *high = (km_ms)(get64(key.p + 9) ^ BIAS);
    return true;
}

void km_key_number(km_key *out, double low, double high)
{
    start(out);
    out->b[out->n++] = low < high ? 'r' : 'p';
    put64(out, km_double_key(low));
    put64(out, km_double_key(high));
}

void km_key_quantity(km_key *out, km_sipkey k, double low, double high, km_str code, km_str system)
{
    km_key_number(out, low, high);
    put64(out, sip(k, code));
    put64(out, sip(k, system));
}

void km_key_reference(km_key *out, km_sipkey k, km_str text)
{
    start(out);
    out->b[out->n++] = 'r';
    km_siphash128(out->b + 1, k, text.p, text.n);
    out->n = 17;
}

/* What no search finds by its value, but :missing as being there. */
static void key_present(km_key *out)
{
    start(out);
    out->b[out->n++] = 'p';
}

void km_key_not_own(km_key *out)
{
    start(out);
    out->b[out->n++] = 'n';
}

void km_key_reference_identifier(km_key *out, km_sipkey k, km_str system, km_str value)
{
    start(out);
    out->b[out->n++] = 'i';
    put64(out, sip(k, value));
    put64(out, sip(k, system));
}

void km_key_canonical(km_key *out, km_str url)
{
    km_str version;
    start(out);
    out->b[out->n++] = 'c';
    put_text(out, km_str_cut(url, '|', &version));
}

/* --- the keys of a value --- */

km_str km_key_without_version(const km_reference *r)
{
    size_t tail = r->version.n > 0 && !r->canonical ? r->version.n + sizeof "/_history/" - 1 : 0;
    return km_str_sub(r->text, 0, r->text.n - tail);
}

static size_t reference_keys(km_key out[3], const km_value *v, km_sipkey k)
{
    size_t n = 0;
    km_reference ref;
    if (v->canonical) {
        km_key_canonical(&out[n++], v->text);
        return n;
    }
    if (v->text.n > 0 && km_reference_parse(&ref, v->text) && !ref.contained)
        km_key_reference(&out[n++], k, km_key_without_version(&ref));
    if (v->id_value.n > 0)
        km_key_reference_identifier(&out[n++], k, v->id_system, v->id_value);
    if (n == 0)
        key_present(&out[n++]);
    return n;
}

static size_t quantity_keys(km_key out[3], const km_value *v, km_sipkey k)
{
    size_t n = 0;
    km_key_quantity(&out[n++], k, v->number_low, v->number_high, v->text, v->system);
    if (v->unit.n > 0 && !km_str_eq(v->unit, v->text))
        km_key_quantity(&out[n++], k, v->number_low, v->number_high, v->unit, KM_STR_NONE);
    return n;
}

size_t km_value_keys(km_key out[3], const km_value *v, km_sipkey k, km_arena *a)
{
    switch (v->kind) {
    case KM_PARAM_STRING:
        km_key_string(&out[0], a, v->text);
        return 1;
    case KM_PARAM_TOKEN:
        km_key_token(&out[0], k, v->text, v->system, v->any_system);
        return 1;
    case KM_PARAM_DATE:
        km_key_date(&out[0], v->low, v->high);
        return 1;
    case KM_PARAM_NUMBER:
        km_key_number(&out[0], v->number_low, v->number_high);
        return 1;
    case KM_PARAM_QUANTITY:
        return quantity_keys(out, v, k);
    case KM_PARAM_URI:
        km_key_uri(&out[0], v->text);
        return 1;
    case KM_PARAM_REFERENCE:
        return reference_keys(out, v, k);
    default:
        return 0;
    }
}
