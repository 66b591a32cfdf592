/* SPDX-License-Identifier: Apache-2.0
 *
 * model: what an agreement is worth. How often a level comes by chance (u) is counted from the
 * values themselves where two records agree in one, and from pairs taken evenly over all records
 * for the levels of likeness. How often it comes within one person (m) is learnt by EM over the
 * pairs of each key, without the fields of that key; what the keys teach is put together by the
 * matches each is believed to hold.
 */
#include "linkage/inside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum {
    SAMPLE = 400000, /* random pairs for levels of likeness */
    ROUNDS = 200,    /* of EM at most */
    LARGE = 150000,  /* records beyond which EM looks at some of the groups only */
    PRIOR_ROUNDS = 20
};
static const double U_LEAST = 1e-9, M_LEAST = 1e-4;

/* --- chance --- */

static uint64_t mixed(uint64_t a, uint64_t b)
{
    uint64_t x = (a * 0x9E3779B97F4A7C15u) ^ b;
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9u;
    return x ^ x >> 27;
}

typedef uint64_t (*value_of)(const km_link_record *r, int part);

static uint64_t kana_of(const km_link_record *r, int part)
{
    return r->kana[part];
}
static uint64_t kanji_of(const km_link_record *r, int part)
{
    return r->kanji[part];
}
static uint64_t both_of(const km_link_record *r, int part)
{
    return r->kana[part] == 0 || r->kanji[part] == 0 ? 0 : mixed(r->kana[part], r->kanji[part]);
}
static uint64_t kana_with_kanji(const km_link_record *r, int part)
{
    return r->kanji[part] == 0 ? 0 : r->kana[part];
}
static uint64_t kanji_with_kana(const km_link_record *r, int part)
{
    return r->kana[part] == 0 ? 0 : r->kanji[part];
}
static uint64_t birth_of(const km_link_record *r, int part)
{
    (void)part;
    return r->birth;
}
static uint64_t number_of(const km_link_record *r, int part)
{
    (void)part;
    return r->number == 0 ? 0 : mixed(r->number, r->insurer);
}

/* The part of all pairs that agree in a value; 0 is none and agrees with nothing. */
static double chance_of(const km_linker *l, value_of f, int part)
{
    double pairs = 0;
    size_t n = 0;
    for (size_t i = 0; i < l->n; i++) {
        uint64_t value = f(&l->record[i], part);
        if (value != 0)
            l->one[n++] = (km_keyed){ mixed(value, 7) * 0x94D049BB133111EBu, 0 };
    }
    km_keyed *sorted = km_linkage__sort(l->one, l->two, n);
    for (size_t i = 0; i < n;) {
        size_t to = i + 1;
        while (to < n && sorted[to].key == sorted[i].key)
            to++;
        pairs += (double)(to - i) * (double)(to - i - 1) / 2;
        i = to;
    }
    return l->n < 2 ? 0 : pairs / ((double)l->n * (double)(l->n - 1) / 2);
}

static double at_least(double v)
{
    return v > U_LEAST ? v : U_LEAST;
}

static void count_names(km_linker *l, double u[KM_LINK_LEVELS], int part)
{
    double both = chance_of(l, both_of, part);
    double kana = chance_of(l, kana_of, part), kanji = chance_of(l, kanji_of, part);
    double kana_two = chance_of(l, kana_with_kanji, part);
    double kanji_two = chance_of(l, kanji_with_kana, part);
    u[KM_NAME_BOTH] = at_least(both);
    u[KM_NAME_KANA] = at_least(kana - kana_two);
    u[KM_NAME_KANA_OTHER_KANJI] = at_least(kana_two - both);
    u[KM_NAME_KANJI] = at_least(kanji - kanji_two);
    u[KM_NAME_KANJI_OTHER_KANA] = at_least(kanji_two - both);
}

static void count_levels(const km_linker *l, size_t a, size_t b,
                         double count[KM_LINK_FIELDS][KM_LINK_LEVELS])
{
    uint32_t pattern = km_linkage__compare(l, &l->record[a], &l->record[b]);
    for (int f = 0; f < KM_LINK_FIELDS; f++)
        count[f][km_linkage__level(pattern, f)]++;
}

/* All pairs of a small batch; of a large one pairs evenly over the records, the same in every
 * run. */
