/* SPDX-License-Identifier: Apache-2.0
 *
 * run: a linker from its first record to its clusters.
 */
#include "linkage/inside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 256, EXPECT_MAX = 1 << 27 };

km_linker *km_linker_new(void)
{
    km_linker *l = calloc(1, sizeof *l);
    if (l == NULL)
        abort();
    return l;
}

void km_linker_free(km_linker *l)
{
    if (l == NULL)
        return;
    km_values *values[] = { &l->kana, &l->kanji, &l->place, &l->number, &l->id };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        km_linkage__values_free(values[i]);
    for (int k = 0; k < 4; k++) {
        km_linkage__free(l->name_count[k / 2][k % 2]);
        km_linkage__free(l->rarity[k / 2][k % 2]);
    }
    km_linkage__free(l->one);
    km_linkage__free(l->two);
    km_linkage__free(l->record);
    km_linkage__free(l->order);
    km_linkage__free(l->plain);
    km_linkage__free(l->key);
    km_linkage__free(l->edge);
    km_linkage__free(l->cluster);
    km_linkage__free(l->id_of);
    free(l);
}

/* --- a record --- */

static uint32_t name_value(km_values *v, const uint16_t *cp, size_t n)
{
    return km_linkage__value(v, (km_str){ (const char *)cp, n * 2 });
}

/* A full name in the family's field is cut where its space stood. */
static void add_name(km_values *v, uint32_t out[2], km_str family, km_str given)
{
    km_link_text f, g;
    km_linkage__fold(&f, family);
    km_linkage__fold(&g, given);
    if (g.n == 0 && f.gap > 0) {
        out[0] = name_value(v, f.cp, f.gap);
        out[1] = name_value(v, f.cp + f.gap, (size_t)(f.n - f.gap));
        return;
    }
    out[0] = name_value(v, f.cp, f.n);
    out[1] = name_value(v, g.cp, g.n);
}

static uint8_t sex_of(km_str s)
{
    km_link_text t;
    km_linkage__fold(&t, s);
    uint16_t c = t.n > 0 ? t.cp[0] : 0;
    return c == '1' || c == 'm' || c == 0x7537 ? 1 : c == '2' || c == 'f' || c == 0x5973 ? 2 : 0;
}

static uint32_t address_value(km_linker *l, km_str s)
{
    char room[TEXT];
    return km_linkage__value(&l->place, (km_str){ room, km_linkage__address(room, TEXT, s) });
}

/* Five digits of a code, without its check digit; any other name as it is. */
static uint32_t municipality_value(km_linker *l, km_str s)
{
    char room[TEXT];
    size_t n = 0;
    km_link_text t;
    km_linkage__fold(&t, s);
    for (size_t i = 0; i < t.n && t.cp[i] >= '0' && t.cp[i] <= '9'; i++)
        room[n++] = (char)t.cp[i];
    if (n == t.n && (n == 5 || n == 6))
        return km_linkage__value(&l->place, (km_str){ room, 5 });
    return name_value(&l->place, t.cp, t.n);
}

static uint32_t digits_value(km_values *v, km_str s)
{
    char room[TEXT];
    size_t n = 0;
    km_link_text t;
    km_linkage__fold(&t, s);
    for (size_t i = 0; i < t.n; i++)
        if (t.cp[i] < 0x80)
            room[n++] = (char)t.cp[i];
    return km_linkage__value(v, (km_str){ room, n });
}

static uint32_t number_value(km_linker *l, km_str s)
{
    char room[TEXT];
    return km_linkage__value(&l->number, (km_str){ room, km_linkage__number(room, TEXT, s) });
}

void km_linker_expect(km_linker *l, size_t records)
{
    if (records <= l->room || records > EXPECT_MAX)
        return;
    l->record = km_linkage__grow(l->record, l->n * sizeof *l->record, records * sizeof *l->record);
    l->room = records;
}

