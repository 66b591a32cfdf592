/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: how a compiled consent lies in its bytes, and what the files of this folder share.
 *
 *     head | nodes, each before those inside it | values | text
 *
 * Numbers are little-endian, sections follow each other without gaps, values point into the text.
 * The first values are the networks, then the categories, then what the nodes list.
 */
#ifndef KM_TRUST_CONSENT_INSIDE_H
#define KM_TRUST_CONSENT_INSIDE_H

#include "trust/consent/consent.h"

#if __BYTE_ORDER__ != __ORDER_LITTLE_ENDIAN__
#error "compiled consents are little-endian"
#endif

#define KM_CONSENT__MAGIC "KMCONS01"

enum {                            /* flags of the head */
       KM_CONSENT__DENY_ONLY = 1, /* counts only where it denies: not verified, scope unknown */
       KM_CONSENT__LOOSE = 2,     /* network or category unknown: in every network, replaces none */
       KM_CONSENT__OPAQUE = 4,    /* an unknown modifier: denies all */
       KM_CONSENT__ELSEWHERE = 8, /* of another matter: treatment, advance directive */
       KM_CONSENT__FLAGS = 15
};

typedef enum km_criterion {
    KM_BY_ACTOR,
    KM_BY_ACTION,
    KM_BY_PURPOSE,
    KM_BY_CLASS,
    KM_BY_CODE,
    KM_BY_LABEL,
    KM_BY_RECORD,
    KM_BY_LISTS, /* those before are lists of values */
    KM_BY_PERIOD = KM_BY_LISTS,
    KM_BY_TIME,
    KM_BYS
} km_criterion;

typedef struct km_consent__span {
    uint32_t at, n;
} km_consent__span;

typedef struct km_consent__head {
    char magic[8];
    unsigned char digest[KM_SHA256_LEN]; /* of all that follows it */
    uint32_t bytes, nodes, values, text;
    uint32_t networks, categories;
    uint16_t flags;
    uint8_t active, zero;
    uint32_t zero4;
    int64_t dated;
    km_consent__span id, subject; /* in the text */
} km_consent__head;
_Static_assert(sizeof(km_consent__head) == 96, "no padding");

typedef struct km_consent__node {
    int64_t period_low, period_high, time_low, time_high; /* closed */
    uint32_t end;                                         /* the node after all that is inside */
    uint32_t sibling;                                     /* its number in its parent */
    km_consent__span list[KM_BY_LISTS];                   /* in values */
    uint16_t given;                                       /* bit for each km_criterion */
    uint16_t unclear; /* criteria with a value that is not understood */
    uint8_t permit, depth;
    uint16_t zero;
} km_consent__node;
_Static_assert(sizeof(km_consent__node) == 104, "no padding");

/* An actor may be named by what it is and by its role at once; others have no role. */
typedef struct km_consent__value {
    km_consent__span name, role;
} km_consent__value;
_Static_assert(sizeof(km_consent__value) == 16, "no padding");

enum { KM_CONSENT__DIGESTED = 8 + KM_SHA256_LEN };

/* Opened for reading; valid bytes only. */
typedef struct km_consent__view {
    km_consent__head head;
    const unsigned char *node, *value;
    const char *text;
} km_consent__view;
void km_consent__open(km_consent__view *out, km_consent c);

static inline km_consent__node km_consent__node_at(const km_consent__view *v, uint32_t i)
{
    km_consent__node n;
    memcpy(&n, v->node + (size_t)i * sizeof n, sizeof n);
    return n;
}

static inline km_consent__value km_consent__value_at(const km_consent__view *v, uint32_t i)
{
    km_consent__value x;
    memcpy(&x, v->value + (size_t)i * sizeof x, sizeof x);
    return x;
}

static inline km_str km_consent__text(const km_consent__view *v, km_consent__span s)
{
    return (km_str){ v->text + s.at, s.n };
}

/* Is the word among the values? */
bool km_consent__lists(const km_consent__view *v, km_consent__span list, km_str word);

/* --- building ---------------------------------------------------------------------------- */
typedef struct km_consent__build {
    km_arena *arena;
    km_fault *fault;
    km_consent__head head;
    km_buf nodes, values, text;
    uint32_t open[KM_CONSENT_DEPTH + 1], kids[KM_CONSENT_DEPTH + 1]; /* by depth */
    uint32_t depth;
    km_consent__node node; /* the one that is being read */
} km_consent__build;

void km_consent__begin(km_consent__build *b, km_arena *a, km_fault *f);
km_consent__span km_consent__keep(km_consent__build *b, km_str s);
/* Networks, then categories, before the first node. */
void km_consent__network(km_consent__build *b, km_str s);
void km_consent__category(km_consent__build *b, km_str s);
/* A node at this depth begins; its values follow, criterion by criterion, then _node_done. */
km_code km_consent__node_begin(km_consent__build *b, uint32_t depth, bool permit);
void km_consent__given(km_consent__build *b, km_criterion c);
km_code km_consent__add(km_consent__build *b, km_criterion c, km_str name, km_str role);
void km_consent__unclear(km_consent__build *b, km_criterion c);
void km_consent__node_done(km_consent__build *b);
km_code km_consent__finish(km_consent *out, km_consent__build *b);

/* Walks nested provisions without recursion; `read` reads one node's own criteria. */
typedef km_code (*km_consent__read)(km_consent__build *b, km_jv provision);
km_code km_consent__walk(km_consent__build *b, km_jv root, bool base_permits,
                         km_consent__read read);

/* --- words --------------------------------------------------------------------------------- */
/* The word of a coding as requests say it, KM_STR_NONE when it is not understood. A word may be
 * built in the arena ("system|code"). */
km_str km_consent__word(km_arena *a, km_criterion c, km_str system, km_str code);
bool km_consent__is_restricted(km_str label);
/* What an actor's role says: *any when it names no profession (a recipient). */
km_str km_consent__role(km_arena *a, bool *any, km_str system, km_str code);

/* --- weighing ------------------------------------------------------------------------------ */
typedef enum km_match {
    KM_MATCH_NO = 0,
    KM_MATCH_MAYBE,   /* depends on a fact that the request does not know */
    KM_MATCH_UNCLEAR, /* depends on what is not understood */
    KM_MATCH_YES
} km_match;
km_match km_consent__match(const km_consent__view *v, const km_consent__node *n,
                           const km_consent_request *r);

/* What one consent says. */
typedef struct km_consent__says {
    bool applies, permit;
    uint32_t node;
} km_consent__says;
km_consent__says km_consent__weigh(const km_consent__view *v, const km_consent_request *r);

/* What it may say, over all records: bits. */
enum { KM_MAY_BE_SILENT = 1, KM_MAY_PERMIT = 2, KM_MAY_DENY = 4 };
unsigned km_consent__range(const km_consent__view *v, const km_consent_request *r);

/* Does consent `i` count for this request: active, of this network, of this matter, and the newest
 * of a category? */
bool km_consent__stands(const km_consent_request *r, km_str network, const km_consent *consent,
                        size_t consents, size_t i);
/* Steps 1 to 3 and the law; true when they decide. KM_WHY_EMERGENCY: refusals are still to be
 * looked for. */
bool km_consent__first(km_decision *out, const km_consent_request *r, const km_consent_network *n);
/* Steps 5 and 6 where no consent applies, and the relation. */
void km_consent__default(km_decision *out, const km_consent_request *r,
                         const km_consent_network *n);
void km_consent__relation(km_decision *out, const km_consent_request *r,
                          const km_consent_network *n);

#endif
