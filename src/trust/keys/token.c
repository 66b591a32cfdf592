/* SPDX-License-Identifier: Apache-2.0
 *
 * token: keys inside a PKCS#11 token: found by their labels, made there, destroyed there, never
 * taken out. The label is "kumihimo/1/ROLE/VERSION/NAME"; a key that the token would give away is
 * not used.
 */
#include <assert.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#include "trust/keys/token.h"

enum { LABEL_MAX = 32 + KM_KEY_NAME_MAX, FOUND = 64, SLOTS = 64, TOKEN_LABEL = 32 };
#define LABEL_HEAD "kumihimo/1/"

km_code km_token__told(km_fault *f, CK_RV rv, const char *what)
{
    bool gone = rv == CKR_DEVICE_REMOVED || rv == CKR_TOKEN_NOT_PRESENT
                || rv == CKR_SESSION_HANDLE_INVALID || rv == CKR_SESSION_CLOSED
                || rv == CKR_DEVICE_ERROR || rv == CKR_USER_NOT_LOGGED_IN;
    return km_fail(f, gone ? KM_BUSY : KM_IO, "key", "the token refuses %s (0x%lx)", what,
                   (unsigned long)rv);
}

static km_str name_of(km_key_name key)
{
    return key.role == KM_KEY_WRAP ? (km_str){ "", 0 } : key.name;
}

static bool signs(km_key_role role)
{
    return role == KM_KEY_TOKEN || role == KM_KEY_CHECKPOINT;
}

/* --- what is held --- */

km_token_key *km_token__find(km_token *t, km_key_name key)
{
    km_str name = name_of(key);
    km_token_key *best = NULL;
    for (size_t i = 0; i < t->n; i++) {
        km_token_key *k = &t->held[i];
        if (k->role != key.role || !km_str_eq((km_str){ k->name, k->name_n }, name)
            || (key.version != 0 && k->version != key.version))
            continue;
        if (best == NULL || k->version > best->version)
            best = k;
    }
    return best;
}

/* The one with this role, name and version; a new one if there is none. */
static km_token_key *slot_for(km_token *t, km_key_name key)
{
    km_token_key *k = km_token__find(t, key);
    km_str name = name_of(key);
    if (k != NULL)
        return k;
    if (t->n == t->room) {
        t->room = t->room > 0 ? 2 * t->room : 64;
        t->held = realloc(t->held, t->room * sizeof *t->held);
        assert(t->held != NULL);
    }
    k = &t->held[t->n++];
    *k = (km_token_key){ .role = key.role, .version = key.version, .name_n = name.n };
    if (name.n > 0)
        memcpy(k->name, name.p, name.n);
    return k;
}

static bool read_label(km_key_name *out, km_str label)
{
    int64_t role, version;
    const km_str head = KM_STR(LABEL_HEAD);
    km_str rest;
    if (!km_str_starts(label, head))
        return false;
    label = km_str_sub(label, head.n, label.n);
    if (!km_str_to_i64(&role, km_str_cut(label, '/', &rest)) || role < 0 || role >= KM_KEY_ROLES
        || !km_str_to_i64(&version, km_str_cut(rest, '/', &rest)) || version < 1
        || version > UINT32_MAX || rest.n > KM_KEY_NAME_MAX)
        return false;
    *out = (km_key_name){ (km_key_role)role, rest, (uint32_t)version };
    return true;
}

/* Sensitive and not extractable: else it is no key of ours. */
static km_code check_kept(km_token *t, CK_OBJECT_HANDLE object, km_fault *f)
{
    CK_BBOOL sensitive = CK_FALSE, extractable = CK_TRUE;
    CK_ATTRIBUTE want[] = { { CKA_SENSITIVE, &sensitive, sizeof sensitive },
                            { CKA_EXTRACTABLE, &extractable, sizeof extractable } };
    CK_RV rv = t->api->C_GetAttributeValue(t->session, object, want, 2);
    if (rv != CKR_OK)
        return km_token__told(f, rv, "to describe a key");
    return sensitive && !extractable
               ? KM_OK
               : km_fail(f, KM_FORBIDDEN, "key", "a key in the token can be taken out of it");
}

