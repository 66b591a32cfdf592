/* SPDX-License-Identifier: Apache-2.0
 *
 * note: checkpoints in the signed-note form, their keys, and what a witness does.
 * github.com/C2SP/C2SP: signed-note.md, tlog-checkpoint.md.
 */
#include "trust/audit/tree.h"

#include <openssl/evp.h>

#include "base/date.h"

enum { ED25519 = 0x01, KEY_HASH = 4, SIGNATURE = 64, SCRATCH = 1 << 15 };
static const km_str dash = KM_STR_INIT("\xE2\x80\x94 ");

static bool is_name(km_str s)
{
    if (s.n == 0 || s.n >= KM_AUDIT_NAME_MAX || !km_str_is_utf8(s, NULL))
        return false;
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] <= ' ' || s.p[i] == '+' || s.p[i] == 0x7F)
            return false;
    return true;
}

/* The first four bytes of SHA-256(name LF 0x01 key). */
static void hash_key(unsigned char out[KEY_HASH], const km_audit_key *k)
{
    unsigned char sum[KM_SHA256_LEN];
    km_sha256_parts(sum,
                    (const km_str[]){ km_str_of(k->name),
                                      KM_STR("\n\x01"),
                                      { (const char *)k->pub, sizeof k->pub } },
                    3);
    memcpy(out, sum, KEY_HASH);
}

km_code km_audit_key_parse(km_audit_key *out, km_str text, km_fault *f)
{
    km_str rest, name = km_str_cut(km_str_trim(text), '+', &rest), key;
    km_str hash = km_str_cut(rest, '+', &key), raw = KM_STR_NONE;
    unsigned char said[KEY_HASH], is[KEY_HASH];
    bool good = is_name(name) && key.n < KM_AUDIT_NAME_MAX && km_unhex(said, KEY_HASH, hash);
    km_arena *a = km_arena_new(SCRATCH);
    good = good && km_unbase64(&raw, a, key) && raw.n == 1 + sizeof out->pub && raw.p[0] == ED25519;
    if (good) {
        *out = (km_audit_key){ 0 };
        memcpy(out->name, name.p, name.n);
        memcpy(out->pub, raw.p + 1, sizeof out->pub);
        hash_key(is, out);
        good = memcmp(is, said, KEY_HASH) == 0;
    }
    km_arena_free(a);
    return good ? KM_OK : km_fail(f, KM_BAD_VALUE, "key", "name+hash+key, Ed25519");
}

void km_audit_key_print(km_buf *out, const km_audit_key *k)
{
    unsigned char hash[KEY_HASH], raw[1 + sizeof k->pub] = { ED25519 };
    hash_key(hash, k);
    memcpy(raw + 1, k->pub, sizeof k->pub);
    km_buf_print(out, "%s+%.*s+", k->name, KM_STR_ARG(km_hex(out->arena, hash, sizeof hash)));
    km_buf_add(out, km_base64(out->arena, raw, sizeof raw));
}

/* --- checkpoints --------------------------------------------------------------------------------
 */

static km_code wrong(km_fault *f, const char *what)
{
    return km_fail(f, KM_MALFORMED, "checkpoint", "%s", what);
}

static bool read_root(km_audit_hash *out, km_str text)
{
    km_str raw;
    km_arena *a = km_arena_new(SCRATCH);
    bool good = text.n == 44 && km_unbase64(&raw, a, text) && raw.n == KM_AUDIT_HASH;
    if (good) {
        memcpy(out->h, raw.p, KM_AUDIT_HASH);
        /* One root has one text: base64 leaves the last two bits open. */
        good = km_str_eq(km_base64(a, out->h, KM_AUDIT_HASH), text);
    }
    km_arena_free(a);
    return good;
}

static bool read_time(km_ms *out, km_str text)
{
    km_civil c;
    km_ms high;
    char again[25];
    if (text.n != 24 || !km_civil_parse(&c, text) || !c.has_zone)
        return false;
    km_civil_interval(out, &high, &c);
    km_instant_print(again, *out);
    return km_str_is(text, again);
}

static bool read_size(int64_t *out, km_str text)
{
    return text.n > 0 && text.p[0] >= '0' && text.p[0] <= '9' && km_str_to_i64(out, text)
           && (text.p[0] != '0' || text.n == 1); /* one size has one text */
}

static bool are_signatures(km_str s)
{
    if (s.n == 0 || s.p[s.n - 1] != '\n')
        return false;
    while (s.n > 0)
        if (!km_str_starts(km_str_cut(s, '\n', &s), dash))
            return false;
    return true;
}

km_code km_audit_checkpoint_parse(km_audit_checkpoint *out, km_str note, km_fault *f)
{
    km_str rest = note;
    *out = (km_audit_checkpoint){ 0 };
    if (note.n > KM_AUDIT_NOTE_MAX)
        return wrong(f, "too long");
    out->origin = km_str_cut(rest, '\n', &rest);
    if (!is_name(out->origin))
        return wrong(f, "an origin without blanks");
    if (!read_size(&out->size, km_str_cut(rest, '\n', &rest)))
        return wrong(f, "a size");
    if (!read_root(&out->root, km_str_cut(rest, '\n', &rest)))
        return wrong(f, "a root");
    if (!read_time(&out->at, km_str_cut(rest, '\n', &rest)))
        return wrong(f, "a time");
    if (rest.n == 0 || rest.p[0] != '\n')
        return wrong(f, "an empty line");
    out->text = (km_str){ note.p, (size_t)(rest.p - note.p) };
    out->signatures = km_str_sub(rest, 1, rest.n);
    return are_signatures(out->signatures) ? KM_OK : wrong(f, "a signature");
}

