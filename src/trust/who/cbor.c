/* SPDX-License-Identifier: Apache-2.0
 *
 * cbor: the reader (cbor.h).
 */
#include "trust/who/cbor.h"

static km_code malformed(km_fault *f)
{
    return km_fail(f, KM_MALFORMED, "cbor", "not the canonical CBOR of CTAP2");
}

/* RFC 8949 §3: the argument behind the first byte. Shortest form only (§4.2.1). */
static bool take_argument(uint64_t *out, unsigned low, km_str *rest)
{
    static const uint64_t least[] = { 24, 1u << 8, 1u << 16, UINT64_C(1) << 32 };
    if (low < 24) {
        *out = low;
        return true;
    }
    size_t n = low < 28 ? (size_t)1 << (low - 24) : 0;
    if (n == 0 || rest->n < n)
        return false;
    *out = 0;
    for (size_t i = 0; i < n; i++)
        *out = *out << 8 | (unsigned char)rest->p[i];
    *rest = km_str_sub(*rest, n, rest->n);
    return *out >= least[low - 24];
}

static bool take_text(km_cbor_item *out, km_str *rest, uint64_t n)
{
    if (n > rest->n)
        return false;
    out->bytes = km_str_sub(*rest, 0, (size_t)n);
    *rest = km_str_sub(*rest, (size_t)n, rest->n);
    return out->kind == KM_CBOR_BYTES || km_str_is_utf8(out->bytes, NULL);
}

/* Every item of an array has at least one byte, every pair of a map two: a head that promises more
 * than there is is a lie. */
static bool fits(const km_cbor_item *i, uint64_t n, km_str rest)
{
    return n <= rest.n / (i->kind == KM_CBOR_MAP ? 2 : 1);
}

km_code km_cbor_take(km_cbor_item *out, km_str *rest, km_fault *f)
{
    uint64_t n;
    if (rest->n == 0)
        return malformed(f);
    unsigned first = (unsigned char)rest->p[0];
    *out = (km_cbor_item){ .kind = (km_cbor_kind)(first >> 5) };
    *rest = km_str_sub(*rest, 1, rest->n);
    if (first >> 5 == 6 || !take_argument(&n, first & 31, rest) || n > INT64_MAX)
        return malformed(f);
    out->number = (int64_t)n;
    switch (out->kind) {
    case KM_CBOR_UINT:
        return KM_OK;
    case KM_CBOR_NEGATIVE:
        out->number = -1 - out->number;
        return KM_OK;
    case KM_CBOR_BYTES:
    case KM_CBOR_TEXT:
        return take_text(out, rest, n) ? KM_OK : malformed(f);
    case KM_CBOR_ARRAY:
    case KM_CBOR_MAP:
        return fits(out, n, *rest) ? KM_OK : malformed(f);
    case KM_CBOR_SIMPLE:
        return (first & 31) >= 20 && (first & 31) <= 22 ? KM_OK : malformed(f);
    }
    return malformed(f);
}

km_code km_cbor_skip(km_str *value, km_str *rest, km_fault *f)
{
    int64_t left[KM_CBOR_DEPTH + 1] = { 1 }; /* values still to come, by depth */
    int depth = 0;
    const char *from = rest->p;
    while (depth >= 0) {
        km_cbor_item i;
        if (left[depth] == 0) {
            depth--;
            continue;
        }
        left[depth]--;
        KM_TRY(km_cbor_take(&i, rest, f));
        if (i.kind != KM_CBOR_ARRAY && i.kind != KM_CBOR_MAP)
            continue;
        if (depth == KM_CBOR_DEPTH)
            return malformed(f);
        left[++depth] = i.kind == KM_CBOR_MAP ? 2 * i.number : i.number;
    }
    *value = (km_str){ from, (size_t)(rest->p - from) };
    return KM_OK;
}
