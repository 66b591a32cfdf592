/* SPDX-License-Identifier: Apache-2.0
 *
 * proxy: the table of who acts for whom at which age.
 */
#include "trust/consent/proxy.h"

#include "base/date.h"

typedef enum stage { UNDER_15, TEEN, ADULT, STAGES } stage;
typedef enum scope { NOTHING, ALL, TEEN_CLASSES, GIVEN_CLASSES } scope;

static const struct {
    scope scope;
    km_proxy_why otherwise;
} table[][STAGES] = {
    [KM_PROXY_NONE] = { { NOTHING, KM_PROXY_NO_PROXY },
                        { NOTHING, KM_PROXY_NO_PROXY },
                        { NOTHING, KM_PROXY_NO_PROXY } },
    [KM_PROXY_PARENT] = { { ALL, 0 },
                          { TEEN_CLASSES, KM_PROXY_TEEN },
                          { NOTHING, KM_PROXY_OF_AGE } },
    [KM_PROXY_CHILD_GUARDIAN] = { { ALL, 0 },
                                  { TEEN_CLASSES, KM_PROXY_TEEN },
                                  { NOTHING, KM_PROXY_OF_AGE } },
    [KM_PROXY_ADULT_GUARDIAN] = { { NOTHING, KM_PROXY_NOT_OF_AGE },
                                  { NOTHING, KM_PROXY_NOT_OF_AGE },
                                  { ALL, 0 } },
    /* A child under 15 gives no power of its own. */
    [KM_PROXY_DELEGATE] = { { NOTHING, KM_PROXY_NO_PROXY },
                            { GIVEN_CLASSES, KM_PROXY_OTHER_CLASS },
                            { GIVEN_CLASSES, KM_PROXY_OTHER_CLASS } },
};

static const struct {
    const char *en, *ja;
} words[KM_PROXY_WHYS] = {
    [KM_PROXY_NO_PROXY] = { "not a proxy of the person", "本人の代理人ではありません" },
    [KM_PROXY_BARRED] = { "the person is protected from this one", "支援措置により閲覧できません" },
    [KM_PROXY_NOT_NOW] = { "outside the period", "代理の期間外です" },
    [KM_PROXY_NO_CUSTODY] = { "without parental authority", "親権がありません" },
    [KM_PROXY_OF_AGE] = { "the person is of age", "本人が成年に達しています" },
    [KM_PROXY_TEEN] = { "from 15 on not this class", "15歳以上のためこの区分は閲覧できません" },
    [KM_PROXY_NOT_OF_AGE] = { "the person is a minor", "本人は未成年です" },
    [KM_PROXY_OTHER_CLASS] = { "this class was not delegated", "この区分は委任されていません" },
    [KM_PROXY_MAY] = { "may act for the person", "本人に代わって閲覧できます" },
};

const char *km_proxy_why_en(km_proxy_why w)
{
    return words[w < KM_PROXY_WHYS ? w : 0].en;
}

const char *km_proxy_why_ja(km_proxy_why w)
{
    return words[w < KM_PROXY_WHYS ? w : 0].ja;
}

static bool among(const km_str *list, size_t n, km_str klass)
{
    for (size_t i = 0; i < n; i++)
        if (km_str_eq(list[i], klass))
            return true;
    return false;
}

km_proxy_why km_proxy_may(const km_proxy *p, const km_proxy_rules *rules, int64_t born,
                          int64_t today, km_str klass)
{
    stage s = km_age_reached_in_law(18, born, today)   ? ADULT
              : km_age_reached_in_law(15, born, today) ? TEEN
                                                       : UNDER_15;
    bool may = false;
    if (p->kind == KM_PROXY_NONE || p->kind > KM_PROXY_DELEGATE || today < born)
        return KM_PROXY_NO_PROXY;
    if (p->barred)
        return KM_PROXY_BARRED;
    if (today < p->from || today > p->until)
        return KM_PROXY_NOT_NOW;
    if (p->kind == KM_PROXY_PARENT && !p->custody)
        return KM_PROXY_NO_CUSTODY;
    switch (table[p->kind][s].scope) {
    case ALL:
        may = true;
        break;
    case TEEN_CLASSES:
        may = among(rules->teen_class, rules->teen_classes, klass);
        break;
    case GIVEN_CLASSES:
        may = among(p->klass, p->classes, klass);
        break;
    case NOTHING:
        break;
    }
    return may ? KM_PROXY_MAY : table[p->kind][s].otherwise;
}
