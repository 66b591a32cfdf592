/* SPDX-License-Identifier: Apache-2.0
 *
 * witness: a SIMULATED witness of another operator. It is a program of its own, keeps only the size
 * and root that it last saw, and speaks the body of C2SP tlog-witness's add-checkpoint:
 *
 *     simulated_witness STATE NAME SEED LOG-KEY < ask > signature line
 *
 * Exit 0: countersigned. 1: refused; standard output then holds the size that it saw last (what a
 * witness answers with 409). Its key comes from SEED, a number: that is what is simulated, not the
 * rule (km_audit_witness). With LOG-KEY "-" it prints its own verifier key.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "trust/audit/tree.h"

enum { ASK_MAX = 1 << 16 };

static km_code sign(void *self, unsigned char out[64], km_str text, km_fault *f)
{
    size_t n = 64;
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool good = EVP_DigestSignInit(c, NULL, NULL, NULL, self) == 1
                && EVP_DigestSign(c, out, &n, (const unsigned char *)text.p, text.n) == 1;
    EVP_MD_CTX_free(c);
    return good ? KM_OK : km_fail(f, KM_INTERNAL, NULL, NULL);
}

static void read_state(km_audit_seen *seen, const char *path)
{
    char root[65];
    long long size;
    FILE *in = fopen(path, "r");
    *seen = (km_audit_seen){ 0 };
    if (in != NULL && fscanf(in, "%lld %64s", &size, root) == 2
        && km_unhex(seen->root.h, KM_AUDIT_HASH, km_str_of(root)))
        seen->size = size;
    if (in != NULL)
        fclose(in);
}

/* Durable before the signature leaves: a witness that forgets would sign two stories. */
static bool write_state(const km_audit_seen *seen, const char *path, km_arena *a)
{
    const char *beside = km_arena_z(a, km_arena_print(a, "%s.new", path));
    FILE *out = fopen(beside, "w");
    if (out == NULL)
        return false;
    fprintf(out, "%lld %.*s\n", (long long)seen->size,
            KM_STR_ARG(km_hex(a, seen->root.h, KM_AUDIT_HASH)));
    bool good = fflush(out) == 0 && fsync(fileno(out)) == 0;
    return fclose(out) == 0 && good && rename(beside, path) == 0;
}

static int answer(const char *state, const km_audit_key *log, const km_audit_signer *own,
                  km_arena *a)
{
    char *text = km_arena_alloc(a, ASK_MAX);
    km_audit_seen seen;
    km_audit_path growth;
    int64_t old;
    km_str note, ask = { text, fread(text, 1, ASK_MAX, stdin) };
    km_buf out = km_buf_in(a);
    km_fault fault = { 0 };
    read_state(&seen, state);
    km_code rc = km_audit_ask_parse(&old, &growth, &note, ask, &fault);
    if (rc == KM_OK && old != seen.size)
        rc = km_fail(&fault, KM_CONFLICT, "old", "another size was seen last");
    if (rc == KM_OK)
        rc = km_audit_witness(&out, &seen, note, &growth, log, own, &fault);
    if (rc == KM_OK && !write_state(&seen, state, a))
        rc = km_fail(&fault, KM_STORE, "state", "it cannot be kept");
    if (rc != KM_OK) {
        fprintf(stderr, "simulated witness: %s: %s\n", km_code_name(rc), fault.detail);
        printf("%lld\n", (long long)seen.size);
        return 1;
    }
    fwrite(out.p, 1, out.n, stdout);
    return 0;
}

int main(int argc, char **argv)
{
    unsigned char raw[32] = { 0 };
    size_t n = sizeof raw;
    km_audit_key log;
    if (argc != 5) {
        fprintf(stderr, "simulated_witness STATE NAME SEED LOG-KEY < ask\n");
        return 2;
    }
    unsigned long seed = strtoul(argv[3], NULL, 10);
    memcpy(raw, &seed, sizeof seed);
    EVP_PKEY *key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, raw, sizeof raw);
    km_audit_signer own = { .sign = sign, .self = key };
    snprintf(own.key.name, sizeof own.key.name, "%s", argv[2]);
    EVP_PKEY_get_raw_public_key(key, own.key.pub, &n);
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    int code = 2;
    if (strcmp(argv[4], "-") == 0) {
        km_buf out = km_buf_in(a);
        km_audit_key_print(&out, &own.key);
        printf("%.*s\n", KM_STR_ARG(km_buf_str(&out)));
        code = 0;
    } else if (km_audit_key_parse(&log, km_str_of(argv[4]), NULL) == KM_OK) {
        code = answer(argv[1], &log, &own, a);
    }
    km_arena_free(a);
    EVP_PKEY_free(key);
    return code;
}
