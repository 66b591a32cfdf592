/* SPDX-License-Identifier: Apache-2.0
 *
 * folder: keys in sealed files.
 *   seal-N        32 bytes: the sealing key number N; the highest seals new files
 *   key-HASH-V    a key: "KMK1" | be32 N | u8 role | be32 version | be16 length | name | nonce 12 |
 *                 PKCS#8 or 32 bytes | tag 16; additional data: all before the nonce. HASH is the
 *                 beginning of SHA-256 over role and name.
 * Each is written beside, synced and renamed. Resealing writes seal-(N+1), then each key again,
 * then takes seal-N away: at every moment each key opens with a sealing key that is there.
 */
#include <assert.h>
#include <dirent.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"
#include "trust/keys/inside.h"

enum { SEALS = 8, FIXED = 4 + 4 + 1 + 4 + 2 };
enum { FILE_MAX = FIXED + KM_KEY_NAME_MAX + KM_GCM_EXTRA + KM_KEY_SECRET_MAX };

typedef struct seal {
    uint32_t number;
    unsigned char key[32];
} seal;

typedef struct folder {
    int dir; /* locked while open */
    const km_random *random;
    km_gcm *gcm;
    seal seal[SEALS]; /* the newest last */
    size_t seals;
} folder;

static km_code told(km_fault *f, const char *what)
{
    return km_fail(f, KM_IO, "key", "%s: %s", what, strerror(errno));
}

static km_code write_file(folder *d, const char *name, const void *p, size_t n, km_fault *f)
{
    char beside[96];
    snprintf(beside, sizeof beside, "new-%s", name);
    (void)unlinkat(d->dir, beside, 0); /* of a process that died here */
    int fd = openat(d->dir, beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400);
    bool done = fd >= 0 && write(fd, p, n) == (ssize_t)n && fsync(fd) == 0;
    int error = errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    done = done && renameat(d->dir, beside, d->dir, name) == 0 && fsync(d->dir) == 0;
    return done ? KM_OK : told(f, "a key file cannot be written");
}

static km_code read_file(void *out, size_t room, size_t *n, folder *d, const char *name,
                         km_fault *f)
{
    int fd = openat(d->dir, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    struct stat st;
    if (fd < 0)
        return told(f, "a key file cannot be read");
    km_code rc = KM_OK;
    ssize_t got = -1;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || (st.st_mode & 077) != 0)
        rc = km_fail(f, KM_IO, "key", "a key file is open to others; its mode must be 0400");
    else if ((got = read(fd, out, room)) < 0)
        rc = told(f, "a key file cannot be read");
    close(fd);
    *n = got > 0 ? (size_t)got : 0;
    return rc;
}

/* --- sealing keys --- */

static const seal *seal_numbered(const folder *d, uint32_t number)
{
    for (size_t i = 0; i < d->seals; i++)
        if (d->seal[i].number == number)
            return &d->seal[i];
    return NULL;
}

static km_code make_seal(folder *d, km_fault *f)
{
    char name[32];
    seal *s = &d->seal[d->seals];
    if (d->seals == SEALS)
        return km_fail(f, KM_IO, "key", "too many sealing keys");
    s->number = d->seals > 0 ? d->seal[d->seals - 1].number + 1 : 1;
    d->random->fill(d->random->self, s->key, 32);
    snprintf(name, sizeof name, "seal-%u", s->number);
    KM_TRY(write_file(d, name, s->key, 32, f));
    d->seals++;
    return KM_OK;
}

static km_code read_seal(folder *d, const char *name, km_fault *f)
{
    int64_t number;
    unsigned char key[33];
    size_t n, at = d->seals;
    if (!km_str_to_i64(&number, km_str_of(name + 5)) || number < 1 || number > UINT32_MAX
        || d->seals == SEALS)
        return km_fail(f, KM_IO, "key", "a sealing key with a strange number");
    KM_TRY(read_file(key, sizeof key, &n, d, name, f));
    if (n != 32)
        return km_fail(f, KM_IO, "key", "a sealing key has not 32 bytes");
    for (; at > 0 && d->seal[at - 1].number > number; at--)
        d->seal[at] = d->seal[at - 1];
    d->seal[at].number = (uint32_t)number;
    memcpy(d->seal[at].key, key, 32);
    explicit_bzero(key, sizeof key);
    d->seals++;
    return KM_OK;
}

/* --- key files --- */

