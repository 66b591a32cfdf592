/* SPDX-License-Identifier: Apache-2.0
 *
 * distinct: taking out what is there already. The value sets and bundles that people send have
 * thousands of codes under one expression with `|`, so from a few items on they are looked up by
 * a hash that agrees with `=`: what is equal has one hash. Hashes that a stranger made collide
 * cost steps, and those are bounded.
 */
#include "codec/fhirpath/inside.h"

#include "codec/fhirpath/moment.h"
#include "codec/json/decimal.h"

/* Up to so many items each is compared with each. */
#define FEW 16

/* --- a hash that agrees with = ------------------------------------------------------------- */

/* FNV-1a */
static uint64_t hash_bytes(const void *p, size_t n, uint64_t seed)
{
    const unsigned char *byte = p;
    uint64_t h = UINT64_C(0xcbf29ce484222325) ^ seed;
    for (size_t i = 0; i < n; i++)
        h = (h ^ byte[i]) * UINT64_C(0x100000001b3);
    return h ^ h >> 29;
}

static uint64_t hash_number(km_str text)
{
    km_decimal d;
    if (!km_decimal_parse(&d, text))
        return 0;
    double v = km_decimal_to_double(&d);
    return hash_bytes(&v, sizeof v, KM_JSON_NUMBER);
}

static uint32_t nodes_of(km_jv v)
{
    return v.doc ? v.doc->node[v.at].next - v.at : 0;
}

/* All names and leaves of an element, in whatever order: equal elements have the same. */
static uint64_t hash_json(km_jv v)
{
    uint64_t sum = 0;
    for (uint32_t i = 0, n = nodes_of(v); i < n; i++) {
        km_jv one = { v.doc, v.at + i };
        km_json_kind kind = km_jv_kind(one);
        km_str text = km_jv_str(one);
        sum += kind == KM_JSON_NUMBER ? hash_number(text) : hash_bytes(text.p, text.n, kind);
    }
    return sum;
}

/* Quantities of time are equal across units, and a number is a quantity of unit 1. */
static uint64_t hash_quantity(const km_item *q)
{
    bool ucum;
    if (km_time_unit__of(q->unit, &ucum))
        return KM_ITEM_QUANTITY;
    uint64_t h = hash_number(q->text);
    return km_str_is(q->unit, "1") ? h : hash_bytes(q->unit.p, q->unit.n, h);
}

static uint64_t hash_moment(const km_item *i)
{
    km_moment m;
    if (!km_moment__read(&m, i->text, i->kind == KM_ITEM_TIME))
        return i->kind;
    int64_t start = km_moment__start_us(&m);
    return hash_bytes(&start, sizeof start, i->kind);
}

static uint64_t hash_item(const km_run *r, const km_item *item)
{
    km_item value;
    double number;
    if (!km_path__system_value(r, &value, item))
        return item->kind == KM_ITEM_JSON ? hash_json(item->v) : item->type;
    switch (value.kind) {
    case KM_ITEM_INT:
        number = (double)value.number;
        return hash_bytes(&number, sizeof number, KM_JSON_NUMBER);
    case KM_ITEM_DECIMAL:
        return hash_number(value.text);
    case KM_ITEM_QUANTITY:
        return hash_quantity(&value);
    case KM_ITEM_DATE:
    case KM_ITEM_TIME:
        return hash_moment(&value);
    case KM_ITEM_BOOL:
        return (uint64_t)value.number;
    default:
        return hash_bytes(value.text.p, value.text.n, KM_ITEM_STRING);
    }
}

/* --- the table ------------------------------------------------------------------------------- */

static void enter(km_seen *seen, uint64_t hash, uint32_t index)
{
    uint32_t at = (uint32_t)hash & (seen->room - 1);
    while (seen->slot[at].index)
        at = (at + 1) & (seen->room - 1);
    seen->slot[at] = (km_seen_slot){ (uint32_t)hash, index + 1 };
    seen->n++;
}

static void widen(km_run *r, km_seen *seen, uint32_t room)
{
    km_seen old = *seen;
    *seen = (km_seen){ KM_NEW_ARRAY(r->arena, room, km_seen_slot), room, 0 };
    for (uint32_t i = 0; i < old.room; i++)
        if (old.slot[i].index)
            enter(seen, old.slot[i].hash, old.slot[i].index - 1);
}

/* Is an equal of `item` among those entered? */
static km_code look_up(km_run *r, const km_seen *seen, const km_items *in, const km_item *item,
                       uint64_t hash, bool *out)
{
    *out = false;
    for (uint32_t at = (uint32_t)hash & (seen->room - 1); seen->slot[at].index && !*out;
         at = (at + 1) & (seen->room - 1)) {
        km_truth same = KM_FALSE;
        if (seen->slot[at].hash == (uint32_t)hash)
            KM_TRY(km_path__equal(r, &in->item[seen->slot[at].index - 1], item, &same));
        *out = same == KM_TRUE;
    }
    return KM_OK;
}

static km_code keep_hashed(km_run *r, km_seen *seen, km_items *out, uint32_t kept)
{
    for (uint32_t i = kept; i < out->n; i++) {
        bool has;
        const km_item *item = &out->item[i];
        KM_TRY(km_path__spend(r, 1 + nodes_of(item->v) / 16));
        uint64_t hash = hash_item(r, item);
        KM_TRY(look_up(r, seen, out, &out->item[i], hash, &has));
        if (has)
            continue;
        if (seen->n * 2 >= seen->room)
            widen(r, seen, seen->room * 2);
        enter(seen, hash, kept);
        out->item[kept++] = out->item[i];
    }
    out->n = kept;
    return KM_OK;
}

km_code km_path__keep_new(km_run *r, km_seen *seen, km_items *out, uint32_t before, uint32_t from)
{
    uint32_t kept = from;
    if (out->n - before > FEW) {
        /* Those that came while they were few go in first. */
        if (seen->n < from - before) {
            *seen = (km_seen){ 0 };
            kept = before;
        }
        if (seen->room == 0)
            widen(r, seen, 64);
        return keep_hashed(r, seen, out, kept);
    }
    for (uint32_t i = from; i < out->n; i++) {
        bool has = false;
        if (kept > before) {
            km_items sofar = { out->item + before, kept - before, 0 };
            KM_TRY(km_path__has(r, &sofar, &out->item[i], &has));
        }
        if (!has)
            out->item[kept++] = out->item[i];
    }
    out->n = kept;
    return KM_OK;
}

km_code km_path__push_new(km_run *r, const km_items *from, uint32_t before, km_items *out)
{
    km_seen seen = { 0 };
    uint32_t start = out->n;
    for (uint32_t i = 0; i < from->n; i++)
        KM_TRY(km_path__push(r, out, &from->item[i]));
    return km_path__keep_new(r, &seen, out, before, start);
}
