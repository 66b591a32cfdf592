/* SPDX-License-Identifier: Apache-2.0
 *
 * keys: the one door to all long-lived keys (trust.md §5.1). Callers name a role, a name and a
 * version and say what is to be done; no key ever comes out, and there is no raw HMAC call: each
 * keyed hash has a fixed message form that begins with its own label.
 *
 * Promises
 * - Four doors of one shape: a ring in this process (sealed files, or memory alone), a ring whose
 *   keys stay in a PKCS#11 token, and a client of the key process, which has one of these rings
 *   behind a Unix socket.
 * - A ring holds only the roles that it was opened for: operator A's never holds KB, operator B's
 *   never holds KA and sees no root, only a `t` that differs by domain (trust.md §1.3).
 * - Symmetric keys lie in memory that is locked, left out of core dumps and wiped when given back.
 *   The two signing keys lie in OpenSSL's heap, which wipes them when they are freed.
 * - A key file is whole and durable, name included, before its key is used; 0400; sealed by
 *   AES-256-GCM under the ring's sealing key, role, name and version being additional data.
 * - Versions of a key count from 1. Version 0 in a request is the newest.
 * - A destroyed key is gone: wiped in memory, its file overwritten and unlinked. What a file
 *   system or a backup kept of the sealed bytes is outside this promise.
 * - Safe for many threads. A fault names role and version, never a value.
 */
#ifndef KM_TRUST_KEYS_KEYS_H
#define KM_TRUST_KEYS_KEYS_H

#include "base/buf.h"
#include "base/call.h"

typedef struct km_keys km_keys;

typedef enum km_key_role {
    KM_KEY_PID_A,      /* name: the domain */
    KM_KEY_PID_B,      /* name: the domain */
    KM_KEY_INDEX,      /* no name */
    KM_KEY_RELEASE,    /* name: the release */
    KM_KEY_WRAP,       /* no name; AES-256, wraps data keys */
    KM_KEY_TOKEN,      /* no name; ES256 */
    KM_KEY_CHECKPOINT, /* no name; Ed25519 */
    KM_KEY_ROLES
} km_key_role;
#define KM_KEY_MASK(role) (1U << (role))
#define KM_KEY_MASK_ALL ((1U << KM_KEY_ROLES) - 1)
/* What operator B may hold, and what A may. */
#define KM_KEY_MASK_B KM_KEY_MASK(KM_KEY_PID_B)
#define KM_KEY_MASK_A (KM_KEY_MASK_ALL & ~KM_KEY_MASK_B)

enum {
    KM_KEY_NAME_MAX = 200,
    KM_KEY_BATCH_MAX = 16384,     /* items of one request */
    KM_KEY_MESSAGE_MAX = 1 << 16, /* bytes of a message to sign or to index */
    KM_KEY_ROOT = 16,
    KM_KEY_T = 32,
    KM_KEY_ID = 16, /* blind indexes and release ids */
    KM_KEY_DATA = 32,
    KM_KEY_WRAPPED = 64, /* be32 version, nonce 12, 32 bytes, tag 16 */
    KM_KEY_SIGNATURE = 64,
    KM_KEY_PUBLIC_MAX = 65,
};

typedef struct km_key_name {
    km_key_role role;
    km_str name;
    uint32_t version; /* 0: the newest */
} km_key_name;

/* --- doors --- */

/* Nothing is kept when it is closed; for tests, vectors and ceremonies. */
km_code km_keys_in_memory(km_keys **out, unsigned roles, const km_random *random, km_fault *f);

/* The sealed files of one folder, which is made when it is missing. A key of a role outside
 * `roles` in the folder is a fault. One process at a time. */
typedef struct km_keys_folder {
    const char *path; /* DIR/keys/ring */
    unsigned roles;   /* KM_KEY_MASK(...) | ... */
    const km_random *random;
} km_keys_folder;
km_code km_keys_open(km_keys **out, const km_keys_folder *o, km_fault *f);

/* The keys of a PKCS#11 token (OASIS PKCS #11 2.40): made in it, sensitive and not extractable, or
 * not used (KM_FORBIDDEN). For the key process: a module's code is not ours, and belongs beside
 * nothing else. Every keyed step is the token's, one at a time. KM_BUSY: the token went away. */
typedef struct km_keys_token {
    const char *module; /* path of the shared library */
    const char *label;  /* of the token */
    km_str pin;         /* the user's; used while opening alone */
    unsigned roles;
    const km_random *random;
} km_keys_token;
km_code km_keys_open_token(km_keys **out, const km_keys_token *o, km_fault *f);

/* The key process behind the socket at `path`. A process that went away is KM_BUSY; the next call
 * tries again. */
