/* SPDX-License-Identifier: Apache-2.0
 *
 * proof: proofs as text, written and checked.
 */
#include "trust/audit/proof.h"

void km_audit_proof_members(km_jw *w, const km_audit_item *item, bool text,
                            const km_audit_path *path, km_str note, km_arena *a)
{
    km_jw_member_int(w, "index", item->index);
    if (text && !item->purged) {
        km_jw_member(w, "salt", km_base64(a, item->salt, KM_AUDIT_SALT));
        km_jw_member(w, "entry", item->entry);
    }
    km_jw_member(w, "commit", km_base64(a, item->commit.h, KM_AUDIT_HASH));
    km_jw_key(w, "path");
    km_jw_open(w, '[');
    for (size_t i = 0; i < path->n; i++)
        km_jw_str(w, km_base64(a, path->step[i].h, KM_AUDIT_HASH));
    km_jw_close(w, ']');
    if (note.n > 0)
        km_jw_member(w, "checkpoint", note);
}

/* --- checking ------------------------------------------------------------------------------------
 */

typedef struct checking {
    km_audit_proofs_report *out;
    const km_audit_key *pinned;
    km_audit_key own; /* of the file */
    bool has_own, has_checkpoint;
    km_arena *arena;
} checking;

/* Bytes have one text only. */
static bool bytes_of(unsigned char *out, size_t n, km_jv v, km_arena *a)
{
    km_str text = km_jv_str(v), raw;
    if (!km_jv_is(v, KM_JSON_STRING) || !km_unbase64(&raw, a, text) || raw.n != n
        || !km_str_eq(km_base64(a, raw.p, n), text))
        return false;
    memcpy(out, raw.p, n);
    return true;
}

static const char *take_checkpoint(checking *c, km_jv note)
{
    km_audit_checkpoint read;
    const km_audit_key *key = c->pinned != NULL ? c->pinned : c->has_own ? &c->own : NULL;
    if (km_audit_checkpoint_parse(&read, km_jv_str(note), NULL) != KM_OK)
        return "form";
    if (key == NULL || !km_str_is(read.origin, key->name))
        return "key";
    if (!km_audit_signed_by(&read, key))
        return "signature";
    c->out->checkpoint = read;
    c->has_checkpoint = true;
    return NULL;
}

static const char *take_head(checking *c, km_jv line)
{
    km_jv key = KM_JV_GET(line, "key"), note = KM_JV_GET(line, "checkpoint");
    if (km_jv_is(key, KM_JSON_STRING)) {
        if (km_audit_key_parse(&c->own, km_jv_str(key), NULL) != KM_OK)
            return "key";
        c->has_own = true;
    }
    return km_jv_is(note, KM_JSON_STRING) ? take_checkpoint(c, note) : NULL;
}

static bool read_path(km_audit_path *out, km_jv v, km_arena *a)
{
    out->n = 0;
    if (!km_jv_is(v, KM_JSON_ARRAY) || km_jv_count(v) > KM_AUDIT_PROOF_MAX)
        return false;
    for (km_jv_iter i = km_jv_each(v); km_jv_next(&i);)
        if (!bytes_of(out->step[out->n++].h, KM_AUDIT_HASH, i.value, a))
            return false;
    return true;
}

static const char *take_proof(checking *c, km_jv line)
{
    km_audit_item item = { 0 };
    km_audit_path path;
    km_jv entry = KM_JV_GET(line, "entry"), salt = KM_JV_GET(line, "salt");
    bool text = km_jv_is(entry, KM_JSON_STRING);
    if (!km_str_to_i64(&item.index, km_jv_str(KM_JV_GET(line, "index")))
        || !bytes_of(item.commit.h, KM_AUDIT_HASH, KM_JV_GET(line, "commit"), c->arena)
        || (text && !bytes_of(item.salt, KM_AUDIT_SALT, salt, c->arena))
        || !read_path(&path, KM_JV_GET(line, "path"), c->arena))
        return "form";
    if (!c->has_checkpoint)
        return "signature";
    if (text) {
        km_audit_hash commit = km_audit_commit(item.salt, km_jv_str(entry));
        if (memcmp(commit.h, item.commit.h, KM_AUDIT_HASH) != 0)
            return "entry";
    }
    km_audit_hash leaf = km_audit_leaf(&item.commit);
    if (!km_audit_includes(&c->out->checkpoint.root, c->out->checkpoint.size, item.index, &leaf,
                           &path))
        return "tree";
    c->out->proved += text;
    c->out->withheld += !text;
    return NULL;
}

static const char *take_line(checking *c, km_str text)
{
    km_json *doc;
    km_fault none = { 0 };
    if (km_json_parse(&doc, c->arena, text, NULL, &none) != KM_OK
        || !km_jv_is(km_json_root(doc), KM_JSON_OBJECT))
        return "form";
    const char *bad = take_head(c, km_json_root(doc));
    if (bad != NULL || km_jv_kind(KM_JV_GET(km_json_root(doc), "index")) == KM_JSON_NONE)
        return bad;
    return take_proof(c, km_json_root(doc));
}

km_code km_audit_proofs_check(km_audit_proofs_report *out, km_str file, const km_audit_key *pinned,
                              km_arena *a, km_fault *f)
{
    checking c = { .out = out, .pinned = pinned, .arena = a };
    int64_t number = 0;
    *out = (km_audit_proofs_report){ 0 };
    while (file.n > 0 && out->bad_what == NULL) {
        km_str line = km_str_cut(file, '\n', &file);
        number++;
        if (km_str_trim(line).n == 0)
            continue;
        out->bad_what = take_line(&c, line);
    }
    if (out->bad_what == NULL && out->proved + out->withheld == 0)
        out->bad_what = "form";
    if (out->bad_what == NULL)
        return KM_OK;
    out->bad_line = number > 0 ? number : 1;
    return km_fail(f, KM_TAMPERED, "proof", "line %lld: %s", (long long)out->bad_line,
                   out->bad_what);
}
