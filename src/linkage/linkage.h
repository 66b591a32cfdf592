/* SPDX-License-Identifier: Apache-2.0
 *
 * linkage: which records are of one person, told from what the records say alone.
 *
 * The way of a batch: every field is normalised before anything is compared (width, kana, old and
 * variant kanji, eras, hyphens: two writings of one thing are one thing); candidate pairs share one
 * of ten keys; each pair is compared field by field to a level, family and given name each jointly
 * in kana and kanji; what a level is worth is learnt from the records themselves (how often it
 * happens by chance: counted; how often within one person: EM over the pairs of each key, the
 * fields of that key left out); rare values count more; pairs are joined strongest first, and a
 * join that would put together what cannot be one person is refused.
 *
 * Sources: Fellegi and Sunter, A theory for record linkage (JASA 64, 1969); Winkler's string
 * comparator (1990); EM without labels: Jaro (JASA 84, 1989); frequencies: Winkler (1989).
 *
 * Promises
 * 1. The order of the records changes no cluster; nor does the writing of a field (half-width,
 *    hiragana, old kanji, era dates).
 * 2. The same records make the same model and the same clusters, on any machine.
 * 3. Nothing is learnt from labels; thresholds are probabilities.
 * 4. Memory: some 150 bytes a record, 16 a candidate pair, and the distinct values once.
 *
 * Not thread-safe: one linker, one thread.
 */
#ifndef KM_LINKAGE_LINKAGE_H
#define KM_LINKAGE_LINKAGE_H

#include "base/buf.h"
#include "base/fault.h"

/* What a record can say. Names of `column` in maps (data/linkage/columns_*.tsv). */
typedef enum km_link_column {
    KM_LINK_ID,           /* id */
    KM_LINK_FAMILY_KANJI, /* family_kanji */
    KM_LINK_GIVEN_KANJI,  /* given_kanji */
    KM_LINK_FAMILY_KANA,  /* family_kana; also Latin names, as they are */
    KM_LINK_GIVEN_KANA,   /* given_kana */
    KM_LINK_SEX,          /* sex: 1 m male 男, 2 f female 女 */
    KM_LINK_BIRTH,        /* birth: any of base/date's forms, or YYYYMMDD */
    KM_LINK_MUNICIPALITY, /* municipality */
    KM_LINK_POSTAL,       /* postal */
    KM_LINK_ADDRESS,      /* address */
    KM_LINK_INSURER,      /* insurer */
    KM_LINK_NUMBER,       /* number: symbol and number of the insured; a household may share it */
    KM_LINK_BRANCH,       /* branch: with it, the number is one person's */
    KM_LINK_PERSON,       /* person_number: of one person by itself; in place of the three above */
    KM_LINK_COLUMNS
} km_link_column;
const char *km_link_column_name(km_link_column c);

/* Where the columns stand in a file: a field's value is that of its columns with a space between;
 * -1: none. */
enum { KM_LINK_JOINED = 4 };
typedef struct km_link_map {
    int at[KM_LINK_COLUMNS][KM_LINK_JOINED];
} km_link_map;
/* By a map's text (a table: field, column; data/linkage/columns_japan.tsv is one). KM_REQUIRED when
 * the file has none for the id, or hardly any; KM_MALFORMED. */
km_code km_link_map_columns(km_link_map *out, km_str map, const km_str *header, size_t n,
                            km_fault *f);
/* By that of the built-in maps which knows most of the header. */
km_code km_link_map_guess(km_link_map *out, const km_str *header, size_t n, km_fault *f);

typedef struct km_linker km_linker;

km_linker *km_linker_new(void);
void km_linker_free(km_linker *l);
/* Makes room for so many records at once; more may come, and fewer. */
void km_linker_expect(km_linker *l, size_t records);
/* A record of UTF-8 values, empty where it says nothing; they borrow for the call only. */
void km_linker_add(km_linker *l, const km_str value[KM_LINK_COLUMNS]);
size_t km_linker_count(const km_linker *l);

/* --- the model --- */
enum { KM_LINK_FIELDS = 6, KM_LINK_LEVELS = 8 };
typedef struct km_link_model {
    /* Chance of a level among pairs of one person, and among pairs of two. */
    double m[KM_LINK_FIELDS][KM_LINK_LEVELS], u[KM_LINK_FIELDS][KM_LINK_LEVELS];
    double prior; /* chance that two records are of one person */
} km_link_model;
const char *km_link_field_name(int field);
/* "the same in kana and kanji"; NULL: the field has no such level. */
const char *km_link_level_words(int field, int level, bool japanese);
/* A model as text: version, prior, and a line for each level with m, u and bits. */
void km_link_model_print(km_buf *out, const km_link_model *m);
/* KM_MALFORMED with the line. */
km_code km_link_model_read(km_link_model *out, km_str text, km_fault *f);

/* --- a batch --- */
typedef struct km_link_options {
    const km_link_model *model; /* NULL: learnt from the records */
    double match, review;       /* probabilities; 0: 0.95 and 0.5 */
    /* Heard now and then; false: stop (KM_CANCELLED). May be NULL. */
    bool (*progress)(void *self, const char *stage, int64_t done, int64_t all);
    void *self;
} km_link_options;

typedef struct km_link_report {
    int64_t records, pairs, blocks_capped; /* candidates; groups that were looked at in part */
    int64_t matches, reviews, refused;     /* pairs; joins refused by a constraint */
    int64_t clusters, largest;
    int64_t null[KM_LINK_FIELDS]; /* records that say nothing there */
    int64_t bad_dates;            /* births that are no date */
    int64_t conflicts;            /* pairs of one number whose birth and names differ */
    km_link_model model;
} km_link_report;

km_code km_linker_run(km_link_report *out, km_linker *l, const km_link_options *o, km_fault *f);
/* After a run: the cluster of a record, in the order they were added; numbered from 0 by the
 * first record that has it. */
uint32_t km_linker_cluster(const km_linker *l, size_t record);
km_str km_linker_id(const km_linker *l, size_t record);

typedef struct km_link_pair {
    size_t a, b; /* records as added, a < b */
    float bits;  /* log2 of the odds that they are one person */
    uint8_t level[KM_LINK_FIELDS];
    float worth[KM_LINK_FIELDS]; /* bits of each field */
} km_link_pair;
/* After a run: scored pairs from the review band up, strongest first. */
size_t km_linker_pairs(const km_linker *l);
km_link_pair km_linker_pair(const km_linker *l, size_t i);

#endif
