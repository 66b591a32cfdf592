/* SPDX-License-Identifier: Apache-2.0
 *
 * kept: what those outside gave, checked against the checkpoints on which it stands.
 */
#include "trust/audit/inside.h"
#include "trust/audit/outside.h"
#include "trust/audit/stamp.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

typedef struct checking {
    km_audit_kept_report *out;
    int dir;
    km_audit__notes *notes; /* of the log, in order */
    km_audit_checkpoint at; /* the one last read */
    bool any;
    km_call *call;
} checking;

static km_code bad(checking *c, const char *what, int64_t size)
{
    c->out->bad_what = what;
    c->out->bad_size = size;
    return km_fail(c->call->fault, KM_TAMPERED, "audit", "%s of the checkpoint at %lld", what,
                   (long long)size);
}

/* The log's own checkpoint of that size; sizes are asked for in rising order. */
static bool find(checking *c, int64_t size)
{
    km_str note;
    bool more = true;
    while (more && (!c->any || c->at.size < size)) {
        if (km_audit__notes_next(&note, &more, c->notes, NULL) != KM_OK || !more)
            return false;
        c->any = km_audit_checkpoint_parse(&c->at, note, NULL) == KM_OK;
        if (!c->any)
            return false;
    }
    return c->any && c->at.size == size;
}

static km_code begin(checking *c)
{
    if (c->notes->file >= 0)
        close(c->notes->file);
    *c->notes = (km_audit__notes){ 0 };
    c->any = false;
    c->notes->file = openat(c->dir, "checkpoints", O_RDONLY | O_CLOEXEC);
    return c->notes->file >= 0
               ? KM_OK
               : km_audit__failed(c->call->fault, "the checkpoints cannot be opened");
}

static km_code read_whole(km_str *out, int dir, const char *name, km_call *call)
{
    *out = KM_STR_NONE;
    int file = openat(dir, name, O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT)
        return KM_OK;
    off_t n = file < 0 ? -1 : lseek(file, 0, SEEK_END);
    char *p = km_arena_alloc(call->arena, n > 0 ? (size_t)n : 1);
    bool good = n >= 0 && km_audit__read(file, p, (size_t)n, 0);
    if (file >= 0)
        close(file);
    *out = (km_str){ p, good ? (size_t)n : 0 };
    return good ? KM_OK : km_audit__failed(call->fault, "what was kept cannot be read");
}

/* --- stamps --- */

static km_code check_stamp(checking *c, km_str line, const km_stamp_authorities *s)
{
    int64_t size = 0;
    km_ms at;
    km_fault none = { 0 };
    km_str token, text, number = km_str_cut(line, ' ', &text);
    if (!km_str_to_i64(&size, number) || !km_unbase64(&token, c->call->arena, text)
        || !km_str_eq(km_base64(c->call->arena, token.p, token.n), text) || !find(c, size)
        || km_stamp_check(&at, token, c->at.text, s, &none) != KM_OK)
        return bad(c, "stamp", size);
    c->out->stamps++;
    c->out->stamped = size;
    c->out->stamped_at = at;
    return KM_OK;
}

static km_code check_stamps(checking *c, const km_stamp_authorities *s)
{
    km_str all;
    KM_TRY(begin(c));
    KM_TRY(read_whole(&all, c->dir, "stamps", c->call));
    while (all.n > 0) {
        bool whole = km_str_find(all, '\n')
                     < all.n; /* else it was half written: nobody relies on it */
        km_str line = km_str_cut(all, '\n', &all);
        if (whole)
            KM_TRY(check_stamp(c, line, s));
    }
    return c->out->stamps > 0 ? KM_OK : bad(c, "stamp", 0);
}

/* --- countersignatures --- */

static km_code check_witnessed(checking *c, const km_audit_key *witness)
{
    km_audit__notes *kept = KM_NEW(c->call->arena, km_audit__notes);
    km_audit_key *own;
    size_t keys;
    km_str note;
    bool more = true;
    km_code rc = begin(c);
    if (rc == KM_OK)
        rc = km_audit__keys(&own, &keys, c->dir, c->call->arena, c->call->fault);
    kept->file = openat(c->dir, "witnessed", O_RDONLY | O_CLOEXEC);
    while (rc == KM_OK && kept->file >= 0 && more) {
        km_audit_checkpoint w;
        rc = km_audit__notes_next(&note, &more, kept, c->call->fault);
        if (rc != KM_OK || !more)
            break;
        if (km_audit_checkpoint_parse(&w, note, NULL) != KM_OK)
            rc = bad(c, "witness", c->out->witnessed);
        else if (!km_audit_signed_by(&w, witness))
            continue; /* another witness's */
        else if (!find(c, w.size) || !km_str_eq(c->at.text, w.text)
                 || !km_audit__signed_by_any(&w, own, keys))
            rc = bad(c, "witness", w.size);
        c->out->countersigned += rc == KM_OK;
        c->out->witnessed = rc == KM_OK ? w.size : c->out->witnessed;
    }
    if (kept->file >= 0)
        close(kept->file);
    if (rc == KM_OK && c->out->countersigned == 0)
        rc = bad(c, "witness", 0);
    return rc;
}

km_code km_audit_kept_check(km_audit_kept_report *out, const char *path,
                            const km_stamp_authorities *s, const km_audit_key *witness,
                            km_call *call)
{
    checking c = { .out = out, .call = call, .notes = KM_NEW(call->arena, km_audit__notes) };
    *out = (km_audit_kept_report){ 0 };
    c.notes->file = -1;
    KM_TRY(km_audit__dir(&c.dir, path, call->fault));
    km_code rc = s != NULL ? check_stamps(&c, s) : KM_OK;
    if (rc == KM_OK && witness != NULL)
        rc = check_witnessed(&c, witness);
    if (c.notes->file >= 0)
        close(c.notes->file);
    close(c.dir);
    return rc;
}
