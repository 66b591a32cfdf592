/* SPDX-License-Identifier: Apache-2.0
 *
 * card: challenges, anchors and lists, blind indexes (card.h).
 */
#include "trust/who/card.h"

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trust/who/responder.h"
#include "trust/who/ticket.h"

enum { NONCE = 32, ANCHOR_BYTES = 1 << 20, LOOK_MS = 10000 };

static const char *const kinds[KM_CARD_KINDS] = { "hpki", "jpki" };
static const char ticket_for[] = "card";

km_card_kind km_card_named(km_str word)
{
    int k = 0;
    while (k < KM_CARD_KINDS && !km_str_is(word, kinds[k]))
        k++;
    return (km_card_kind)k;
}

km_str km_card_issuer(km_card_kind kind)
{
    return kind == KM_CARD_HPKI ? KM_STR("urn:kumihimo:card:hpki")
                                : KM_STR("urn:kumihimo:card:jpki");
}

/* --- the folder ------------------------------------------------------------------------------ */

/* What was read from it, shared by those who verify at this moment. */
typedef struct trusted {
    int users; /* under the lock */
    km_x509_anchors *anchors[KM_CARD_KINDS];
    km_x509_crls *crls;
    km_responder responder[KM_CARD_KINDS];
    km_answers *answers; /* good ones, forgotten when a list is new */
} trusted;

struct km_cards {
    char folder[4096];
    bool test;
    pthread_mutex_t lock;
    trusted *now;
    struct timespec changed; /* of the folder, when `now` was read */
    km_ms looked_at;
};

static void trusted_free(trusted *t)
{
    for (int k = 0; k < KM_CARD_KINDS; k++)
        if (t->anchors[k] != NULL)
            km_x509_anchors_free(t->anchors[k]);
    if (t->crls != NULL)
        km_x509_crls_free(t->crls);
    km_answers_free(t->answers);
    free(t);
}

static void trusted_release(km_cards *c, trusted *t)
{
    pthread_mutex_lock(&c->lock);
    bool last = --t->users == 0;
    pthread_mutex_unlock(&c->lock);
    if (last)
        trusted_free(t);
}

km_cards *km_cards_new(const char *folder, bool test)
{
    km_cards *c = calloc(1, sizeof *c);
    assert(c != NULL);
    snprintf(c->folder, sizeof c->folder, "%s", folder);
    c->test = test;
    pthread_mutex_init(&c->lock, NULL);
    return c;
}

void km_cards_free(km_cards *c)
{
    if (c == NULL)
        return;
    if (c->now != NULL)
        trusted_release(c, c->now);
    pthread_mutex_destroy(&c->lock);
    free(c);
}

static bool read_file(km_str *out, km_arena *a, const km_cards *c, const char *name, size_t most)
{
    char path[4400];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", c->folder, name);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool good = fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0
                && (size_t)st.st_size <= most;
    size_t n = good ? (size_t)st.st_size : 0;
    char *bytes = km_arena_alloc(a, n + 1);
    good = good && read(fd, bytes, n) == (ssize_t)n;
    if (fd >= 0)
        close(fd);
    *out = (km_str){ bytes, n };
    return good;
}

static km_code read_lists(trusted *t, const km_cards *c, km_arena *a, km_fault *f)
{
    km_str list[KM_X509_CRLS];
    size_t n = 0;
    DIR *dir = opendir(c->folder);
    for (const struct dirent *e; dir != NULL && n < KM_X509_CRLS && (e = readdir(dir)) != NULL;)
        if (km_str_ends(km_str_of(e->d_name), KM_STR(".crl"))
            && read_file(&list[n], a, c, e->d_name, KM_X509_CRL_MAX))
            n++;
    if (dir != NULL)
        closedir(dir);
    return n > 0 ? km_x509_crls_new(&t->crls, list, n, f) : KM_OK;
}

static km_code read_folder(trusted **out, const km_cards *c, km_fault *f)
{
    km_arena *a = km_arena_new(KM_X509_CRLS * KM_X509_CRL_MAX);
    trusted *t = calloc(1, sizeof *t);
    km_code rc = KM_OK;
    assert(t != NULL);
    t->users = 1;
    t->answers = km_answers_new();
    for (int k = 0; k < KM_CARD_KINDS && rc == KM_OK; k++) {
        char name[16];
        km_str pem;
        snprintf(name, sizeof name, "%s.pem", kinds[k]);
        if (read_file(&pem, a, c, name, ANCHOR_BYTES))
            rc = km_x509_anchors_new(&t->anchors[k], pem, f);
    }
    if (rc == KM_OK)
        rc = read_lists(t, c, a, f);
    if (rc == KM_OK)
        rc = km_responders_read(t->responder, c->folder, f);
    km_arena_free(a);
    if (rc == KM_OK)
        *out = t;
    else
        trusted_free(t);
    return rc;
}