void km_linker_add(km_linker *l, const km_str value[KM_LINK_COLUMNS])
{
    bool bad;
    if (l->n == l->room) {
        size_t room = l->room == 0 ? 4096 : l->room * 2;
        l->record = km_linkage__grow(l->record, l->n * sizeof *l->record, room * sizeof *l->record);
        l->room = room;
    }
    km_link_record *r = &l->record[l->n++];
    add_name(&l->kanji, r->kanji, value[KM_LINK_FAMILY_KANJI], value[KM_LINK_GIVEN_KANJI]);
    add_name(&l->kana, r->kana, value[KM_LINK_FAMILY_KANA], value[KM_LINK_GIVEN_KANA]);
    r->birth = km_linkage__birth(value[KM_LINK_BIRTH], &bad);
    l->bad_dates += bad;
    r->sex = sex_of(value[KM_LINK_SEX]);
    r->municipality = municipality_value(l, value[KM_LINK_MUNICIPALITY]);
    r->postal = digits_value(&l->place, value[KM_LINK_POSTAL]);
    r->address = address_value(l, value[KM_LINK_ADDRESS]);
    r->insurer = number_value(l, value[KM_LINK_INSURER]);
    r->number = number_value(l, value[KM_LINK_NUMBER]);
    r->branch = number_value(l, value[KM_LINK_BRANCH]);
    if (value[KM_LINK_PERSON].n > 0) {
        r->number = number_value(l, value[KM_LINK_PERSON]);
        r->branch = km_linkage__value(&l->number, KM_STR("person"));
        r->insurer = 0;
    }
    r->id = km_linkage__append(&l->id, value[KM_LINK_ID]);
}

size_t km_linker_count(const km_linker *l)
{
    return l->n;
}

/* --- order --- */

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9E3779B97F4A7C15u;
    return h ^ h >> 31;
}

static uint64_t content(const km_linker *l, const km_link_record *r)
{
    uint64_t h = km_linkage__hash(&l->id, r->id);
    for (int part = 0; part < 2; part++) {
        h = mix(h, km_linkage__hash(&l->kana, r->kana[part]));
        h = mix(h, km_linkage__hash(&l->kanji, r->kanji[part]));
    }
    h = mix(h, r->birth * 4u + r->sex);
    h = mix(h, km_linkage__hash(&l->place, r->municipality));
    h = mix(h, km_linkage__hash(&l->place, r->postal));
    h = mix(h, km_linkage__hash(&l->place, r->address));
    h = mix(h, km_linkage__hash(&l->number, r->insurer));
    h = mix(h, km_linkage__hash(&l->number, r->number));
    return mix(h, km_linkage__hash(&l->number, r->branch));
}

/* From here on nothing knows in which order the records came. Those born on one day stand together:
 * most pairs are of one day, and find each other in the cache. */
static void put_in_order(km_linker *l)
{
    km_link_record *in_order = km_linkage__big((l->n + 1) * sizeof *in_order);
    l->order = km_linkage__big((l->n + 1) * sizeof *l->order);
    l->id_of = km_linkage__big((l->n + 1) * sizeof *l->id_of);
    for (size_t i = 0; i < l->n; i++)
        l->one[i] = (km_keyed){
            (uint64_t)l->record[i].birth << 36 | content(l, &l->record[i]) >> 28, (uint32_t)i
        };
    const km_keyed *sorted = km_linkage__sort(l->one, l->two, l->n);
    for (size_t i = 0; i < l->n; i++) {
        in_order[i] = l->record[sorted[i].record];
        l->order[i] = sorted[i].record;
        l->id_of[i] = l->record[i].id;
    }
    km_linkage__free(l->record);
    l->record = in_order;
    l->room = l->n + 1;
}

static void hash_kana(km_linker *l)
{
    l->plain = km_linkage__big((l->kana.n + 1) * sizeof *l->plain);
    for (size_t id = 1; id < l->kana.n; id++) {
        km_str s = km_linkage__text(&l->kana, (uint32_t)id);
        uint64_t h = 0xCBF29CE484222325u;
        for (size_t i = 0; i + 1 < s.n; i += 2) {
            uint16_t c;
            memcpy(&c, s.p + i, 2);
            h = (h ^ km_linkage__plain(c)) * 0x100000001B3u;
        }
        l->plain[id] = mix(h, 1) | 1;
    }
}

static void count_nulls(km_linker *l)
{
    int64_t *null = l->report->null;
    for (size_t i = 0; i < l->n; i++) {
        const km_link_record *r = &l->record[i];
        null[KM_LINK_F_FAMILY] += r->kana[0] == 0 && r->kanji[0] == 0;
        null[KM_LINK_F_GIVEN] += r->kana[1] == 0 && r->kanji[1] == 0;
        null[KM_LINK_F_BIRTH] += r->birth == 0;
        null[KM_LINK_F_SEX] += r->sex == 0;
        null[KM_LINK_F_PLACE] += r->municipality == 0 && r->postal == 0 && r->address == 0;
        null[KM_LINK_F_NUMBER] += r->number == 0;
    }
}

