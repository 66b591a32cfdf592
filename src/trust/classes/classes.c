/* SPDX-License-Identifier: Apache-2.0
 *
 * classes: the two tables, read once: items, and for each type of resource the paths that find its
 * items.
 */
#include "trust/classes/classes.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "km_data_trust_classes.h"

enum { ITEMS = 128, CARRIERS = 256, STEPS = 20000, TYPES = 1024, REMEMBERED = 512 };
#define TABLE_BYTES ((size_t)8 << 20)
#define OWN_WORDS KM_STR("urn:kumihimo:item")

typedef struct carrier {
    km_ftype type;
    size_t item;
    const km_path *when; /* NULL: always */
} carrier;

struct km_classes {
    km_arena *arena;
    km_shared_item item[ITEMS];
    size_t items;
    km_carried shown[KM_CLASSES];
    carrier carrier[CARRIERS]; /* of one type together */
    size_t carriers;
    /* Types whose rows look at `code` and `category` alone: what one of them carries, all with the
     * same two carry. */
    bool by_words[TYPES];
    km_sipkey key[2]; /* random: nobody makes two records look alike */
};

/* What was found out about two members' texts, by their hashes; each thread has its own. */
typedef struct remembered {
    uint64_t hash[2];
    bool known;
    km_carried items;
} remembered;
static _Thread_local remembered memory[REMEMBERED];

static _Noreturn void wrong(const char *table, km_str where)
{
    fprintf(stderr, "kumihimo: data/classes/%s.tsv is wrong at %.*s\n", table, KM_STR_ARG(where));
    abort();
}

static void add(km_carried *s, size_t item)
{
    s->bits[item / 64] |= (uint64_t)1 << (item % 64);
}

/* ITEMS where there is none. */
static size_t item_named(const km_classes *c, km_str id)
{
    for (size_t i = 0; i < c->items; i++)
        if (km_str_eq(c->item[i].id, id))
            return i;
    return ITEMS;
}

static void read_items(km_classes *c)
{
    km_str cell[7], rest = km_embedded_find(km_data_trust_classes, "items.tsv");
    (void)km_tsv_next(cell, 7, &rest); /* the header */
    while (km_tsv_next(cell, 7, &rest) == 7) {
        if (c->items == ITEMS || item_named(c, cell[0]) < ITEMS)
            wrong("items", cell[0]);
        km_shared_item *item = &c->item[c->items];
        *item = (km_shared_item){
            .id = cell[0], .ja = cell[1], .en = cell[2], .ours = km_str_is(cell[6], "ours")
        };
        for (int k = KM_CLASS_REGION; k < KM_CLASSES; k++) {
            item->shown[k] = km_str_is(cell[2 + k], "1");
            if (item->shown[k])
                add(&c->shown[k], c->items);
        }
        c->items++;
    }
}

static int by_type(const void *a, const void *b)
{
    const carrier *x = a, *y = b;
    return (x->type > y->type) - (x->type < y->type);
}

/* Names at which a path of the table begins, anywhere in it; texts in quotes are passed over. */
static bool looks_at_words_alone(km_str path)
{
    static const char *const known[] = { "code", "category", "system", "and", "or", "true" };
    for (size_t i = 0, end; i < path.n; i = end) {
        end = i + 1;
        if (path.p[i] == '\'')
            while (end < path.n && path.p[end++] != '\'')
                ;
        if (!isalpha((unsigned char)path.p[i]))
            continue;
        while (end < path.n && isalpha((unsigned char)path.p[end]))
            end++;
        bool found = i > 0 && path.p[i - 1] == '.';
        for (size_t k = 0; k < sizeof known / sizeof *known && !found; k++)
            found = km_str_is(km_str_sub(path, i, end - i), known[k]);
        if (!found)
            return false;
    }
    return true;
}

static void read_carriers(km_classes *c)
{
    for (size_t t = 0; t < TYPES; t++)
        c->by_words[t] = true;
    km_str cell[4], rest = km_embedded_find(km_data_trust_classes, "carriers.tsv");
    (void)km_tsv_next(cell, 4, &rest);
    while (km_tsv_next(cell, 4, &rest) >= 3) {
        km_fault f = { 0 };
        km_path *when = NULL;
        carrier row = { .type = km_fhir_type_named(cell[1]), .item = item_named(c, cell[0]) };
        bool always = km_str_is(cell[2], "true");
        if (c->carriers == CARRIERS || row.type == 0 || row.item == ITEMS)
            wrong("carriers", cell[0]);
        if (!always && km_path_compile(&when, c->arena, cell[2], km_fhir_model(), &f) != KM_OK)
            wrong("carriers", cell[2]);
        row.when = when;
        if (row.type < TYPES && !looks_at_words_alone(cell[2]))
            c->by_words[row.type] = false;
        c->carrier[c->carriers++] = row;
    }
    qsort(c->carrier, c->carriers, sizeof *c->carrier, by_type);
}