static km_code take(km_token *t, CK_OBJECT_HANDLE object, km_fault *f)
{
    char text[LABEL_MAX + 1];
    CK_OBJECT_CLASS class = 0;
    CK_ATTRIBUTE want[] = { { CKA_LABEL, text, LABEL_MAX }, { CKA_CLASS, &class, sizeof class } };
    km_key_name name;
    CK_RV rv = t->api->C_GetAttributeValue(t->session, object, want, 2);
    if (rv == CKR_BUFFER_TOO_SMALL || rv == CKR_ATTRIBUTE_TYPE_INVALID
        || rv == CKR_ATTRIBUTE_SENSITIVE)
        return KM_OK; /* another's */
    if (rv != CKR_OK)
        return km_token__told(f, rv, "to describe an object");
    if (!read_label(&name, (km_str){ text, want[0].ulValueLen }))
        return KM_OK;
    if (!(t->roles & KM_KEY_MASK(name.role)))
        return km_fail(f, KM_FORBIDDEN, "key", "the token holds a key of role %d", (int)name.role);
    if (class != CKO_PUBLIC_KEY)
        KM_TRY(check_kept(t, object, f));
    km_token_key *k = slot_for(t, name);
    CK_OBJECT_HANDLE *place = class == CKO_PUBLIC_KEY ? &k->public : &k->key;
    if (*place != 0)
        return km_fail(f, KM_DUPLICATE, "key", "two keys of role %d, version %u", (int)name.role,
                       name.version);
    *place = object;
    return KM_OK;
}

static km_code find_all(km_token *t, km_fault *f)
{
    CK_OBJECT_HANDLE found[FOUND];
    CK_ULONG n = 0;
    CK_RV rv = t->api->C_FindObjectsInit(t->session, NULL, 0);
    km_code rc = KM_OK;
    CK_OBJECT_HANDLE *all = NULL;
    size_t count = 0;
    if (rv != CKR_OK)
        return km_token__told(f, rv, "to list its objects");
    while ((rv = t->api->C_FindObjects(t->session, found, FOUND, &n)) == CKR_OK && n > 0) {
        all = realloc(all, (count + n) * sizeof *all);
        assert(all != NULL);
        memcpy(all + count, found, n * sizeof *all);
        count += n;
    }
    (void)t->api->C_FindObjectsFinal(t->session);
    if (rv != CKR_OK)
        rc = km_token__told(f, rv, "to list its objects");
    for (size_t i = 0; i < count && rc == KM_OK; i++)
        rc = take(t, all[i], f);
    free(all);
    for (size_t i = 0; i < t->n && rc == KM_OK; i++)
        if (t->held[i].key == 0 || (signs(t->held[i].role) && t->held[i].public == 0))
            rc = km_fail(f, KM_TAMPERED, "key", "half of a key of role %d, version %u is missing",
                         (int)t->held[i].role, t->held[i].version);
    return rc;
}

/* --- making and destroying --- */

static CK_RV make_secret(km_token *t, km_token_key *k, km_str label)
{
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    bool wraps = k->role == KM_KEY_WRAP;
    CK_ULONG length = 32;
    CK_KEY_TYPE kind = wraps ? CKK_AES : CKK_GENERIC_SECRET;
    CK_MECHANISM how = { wraps ? CKM_AES_KEY_GEN : CKM_GENERIC_SECRET_KEY_GEN, NULL, 0 };
    CK_ATTRIBUTE want[] = {
        { CKA_TOKEN, &yes, sizeof yes },
        { CKA_PRIVATE, &yes, sizeof yes },
        { CKA_SENSITIVE, &yes, sizeof yes },
        { CKA_EXTRACTABLE, &no, sizeof no },
        { CKA_KEY_TYPE, &kind, sizeof kind },
        { CKA_VALUE_LEN, &length, sizeof length },
        { CKA_LABEL, (void *)(uintptr_t)label.p, label.n },
        { wraps ? CKA_ENCRYPT : CKA_SIGN, &yes, sizeof yes },
        { wraps ? CKA_DECRYPT : CKA_VERIFY, wraps ? &yes : &no, sizeof yes },
    };
    return t->api->C_GenerateKey(t->session, &how, want, sizeof want / sizeof *want, &k->key);
}

