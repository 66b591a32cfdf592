/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: what the files of the register share.
 */
#ifndef KM_TRUST_IDENTITY_INSIDE_H
#define KM_TRUST_IDENTITY_INSIDE_H

#include <pthread.h>

#include "base/hash.h"
#include "trust/identity/persons.h"

/* --- vault.c: keys over the tables --- */

typedef enum km_id_purpose {
    KM_ID_ROOT,  /* A's alone, as the roots are */
    KM_ID_PROOF, /* A's alone */
    KM_ID_PID,   /* this and all below: of both operators */
    KM_ID_EVENT,
    KM_ID_HANDLE,
    KM_ID_LOOKUP, /* the keyed hash of rows; one for ever, since rows are found by it */
    KM_ID_PURPOSES
} km_id_purpose;

typedef struct km_id_vault km_id_vault;
enum { KM_ID_SEAL_EXTRA = 4 + KM_GCM_EXTRA, KM_ID_HASH = 16 };
/* The place of a sealed value: what is bound to it. */
typedef struct km_id_place {
    const char *table, *column;
    km_str row;
} km_id_place;

km_code km_id__vault_open(km_id_vault **out, km_persons *p, km_fault *f);
void km_id__vault_free(km_id_vault *v);
/* Makes new data keys where the newest has served its time (§5.1: 90 days, 2^32 messages). Before
 * whatever seals; not within a transaction. */
km_code km_id__vault_fresh(km_persons *p, km_fault *f);
/* out: plain.n + KM_ID_SEAL_EXTRA bytes. */
void km_id__seal(unsigned char *out, km_persons *p, km_id_purpose purpose, km_id_place at,
                 km_str plain);
km_str km_id__seal_in(km_arena *a, km_persons *p, km_id_purpose purpose, km_id_place at,
                      km_str plain);
/* KM_TAMPERED. `out` has room for sealed.n - KM_ID_SEAL_EXTRA, which must be `n` when n > 0. */
km_code km_id__open(unsigned char *out, size_t n, km_persons *p, km_id_purpose purpose,
                    km_id_place at, km_str sealed, km_fault *f);
/* Keyed hashes under KM_ID_LOOKUP. */
void km_id__hash_pid(unsigned char out[KM_ID_HASH], km_persons *p, uint16_t domain,
                     const km_pid *pid);
void km_id__hash_owner(unsigned char out[KM_ID_HASH], km_persons *p, uint16_t domain,
                       int64_t person);

/* --- the register --- */

struct km_persons {
    km_persons_options o;
    km_id_vault *vault;
    pthread_rwlock_t lock; /* of the domains */
    km_arena *texts;       /* of all domains ever loaded: rows that were handed out stay */
    km_domain_row *domain;
    size_t domains;
    pthread_mutex_t renewing; /* one makes new data keys */
};

typedef enum km_person_state {
    KM_PERSON_ACTIVE = 1,
    KM_PERSON_MERGED,   /* into `other` */
    KM_PERSON_SPLIT,    /* from `other`; active */
    KM_PERSON_DECEASED, /* active, but for being dead */
} km_person_state;

static inline km_ms km_id__now(const km_persons *p)
{
    return p->o.clock->now(p->o.clock->self);
}

/* One row. KM_NOT_FOUND when there is none (then *st is reset); else *st stands on it, to be reset.
 */
km_code km_id__one(km_stmt *st, km_fault *f);
/* The next number of a table, by the query that tells its last. */
km_code km_id__next(int64_t *out, km_conn *c, const char *last, km_fault *f);
/* Runs `work` on a reading connection. */
typedef km_code km_id_read(void *self, km_conn *c, km_fault *f);
km_code km_id__read(km_persons *p, km_id_read *work, void *self, km_fault *f);

