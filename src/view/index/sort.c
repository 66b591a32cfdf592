/* SPDX-License-Identifier: Apache-2.0
 *
 * sort: an order that paging can hold on to. Every spot gets one key of bytes for all sort
 * parameters together, ended by chart and rid; order is memcmp's, a descending part is inverted, a
 * missing value stands last.
 */
#include "view/index/inside.h"

#include <stdlib.h>

#include "base/kana.h"

static void put64(km_buf *b, uint64_t v)
{
    km_buf_u64be(b, v);
}

/* The part of a value that sorting compares. Texts end in a zero byte, so that a shorter one comes
 * first. */
static void value_bytes(km_buf *out, const km_value *v, bool down, km_arena *a)
{
    km_key key;
    switch (v->kind) {
    case KM_PARAM_DATE:
        put64(out, (uint64_t)(down ? v->high : v->low) ^ (uint64_t)1 << 63);
        return;
    case KM_PARAM_NUMBER:
    case KM_PARAM_QUANTITY:
        km_key_number(&key, down ? v->number_high : v->number_low, 0);
        km_buf_bytes(out, key.b + 1, 8);
        return;
    case KM_PARAM_STRING: {
        km_str folded = km_fold(a, v->text);
        km_buf_add(out, km_str_sub(folded, 0, KM_KEY_TEXT));
        break;
    }
    default:
        km_buf_add(out, km_str_sub(v->text, 0, KM_KEY_TEXT));
    }
    km_buf_char(out, '\0');
}

static km_str best_value(km_seeking *run, const km_sort *s, const km_param *p, km_jv body,
                         km_ftype type, km_code *rc)
{
    km_arena *a = run->call->arena;
    km_values values = { 0 };
    km_str best = KM_STR_NONE;
    *rc = km_values_of(&values, p, body, type, a, run->call->fault);
    for (size_t i = 0; i < values.n && *rc == KM_OK; i++) {
        km_buf one = km_buf_in(a);
        value_bytes(&one, &values.v[i], s->down, a);
        int c = best.p == NULL ? 0 : km_str_cmp(km_buf_str(&one), best);
        if (best.p == NULL || (s->down ? c > 0 : c < 0))
            best = km_buf_str(&one);
    }
    return best;
}

static void put_part(km_buf *key, km_str value, bool down)
{
    km_buf_char(key, value.p == NULL ? 2 : 1);
    for (size_t i = 0; i < value.n; i++)
        km_buf_char(key, (char)(down ? ~value.p[i] : value.p[i]));
    if (down && value.p != NULL)
        km_buf_char(key, (char)0xFF);
}

static km_code body_of(km_jv *out, km_seeking *run, int64_t rid)
{
    km_record *rec;
    KM_TRY(km_reader_by_rid(&rec, run->r, rid));
    return km_record_json(out, rec, run->call);
}

static km_code plain_part(km_buf *key, km_seeking *run, const km_sort *s, int64_t rid)
{
    km_ftype type;
    km_str id = KM_STR_NONE;
    int64_t seq = 0;
    km_buf part = km_buf_in(run->call->arena);
    KM_TRY(km_run__name(&type, &id, &seq, run, rid));
    if (s->by_id) {
        km_buf_add(&part, id);
        km_buf_char(&part, '\0');
    } else
        put64(&part, (uint64_t)seq);
    put_part(key, km_buf_str(&part), s->down);
    return KM_OK;
}

static km_code make_key(km_str *out, km_seeking *run, km_spot spot, km_ftype type)
{
    km_buf key = km_buf_in(run->call->arena);
    km_jv body = KM_JV_NONE;
    for (size_t i = 0; i < run->search->sorts; i++) {
        const km_sort *s = &run->search->sort[i];
        km_code rc = KM_OK;
        if (s->by_id || s->by_update) {
            KM_TRY(plain_part(&key, run, s, spot.rid));
            continue;
        }
        if (km_jv_kind(body) == KM_JSON_NONE)
            KM_TRY(body_of(&body, run, spot.rid));
        const km_param *p = km_fhir_param(type, s->name);
        km_str value = p ? best_value(run, s, p, body, type, &rc) : KM_STR_NONE;
        KM_TRY(rc);
        put_part(&key, value, s->down);
    }
    put64(&key, (uint64_t)spot.chart);
    put64(&key, (uint64_t)spot.rid);
    *out = km_buf_str(&key);
    return KM_OK;
}

static int by_key(const void *x, const void *y)
{
    const km_ordered *a = x, *b = y;
    return km_str_cmp(a->key, b->key);
}

void km_sort__again(km_ordered *all, size_t n)
{
    qsort(all, n, sizeof *all, by_key);
}

/* Each key is made from its body in a scratch arena, so that thousands of bodies do not pile up. */
km_code km_sort__order(km_ordered **out, km_seeking *run, const km_spots *spots, km_ftype type)
{
    km_arena *keep = run->call->arena, *scratch = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_ordered *all = KM_NEW_ARRAY(keep, spots->n, km_ordered);
    km_code rc = KM_OK;
    run->call->arena = scratch;
    for (size_t i = 0; i < spots->n && rc == KM_OK; i++) {
        km_str key;
        rc = km_run__in_time(run);
        if (rc == KM_OK)
            rc = make_key(&key, run, spots->s[i], type);
        if (rc == KM_OK) {
            all[i] = (km_ordered){ spots->s[i], km_arena_copy(keep, key) };
            km_arena_reset(scratch);
        }
    }
    run->call->arena = keep;
    km_arena_free(scratch);
    KM_TRY(rc);
    if (run->search->sorts > 0)
        qsort(all, spots->n, sizeof *all, by_key);
    *out = all;
    return KM_OK;
}
