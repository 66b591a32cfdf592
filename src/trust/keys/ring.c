/* SPDX-License-Identifier: Apache-2.0
 *
 * ring: keys in locked memory and what they do.
 *
 * HMAC-SHA-256 (RFC 2104) keeps for each key the two states after its padded block, not the key:
 * half the hashing of each call is done beforehand. These are plain SHA256_CTX structs because
 * EVP contexts lie where OpenSSL's allocator puts them, which cannot be locked.
 */
#define OPENSSL_SUPPRESS_DEPRECATED
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <openssl/sha.h>

#include "base/hash.h"
#include "trust/keys/inside.h"

typedef struct slot {
    bool used;
    km_key_role role;
    uint32_t version;
    size_t name_n;
    char name[KM_KEY_NAME_MAX];
    SHA256_CTX inner, outer;         /* the keyed hashes */
    unsigned char wrap[KM_KEY_DATA]; /* KM_KEY_WRAP */
    void *pkey;                      /* the signing roles */
} slot;

enum { CHUNK_SLOTS = 64 };
typedef struct chunk {
    struct chunk *next;
    slot *slot; /* CHUNK_SLOTS of them in locked pages */
} chunk;

struct km_ring {
    km_keys keys;
    pthread_rwlock_t lock;
    unsigned roles;
    const km_random *random;
    km_ring_keep keep;
    chunk *chunks;
};

/* --- memory --- */

static km_code new_chunk(km_ring *r, km_fault *f)
{
    size_t bytes = CHUNK_SLOTS * sizeof(slot);
    void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return km_fail(f, KM_IO, "key", "no memory for keys");
    if (mlock(p, bytes) != 0 || madvise(p, bytes, MADV_DONTDUMP) != 0) {
        munmap(p, bytes);
        return km_fail(f, KM_IO, "key", "memory for keys cannot be locked; raise RLIMIT_MEMLOCK");
    }
    chunk *c = calloc(1, sizeof *c);
    assert(c != NULL);
    *c = (chunk){ r->chunks, p };
    r->chunks = c;
    return KM_OK;
}

static void wipe(slot *s)
{
    if (s->pkey != NULL)
        km_sign__free(s->pkey);
    explicit_bzero(s, sizeof *s);
}

static void free_chunks(km_ring *r)
{
    while (r->chunks != NULL) {
        chunk *c = r->chunks;
        r->chunks = c->next;
        for (size_t i = 0; i < CHUNK_SLOTS; i++)
            wipe(&c->slot[i]);
        munmap(c->slot, CHUNK_SLOTS * sizeof(slot));
        free(c);
    }
}

static km_code free_slot(slot **out, km_ring *r, km_fault *f)
{
    for (chunk *c = r->chunks; c != NULL; c = c->next)
        for (size_t i = 0; i < CHUNK_SLOTS; i++)
            if (!c->slot[i].used) {
                *out = &c->slot[i];
                return KM_OK;
            }
    KM_TRY(new_chunk(r, f));
    *out = &r->chunks->slot[0];
    return KM_OK;
}

/* Wrapping keys have no name of their own: the name of a request is what the data key is for. */
static km_str name_of(km_key_name key)
{
    return key.role == KM_KEY_WRAP ? (km_str){ "", 0 } : key.name;
}

static slot *find(km_ring *r, km_key_name key)
{
    km_str name = name_of(key);
    slot *best = NULL;
    for (chunk *c = r->chunks; c != NULL; c = c->next)
        for (size_t i = 0; i < CHUNK_SLOTS; i++) {
            slot *s = &c->slot[i];
            if (!s->used || s->role != key.role || s->name_n != name.n
                || (key.version != 0 && s->version != key.version)
                || (name.n > 0 && memcmp(s->name, name.p, name.n) != 0))
                continue;
            if (best == NULL || s->version > best->version)
                best = s;
        }
    return best;
}

static km_code need(slot **out, km_ring *r, km_key_name key, km_fault *f)
{
    *out = find(r, key);
    return *out != NULL
               ? KM_OK
               : km_fail(f, KM_NOT_FOUND, "key", "this ring has no key of role %d, version %u",
                         (int)key.role, key.version);
}

/* --- keyed hash --- */

static void hmac_key(slot *s, const unsigned char *key, size_t n)
{
    unsigned char block[SHA256_CBLOCK] = { 0 };
    assert(n <= sizeof block);
    memcpy(block, key, n);
    for (size_t i = 0; i < sizeof block; i++)
        block[i] ^= 0x36;
    SHA256_Init(&s->inner);
    SHA256_Update(&s->inner, block, sizeof block);
    for (size_t i = 0; i < sizeof block; i++)
        block[i] ^= 0x36 ^ 0x5c;
    SHA256_Init(&s->outer);
    SHA256_Update(&s->outer, block, sizeof block);
    explicit_bzero(block, sizeof block);
}