static void sample_levels(const km_linker *l, double count[KM_LINK_FIELDS][KM_LINK_LEVELS])
{
    uint64_t state = 0x6B756D6968696D6F;
    if (l->n * (l->n - 1) / 2 <= SAMPLE) {
        for (size_t a = 0; a < l->n; a++)
            for (size_t b = a + 1; b < l->n; b++)
                count_levels(l, a, b, count);
        return;
    }
    for (size_t i = 0; i < SAMPLE; i++) {
        state = mixed(state, i);
        size_t a = (size_t)(state % l->n), b = (size_t)((state >> 32) % l->n);
        if (a != b)
            count_levels(l, a, b, count);
    }
}

static void count_chance(km_linker *l)
{
    double count[KM_LINK_FIELDS][KM_LINK_LEVELS] = { 0 };
    km_link_model *m = &l->model;
    sample_levels(l, count);
    for (int f = 0; f < KM_LINK_FIELDS; f++) {
        double said = 0;
        for (int v = 0; v < KM_LINK_NULL; v++)
            said += count[f][v];
        for (int v = 0; v < KM_LINK_NULL; v++)
            m->u[f][v] = at_least(said == 0 ? 0 : (count[f][v] + 0.5) / (said + 4));
    }
    /* Parts of all pairs, as those below, are taken of the pairs that say something there. */
    for (int part = 0; part < 2; part++)
        count_names(l, m->u[part], part);
    m->u[KM_LINK_F_BIRTH][0] = at_least(chance_of(l, birth_of, 0));
    m->u[KM_LINK_F_NUMBER][0] = at_least(chance_of(l, number_of, 0));
}

/* --- EM --- */

typedef struct counting {
    km_linker *l;
    uint32_t *count; /* by pattern */
} counting;

static void count_pair(void *self, uint32_t a, uint32_t b)
{
    counting *c = self;
    c->count[km_linkage__compare(c->l, &c->l->record[a], &c->l->record[b])]++;
}

typedef struct learning {
    uint32_t *pattern, *count;
    size_t n;
    unsigned left_out;                              /* fields */
    double m[KM_LINK_FIELDS][KM_LINK_LEVELS], part; /* of matches among the pairs */
    double pairs, matches;
} learning;

static double odds(const learning *e, const km_link_model *model, uint32_t pattern)
{
    double x = e->part / (1 - e->part);
    for (int f = 0; f < KM_LINK_FIELDS; f++) {
        int v = km_linkage__level(pattern, f);
        if ((e->left_out >> f & 1) == 0 && v != KM_LINK_NULL)
            x *= e->m[f][v] / model->u[f][v];
    }
    return x;
}

/* One round; by how much the part of matches moved. */
static double improve(learning *e, const km_link_model *model)
{
    double sum[KM_LINK_FIELDS][KM_LINK_LEVELS] = { 0 }, said[KM_LINK_FIELDS] = { 0 }, matches = 0;
    for (size_t i = 0; i < e->n; i++) {
        double x = odds(e, model, e->pattern[i]), p = x / (1 + x) * e->count[i];
        matches += p;
        for (int f = 0; f < KM_LINK_FIELDS; f++) {
            int v = km_linkage__level(e->pattern[i], f);
            if (v != KM_LINK_NULL) {
                sum[f][v] += p;
                said[f] += p;
            }
        }
    }
    for (int f = 0; f < KM_LINK_FIELDS; f++)
        for (int v = 0; v < KM_LINK_NULL; v++)
            e->m[f][v] = (sum[f][v] + 0.01) / (said[f] + 0.08);
    double part = matches / e->pairs, moved = fabs(part - e->part);
    e->part = part < 1e-6 ? 1e-6 : part > 1 - 1e-6 ? 1 - 1e-6 : part;
    e->matches = matches;
    return moved;
}

/* Where EM begins: agreement is likely, and the stronger the likelier. */
static void begin(learning *e)
{
    static const double start[KM_LINK_FIELDS][KM_LINK_LEVELS] = {
        { .6, .1, .05, .1, .05, .05, .05 },
        { .6, .1, .05, .1, .05, .05, .05 },
        { .9, .03, .02, .03, .01, .01 },
        { .98, .02 },
        { .5, .1, .1, .1, .2 },
        { .5, .05, .05, .4 },
    };
    memcpy(e->m, start, sizeof start);
    e->part = 0.5;
}

static void gather(learning *e, const uint32_t *count)
{
    for (uint32_t p = 0; p < KM_LINK_PATTERNS; p++)
        if (count[p] > 0) {
            e->pattern[e->n] = p;
            e->count[e->n++] = count[p];
            e->pairs += count[p];
        }
}

