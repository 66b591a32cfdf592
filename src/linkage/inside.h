/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: what the files of linkage share.
 */
#ifndef KM_LINKAGE_INSIDE_H
#define KM_LINKAGE_INSIDE_H

#include "linkage/linkage.h"

/* --- memory.c: tables of some size, in huge pages --- */
void *km_linkage__big(size_t bytes); /* zeroed */
/* A copy with more room; `p` is freed. */
void *km_linkage__grow(void *p, size_t used, size_t bytes);
void km_linkage__free(void *p);
/* Distinct byte strings, numbered from 1; 0 is the empty one. */
typedef struct km_values {
    uint64_t *hash;
    uint32_t *slot, *at; /* slot: open addressing; at: into bytes */
    char *bytes;
    size_t n, room, slots, used, bytes_room;
} km_values;
void km_linkage__values_free(km_values *v);
uint32_t km_linkage__value(km_values *v, km_str s);
/* One more, whether or not it was there already. */
uint32_t km_linkage__append(km_values *v, km_str s);
static inline km_str km_linkage__text(const km_values *v, uint32_t id)
{
    return (km_str){ v->bytes + v->at[id], v->at[id + 1] - v->at[id] };
}

/* Of what the value says; 0 for none. */
static inline uint64_t km_linkage__hash(const km_values *v, uint32_t id)
{
    return id == 0 ? 0 : v->hash[id];
}

/* --- normal.c --- */
enum { KM_LINK_NAME = 48, KM_LINK_WILD = 0xFFFD };
typedef struct km_link_text { /* code points after folding, at most KM_LINK_NAME */
    uint16_t cp[KM_LINK_NAME];
    uint16_t n, gap; /* gap: where a space stood, 0: nowhere */
    bool wild;       /* has characters that cannot be known */
} km_link_text;
void km_linkage__fold(km_link_text *out, km_str s);
/* Katakana without voicing marks and long vowels, for blocking and likeness. */
uint16_t km_linkage__plain(uint16_t kana);
uint32_t km_linkage__birth(km_str s, bool *bad); /* YYYYMMDD, MMDD or DD may be 0; 0: none */
/* Digits and letters, parts kept apart by '-', no leading zeros in a part. */
size_t km_linkage__number(char *out, size_t room, km_str s);
size_t km_linkage__address(char *out, size_t room, km_str s);

/* --- a record --- */
typedef struct km_link_record {
    uint32_t kana[2], kanji[2]; /* family, given; values; 0: none */
    uint32_t birth, municipality, postal, address, insurer, number, branch, id;
    uint8_t sex;
} km_link_record;

typedef struct km_link_edge {
    uint32_t a, b; /* records in canonical order, a < b */
    uint32_t pattern;
    float bits;
} km_link_edge;

enum { KM_LINK_KEYS = 10 };

typedef struct km_keyed {
    uint64_t key; /* well mixed: sorting looks at the upper bits first */
    uint32_t record;
} km_keyed;

struct km_linker {
    km_link_record *record;
    size_t n, room;
    km_values kana, kanji, place, number, id;
    int64_t bad_dates;
    /* of a run; `record` stands in canonical order then */
    uint32_t *order;               /* canonical place -> record as added */
    uint64_t (*key)[KM_LINK_KEYS]; /* 0: the record has no such key */
    uint64_t *plain;               /* by value of kana: a hash of it without voicing marks */
    uint32_t *name_count[2][2];    /* how many records have a value: kana, kanji; family, given */
    float *rarity[2][2];           /* bits by which a value is worth more than the average */
    double name_chance[2][2];      /* the part of pairs that agree in one */
    const km_link_options *options;
    km_link_report *report;
    km_link_model model;
    float prior_bits, worth[KM_LINK_FIELDS][KM_LINK_LEVELS];
    km_keyed *one, *two; /* room to sort in */
    km_link_edge *edge;
    size_t edges, edge_room;
    uint32_t *cluster, *id_of; /* by record as added */
    bool stopped;
};

/* --- compare.c --- */
enum {
    KM_LINK_F_FAMILY,
    KM_LINK_F_GIVEN,
    KM_LINK_F_BIRTH,
    KM_LINK_F_SEX,
    KM_LINK_F_PLACE,
    KM_LINK_F_NUMBER
};
enum { KM_LINK_NULL = 7, KM_LINK_PATTERNS = 1 << 18 };
enum { /* of a name's part */
       KM_NAME_BOTH,
       KM_NAME_KANA,
       KM_NAME_KANA_OTHER_KANJI,
       KM_NAME_KANJI,
       KM_NAME_KANJI_OTHER_KANA,
       KM_NAME_ALIKE,
       KM_NAME_ELSE
};
uint32_t km_linkage__compare(const km_linker *l, const km_link_record *a, const km_link_record *b);
static inline int km_linkage__level(uint32_t pattern, int field)
{
    return (int)(pattern >> (3 * field) & 7);
}

/* --- block.c --- */
/* The fields that agree in every pair of a key, a bit each. */
extern const unsigned km_linkage__key_fields[KM_LINK_KEYS];
void km_linkage__make_keys(km_linker *l);
/* Equal keys come together, in the order they stood; the result is one of the two. */
km_keyed *km_linkage__sort(km_keyed *from, km_keyed *to, size_t n);
typedef struct km_link_hear {
    void (*pair)(void *self, uint32_t a, uint32_t b); /* in canonical order, a < b */
    void *self;
} km_link_hear;
/* All pairs of one key, whether or not another key has them too; every `sample`th group. */
void km_linkage__pairs_of_key(km_linker *l, int key, unsigned sample, km_link_hear hear);
/* Every pair once. False: stopped. */
bool km_linkage__pairs(km_linker *l, km_link_hear hear);

/* --- model.c --- */
void km_linkage__count_names(km_linker *l);
void km_linkage__learn_levels(km_linker *l);
/* From the candidates, which stand in l->edge. */
void km_linkage__learn_prior(km_linker *l);
/* Of the model and the names: before anything is scored. */
void km_linkage__make_worth(km_linker *l);
/* Bits of a pair of which `a` is one, the prior's and the values' rarity among them; worth may be
 * NULL. */
float km_linkage__score(const km_linker *l, const km_link_record *a, uint32_t pattern,
                        float worth[KM_LINK_FIELDS]);

/* --- cluster.c --- */
void km_linkage__cluster(km_linker *l, float match_bits);

#endif
