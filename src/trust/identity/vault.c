/* SPDX-License-Identifier: Apache-2.0
 *
 * vault: the keys over the register's tables.
 *
 * A data key lies in the database, wrapped by operator A (km_keys_wrap; §5.1). Keys over
 * identifiers are of both operators: SHA-256("kumihimo/store/v1" || A's part || B's part), where
 * A's part is what A unwraps, and B's is what B derives, under a domain of the register's own, from
 * 32 random bytes that lie beside it. So a stolen database with the keys of one operator opens no
 * identifier. Both are asked when the register is opened and when a key is made; the keys then lie
 * in locked memory, and looking up asks nobody.
 */
#include "trust/identity/inside.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <sys/mman.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define STORE_DOMAIN "urn:kumihimo:store"
enum { KEYS = 128, LIFE_DAYS = 90 };
static const uint64_t messages_most = (uint64_t)1 << 32;
static const km_ms day_ms = 86400000;

typedef struct data_key {
    unsigned char key[KM_KEY_DATA];
    uint64_t used;
    km_ms made_at;
    uint32_t number;
    km_id_purpose purpose;
} data_key;

struct km_id_vault {
    data_key *key; /* KEYS of them in locked pages */
    size_t n;
    pthread_rwlock_t lock;
};

static const char *const names[KM_ID_PURPOSES] = { "root",  "proof",  "pid",
                                                   "event", "handle", "lookup" };

static bool of_both(km_id_purpose purpose)
{
    return purpose >= KM_ID_PID;
}

/* --- making and loading --- */

static km_code combine(unsigned char key[KM_KEY_DATA], km_persons *p,
                       const unsigned char half[KM_KEY_T], km_fault *f)
{
    unsigned char t[1][KM_KEY_T], y[1][KM_KEY_T];
    memcpy(t[0], half, KM_KEY_T);
    km_key_name name = { KM_KEY_PID_B, KM_STR(STORE_DOMAIN), 1 };
    km_code rc = km_keys_pid_b(y, p->o.by.b, name, t, 1, f);
    km_str part[] = { KM_STR("kumihimo/store/v1"),
                      { (const char *)key, KM_KEY_DATA },
                      { (const char *)y, KM_KEY_T } };
    unsigned char made[KM_SHA256_LEN];
    km_sha256_parts(made, part, 3);
    if (rc == KM_OK)
        memcpy(key, made, KM_KEY_DATA);
    explicit_bzero(made, sizeof made);
    explicit_bzero(y, sizeof y);
    return rc;
}

static km_code add_key(km_id_vault *v, const data_key *k, km_fault *f)
{
    km_code rc = KM_OK;
    pthread_rwlock_wrlock(&v->lock);
    if (v->n == KEYS)
        rc = km_fail(f, KM_TOO_COSTLY, "identity", "more data keys than this program holds");
    else
        v->key[v->n++] = *k;
    pthread_rwlock_unlock(&v->lock);
    return rc;
}

typedef struct making {
    km_persons *p;
    km_id_purpose purpose;
    unsigned char wrapped[KM_KEY_WRAPPED], half[KM_KEY_T];
    data_key key;
} making;

static km_code put_key(void *self, km_txn *t, km_fault *f)
{
    making *m = self;
    km_stmt *st;
    KM_TRY(km_query(&st, km_txn_conn(t), "id_key_put", f));
    km_bind_int(st, 1, m->key.number);
    km_bind_text(st, 2, km_str_of(names[m->purpose]));
    km_bind_blob(st, 3, m->wrapped, sizeof m->wrapped);
    if (of_both(m->purpose))
        km_bind_blob(st, 4, m->half, sizeof m->half);
    else
        km_bind_null(st, 4);
    km_bind_int(st, 5, m->key.made_at);
    return km_run(st, NULL, f);
}

static km_code make_key(km_id_vault *v, km_persons *p, km_id_purpose purpose, km_fault *f)
{
    const km_random *random = p->o.random;
    making m = { .p = p, .purpose = purpose };
    m.key = (data_key){ .number = v->n > 0 ? v->key[v->n - 1].number + 1 : 1,
                        .purpose = purpose,
                        .made_at = km_id__now(p) };
    random->fill(random->self, m.key.key, KM_KEY_DATA);
    random->fill(random->self, m.half, sizeof m.half);
    km_code rc = km_keys_wrap(m.wrapped, p->o.by.a, km_str_of(names[purpose]), m.key.key, f);
    if (rc == KM_OK && of_both(purpose))
        rc = combine(m.key.key, p, m.half, f);
    if (rc == KM_OK)
        rc = km_log_work(p->o.log, put_key, &m, f);
    if (rc == KM_OK)
        rc = add_key(v, &m.key, f);
    explicit_bzero(&m, sizeof m);
    return rc;
}

