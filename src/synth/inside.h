/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: what the files of synth share. A world is the tables and the counters of one run; a
 * person lives in it, has charts at institutions, and courses of illness write stays into the
 * charts.
 *
 * Chance has two forms. A syn_chance is a stream: each person has one, seeded by the run's seed and
 * the person's number, so nobody's life depends on another's. km_synth__mixed is a function of what
 * it is given: a person's haemoglobin of a day is the same whoever asks first.
 */
#ifndef KM_SYNTH_INSIDE_H
#define KM_SYNTH_INSIDE_H

#include <stdio.h>

#include "base/date.h"
#include "base/embedded.h"
#include "codec/json/json.h"
#include "synth/synth.h"

/* --- chance (chance.c) --- */
typedef struct syn_chance {
    uint64_t s[4];
} syn_chance;
syn_chance km_synth__chance(uint64_t seed, uint64_t stream);
int64_t km_synth__between(syn_chance *c, int64_t low, int64_t high); /* both included */
bool km_synth__permille(syn_chance *c, int64_t permille);
uint64_t km_synth__mixed(uint64_t a, uint64_t b, uint64_t c);
/* About normal, mean 0; never beyond 6 sd. From one mixed number. */
int64_t km_synth__bell(uint64_t mixed, int64_t sd);

/* --- tables (tables.c) --- */
enum { SYN_CELLS = 17 };
typedef struct syn_row {
    km_str cell[SYN_CELLS];
} syn_row;
typedef struct syn_table {
    const syn_row *row;
    size_t n;
} syn_table;

/* Columns, in the order of data/synth. */
enum { FAMILY_KANJI, FAMILY_KANA, FAMILY_WEIGHT, FAMILY_VARIANT };
enum { GIVEN_KANJI, GIVEN_KANA, GIVEN_SEX, GIVEN_FROM, GIVEN_TO };
enum { INST_KEY, INST_NAME, INST_KIND, INST_CODE, INST_ADDRESS, INST_PHONE, INST_DEPARTMENTS };
enum {
    STAFF_INST,
    STAFF_ID,
    STAFF_FAMILY,
    STAFF_GIVEN,
    STAFF_FAMILY_KANA,
    STAFF_GIVEN_KANA,
    STAFF_ROLE,
    STAFF_DEPARTMENT
};
enum {
    DRUG_KEY,
    DRUG_NAME,
    DRUG_YJ,
    DRUG_UNIT,
    DRUG_DOSE,
    DRUG_TIMES,
    DRUG_USAGE_CODE,
    DRUG_USAGE
};
enum {
    LAB_KEY,
    LAB_NAME,
    LAB_CODE,
    LAB_UNIT,
    LAB_UCUM,
    LAB_DECIMALS,
    LAB_LOW_M,
    LAB_HIGH_M,
    LAB_LOW_F,
    LAB_HIGH_F,
    LAB_MEAN_M,
    LAB_MEAN_F,
    LAB_SPREAD,
    LAB_SD,
    LAB_KIND,
    LAB_PANELS
};
enum { DISEASE_KEY, DISEASE_NAME, DISEASE_ICD, DISEASE_NUMBER, DISEASE_EXCHANGE };
enum {
    VACCINE_KEY,
    VACCINE_NAME,
    VACCINE_CVX,
    VACCINE_DOSE,
    VACCINE_AGE,
    VACCINE_FROM,
    VACCINE_UPTAKE
};
enum { ALLERGEN_NAME, ALLERGEN_SYSTEM, ALLERGEN_CODE, ALLERGEN_CATEGORY, ALLERGEN_PERMILLE };
enum {
    ILL_COURSE,
    ILL_FROM,
    ILL_TO,
    ILL_SEX,
    ILL_PER_YEAR,
    ILL_ALREADY,
    ILL_MONTHS,
    ILL_MOST,
    ILL_SHIFT,
    ILL_SINCE
};
enum {
    STEP_COURSE,
    STEP_KIND,
    STEP_DAY,
    STEP_EVERY,
    STEP_PLACE,
    STEP_WHAT,
    STEP_AMOUNT,
    STEP_TEXT
};
enum { NOTE_KEY, NOTE_HISTORY, NOTE_FINDINGS, NOTE_PLAN };

typedef struct syn_world {
    km_arena *arena; /* as long as the run */
    uint64_t seed;
    syn_table families, givens, institutions, staff, drugs, labs, diseases, vaccines, allergens,
        illnesses, steps, notes;
    int64_t *charts; /* at each institution, how many */
} syn_world;

void km_synth__load(syn_world *w, km_arena *a);
/* The row whose first cell is `key`; a key that is missing is our own mistake. */
const syn_row *km_synth__row(const syn_table *t, km_str key);
int64_t km_synth__number(const syn_row *r, int column); /* empty: 0 */
bool km_synth__has_word(km_str words, km_str word);
/* Cuts the next word off; KM_STR_NONE at the end. */
km_str km_synth__word(km_str *rest);

/* --- people (people.c, insurance.c) --- */
enum { SYN_CHARTS = 12, SYN_ILLS = 40, SYN_ID = 48, SYN_MOMENTS = 8, SYN_ADMISSIONS = 24 };

typedef struct syn_chart {
    const syn_row *institution;
    int64_t number;
    char patient[SYN_ID];
    km_buf entries;
    km_jw w;
    int64_t resources;
} syn_chart;

typedef struct syn_ill {
    const syn_row *illness;
    int64_t onset, since; /* days: from which its course counts; on which it began */
} syn_ill;

