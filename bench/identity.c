/* SPDX-License-Identifier: Apache-2.0
 *
 * identity: identifiers derived by one thread (two keyed hashes each), beside the floor: OpenSSL's
 * one-shot HMAC-SHA-256 called twice over messages of the same length.
 */
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/call.h"
#include "kit/kit.h"
#include "trust/identity/identity.h"

enum { PERSONS = 500000, MESSAGE_A = 83, MESSAGE_B = 93 };

static double floor_per_s(void)
{
    unsigned char key[32] = { 1 }, message[MESSAGE_B] = { 0 }, out[32];
    unsigned n = 32;
    uint64_t from = km_ticks_ns();
    for (int i = 0; i < PERSONS; i++) {
        memcpy(message, &i, sizeof i);
        if (HMAC(EVP_sha256(), key, 32, message, MESSAGE_A, out, &n) == NULL
            || HMAC(EVP_sha256(), key, 32, message, MESSAGE_B, out, &n) == NULL)
            abort();
    }
    return PERSONS / ((double)(km_ticks_ns() - from) / 1e9);
}

static double ours_per_s(void)
{
    km_keys *k;
    km_fault f = { 0 };
    uint32_t v;
    km_domain d = { KM_STR("urn:kumihimo:dom:care:net-0001"), 1, 1 };
    km_key_root *root = calloc(PERSONS, sizeof *root);
    km_pid *pid = calloc(PERSONS, sizeof *pid);
    if (root == NULL || pid == NULL
        || km_keys_in_memory(&k, KM_KEY_MASK_ALL, &km_random_real, &f) != KM_OK
        || km_keys_make(&v, k, KM_KEY_PID_A, d.uri, &f) != KM_OK
        || km_keys_make(&v, k, KM_KEY_PID_B, d.uri, &f) != KM_OK)
        kit_die("no keys");
    km_random_real.fill(NULL, root, PERSONS * sizeof *root);
    uint64_t from = km_ticks_ns();
    if (km_identity_derive(pid, (km_operators){ k, k }, &d, root, PERSONS, &f) != KM_OK)
        kit_die("not derived");
    double took = (double)(km_ticks_ns() - from) / 1e9;
    km_keys_close(k);
    free(root);
    free(pid);
    return PERSONS / took;
}

int main(void)
{
    kit_print(&(kit_row){ "identifiers derived, one thread", "/s", "OpenSSL HMAC twice",
                          ours_per_s(), floor_per_s(), KIT_AT_LEAST, 1 });
    return 0;
}