static km_code load_key(km_id_vault *v, km_persons *p, km_stmt *st, km_fault *f)
{
    unsigned char wrapped[KM_KEY_WRAPPED], half[KM_KEY_T];
    km_str name = km_col_text(st, 1), sealed = km_col_blob(st, 2), other = km_col_blob(st, 3);
    data_key k = { .number = (uint32_t)km_col_int(st, 0),
                   .purpose = KM_ID_PURPOSES,
                   .made_at = km_col_int(st, 4) };
    for (int i = 0; i < KM_ID_PURPOSES; i++)
        if (km_str_is(name, names[i]))
            k.purpose = (km_id_purpose)i;
    if (k.purpose == KM_ID_PURPOSES || sealed.n != sizeof wrapped
        || other.n != (of_both(k.purpose) ? sizeof half : 0))
        return km_fail(f, KM_TAMPERED, "identity", "data key %u", k.number);
    memcpy(wrapped, sealed.p, sizeof wrapped);
    km_code rc = km_keys_unwrap(k.key, p->o.by.a, km_str_of(names[k.purpose]), wrapped, f);
    if (rc == KM_OK && of_both(k.purpose)) {
        memcpy(half, other.p, sizeof half);
        rc = combine(k.key, p, half, f);
    }
    if (rc == KM_OK)
        rc = add_key(v, &k, f);
    explicit_bzero(&k, sizeof k);
    return rc;
}

typedef struct loading {
    km_persons *p;
    km_id_vault *v;
} loading;

static km_code load_keys(void *self, km_conn *c, km_fault *f)
{
    loading *l = self;
    km_stmt *st;
    bool row = true;
    KM_TRY(km_query(&st, c, "id_key_all", f));
    while (row) {
        KM_TRY(km_step(&row, st, f));
        km_code rc = row ? load_key(l->v, l->p, st, f) : KM_OK;
        if (rc != KM_OK) {
            km_reset(st);
            return rc;
        }
    }
    return KM_OK;
}

/* Only for a register that is empty: a key that is missed later must be missed loudly. */
static km_code need_key(km_keys *k, km_key_role role, km_str name, km_fault *f)
{
    uint32_t version;
    km_code rc = km_keys_newest(&version, k, role, name, f);
    if (rc != KM_NOT_FOUND)
        return rc;
    km_fault_clear(f);
    return km_keys_make(&version, k, role, name, f);
}

static km_code first_keys(km_persons *p, km_fault *f)
{
    KM_TRY(need_key(p->o.by.a, KM_KEY_WRAP, KM_STR(""), f));
    KM_TRY(need_key(p->o.by.a, KM_KEY_INDEX, KM_STR(""), f));
    return need_key(p->o.by.b, KM_KEY_PID_B, KM_STR(STORE_DOMAIN), f);
}

km_code km_id__vault_open(km_id_vault **out, km_persons *p, km_fault *f)
{
    km_id_vault *v = calloc(1, sizeof *v);
    assert(v != NULL);
    pthread_rwlock_init(&v->lock, NULL);
    size_t bytes = KEYS * sizeof(data_key);
    void *room = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    v->key = room == MAP_FAILED ? NULL : room;
    loading l = { p, v };
    km_code rc = KM_OK;
    if (v->key == NULL || mlock(room, bytes) != 0 || madvise(room, bytes, MADV_DONTDUMP) != 0)
        rc = km_fail(f, KM_IO, "identity",
                     "memory for keys cannot be locked; raise RLIMIT_MEMLOCK");
    if (rc == KM_OK)
        rc = km_id__read(p, load_keys, &l, f);
    if (rc == KM_OK && v->n == 0)
        rc = first_keys(p, f);
    if (rc != KM_OK) {
        km_id__vault_free(v);
        return rc;
    }
    *out = v;
    return KM_OK;
}

void km_id__vault_free(km_id_vault *v)
{
    if (v == NULL)
        return;
    if (v->key != NULL) {
        explicit_bzero(v->key, KEYS * sizeof(data_key));
        munmap(v->key, KEYS * sizeof(data_key));
    }
    pthread_rwlock_destroy(&v->lock);
    free(v);
}

static bool is_due(km_id_vault *v, km_id_purpose purpose, km_ms now)
{
    bool due = true;
    pthread_rwlock_rdlock(&v->lock);
    for (size_t i = 0; i < v->n; i++)
        if (v->key[i].purpose == purpose
            && (purpose == KM_ID_LOOKUP
                || (now - v->key[i].made_at < LIFE_DAYS * day_ms
                    && __atomic_load_n(&v->key[i].used, __ATOMIC_RELAXED) < messages_most)))
            due = false;
    pthread_rwlock_unlock(&v->lock);
    return due;
}

