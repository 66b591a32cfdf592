/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: what the files of the index know of each other and nobody else does.
 *
 * A search is a conjunction of clauses; a clause is a parameter, a modifier and alternatives
 * (terms). The way of a search: parse.c (names, modifiers, chains) -> terms.c (values) -> run.c
 * (each clause to the spots of its rows, intersected, rarest first) -> match.c (what rows cannot
 * settle is asked of the body) -> sort.c -> include.c.
 */
#ifndef KM_VIEW_INDEX_INSIDE_H
#define KM_VIEW_INDEX_INSIDE_H

#include "view/index/hits.h"
#include "view/index/index.h"
#include "view/index/keys.h"

/* chart_day of a record that says no day. */
#define KM_DAY_NONE ((int64_t)-1000000)

enum {
    KM_CLAUSES_MAX = 30,    /* trust.md §6 */
    KM_CLAUSES_ALL = 10000, /* with those of all types and chains */
    KM_CHAIN_MAX = 4,
    KM_INCLUDE_ROUNDS = 3, /* trust.md §6: _include depth */
    KM_INCLUDED_MAX = 1000,
    KM_SORTS_MAX = 5,
    KM_TERMS_MAX = 500,
    KM_UPDATED_MAX = 10,
    KM_CHAINED_MAX = 50000 /* records that a chain may lead through */
};

typedef enum km_modifier {
    KM_MOD_NONE,
    KM_MOD_MISSING,
    KM_MOD_EXACT,
    KM_MOD_CONTAINS,
    KM_MOD_TEXT,
    KM_MOD_NOT,
    KM_MOD_IN,
    KM_MOD_NOT_IN,
    KM_MOD_BELOW,
    KM_MOD_ABOVE,
    KM_MOD_IDENTIFIER,
    KM_MOD_OF_TYPE,
    KM_MOD_TYPE, /* subject:Patient */
    KM_MOD_ITERATE
} km_modifier;

typedef enum km_prefix { KM_EQ, KM_NE, KM_GT, KM_LT, KM_GE, KM_LE, KM_SA, KM_EB, KM_AP } km_prefix;

/* One alternative of a clause, understood for its kind. */
typedef struct km_term {
    km_str text; /* unescaped; token: code; quantity: number; reference: as written, ours made
                    relative */
    km_str system;
    bool has_bar, has_code; /* token: "sys|", "|code" */
    km_prefix prefix;
    km_ms low, high;
    double value, number_low, number_high;
    km_str unit;                   /* quantity: code or unit */
    km_str type_system, type_code; /* :of-type */
    km_str version;                /* canonical |version, or of Type/id/_history/version */
    bool long_text;                /* may go on beyond a key: the body decides */
    struct km_term *part;          /* composite: one for each component */
} km_term;

typedef enum km_form {
    KM_FORM_PARAM,
    KM_FORM_ID,
    KM_FORM_LAST_UPDATED,
    KM_FORM_CHAIN, /* param is a reference; `inner` is asked of its targets */
    KM_FORM_HAS,   /* inner is asked of `inner_type`, whose reference `param` leads here */
    KM_FORM_COMPARTMENT
} km_form;

typedef struct km_code_list { /* what :in, :below, :above of a token stand for */
    km_search_field *code;    /* name = system, value = code; empty code: the whole system */
    size_t n, room;
    uint16_t base_set; /* a value set of the R4 definitions */
} km_code_list;

typedef struct km_clause {
    km_form form;
    km_modifier modifier;
    km_str name; /* as asked, for faults */
    const km_param *param;
    km_ftype type;   /* the type it is asked of */
    km_ftype target; /* :Patient, chain's target type; 0 = any of the parameter's */
    km_term *term;
    size_t terms;
    bool missing;            /* the value of :missing */
    km_code_list *codes;     /* filled by valuesets.c when run */
    struct km_clause *inner; /* chain, has */
    size_t inners;           /* chain: one for each target type that knows the next name */
    km_ftype inner_type;
    km_ftype compartment;
    km_str compartment_id;
} km_clause;

typedef struct km_sort {
    const km_param *param; /* NULL: by id or last update */
    bool down, by_id, by_update;
    km_str name;
} km_sort;

typedef struct km_include {
    bool reverse, iterate, all;
    km_ftype type;         /* whose parameter */
    const km_param *param; /* NULL with all */
    km_ftype target;       /* 0 = any */
} km_include;

typedef struct km_typed { /* the clauses as they stand for one resource type */
    km_ftype type;
    km_clause *clause;
    size_t clauses;
} km_typed;

