/* SPDX-License-Identifier: Apache-2.0
 * fuzz: trust/consent
 *
 * consent: a FHIR Consent, a compact case or compiled bytes. Whatever compiles loads, is decided
 * without a trouble, is told in words, and its chart answer is not contradicted by its record.
 * Compiled bytes come with any digest: it is made right first, so that the numbers behind it are
 * what is tried.
 */
#include <stdlib.h>

#include "codec/fhir/fhir.h"
#include "trust/consent/consent.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static const km_str who[] = { KM_STR_INIT("Practitioner/1"), KM_STR_INIT("prac:1"),
                              KM_STR_INIT("role:physician") };
static const km_str labels[] = { KM_STR_INIT("PSY") };

static void use(km_arena *a, km_consent c)
{
    km_consent loaded;
    km_consent_answer all;
    km_decision d;
    unsigned char sum[KM_SHA256_LEN];
    km_buf out = km_buf_in(a);
    must(km_consent_load(&loaded, (km_str){ (const char *)c.p, c.n }, NULL) == KM_OK);
    const km_consent_network n = { .id = KM_STR("Organization/n1"), .basis = KM_BASIS_OPT_OUT };
    km_consent_request r = { .passed = KM_ASK_ALL,
                             .related = true,
                             .now = INT64_MAX,
                             .actor = who,
                             .actors = 3,
                             .network = n.id,
                             .action = KM_STR("access"),
                             .purpose = KM_STR("TREAT"),
                             .unknown = KM_FACTS,
                             .klass = KM_STR("Observation"),
                             .time = 1000,
                             .label = labels };
    const km_consent twice[] = { c, loaded };
    km_consent_parts parts = km_consent_chart(&all, &r, &n, twice, 2);
    for (size_t l = 0; l < 2; l++) {
        r.unknown = 0;
        r.labels = l;
        km_consent_decide(&d, &r, &n, twice, 2);
        must(parts != KM_PARTS_NONE || d.answer == KM_DENY);
        must(parts != KM_PARTS_ALL || d.answer == all);
    }
    r.purpose = KM_STR("ETREAT");
    r.grant = KM_GRANT_MINIMUM;
    km_consent_decide(&d, &r, &n, twice, 2);
    km_consent_snapshot(sum, &r, &n, twice, 2);
    km_consent_explain(&out, c, "ja");
}

static void compiled(km_arena *a, const uint8_t *bytes, size_t n)
{
    enum { DIGEST = 8, REST = DIGEST + KM_SHA256_LEN };
    km_consent c;
    if (n < REST)
        return;
    char *p = malloc(n);
    must(p != NULL);
    memcpy(p, bytes, n);
    km_sha256((unsigned char *)p + DIGEST, p + REST, n - REST);
    if (km_consent_load(&c, (km_str){ p, n }, NULL) == KM_OK)
        use(a, c);
    free(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    km_json *doc;
    km_consent c;
    km_consent_case line;
    km_decision d;
    km_arena *a = km_arena_new((size_t)32 << 20);
    km_fhir_load();
    compiled(a, bytes, n);
    if (km_json_parse(&doc, a, (km_str){ (const char *)bytes, n }, NULL, NULL) == KM_OK) {
        km_jv root = km_json_root(doc);
        if (km_consent_compile(&c, a, root, NULL) == KM_OK)
            use(a, c);
        if (km_consent_compile_compact(&c, a, root, NULL) == KM_OK)
            use(a, c);
        if (km_consent_read_case(&line, a, root, NULL) == KM_OK)
            km_consent_decide(&d, &line.request, &line.network, line.consent, line.consents);
    }
    km_arena_free(a);
    return 0;
}
