/* SPDX-License-Identifier: Apache-2.0
 *
 * request: what a handler reads of its request and says in its reply.
 */
#include <assert.h>

#include "http/inside.h"

static km_str find(const km_field *f, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (km_str_is(f[i].name, name))
            return f[i].value;
    return KM_STR_NONE;
}

km_str km_request_header(const km_request *r, const char *name)
{
    const km_exchange *x = (const km_exchange *)(const void *)r;
    km_str wanted = km_str_of(name);
    for (size_t i = 0; i < x->headers; i++)
        if (km_str_eq_nocase(x->header[i].name, wanted))
            return x->header[i].value;
    return KM_STR_NONE;
}

km_str km_request_var(const km_request *r, const char *name)
{
    return find(r->var, r->vars, name);
}

km_str km_request_query(const km_request *r, const char *name)
{
    return find(r->query, r->queries, name);
}

km_code km_request_form(const km_field **out, size_t *n, km_request *r)
{
    km_str rest, type = km_request_header(r, "Content-Type");
    type = km_str_trim(km_str_cut(type, ';', &rest));
    *out = NULL;
    *n = 0;
    if (type.p == NULL && r->body.n == 0)
        return KM_OK;
    if (!km_str_eq_nocase(type, KM_STR("application/x-www-form-urlencoded")))
        return km_fail(r->call.fault, KM_MEDIA_TYPE, NULL,
                       "a form is sent as application/x-www-form-urlencoded");
    return km_form_decode(out, n, r->call.arena, r->body, r->call.fault);
}

void km_reply_header(km_reply *r, const char *name, km_str value)
{
    enum { MOST = sizeof r->header / sizeof *r->header };
    assert(r->headers < MOST);
    r->header[r->headers++] = (km_field){ km_str_of(name), value };
}
