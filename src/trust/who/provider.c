/* SPDX-License-Identifier: Apache-2.0
 *
 * provider: the table of providers, and the two halves of a sign-in (provider.h).
 */
#include "base/hash.h"
#include "trust/who/provider_inside.h"
#include "trust/who/ticket.h"

enum { RANDOM = 32, BACK_MAX = 512, CODE_MAX = 2048, ALLOWED_MAX = 256 };

static const char ticket_for[] = "provider", secret_for[] = "provider-secret";

/* --- the table ------------------------------------------------------------------------------ */

static km_code read_row(km_provider *out, km_stmt *st, km_log *l, bool secret, km_call *call)
{
    km_arena *a = call->arena;
    km_str sealed = km_arena_copy(a, km_col_blob(st, 5));
    *out = (km_provider){ .name = km_arena_copy(a, km_col_text(st, 0)),
                          .ja = km_arena_copy(a, km_col_text(st, 1)),
                          .en = km_arena_copy(a, km_col_text(st, 2)),
                          .issuer = km_arena_copy(a, km_col_text(st, 3)),
                          .client_id = km_arena_copy(a, km_col_text(st, 4)),
                          .claim = km_arena_copy(a, km_col_text(st, 6)),
                          .scope = km_arena_copy(a, km_col_text(st, 7)),
                          .ca_file = km_arena_copy(a, km_col_text(st, 9)) };
    km_str *allowed = KM_NEW_ARRAY(a, KM_PROVIDER_ALLOWED, km_str);
    for (km_str left = km_arena_copy(a, km_col_text(st, 8));
         left.n > 0 && out->allowances < KM_PROVIDER_ALLOWED;)
        allowed[out->allowances++] = km_str_cut(left, '\n', &left);
    out->allowed = allowed;
    return secret && sealed.n > 0 ? km_ticket__open(&out->secret, l, secret_for, sealed, call)
                                  : KM_OK;
}

static km_code list_rows(km_provider *out, size_t *n, km_conn *c, km_log *l, km_call *call)
{
    km_stmt *st;
    km_code rc = KM_OK;
    KM_TRY(km_query(&st, c, "provider_all", call->fault));
    while (rc == KM_OK && *n < KM_PROVIDERS_MAX) {
        bool row;
        KM_TRY(km_step(&row, st, call->fault));
        if (!row)
            return KM_OK;
        rc = read_row(&out[(*n)++], st, l, false, call);
    }
    km_reset(st);
    return rc;
}

km_code km_provider_list(km_provider *out, size_t *n, km_log *l, km_call *call)
{
    km_conn *c;
    *n = 0;
    KM_TRY(km_store_reader(&c, km_log_store(l), call->fault));
    km_code rc = list_rows(out, n, c, l, call);
    km_store_return(c);
    return rc;
}

static km_code find_row(km_provider *out, km_conn *c, km_log *l, km_str name, km_call *call)
{
    km_stmt *st;
    bool row;
    KM_TRY(km_query(&st, c, "provider_by_name", call->fault));
    km_bind_text(st, 1, name);
    KM_TRY(km_step(&row, st, call->fault));
    if (!row)
        return km_fail(call->fault, KM_NOT_FOUND, "provider", "no such provider");
    km_code rc = read_row(out, st, l, true, call);
    km_reset(st);
    return rc;
}

km_code km_provider__find(km_provider *out, km_log *l, km_str name, km_call *call)
{
    km_conn *c;
    KM_TRY(km_store_reader(&c, km_log_store(l), call->fault));
    km_code rc = find_row(out, c, l, name, call);
    km_store_return(c);
    return rc;
}

static bool is_name(km_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'))
            return false;
    }
    return s.n > 0 && s.n <= 32;
}

/* Visible ASCII; `more` are other bytes that may stand in it. */
static bool is_plain(km_str s, size_t most, const char *more)
{
    for (size_t i = 0; i < s.n; i++)
        if (((unsigned char)s.p[i] <= 0x20 || (unsigned char)s.p[i] >= 0x7F)
            && (s.p[i] == '\0' || strchr(more, s.p[i]) == NULL))
            return false;
    return s.n <= most;
}

static bool is_label(km_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] < 0x20)
            return false;
    return s.n > 0 && s.n <= 120 && km_str_is_utf8(s, NULL);
}