static void hmac_end(unsigned char out[32], const slot *s, SHA256_CTX *at)
{
    unsigned char digest[32];
    SHA256_Final(digest, at);
    *at = s->outer;
    SHA256_Update(at, digest, sizeof digest);
    SHA256_Final(out, at);
}

/* --- requests; the lock is held --- */

/* The fixed beginning of a message, and what follows each item of it. */
typedef struct hashing {
    unsigned char head[KM_KEY_NAME_MAX + 64];
    size_t head_n;
    SHA256_CTX begun;
    const slot *key;
} hashing;

static void begin(hashing *h, const slot *key, const km_str *field, size_t n)
{
    h->key = key;
    h->head_n = 0;
    for (size_t i = 0; i < n; i++) {
        assert(h->head_n + 2 + field[i].n <= sizeof h->head);
        h->head[h->head_n++] = (unsigned char)(field[i].n >> 8);
        h->head[h->head_n++] = (unsigned char)field[i].n;
        if (field[i].n > 0)
            memcpy(h->head + h->head_n, field[i].p, field[i].n);
        h->head_n += field[i].n;
    }
    h->begun = key->inner;
    SHA256_Update(&h->begun, h->head, h->head_n);
}

static km_str be32(unsigned char room[4], uint32_t v)
{
    uint32_t be = htobe32(v);
    memcpy(room, &be, 4);
    return (km_str){ (char *)room, 4 };
}

static void serve_pid(const slot *s, const km_key_request *q, unsigned char *out)
{
    bool a = q->op == KM_ASK_PID_A;
    unsigned char kv[4], item[2 + KM_KEY_T + 4];
    km_str field[] = { KM_STR("kumihimo/pid/v1"), a ? KM_STR("A") : KM_STR("B"), q->key.name,
                       be32(kv, s->version) };
    const unsigned char *in = (const unsigned char *)q->items.p;
    hashing h;
    begin(&h, s, field, 4);
    for (uint32_t i = 0; i < q->n; i++) {
        SHA256_CTX at = h.begun;
        size_t first = a ? KM_KEY_ROOT : KM_KEY_T, n = 2 + first;
        item[0] = 0;
        item[1] = (unsigned char)first;
        memcpy(item + 2, in, first);
        in += first;
        if (a) {
            item[n++] = 0;
            item[n++] = 4;
            memcpy(item + n, in, 4);
            n += 4;
            in += 4;
        }
        SHA256_Update(&at, item, n);
        hmac_end(out + (size_t)i * KM_KEY_T, s, &at);
    }
    explicit_bzero(item, sizeof item);
}

static void serve_release(const slot *s, const km_key_request *q, unsigned char *out)
{
    unsigned char item[2 + KM_KEY_ID] = { 0, KM_KEY_ID }, y[32];
    km_str field[] = { KM_STR("kumihimo/sid/v1"), q->key.name };
    hashing h;
    begin(&h, s, field, 2);
    for (uint32_t i = 0; i < q->n; i++) {
        SHA256_CTX at = h.begun;
        memcpy(item + 2, q->items.p + (size_t)i * KM_KEY_ID, KM_KEY_ID);
        SHA256_Update(&at, item, sizeof item);
        hmac_end(y, s, &at);
        memcpy(out + (size_t)i * KM_KEY_ID, y, KM_KEY_ID);
    }
}

static void serve_index(const slot *s, const km_key_request *q, unsigned char *out)
{
    unsigned char y[32];
    km_str label = KM_STR("kumihimo/idx/v1");
    hashing h;
    begin(&h, s, &label, 1);
    SHA256_Update(&h.begun, q->items.p, q->items.n);
    hmac_end(y, s, &h.begun);
    memcpy(out, y, KM_KEY_ID);
}

static void serve_wrap(km_ring *r, const slot *s, const km_key_request *q, unsigned char *out)
{
    unsigned char nonce[12];
    km_gcm *g = km_gcm_new();
    be32(out, s->version);
    r->random->fill(r->random->self, nonce, sizeof nonce);
    km_gcm_seal(g, out + 4, s->wrap, nonce, q->key.name, q->items);
    km_gcm_free(g);
}

