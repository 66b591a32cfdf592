/* SPDX-License-Identifier: Apache-2.0
 *
 * Every route, asked by every role, in every state of consent, from outside. What came back (the
 * status, and which of three records shone through) is compared with one table, which this program
 * writes when KM_MATRIX_WRITE names a file. Beside the table stands a rule that needs none: whoever
 * may not see a record sees nothing of it, whatever the route.
 *
 * A hospital (Organization/h) keeps two people, p and q; a clinic (Organization/c) treats p. Of p
 * there is an ordinary record and one labelled PSY; of q one. Each holds a word of its own.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "codec/json/json.h"
#include "node.h"
#include "wire.h"

enum { ROLES = 32, ROUTES = 256, STATES = 5, TRIES = 12 };
#define TABLE "tests/api/matrix.tsv"
#define ACT_CODE "http://terminology.hl7.org/CodeSystem/v3-ActCode"

typedef struct world {
    api_node node;
    km_arena *a; /* for the whole test */
    km_arena *scratch;
    km_fault f;
    size_t roles, routes;
    km_str role[ROLES], token[ROLES], method[ROUTES], pattern[ROUTES];
    km_str operators, hospital;
    km_buf table;
    int wrong;
} world;

static const char *const state_name[STATES] = { "none", "opted-in", "psy-named", "but-clinic",
                                                "withdrawn" };

/* What each record's word is, and its letter in the table. */
static const struct {
    char letter;
    const char *word;
} marks[] = { { 'o', "marigold" }, { 's', "sunflower" }, { 'x', "chrysanthemum" } };

/* Who may see which of them: the rule beside the table. Rows are roles; a state that is not named
 * has the letters of "*". */
static const struct {
    const char *role, *state, *letters;
} may[] = {
    { "operator", "*", "osx" },
    { "citizen", "*", "os" },
    { "proxy", "*", "os" },
    { "clinician", "opted-in", "o" },
    { "clinician", "psy-named", "os" },
    { "pharmacist", "opted-in", "o" },
    { "pharmacist", "psy-named", "os" },
    { "emergency", "opted-in", "o" },
    { "emergency", "psy-named", "os" },
    { "care_worker", "opted-in", "o" },
    { "care_worker", "psy-named", "os" },
};

static void must(world *w, km_code rc)
{
    if (rc != KM_OK)
        fail_msg("%s at %s: %s", km_code_name(rc), w->f.path, w->f.detail);
}

static const char *letters_of(km_str role, const char *state)
{
    for (size_t i = 0; i < sizeof may / sizeof *may; i++)
        if (km_str_is(role, may[i].role)
            && (strcmp(may[i].state, "*") == 0 || strcmp(may[i].state, state) == 0))
            return may[i].letters;
    return "";
}

/* --- asking --- */

static api_reply ask(world *w, km_str token, km_str method, km_str target, km_str body)
{
    api_reply r = { 0 };
    km_buf headers = km_buf_in(w->scratch);
    if (token.n > 0)
        km_buf_print(&headers, "Authorization: Bearer %.*s\n", KM_STR_ARG(token));
    if (body.n > 0)
        km_buf_z(&headers, "Content-Type: application/fhir+json\n");
    must(w,
         api_send(&r, w->scratch, w->node.port, method, target, km_buf_str(&headers), body, &w->f));
    return r;
}

static void put(world *w, const char *target, const char *json)
{
    api_reply r = ask(w, w->hospital, KM_STR("PUT"), km_str_of(target), km_str_of(json));
    if (r.status != 200 && r.status != 201)
        fail_msg("PUT %s: %d %.*s", target, r.status, KM_STR_ARG(r.body));
    km_arena_reset(w->scratch);
}

static void put_condition(world *w, const char *id, const char *person, const char *word,
                          const char *security)
{
    put(w, km_arena_print(w->scratch, "/fhir/Condition/%s", id).p,
        km_arena_print(w->scratch,
                       "{\"resourceType\":\"Condition\",\"id\":\"%s\"%s,\"subject\":{\"reference\":"
                       "\"Patient/%s\"},\"recordedDate\":\"2024-05-05\",\"code\":{\"coding\":[{"
                       "\"system\":\"urn:flowers\",\"code\":\"%s\"}],\"text\":\"%s\"}}",
                       id, security, person, word, word)
            .p);
}