static void learn_key(km_linker *l, learning *e, uint32_t *count, int key)
{
    counting c = { l, count };
    memset(count, 0, KM_LINK_PATTERNS * sizeof *count);
    unsigned sample = (unsigned)(l->n / LARGE) + 1;
    km_linkage__pairs_of_key(l, key, sample, (km_link_hear){ count_pair, &c });
    e->n = 0;
    e->pairs = e->matches = 0;
    e->left_out = km_linkage__key_fields[key];
    gather(e, count);
    begin(e);
    for (int i = 0; i < ROUNDS && e->pairs > 0; i++)
        if (improve(e, &l->model) < 1e-7 && i > 3)
            break;
}

static void learn_agreement(km_linker *l)
{
    double sum[KM_LINK_FIELDS][KM_LINK_LEVELS] = { 0 }, weight[KM_LINK_FIELDS] = { 0 };
    uint32_t *count = km_linkage__big(KM_LINK_PATTERNS * sizeof *count);
    learning e = { .pattern = km_linkage__big(KM_LINK_PATTERNS * sizeof *e.pattern),
                   .count = km_linkage__big(KM_LINK_PATTERNS * sizeof *e.count) };
    for (int key = 0; key < KM_LINK_KEYS; key++) {
        learn_key(l, &e, count, key);
        for (int f = 0; f < KM_LINK_FIELDS && e.matches > 1; f++) {
            if ((e.left_out >> f & 1) != 0)
                continue;
            weight[f] += e.matches;
            for (int v = 0; v < KM_LINK_NULL; v++)
                sum[f][v] += e.matches * e.m[f][v];
        }
    }
    begin(&e); /* for fields that nothing was learnt of */
    for (int f = 0; f < KM_LINK_FIELDS; f++)
        for (int v = 0; v < KM_LINK_NULL; v++) {
            double m = weight[f] > 0 ? sum[f][v] / weight[f] : e.m[f][v];
            l->model.m[f][v] = m > M_LEAST ? m : M_LEAST;
        }
    km_linkage__free(count);
    km_linkage__free(e.pattern);
    km_linkage__free(e.count);
}

/* The prior that is the part of all pairs which it itself makes likely. */
void km_linkage__learn_prior(km_linker *l)
{
    uint32_t *count = km_linkage__big(KM_LINK_PATTERNS * sizeof *count);
    learning e = { .pattern = km_linkage__big(KM_LINK_PATTERNS * sizeof *e.pattern),
                   .count = km_linkage__big(KM_LINK_PATTERNS * sizeof *e.count) };
    double all = (double)l->n * (double)(l->n - 1) / 2;
    double prior = 1.0 / (double)(l->n > 1 ? l->n : 2);
    for (size_t i = 0; i < l->edges; i++)
        count[l->edge[i].pattern]++;
    gather(&e, count);
    memcpy(e.m, l->model.m, sizeof e.m);
    for (int i = 0; i < PRIOR_ROUNDS; i++) {
        double matches = 0;
        e.part = prior;
        for (size_t k = 0; k < e.n; k++) {
            double x = odds(&e, &l->model, e.pattern[k]);
            matches += x / (1 + x) * e.count[k];
        }
        prior = (matches + 1) / (all + 2);
    }
    l->model.prior = prior;
    km_linkage__free(count);
    km_linkage__free(e.pattern);
    km_linkage__free(e.count);
}

static const value_of name_of[2] = { kana_of, kanji_of };

void km_linkage__count_names(km_linker *l)
{
    for (int k = 0; k < 2; k++)
        for (int part = 0; part < 2; part++) {
            size_t values = (k == 0 ? l->kana.n : l->kanji.n) + 1;
            km_linkage__free(l->name_count[k][part]);
            l->name_count[k][part] = km_linkage__big(values * sizeof(uint32_t));
            for (size_t i = 0; i < l->n; i++)
                l->name_count[k][part][name_of[k](&l->record[i], part)]++;
            l->name_chance[k][part] = chance_of(l, name_of[k], part);
        }
}

void km_linkage__learn_levels(km_linker *l)
{
    count_chance(l);
    learn_agreement(l);
}

/* --- worth --- */

/* An agreement in a rare value is worth more than one in a common: what it is worth on average is
 * in u already. */
static void make_rarities(km_linker *l)
{
    for (int k = 0; k < 2; k++)
        for (int part = 0; part < 2; part++) {
            size_t values = (k == 0 ? l->kana.n : l->kanji.n) + 1;
            double average = l->name_chance[k][part];
            km_linkage__free(l->rarity[k][part]);
            l->rarity[k][part] = km_linkage__big(values * sizeof(float));
            for (size_t v = 1; v < values && average > 0; v++)
                if (l->name_count[k][part][v] > 0)
                    l->rarity[k][part][v] = (float)log2(average * (double)l->n
                                                        / (double)l->name_count[k][part][v]);
        }
}

