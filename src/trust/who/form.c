/* SPDX-License-Identifier: Apache-2.0
 *
 * form: a km_who as text, for the store and for tokens, and in one piece of memory.
 */
#include "trust/who/inside.h"

#include <assert.h>
#include <stdlib.h>

enum { LIST = 64 };

/* --- text --- */

static void print_text(km_jw *w, const char *name, km_str s)
{
    if (s.n > 0)
        km_jw_member(w, name, s);
}

static void print_list(km_jw *w, const char *name, const km_str *item, size_t n)
{
    if (n == 0)
        return;
    km_jw_key(w, name);
    km_jw_open(w, '[');
    for (size_t i = 0; i < n; i++)
        km_jw_str(w, item[i]);
    km_jw_close(w, ']');
}

km_str km_who__print(const km_who *who, const km_roles *roles, km_arena *a)
{
    const km_role *role;
    size_t n = km_roles_all(&role, roles);
    km_buf out = km_buf_in(a);
    km_jw w = km_jw_on(&out);
    assert(who->role >= 0 && (size_t)who->role < n);
    km_jw_open(&w, '{');
    km_jw_member(&w, "iss", who->issuer);
    km_jw_member(&w, "sub", who->subject);
    print_text(&w, "name", who->name);
    km_jw_member(&w, "role", role[who->role].name);
    print_text(&w, "purpose", km_str_of(km_purpose_name(who->purpose)));
    print_text(&w, "network", who->network);
    print_text(&w, "organisation", who->organisation);
    print_text(&w, "country", who->country);
    print_list(&w, "actors", who->actor, who->actors);
    print_text(&w, "person", who->person);
    print_list(&w, "wards", who->ward, who->wards);
    if (who->second_factor_at > 0)
        km_jw_member_int(&w, "factor", who->second_factor_at);
    km_jw_close(&w, '}');
    return km_buf_str(&out);
}

static km_code read_list(const km_str **out, size_t *n, km_jv list, km_arena *a)
{
    size_t count = km_jv_count(list);
    if (count > LIST)
        return KM_TAMPERED;
    km_str *item = KM_NEW_ARRAY(a, count + 1, km_str);
    *n = 0;
    for (km_jv_iter i = km_jv_each(list); km_jv_next(&i);)
        item[(*n)++] = km_jv_str(i.value);
    *out = item;
    return KM_OK;
}

km_code km_who__read(km_who *out, km_jv o, const km_roles *roles, km_arena *a, km_fault *f)
{
    km_str factor = km_jv_str(KM_JV_GET(o, "factor"));
    *out = (km_who){ .issuer = km_jv_str(KM_JV_GET(o, "iss")),
                     .subject = km_jv_str(KM_JV_GET(o, "sub")),
                     .name = km_jv_str(KM_JV_GET(o, "name")),
                     .role = km_roles_role(roles, km_jv_str(KM_JV_GET(o, "role"))),
                     .purpose = km_purpose_named(km_jv_str(KM_JV_GET(o, "purpose"))),
                     .network = km_jv_str(KM_JV_GET(o, "network")),
                     .organisation = km_jv_str(KM_JV_GET(o, "organisation")),
                     .country = km_jv_str(KM_JV_GET(o, "country")),
                     .person = km_jv_str(KM_JV_GET(o, "person")) };
    bool sound = out->issuer.n > 0 && out->subject.n > 0 && out->role >= 0
                 && read_list(&out->actor, &out->actors, KM_JV_GET(o, "actors"), a) == KM_OK
                 && read_list(&out->ward, &out->wards, KM_JV_GET(o, "wards"), a) == KM_OK
                 && (factor.n == 0 || km_str_to_i64(&out->second_factor_at, factor));
    return sound ? KM_OK : km_fail(f, KM_TAMPERED, "who", "this is nobody that we wrote down");
}

