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

void km_format_hear(void *self, const km_finding *p)
{
    const km_format_sink *sink = self;
    km_fault f = { 0 };
    char place[64];
    snprintf(place, sizeof place, "%.*s[%u]", KM_STR_ARG(p->record), p->field);
    (void)km_fail(&f, KM_INVALID, place, "%.*s%s%.*s", KM_STR_ARG(p->field_ja),
                  p->field_ja.n > 0 ? ": " : "", KM_STR_ARG(p->en));
    km_fault_at(&f, p->line, 0);
    sink->problem(sink->self, p->error, &f);
}
