/* SPDX-License-Identifier: Apache-2.0
 *
 * watch: what a node that serves does behind its answers for its audit: the index over it, and
 * those outside who stamp and countersign it.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "platform/inside.h"

enum { ASKED = 3, HOST = 256, PEM_MAX = 1 << 20 };

/* What the thread that asks outside borrows. */
struct km_watching {
    km_client client;
    char host[ASKED][HOST];
    const char *allow[ASKED + 1];
    km_audit_outside *outside;
};

/* Whom the operator named may be asked wherever they are; the client refuses all others that are
 * not public. "https://w.example:8443/#key" is w.example:8443, without a port as it stands. */
static void allow(struct km_watching *w, const char *url)
{
    size_t n = 0;
    km_str rest, host;
    if (url == NULL)
        return;
    while (w->allow[n] != NULL)
        n++;
    (void)km_str_cut(km_str_of(url), ':', &rest);
    host = km_str_cut(km_str_cut(km_str_sub(rest, 2, rest.n), '/', &rest), '#', &rest);
    snprintf(w->host[n], HOST, "%.*s", KM_STR_ARG(host));
    w->allow[n] = w->host[n];
}

static km_code read_pem(km_str *out, const char *path, km_arena *a, km_fault *f)
{
    char *p = km_arena_alloc(a, PEM_MAX);
    int file = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t n = file >= 0 ? read(file, p, PEM_MAX) : -1;
    if (file >= 0)
        close(file);
    *out = (km_str){ p, n > 0 ? (size_t)n : 0 };
    return n > 0 ? KM_OK
                 : km_fail(f, KM_USAGE, "tsa-ca", "the authority's certificates cannot be read");
}

static km_code open_outside(km_node *n, const char *dir, km_arena *a, km_fault *f)
{
    const km_config *c = n->config;
    struct km_watching *w = n->watching;
    km_audit_outside_options o = { .dir = dir,
                                   .witness = { c->witness[0], c->witness[1] },
                                   .tsa_url = c->tsa_url,
                                   .client = &w->client,
                                   .clock = n->clock,
                                   .random = n->random };
    allow(w, c->tsa_url);
    allow(w, c->witness[0]);
    allow(w, c->witness[1]);
    w->client.allow = w->allow;
    if (c->tsa_url != NULL)
        KM_TRY(read_pem(&o.tsa_pem, c->tsa_ca, a, f));
    return km_audit_outside_open(&w->outside, &o, f);
}

km_code km_node_watch(km_node *n, km_fault *f)
{
    km_arena *a = km_arena_new(4 << 20);
    const char *dir = km_arena_print(a, "%s/audit", n->config->data_dir).p;
    n->watching = calloc(1, sizeof *n->watching);
    if (n->watching == NULL)
        abort(); /* decision 18 */
    km_code rc = km_audit_finder_open(&n->finder, dir, f);
    if (rc == KM_OK)
        rc = open_outside(n, dir, a, f);
    if (rc == KM_OK)
        rc = km_node__feed_start(n, f);
    km_arena_free(a);
    return rc;
}

void km_node__close_watch(km_node *n)
{
    if (n->watching != NULL)
        km_audit_outside_close(n->watching->outside);
    free(n->watching);
    km_audit_finder_close(n->finder);
    n->watching = NULL;
    n->finder = NULL;
}

/* Trust.md §3.3: without a stamp for a day nothing more is shown; what says so itself still is. */
km_code km_node__stamped(km_node *n, const km_policy *policy, km_fault *f)
{
    km_audit_outside_state s;
    if (n->watching == NULL || n->watching->outside == NULL
        || strcmp(policy->permission, "node.public") == 0)
        return KM_OK;
    km_audit_outside_now(&s, n->watching->outside);
    return s.refuse ? km_fail(f, KM_BUSY, NULL, "the audit has had no time stamp for a day")
                    : KM_OK;
}

void km_node__watch_metrics(km_node *n, km_buf *out)
{
    km_audit_outside_state s;
    if (n->audit != NULL)
        km_buf_print(out, "# TYPE kumihimo_audit_entries gauge\nkumihimo_audit_entries %lld\n",
                     (long long)km_audit_durable(n->audit));
    if (n->watching == NULL || n->watching->outside == NULL)
        return;
    km_audit_outside_now(&s, n->watching->outside);
    if (s.stamps)
        km_buf_print(out,
                     "# TYPE kumihimo_audit_stamped_entries gauge\n"
                     "kumihimo_audit_stamped_entries %lld\n"
                     "# TYPE kumihimo_audit_unstamped_seconds gauge\n"
                     "kumihimo_audit_unstamped_seconds %lld\n",
                     (long long)s.stamped, (long long)(s.unstamped_ms / 1000));
    if (s.witnesses > 0)
        km_buf_z(out, "# TYPE kumihimo_audit_witnessed_entries gauge\n");
    for (size_t i = 0; i < s.witnesses; i++)
        km_buf_print(out, "kumihimo_audit_witnessed_entries{witness=\"%zu\"} %lld\n", i + 1,
                     (long long)s.witnessed[i]);
}
