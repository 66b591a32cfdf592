/* SPDX-License-Identifier: Apache-2.0
 *
 * token_serve: the fixed requests, answered by a PKCS#11 token. Messages have the forms of the ring
 * (ring.c); only the keyed step is the token's.
 */
#include <assert.h>
#include <endian.h>
#include <string.h>

#include "base/hash.h"
#include "trust/keys/token.h"

enum { HEAD_MAX = KM_KEY_NAME_MAX + 64, ITEM_MAX = 2 + KM_KEY_T + 6, NONCE = 12, TAG = 16 };

static km_code need(km_token_key **out, km_token *t, km_key_name key, km_fault *f)
{
    *out = km_token__find(t, key);
    return *out != NULL
               ? KM_OK
               : km_fail(f, KM_NOT_FOUND, "key", "this ring has no key of role %d, version %u",
                         (int)key.role, key.version);
}

static km_code sign(unsigned char *out, CK_ULONG n, km_token *t, const km_token_key *k,
                    CK_MECHANISM_TYPE how, km_str message, km_fault *f)
{
    CK_MECHANISM m = { how, NULL, 0 };
    CK_ULONG got = n;
    CK_RV rv = t->api->C_SignInit(t->session, &m, k->key);
    if (rv == CKR_OK)
        rv = t->api->C_Sign(t->session, (unsigned char *)(uintptr_t)message.p, message.n, out,
                            &got);
    if (rv == CKR_OK && got != n)
        return km_fail(f, KM_INTERNAL, "key", "the token answers in another size");
    return rv == CKR_OK ? KM_OK : km_token__told(f, rv, "to sign");
}

/* --- keyed hashes --- */

static void put_field(unsigned char *to, size_t *n, const void *p, size_t length)
{
    to[(*n)++] = (unsigned char)(length >> 8);
    to[(*n)++] = (unsigned char)length;
    if (length > 0)
        memcpy(to + *n, p, length);
    *n += length;
}

static void put_text(unsigned char *to, size_t *n, const char *z)
{
    put_field(to, n, z, strlen(z));
}

static km_code hash_pids(km_token *t, const km_token_key *k, const km_key_request *q,
                         unsigned char *out, km_fault *f)
{
    bool a = q->op == KM_ASK_PID_A;
    unsigned char message[HEAD_MAX + ITEM_MAX];
    const unsigned char *in = (const unsigned char *)q->items.p;
    uint32_t kv = htobe32(k->version);
    size_t head = 0, first = a ? KM_KEY_ROOT : KM_KEY_T;
    km_code rc = KM_OK;
    put_text(message, &head, "kumihimo/pid/v1");
    put_text(message, &head, a ? "A" : "B");
    put_field(message, &head, q->key.name.p, q->key.name.n);
    put_field(message, &head, &kv, 4);
    for (uint32_t i = 0; i < q->n && rc == KM_OK; i++) {
        size_t n = head;
        put_field(message, &n, in, first);
        in += first;
        if (a) {
            put_field(message, &n, in, 4);
            in += 4;
        }
        rc = sign(out + (size_t)i * KM_KEY_T, KM_KEY_T, t, k, CKM_SHA256_HMAC,
                  (km_str){ (char *)message, n }, f);
    }
    explicit_bzero(message, sizeof message);
    return rc;
}

static km_code hash_releases(km_token *t, const km_token_key *k, const km_key_request *q,
                             unsigned char *out, km_fault *f)
{
    unsigned char message[HEAD_MAX + ITEM_MAX], y[32];
    size_t head = 0;
    km_code rc = KM_OK;
    put_text(message, &head, "kumihimo/sid/v1");
    put_field(message, &head, q->key.name.p, q->key.name.n);
    for (uint32_t i = 0; i < q->n && rc == KM_OK; i++) {
        size_t n = head;
        put_field(message, &n, q->items.p + (size_t)i * KM_KEY_ID, KM_KEY_ID);
        rc = sign(y, sizeof y, t, k, CKM_SHA256_HMAC, (km_str){ (char *)message, n }, f);
        memcpy(out + (size_t)i * KM_KEY_ID, y, KM_KEY_ID);
    }
    explicit_bzero(message, sizeof message);
    return rc;
}

