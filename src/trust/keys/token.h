/* SPDX-License-Identifier: Apache-2.0
 *
 * token: what the two files of the PKCS#11 ring share (OASIS PKCS #11 2.40; Ed25519 of 3.0).
 */
#ifndef KM_TRUST_KEYS_TOKEN_H
#define KM_TRUST_KEYS_TOKEN_H

#include <p11-kit/pkcs11.h>
#include <pthread.h>

#include "trust/keys/inside.h"

/* A key of ours in the token, by what its label says. */
typedef struct km_token_key {
    km_key_role role;
    uint32_t version;
    size_t name_n;
    char name[KM_KEY_NAME_MAX];
    CK_OBJECT_HANDLE key;    /* secret or private; 0: not found */
    CK_OBJECT_HANDLE public; /* of the signing roles */
} km_token_key;

typedef struct km_token {
    km_keys keys;
    pthread_mutex_t lock; /* one session, one call at a time */
    unsigned roles;
    const km_random *random;
    void *module;
    CK_FUNCTION_LIST *api;
    bool started; /* by us, so ours to end */
    CK_SESSION_HANDLE session;
    km_token_key *held;
    size_t n, room;
} km_token;

km_code km_token__told(km_fault *f, CK_RV rv, const char *what);
km_token_key *km_token__find(km_token *t, km_key_name key);
/* A new key of this name and version in the token, and in `held`. */
km_code km_token__make(km_token *t, km_key_name key, km_fault *f);
km_code km_token__destroy(km_token *t, km_token_key *k, km_fault *f);
km_code km_token__serve(km_keys *k, const km_key_request *q, km_key_answer *a, km_fault *f);

#endif