typedef struct syn_admission {
    const syn_row *step;
    int64_t onset; /* of the course it belongs to */
    int64_t first, last;
} syn_admission;

typedef struct syn_person {
    syn_world *world;
    int64_t index, household;
    const syn_row *family, *given;
    bool female;
    int64_t born, first, last; /* days: of birth, of the history */
    bool died;                 /* on `last` */
    km_str clinic;             /* whom they go to first */
    km_str member_id, insurer, symbol, number, branch;
    bool dependant;
    uint64_t seed;
    syn_chance chance;
    km_arena *arena; /* as long as the person is written */
    syn_chart *chart[SYN_CHARTS];
    size_t charts;
    syn_ill ill[SYN_ILLS];
    size_t ills;
    /* All of a life, before anything is written: who lies in hospital goes to nobody else. */
    syn_admission admission[SYN_ADMISSIONS];
    size_t admissions;
    /* What the moment adds to values ("temp+18", "inflammation+850"): notes and results agree. */
    int64_t moment_day;
    km_str moment[SYN_MOMENTS];
    size_t moments;
} syn_person;

/* Whole families, about `people`, the hand-placed one first. */
syn_person *km_synth__people(size_t *n, syn_world *w, int64_t people);
int64_t km_synth__age(const syn_person *p, int64_t day);
/* The check digit of insurers' and institutions' numbers. */
char km_synth__check_digit(km_str digits);
void km_synth__insure(syn_person *p, uint64_t family_seed, int64_t branch, bool dependant);

/* A value of labs.tsv on a day, in units of its last decimal place. */
int64_t km_synth__value(const syn_person *p, const syn_row *lab, int64_t day);
/* The key or panel of a word like "temp+18". */
km_str km_synth__bare(km_str word);
/* Does the list name this value, itself or by its panel? */
bool km_synth__asks_for(km_str words, const syn_row *lab);
/* From now on that day's values are raised by what the words say. */
void km_synth__moment(syn_person *p, int64_t day, km_str words);
km_str km_synth__value_text(km_arena *a, int64_t value, int64_t decimals);

/* --- writing (entry.c, write_*.c) --- */
typedef struct syn_stay {
    syn_person *person;
    syn_chart *chart;
    const syn_row *doctor;
    km_str department;
    int64_t day, days; /* days: 0 for a visit */
    int minute;
    char encounter[SYN_ID];
} syn_stay;

typedef struct syn_entry {
    km_jw *w;
    syn_chart *chart;
    const char *type;
    char id[SYN_ID];
} syn_entry;
syn_entry km_synth__open(syn_chart *c, const char *type, const char *profile);
/* With an id of its own (Patient, Organization, Practitioner). */
syn_entry km_synth__open_as(syn_chart *c, const char *type, const char *profile, const char *id);
void km_synth__close(syn_entry *e);
void km_synth__coding(km_jw *w, const char *system, km_str code, km_str display);
/* "code":{"coding":[...],"text":...}; without a code only the text, without display only the code.
 */
void km_synth__concept(km_jw *w, const char *key, const char *system, km_str code, km_str display);
void km_synth__identifier(km_jw *w, const char *system, km_str value);
void km_synth__refer(km_jw *w, const char *key, const char *type, const char *id);
void km_synth__refer_doctor(km_jw *w, const char *key, const syn_row *doctor);
void km_synth__refer_stay(km_jw *w, const syn_stay *s, const char *patient_key);
void km_synth__day(km_jw *w, const char *key, int64_t day);
void km_synth__time(km_jw *w, const char *key, int64_t day, int minute);
void km_synth__quantity(km_jw *w, const char *key, km_str value, km_str unit, km_str ucum);
/* The name in kanji, and in kana where there is one. */
void km_synth__human(km_jw *w, km_str family, km_str given, km_str family_kana, km_str given_kana);

syn_chart *km_synth__chart(syn_person *p, km_str institution);
void km_synth__write_institution(syn_world *w, syn_chart *c);
void km_synth__write_encounter(syn_stay *s, km_str reason);
void km_synth__write_condition(const syn_stay *s, int64_t day, km_str disease, int64_t lasts,
                               int64_t onset);
void km_synth__write_procedure(const syn_stay *s, int64_t day, km_str text);
void km_synth__write_image(const syn_stay *s, int64_t day, km_str body, km_str modality,
                           km_str title);
void km_synth__write_allergy(const syn_stay *s, const syn_row *allergen);
void km_synth__write_vaccine(const syn_stay *s, km_str name, km_str cvx, int64_t dose);
void km_synth__write_note(const syn_stay *s, int64_t day, km_str key);
void km_synth__write_document(const syn_stay *s, int64_t day, km_str type, km_str title,
                              km_str note);
void km_synth__write_labs(const syn_stay *s, int64_t day, km_str words, km_str checkup);
void km_synth__write_vitals(const syn_stay *s, int64_t day, km_str words);
void km_synth__write_drugs(const syn_stay *s, int64_t day, km_str words, int64_t days);

/* --- lives (courses.c, life.c) --- */
syn_stay km_synth__stay(syn_person *p, km_str place, km_str department, int64_t day, int64_t days);
/* First the admissions of all courses, then the courses. `onset` is where the steps are counted
 * from, `since` when the illness itself began. */
void km_synth__admissions(syn_person *p, km_str course, int64_t onset);
void km_synth__course(syn_person *p, km_str course, int64_t onset, int64_t since);
/* The day itself, or a few days after the admission that it falls into. */
int64_t km_synth__out_of_hospital(const syn_person *p, int64_t day);
void km_synth__live(syn_person *p);

#endif
