/* SPDX-License-Identifier: Apache-2.0
 *
 * trust: what the door needs of a node: its keys, its audit, the views that stand above it.
 *
 * DIR/keys/operator-a  a link to the socket of the key process that holds the node's keys; where
 *                 there is none,
 * DIR/keys/ring   the node's keys, sealed (trust/keys)
 * DIR/keys/demo   where there is one, the data directory is a demonstration (trust/who/demo.h)
 * DIR/audit       the audit; its name is that of the first key that signed it
 */
#include "http/cookie.h"
#include "platform/inside.h"
#include "trust/who/demo.h"
#include "trust/who/session.h"

#include <sys/stat.h>

#include "base/hash.h"

static km_code newest(uint32_t *version, km_keys *k, km_key_role role, km_fault *f)
{
    km_fault none = { 0 };
    km_code rc = km_keys_newest(version, k, role, KM_STR(""), &none);
    if (rc == KM_NOT_FOUND)
        return km_keys_make(version, k, role, KM_STR(""), f);
    return rc == KM_OK ? KM_OK : km_fail(f, rc, none.path, "%s", none.detail);
}

static km_code sign(void *self, unsigned char out[64], km_str text, km_fault *f)
{
    return km_keys_sign_checkpoint(out, self, 0, text, f);
}

/* "kumihimo.0123456789abcdef/audit": nobody else's log has this name. */
static km_code name_log(char out[KM_AUDIT_NAME_MAX], km_node *n, km_fault *f)
{
    unsigned char pub[KM_KEY_PUBLIC_MAX];
    size_t len;
    char hex[17];
    km_key_name first = { KM_KEY_CHECKPOINT, KM_STR(""), 1 };
    KM_TRY(km_keys_public(pub, &len, n->keys, first, f));
    for (int i = 0; i < 8; i++)
        snprintf(hex + 2 * i, 3, "%02x", pub[i]);
    snprintf(out, KM_AUDIT_NAME_MAX, "kumihimo.%s/audit", hex);
    return KM_OK;
}

static km_code open_audit(km_node *n, const char *dir, km_fault *f)
{
    uint32_t version;
    size_t len;
    unsigned char pub[KM_KEY_PUBLIC_MAX];
    km_audit_options o = {
        .dir = dir, .clock = n->clock, .random = n->random, .signer = { .sign = sign, n->keys }
    };
    KM_TRY(newest(&version, n->keys, KM_KEY_CHECKPOINT, f));
    KM_TRY(
        km_keys_public(pub, &len, n->keys, (km_key_name){ KM_KEY_CHECKPOINT, KM_STR(""), 0 }, f));
    KM_TRY(name_log(o.signer.key.name, n, f));
    memcpy(o.signer.key.pub, pub, sizeof o.signer.key.pub);
    o.origin = o.signer.key.name;
    o.signer.self = n->keys;
    return km_audit_open(&n->audit, &o, f);
}

static km_code open_whos(km_node *n, const char *keys, km_fault *f)
{
    char demo[4096];
    int len = snprintf(demo, sizeof demo, "%s/demo", keys);
    if (len < 0 || (size_t)len >= sizeof demo)
        return km_fail(f, KM_USAGE, NULL, "the path of the data directory is too long");
    if (n->config->demo)
        KM_TRY(km_demo_begin(demo, n->random, f));
    km_whos_options o = { .log = n->log,
                          .keys = n->keys,
                          .clock = n->clock,
                          .random = n->random,
                          .address = n->config->address,
                          .demo_key = km_demo_is(demo) ? demo : NULL };
    return km_whos_open(&n->whos, &o, f);
}

/* The keys of this node: in a process of their own, or here. */
static km_code open_keys(km_node *n, const char *keys, km_fault *f)
{
    char path[4096];
    struct stat st;
    int length = snprintf(path, sizeof path, "%s/operator-a", keys);
    if (length < 0 || (size_t)length >= sizeof path)
        return km_fail(f, KM_USAGE, NULL, "the path of the data directory is too long");
    if (lstat(path, &st) == 0) /* a link that leads nowhere is no leave to make keys here */
        return km_keys_connect(&n->keys, path, f);
    snprintf(path, sizeof path, "%s/ring", keys);
    km_keys_folder folder = { path, KM_KEY_MASK_A, n->random };
    return km_keys_open(&n->keys, &folder, f);
}