/* Under the lock. A folder that cannot be read leaves what was read before: its lists grow old. */
static km_code look(km_cards *c, km_ms now, km_fault *f)
{
    struct stat st;
    trusted *fresh;
    if (c->now != NULL && now - c->looked_at < LOOK_MS && now >= c->looked_at)
        return KM_OK;
    c->looked_at = now;
    if (stat(c->folder, &st) != 0)
        st = (struct stat){ 0 };
    if (c->now != NULL && st.st_mtim.tv_sec == c->changed.tv_sec
        && st.st_mtim.tv_nsec == c->changed.tv_nsec)
        return KM_OK;
    km_code rc = read_folder(&fresh, c, f);
    if (rc != KM_OK)
        return c->now != NULL ? KM_OK : rc;
    trusted *old = c->now;
    c->now = fresh;
    c->changed = st.st_mtim;
    if (old != NULL && --old->users == 0)
        trusted_free(old);
    return KM_OK;
}

static km_code hold(trusted **out, km_cards *c, km_ms now, km_fault *f)
{
    km_fault own = { 0 };
    pthread_mutex_lock(&c->lock);
    km_code rc = look(c, now, &own);
    if (rc == KM_OK) {
        c->now->users++;
        *out = c->now;
    }
    pthread_mutex_unlock(&c->lock);
    return rc == KM_OK ? KM_OK
                       : km_fail(f, KM_INTERNAL, "certificates", "the folder: %s", own.detail);
}

bool km_cards_take(km_cards *c, km_card_kind kind)
{
    trusted *t;
    km_fault f = { 0 };
    if (hold(&t, c, km_clock_real.now(km_clock_real.self), &f) != KM_OK)
        return false;
    bool takes = t->anchors[kind] != NULL && t->crls != NULL;
    trusted_release(c, t);
    return takes;
}

/* --- the text to be signed ---------------------------------------------------------------------
 */

void km_card_begin(km_str *text, km_str *ticket, km_log *l, km_card_kind kind, km_str address,
                   km_call *call)
{
    unsigned char nonce[NONCE];
    call->random->fill(call->random->self, nonce, sizeof nonce);
    *text = km_arena_print(call->arena, "Kumihimo sign-in 1\n%.*s\n%s\n%.*s\n", KM_STR_ARG(address),
                           kinds[kind], KM_STR_ARG(km_base64url(call->arena, nonce, sizeof nonce)));
    km_str kept = km_arena_print(call->arena, "%s\n%.*s", kinds[kind], KM_STR_ARG(*text));
    km_ticket_seal(ticket, l, ticket_for, kept, km_call_now(call) + KM_CARD_TICKET_MS, call);
}

/* --- the answer ---------------------------------------------------------------------------------
 */

static km_code prove(km_x509_path *path, const km_cards *c, const trusted *t, km_card_kind kind,
                     const km_card_answer *answer, km_x509_status status, km_call *call)
{
    static const char *const profiles[2][KM_CARD_KINDS] = {
        { "hpki-authentication", "jpki-authentication" },
        { "test-hpki-authentication", "test-jpki-authentication" }
    };
    km_code rc = KM_UNAUTHENTICATED;
    if (t->anchors[kind] == NULL)
        return km_fail(call->fault, KM_UNSUPPORTED, "card", "no anchors for cards of this kind");
    for (int test = 0; test <= (int)c->test && rc != KM_OK; test++) {
        km_x509_profile profile;
        bool known = km_x509_profile_find(&profile, km_str_of(profiles[test][kind]));
        assert(known);
        km_x509_want want = {
            .profile = &profile, .at = km_call_now(call), .status = status, .crls = t->crls
        };
        if (test > 0)
            km_fault_clear(call->fault);
        rc = km_x509_verify(path, call->arena, t->anchors[kind], answer->der, answer->n, &want,
                            call->fault);
    }
    return rc;
}
/* The chain, then the holder's key, then the responder: nobody makes us ask about a certificate
 * that is not theirs. */
