/* SPDX-License-Identifier: Apache-2.0
 *
 * rules: what of an entry a person may be given.
 */
#include "services/lookers/lookers.h"

const char *km_text_given_name(km_text_given g)
{
    static const char *const names[] = { "", "others", "names" };
    return names[g];
}

bool km_looker_is_staff(const km_audit_entry *e)
{
    return !km_str_is(e->agent.role, "citizen") && !km_str_is(e->agent.role, "proxy");
}

static bool is_of(int64_t chart, const int64_t *own, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (own[i] == chart)
            return true;
    return false;
}

km_text_given km_text_given_of(const km_audit_entry *e, const int64_t *chart, size_t charts,
                               bool names)
{
    for (size_t i = 0; i < e->charts; i++)
        if (!is_of(e->chart[i], chart, charts))
            return KM_TEXT_OF_OTHERS;
    return !names && km_looker_is_staff(e) ? KM_TEXT_NAMES : KM_TEXT_GIVEN;
}
