/* SPDX-License-Identifier: Apache-2.0
 *
 * id: `kumihimo id derive`: identifiers computed from keys in a file, for comparing with another
 * implementation of the construction (trust.md §1). For vectors: a node's own keys never come out.
 */
#include <stdlib.h>

#include "app/inside.h"
#include "trust/identity/identity.h"

enum { FILE_MAX = 64 << 20 };

typedef struct job {
    km_arena *arena;
    km_jv keys; /* keys_hex: key values by name */
    km_jw out;
    km_fault *fault;
} job;

static km_code read_text(km_str *out, km_arena *a, const char *path, km_fault *f)
{
    FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
    km_buf b = km_buf_in(a);
    size_t got;
    if (in == NULL)
        return km_fail(f, KM_IO, NULL, "%s cannot be read", path);
    do {
        km_buf_reserve(&b, 1 << 16);
        got = fread(b.p + b.n, 1, 1 << 16, in);
        b.n += got;
    } while (got > 0 && b.n < FILE_MAX);
    bool failed = ferror(in) != 0;
    if (in != stdin)
        fclose(in);
    *out = km_buf_str(&b);
    return failed || got > 0 ? km_fail(f, KM_IO, NULL, "%s cannot be read", path) : KM_OK;
}

static km_code bytes_of(unsigned char *out, size_t n, km_str hex, const char *what, km_fault *f)
{
    return km_unhex(out, n, hex) ? KM_OK
                                 : km_fail(f, KM_BAD_VALUE, what, "%zu bytes in hexadecimal", n);
}

/* A key of a case: hexadecimal, or a name in keys_hex; absent, the key of the member's own name. */
static km_code key_of(unsigned char out[32], job *j, km_jv one, const char *member,
                      const char *fallback)
{
    km_str text = km_jv_text(one, member);
    km_jv named = km_jv_get(j->keys, text.n > 0 ? text : km_str_of(fallback));
    if (km_jv_is(named, KM_JSON_STRING))
        text = km_jv_str(named);
    return bytes_of(out, 32, text, member, j->fault);
}

static km_code number_of(uint32_t *out, km_jv one, const char *member, int64_t max, km_fault *f)
{
    int64_t n;
    if (!km_str_to_i64(&n, km_jv_text(one, member)) || n < 0 || n > max)
        return km_fail(f, KM_BAD_VALUE, member, "a whole number up to %lld", (long long)max);
    *out = (uint32_t)n;
    return KM_OK;
}

static void hex_member(job *j, const char *name, const void *p, size_t n)
{
    km_jw_member(&j->out, name, km_hex(j->arena, p, n));
}

static km_code put_key(km_keys *k, job *j, km_key_name name, km_jv one, const char *member,
                       const char *fallback)
{
    unsigned char key[32];
    km_code rc = key_of(key, j, one, member, fallback);
    if (rc == KM_OK)
        rc = km_keys_import(k, name, key, j->fault);
    explicit_bzero(key, sizeof key);
    return rc;
}

/* --- the three kinds of values; `k` is a fresh ring --- */

static km_str message_a(km_arena *a, const km_domain *d, const km_key_root *root)
{
    km_buf kv = km_buf_in(a), gen = km_buf_in(a), out = km_buf_in(a);
    km_buf_u32be(&kv, d->kv);
    km_buf_u32be(&gen, root->gen);
    km_str field[] = { KM_STR("kumihimo/pid/v1"),
                       KM_STR("A"),
                       d->uri,
                       km_buf_str(&kv),
                       { (const char *)root->root, sizeof root->root },
                       km_buf_str(&gen) };
    km_enc(&out, field, 6);
    return km_buf_str(&out);
}

static km_code pid(job *j, km_keys *k, km_jv one)
{
    unsigned char t[1][KM_KEY_T], y[1][KM_KEY_T];
    uint32_t code;
    km_key_root root;
    km_domain d = { .uri = km_jv_text(one, "domain") };
    KM_TRY(number_of(&code, one, "code", UINT16_MAX, j->fault));
    KM_TRY(number_of(&d.kv, one, "kv", UINT32_MAX, j->fault));
    KM_TRY(number_of(&root.gen, one, "gen", UINT32_MAX, j->fault));
    KM_TRY(bytes_of(root.root, sizeof root.root, km_jv_text(one, "root"), "root", j->fault));
    d.code = (uint16_t)code;
    km_key_name name = { KM_KEY_PID_A, d.uri, d.kv };
    KM_TRY(put_key(k, j, name, one, "KA", "KA"));
    name.role = KM_KEY_PID_B;
    KM_TRY(put_key(k, j, name, one, "KB", "KB"));
    km_pid id;
    KM_TRY(km_keys_pid_a(t, k, name, &root, 1, j->fault));
    KM_TRY(km_keys_pid_b(y, k, name, t, 1, j->fault));
    KM_TRY(km_identity_derive(&id, (km_operators){ k, k }, &d, &root, 1, j->fault));
    km_str m = message_a(j->arena, &d, &root);
    km_jw_member(&j->out, "domain", d.uri);
    km_jw_member_int(&j->out, "code", d.code);
    km_jw_member_int(&j->out, "kv", d.kv);
    km_jw_member_int(&j->out, "gen", root.gen);
    hex_member(j, "msgA", m.p, m.n);
    hex_member(j, "t", t, sizeof t);
    hex_member(j, "y", y, sizeof y);
    hex_member(j, "pid", id.v, sizeof id.v);
    km_jw_member_z(&j->out, "token", km_identity_token(&d, &id).v);
    return KM_OK;
}