static void file_name(char out[64], km_key_name key)
{
    unsigned char hash[KM_SHA256_LEN];
    char role = (char)key.role;
    km_str part[] = { { &role, 1 }, key.name };
    km_sha256_parts(hash, part, 2);
    int at = snprintf(out, 64, "key-");
    for (size_t i = 0; i < 8; i++)
        at += snprintf(out + at, 64 - (size_t)at, "%02x", hash[i]);
    snprintf(out + at, 64 - (size_t)at, "-%u", key.version);
}

static km_code put_file(void *self, km_key_name key, km_str secret, km_fault *f)
{
    folder *d = self;
    const seal *s = &d->seal[d->seals - 1];
    unsigned char text[FILE_MAX], nonce[12];
    uint32_t number = htobe32(s->number), version = htobe32(key.version);
    uint16_t length = htobe16((uint16_t)key.name.n);
    char name[64];
    memcpy(text, "KMK1", 4);
    memcpy(text + 4, &number, 4);
    text[8] = (unsigned char)key.role;
    memcpy(text + 9, &version, 4);
    memcpy(text + 13, &length, 2);
    if (key.name.n > 0)
        memcpy(text + FIXED, key.name.p, key.name.n);
    size_t head = FIXED + key.name.n;
    d->random->fill(d->random->self, nonce, sizeof nonce);
    km_gcm_seal(d->gcm, text + head, s->key, nonce, (km_str){ (char *)text, head }, secret);
    file_name(name, key);
    return write_file(d, name, text, head + secret.n + KM_GCM_EXTRA, f);
}

/* The key of a file, its name borrowed from `text`. */
static km_code open_file(km_key_name *key, unsigned char secret[KM_KEY_SECRET_MAX], size_t *n,
                         folder *d, km_str text, km_fault *f)
{
    uint32_t number, version;
    uint16_t length;
    if (text.n < FIXED + KM_GCM_EXTRA || memcmp(text.p, "KMK1", 4) != 0)
        return km_fail(f, KM_TAMPERED, "key", "not a key file");
    memcpy(&number, text.p + 4, 4);
    memcpy(&version, text.p + 9, 4);
    memcpy(&length, text.p + 13, 2);
    size_t head = FIXED + be16toh(length);
    const seal *s = seal_numbered(d, be32toh(number));
    if (text.n < head + KM_GCM_EXTRA || text.n - head - KM_GCM_EXTRA > KM_KEY_SECRET_MAX
        || (unsigned char)text.p[8] >= KM_KEY_ROLES)
        return km_fail(f, KM_TAMPERED, "key", "not a key file");
    if (s == NULL)
        return km_fail(f, KM_IO, "key", "sealing key %u is missing; put it back from its backup",
                       be32toh(number));
    *key =
        (km_key_name){ (km_key_role)text.p[8], { text.p + FIXED, head - FIXED }, be32toh(version) };
    *n = text.n - head - KM_GCM_EXTRA;
    return km_gcm_open(d->gcm, secret, s->key, (km_str){ text.p, head },
                       km_str_sub(text, head, SIZE_MAX), f);
}