void km_linkage__make_worth(km_linker *l)
{
    const km_link_model *m = &l->model;
    l->prior_bits = (float)log2(m->prior / (1 - m->prior));
    for (int f = 0; f < KM_LINK_FIELDS; f++)
        for (int v = 0; v < KM_LINK_NULL; v++)
            l->worth[f][v] = (float)log2(m->m[f][v] / m->u[f][v]);
    make_rarities(l);
}

static float rarity(const km_linker *l, const km_link_record *a, int part, int level)
{
    static const int by_kanji[] = { 1, 0, 0, 1, 1 };
    if (level > KM_NAME_KANJI_OTHER_KANA)
        return 0;
    return by_kanji[level] ? l->rarity[1][part][a->kanji[part]] : l->rarity[0][part][a->kana[part]];
}

float km_linkage__score(const km_linker *l, const km_link_record *a, uint32_t pattern,
                        float worth[KM_LINK_FIELDS])
{
    float bits = l->prior_bits;
    for (int f = 0; f < KM_LINK_FIELDS; f++) {
        int v = km_linkage__level(pattern, f);
        float x = l->worth[f][v];
        if (f <= KM_LINK_F_GIVEN)
            x += rarity(l, a, f, v);
        if (worth != NULL)
            worth[f] = x;
        bits += x;
    }
    return bits;
}

/* --- a model as text --- */

void km_link_model_print(km_buf *out, const km_link_model *m)
{
    km_buf_print(out, "kumihimo-linkage-model\t1\nprior\t%.9g\nfield\tlevel\tm\tu\tbits\twords\n",
                 m->prior);
    for (int f = 0; f < KM_LINK_FIELDS; f++)
        for (int v = 0; v < KM_LINK_NULL; v++)
            if (km_link_level_words(f, v, false) != NULL)
                km_buf_print(out, "%s\t%d\t%.9g\t%.9g\t%.2f\t%s\n", km_link_field_name(f), v,
                             m->m[f][v], m->u[f][v], log2(m->m[f][v] / m->u[f][v]),
                             km_link_level_words(f, v, false));
}

static bool number_at(double *out, km_str s)
{
    char room[32], *end;
    if (s.n == 0 || s.n >= sizeof room)
        return false;
    memcpy(room, s.p, s.n);
    room[s.n] = '\0';
    *out = strtod(room, &end);
    return *end == '\0' && *out > 0 && *out <= 1;
}

static bool read_level(km_link_model *out, km_str line)
{
    km_str rest, level, m, u;
    km_str name = km_str_cut(line, '\t', &rest);
    level = km_str_cut(rest, '\t', &rest);
    m = km_str_cut(rest, '\t', &rest);
    u = km_str_cut(rest, '\t', &rest);
    for (int f = 0; f < KM_LINK_FIELDS; f++)
        if (km_str_is(name, km_link_field_name(f)) && level.n == 1 && level.p[0] >= '0'
            && level.p[0] < '7')
            return number_at(&out->m[f][level.p[0] - '0'], m)
                   && number_at(&out->u[f][level.p[0] - '0'], u);
    return false;
}

km_code km_link_model_read(km_link_model *out, km_str text, km_fault *f)
{
    uint32_t number = 0;
    *out = (km_link_model){ 0 };
    for (int i = 0; i < KM_LINK_FIELDS; i++)
        for (int v = 0; v < KM_LINK_LEVELS; v++)
            out->m[i][v] = out->u[i][v] = 0.5;
    while (text.n > 0) {
        km_str line = km_str_cut(text, '\n', &text);
        bool fine = true;
        if (++number == 1)
            fine = km_str_is(line, "kumihimo-linkage-model\t1");
        else if (number == 2)
            fine = km_str_starts(line, KM_STR("prior\t"))
                   && number_at(&out->prior, km_str_sub(line, 6, line.n)) && out->prior < 1;
        else if (number > 3 && line.n > 0)
            fine = read_level(out, line);
        if (!fine) {
            km_fault_at(f, number, 0);
            return km_fail(f, KM_MALFORMED, "model", "no line of a linkage model");
        }
    }
    return out->prior > 0 ? KM_OK : km_fail(f, KM_MALFORMED, "model", "the file is cut off");
}
