/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: requests and the vtable; the memory of a ring.
 */
#ifndef KM_TRUST_KEYS_INSIDE_H
#define KM_TRUST_KEYS_INSIDE_H

#include "trust/keys/keys.h"

typedef enum km_key_op {
    KM_ASK_MAKE,
    KM_ASK_NEWEST,
    KM_ASK_DESTROY,
    KM_ASK_PID_A,
    KM_ASK_PID_B,
    KM_ASK_INDEX,
    KM_ASK_RELEASE,
    KM_ASK_WRAP,
    KM_ASK_UNWRAP,
    KM_ASK_SIGN_TOKEN,
    KM_ASK_SIGN_CHECKPOINT,
    KM_ASK_PUBLIC,
    KM_KEY_OPS
} km_key_op;

/* A row for each request: what goes in, what comes out. `in` is the size of one item, or
 * KM_ANY_SIZE for one message. */
enum { KM_ANY_SIZE = -1, KM_ANY_ROLE = -1 };
typedef struct km_key_form {
    int role; /* whose key it takes, or KM_ANY_ROLE */
    int in, out;
    bool batch;
} km_key_form;
extern const km_key_form km_keys__form[KM_KEY_OPS];

typedef struct km_key_request {
    km_key_op op;
    km_key_name key;
    uint32_t n;   /* items */
    km_str items; /* end to end */
} km_key_request;

/* Room for form.out * n; `used` is what was written. */
typedef struct km_key_answer {
    unsigned char *p;
    size_t room, used;
} km_key_answer;

typedef struct km_keys_kind {
    km_code (*serve)(km_keys *k, const km_key_request *q, km_key_answer *a, km_fault *f);
    km_code (*reseal)(km_keys *k, km_fault *f);
    void (*close)(km_keys *k);
    void (*each)(km_keys *k, void (*told)(void *self, km_key_name key), void *self);
} km_keys_kind;
struct km_keys {
    const km_keys_kind *kind;
};

/* Sizes and roles agree with the form; the only check between the wire and a ring. */
km_code km_keys__check(const km_key_request *q, const km_key_answer *a, km_fault *f);

/* --- a ring --- */

typedef struct km_ring km_ring;
/* Where a ring keeps its keys; NULL members for memory alone. */
typedef struct km_ring_keep {
    km_code (*put)(void *self, km_key_name key, km_str secret, km_fault *f);
    km_code (*drop)(void *self, km_key_name key, km_fault *f);
    km_code (*reseal)(void *self, km_fault *f);
    void (*close)(void *self);
    void *self;
} km_ring_keep;
km_code km_ring__new(km_ring **out, unsigned roles, const km_random *random, km_fault *f);
void km_ring__keep(km_ring *r, km_ring_keep keep);
km_keys *km_ring__keys(km_ring *r);
/* Puts a key that was kept into its slot. */
km_code km_ring__load(km_ring *r, km_key_name key, km_str secret, km_fault *f);

/* --- signing, over OpenSSL; `pkey` is an EVP_PKEY --- */
enum { KM_KEY_SECRET_MAX = 256 };
km_code km_sign__make(unsigned char der[KM_KEY_SECRET_MAX], size_t *n, km_key_role role,
                      km_fault *f);
km_code km_sign__load(void **pkey, km_key_role role, km_str der, km_fault *f);
void km_sign__free(void *pkey);
km_code km_sign__sign(unsigned char out[KM_KEY_SIGNATURE], km_key_role role, void *pkey,
                      km_str message, km_fault *f);
km_code km_sign__public(unsigned char *out, size_t *n, km_key_role role, void *pkey, km_fault *f);

/* --- the wire: be32 length, then
 *   request  u8 1 | u8 op | u8 role | be32 version | be16 name length | name | be32 n | items
 *   answer   u8 1 | u8 status (a row of a fixed table) | bytes
 * A length over KM_WIRE_MAX ends the connection. --- */
enum { KM_WIRE_MAX = 1 << 20, KM_WIRE_HEAD = 4 };
void km_wire__request(km_buf *out, const km_key_request *q);
/* `frame` is what stands behind the length. Everything is borrowed from it. */
km_code km_wire__read_request(km_key_request *out, km_str frame, km_fault *f);
void km_wire__answer(km_buf *out, km_code rc, km_str bytes);
km_code km_wire__read_answer(km_str *bytes, km_str frame, km_fault *f);
uint32_t km_wire__length(const unsigned char head[KM_WIRE_HEAD]);
bool km_wire__get(int fd, void *out, size_t n);
bool km_wire__put(int fd, const void *p, size_t n);

#endif