static km_code hash_index(km_token *t, const km_token_key *k, const km_key_request *q,
                          unsigned char *out, km_fault *f)
{
    unsigned char label[32], y[32];
    size_t n = 0;
    km_arena *a = km_arena_new((size_t)256 << 10);
    km_buf message = km_buf_in(a);
    put_text(label, &n, "kumihimo/idx/v1");
    km_buf_bytes(&message, label, n);
    km_buf_add(&message, q->items);
    km_code rc = sign(y, sizeof y, t, k, CKM_SHA256_HMAC, km_buf_str(&message), f);
    explicit_bzero(message.p, message.n);
    km_arena_free(a);
    memcpy(out, y, KM_KEY_ID);
    return rc;
}

/* --- wrapping --- */

static CK_GCM_PARAMS gcm_params(const unsigned char *nonce, km_str purpose)
{
    return (CK_GCM_PARAMS){ .pIv = (unsigned char *)(uintptr_t)nonce,
                            .ulIvLen = NONCE,
                            .ulIvBits = NONCE * 8,
                            .pAAD = (unsigned char *)(uintptr_t)purpose.p,
                            .ulAADLen = purpose.n,
                            .ulTagBits = TAG * 8 };
}

static km_code wrap(km_token *t, const km_token_key *k, const km_key_request *q, unsigned char *out,
                    km_fault *f)
{
    uint32_t be = htobe32(k->version);
    memcpy(out, &be, 4);
    t->random->fill(t->random->self, out + 4, NONCE);
    CK_GCM_PARAMS params = gcm_params(out + 4, q->key.name);
    CK_MECHANISM m = { CKM_AES_GCM, &params, sizeof params };
    CK_ULONG got = KM_KEY_DATA + TAG;
    CK_RV rv = t->api->C_EncryptInit(t->session, &m, k->key);
    if (rv == CKR_OK)
        rv = t->api->C_Encrypt(t->session, (unsigned char *)(uintptr_t)q->items.p, KM_KEY_DATA,
                               out + 4 + NONCE, &got);
    if (rv == CKR_OK && got != KM_KEY_DATA + TAG)
        return km_fail(f, KM_INTERNAL, "key", "the token answers in another size");
    return rv == CKR_OK ? KM_OK : km_token__told(f, rv, "to wrap");
}

static km_code unwrap(km_token *t, const km_key_request *q, unsigned char *out, km_fault *f)
{
    unsigned char room[KM_KEY_DATA + TAG];
    km_token_key *k;
    uint32_t be;
    const unsigned char *in = (const unsigned char *)q->items.p;
    memcpy(&be, in, 4);
    KM_TRY(need(&k, t, (km_key_name){ KM_KEY_WRAP, { "", 0 }, be32toh(be) }, f));
    CK_GCM_PARAMS params = gcm_params(in + 4, q->key.name);
    CK_MECHANISM m = { CKM_AES_GCM, &params, sizeof params };
    CK_ULONG got = sizeof room;
    CK_RV rv = be == 0 ? CKR_ARGUMENTS_BAD : t->api->C_DecryptInit(t->session, &m, k->key);
    if (rv == CKR_OK) {
        rv = t->api->C_Decrypt(t->session, (unsigned char *)(uintptr_t)in + 4 + NONCE,
                               KM_KEY_DATA + TAG, room, &got);
        /* Modules differ in how they call a wrong tag. */
        if (rv != CKR_OK && rv != CKR_DEVICE_REMOVED && rv != CKR_SESSION_HANDLE_INVALID)
            return km_fail(f, KM_TAMPERED, NULL, "the tag does not match");
    }
    if (rv != CKR_OK)
        return km_token__told(f, rv, "to unwrap");
    if (got != KM_KEY_DATA)
        return km_fail(f, KM_TAMPERED, NULL, "the tag does not match");
    memcpy(out, room, KM_KEY_DATA);
    explicit_bzero(room, sizeof room);
    return KM_OK;
}

/* --- signing keys --- */

