/* SPDX-License-Identifier: Apache-2.0
 *
 * keep: the files of checkpoints and of keys, read.
 */
#include "trust/audit/inside.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { KEYS_BYTES = 1 << 16 };

/* The length of a whole note with the empty line behind it, 0 when there is none. Two empty lines
 * end it: one behind its text, one behind its signatures. */
static size_t whole_note(const char *p, size_t n)
{
    int empty = 0;
    for (size_t i = 1; i < n; i++)
        if (p[i] == '\n' && p[i - 1] == '\n' && ++empty == 2)
            return i + 1;
    return 0;
}

km_code km_audit__notes_next(km_str *out, bool *more, km_audit__notes *n, km_fault *f)
{
    *more = false;
    for (;;) {
        size_t whole = whole_note(n->room + n->used, n->have - n->used);
        if (whole > 0) {
            *out = (km_str){ n->room + n->used, whole - 1 };
            n->used += whole;
            n->at += (int64_t)whole;
            *more = true;
            return KM_OK;
        }
        memmove(n->room, n->room + n->used, n->have - n->used);
        n->have -= n->used;
        n->used = 0;
        if (n->have == sizeof n->room)
            return KM_OK; /* no note is so long */
        ssize_t got = pread(n->file, n->room + n->have, sizeof n->room - n->have,
                            n->at + (int64_t)n->have);
        if (got < 0 && errno != EINTR)
            return km_audit__failed(f, "the checkpoints cannot be read");
        if (got == 0)
            return KM_OK;
        n->have += got > 0 ? (size_t)got : 0;
    }
}

/* Where the note that ends at p + n begins: behind the third empty line from its end. */
static size_t note_start(const char *p, size_t n)
{
    int empty = 0;
    for (size_t i = n; i-- > 1;)
        if (p[i] == '\n' && p[i - 1] == '\n' && ++empty == 3)
            return i + 1;
    return 0;
}

/* Only what ends in an empty line that follows a signature is a whole note. */
static size_t note_end(const char *p, size_t n)
{
    for (size_t i = n; i-- > 1;) {
        if (p[i] != '\n' || p[i - 1] != '\n')
            continue;
        size_t line = i - 1;
        while (line > 0 && p[line - 1] != '\n')
            line--;
        if (i - line > 4 && memcmp(p + line, "\xE2\x80\x94 ", 4) == 0)
            return i + 1;
    }
    return 0;
}

km_code km_audit__notes_last(km_str *out, int64_t *end, int dir, km_arena *a, km_fault *f)
{
    return km_audit__last_of(out, end, dir, "checkpoints", a, f);
}

km_code km_audit__last_of(km_str *out, int64_t *end, int dir, const char *name, km_arena *a,
                          km_fault *f)
{
    enum { TAIL = 4 * KM_AUDIT_NOTE_MAX };
    *out = KM_STR_NONE;
    *end = 0;
    int file = openat(dir, name, O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT)
        return km_fail(f, KM_NOT_FOUND, "audit", "no checkpoint yet");
    off_t bytes = file < 0 ? -1 : lseek(file, 0, SEEK_END);
    size_t n = bytes > TAIL ? TAIL : bytes > 0 ? (size_t)bytes : 0;
    char *p = km_arena_alloc(a, n + 1);
    bool good = bytes >= 0 && km_audit__read(file, p, n, bytes - (off_t)n);
    if (file >= 0)
        close(file);
    if (!good)
        return km_audit__failed(f, "the checkpoints cannot be read");
    size_t till = note_end(p, n), from = note_start(p, till);
    if (till == 0)
        return km_fail(f, KM_NOT_FOUND, "audit", "no checkpoint yet");
    *out = (km_str){ p + from, till - 1 - from };
    *end = bytes - (off_t)n + (int64_t)till;
    return KM_OK;
}

km_code km_audit_last_checkpoint(km_str *note, const char *path, km_call *call)
{
    int dir;
    int64_t end;
    KM_TRY(km_audit__dir(&dir, path, call->fault));
    km_code rc = km_audit__notes_last(note, &end, dir, call->arena, call->fault);
    close(dir);
    return rc;
}

km_code km_audit__keys(km_audit_key **out, size_t *n, int dir, km_arena *a, km_fault *f)
{
    *out = NULL;
    *n = 0;
    int file = openat(dir, "keys", O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT)
        return KM_OK;
    char *p = km_arena_alloc(a, KEYS_BYTES);
    ssize_t got = file < 0 ? -1 : pread(file, p, KEYS_BYTES, 0);
    if (file >= 0)
        close(file);
    if (got < 0)
        return km_audit__failed(f, "the keys cannot be read");
    km_buf list = km_buf_in(a);
    for (km_str rest = { p, (size_t)got }; rest.n > 0;) {
        km_audit_key key;
        if (km_audit_key_parse(&key, km_str_cut(rest, '\n', &rest), NULL) != KM_OK)
            return km_fail(f, KM_TAMPERED, "audit", "a line of the keys is none");
        km_buf_bytes(&list, &key, sizeof key);
        ++*n;
    }
    *out = KM_NEW_ARRAY(a, *n, km_audit_key);
    if (*n > 0)
        memcpy(*out, list.p, list.n);
    return KM_OK;
}

bool km_audit__signed_by_any(const km_audit_checkpoint *c, const km_audit_key *k, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (km_str_is(c->origin, k[i].name) && km_audit_signed_by(c, &k[i]))
            return true;
    return false;
}
