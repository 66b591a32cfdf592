/* SPDX-License-Identifier: Apache-2.0
 *
 * secure: the headers that every reply has, as a table. A handler's own header of the same name
 * goes instead (RFC 9110, Fetch, CSP 3, RFC 6797; trust.md §6).
 */
#include <assert.h>

#include "http/inside.h"

typedef enum when { ALWAYS, ON_TLS, ON_PAGE, ON_DATA } when;

static const struct {
    const char *name, *value;
    when when;
} rows[] = {
    { "Cache-Control", "no-store", ALWAYS }, /* nearly all we say is somebody's */
    { "X-Content-Type-Options", "nosniff", ALWAYS },
    { "Referrer-Policy", "no-referrer", ALWAYS },
    { "Cross-Origin-Resource-Policy", "same-origin", ALWAYS },
    { "Strict-Transport-Security", "max-age=31536000", ON_TLS },
    { "Content-Security-Policy",
      "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; "
      "object-src 'none'",
      ON_PAGE },
    { "Cross-Origin-Opener-Policy", "same-origin", ON_PAGE },
    { "Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
      ON_PAGE },
    /* Shown alone by a browser, data is nothing that could act. */
    { "Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'", ON_DATA },
};

/* Scripts keep the policy of pages, since a worker takes the one of its own file. */
static bool is_page(const char *type)
{
    return type != NULL
           && (strncmp(type, "text/html", 9) == 0 || strncmp(type, "text/javascript", 15) == 0
               || strncmp(type, "image/svg", 9) == 0);
}

static bool has(const km_reply *r, const char *name)
{
    km_str wanted = km_str_of(name);
    for (size_t i = 0; i < r->headers; i++)
        if (km_str_eq_nocase(r->header[i].name, wanted))
            return true;
    return false;
}

void km_http__secure(const km_exchange *x, struct MHD_Response *m)
{
    bool page = is_page(x->reply.type);
    bool holds[] = { [ALWAYS] = true, [ON_TLS] = x->r.tls, [ON_PAGE] = page, [ON_DATA] = !page };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!holds[rows[i].when] || has(&x->reply, rows[i].name))
            continue;
        enum MHD_Result added = MHD_add_response_header(m, rows[i].name, rows[i].value);
        assert(added == MHD_YES);
        (void)added;
    }
}