static km_code sid(job *j, km_keys *k, km_jv one)
{
    unsigned char id[1][KM_KEY_ID], out[1][KM_KEY_ID];
    km_str release = km_jv_text(one, "release");
    KM_TRY(bytes_of(id[0], KM_KEY_ID, km_jv_text(one, "pid"), "pid", j->fault));
    KM_TRY(put_key(k, j, (km_key_name){ KM_KEY_RELEASE, release, 1 }, one, "KR", "KR"));
    KM_TRY(km_keys_release(out, k, release, id, 1, j->fault));
    km_jw_member(&j->out, "release", release);
    hex_member(j, "pid", id, sizeof id);
    hex_member(j, "sid", out, sizeof out);
    return KM_OK;
}

static km_code idx(job *j, km_keys *k, km_jv one)
{
    unsigned char out[KM_KEY_ID];
    km_str part[KM_PARTS_MAX], system = km_jv_text(one, "system");
    const km_proof_kind *kind = km_identity_kind(system);
    km_jv parts = KM_JV_GET(one, "parts");
    uint32_t n = km_jv_count(parts);
    if (kind == NULL || n > KM_PARTS_MAX)
        return km_fail(j->fault, KM_BAD_VALUE, "system", "not a kind of proof");
    for (uint32_t i = 0; i < n; i++) {
        part[i] = km_jv_str(km_jv_item(parts, i));
        if (kind->part[i] != KM_PART_BYTES)
            continue;
        unsigned char *raw = km_arena_alloc(j->arena, part[i].n / 2 + 1);
        KM_TRY(bytes_of(raw, part[i].n / 2, part[i], "parts", j->fault));
        part[i] = (km_str){ (char *)raw, part[i].n / 2 };
    }
    KM_TRY(put_key(k, j, (km_key_name){ KM_KEY_INDEX, { "", 0 }, 1 }, one, "K", "KI"));
    KM_TRY(km_identity_index(out, k, system, part, n, j->fault));
    km_jw_member(&j->out, "system", system);
    km_jw_key(&j->out, "parts");
    km_jw_value(&j->out, parts);
    hex_member(j, "idx", out, sizeof out);
    return KM_OK;
}

static const struct kind {
    const char *name;
    km_code (*derive)(job *j, km_keys *k, km_jv one);
} kinds[] = { { "pid", pid }, { "sid", sid }, { "idx", idx }, { NULL, NULL } };

static km_code derive_one(job *j, const struct kind *kind, km_jv one)
{
    km_keys *k;
    KM_TRY(km_keys_in_memory(&k, KM_KEY_MASK_ALL, &km_random_real, j->fault));
    km_jw_open(&j->out, '{');
    if (km_jv_text(one, "name").n > 0)
        km_jw_member(&j->out, "name", km_jv_text(one, "name"));
    km_code rc = kind->derive(j, k, one);
    km_jw_close(&j->out, '}');
    km_keys_close(k);
    return rc;
}

static km_code derive_all(job *j, km_jv cases)
{
    km_jw_open(&j->out, '{');
    km_jw_member_z(&j->out, "construction", "kumihimo/pid/v1");
    for (const struct kind *k = kinds; k->name != NULL; k++) {
        km_jv list = km_jv_at(cases, k->name);
        km_jw_key(&j->out, k->name);
        km_jw_open(&j->out, '[');
        for (km_jv_iter i = km_jv_each(list); km_jv_next(&i);)
            KM_TRY(derive_one(j, k, i.value));
        km_jw_close(&j->out, ']');
    }
    km_jw_close(&j->out, '}');
    return KM_OK;
}

static km_code derive(km_buf *out, km_arena *a, const char *keys, const char *cases, km_fault *f)
{
    km_str text;
    km_json *key_file, *case_file;
    KM_TRY(read_text(&text, a, keys, f));
    KM_TRY(km_json_parse(&key_file, a, text, NULL, f));
    case_file = key_file;
    if (cases != NULL) {
        KM_TRY(read_text(&text, a, cases, f));
        KM_TRY(km_json_parse(&case_file, a, text, NULL, f));
    }
    job j = { a, km_jv_at(km_json_root(key_file), "keys_hex"), km_jw_on(out), f };
    return derive_all(&j, km_json_root(case_file));
}

int km_app__id(const km_args *a, km_node *n)
{
    (void)n;
    const char *keys = a->option(a, "keys");
    if (a->words < 1 || a->words > 2 || strcmp(a->word[0], "derive") != 0 || keys == NULL) {
        fprintf(stderr, "kumihimo id: derive --keys FILE [CASES]\nkumihimo id --help\n");
        return KM_EXIT_USAGE;
    }
    km_arena *arena = km_arena_new((size_t)1 << 30);
    km_buf out = km_buf_in(arena);
    km_fault f = { 0 };
    km_code rc = derive(&out, arena, keys, a->words > 1 ? a->word[1] : NULL, &f);
    if (rc == KM_OK)
        printf("%.*s\n", KM_STR_ARG(km_buf_str(&out)));
    else
        km_app__tell(a->config, "id", &f);
    km_arena_free(arena);
    return km_app__exit_code(rc);
}