km_code km_id__vault_fresh(km_persons *p, km_fault *f)
{
    km_code rc = KM_OK;
    for (int i = 0; i < KM_ID_PURPOSES && rc == KM_OK; i++) {
        if (!is_due(p->vault, (km_id_purpose)i, km_id__now(p)))
            continue;
        pthread_mutex_lock(&p->renewing);
        if (is_due(p->vault, (km_id_purpose)i, km_id__now(p)))
            rc = make_key(p->vault, p, (km_id_purpose)i, f);
        pthread_mutex_unlock(&p->renewing);
    }
    return rc;
}

/* --- using --- */

/* A key never moves in the vault, so that it may be used without the lock. Number 0: the newest. */
static data_key *find(km_id_vault *v, km_id_purpose purpose, uint32_t number)
{
    data_key *found = NULL;
    pthread_rwlock_rdlock(&v->lock);
    for (size_t i = 0; i < v->n; i++)
        if (v->key[i].purpose == purpose && (number == 0 || v->key[i].number == number))
            found = &v->key[i];
    pthread_rwlock_unlock(&v->lock);
    return found;
}

static km_str aad_of(char *room, size_t n, km_id_place at)
{
    km_str field[] = { km_str_of(at.table), km_str_of(at.column), at.row };
    size_t used = 0;
    for (size_t i = 0; i < 3; i++) {
        assert(used + 2 + field[i].n <= n);
        room[used++] = (char)(field[i].n >> 8);
        room[used++] = (char)field[i].n;
        if (field[i].n > 0)
            memcpy(room + used, field[i].p, field[i].n);
        used += field[i].n;
    }
    return (km_str){ room, used };
}

void km_id__seal(unsigned char *out, km_persons *p, km_id_purpose purpose, km_id_place at,
                 km_str plain)
{
    char aad[256];
    unsigned char nonce[12];
    data_key *k = find(p->vault, purpose, 0);
    assert(k != NULL); /* km_id__vault_fresh came first */
    __atomic_fetch_add(&k->used, 1, __ATOMIC_RELAXED);
    uint32_t number = htobe32(k->number);
    memcpy(out, &number, 4);
    p->o.random->fill(p->o.random->self, nonce, sizeof nonce);
    km_gcm *g = km_gcm_new();
    km_gcm_seal(g, out + 4, k->key, nonce, aad_of(aad, sizeof aad, at), plain);
    km_gcm_free(g);
}

km_str km_id__seal_in(km_arena *a, km_persons *p, km_id_purpose purpose, km_id_place at,
                      km_str plain)
{
    unsigned char *out = km_arena_alloc(a, plain.n + KM_ID_SEAL_EXTRA);
    km_id__seal(out, p, purpose, at, plain);
    return (km_str){ (const char *)out, plain.n + KM_ID_SEAL_EXTRA };
}

km_code km_id__open(unsigned char *out, size_t n, km_persons *p, km_id_purpose purpose,
                    km_id_place at, km_str sealed, km_fault *f)
{
    char aad[256];
    uint32_t number = 0;
    if (sealed.n >= KM_ID_SEAL_EXTRA)
        memcpy(&number, sealed.p, 4);
    const data_key *k = number == 0 ? NULL : find(p->vault, purpose, be32toh(number));
    if (k == NULL || (n > 0 && sealed.n != n + KM_ID_SEAL_EXTRA))
        return km_fail(f, KM_TAMPERED, "identity", "a sealed value");
    km_gcm *g = km_gcm_new();
    km_code rc = km_gcm_open(g, out, k->key, aad_of(aad, sizeof aad, at),
                             km_str_sub(sealed, 4, SIZE_MAX), f);
    km_gcm_free(g);
    return rc;
}

static void keyed_hash(unsigned char out[KM_ID_HASH], km_persons *p, const unsigned char *m,
                       size_t n)
{
    unsigned char y[32];
    unsigned length = sizeof y;
    const data_key *k = find(p->vault, KM_ID_LOOKUP, 0);
    assert(k != NULL);
    if (HMAC(EVP_sha256(), k->key, KM_KEY_DATA, m, n, y, &length) == NULL)
        abort(); /* OpenSSL without memory */
    memcpy(out, y, KM_ID_HASH);
    explicit_bzero(y, sizeof y);
}

void km_id__hash_pid(unsigned char out[KM_ID_HASH], km_persons *p, uint16_t domain,
                     const km_pid *pid)
{
    unsigned char m[3 + sizeof pid->v] = { 'p', (unsigned char)(domain >> 8),
                                           (unsigned char)domain };
    memcpy(m + 3, pid->v, sizeof pid->v);
    keyed_hash(out, p, m, sizeof m);
}

void km_id__hash_owner(unsigned char out[KM_ID_HASH], km_persons *p, uint16_t domain,
                       int64_t person)
{
    unsigned char m[3 + 8] = { 'o', (unsigned char)(domain >> 8), (unsigned char)domain };
    uint64_t number = htobe64((uint64_t)person);
    memcpy(m + 3, &number, 8);
    keyed_hash(out, p, m, sizeof m);
}