static km_code check(const km_provider *p, km_fault *f)
{
    if (!is_name(p->name))
        return km_fail(f, KM_BAD_VALUE, "provider.name", "1 to 32 of a-z, 0-9 and -");
    if (!is_label(p->ja) || !is_label(p->en))
        return km_fail(f, KM_BAD_VALUE, "provider.label", "up to 120 bytes, in both languages");
    if (!is_plain(p->issuer, 400, "") || km_str_find(p->issuer, '?') < p->issuer.n
        || km_str_find(p->issuer, '#') < p->issuer.n
        || !(km_str_starts(p->issuer, KM_STR("https://"))
             || (p->allowances > 0 && km_str_starts(p->issuer, KM_STR("http://")))))
        return km_fail(f, KM_BAD_VALUE, "provider.issuer",
                       "an https address without query; http only where --allow names the place");
    if (p->client_id.n == 0 || !is_plain(p->client_id, 255, " "))
        return km_fail(f, KM_BAD_VALUE, "provider.client_id", "as the provider gave it");
    if (!is_plain(p->secret, 512, " ") || !is_plain(p->scope, 255, " ")
        || !is_plain(p->ca_file, 1024, " "))
        return km_fail(f, KM_BAD_VALUE, "provider", "visible ASCII characters");
    if (p->claim.n == 0 || !is_plain(p->claim, 64, ""))
        return km_fail(f, KM_BAD_VALUE, "provider.claim", "the name of a claim");
    for (size_t i = 0; i < p->allowances; i++)
        if (!is_plain(p->allowed[i], ALLOWED_MAX, "")
            || km_str_find(p->allowed[i], '/') < p->allowed[i].n
            || km_str_find(p->allowed[i], ':') == p->allowed[i].n)
            return km_fail(f, KM_BAD_VALUE, "provider.allow", "HOST:PORT");
    return KM_OK;
}

typedef struct change {
    const km_provider *p;
    km_str secret, allowed, name;
} change;

static km_code put_row(void *self, km_txn *t, km_fault *f)
{
    const change *ch = self;
    const km_provider *p = ch->p;
    km_stmt *st;
    int64_t changed;
    KM_TRY(km_query(&st, km_txn_conn(t), "provider_put", f));
    const km_str text[] = { p->name, p->ja, p->en, p->issuer, p->client_id };
    for (int i = 0; i < 5; i++)
        km_bind_text(st, i + 1, text[i]);
    km_bind_blob(st, 6, ch->secret.p, ch->secret.n);
    km_bind_text(st, 7, p->claim);
    km_bind_text(st, 8, p->scope);
    km_bind_text(st, 9, ch->allowed);
    km_bind_text(st, 10, p->ca_file);
    return km_run(st, &changed, f);
}

km_code km_provider_add(km_log *l, const km_provider *p, km_call *call)
{
    km_provider there[KM_PROVIDERS_MAX];
    size_t n;
    km_buf allowed = km_buf_in(call->arena);
    KM_TRY(check(p, call->fault));
    KM_TRY(km_provider_list(there, &n, l, call));
    if (n == KM_PROVIDERS_MAX)
        return km_fail(call->fault, KM_TOO_COSTLY, "provider", "at most %d", KM_PROVIDERS_MAX);
    for (size_t i = 0; i < p->allowances; i++) {
        if (i > 0)
            km_buf_char(&allowed, '\n');
        km_buf_add(&allowed, p->allowed[i]);
    }
    change ch = { .p = p, .allowed = km_buf_str(&allowed) };
    if (p->secret.n > 0)
        ch.secret = km_ticket__close(l, secret_for, p->secret, call);
    return km_log_work(l, put_row, &ch, call->fault);
}

static km_code drop_row(void *self, km_txn *t, km_fault *f)
{
    const change *ch = self;
    km_stmt *st;
    int64_t changed;
    KM_TRY(km_query(&st, km_txn_conn(t), "provider_drop", f));
    km_bind_text(st, 1, ch->name);
    KM_TRY(km_run(st, &changed, f));
    return changed == 1 ? KM_OK : km_fail(f, KM_NOT_FOUND, "provider", "no such provider");
}

km_code km_provider_remove(km_log *l, km_str name, km_call *call)
{
    change ch = { .name = name };
    return km_log_work(l, drop_row, &ch, call->fault);
}

/* --- going there ---------------------------------------------------------------------------- */

static km_str chance(km_call *call)
{
    unsigned char bytes[RANDOM];
    call->random->fill(call->random->self, bytes, sizeof bytes);
    return km_base64url(call->arena, bytes, sizeof bytes);
}

static void add_query(km_buf *url, const char *name, km_str value)
{
    km_str so_far = km_buf_str(url);
    km_buf_print(url, "%c%s=", km_str_find(so_far, '?') < so_far.n ? '&' : '?', name);
    km_url_encode(url, value);
}

km_code km_provider_begin(km_str *location, km_str *ticket, km_providers *ps, km_str name,
                          km_str back, km_call *call)
{
    km_provider p;
    km_provider__places places;
    unsigned char sum[KM_SHA256_LEN];
    KM_TRY(km_provider__find(&p, km_provider__log(ps), name, call));
    KM_TRY(km_provider__places_of(&places, ps, &p, call));
    km_str state = chance(call), nonce = chance(call), verifier = chance(call);
    km_sha256(sum, verifier.p, verifier.n);
    km_buf url = km_buf_in(call->arena);
    km_buf_add(&url, places.authorize);
    add_query(&url, "response_type", KM_STR("code"));
    add_query(&url, "client_id", p.client_id);
    add_query(&url, "redirect_uri", back);
    add_query(&url, "scope",
              p.scope.n > 0 ? km_arena_print(call->arena, "openid %.*s", KM_STR_ARG(p.scope))
                            : KM_STR("openid"));
    add_query(&url, "state", state);
    add_query(&url, "nonce", nonce);
    add_query(&url, "code_challenge", km_base64url(call->arena, sum, sizeof sum));
    add_query(&url, "code_challenge_method", KM_STR("S256"));
    *location = km_buf_str(&url);
    km_str kept = km_arena_print(call->arena, "%.*s\n%.*s\n%.*s\n%.*s", KM_STR_ARG(name),
                                 KM_STR_ARG(state), KM_STR_ARG(nonce), KM_STR_ARG(verifier));
    km_ticket_seal(ticket, km_provider__log(ps), ticket_for, kept,
                   km_call_now(call) + KM_PROVIDER_TICKET_MS, call);
    return KM_OK;
}