static CK_RV make_pair(km_token *t, km_token_key *k, km_str label)
{
    /* ECParameters: prime256v1 by its OID (RFC 5480); Ed25519 by its name (PKCS #11 3.0 §2.3.5). */
    static unsigned char p256[] = { 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07 };
    static unsigned char ed25519[] = { 0x13, 0x0c, 'e', 'd', 'w', 'a', 'r',
                                       'd',  's',  '2', '5', '5', '1', '9' };
    CK_BBOOL yes = CK_TRUE, no = CK_FALSE;
    bool es256 = k->role == KM_KEY_TOKEN;
    CK_MECHANISM how = { es256 ? CKM_EC_KEY_PAIR_GEN : CKM_EC_EDWARDS_KEY_PAIR_GEN, NULL, 0 };
    void *name = (void *)(uintptr_t)label.p;
    CK_ATTRIBUTE public[] = { { CKA_TOKEN, &yes, sizeof yes },
                              { CKA_PRIVATE, &no, sizeof no },
                              { CKA_VERIFY, &yes, sizeof yes },
                              { CKA_LABEL, name, label.n },
                              { CKA_EC_PARAMS, es256 ? p256 : ed25519,
                                es256 ? sizeof p256 : sizeof ed25519 } };
    CK_ATTRIBUTE private[] = {
        { CKA_TOKEN, &yes, sizeof yes },     { CKA_PRIVATE, &yes, sizeof yes },
        { CKA_SENSITIVE, &yes, sizeof yes }, { CKA_EXTRACTABLE, &no, sizeof no },
        { CKA_SIGN, &yes, sizeof yes },      { CKA_LABEL, name, label.n }
    };
    return t->api->C_GenerateKeyPair(t->session, &how, public, sizeof public / sizeof *public,
                                     private, sizeof private / sizeof *private, &k->public,
                                     &k->key);
}

km_code km_token__make(km_token *t, km_key_name key, km_fault *f)
{
    char text[LABEL_MAX + 1];
    km_str name = name_of(key);
    int n = snprintf(text, sizeof text, LABEL_HEAD "%d/%u/%.*s", (int)key.role, key.version,
                     KM_STR_ARG(name));
    assert(n > 0 && n <= LABEL_MAX);
    km_token_key *k = slot_for(t, (km_key_name){ key.role, name, key.version });
    km_str label = { text, (size_t)n };
    CK_RV rv = signs(key.role) ? make_pair(t, k, label) : make_secret(t, k, label);
    km_code rc = rv == CKR_OK ? check_kept(t, k->key, f) : km_token__told(f, rv, "to make a key");
    if (rc == KM_OK)
        return KM_OK;
    if (rv == CKR_OK) {
        (void)t->api->C_DestroyObject(t->session, k->key);
        if (k->public != 0)
            (void)t->api->C_DestroyObject(t->session, k->public);
    }
    t->n--; /* it was the last */
    return rc;
}

km_code km_token__destroy(km_token *t, km_token_key *k, km_fault *f)
{
    CK_RV rv = t->api->C_DestroyObject(t->session, k->key);
    if (rv == CKR_OK && k->public != 0)
        rv = t->api->C_DestroyObject(t->session, k->public);
    if (rv != CKR_OK)
        return km_token__told(f, rv, "to destroy a key");
    *k = t->held[--t->n];
    return KM_OK;
}

/* --- opening --- */