km_classes *km_classes_new(void)
{
    km_classes *c = calloc(1, sizeof *c);
    assert(c != NULL);
    c->arena = km_arena_new(TABLE_BYTES);
    km_random_real.fill(km_random_real.self, c->key, sizeof c->key);
    read_items(c);
    read_carriers(c);
    return c;
}

void km_classes_free(km_classes *c)
{
    if (c == NULL)
        return;
    km_arena_free(c->arena);
    free(c);
}

size_t km_classes_items(const km_shared_item **out, const km_classes *c)
{
    *out = c->item;
    return c->items;
}

const char *km_class_name(km_access_class k)
{
    static const char *const names[KM_CLASSES] = { "none", "region", "nation", "emergency" };
    return names[k];
}

/* --- what a record carries --- */

/* True when the record says it itself; a word of ours that is in no table says that it carries
 * nothing. */
static bool own_words(km_carried *out, const km_classes *c, km_jv resource)
{
    bool said = false;
    for (km_jv_iter i = km_jv_each(KM_JV_GET(KM_JV_GET(resource, "meta"), "tag"));
         km_jv_next(&i);) {
        if (!km_str_eq(km_jv_str(KM_JV_GET(i.value, "system")), OWN_WORDS))
            continue;
        size_t item = item_named(c, km_jv_str(KM_JV_GET(i.value, "code")));
        said = true;
        if (item < ITEMS)
            add(out, item);
    }
    return said;
}

static size_t first_of(const km_classes *c, km_ftype type)
{
    size_t low = 0, high = c->carriers;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (c->carrier[middle].type < type)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* A path that stumbles over what it finds (two values where one may be) is not true of it. */
static km_code holds(bool *out, const km_path *when, const km_path_env *env, km_fault *f)
{
    km_items found = { 0 };
    km_code rc = km_path_eval(&found, when, env, f);
    *out = rc == KM_OK && km_items_true(&found);
    if (rc != KM_OK && rc != KM_TOO_COSTLY) {
        km_fault_clear(f);
        rc = KM_OK;
    }
    return rc;
}

/* Where this record's words are remembered, or will be: emptied when it held other words. */
static remembered *place_of(const km_classes *c, km_ftype type, km_jv resource)
{
    const km_str part[] = { km_jv_raw(KM_JV_GET(resource, "code")),
                            km_jv_raw(KM_JV_GET(resource, "category")) };
    uint64_t hash[2];
    for (int k = 0; k < 2; k++) {
        uint64_t own[3] = { km_siphash(c->key[k], part[0].p, part[0].n),
                            km_siphash(c->key[k], part[1].p, part[1].n), type };
        hash[k] = km_siphash(c->key[k], own, sizeof own);
    }
    remembered *r = &memory[hash[0] % REMEMBERED];
    if (r->hash[0] != hash[0] || r->hash[1] != hash[1])
        *r = (remembered){ .hash = { hash[0], hash[1] } };
    return r;
}

km_code km_classes_carried(km_carried *out, const km_classes *c, km_jv resource, km_arena *a,
                           km_fault *f)
{
    km_ftype type = km_fhir_type_named(km_jv_str(KM_JV_GET(resource, "resourceType")));
    *out = (km_carried){ { 0, 0 } };
    if (type == 0 || own_words(out, c, resource))
        return KM_OK;
    remembered *known = type < TYPES && c->by_words[type] ? place_of(c, type, resource) : NULL;
    if (known != NULL && known->known) {
        *out = known->items;
        return KM_OK;
    }
    km_path_env env = {
        .model = km_fhir_model(), .arena = a, .resource = resource, .step_limit = STEPS
    };
    km_carried found = { { 0, 0 } };
    for (size_t i = first_of(c, type); i < c->carriers && c->carrier[i].type == type; i++) {
        bool true_of_it = true;
        const carrier *row = &c->carrier[i];
        km_arena_mark mark = km_arena_here(a);
        km_code rc = row->when == NULL ? KM_OK : holds(&true_of_it, row->when, &env, f);
        km_arena_back(a, mark);
        if (rc != KM_OK)
            return rc;
        if (true_of_it)
            add(&found, row->item);
    }
    *out = found;
    if (known != NULL) {
        known->items = found;
        known->known = true;
    }
    return KM_OK;
}

km_carried km_classes_shown(const km_classes *c, km_access_class k, km_carried items)
{
    return (
        km_carried){ { items.bits[0] & c->shown[k].bits[0], items.bits[1] & c->shown[k].bits[1] } };
}