km_code km_who__parse(km_who *out, km_str text, const km_roles *roles, km_arena *a, km_fault *f)
{
    km_json *doc;
    if (km_json_parse(&doc, a, text, &(km_json_limits){ .depth = 4, .members = 32 }, NULL) != KM_OK
        || !km_jv_is(km_json_root(doc), KM_JSON_OBJECT))
        return km_fail(f, KM_TAMPERED, "who", "this is nobody that we wrote down");
    return km_who__read(out, km_json_root(doc), roles, a, f);
}

/* --- one piece --- */

/* Measures while `at` is NULL, then fills. */
typedef struct pack {
    char *at;
    size_t used;
} pack;

static void *place(pack *p, size_t n)
{
    const size_t align = _Alignof(max_align_t);
    size_t at = (p->used + align - 1) / align * align;
    p->used = at + n;
    return p->at == NULL ? NULL : p->at + at;
}

static void pack_str(pack *p, km_str *to, km_str from)
{
    char *text = from.n > 0 ? place(p, from.n) : NULL;
    if (text == NULL)
        return;
    memcpy(text, from.p, from.n);
    *to = (km_str){ text, from.n };
}

static void pack_list(pack *p, const km_str **to, const km_str *from, size_t n)
{
    km_str *list = n > 0 ? place(p, n * sizeof *list) : NULL;
    for (size_t i = 0; i < n; i++)
        pack_str(p, list != NULL ? &list[i] : &(km_str){ 0 }, from[i]);
    if (list != NULL)
        *to = list;
}

static void pack_scopes(pack *p, km_who *to, const km_who *from)
{
    km_scope *list = from->scopes > 0 ? place(p, from->scopes * sizeof *list) : NULL;
    if (list != NULL) {
        memcpy(list, from->scope, from->scopes * sizeof *list);
        to->scope = list;
    }
    for (size_t i = 0; i < from->scopes; i++)
        pack_str(p, list != NULL ? &list[i].limit : &(km_str){ 0 }, from->scope[i].limit);
}

/* The km_who itself stands first. */
static void pack_who(pack *p, const km_who *from)
{
    static const size_t texts[] = { offsetof(km_who, issuer),       offsetof(km_who, subject),
                                    offsetof(km_who, name),         offsetof(km_who, network),
                                    offsetof(km_who, organisation), offsetof(km_who, person),
                                    offsetof(km_who, client),       offsetof(km_who, patient),
                                    offsetof(km_who, session),      offsetof(km_who, certificate),
                                    offsetof(km_who, country) };
    km_who none, *to = place(p, sizeof *to);
    if (to == NULL)
        to = &none;
    *to = *from;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        pack_str(p, (km_str *)((char *)to + texts[i]),
                 *(const km_str *)((const char *)from + texts[i]));
    pack_list(p, &to->actor, from->actor, from->actors);
    pack_list(p, &to->ward, from->ward, from->wards);
    pack_scopes(p, to, from);
}

km_who *km_who__copy(const km_who *who, km_arena *a)
{
    pack measure = { 0 };
    pack_who(&measure, who);
    pack fill = { a != NULL ? km_arena_alloc(a, measure.used) : malloc(measure.used), 0 };
    if (fill.at == NULL)
        abort(); /* decision 18 */
    pack_who(&fill, who);
    assert(fill.used == measure.used);
    return (km_who *)(void *)fill.at;
}

km_str km_who__thumbprint(km_str der, km_arena *a)
{
    unsigned char sum[KM_SHA256_LEN];
    if (der.n == 0)
        return KM_STR_NONE;
    km_sha256(sum, der.p, der.n);
    return km_arena_copy(a, (km_str){ (const char *)sum, sizeof sum });
}

km_str km_who__thumbprint_text(km_str der, km_arena *a)
{
    km_str sum = km_who__thumbprint(der, a);
    return sum.n > 0 ? km_base64url(a, sum.p, sum.n) : KM_STR_NONE;
}