struct km_search {
    km_search_view view;
    km_typed *typed;
    size_t types;
    km_sort sort[KM_SORTS_MAX];
    size_t sorts;
    km_include *include;
    size_t includes;
    enum { KM_TOTAL_NONE, KM_TOTAL_ESTIMATE, KM_TOTAL_ACCURATE } total;
    int32_t source;
    km_str base;
};

/* --- values.c --- */
void km_values__read(km_values *out, km_param_kind kind, const km_items *items, km_arena *a);

/* --- terms.c --- */
/* Splits at unescaped commas and understands each for the clause's kind and modifier. */
km_code km_terms__parse(km_clause *c, km_str value, km_str base, km_call *call);
/* Date and number terms alone (for _lastUpdated). */
km_code km_terms__date(km_term *out, km_str text, km_call *call);
/* Splits at `sep` where it is not escaped by a backslash; parts keep their escapes. */
size_t km_terms__split(km_str *part, size_t max, km_str text, char sep);

/* --- match.c --- */
/* Does the resource match the clause, asked of the body alone? Not for chains, has, id,
 * compartment. */
km_code km_match__clause(bool *yes, const km_clause *c, km_jv resource, km_arena *a, km_fault *f);
bool km_match__date(const km_term *t, km_ms low, km_ms high);
bool km_match__number(const km_term *t, double low, double high);

/* --- valuesets.c --- */
/* Fills c->codes for :in, :not-in, :below, :above of tokens. */
km_code km_codes__resolve(km_clause *c, km_reader *r);
bool km_codes__have(const km_code_list *l, km_str system, km_str code, bool any_system);

/* --- run.c --- */
typedef struct km_seeking {
    km_reader *r;
    km_conn *conn;
    km_call *call;
    km_access *access;
    km_sipkey key;
    const km_search *search;
    uint64_t ends_ns; /* the 5 s limit */
} km_seeking;
km_code km_run__in_time(const km_seeking *run);
/* All spots of a type that match all its clauses and that the access covers; sorted. */
km_code km_run__spots(km_spots *out, km_seeking *run, const km_typed *t);
km_code km_run__clause(km_spots *out, km_seeking *run, const km_clause *c);
/* Spots whose reference parameter leads to "Type/id" of the given spot. */
km_code km_run__referring(km_spots *out, km_seeking *run, const km_param *p, km_spot target,
                          km_ftype target_type, km_str target_id);
km_code km_run__cover(km_spots *s, km_seeking *run, km_ftype type);
km_code km_run__type_all(km_spots *out, km_seeking *run, km_ftype type);
/* Asks the clause of the bodies; those that do not match go. */
km_code km_run__keep_by_body(km_spots *s, km_seeking *run, const km_clause *c);
/* Where "Type/id" leads that a record of `source` wrote; spot->rid 0 when nowhere, to a deleted
 * record or to one that the access does not cover. */
km_code km_run__target(km_spot *spot, km_seeking *run, km_ftype type, km_str id, int32_t source);
/* type and id of a spot */
km_code km_run__name(km_ftype *type, km_str *id, int64_t *seq, km_seeking *run, int64_t rid);

/* --- kinds.c --- */
/* One alternative of a clause; the clause's list of codes; the rows a prefix of a key has. */
km_code km_kinds__term(km_spots *out, km_seeking *run, const km_clause *c, const km_term *t);
km_code km_kinds__codes(km_spots *out, km_seeking *run, const km_clause *c);
km_code km_kinds__with_prefix(km_spots *out, km_seeking *run, uint16_t param, const km_key *key,
                              km_hit_keep keep, void *self);
/* The records of a chart that are of a type: what a reference to the own patient finds. */
km_code km_kinds__of_chart(km_spots *out, km_seeking *run, int64_t chart, const km_param *p);
km_code km_kinds__type_in_chart(km_spots *out, km_seeking *run, int64_t chart, km_ftype type);
/* What refers to "Type/id" by this parameter. */
km_code km_kinds__reference_text(km_spots *out, km_seeking *run, const km_param *p, km_str text);

/* --- sort.c --- */
typedef struct km_ordered {
    km_spot spot;
    km_str key; /* of all sort parameters together, memcmp order */
} km_ordered;
km_code km_sort__order(km_ordered **out, km_seeking *run, const km_spots *spots, km_ftype type);
void km_sort__again(km_ordered *all, size_t n); /* what was put together from several orders */

/* --- include.c --- */
km_code km_include__add(km_page *page, km_seeking *run);

#endif
