/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/formats.h"

const km_format *km_format_of(const km_service *const *services, km_str text)
{
    km_str head = km_str_sub(text, 0, (size_t)1 << 20);
    for (; services != NULL && *services != NULL; services++)
        for (const km_format *const *f = (*services)->formats; f != NULL && *f != NULL; f++)
            if ((*f)->is(head))
                return *f;
    return NULL;
}

const km_format *km_format_named(const km_service *const *services, km_str name)
{
    for (; services != NULL && *services != NULL; services++)
        for (const km_format *const *f = (*services)->formats; f != NULL && *f != NULL; f++)
            if (km_str_is(name, (*f)->name))
                return *f;
    return NULL;
}
