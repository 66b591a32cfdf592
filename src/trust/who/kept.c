/* SPDX-License-Identifier: Apache-2.0
 *
 * kept: proofs that held, each at the place that its hash names, and the handles that are over.
 * Whoever finds a proof asks whether its handle is over, so that ending one needs no search.
 */
#include "trust/who/inside.h"
#include "trust/who/session.h"

#include <assert.h>
#include <stdlib.h>

enum { LOCKS = 64, TELL_MS = 5 * 60 * 1000, SID_MAX = 40 };

typedef struct slot {
    unsigned char hash[KM_SHA256_LEN];
    km_who *who; /* NULL: empty */
    km_ms from, until;
    bool session;
    _Atomic km_ms seen, told;
} slot;

typedef struct sid {
    char text[SID_MAX]; /* empty: nobody's */
} sid;

struct km_kept {
    pthread_rwlock_t lock[LOCKS];
    slot *at;
    size_t room;
    pthread_rwlock_t ended_lock;
    sid *ended;
    size_t ended_room, ended_n;
};

km_kept *km_kept__new(unsigned room)
{
    km_kept *k = calloc(1, sizeof *k);
    if (k == NULL)
        abort();
    k->room = 1;
    while (k->room < room)
        k->room *= 2;
    k->ended_room = 64;
    k->at = room > 0 ? calloc(k->room, sizeof *k->at) : NULL;
    k->ended = calloc(k->ended_room, sizeof *k->ended);
    if ((room > 0 && k->at == NULL) || k->ended == NULL)
        abort();
    for (size_t i = 0; i < LOCKS; i++)
        pthread_rwlock_init(&k->lock[i], NULL);
    pthread_rwlock_init(&k->ended_lock, NULL);
    return k;
}

void km_kept__free(km_kept *k)
{
    if (k == NULL)
        return;
    for (size_t i = 0; k->at != NULL && i < k->room; i++)
        free(k->at[i].who);
    for (size_t i = 0; i < LOCKS; i++)
        pthread_rwlock_destroy(&k->lock[i]);
    pthread_rwlock_destroy(&k->ended_lock);
    free(k->at);
    free(k->ended);
    free(k);
}

/* --- proofs --- */

static size_t place_of(const km_kept *k, const unsigned char hash[KM_SHA256_LEN])
{
    uint64_t n;
    memcpy(&n, hash, sizeof n);
    return (size_t)(n & (k->room - 1));
}

/* Seen later or idle for too long: of a session only. */
static bool is_good(slot *s, km_proof *p, km_ms now)
{
    if (now < s->from || now >= s->until)
        return false;
    *p = (km_proof){ s->from, s->until, s->session, atomic_load(&s->seen), false };
    if (!s->session)
        return true;
    if (now - p->seen >= KM_SESSION_IDLE_MS)
        return false;
    km_ms told = atomic_load(&s->told);
    p->tell = now - told >= TELL_MS && atomic_compare_exchange_strong(&s->told, &told, now);
    atomic_store(&s->seen, now);
    return true;
}

km_who *km_kept__find(km_proof *out, km_kept *k, const unsigned char hash[KM_SHA256_LEN], km_ms now,
                      km_arena *a)
{
    km_who *who = NULL;
    if (k->at == NULL)
        return NULL;
    size_t i = place_of(k, hash);
    slot *s = &k->at[i];
    pthread_rwlock_rdlock(&k->lock[i % LOCKS]);
    if (s->who != NULL && memcmp(s->hash, hash, KM_SHA256_LEN) == 0 && is_good(s, out, now))
        who = km_who__copy(s->who, a);
    pthread_rwlock_unlock(&k->lock[i % LOCKS]);
    return who;
}

static void set(km_kept *k, const unsigned char hash[KM_SHA256_LEN], km_who *who, const km_proof *p)
{
    size_t i = place_of(k, hash);
    slot *s = &k->at[i];
    pthread_rwlock_wrlock(&k->lock[i % LOCKS]);
    if (who != NULL || (s->who != NULL && memcmp(s->hash, hash, KM_SHA256_LEN) == 0)) {
        free(s->who);
        s->who = who;
        memcpy(s->hash, hash, KM_SHA256_LEN);
    }
    if (who != NULL) {
        s->from = p->from;
        s->until = p->until;
        s->session = p->session;
        atomic_store(&s->seen, p->seen);
        atomic_store(&s->told, p->seen);
    }
    pthread_rwlock_unlock(&k->lock[i % LOCKS]);
}

void km_kept__put(km_kept *k, const unsigned char hash[KM_SHA256_LEN], const km_who *who,
                  const km_proof *p)
{
    if (k->at != NULL)
        set(k, hash, km_who__copy(who, NULL), p);
}

void km_kept__drop(km_kept *k, const unsigned char hash[KM_SHA256_LEN])
{
    if (k->at != NULL)
        set(k, hash, NULL, NULL);
}

/* --- handles that are over: open addressing, never more than half full --- */

static size_t slot_of(const sid *table, size_t room, km_str text)
{
    unsigned char hash[KM_SHA256_LEN];
    uint64_t n;
    km_sha256(hash, text.p, text.n);
    memcpy(&n, hash, sizeof n);
    size_t i = (size_t)(n & (room - 1));
    while (table[i].text[0] != '\0' && !km_str_is(text, table[i].text))
        i = (i + 1) & (room - 1);
    return i;
}

static void grow(km_kept *k)
{
    size_t room = k->ended_room * 2;
    sid *larger = calloc(room, sizeof *larger);
    if (larger == NULL)
        abort();
    for (size_t i = 0; i < k->ended_room; i++)
        if (k->ended[i].text[0] != '\0')
            larger[slot_of(larger, room, km_str_of(k->ended[i].text))] = k->ended[i];
    free(k->ended);
    k->ended = larger;
    k->ended_room = room;
}

void km_kept__end(km_kept *k, km_str text)
{
    assert(text.n > 0 && text.n < SID_MAX);
    pthread_rwlock_wrlock(&k->ended_lock);
    if (2 * (k->ended_n + 1) > k->ended_room)
        grow(k);
    sid *s = &k->ended[slot_of(k->ended, k->ended_room, text)];
    if (s->text[0] == '\0') {
        memcpy(s->text, text.p, text.n);
        k->ended_n++;
    }
    pthread_rwlock_unlock(&k->ended_lock);
}

bool km_kept__is_ended(km_kept *k, km_str text)
{
    if (text.n == 0 || text.n >= SID_MAX)
        return true; /* none of ours */
    pthread_rwlock_rdlock(&k->ended_lock);
    bool over = k->ended_n > 0 && k->ended[slot_of(k->ended, k->ended_room, text)].text[0] != '\0';
    pthread_rwlock_unlock(&k->ended_lock);
    return over;
}