static km_code load_module(km_token *t, const char *path, km_fault *f)
{
    CK_C_INITIALIZE_ARGS args = { .flags = CKF_OS_LOCKING_OK };
    CK_C_GetFunctionList list;
    t->module = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    void *symbol = t->module != NULL ? dlsym(t->module, "C_GetFunctionList") : NULL;
    if (symbol == NULL)
        return km_fail(f, KM_IO, "pkcs11", "no PKCS#11 module at that path");
    memcpy(&list, &symbol, sizeof list); /* POSIX: a pointer to a function fits */
    if (list(&t->api) != CKR_OK)
        return km_fail(f, KM_IO, "pkcs11", "the module gives no functions");
    CK_RV rv = t->api->C_Initialize(&args);
    t->started = rv == CKR_OK;
    return rv == CKR_OK || rv == CKR_CRYPTOKI_ALREADY_INITIALIZED
               ? KM_OK
               : km_token__told(f, rv, "to start");
}

static km_code find_slot(CK_SLOT_ID *out, km_token *t, const char *label, km_fault *f)
{
    CK_SLOT_ID slot[SLOTS];
    CK_ULONG n = SLOTS;
    size_t length = strlen(label);
    CK_RV rv = t->api->C_GetSlotList(CK_TRUE, slot, &n);
    if (rv != CKR_OK)
        return km_token__told(f, rv, "to list its slots");
    for (CK_ULONG i = 0; i < n; i++) {
        CK_TOKEN_INFO about;
        unsigned char want[TOKEN_LABEL];
        memset(want, ' ', sizeof want);
        memcpy(want, label, length < TOKEN_LABEL ? length : TOKEN_LABEL);
        if (length <= TOKEN_LABEL && t->api->C_GetTokenInfo(slot[i], &about) == CKR_OK
            && memcmp(about.label, want, sizeof want) == 0) {
            *out = slot[i];
            return KM_OK;
        }
    }
    return km_fail(f, KM_IO, "pkcs11", "no token of that label");
}

static km_code enter(km_token *t, const km_keys_token *o, km_fault *f)
{
    CK_SLOT_ID slot;
    KM_TRY(load_module(t, o->module, f));
    KM_TRY(find_slot(&slot, t, o->label, f));
    CK_RV rv = t->api->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL,
                                     &t->session);
    if (rv != CKR_OK)
        return km_token__told(f, rv, "a session");
    rv = t->api->C_Login(t->session, CKU_USER, (unsigned char *)(uintptr_t)o->pin.p, o->pin.n);
    if (rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LEN_RANGE || rv == CKR_PIN_LOCKED)
        return km_fail(f, KM_FORBIDDEN, "pkcs11", "the token does not take the PIN");
    if (rv != CKR_OK && rv != CKR_USER_ALREADY_LOGGED_IN)
        return km_token__told(f, rv, "the log-in");
    return find_all(t, f);
}

static void close_token(km_keys *k)
{
    km_token *t = (km_token *)k;
    if (t->session != 0)
        (void)t->api->C_CloseSession(t->session);
    if (t->started)
        (void)t->api->C_Finalize(NULL);
    /* The module stays loaded: some leave threads or handlers behind that dlclose would pull away.
     */
    pthread_mutex_destroy(&t->lock);
    free(t->held);
    free(t);
}

static void each(km_keys *k, void (*told)(void *self, km_key_name key), void *self)
{
    km_token *t = (km_token *)k;
    pthread_mutex_lock(&t->lock);
    for (size_t i = 0; i < t->n; i++) {
        const km_token_key *one = &t->held[i];
        told(self, (km_key_name){ one->role, { one->name, one->name_n }, one->version });
    }
    pthread_mutex_unlock(&t->lock);
}

static const km_keys_kind token_kind = { km_token__serve, NULL, close_token, each };

km_code km_keys_open_token(km_keys **out, const km_keys_token *o, km_fault *f)
{
    km_token *t = calloc(1, sizeof *t);
    assert(t != NULL);
    t->keys.kind = &token_kind;
    t->roles = o->roles;
    t->random = o->random;
    pthread_mutex_init(&t->lock, NULL);
    km_code rc = enter(t, o, f);
    if (rc == KM_OK)
        *out = &t->keys;
    else
        close_token(&t->keys);
    return rc;
}
