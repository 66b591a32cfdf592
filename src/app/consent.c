/* SPDX-License-Identifier: Apache-2.0
 *
 * consent: the verb that answers test vectors, and puts a consent into words.
 */
#include <errno.h>
#include <stdlib.h>

#include "app/inside.h"
#include "codec/fhir/fhir.h"
#include "trust/consent/consent.h"

enum { LONGEST = 64 << 20 };

static int usage(const char *what)
{
    fprintf(stderr, "kumihimo consent: %s\nkumihimo consent --help\n", what);
    return KM_EXIT_USAGE;
}

static int unread(const char *path)
{
    fprintf(stderr, "kumihimo consent: %s: %s\n", path, strerror(errno));
    return KM_EXIT_STORE;
}

static km_code decide_line(km_arena *a, km_str text, int64_t number, km_fault *f)
{
    km_json *doc;
    km_consent_case c;
    km_decision d;
    KM_TRY(km_json_parse(&doc, a, text, NULL, f));
    km_jv line = km_json_root(doc), n = KM_JV_GET(line, "n");
    KM_TRY(km_consent_read_case(&c, a, line, f));
    if (km_jv_kind(n) != KM_JSON_NONE && !km_str_to_i64(&number, km_jv_str(n)))
        return km_fail(f, KM_BAD_VALUE, "n", "an integer");
    km_consent_decide(&d, &c.request, &c.network, c.consent, c.consents);
    printf("{\"n\":%lld,\"decision\":\"%s\",\"reason\":\"%s\"}\n", (long long)number,
           km_consent_answer_code(d.answer), km_consent_reason_code(d.reason));
    return KM_OK;
}

/* Every good line is answered; a bad one is told by its number and the verb fails. */
static int decide(const km_args *a)
{
    const char *path = a->option(a, "vectors");
    if (path == NULL || a->words != 1)
        return usage("say which: consent decide --vectors FILE.jsonl");
    FILE *in = fopen(path, "r");
    if (in == NULL)
        return unread(path);
    km_arena *arena = km_arena_new(KM_ARENA_CAP_DEFAULT);
    char *line = NULL;
    size_t room = 0;
    int rc = KM_EXIT_DONE;
    ssize_t n;
    for (long long number = 1; (n = getline(&line, &room, in)) >= 0; number++) {
        km_fault fault = { 0 };
        km_str text = km_str_trim((km_str){ line, (size_t)n });
        km_arena_reset(arena);
        if (text.n == 0 || decide_line(arena, text, number - 1, &fault) == KM_OK)
            continue;
        fprintf(stderr, "kumihimo consent: line %lld: %s%s%s%s%s\n", number,
                km_code_sentence(fault.code), fault.path[0] ? ": " : "", fault.path,
                fault.detail[0] ? ": " : "", fault.detail);
        rc = KM_EXIT_REFUSED;
    }
    if (ferror(in))
        rc = unread(path);
    free(line);
    km_arena_free(arena);
    fclose(in);
    return rc;
}

static km_code explain_one(km_buf *out, km_arena *a, km_jv consent, const char *lang, km_fault *f)
{
    km_consent c;
    KM_TRY(km_fhir_check(consent, f));
    KM_TRY(km_consent_compile(&c, a, consent, f));
    km_consent_explain(out, c, lang);
    return KM_OK;
}

/* A Consent, or the Consents of a Bundle. */
static km_code explain_text(km_buf *out, km_arena *a, km_str text, const char *lang, km_fault *f)
{
    km_json *doc;
    bool any = false;
    KM_TRY(km_json_parse(&doc, a, text, NULL, f));
    km_jv root = km_json_root(doc);
    if (!km_str_is(km_jv_text(root, "resourceType"), "Bundle"))
        return explain_one(out, a, root, lang, f);
    for (km_jv_iter i = km_jv_each(KM_JV_GET(root, "entry")); km_jv_next(&i);) {
        km_jv resource = KM_JV_GET(i.value, "resource");
        if (!km_str_is(km_jv_text(resource, "resourceType"), "Consent"))
            continue;
        any = true;
        KM_TRY(explain_one(out, a, resource, lang, f));
    }
    return any ? KM_OK : km_fail(f, KM_INVALID, "Bundle.entry", "no Consent in it");
}

static km_code read_all(km_str *out, km_arena *a, FILE *in, km_fault *f)
{
    km_buf all = km_buf_in(a);
    size_t n;
    do {
        km_buf_reserve(&all, 1 << 16);
        n = fread(all.p + all.n, 1, 1 << 16, in);
        all.n += n;
        if (all.n > LONGEST)
            return km_fail(f, KM_TOO_LONG, NULL, NULL);
    } while (n > 0);
    *out = km_buf_str(&all);
    return ferror(in) ? km_fail(f, KM_IO, NULL, "reading") : KM_OK;
}

static int explain(const km_args *a)
{
    km_fault fault = { 0 };
    km_str text;
    if (a->words != 2)
        return usage("say which: consent explain FILE");
    const char *lang = km_app__in_english(a->option(a, "lang")) ? "en" : "ja";
    FILE *in = fopen(a->word[1], "rb");
    if (in == NULL)
        return unread(a->word[1]);
    km_fhir_load();
    km_arena *arena = km_arena_new((size_t)8 * LONGEST);
    km_buf out = km_buf_in(arena);
    km_code rc = read_all(&text, arena, in, &fault);
    if (rc == KM_OK)
        rc = explain_text(&out, arena, text, lang, &fault);
    if (rc == KM_OK)
        printf("%.*s", KM_STR_ARG(km_buf_str(&out)));
    else
        km_app__tell(a->config, "consent", &fault);
    km_arena_free(arena);
    fclose(in);
    return km_app__exit_code(rc);
}

int km_app__consent(const km_args *a, km_node *n)
{
    (void)n;
    if (a->words > 0 && strcmp(a->word[0], "decide") == 0)
        return decide(a);
    if (a->words > 0 && strcmp(a->word[0], "explain") == 0)
        return explain(a);
    return usage("decide or explain");
}
