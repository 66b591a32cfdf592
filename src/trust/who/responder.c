/* SPDX-License-Identifier: Apache-2.0
 *
 * responder: the table of responders, asking one, what it answered (responder.h).
 */
#include "trust/who/responder.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/embedded.h"
#include "http/client.h"

enum { TABLE_MAX = 16 << 10, COLUMNS = 4, SLOTS = 1024, ASKING_MAX = 8, TIMEOUT_MS = 5000 };
static const km_ms leeway_ms = (km_ms)5 * 60 * 1000;

/* --- the table ------------------------------------------------------------------------------ */

static km_code wrong(km_fault *f, const char *column, const char *why)
{
    return km_fail(f, KM_BAD_VALUE, "responders.tsv", "%s: %s", column, why);
}

/* "http://h/x" is asked at h:80; user and the like are the client's to refuse. */
static km_code read_url(km_responder *out, km_str url, km_fault *f)
{
    const km_str plain = KM_STR("http://"), secure = KM_STR("https://");
    bool tls = km_str_starts(url, secure);
    if (!tls && !km_str_starts(url, plain))
        return wrong(f, "url", "http or https");
    km_str host = km_str_sub(url, tls ? secure.n : plain.n, url.n);
    host = km_str_sub(host, 0, km_str_find(host, '/'));
    size_t bracket = km_str_find(host, ']');
    km_str behind = bracket < host.n ? km_str_sub(host, bracket, host.n) : host;
    if (host.n == 0 || url.n >= sizeof out->url || host.n + sizeof ":443" > sizeof out->place)
        return wrong(f, "url", "no place, or too long");
    snprintf(out->url, sizeof out->url, "%.*s", KM_STR_ARG(url));
    snprintf(out->place, sizeof out->place, "%.*s%s", KM_STR_ARG(host),
             km_str_find(behind, ':') < behind.n ? ""
             : tls                               ? ":443"
                                                 : ":80");
    return KM_OK;
}

static km_code read_row(km_responder out[KM_CARD_KINDS], const km_str cell[COLUMNS], km_fault *f)
{
    km_card_kind kind = km_card_named(cell[0]);
    if (kind == KM_CARD_KINDS)
        return wrong(f, "kind", "hpki or jpki");
    km_responder *r = &out[kind];
    if (r->url[0] != '\0')
        return wrong(f, "kind", "one row each");
    r->list_instead = km_str_is(cell[2], "list");
    if (!r->list_instead && !km_str_is(cell[2], "refuse"))
        return wrong(f, "without", "refuse or list");
    r->nonce_needed = km_str_is(cell[3], "needed");
    if (!r->nonce_needed && !km_str_is(cell[3], "any"))
        return wrong(f, "nonce", "needed or any");
    return read_url(r, cell[1], f);
}

static km_code read_table(km_responder out[KM_CARD_KINDS], km_str table, km_fault *f)
{
    static const char *const names[COLUMNS] = { "kind", "url", "without", "nonce" };
    km_str cell[COLUMNS + 1];
    size_t n = km_tsv_next(cell, COLUMNS + 1, &table);
    for (size_t i = 0; i < COLUMNS; i++)
        if (n != COLUMNS || !km_str_is(cell[i], names[i]))
            return wrong(f, "first line", "kind, url, without, nonce");
    while ((n = km_tsv_next(cell, COLUMNS + 1, &table)) > 0) {
        if (n != COLUMNS)
            return wrong(f, "row", "four columns");
        KM_TRY(read_row(out, cell, f));
    }
    return KM_OK;
}

km_code km_responders_read(km_responder out[KM_CARD_KINDS], const char *folder, km_fault *f)
{
    char path[4400], text[TABLE_MAX + 1];
    memset(out, 0, KM_CARD_KINDS * sizeof *out);
    snprintf(path, sizeof path, "%s/responders.tsv", folder);
    FILE *in = fopen(path, "re");
    if (in == NULL && (errno == ENOENT || errno == ENOTDIR))
        return KM_OK;
    size_t n = in != NULL ? fread(text, 1, sizeof text, in) : 0;
    bool whole = in != NULL && !ferror(in) && n <= TABLE_MAX;
    if (in != NULL)
        fclose(in);
    return whole ? read_table(out, (km_str){ text, n }, f)
                 : wrong(f, "file", "cannot be read, or is longer than 16 KiB");
}

