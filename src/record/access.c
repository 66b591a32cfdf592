/* SPDX-License-Identifier: Apache-2.0
 *
 * access: asks the rules that trust put behind an access.
 */
#include "record/access_make.h"

#include <assert.h>

#include "record/record.h"

bool km_access_covers_all(const km_access *a)
{
    return a->covers_all;
}

bool km_access_covers_chart(const km_access *a, int64_t chart)
{
    return a->covers_all || a->rules->covers_chart(a, chart);
}

bool km_access_is_partial(const km_access *a, km_ftype type)
{
    return !a->covers_all && a->rules->is_partial(a, type);
}

bool km_access_covers(const km_access *a, int64_t chart, km_ftype type, int64_t rid)
{
    return a->covers_all || a->rules->covers(a, chart, type, rid);
}

void km_access_bind(km_access *a, km_reader *r)
{
    if (a->rules != NULL && a->rules->bound != NULL)
        a->rules->bound(a, r);
}

bool km_access_covers_version(const km_access *a, struct km_record *r)
{
    return a->covers_all || a->rules->covers_version == NULL || a->rules->covers_version(a, r);
}

km_code km_access_failed(const km_access *a, km_fault *f)
{
    return a->covers_all || a->rules->failed == NULL ? KM_OK : a->rules->failed(a, f);
}

void km_access_defer(km_access *a, int64_t *owed)
{
    a->owed = owed;
}

km_code km_access_release(km_access *a, struct km_record *const *shown, size_t n, km_fault *f)
{
    for (size_t i = 0; i < n; i++)
        assert(km_access_covers(a, shown[i]->chart, shown[i]->type, shown[i]->rid));
    KM_TRY(a->rules->release(a, shown, n, f));
    for (size_t i = 0; i < n; i++)
        shown[i]->released = true;
    return KM_OK;
}