/* Calls `with` for each key in the folder. */
typedef km_code (*key_step)(void *self, km_key_name key, km_str secret, km_fault *f);
static km_code each_key(folder *d, key_step with, void *self, km_fault *f)
{
    int fd = openat(d->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    km_code rc = list != NULL ? KM_OK : told(f, "the key folder");
    if (list == NULL && fd >= 0)
        close(fd);
    for (struct dirent *e; rc == KM_OK && (e = readdir(list)) != NULL;) {
        unsigned char text[FILE_MAX + 1], secret[KM_KEY_SECRET_MAX];
        size_t n, secret_n = 0;
        km_key_name key;
        if (strncmp(e->d_name, "key-", 4) != 0)
            continue;
        rc = read_file(text, sizeof text, &n, d, e->d_name, f);
        if (rc == KM_OK)
            rc = open_file(&key, secret, &secret_n, d, (km_str){ (char *)text, n }, f);
        if (rc == KM_OK)
            rc = with(self, key, (km_str){ (char *)secret, secret_n }, f);
        explicit_bzero(secret, sizeof secret);
    }
    if (list != NULL)
        closedir(list);
    return rc;
}

static km_code drop_file(void *self, km_key_name key, km_fault *f)
{
    folder *d = self;
    unsigned char noise[FILE_MAX];
    char name[64];
    struct stat st;
    file_name(name, key);
    d->random->fill(d->random->self, noise, sizeof noise);
    int fd = fchmodat(d->dir, name, 0600, 0) == 0
                 ? openat(d->dir, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW)
                 : -1;
    bool done = fd >= 0 && fstat(fd, &st) == 0 && st.st_size <= FILE_MAX
                && write(fd, noise, (size_t)st.st_size) == (ssize_t)st.st_size && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    done = done && unlinkat(d->dir, name, 0) == 0 && fsync(d->dir) == 0;
    return done ? KM_OK : told(f, "a key file cannot be destroyed");
}

static km_code drop_old_seals(folder *d, km_fault *f)
{
    for (; d->seals > 1; d->seals--) {
        char name[32];
        snprintf(name, sizeof name, "seal-%u", d->seal[0].number);
        if (unlinkat(d->dir, name, 0) != 0 && errno != ENOENT)
            return told(f, "an old sealing key cannot be taken away");
        memmove(&d->seal[0], &d->seal[1], (d->seals - 1) * sizeof(seal));
        explicit_bzero(&d->seal[d->seals - 1], sizeof(seal));
    }
    return fsync(d->dir) == 0 ? KM_OK : told(f, "the key folder");
}

/* While the list is read, the files in it are replaced under the same names: a file seen twice or
 * not in its new form is sealed again or opens with the old seal, which goes away only when a
 * second pass has found every file under the new one. */
static km_code is_new(void *self, km_key_name key, km_str secret, km_fault *f)
{
    (void)self, (void)key, (void)secret, (void)f;
    return KM_OK;
}

static km_code reseal(void *self, km_fault *f)
{
    folder *d = self;
    KM_TRY(make_seal(d, f));
    KM_TRY(each_key(d, put_file, d, f));
    folder newest = *d;
    newest.seal[0] = d->seal[d->seals - 1];
    newest.seals = 1;
    km_code rc = each_key(&newest, is_new, NULL, f);
    explicit_bzero(newest.seal, sizeof newest.seal);
    return rc != KM_OK ? rc : drop_old_seals(d, f);
}

static void close_folder(void *self)
{
    folder *d = self;
    if (d->dir >= 0)
        close(d->dir);
    km_gcm_free(d->gcm);
    explicit_bzero(d, sizeof *d);
    free(d);
}

static km_code read_seals(folder *d, bool *keys, km_fault *f)
{
    int fd = openat(d->dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *list = fd >= 0 ? fdopendir(fd) : NULL;
    km_code rc = KM_OK;
    if (list == NULL)
        return told(f, "the key folder");
    *keys = false;
    for (struct dirent *e; rc == KM_OK && (e = readdir(list)) != NULL;) {
        *keys = *keys || strncmp(e->d_name, "key-", 4) == 0;
        if (strncmp(e->d_name, "seal-", 5) == 0)
            rc = read_seal(d, e->d_name, f);
    }
    closedir(list);
    return rc;
}

static km_code open_folder(folder *d, const km_keys_folder *o, km_fault *f)
{
    bool keys = false;
    if (mkdir(o->path, 0700) != 0 && errno != EEXIST)
        return told(f, "the key folder");
    d->dir = open(o->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (d->dir < 0)
        return told(f, "the key folder");
    if (flock(d->dir, LOCK_EX | LOCK_NB) != 0)
        return km_fail(f, KM_BUSY, "key", "another process holds the key folder");
    KM_TRY(read_seals(d, &keys, f));
    if (d->seals > 0)
        return KM_OK;
    if (keys)
        return km_fail(f, KM_IO, "key", "the sealing key is missing; put it back from its backup");
    return make_seal(d, f);
}

static km_code load_key(void *self, km_key_name key, km_str secret, km_fault *f)
{
    return km_ring__load(self, key, secret, f);
}

km_code km_keys_open(km_keys **out, const km_keys_folder *o, km_fault *f)
{
    km_ring *r;
    folder *d = calloc(1, sizeof *d);
    assert(d != NULL);
    d->dir = -1;
    d->random = o->random;
    d->gcm = km_gcm_new();
    km_code rc = open_folder(d, o, f);
    if (rc == KM_OK)
        rc = km_ring__new(&r, o->roles, o->random, f);
    if (rc != KM_OK) {
        close_folder(d);
        return rc;
    }
    km_ring__keep(r, (km_ring_keep){ put_file, drop_file, reseal, close_folder, d });
    rc = each_key(d, load_key, r, f);
    if (rc != KM_OK) {
        km_keys_close(km_ring__keys(r));
        return rc;
    }
    *out = km_ring__keys(r);
    return KM_OK;
}