/* --- domains.c --- */
km_code km_id__domain(km_domain_row *out, km_persons *p, km_str uri, km_fault *f);
km_code km_id__domain_coded(km_domain_row *out, km_persons *p, uint16_t code, km_fault *f);
km_code km_id__domains_load(km_persons *p, km_fault *f);
void km_id__domains_copy(km_domain_row **out, size_t *n, km_persons *p, km_arena *a);

/* --- persons.c --- */
typedef struct km_id_person {
    unsigned char root[KM_KEY_ROOT];
    km_person_state state;
    int64_t other;
    uint32_t gen;
} km_id_person;
/* KM_NOT_FOUND. */
km_code km_id__person(km_id_person *out, km_persons *p, km_conn *c, int64_t person, km_fault *f);
/* Follows merges to whoever is left. */
km_code km_id__survivor(int64_t *person, km_persons *p, km_conn *c, km_fault *f);
/* Puts a new person in. */
km_code km_id__put_person(int64_t *out, km_persons *p, km_conn *c,
                          const unsigned char root[KM_KEY_ROOT], km_person_state state,
                          int64_t other, km_fault *f);
/* The person and all that were ever merged into it, the person first. */
enum { KM_ID_CLUSTER = 256 };
km_code km_id__cluster(int64_t out[KM_ID_CLUSTER], size_t *n, km_conn *c, int64_t person,
                       km_fault *f);
/* What an identifier was derived for before the transaction holds within it: KM_CONFLICT. */
km_code km_id__still_so(km_persons *p, km_conn *c, const km_domain_row *d, int64_t person,
                        km_fault *f);

/* --- pids.c: rows of identifiers --- */

typedef struct km_pid_row {
    uint16_t domain;
    uint32_t kv, gen;
    km_pid_state state;
    int64_t person;
    km_pid pid, next; /* next: what took its place; zeros: nothing */
    km_ms issued_at, until;
} km_pid_row;

/* From a row of (hash, kv, state, sealed), beginning at column `at`. */
km_code km_id__pid_read(km_pid_row *out, km_persons *p, uint16_t domain, km_stmt *st, int at,
                        km_fault *f);
/* KM_NOT_FOUND; the person's active one. */
km_code km_id__pid_active(km_pid_row *out, km_persons *p, km_conn *c, uint16_t domain,
                          int64_t person, km_fault *f);
/* KM_DUPLICATE is told at once. */
km_code km_id__pid_put(km_persons *p, km_conn *c, const km_pid_row *row, km_fault *f);
/* The row, which was in state `from`, is now as `row` says; KM_CONFLICT when it was not. */
km_code km_id__pid_become(km_persons *p, km_conn *c, const km_pid_row *row, km_pid_state from,
                          km_fault *f);
/* Derives the row's identifier from root and row->gen on; generations whose identifier is somebody
 * else's are passed over. Asks the operators: not within a transaction. */
km_code km_id__pid_make(km_pid_row *row, km_persons *p, const km_domain_row *d,
                        const unsigned char root[KM_KEY_ROOT], km_fault *f);

/* --- rotate.c --- */
/* One person's identifier, `old`, is brought under the domain's newest keys: *row. KM_CONFLICT. */
km_code km_id__rekey_one(km_pid_row *row, km_persons *p, const km_domain_row *d,
                         const km_pid_row *old, const unsigned char root[KM_KEY_ROOT],
                         km_call *call);

/* --- events.c --- */
typedef struct km_id_news {
    const char *kind;
    uint16_t domain;
    const km_pid *old, *fresh; /* NULL: not told */
    uint32_t old_kv, kv;
    const char *reason; /* NULL: none */
    km_ms until;        /* both resolve until then; 0: not told */
    const km_str *record;
    size_t records;
    bool needs_answer;
} km_id_news;
/* An event for each holder of the domain; who is suspected learns the old identifier only. */
km_code km_id__tell(km_persons *p, km_conn *c, const km_id_news *news, km_fault *f);
/* An event of the register's own: kind and JSON, sealed. */
km_code km_id__note(km_persons *p, km_conn *c, const char *kind, km_str json, km_fault *f);

#endif