static km_code prove_holder(km_x509_path *path, const km_cards *c, const trusted *t,
                            km_card_kind kind, const km_card_answer *answer, km_str text,
                            km_call *call)
{
    const km_responder *r = &t->responder[kind];
    bool asked = r->url[0] != '\0';
    km_fault own = { 0 };
    km_call asking = *call;
    KM_TRY(prove(path, c, t, kind, answer, asked ? KM_STATUS_CRL_CAS : KM_STATUS_CRL, call));
    KM_TRY(km_cert_proves(&path->leaf, answer->proof, answer->signature, text, call->fault));
    if (!asked)
        return KM_OK;
    asking.fault = &own;
    km_code rc = km_responder_ask(t->answers, r, path, &asking);
    if ((rc == KM_UPSTREAM || rc == KM_BUSY) && r->list_instead)
        return prove(path, c, t, kind, answer, KM_STATUS_CRL, call);
    return rc == KM_OK ? KM_OK : km_fail(call->fault, rc, own.path, "%s", own.detail);
}

static km_code newest(uint32_t *version, km_keys *keys, km_fault *f)
{
    km_fault none = { 0 };
    km_code rc = km_keys_newest(version, keys, KM_KEY_INDEX, KM_STR(""), &none);
    if (rc == KM_NOT_FOUND)
        return km_keys_make(version, keys, KM_KEY_INDEX, KM_STR(""), f);
    return rc == KM_OK ? KM_OK : km_fail(f, rc, none.path, "%s", none.detail);
}

/* "2.0123...": the index key's version, the blind index. */
static km_code subjects(km_str out[2], km_keys *keys, km_card_kind kind, const km_cert *leaf,
                        km_call *call)
{
    km_buf fields = km_buf_in(call->arena);
    km_str field[3] = { km_card_issuer(kind) };
    uint32_t version;
    km_cert_identity(&field[1], &field[2], call->arena, leaf);
    km_enc(&fields, field, 3);
    KM_TRY(newest(&version, keys, call->fault));
    out[1] = KM_STR_NONE;
    for (uint32_t i = 0; i < 2 && version > i; i++) {
        unsigned char index[KM_KEY_ID];
        km_fault own = { 0 };
        km_code rc = km_keys_index(index, keys, version - i, km_buf_str(&fields), &own);
        if (rc != KM_OK && i == 0)
            return km_fail(call->fault, rc, own.path, "%s", own.detail);
        if (rc == KM_OK)
            out[i] = km_arena_print(call->arena, "%u.%.*s", version - i,
                                    KM_STR_ARG(km_hex(call->arena, index, sizeof index)));
    }
    return KM_OK;
}

km_code km_card_finish(km_card_said *out, km_cards *cards, km_log *l, km_keys *keys,
                       const km_card_answer *answer, km_call *call)
{
    km_str kept, text;
    km_ms until;
    trusted *t;
    km_x509_path path;
    *out = (km_card_said){ 0 };
    KM_TRY(km_ticket_open(&kept, &until, l, ticket_for, answer->ticket, call));
    out->kind = km_card_named(km_str_cut(kept, '\n', &text));
    assert(out->kind < KM_CARD_KINDS);
    KM_TRY(hold(&t, cards, km_call_now(call), call->fault));
    km_code rc = prove_holder(&path, cards, t, out->kind, answer, text, call);
    trusted_release(cards, t);
    if (rc == KM_OK)
        rc = km_ticket_spend(l, text, until, call);
    if (rc == KM_OK)
        rc = subjects(out->subject, keys, out->kind, &path.leaf, call);
    if (rc == KM_OK) {
        out->role = path.role;
        memcpy(out->sha256, path.leaf.sha256, sizeof out->sha256);
    }
    return rc;
}

km_code km_card_subject(km_str subject[2], km_keys *keys, km_card_kind kind, km_str pem,
                        km_call *call)
{
    km_str der[KM_X509_CHAIN];
    size_t n;
    km_cert cert;
    KM_TRY(km_cert_unpem(der, &n, KM_X509_CHAIN, call->arena, pem, call->fault));
    KM_TRY(km_cert_read(&cert, call->arena, der[0], call->fault));
    if (cert.jpki != (kind == KM_CARD_JPKI))
        return km_fail(call->fault, KM_BAD_VALUE, "certificate", "of the other kind of card");
    return subjects(subject, keys, kind, &cert, call);
}

bool km_card_allows(km_str hc_role, km_str account_role)
{
    static const char *const licensed[] = { "clinician", "pharmacist", "care_worker", "emergency" };
    bool needs = false;
    for (size_t i = 0; i < sizeof licensed / sizeof *licensed; i++)
        needs = needs || km_str_is(account_role, licensed[i]);
    /* Who is called to an emergency is a paramedic, or a physician or nurse on duty. */
    if (km_str_is(account_role, "emergency") && km_str_is(hc_role, "clinician"))
        return true;
    return !needs || km_str_eq(hc_role, account_role);
}