/* --- coming back ------------------------------------------------------------------------------ */

typedef struct begun {
    km_str name, state, nonce, verifier;
    km_ms until;
} begun;

static km_code open_begun(begun *out, const km_provider_came *came, km_log *l, km_call *call)
{
    km_str rest;
    KM_TRY(km_ticket_open(&rest, &out->until, l, ticket_for, came->ticket, call));
    out->name = km_str_cut(rest, '\n', &rest);
    out->state = km_str_cut(rest, '\n', &rest);
    out->nonce = km_str_cut(rest, '\n', &out->verifier);
    if (came->state.n != out->state.n || !km_same_secret(came->state.p, out->state.p, out->state.n))
        return km_fail(call->fault, KM_UNAUTHENTICATED, "state",
                       "is of another sign-in, or of another browser's");
    if (came->code.n == 0 || !is_plain(came->code, CODE_MAX, ""))
        return km_fail(call->fault, KM_BAD_VALUE, "code", "the provider's code");
    return KM_OK;
}

/* RFC 9207 §2.4: the answer comes from whom we asked. */
static km_code check_iss(const km_provider_came *came, const km_provider *p,
                         const km_provider__places *places, km_call *call)
{
    if (came->iss.n == 0 ? places->says_iss : !km_str_eq(came->iss, p->issuer))
        return km_fail(call->fault, KM_UNAUTHENTICATED, "iss",
                       "the answer is not of the provider that was asked");
    return KM_OK;
}

static void add_form(km_buf *form, const char *name, km_str value)
{
    km_buf_print(form, "%s%s=", form->n > 0 ? "&" : "", name);
    km_url_encode(form, value);
}

/* RFC 6749 §2.3.1: both parts are form-encoded before they are joined. */
static km_field basic(const km_provider *p, km_arena *a)
{
    km_buf pair = km_buf_in(a);
    km_url_encode(&pair, p->client_id);
    km_buf_char(&pair, ':');
    km_url_encode(&pair, p->secret);
    return (km_field){ KM_STR("Authorization"),
                       km_arena_print(a, "Basic %.*s", KM_STR_ARG(km_base64(a, pair.p, pair.n))) };
}

static km_code exchange(km_jv *out, km_providers *ps, const km_provider *p,
                        const km_provider__places *places, const km_provider_came *came,
                        km_str verifier, km_call *call)
{
    km_buf form = km_buf_in(call->arena);
    km_field header = basic(p, call->arena);
    bool in_header = p->secret.n > 0 && !places->post;
    add_form(&form, "grant_type", KM_STR("authorization_code"));
    add_form(&form, "code", came->code);
    add_form(&form, "redirect_uri", came->back);
    add_form(&form, "code_verifier", verifier);
    if (!in_header)
        add_form(&form, "client_id", p->client_id);
    if (p->secret.n > 0 && !in_header)
        add_form(&form, "client_secret", p->secret);
    km_question q = { .method = "POST",
                      .url = km_arena_z(call->arena, places->token),
                      .type = "application/x-www-form-urlencoded",
                      .body = km_buf_str(&form),
                      .header = &header,
                      .headers = in_header };
    return km_provider__ask(out, ps, p, &q, call);
}

km_code km_provider_finish(km_provider_said *out, km_providers *ps, const km_provider_came *came,
                           km_call *call)
{
    km_log *l = km_provider__log(ps);
    km_provider p;
    km_provider__places places;
    begun b;
    km_jv answer;
    km_jws jws;
    KM_TRY(open_begun(&b, came, l, call));
    KM_TRY(km_provider__find(&p, l, b.name, call));
    KM_TRY(km_provider__places_of(&places, ps, &p, call));
    KM_TRY(check_iss(came, &p, &places, call));
    KM_TRY(exchange(&answer, ps, &p, &places, came, b.verifier, call));
    km_jv token = KM_JV_GET(answer, "id_token");
    if (!km_jv_is(token, KM_JSON_STRING))
        return km_fail(call->fault, KM_UPSTREAM, "provider", "it gave no ID token");
    KM_TRY(km_provider__verify(&jws, ps, &p, km_jv_str(token), call));
    KM_TRY(km_provider__check(&out->subject, &jws, &p, b.nonce, km_jv_text(answer, "access_token"),
                              call));
    KM_TRY(km_ticket_spend(l, b.state, b.until, call));
    out->issuer = p.issuer;
    out->provider = p.name;
    return KM_OK;
}
