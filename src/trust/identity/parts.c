/* SPDX-License-Identifier: Apache-2.0
 *
 * parts: the kinds of proof and how their parts are made comparable (trust.md §1.2).
 */
#include "base/kana.h"
#include "base/utf8.h"
#include "trust/identity/identity.h"

static const km_proof_kind kinds[] = {
    /* insurer 8, symbol, number, branch 2 */
    { "insno", { KM_PART_TEXT, KM_PART_TEXT, KM_PART_TEXT, KM_PART_TEXT }, true },
    /* issuer and serial of the JPKI authentication certificate in one: its SHA-256, or the serial
     */
    { "jpki-auth", { KM_PART_BYTES }, true },
    /* kana name, birth date, sex */
    { "nkds", { KM_PART_TEXT, KM_PART_DATE, KM_PART_TEXT }, false },
    /* birth date, sex: beside an insured number, what a strong proof of sameness asks for (§1.2) */
    { "birth", { KM_PART_DATE, KM_PART_TEXT }, false },
    /* 広域連合 (75 and over): insurer 8, number 8 */
    { "koiki", { KM_PART_TEXT, KM_PART_TEXT }, true },
    /* issuing state, number */
    { "passport", { KM_PART_TEXT, KM_PART_TEXT }, true },
    { "residence", { KM_PART_TEXT }, true },
    /* the infant before it has a number: the mother's insured number, birth date, which of how many
     */
    { "newborn",
      { KM_PART_TEXT, KM_PART_TEXT, KM_PART_TEXT, KM_PART_TEXT, KM_PART_DATE, KM_PART_TEXT },
      true },
    { NULL, { KM_PART_NONE }, false },
};

const km_proof_kind *km_identity_kind(km_str system)
{
    for (const km_proof_kind *k = kinds; k->system != NULL; k++)
        if (km_str_is(system, k->system))
            return k;
    return NULL;
}

/* Spaces and hyphens, after NFKC. ー (U+30FC) is a letter of a name and stays. */
static bool is_gap(int32_t c)
{
    return c <= 0x20 || c == '-' || c == 0xA0 || c == 0x3000 || (c >= 0x2000 && c <= 0x200B)
           || (c >= 0x2010 && c <= 0x2015) || c == 0x2212;
}

static km_str comparable(km_arena *a, km_str value)
{
    km_str left = km_hira_to_kata(a, km_nfkc(a, value));
    km_buf out = km_buf_in(a);
    while (left.n > 0) {
        int32_t c = km_utf8_next(&left);
        if (c != KM_UTF8_BAD && !is_gap(c))
            km_utf8_put(&out, c);
    }
    return km_buf_str(&out);
}

/* 1980-02-29, 1980/2/29, 1980年2月29日 or 19800229. */
static bool is_date(km_str *out, km_arena *a, km_str value)
{
    int part[3] = { 0 }, digits[3] = { 0 }, at = 0;
    km_str text = km_nfkc(a, value);
    bool plain = text.n == 8;
    for (size_t i = 0; i < text.n && at < 3; i++) {
        char c = text.p[i];
        plain = plain && c >= '0' && c <= '9';
        if (c >= '0' && c <= '9' && digits[at] < 4) {
            part[at] = part[at] * 10 + (c - '0');
            digits[at]++;
            if (plain && ((at == 0 && digits[0] == 4) || (at == 1 && digits[1] == 2)))
                at++;
        } else if (digits[at] > 0) {
            at++;
        } else if (c >= '0' && c <= '9') {
            return false;
        }
    }
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool leap = (part[0] % 4 == 0 && part[0] % 100 != 0) || part[0] % 400 == 0;
    if (digits[0] != 4 || part[0] < 1800 || part[1] < 1 || part[1] > 12 || part[2] < 1
        || part[2] > days[part[1] - 1] + (part[1] == 2 && leap))
        return false;
    *out = km_arena_print(a, "%04d%02d%02d", part[0], part[1], part[2]);
    return true;
}

km_code km_identity_part(km_str *out, km_arena *a, km_part kind, km_str value, km_fault *f)
{
    *out = value;
    if (kind == KM_PART_TEXT)
        *out = comparable(a, value);
    if (kind == KM_PART_DATE && !is_date(out, a, value))
        return km_fail(f, KM_BAD_VALUE, "part", "a date of year, month and day");
    if (out->n == 0 || out->n > 1024)
        return km_fail(f, KM_BAD_VALUE, "part", "1 to 1024 bytes");
    return KM_OK;
}

km_code km_identity_index(unsigned char out[KM_KEY_ID], km_keys *keys, km_str system,
                          const km_str *part, size_t n, km_fault *f)
{
    const km_proof_kind *kind = km_identity_kind(system);
    if (kind == NULL)
        return km_fail(f, KM_BAD_VALUE, "system", "not a kind of proof");
    km_arena *a = km_arena_new((size_t)1 << 20);
    km_str field[KM_PARTS_MAX + 1] = { system };
    km_buf fields = km_buf_in(a);
    km_code rc = KM_OK;
    size_t i = 0;
    for (; rc == KM_OK && i < n && i < KM_PARTS_MAX && kind->part[i] != KM_PART_NONE; i++)
        rc = km_identity_part(&field[i + 1], a, kind->part[i], part[i], f);
    if (rc == KM_OK && (i != n || (n < KM_PARTS_MAX && kind->part[n] != KM_PART_NONE)))
        rc = km_fail(f, KM_BAD_VALUE, "part", "not as many parts as this kind of proof has");
    if (rc == KM_OK) {
        km_enc(&fields, field, n + 1);
        rc = km_keys_index(out, keys, 0, km_buf_str(&fields), f);
    }
    km_arena_free(a);
    return rc;
}