static void consent(world *w, int state)
{
    static const char *const provision[STATES] = {
        NULL, "{\"provision\":[{\"type\":\"permit\"}]}",
        "{\"provision\":[{\"type\":\"permit\",\"provision\":[{\"type\":\"permit\","
        "\"securityLabel\":[{\"system\":\"" ACT_CODE "\",\"code\":\"PSY\"}]}]}]}",
        "{\"provision\":[{\"type\":\"permit\",\"provision\":[{\"type\":\"deny\",\"actor\":[{"
        "\"role\":{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
        "v3-ParticipationType\",\"code\":\"IRCP\"}]},\"reference\":{\"reference\":"
        "\"Organization/c\"}}]}]}]}",
        "{}"
    };
    if (provision[state] == NULL)
        return;
    bool empty = strcmp(provision[state], "{}") == 0;
    put(w, "/fhir/Consent/consent",
        km_arena_print(w->scratch,
                       "{\"resourceType\":\"Consent\",\"id\":\"consent\",\"status\":\"active\","
                       "\"scope\":{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/"
                       "consentscope\",\"code\":\"patient-privacy\"}]},\"category\":[{\"coding\":[{"
                       "\"system\":\"http://loinc.org\",\"code\":\"59284-0\"}]}],\"patient\":{"
                       "\"reference\":\"Patient/p\"},\"dateTime\":\"2024-01-01T00:00:00Z\","
                       "\"organization\":[{\"reference\":\"Organization/network\"}],"
                       "\"policyRule\":{\"coding\":[{\"system\":\"" ACT_CODE
                       "\",\"code\":\"OPTIN\"}]}%s%s}",
                       empty ? "" : ",\"provision\":", empty ? "" : provision[state])
            .p);
}

/* --- the world --- */

static km_str command_token(world *w, const char *arguments)
{
    api_reply r;
    must(w, api_node_run(&r, &w->node, w->a,
                         km_arena_print(w->a, "token --data %s/node %s", w->node.dir, arguments),
                         &w->f));
    if (r.status != 0)
        fail_msg("token %s: %.*s", arguments, KM_STR_ARG(r.body));
    return km_str_trim(r.body);
}

/* Whom a token of the role is for. */
static km_str role_token(world *w, km_str role)
{
    const char *whom = "--organisation Organization/c";
    if (km_str_is(role, "nobody"))
        return KM_STR_NONE;
    if (km_str_is(role, "operator"))
        return w->operators;
    if (km_str_is(role, "citizen"))
        whom = "--person Patient/p";
    if (km_str_is(role, "proxy"))
        whom = "--person Patient/p";
    return command_token(w, km_arena_print(w->a, "--role %.*s %s", KM_STR_ARG(role), whom).p);
}

static void read_table_of_permissions(world *w)
{
    api_reply r;
    km_json *doc;
    must(w, api_node_run(&r, &w->node, w->a, KM_STR("permissions --json"), &w->f));
    must(w, km_json_parse(&doc, w->a, r.body, NULL, &w->f));
    km_jv root = km_json_root(doc);
    for (km_jv_iter i = km_jv_each(KM_JV_GET(root, "roles")); km_jv_next(&i);)
        w->role[w->roles++] = km_jv_str(KM_JV_GET(i.value, "name"));
    for (km_jv_iter i = km_jv_each(KM_JV_GET(root, "routes")); km_jv_next(&i);) {
        assert_true(w->routes < ROUTES);
        w->method[w->routes] = km_jv_str(KM_JV_GET(i.value, "method"));
        w->pattern[w->routes++] = km_jv_str(KM_JV_GET(i.value, "pattern"));
    }
    assert_true(w->roles > 10 && w->routes > 30);
}