static km_code sign_token(km_token *t, const km_token_key *k, km_str message, unsigned char *out,
                          km_fault *f)
{
    unsigned char sum[KM_SHA256_LEN];
    km_sha256(sum, message.p, message.n);
    return sign(out, KM_KEY_SIGNATURE, t, k, CKM_ECDSA, (km_str){ (char *)sum, sizeof sum }, f);
}

/* CKA_EC_POINT is an OCTET STRING around the point; some give the point alone. */
static km_code public_part(km_token *t, const km_token_key *k, km_key_answer *a, km_fault *f)
{
    unsigned char point[KM_KEY_PUBLIC_MAX + 3];
    size_t want = k->role == KM_KEY_TOKEN ? 65 : 32;
    if (k->public == 0)
        return km_fail(f, KM_BAD_VALUE, "key", "keys of this role have no public part");
    CK_ATTRIBUTE ask = { CKA_EC_POINT, point, sizeof point };
    CK_RV rv = t->api->C_GetAttributeValue(t->session, k->public, &ask, 1);
    if (rv != CKR_OK)
        return km_token__told(f, rv, "the public part");
    const unsigned char *p = point;
    if (ask.ulValueLen == want + 2 && p[0] == 4 && p[1] == want) {
        p += 2;
        ask.ulValueLen -= 2;
    }
    if (ask.ulValueLen != want || (want == 65 && p[0] != 4))
        return km_fail(f, KM_INTERNAL, "key", "the token's public part has another form");
    memcpy(a->p, p, want);
    a->used = want;
    return KM_OK;
}

/* --- requests; the lock is held --- */

static void put_version(unsigned char *out, uint32_t version)
{
    uint32_t be = htobe32(version);
    memcpy(out, &be, 4);
}

static km_code make(km_token *t, km_key_name key, unsigned char *out, km_fault *f)
{
    const km_token_key *old = km_token__find(t, (km_key_name){ key.role, key.name, 0 });
    if (old != NULL && old->version == UINT32_MAX)
        return km_fail(f, KM_CONFLICT, "key", "no more versions");
    key.version = old != NULL ? old->version + 1 : 1;
    put_version(out, key.version);
    return km_token__make(t, key, f);
}

static km_code serve_held(km_token *t, const km_key_request *q, km_key_answer *a, km_fault *f)
{
    km_token_key *k;
    if (q->op == KM_ASK_UNWRAP)
        return unwrap(t, q, a->p, f);
    KM_TRY(need(&k, t, q->key, f));
    switch (q->op) {
    case KM_ASK_NEWEST:
        put_version(a->p, k->version);
        return KM_OK;
    case KM_ASK_DESTROY:
        return km_token__destroy(t, k, f);
    case KM_ASK_PID_A:
    case KM_ASK_PID_B:
        return hash_pids(t, k, q, a->p, f);
    case KM_ASK_INDEX:
        return hash_index(t, k, q, a->p, f);
    case KM_ASK_RELEASE:
        return hash_releases(t, k, q, a->p, f);
    case KM_ASK_WRAP:
        return wrap(t, k, q, a->p, f);
    case KM_ASK_SIGN_TOKEN:
        return sign_token(t, k, q->items, a->p, f);
    case KM_ASK_SIGN_CHECKPOINT:
        return sign(a->p, KM_KEY_SIGNATURE, t, k, CKM_EDDSA, q->items, f);
    case KM_ASK_PUBLIC:
        return public_part(t, k, a, f);
    default:
        return km_fail(f, KM_BAD_VALUE, "key", "an unknown request");
    }
}

km_code km_token__serve(km_keys *keys, const km_key_request *q, km_key_answer *a, km_fault *f)
{
    km_token *t = (km_token *)keys;
    if (!(t->roles & KM_KEY_MASK(q->key.role)))
        return km_fail(f, KM_FORBIDDEN, "key", "this ring holds no keys of role %d",
                       (int)q->key.role);
    a->used = (size_t)km_keys__form[q->op].out * q->n;
    pthread_mutex_lock(&t->lock);
    km_code rc = q->op == KM_ASK_MAKE ? make(t, q->key, a->p, f) : serve_held(t, q, a, f);
    pthread_mutex_unlock(&t->lock);
    return rc;
}
