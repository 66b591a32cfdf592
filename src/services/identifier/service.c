/* SPDX-License-Identifier: Apache-2.0
 *
 * service: the routes of identifiers and of cases, and the verb.
 */
#include "services/identifier/identifier.h"

static const km_policy enrolling = { "identity.enrol", KM_AUDIT_CREATE };
static const km_policy using = { "identity.use", KM_AUDIT_READ };
static const km_policy translating = { "identity.use", KM_AUDIT_DISCLOSURE };
static const km_policy managing = { "identity.manage", KM_AUDIT_JOB };
static const km_policy deciding = { "cases.use", KM_AUDIT_CASE };

static const km_http_route routes[] = {
    { "POST", "/id/enrol", km_identifier__enrol, 0, &enrolling, NULL, NULL },
    { "POST", "/id/find", km_identifier__find, 0, &enrolling, NULL, NULL },
    { "POST", "/id/proofs", km_identifier__proofs, 0, &enrolling, NULL, NULL },
    { "POST", "/id/merge", km_identifier__merge, 0, &enrolling, NULL, NULL },
    { "POST", "/id/resolve", km_identifier__resolve, 0, &using, NULL, NULL },
    { "POST", "/id/issue", km_identifier__issue, 0, &using, NULL, NULL },
    { "POST", "/id/translate", km_identifier__translate, 0, &translating, NULL, NULL },
    { "POST", "/id/permits/{release}/link", km_identifier__link, 0, &translating, NULL, NULL },
    { "POST", "/id/events", km_identifier__events, 0, &using, NULL, NULL },
    { "POST", "/id/events/answer", km_identifier__answer, 0, &using, NULL, NULL },
    { "POST", "/id/rekey/feed", km_identifier__feed, 0, &using, NULL, NULL },
    { "POST", "/id/rekey/applied", km_identifier__applied, 0, &using, NULL, NULL },
    { "POST", "/id/rekey", km_identifier__rekey, 0, &managing, NULL, NULL },
    { "POST", "/id/holders", km_identifier__hold, 0, &managing, NULL, NULL },
    { "GET", "/id/domains", km_identifier__domains, 0, &managing, NULL, NULL },
    { "GET", "/id/permits", km_identifier__permits, 0, &managing, NULL, NULL },
    { "GET", "/id/open-answers", km_identifier__open_answers, 0, &managing, NULL, NULL },
    { "POST", "/id/revoke", km_identifier__revoke, 0, &deciding, NULL, NULL },
    { "GET", "/id/cases", km_identifier__cases_list, 0, &deciding, NULL, NULL },
    { "POST", "/id/cases", km_identifier__propose, 0, &deciding, NULL, NULL },
    { "GET", "/id/cases/{case}", km_identifier__case, 0, &deciding, NULL, NULL },
    { "POST", "/id/cases/{case}/confirm", km_identifier__confirm, 0, &deciding, NULL, NULL },
    { "POST", "/id/cases/{case}/refuse", km_identifier__refuse, 0, &deciding, NULL, NULL },
    { "POST", "/id/cases/{case}/carry-out", km_identifier__carry, 0, &deciding, NULL, NULL },
    { 0 }
};

/* --- kumihimo identifiers domains | rekey DOMAIN --- */

static km_code list_domains(km_persons *p, km_call *call)
{
    km_domain_row *d;
    size_t n;
    KM_TRY(km_persons_domains(&d, &n, p, call));
    for (size_t i = 0; i < n; i++)
        printf("{\"domain\":\"%.*s\",\"code\":%u,\"class\":\"%.*s\",\"keyVersion\":%u}\n",
               KM_STR_ARG(d[i].domain.uri), (unsigned)d[i].domain.code, KM_STR_ARG(d[i].class_name),
               d[i].domain.kv);
    return KM_OK;
}

static km_code rekey_all(km_persons *p, km_str domain, km_call *call)
{
    int64_t done, left = 1, all = 0;
    while (left > 0) {
        if (km_stop_asked())
            return km_fail(call->fault, KM_CANCELLED, NULL, "goes on where it stopped");
        KM_TRY(km_persons_rekey(&done, &left, p, domain, 1000, call));
        all += done;
    }
    printf("{\"domain\":\"%.*s\",\"replaced\":%lld}\n", KM_STR_ARG(domain), (long long)all);
    return KM_OK;
}

static int run(const km_args *a, km_node *n)
{
    km_own_call own;
    km_persons *p;
    bool list = a->words == 1 && strcmp(a->word[0], "domains") == 0;
    bool rekey = a->words == 2 && strcmp(a->word[0], "rekey") == 0;
    if (!list && !rekey) {
        fprintf(stderr, "kumihimo identifiers: domains, or rekey DOMAIN\n");
        return KM_EXIT_USAGE;
    }
    km_own_call_open(&own, n, "job:identifiers", KM_ARENA_CAP_DEFAULT);
    km_code rc = km_node_persons(&p, n, &own.fault);
    if (rc == KM_OK)
        rc = list ? list_domains(p, &own.call) : rekey_all(p, km_str_of(a->word[1]), &own.call);
    if (rc != KM_OK)
        fprintf(stderr, "kumihimo identifiers: %s: %s\n", km_code_sentence(rc), own.fault.detail);
    km_own_call_close(&own);
    return rc == KM_OK ? KM_EXIT_DONE : KM_EXIT_REFUSED;
}

static const km_command commands[] = {
    { "identifiers", "domains | rekey DOMAIN",
      "domains of identifiers; give every identifier of a domain its successor after new keys",
      "識別子のドメインの一覧、鍵を替えたドメインの識別子の置き換え",
      "  kumihimo identifiers --data demo/node domains\n"
      "  kumihimo identifiers --data demo/node rekey urn:kumihimo:dom:care:net-0001",
      NULL, 0, run },
    { 0 }
};

const km_service km_service_identifier = { .name = "identifier",
                                           .routes = routes,
                                           .commands = commands };