/* --- what was answered ------------------------------------------------------------------------ */

typedef struct good {
    unsigned char sha256[KM_SHA256_LEN]; /* of the certificate */
    km_ms since, until;
} good;

struct km_answers {
    pthread_mutex_t lock; /* never held while somebody is asked */
    atomic_int asking;
    good slot[SLOTS];
};

km_answers *km_answers_new(void)
{
    km_answers *x = calloc(1, sizeof *x);
    if (x == NULL)
        abort(); /* decision 18 */
    pthread_mutex_init(&x->lock, NULL);
    return x;
}

void km_answers_free(km_answers *x)
{
    if (x == NULL)
        return;
    pthread_mutex_destroy(&x->lock);
    free(x);
}

static good *slot_of(km_answers *x, const km_cert *leaf)
{
    return &x->slot[(leaf->sha256[0] << 8 | leaf->sha256[1]) % SLOTS];
}

/* A clock that was set back makes no answer good again. */
static bool is_known(km_answers *x, const km_cert *leaf, km_ms now)
{
    pthread_mutex_lock(&x->lock);
    const good *g = slot_of(x, leaf);
    bool known = memcmp(g->sha256, leaf->sha256, sizeof g->sha256) == 0 && g->since <= now
                 && now < g->until;
    pthread_mutex_unlock(&x->lock);
    return known;
}

static void remember(km_answers *x, const km_cert *leaf, km_ms now, km_ms until)
{
    good g = { .since = now,
               .until = until < now + KM_RESPONDER_KEEP_MS ? until : now + KM_RESPONDER_KEEP_MS };
    memcpy(g.sha256, leaf->sha256, sizeof g.sha256);
    pthread_mutex_lock(&x->lock);
    *slot_of(x, leaf) = g;
    pthread_mutex_unlock(&x->lock);
}

/* --- asking ----------------------------------------------------------------------------------- */

static km_code fetch(km_str *out, km_answers *x, const km_responder *r, km_str request,
                     km_call *call)
{
    km_answer answer;
    const char *const allow[] = { r->place, NULL };
    km_client client = { .allow = allow, .timeout_ms = TIMEOUT_MS, .body_bytes = KM_OCSP_MAX };
    km_question q = {
        .method = "POST", .url = r->url, .type = "application/ocsp-request", .body = request
    };
    km_fault own = { 0 };
    km_call asking = *call;
    asking.fault = &own;
    if (atomic_fetch_add(&x->asking, 1) >= ASKING_MAX) {
        atomic_fetch_sub(&x->asking, 1);
        return km_fail(call->fault, KM_BUSY, "ocsp", "too many wait for the responder");
    }
    km_code rc = km_client_ask(&answer, &client, &q, &asking);
    atomic_fetch_sub(&x->asking, 1);
    if (rc != KM_OK)
        return km_fail(call->fault, KM_UPSTREAM, "ocsp", "%s", own.detail);
    if (answer.status != 200)
        return km_fail(call->fault, KM_UPSTREAM, "ocsp", "another status than 200");
    *out = answer.body;
    return KM_OK;
}

km_code km_responder_ask(km_answers *x, const km_responder *r, const km_x509_path *path,
                         km_call *call)
{
    unsigned char nonce[KM_OCSP_NONCE];
    km_str request, answer;
    km_ms until, now = km_call_now(call);
    assert(r->url[0] != '\0');
    if (is_known(x, &path->leaf, now))
        return KM_OK;
    call->random->fill(call->random->self, nonce, sizeof nonce);
    KM_TRY(km_ocsp_ask(&request, call->arena, path, nonce, call->fault));
    KM_TRY(fetch(&answer, x, r, request, call));
    km_ocsp_want want = { .nonce = nonce,
                          .nonce_needed = r->nonce_needed,
                          .at = now,
                          .age_ms = KM_RESPONDER_AGE_MS,
                          .leeway_ms = leeway_ms };
    KM_TRY(km_ocsp_check(&until, call->arena, answer, path, &want, call->fault));
    remember(x, &path->leaf, now, until);
    return KM_OK;
}