static void fill(world *w)
{
    static const char number[] = "\"identifier\":[{\"system\":\"urn:oid:1.2.392.100495.20.3.61."
                                 "06050116\",\"value\":\"%s\"}],"
                                 "\"birthDate\":\"2018-06-01\"";
    for (int i = 0; i < 2; i++) {
        km_buf json = km_buf_in(w->scratch);
        km_buf_print(&json, "{\"resourceType\":\"Patient\",\"id\":\"%c\",", "pq"[i]);
        km_buf_print(&json, number, i == 0 ? "1" : "2");
        km_buf_print(&json, ",\"name\":[{\"text\":\"%c\"}]}", "pq"[i]);
        km_str text = km_arena_copy(w->a, km_buf_str(&json));
        put(w, i == 0 ? "/fhir/Patient/p" : "/fhir/Patient/q", km_arena_z(w->a, text));
    }
    put_condition(w, "open", "p", marks[0].word, "");
    put_condition(w, "psy", "p", marks[1].word,
                  ",\"meta\":{\"security\":[{\"system\":\"" ACT_CODE "\",\"code\":\"PSY\"}]}");
    put_condition(w, "other", "q", marks[2].word, "");
    put(w, "/fhir/Encounter/e",
        "{\"resourceType\":\"Encounter\",\"id\":\"e\",\"status\":\"in-progress\",\"class\":{"
        "\"code\":\"AMB\"},\"subject\":{\"reference\":\"Patient/p\"},\"serviceProvider\":{"
        "\"identifier\":{\"system\":\"urn:places\",\"value\":\"clinic\"}}}");
}

/* The clinic has a chart of p, so that it treats p. */
static void treat(world *w)
{
    km_str clinic = command_token(w, "--role clinician --organisation Organization/c");
    api_reply r = ask(
        w, clinic, KM_STR("PUT"), KM_STR("/fhir/Patient/k"),
        KM_STR("{\"resourceType\":\"Patient\",\"id\":\"k\",\"identifier\":[{\"system\":"
               "\"urn:oid:1.2.392.100495.20.3.61.06050116\",\"value\":\"1\"}]}"));
    assert_int_equal(r.status, 201);
}

static void open_world(world *w)
{
    memset(w, 0, sizeof *w);
    w->a = km_arena_new((size_t)1 << 28);
    w->scratch = km_arena_new((size_t)1 << 28);
    w->table = km_buf_in(w->a);
    must(w, api_node_make(&w->node, &w->f));
    must(w,
         api_node_start(&w->node, w->a,
                        KM_STR("--demo --references report --rate-peer 0 --rate-caller 0"), &w->f));
    must(w, api_read_file(&w->operators, w->a,
                          km_arena_print(w->a, "%s/node/keys/token", w->node.dir).p, &w->f));
    w->operators = km_str_trim(w->operators);
    w->hospital = command_token(w, "--role clinician --organisation Organization/h");
    read_table_of_permissions(w);
    for (size_t i = 0; i < w->roles; i++)
        w->token[i] = role_token(w, w->role[i]);
    fill(w);
    treat(w);
}

/* --- one route --- */

typedef struct filling {
    const char *type, *id;
} filling;

/* What stands in a pattern's place. Requests that change something aim at what is not there. */
static void fill_pattern(km_buf *out, km_str pattern, const filling *with, bool changes)
{
    for (size_t i = 0; i < pattern.n; i++) {
        if (pattern.p[i] != '{') {
            km_buf_char(out, pattern.p[i]);
            continue;
        }
        size_t end = i;
        while (pattern.p[end] != '}')
            end++;
        km_str name = km_str_sub(pattern, i + 1, end - i - 1);
        if (km_str_is(name, "type"))
            km_buf_z(out, with->type);
        else if (km_str_is(name, "id"))
            km_buf_z(out, changes ? "nothing" : with->id);
        else if (km_str_is(name, "member"))
            km_buf_z(out, "Condition");
        else if (km_str_is(name, "event*"))
            km_buf_print(out, "%s:%s", with->type, with->id);
        else
            km_buf_z(out, "1");
        i = end;
    }
}

static bool holds(km_str text, const char *word)
{
    return text.n > 0 && memmem(text.p, text.n, word, strlen(word)) != NULL;
}

typedef struct cell {
    int status;
    char seen[8];
} cell;

static void look(world *w, cell *c, size_t role, size_t route, const filling *with,
                 const char *query)
{
    km_str method = w->method[route];
    bool get = km_str_is(method, "GET");
    bool search = w->pattern[route].n > 8
                  && km_str_is(
                      km_str_sub(w->pattern[route], w->pattern[route].n - 8, w->pattern[route].n),
                      "/_search");
    km_buf target = km_buf_in(w->scratch);
    fill_pattern(&target, w->pattern[route], with, !get && !search);
    km_buf_z(&target, query);
    api_reply r = ask(w, w->token[role], method, km_buf_str(&target),
                      get || search ? KM_STR_NONE : KM_STR("{}"));
    c->status = r.status > c->status ? r.status : c->status;
    for (size_t m = 0; m < sizeof marks / sizeof *marks; m++)
        if ((holds(r.body, marks[m].word) || holds(r.headers, marks[m].word))
            && strchr(c->seen, marks[m].letter) == NULL)
            c->seen[strlen(c->seen)] = marks[m].letter;
    km_arena_reset(w->scratch);
}