static km_code serve_unwrap(km_ring *r, const km_key_request *q, unsigned char *out, km_fault *f)
{
    slot *s;
    uint32_t be;
    memcpy(&be, q->items.p, 4);
    KM_TRY(need(&s, r, (km_key_name){ KM_KEY_WRAP, { "", 0 }, be32toh(be) }, f));
    km_gcm *g = km_gcm_new();
    km_code rc = km_gcm_open(g, out, s->wrap, q->key.name, km_str_sub(q->items, 4, SIZE_MAX), f);
    km_gcm_free(g);
    return rc;
}

static km_code fill_slot(km_ring *r, km_key_name key, km_str secret, km_fault *f)
{
    slot *s;
    void *pkey = NULL;
    bool signing = key.role == KM_KEY_TOKEN || key.role == KM_KEY_CHECKPOINT;
    km_str name = name_of(key);
    if (!signing && secret.n != 32)
        return km_fail(f, KM_TAMPERED, "key", "a key of this role has 32 bytes");
    KM_TRY(free_slot(&s, r, f));
    if (signing)
        KM_TRY(km_sign__load(&pkey, key.role, secret, f));
    *s = (slot){ .used = true, .role = key.role, .version = key.version, .name_n = name.n };
    s->pkey = pkey;
    if (name.n > 0)
        memcpy(s->name, name.p, name.n);
    if (key.role == KM_KEY_WRAP)
        memcpy(s->wrap, secret.p, 32);
    else if (!signing)
        hmac_key(s, (const unsigned char *)secret.p, 32);
    return KM_OK;
}

static km_code allowed(km_ring *r, km_key_role role, km_fault *f)
{
    return r->roles & KM_KEY_MASK(role)
               ? KM_OK
               : km_fail(f, KM_FORBIDDEN, "key", "this ring holds no keys of role %d", (int)role);
}

static km_code serve_make(km_ring *r, km_key_name key, unsigned char *out, km_fault *f)
{
    unsigned char secret[KM_KEY_SECRET_MAX];
    size_t n = 32;
    slot *old = find(r, (km_key_name){ key.role, key.name, 0 });
    km_code rc = KM_OK;
    if (key.role == KM_KEY_WRAP)
        key.name = (km_str){ "", 0 };
    key.version = old != NULL ? old->version + 1 : 1;
    if (key.version == 0)
        return km_fail(f, KM_CONFLICT, "key", "no more versions");
    if (key.role == KM_KEY_TOKEN || key.role == KM_KEY_CHECKPOINT)
        rc = km_sign__make(secret, &n, key.role, f);
    else
        r->random->fill(r->random->self, secret, n);
    if (rc == KM_OK && r->keep.put != NULL)
        rc = r->keep.put(r->keep.self, key, (km_str){ (char *)secret, n }, f);
    if (rc == KM_OK)
        rc = fill_slot(r, key, (km_str){ (char *)secret, n }, f);
    explicit_bzero(secret, sizeof secret);
    be32(out, key.version);
    return rc;
}

static km_code serve_destroy(km_ring *r, km_key_name key, km_fault *f)
{
    slot *s;
    KM_TRY(need(&s, r, key, f));
    if (r->keep.drop != NULL)
        KM_TRY(r->keep.drop(r->keep.self, (km_key_name){ key.role, name_of(key), key.version }, f));
    wipe(s);
    return KM_OK;
}

static km_code serve_public(const slot *s, km_key_answer *a, km_fault *f)
{
    if (s->pkey == NULL)
        return km_fail(f, KM_BAD_VALUE, "key", "keys of this role have no public part");
    return km_sign__public(a->p, &a->used, s->role, s->pkey, f);
}

static km_code serve_held(km_ring *r, const km_key_request *q, km_key_answer *a, km_fault *f)
{
    slot *s;
    if (q->op == KM_ASK_UNWRAP)
        return serve_unwrap(r, q, a->p, f);
    KM_TRY(need(&s, r, q->key, f));
    switch (q->op) {
    case KM_ASK_NEWEST:
        be32(a->p, s->version);
        return KM_OK;
    case KM_ASK_PID_A:
    case KM_ASK_PID_B:
        serve_pid(s, q, a->p);
        return KM_OK;
    case KM_ASK_INDEX:
        serve_index(s, q, a->p);
        return KM_OK;
    case KM_ASK_RELEASE:
        serve_release(s, q, a->p);
        return KM_OK;
    case KM_ASK_WRAP:
        serve_wrap(r, s, q, a->p);
        return KM_OK;
    case KM_ASK_SIGN_TOKEN:
    case KM_ASK_SIGN_CHECKPOINT:
        return km_sign__sign(a->p, s->role, s->pkey, q->items, f);
    case KM_ASK_PUBLIC:
        return serve_public(s, a, f);
    default:
        return km_fail(f, KM_BAD_VALUE, "key", "an unknown request");
    }
}