void km_audit_checkpoint_print(km_buf *out, const km_audit_checkpoint *c)
{
    char at[25];
    km_instant_print(at, c->at);
    km_buf_print(out, "%.*s\n%lld\n", KM_STR_ARG(c->origin), (long long)c->size);
    km_buf_add(out, km_base64(out->arena, c->root.h, KM_AUDIT_HASH));
    km_buf_print(out, "\n%s\n", at);
}

static bool verifies(const km_audit_key *k, km_str text, const unsigned char *signature)
{
    EVP_PKEY *key = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, k->pub, sizeof k->pub);
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    bool good = key != NULL && c != NULL && EVP_DigestVerifyInit(c, NULL, NULL, NULL, key) == 1
                && EVP_DigestVerify(c, signature, SIGNATURE, (const unsigned char *)text.p, text.n)
                       == 1;
    EVP_MD_CTX_free(c);
    EVP_PKEY_free(key);
    return good;
}

bool km_audit_signed_by(const km_audit_checkpoint *c, const km_audit_key *k)
{
    unsigned char hash[KEY_HASH];
    bool found = false, good = false;
    km_arena *a = km_arena_new(SCRATCH);
    hash_key(hash, k);
    for (km_str left = c->signatures; left.n > 0 && !found;) {
        km_str line = km_str_cut(left, '\n', &left), text, raw;
        km_str name = km_str_cut(km_str_sub(line, dash.n, line.n), ' ', &text);
        found = km_str_is(name, k->name) && km_unbase64(&raw, a, text)
                && raw.n == KEY_HASH + SIGNATURE && memcmp(raw.p, hash, KEY_HASH) == 0;
        /* One signature has one text, so that no bit of it is free. */
        good = found && km_str_eq(km_base64(a, raw.p, raw.n), text)
               && verifies(k, c->text, (const unsigned char *)raw.p + KEY_HASH);
    }
    km_arena_free(a);
    return good;
}

km_code km_audit_countersign(km_buf *out, km_str text, const km_audit_signer *s, km_fault *f)
{
    unsigned char raw[KEY_HASH + SIGNATURE];
    hash_key(raw, &s->key);
    KM_TRY(s->sign(s->self, raw + KEY_HASH, text, f));
    km_buf_add(out, dash);
    km_buf_print(out, "%s ", s->key.name);
    km_buf_add(out, km_base64(out->arena, raw, sizeof raw));
    km_buf_char(out, '\n');
    return KM_OK;
}

/* --- witnesses ----------------------------------------------------------------------------------
 */

void km_audit_ask_print(km_buf *out, int64_t old_size, const km_audit_path *growth, km_str note)
{
    km_buf_print(out, "old %lld\n", (long long)old_size);
    for (size_t i = 0; i < growth->n; i++) {
        km_buf_add(out, km_base64(out->arena, growth->step[i].h, KM_AUDIT_HASH));
        km_buf_char(out, '\n');
    }
    km_buf_char(out, '\n');
    km_buf_add(out, note);
}

km_code km_audit_ask_parse(int64_t *old_size, km_audit_path *growth, km_str *note, km_str text,
                           km_fault *f)
{
    km_str line = km_str_cut(text, '\n', &text);
    growth->n = 0;
    if (!km_str_starts(line, KM_STR("old ")) || line.n == 4
        || !read_size(old_size, km_str_sub(line, 4, line.n)))
        return km_fail(f, KM_MALFORMED, "old", "old and a size");
    while (text.n > 0 && (line = km_str_cut(text, '\n', &text)).n > 0)
        if (growth->n == KM_AUDIT_PROOF_MAX || !read_root(&growth->step[growth->n++], line))
            return km_fail(f, KM_MALFORMED, "growth", "a hash in base64");
    *note = text;
    return text.n > 0 ? KM_OK : km_fail(f, KM_MALFORMED, "checkpoint", "none");
}

km_code km_audit_witness(km_buf *out, km_audit_seen *seen, km_str note, const km_audit_path *growth,
                         const km_audit_key *log, const km_audit_signer *witness, km_fault *f)
{
    km_audit_checkpoint c;
    KM_TRY(km_audit_checkpoint_parse(&c, note, f));
    if (!km_str_is(c.origin, log->name) || !km_audit_signed_by(&c, log))
        return km_fail(f, KM_FORBIDDEN, "checkpoint", "not signed by the log");
    if (c.size < seen->size)
        return km_fail(f, KM_CONFLICT, "checkpoint", "a larger one was seen");
    if (seen->size == 0 ? growth->n > 0
                        : !km_audit_grew(&seen->root, seen->size, &c.root, c.size, growth))
        return km_fail(f, KM_TAMPERED, "checkpoint", "it does not hold what the last one held");
    KM_TRY(km_audit_countersign(out, c.text, witness, f));
    *seen = (km_audit_seen){ c.size, c.root };
    return KM_OK;
}