/* --- pairs --- */

/* One number, and yet neither birth nor names agree: somebody has a number that is not theirs. */
static bool is_conflict(uint32_t pattern)
{
    return km_linkage__level(pattern, KM_LINK_F_NUMBER) == 0
           && km_linkage__level(pattern, KM_LINK_F_BIRTH) == 5
           && km_linkage__level(pattern, KM_LINK_F_GIVEN) == KM_NAME_ELSE;
}

static void keep_pair(void *self, uint32_t a, uint32_t b)
{
    km_linker *l = self;
    uint32_t pattern = km_linkage__compare(l, &l->record[a], &l->record[b]);
    l->report->conflicts += is_conflict(pattern);
    if (l->edges == l->edge_room) {
        size_t room = l->edge_room == 0 ? 65536 : l->edge_room * 2;
        l->edge = km_linkage__grow(l->edge, l->edges * sizeof *l->edge, room * sizeof *l->edge);
        l->edge_room = room;
    }
    l->edge[l->edges++] = (km_link_edge){ a, b, pattern, 0 };
}

/* What is below the review band is forgotten. */
static void score_pairs(km_linker *l, float match, float review)
{
    size_t kept = 0;
    l->report->pairs = (int64_t)l->edges;
    for (size_t i = 0; i < l->edges; i++) {
        km_link_edge *e = &l->edge[i];
        e->bits = km_linkage__score(l, &l->record[e->a], e->pattern, NULL);
        l->report->matches += e->bits >= match;
        l->report->reviews += e->bits < match && e->bits >= review;
        if (e->bits >= review)
            l->edge[kept++] = *e;
    }
    l->edges = kept;
}

static float bits_of(double probability, double otherwise)
{
    double p = probability > 0 && probability < 1 ? probability : otherwise;
    return (float)log2(p / (1 - p));
}

static void prepare(km_linker *l)
{
    l->one = km_linkage__big((l->n + 1) * sizeof *l->one);
    l->two = km_linkage__big((l->n + 1) * sizeof *l->two);
    put_in_order(l);
    hash_kana(l);
    km_linkage__make_keys(l);
    count_nulls(l);
    km_linkage__count_names(l);
    l->cluster = km_linkage__big((l->n + 1) * sizeof *l->cluster);
}

km_code km_linker_run(km_link_report *out, km_linker *l, const km_link_options *o, km_fault *f)
{
    *out = (km_link_report){ .records = (int64_t)l->n, .bad_dates = l->bad_dates };
    float match = bits_of(o->match, 0.95), review = bits_of(o->review, 0.5);
    bool learns = o->model == NULL && l->n > 1;
    l->options = o;
    l->report = out;
    prepare(l);
    l->model = o->model != NULL ? *o->model : (km_link_model){ .prior = 0.5 };
    if (learns)
        km_linkage__learn_levels(l);
    if (!km_linkage__pairs(l, (km_link_hear){ keep_pair, l }))
        return km_fail(f, KM_CANCELLED, NULL, NULL);
    if (learns)
        km_linkage__learn_prior(l);
    out->model = l->model;
    km_linkage__make_worth(l);
    score_pairs(l, match, review);
    km_linkage__cluster(l, match);
    return KM_OK;
}

/* --- what came out --- */

uint32_t km_linker_cluster(const km_linker *l, size_t record)
{
    return l->cluster[record];
}

km_str km_linker_id(const km_linker *l, size_t record)
{
    return km_linkage__text(&l->id, l->id_of[record]);
}

size_t km_linker_pairs(const km_linker *l)
{
    return l->edges;
}

km_link_pair km_linker_pair(const km_linker *l, size_t i)
{
    const km_link_edge *e = &l->edge[i];
    size_t a = l->order[e->a], b = l->order[e->b];
    km_link_pair p = { .a = a < b ? a : b, .b = a < b ? b : a, .bits = e->bits };
    for (int f = 0; f < KM_LINK_FIELDS; f++)
        p.level[f] = (uint8_t)km_linkage__level(e->pattern, f);
    (void)km_linkage__score(l, &l->record[e->a], e->pattern, p.worth);
    return p;
}