km_code km_keys_connect(km_keys **out, const char *path, km_fault *f);

void km_keys_close(km_keys *k);

/* A new sealing key; every file is sealed again under it. Where it stops in the middle, opening
 * goes on with both. Folders alone; KM_UNSUPPORTED elsewhere. */
km_code km_keys_reseal(km_keys *k, km_fault *f);

/* --- the life of keys --- */

/* A new version of a key, random. */
km_code km_keys_make(uint32_t *version, km_keys *k, km_key_role role, km_str name, km_fault *f);
km_code km_keys_newest(uint32_t *version, km_keys *k, km_key_role role, km_str name, km_fault *f);
km_code km_keys_destroy(km_keys *k, km_key_name which, km_fault *f);
/* The keys that are there, in no order; names are borrowed until `told` returns. KM_UNSUPPORTED at
 * the door of a key process: who may ask it has no need to know. */
km_code km_keys_each(km_keys *k, void (*told)(void *self, km_key_name key), void *self,
                     km_fault *f);
/* A symmetric key that was made elsewhere (a ceremony, a vector). A ring in memory alone takes
 * it. */
km_code km_keys_import(km_keys *k, km_key_name which, const unsigned char key[32], km_fault *f);

/* --- what keys do; arrays are of n items, at most KM_KEY_BATCH_MAX --- */

/* One person's root and how often its identifier in this domain was revoked. */
typedef struct km_key_root {
    unsigned char root[KM_KEY_ROOT];
    uint32_t gen;
} km_key_root;

/* Operator A: t = HMAC(KA[domain,kv], enc(L, "A", domain, u32be(kv), root, u32be(gen))). */
km_code km_keys_pid_a(unsigned char (*t)[KM_KEY_T], km_keys *a, km_key_name domain,
                      const km_key_root *root, size_t n, km_fault *f);
/* Operator B: y = HMAC(KB[domain,kv], enc(L, "B", domain, u32be(kv), t)). */
km_code km_keys_pid_b(unsigned char (*y)[KM_KEY_T], km_keys *b, km_key_name domain,
                      unsigned char (*t)[KM_KEY_T], size_t n, km_fault *f);
/* idx = HMAC(K_idx, enc("kumihimo/idx/v1") || fields)[0..15]; fields = km_enc of system, parts. */
km_code km_keys_index(unsigned char out[KM_KEY_ID], km_keys *k, uint32_t version, km_str fields,
                      km_fault *f);
/* SID = HMAC(K_r, enc("kumihimo/sid/v1", r, pid))[0..15]. */
km_code km_keys_release(unsigned char (*sid)[KM_KEY_ID], km_keys *k, km_str release,
                        unsigned char (*pid)[KM_KEY_ID], size_t n, km_fault *f);
/* A data key closed and opened; `purpose` is additional data: what the data key is for. */
km_code km_keys_wrap(unsigned char out[KM_KEY_WRAPPED], km_keys *k, km_str purpose,
                     const unsigned char key[KM_KEY_DATA], km_fault *f);
km_code km_keys_unwrap(unsigned char out[KM_KEY_DATA], km_keys *k, km_str purpose,
                       const unsigned char wrapped[KM_KEY_WRAPPED], km_fault *f);
/* ES256 as JWS has it: r || s, RFC 7518 §3.4. */
km_code km_keys_sign_token(unsigned char out[KM_KEY_SIGNATURE], km_keys *k, uint32_t version,
                           km_str message, km_fault *f);
/* Ed25519, RFC 8032. */
km_code km_keys_sign_checkpoint(unsigned char out[KM_KEY_SIGNATURE], km_keys *k, uint32_t version,
                                km_str message, km_fault *f);
/* TOKEN: 65 bytes, 04 || x || y (SEC 1 §2.3.3). CHECKPOINT: 32 bytes. */
km_code km_keys_public(unsigned char out[KM_KEY_PUBLIC_MAX], size_t *n, km_keys *k,
                       km_key_name which, km_fault *f);

/* enc(x1..xn): for each field a big-endian 16-bit length, then its bytes (trust.md §1.3). So
 * "1234","567" and "123","4567" differ. */
void km_enc(km_buf *out, const km_str *field, size_t n);

/* --- the key process --- */

typedef struct km_keyd_options {
    const char *socket;
    km_keys *keys;
    bool (*stop)(void);
    bool confine;       /* sandbox/sandbox.h, after start; off in tests that share the process */
    const char *folder; /* of the key files, or of those that a token's module writes: what a
                         * confined process may still write; NULL: none */
} km_keyd_options;
/* Serves until stop() says so. The socket is 0600; a peer of another user is refused. */
km_code km_keyd_run(const km_keyd_options *o, km_fault *f);

#endif
