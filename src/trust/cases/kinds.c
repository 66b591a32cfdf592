/* SPDX-License-Identifier: Apache-2.0
 *
 * kinds: the table of cases, and what one says in its one spelling.
 */
#include "trust/cases/cases.h"

#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/date.h"
#include "km_data_trust_cases.h"

enum { TEXT_MAX = 2000, LIST_MAX = 500 };

/* Read once, then never changed. */
static km_case_kind kinds[KM_CASE_KINDS];
static size_t kinds_n;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static const char *const forms[] = { "text", "day", "int", "texts", "ints" };

static _Noreturn void wrong(km_str where)
{
    fprintf(stderr, "kumihimo: data/cases/kinds.tsv is wrong at %.*s\n", KM_STR_ARG(where));
    abort();
}

static void read_members(km_case_kind *k, km_str list)
{
    while (list.n > 0) {
        km_str form, one = km_str_cut(list, ' ', &list), name = km_str_cut(one, ':', &form);
        bool known = false;
        if (k->members == KM_CASE_MEMBERS)
            wrong(k->name);
        for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
            if (km_str_is(form, forms[i])) {
                k->member[k->members].form = (km_case_form)i;
                known = true;
            }
        if (!known)
            wrong(one);
        k->member[k->members++].name = name;
    }
}

static void read_table(void)
{
    km_str cell[7], rest = km_embedded_find(km_data_trust_cases, "kinds.tsv");
    (void)km_tsv_next(cell, 7, &rest);
    while (km_tsv_next(cell, 7, &rest) == 7) {
        km_case_kind *k = &kinds[kinds_n++];
        int64_t hours;
        if (kinds_n == KM_CASE_KINDS || !km_str_to_i64(&k->persons, cell[3])
            || !km_str_to_i64(&hours, cell[4]) || k->persons < 2 || k->persons > KM_CASE_PERSONS)
            wrong(cell[0]);
        k->name = cell[0];
        k->ja = cell[1];
        k->en = cell[2];
        k->life_ms = hours * 3600000;
        k->permission = cell[5];
        read_members(k, cell[6]);
    }
}

size_t km_case_kinds(const km_case_kind **out)
{
    pthread_once(&once, read_table);
    *out = kinds;
    return kinds_n;
}

const km_case_kind *km_case_kind_named(km_str name)
{
    const km_case_kind *k;
    size_t n = km_case_kinds(&k);
    for (size_t i = 0; i < n; i++)
        if (km_str_eq(k[i].name, name))
            return &k[i];
    return NULL;
}

/* --- canonical --- */

static km_code bad(km_call *call, km_str name, const char *wanted)
{
    return km_fail(call->fault, KM_BAD_VALUE, km_arena_z(call->arena, name), "%s", wanted);
}

static km_code put_text(km_jw *w, km_jv v, km_str name, km_call *call)
{
    km_str text = km_jv_str(v);
    if (!km_jv_is(v, KM_JSON_STRING) || text.n == 0 || text.n > TEXT_MAX)
        return bad(call, name, "a text of 1 to 2000 bytes");
    km_jw_str(w, text);
    return KM_OK;
}

static km_code put_int(km_jw *w, km_jv v, km_str name, km_call *call)
{
    int64_t n;
    if (!km_jv_is(v, KM_JSON_NUMBER) || !km_str_to_i64(&n, km_jv_str(v)))
        return bad(call, name, "a whole number");
    km_jw_int(w, n);
    return KM_OK;
}

static km_code put_day(km_jw *w, km_jv v, km_str name, km_call *call)
{
    km_civil c;
    km_str text = km_jv_str(v);
    if (!km_jv_is(v, KM_JSON_STRING) || text.n != 10 || !km_civil_parse(&c, text))
        return bad(call, name, "a day, 2027-03-31");
    km_jw_str(w, text);
    return KM_OK;
}

static km_code put_list(km_jw *w, km_jv v, km_str name, bool ints, km_call *call)
{
    if (!km_jv_is(v, KM_JSON_ARRAY) || km_jv_count(v) > LIST_MAX)
        return bad(call, name, "a list of at most 500");
    km_jw_open(w, '[');
    for (km_jv_iter i = km_jv_each(v); km_jv_next(&i);)
        KM_TRY(ints ? put_int(w, i.value, name, call) : put_text(w, i.value, name, call));
    km_jw_close(w, ']');
    return KM_OK;
}

static km_code put(km_jw *w, km_case_form form, km_jv v, km_str name, km_call *call)
{
    switch (form) {
    case KM_CASE_TEXT:
        return put_text(w, v, name, call);
    case KM_CASE_DAY:
        return put_day(w, v, name, call);
    case KM_CASE_INT:
        return put_int(w, v, name, call);
    case KM_CASE_TEXTS:
    case KM_CASE_INTS:
        break;
    }
    return put_list(w, v, name, form == KM_CASE_INTS, call);
}

km_code km_case_canonical(km_str *out, const km_case_kind *kind, km_jv what, km_call *call)
{
    km_buf text = km_buf_in(call->arena);
    km_jw w = km_jw_on(&text);
    size_t used = 0;
    if (!km_jv_is(what, KM_JSON_OBJECT))
        return km_fail(call->fault, KM_BAD_VALUE, "what", "an object");
    km_jw_open(&w, '{');
    for (size_t i = 0; i < kind->members; i++) {
        km_str name = kind->member[i].name;
        km_jv v = km_jv_get(what, name);
        if (km_jv_is(v, KM_JSON_NONE))
            return km_fail(call->fault, KM_REQUIRED, km_arena_z(call->arena, name), NULL);
        km_jw_key_str(&w, name);
        KM_TRY(put(&w, kind->member[i].form, v, name, call));
        used++;
    }
    km_jw_close(&w, '}');
    if (used != km_jv_count(what))
        return km_fail(call->fault, KM_BAD_VALUE, "what", "no members but those of its kind");
    *out = km_buf_str(&text);
    return KM_OK;
}