static km_code serve(km_keys *k, const km_key_request *q, km_key_answer *a, km_fault *f)
{
    km_ring *r = (km_ring *)k;
    bool changes = q->op == KM_ASK_MAKE || q->op == KM_ASK_DESTROY;
    KM_TRY(allowed(r, q->key.role, f));
    a->used = (size_t)km_keys__form[q->op].out * q->n;
    if (changes)
        pthread_rwlock_wrlock(&r->lock);
    else
        pthread_rwlock_rdlock(&r->lock);
    km_code rc = q->op == KM_ASK_MAKE      ? serve_make(r, q->key, a->p, f)
                 : q->op == KM_ASK_DESTROY ? serve_destroy(r, q->key, f)
                                           : serve_held(r, q, a, f);
    pthread_rwlock_unlock(&r->lock);
    return rc;
}

static km_code reseal(km_keys *k, km_fault *f)
{
    km_ring *r = (km_ring *)k;
    if (r->keep.reseal == NULL)
        return km_fail(f, KM_UNSUPPORTED, "key", "this ring keeps no files");
    pthread_rwlock_wrlock(&r->lock);
    km_code rc = r->keep.reseal(r->keep.self, f);
    pthread_rwlock_unlock(&r->lock);
    return rc;
}

static void close_ring(km_keys *k)
{
    km_ring *r = (km_ring *)k;
    free_chunks(r);
    if (r->keep.close != NULL)
        r->keep.close(r->keep.self);
    pthread_rwlock_destroy(&r->lock);
    free(r);
}

static void each(km_keys *k, void (*told)(void *self, km_key_name key), void *self)
{
    km_ring *r = (km_ring *)k;
    pthread_rwlock_rdlock(&r->lock);
    for (chunk *c = r->chunks; c != NULL; c = c->next)
        for (size_t i = 0; i < CHUNK_SLOTS; i++) {
            const slot *s = &c->slot[i];
            if (s->used)
                told(self, (km_key_name){ s->role, { s->name, s->name_n }, s->version });
        }
    pthread_rwlock_unlock(&r->lock);
}

static const km_keys_kind ring_kind = { serve, reseal, close_ring, each };

km_code km_ring__new(km_ring **out, unsigned roles, const km_random *random, km_fault *f)
{
    km_ring *r = calloc(1, sizeof *r);
    assert(r != NULL);
    r->keys.kind = &ring_kind;
    r->roles = roles;
    r->random = random;
    pthread_rwlock_init(&r->lock, NULL);
    km_code rc = new_chunk(r, f);
    if (rc != KM_OK) {
        close_ring(&r->keys);
        return rc;
    }
    *out = r;
    return KM_OK;
}

void km_ring__keep(km_ring *r, km_ring_keep keep)
{
    r->keep = keep;
}

km_keys *km_ring__keys(km_ring *r)
{
    return &r->keys;
}

km_code km_ring__load(km_ring *r, km_key_name key, km_str secret, km_fault *f)
{
    KM_TRY(allowed(r, key.role, f));
    if (key.version == 0 || key.name.n > KM_KEY_NAME_MAX || find(r, key) != NULL)
        return km_fail(f, KM_DUPLICATE, "key", "a key of role %d, version %u", (int)key.role,
                       key.version);
    return fill_slot(r, key, secret, f);
}

km_code km_keys_in_memory(km_keys **out, unsigned roles, const km_random *random, km_fault *f)
{
    km_ring *r;
    KM_TRY(km_ring__new(&r, roles, random, f));
    *out = &r->keys;
    return KM_OK;
}

km_code km_keys_import(km_keys *k, km_key_name which, const unsigned char key[32], km_fault *f)
{
    km_ring *r = (km_ring *)k;
    bool signing = which.role == KM_KEY_TOKEN || which.role == KM_KEY_CHECKPOINT;
    if (k->kind != &ring_kind || r->keep.put != NULL || signing)
        return km_fail(f, KM_UNSUPPORTED, "key", "only a ring in memory takes symmetric keys");
    pthread_rwlock_wrlock(&r->lock);
    km_code rc = km_ring__load(r, which, (km_str){ (const char *)key, 32 }, f);
    pthread_rwlock_unlock(&r->lock);
    return rc;
}
