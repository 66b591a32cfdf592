/* SPDX-License-Identifier: Apache-2.0
 *
 * node: opening what a verb stands on: store, log with the folds of views and services, trust.
 *
 * DIR/kumihimo.db   the store (unless --store names PostgreSQL)
 * DIR/keys/kek      the key-encryption key, 32 bytes, mode 0400: without it nothing can be read
 * DIR/keys/token    the operator's token
 */
#include "platform/inside.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FOLDS = 8, LISTS = 32 };

typedef struct assembly { /* what the node is made of, gathered from views and services */
    const km_fold_def *fold[FOLDS + 1];
    const km_embedded *sql[LISTS + 1];
    size_t folds, lists;
} assembly;

typedef struct place {
    const km_config *config;
    char keys[4000], db[4096], kek[4096], token[4096];
} place;

static void gather(assembly *out, const km_service *const *services)
{
    *out = (assembly){ .fold = { &km_index_fold, &km_person_fold, &km_trust_consent_fold,
                                 &km_trust_mark_fold, &km_trust_tie_fold, &km_trust_grants_fold },
                       .sql = { km_sql_record, km_sql_view_index, km_sql_view_person, km_sql_trust,
                                km_sql_trust_who, km_sql_trust_identity, km_sql_trust_cases },
                       .folds = 6,
                       .lists = 7 };
    for (; *services != NULL; services++) {
        const km_service *s = *services;
        if (s->sql != NULL)
            out->sql[out->lists++] = s->sql;
        for (const km_fold_def *const *f = s->folds; f != NULL && *f != NULL; f++)
            out->fold[out->folds++] = *f;
        assert(out->lists < LISTS && out->folds < FOLDS);
    }
}

static km_code make_folder(const char *path, km_fault *f)
{
    struct stat st;
    if (mkdir(path, 0700) == 0 || (errno == EEXIST && stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
        return KM_OK;
    return km_fail(f, KM_IO, NULL, "the data directory %s: %s", path, strerror(errno));
}

/* --- the key-encryption key --- */

static bool sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool done = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return done;
}

/* Whole and durable, name included, before anything is sealed under it: written beside, then
 * renamed. */
static km_code new_key(const place *p, unsigned char key[32], const km_random *random, km_fault *f)
{
    char beside[sizeof p->kek + 4];
    snprintf(beside, sizeof beside, "%s.new", p->kek);
    random->fill(random->self, key, 32);
    (void)unlink(beside); /* of a process that died here */
    int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0400);
    bool done = fd >= 0 && write(fd, key, 32) == 32 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    done = done && rename(beside, p->kek) == 0 && sync_folder(p->keys)
           && sync_folder(p->config->data_dir);
    return done ? KM_OK : km_fail(f, KM_IO, NULL, "the key file %s: %s", p->kek, strerror(errno));
}

/* A store that holds records and a key that is gone: a new key would open none of them, and hide
 * that the old one is missed. */
static km_code read_key(const place *p, unsigned char key[32], km_node *n, km_fault *f)
{
    bool sealed = false;
    int fd = open(p->kek, O_RDONLY | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        KM_TRY(km_log_is_sealed(&sealed, n->store, f));
        if (!sealed)
            return new_key(p, key, n->random, f);
        return km_fail(f, KM_IO, NULL,
                       "the store is sealed with a key file that is missing; put it back from its "
                       "backup. A new key is not made: it could not open the records. %s",
                       p->kek);
    }
    if (fd < 0)
        return km_fail(f, KM_IO, NULL, "the key file %s: %s", p->kek, strerror(errno));
    unsigned char more;
    bool whole = read(fd, key, 32) == 32 && read(fd, &more, 1) == 0;
    close(fd);
    return whole ? KM_OK : km_fail(f, KM_IO, NULL, "the key file %s has not 32 bytes", p->kek);
}

static km_code open_store(km_node *n, const assembly *parts, const place *p, km_fault *f)
{
    km_str elsewhere = km_str_of(n->config->store);
    if (elsewhere.p != NULL && !km_str_starts(elsewhere, KM_STR("postgres://"))
        && !km_str_starts(elsewhere, KM_STR("postgresql://")))
        return km_fail(f, KM_USAGE, "store", "an address of PostgreSQL is postgres://...");
    /* Of the 150 MB that a node may live in, 40 are for the pages that the writer works on. */
    km_store_options o = { .place = n->config->store ? n->config->store : p->db,
                           .sql = parts->sql,
                           .writer_cache_kib = 40 * 1024 };
    return km_store_open(&n->store, &o, f);
}

static km_code open_log(km_node *n, const assembly *parts, const place *p, km_fault *f)
{
    km_log_options o = { .store = n->store,
                         .kek_number = 1,
                         .folds = parts->fold,
                         .clock = n->clock,
                         .random = n->random };
    KM_TRY(read_key(p, o.kek, n, f));
    km_code rc = km_log_open(&n->log, &o, f);
    explicit_bzero(o.kek, sizeof o.kek);
    return rc;
}

static km_code open_all(km_node *n, const km_service *const *services, km_fault *f)
{
    assembly parts;
    place p = { .config = n->config };
    const char *dir = n->config->data_dir;
    gather(&parts, services);
    int len = snprintf(p.keys, sizeof p.keys, "%s/keys", dir);
    if (len < 0 || (size_t)len >= sizeof p.keys)
        return km_fail(f, KM_USAGE, NULL, "the path of the data directory is too long");
    snprintf(p.db, sizeof p.db, "%s/kumihimo.db", dir);
    snprintf(p.kek, sizeof p.kek, "%s/kek", p.keys);
    snprintf(p.token, sizeof p.token, "%s/token", p.keys);
    KM_TRY(make_folder(dir, f));
    KM_TRY(make_folder(p.keys, f));
    KM_TRY(open_store(n, &parts, &p, f));
    KM_TRY(open_log(n, &parts, &p, f));
    KM_TRY(km_log_source(&n->local_source, n->log, KM_STR("urn:kumihimo:source:local"), KM_STR_NONE,
                         f));
    return km_node__open_trust(n, p.keys, p.token, f);
}

km_code km_node_open(km_node **out, const km_config *c, const km_service *const *services,
                     km_fault *f)
{
    km_node *n = calloc(1, sizeof *n);
    assert(n != NULL);
    n->config = c;
    n->services = services;
    n->clock = &km_clock_real;
    n->random = &km_random_real;
    pthread_mutex_init(&n->persons_lock, NULL);
    km_fhir_load();
    km_code rc = open_all(n, services, f);
    if (rc != KM_OK) {
        km_node_close(n);
        return rc;
    }
    *out = n;
    return KM_OK;
}

void km_node_close(km_node *n)
{
    if (n == NULL)
        return;
    km_node__close_persons(n);
    km_node__feed_stop(n); /* it reads the log */
    if (n->log != NULL)
        km_log_close(n->log);
    if (n->store != NULL)
        km_store_close(n->store);
    km_node__close_trust(n);
    free(n);
}

void km_own_call_open(km_own_call *out, km_node *n, const char *job, size_t cap)
{
    int role = n->trust != NULL ? km_roles_role(km_trust_roles(n->trust), KM_STR("operator")) : 0;
    *out = (km_own_call){ .caller = { .name = km_str_of(job), .role = role } };
    out->call = (km_call){ .arena = km_arena_new(cap),
                           .fault = &out->fault,
                           .clock = n->clock,
                           .random = n->random,
                           .caller = &out->caller };
}

void km_own_call_close(km_own_call *c)
{
    km_arena_free(c->call.arena);
    c->call.arena = NULL;
}