static bool skipped(km_str pattern)
{
    /* A stream without an end. */
    return holds(pattern, "/stream");
}

static void walk(world *w, int state)
{
    static const filling with[] = { { "Condition", "open" },
                                    { "Condition", "psy" },
                                    { "Condition", "other" },
                                    { "Patient", "p" },
                                    { "Patient", "q" } };
    static const char *const queries[] = { "?_include=*&_revinclude=*", "?_sort=code" };
    static const char span[] = "?from=2024-01-01&to=2024-12-31";
    for (size_t route = 0; route < w->routes; route++) {
        if (skipped(w->pattern[route]))
            continue;
        km_buf_print(&w->table, "%s\t%.*s\t%.*s", state_name[state], KM_STR_ARG(w->method[route]),
                     KM_STR_ARG(w->pattern[route]));
        bool varied = holds(w->pattern[route], "{");
        bool find = km_str_is(w->method[route], "GET") && holds(w->pattern[route], "/fhir");
        for (size_t role = 0; role < w->roles; role++) {
            cell c = { 0 };
            for (size_t i = 0; i < (varied ? sizeof with / sizeof *with : 1); i++)
                look(w, &c, role, route, &with[i], "");
            for (size_t i = 0; find && i < 2; i++)
                look(w, &c, role, route, &with[3 * i], queries[i]);
            if (holds(w->pattern[route], "/events"))
                look(w, &c, role, route, &with[0], span);
            const char *allowed = letters_of(w->role[role], state_name[state]);
            for (const char *s = c.seen; *s != '\0'; s++)
                if (strchr(allowed, *s) == NULL) {
                    print_error("%s: %.*s by %.*s shows %c\n", state_name[state],
                                KM_STR_ARG(w->pattern[route]), KM_STR_ARG(w->role[role]), *s);
                    w->wrong++;
                }
            km_buf_print(&w->table, "\t%d%s%s", c.status / 100, c.seen[0] ? " " : "", c.seen);
        }
        km_buf_char(&w->table, '\n');
    }
}

static void compare(world *w)
{
    km_str expected, got = km_buf_str(&w->table);
    const char *write = getenv("KM_MATRIX_WRITE");
    if (write != NULL) {
        FILE *f = fopen(write, "w");
        assert_non_null(f);
        assert_int_equal(fwrite(got.p, 1, got.n, f), got.n);
        fclose(f);
        return;
    }
    must(w, api_read_file(&expected, w->a, TABLE, &w->f));
    for (int line = 1; expected.n > 0 || got.n > 0; line++) {
        km_str e = km_str_cut(expected, '\n', &expected), g = km_str_cut(got, '\n', &got);
        if (km_str_eq(e, g))
            continue;
        print_error("line %d: expected %.*s\n             got %.*s\n", line, KM_STR_ARG(e),
                    KM_STR_ARG(g));
        w->wrong++;
    }
}

static void every_route_answers_every_role_as_the_table_says(void **state)
{
    world *w = calloc(1, sizeof *w);
    (void)state;
    assert_non_null(w);
    open_world(w);
    km_buf_z(&w->table, "# What each role got, by state of consent and route: the first digit of "
                        "the highest status, and the records that\n# shone through. Written by "
                        "test_api_matrix with KM_MATRIX_WRITE=tests/api/matrix.tsv; read what "
                        "changes.\nconsent\tmethod\troute");
    for (size_t i = 0; i < w->roles; i++)
        km_buf_print(&w->table, "\t%.*s", KM_STR_ARG(w->role[i]));
    km_buf_char(&w->table, '\n');
    for (int s = 0; s < STATES; s++) {
        consent(w, s);
        walk(w, s);
    }
    compare(w);
    int wrong = w->wrong;
    must(w, api_node_stop(&w->node, &w->f));
    api_node_free(&w->node, false);
    km_arena_free(w->scratch);
    km_arena_free(w->a);
    free(w);
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_answers_every_role_as_the_table_says),
    };
    if (getenv("KUMIHIMO") == NULL)
        return 77;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