static km_cards *open_cards(const km_node *n)
{
    char folder[4096];
    snprintf(folder, sizeof folder, "%s/certificates", n->config->data_dir);
    return km_cards_new(folder, km_whos_demo(n->whos));
}

/* The limit of a scope, asked of a body: chains and _has, which a body does not answer, hide. */
static km_code matches(bool *yes, km_jv body, km_ftype type, km_str search, km_call *call)
{
    const km_field *field;
    size_t n;
    km_search *s;
    KM_TRY(km_form_decode(&field, &n, call->arena, search, call->fault));
    km_search_field *asked = KM_NEW_ARRAY(call->arena, n + 1, km_search_field);
    for (size_t i = 0; i < n; i++)
        asked[i] = (km_search_field){ field[i].name, field[i].value };
    km_search_input in = { .type = type, .field = asked, .fields = n, .conditional = true };
    KM_TRY(km_search_parse(&s, &in, call));
    return km_search_matches(yes, s, body, type, call);
}

km_code km_node__open_trust(km_node *n, const char *keys, const char *token, km_fault *f)
{
    static const km_trust_views views = { .same_person = km_person_same, .matches = matches };
    char audit[4096];
    int b = snprintf(audit, sizeof audit, "%s/audit", n->config->data_dir);
    if (b < 0 || (size_t)b >= sizeof audit)
        return km_fail(f, KM_USAGE, NULL, "the path of the data directory is too long");
    KM_TRY(open_keys(n, keys, f));
    KM_TRY(open_audit(n, audit, f));
    KM_TRY(open_whos(n, keys, f));
    km_trust_options o = { .open = n->config->open,
                           .token_file = token,
                           .random = n->random,
                           .log = n->log,
                           .whos = n->whos,
                           .audit = n->audit,
                           .local_source = n->local_source,
                           .views = &views };
    n->providers = km_providers_new(n->log);
    n->cards = open_cards(n);
    return km_trust_open(&n->trust, &o, f);
}

void km_node__close_trust(km_node *n)
{
    km_fault none = { 0 };
    km_providers_free(n->providers);
    km_cards_free(n->cards);
    km_node__close_watch(n);
    if (n->trust != NULL)
        km_trust_close(n->trust);
    km_whos_close(n->whos);
    if (n->audit != NULL)
        (void)km_audit_close(n->audit, &none);
    if (n->keys != NULL)
        km_keys_close(n->keys);
}

/* Names of the parameters asked for: those with a value of a person's are never told. */
static void name_query(km_asked *out, const km_request *r)
{
    km_str *name = KM_NEW_ARRAY(r->call.arena, r->queries + 1, km_str);
    for (size_t i = 0; i < r->queries; i++)
        name[i] = km_str_cut(km_str_cut(r->query[i].name, '=', &(km_str){ 0 }), '?',
                             &(km_str){ 0 });
    out->query = name;
    out->queries = r->queries;
}

/* Who asks, as a number for the rate: the person at this app, else the name; who is nobody has the
 * rate of the address alone. The server mixes it with a secret of its own. */
static uint64_t key_of(const km_caller *c)
{
    static const km_sipkey fixed = { 0x6b756d6968696d6f, 1 };
    const km_who *w = c->who;
    const km_str part[] = { w ? w->issuer : c->name, w ? w->subject : KM_STR_NONE,
                            w ? w->client : KM_STR_NONE };
    if (w == NULL && (c->name.n == 0 || km_str_is(c->name, "nobody")))
        return 0;
    uint64_t sum = 0;
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        sum = sum * 31 + km_siphash(fixed, part[i].p, part[i].n);
    return sum;
}

km_code km_admit(km_request *r)
{
    km_caller *caller;
    km_node *n = km_request_node(r);
    km_credentials c = { .authorization = km_request_header(r, "Authorization"),
                         .session = km_request_cookie(r, km_session_cookie(r->tls)),
                         .certificate = r->peer_certificate,
                         .certificate_verified = r->peer_verified };
    km_asked asked = { .route = r->route->pattern,
                       .request = km_str_of(r->id),
                       .address = km_str_of(r->peer) };
    name_query(&asked, r);
    KM_TRY(km_node__stamped(n, r->route->policy, r->call.fault));
    KM_TRY(km_trust_admit(&caller, n->trust, r->route->policy, &c, &asked, &r->call));
    KM_TRY(km_trust_source(&caller->source, n->trust, r->route->policy, &r->call));
    r->caller_key = key_of(caller);
    return KM_OK;
}
