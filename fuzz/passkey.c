/* SPDX-License-Identifier: Apache-2.0
 * fuzz: trust/who
 *
 * passkey: the input as an attestation object, as authenticator data and as one CBOR value. The
 * client's part is right, so that what stands behind it is reached.
 */
#include <stdlib.h>

#include "base/hash.h"
#include "trust/who/cbor.h"
#include "trust/who/passkey.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static km_str client(km_arena *a, const char *type, km_str challenge)
{
    return km_arena_print(
        a, "{\"type\":\"%s\",\"challenge\":\"%.*s\",\"origin\":\"https://k.example\"}", type,
        KM_STR_ARG(km_base64url(a, challenge.p, challenge.n)));
}

/* Whatever is skipped is a value that can be skipped again, and nothing else. */
static void try_cbor(km_str text)
{
    km_str value, again, rest = text;
    if (km_cbor_skip(&value, &rest, NULL) != KM_OK)
        return;
    if (value.n + rest.n != text.n)
        abort();
    rest = value;
    if (km_cbor_skip(&again, &rest, NULL) != KM_OK || rest.n != 0 || !km_str_eq(again, value))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    km_arena *a = km_arena_new((size_t)4 << 20);
    km_fault f = { 0 };
    km_call call = { .arena = a, .fault = &f };
    km_str text = { (const char *)bytes, n }, challenge = KM_STR("challenge");
    km_passkey_want want = { KM_STR("k.example"), KM_STR("https://k.example"), challenge };
    km_passkey key;
    uint32_t count;
    try_cbor(text);
    km_code rc = km_passkey_register(&key, &want, client(a, "webauthn.create", challenge), text,
                                     &call);
    if (rc != f.code || (rc == KM_OK && (key.id.n == 0 || key.key.n == 0)))
        abort();
    km_fault_clear(&f);
    km_passkey_shown shown = { client(a, "webauthn.get", challenge), text, KM_STR("signature") };
    rc = km_passkey_check(&count, &(km_passkey){ KM_STR("id"), text, 0 }, &want, &shown, &call);
    if (rc == KM_OK || rc != f.code)
        abort();
    km_arena_free(a);
    return 0;
}
