/* SPDX-License-Identifier: Apache-2.0
 *
 * proxy: who may act for a person, and until when (trust.md §2.5). Pure.
 *
 * Ages are those of the law: a year of age is reached at the end of the day before the birthday
 * (Act 50 of 1902 on Calculation of Ages with Civil Code art. 143). Counted in whole days, as
 * km_age_reached_in_law does, a child born on 1 April is 15 on 31 March. A parent acts alone until
 * then; from 15 the classes that the network leaves to parents are a table; from 18 (adulthood,
 * Civil Code art. 4 as amended by Act 59 of 2018) none.
 */
#ifndef KM_TRUST_CONSENT_PROXY_H
#define KM_TRUST_CONSENT_PROXY_H

#include "base/str.h"

typedef enum km_proxy_kind {
    KM_PROXY_NONE = 0,
    KM_PROXY_PARENT,
    KM_PROXY_CHILD_GUARDIAN, /* guardian of a minor, Civil Code art. 838 no. 1 */
    KM_PROXY_ADULT_GUARDIAN, /* guardian of an adult, by decision of a family court */
    KM_PROXY_DELEGATE        /* named by the person, with classes and a period */
} km_proxy_kind;

typedef struct km_proxy {
    km_proxy_kind kind;
    bool custody; /* parental authority, for PARENT */
    bool barred;  /* the person is protected from this one (支援措置): nothing opens it */
    int64_t from; /* first and last day, in Japan, on which it holds; whatever the kind */
    int64_t until;
    const km_str *klass; /* DELEGATE: the classes given; none given: none allowed */
    size_t classes;
} km_proxy;

/* From 15 to 17 a parent or guardian sees these classes, and no others. */
typedef struct km_proxy_rules {
    const km_str *teen_class;
    size_t teen_classes;
} km_proxy_rules;

typedef enum km_proxy_why {
    KM_PROXY_NO_PROXY = 0, /* no such relation */
    KM_PROXY_BARRED,
    KM_PROXY_NOT_NOW, /* outside the period */
    KM_PROXY_NO_CUSTODY,
    KM_PROXY_OF_AGE,      /* the person acts alone */
    KM_PROXY_TEEN,        /* 15 to 17: not this class */
    KM_PROXY_NOT_OF_AGE,  /* an adult's guardian for a minor */
    KM_PROXY_OTHER_CLASS, /* not delegated */
    KM_PROXY_MAY,
    KM_PROXY_WHYS
} km_proxy_why;
const char *km_proxy_why_en(km_proxy_why w);
const char *km_proxy_why_ja(km_proxy_why w);

/* May the proxy act for who was born on `born`, on the day `today`, on records of this class? */
km_proxy_why km_proxy_may(const km_proxy *p, const km_proxy_rules *rules, int64_t born,
                          int64_t today, km_str klass);

#endif
