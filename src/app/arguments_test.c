/* SPDX-License-Identifier: Apache-2.0
 *
 * The command line: what is a verb, an option, a word; what each verb says of itself, in both
 * languages; and how a verb's end becomes an exit code.
 */
#include "platform/node_test.h"

#include "app/inside.h"
#include "gateways/fhir/fhir.h"
#include "gateways/files/files.h"
#include "services/sharing/sharing.h"

/* A verb that tells what it was given. */
static int echo(const km_args *a, km_node *n)
{
    const char *mode = a->option(a, "mode"), *list = a->option(a, "references");
    assert_null(n);
    printf("data=%s quiet=%d json=%d open=%d checked=%d mode=%s list=%s", a->config->data_dir,
           a->config->quiet, a->config->json, a->config->open, a->config->references_checked,
           mode ? mode : "-", list ? list : "-");
    for (size_t i = 0; i < a->words; i++)
        printf(" [%s]", a->word[i]);
    return (int)(a->words > 0 && strcmp(a->word[0], "seven") == 0 ? 7 : 0);
}

static int opened(const km_args *a, km_node *n)
{
    (void)a;
    assert_non_null(n);
    return KM_EXIT_REFUSED;
}

static const km_option echo_options[] = { { "mode", "MODE", "what", "何" },
                                          { "open", NULL, "open", "開く" },
                                          { "references", "check|report", "references", "参照" },
                                          { 0 } };

static const km_command commands[] = {
    { "echo", "WORD...", "say it", "言う", "  kumihimo echo x", echo_options, KM_NO_NODE, echo },
    { "bare", NULL, "no words", "語なし", "  kumihimo bare", NULL, KM_NO_NODE, echo },
    { "opened", NULL, "with a node", "ノードで", "  kumihimo opened", NULL, 0, opened },
    { 0 }
};

static const km_service own = { .name = "own", .commands = commands };
static const km_service *const own_services[] = { &own, NULL };
static const km_service *const all_services[] = { &km_app_node, &km_gateway_fhir, &km_gateway_files,
                                                  &km_service_sharing, NULL };

/* What one run says on the stream; the words are cut at spaces. */
static int run(km_str *said, FILE *stream, km_arena *a, const km_service *const *services,
               const char *line)
{
    char *word[32];
    int n = 0;
    km_str one;
    word[n++] = (char *)(uintptr_t) "kumihimo";
    for (km_str left = km_str_of(line); left.n > 0;) {
        one = km_str_cut(left, ' ', &left);
        word[n++] = (char *)(uintptr_t)km_arena_print(a, "%.*s", KM_STR_ARG(one)).p;
    }
    word[n] = NULL;
    km_test_words words = km_test_listen(stream);
    int rc = km_app_run(n, word, services);
    *said = km_test_heard(&words, a);
    return rc;
}

static void check(const char *line, int rc, FILE *stream, const char *wanted)
{
    km_arena *a = km_arena_new(1 << 20);
    km_str said;
    int got = run(&said, stream, a, own_services, line);
    if (got != rc || !km_test_says(said, wanted))
        fail_msg("kumihimo %s: %d, `%.*s`", line, got, KM_STR_ARG(said));
    km_arena_free(a);
}

static void options_and_words_may_mix(void **state)
{
    (void)state;
    check("echo", 0, stdout, "data=data-dir quiet=0 json=0 open=0 checked=1 mode=- list=-");
    check("echo a --mode x b", 0, stdout, "mode=x list=- [a] [b]");
    check("echo --mode=x=y --data d", 0, stdout, "data=d quiet=0 json=0 open=0 checked=1 mode=x=y");
    check("echo --quiet --json --open", 0, stdout, "quiet=1 json=1 open=1");
    check("echo --references=report", 0, stdout, "checked=0 mode=- list=report");
    check("echo --references check", 0, stdout, "checked=1 mode=- list=check");
    check("echo --mode one --mode two", 0, stdout, "mode=two");
    check("echo -- --mode -- a", 0, stdout, " [--mode] [--] [a]");
    check("echo - -x", 0, stdout, " [-] [-x]");
    check("echo seven", 7, stdout, " [seven]");
}

static void what_is_not_known_is_wrong_usage_and_named(void **state)
{
    static const char *const wrong[][2] = {
        { "frob", "frob" },
        { "echo --frob", "unknown option: --frob" },
        { "echo --frob=1", "unknown option: --frob=1" },
        { "echo --mod x", "unknown option" }, /* nothing is guessed */
        { "echo --mode", "needs a value: --mode" },
        { "echo --mode=", "needs a value: --mode=" },
        { "echo --mode --json", "needs a value: --mode" },
        { "echo --data", "needs a value: --data" },
        { "echo --open=no", "takes no value: --open=no" },
        { "echo --json=1", "takes no value" },
        { "echo --references never", "check|report: --references" },
        { "echo --references=chec", "check|report" },
        { "echo --references=check|report", "check|report" },
        { "echo --lang fr", "ja|en" },
        { "bare word", "takes no words: word" },
        { "bare --mode x", "unknown option: --mode" }, /* another verb's */
    };
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        check(wrong[i][0], KM_EXIT_USAGE, stderr, wrong[i][1]);
    check("", KM_EXIT_USAGE, stdout, "kumihimo");
}

static void too_many_of_anything_is_wrong_usage(void **state)
{
    static char words[8192][8];
    static char *list[8200];
    (void)state;
    km_arena *a = km_arena_new(1 << 20);
    list[0] = (char *)(uintptr_t) "kumihimo";
    list[1] = (char *)(uintptr_t) "echo";
    for (size_t i = 0; i < 8192; i++) {
        snprintf(words[i], sizeof words[i], "%s", "--json");
        list[2 + i] = words[i];
    }
    km_test_words heard = km_test_listen(stderr);
    int options = km_app_run(8194, list, own_services);
    for (size_t i = 0; i < 8192; i++)
        words[i][0] = 'w';
    int positional = km_app_run(8194, list, own_services);
    km_str said = km_test_heard(&heard, a);
    assert_int_equal(options, KM_EXIT_USAGE);
    assert_int_equal(positional, KM_EXIT_USAGE);
    assert_true(km_test_says(said, "too many options") && km_test_says(said, "too many words"));
    km_arena_free(a);
}

static bool is_ascii(km_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

/* The help of one verb: its words, all its options, an example that begins with its name. */
static void check_help(km_arena *a, const km_command *c, const char *lang)
{
    km_str said;
    bool english = strcmp(lang, "en") == 0;
    const char *line = km_arena_print(a, "%s --help --lang %s", c->verb, lang).p;
    assert_int_equal(run(&said, stdout, a, all_services, line), KM_EXIT_DONE);
    assert_true(km_test_says(said, english ? c->about : c->about_ja));
    for (const km_option *o = c->options; o != NULL && o->name != NULL; o++) {
        assert_true(km_test_says(said, km_arena_print(a, "--%s", o->name).p));
        assert_true(km_test_says(said, english ? o->about : o->about_ja));
    }
    assert_true(km_test_says(said, english ? "Examples:" : "例:"));
    assert_true(km_test_says(said, km_arena_print(a, "  kumihimo %s ", c->verb).p));
    assert_true(km_test_says(said, english ? "Exit codes: 0 done" : "終了コード: 0 完了"));
    assert_int_equal(is_ascii(said), english);
}

static void every_verb_explains_itself_in_both_languages_with_examples(void **state)
{
    km_arena *a = km_arena_new(1 << 24);
    size_t verbs = 0;
    (void)state;
    for (const km_service *const *s = all_services; *s != NULL; s++)
        for (const km_command *c = (*s)->commands; c != NULL && c->verb != NULL; c++, verbs++) {
            assert_true(strlen(c->about) > 0 && is_ascii(km_str_of(c->about)));
            assert_true(strlen(c->about_ja) > 0 && !is_ascii(km_str_of(c->about_ja)));
            check_help(a, c, "en");
            check_help(a, c, "ja");
        }
    assert_true(verbs >= 7);
    km_arena_free(a);
}

static void the_help_lists_every_verb_in_the_language_asked_for(void **state)
{
    km_arena *a = km_arena_new(1 << 22);
    km_str en, ja;
    (void)state;
    assert_int_equal(run(&en, stdout, a, all_services, "--help --lang en"), KM_EXIT_DONE);
    assert_int_equal(run(&ja, stdout, a, all_services, "help --lang=ja"), KM_EXIT_DONE);
    assert_true(is_ascii(en) && !is_ascii(ja));
    for (const km_service *const *s = all_services; *s != NULL; s++)
        for (const km_command *c = (*s)->commands; c != NULL && c->verb != NULL; c++) {
            const char *verb = km_arena_print(a, "\n  %s ", c->verb).p;
            assert_true(km_test_says(en, verb) && km_test_says(ja, verb));
        }
    km_arena_free(a);
}

static void where_no_language_is_asked_for_the_environment_says_it(void **state)
{
    km_arena *a = km_arena_new(1 << 22);
    km_str said;
    (void)state;
    setenv("LC_ALL", "", 1);
    setenv("LANG", "en_GB.UTF-8", 1);
    run(&said, stdout, a, all_services, "--help");
    assert_true(is_ascii(said));
    setenv("LC_ALL", "ja_JP.UTF-8", 1);
    run(&said, stdout, a, all_services, "--help");
    assert_false(is_ascii(said));
    unsetenv("LC_ALL");
    unsetenv("LANG");
    run(&said, stdout, a, all_services, "verify --help");
    assert_false(is_ascii(said)); /* Japanese first */
    km_arena_free(a);
}

static void the_version_is_told(void **state)
{
    (void)state;
    check("--version", KM_EXIT_DONE, stdout, "kumihimo 0.");
    check("version", KM_EXIT_DONE, stdout, "kumihimo 0.");
}

/* A fault of the input is 1, of the caller 2, of the store 3; every code has its place. */
static void every_fault_ends_with_one_of_three_codes(void **state)
{
    static const km_code store[] = {
        KM_STORE, KM_IO, KM_BUSY, KM_TAMPERED, KM_TOO_NEW, KM_INTERNAL
    };
    (void)state;
    assert_int_equal(km_app__exit_code(KM_OK), KM_EXIT_DONE);
    for (int c = 1; c < KM_CODES; c++) {
        int wanted = c == KM_USAGE ? KM_EXIT_USAGE : KM_EXIT_REFUSED;
        for (size_t i = 0; i < sizeof store / sizeof *store; i++)
            if (c == (int)store[i])
                wanted = KM_EXIT_STORE;
        assert_int_equal(km_app__exit_code((km_code)c), wanted);
    }
}

static void a_verb_that_wants_a_node_opens_the_one_that_data_names(void **state)
{
    km_test_node t;
    struct stat st;
    (void)state;
    km_test_node_make(&t, own_services);
    km_str said;
    const char *line = km_arena_print(t.arena, "opened --data %s", t.data).p;
    assert_int_equal(run(&said, stderr, t.arena, own_services, line), KM_EXIT_REFUSED);
    assert_int_equal(stat(km_test_path(&t, "data/keys/kek"), &st), 0);
    const char *file = km_test_put(&t, "file", KM_STR("x"));
    line = km_arena_print(t.arena, "opened --data %s", file).p;
    assert_int_equal(run(&said, stderr, t.arena, own_services, line), KM_EXIT_STORE);
    assert_true(km_test_says(said, "kumihimo opened: "));
    line = km_arena_print(t.arena, "opened --json --data %s", file).p;
    assert_int_equal(run(&said, stdout, t.arena, own_services, line), KM_EXIT_STORE);
    assert_true(km_str_starts(said, KM_STR("{\"resourceType\":\"OperationOutcome\"")));
    km_test_node_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(options_and_words_may_mix),
        cmocka_unit_test(what_is_not_known_is_wrong_usage_and_named),
        cmocka_unit_test(too_many_of_anything_is_wrong_usage),
        cmocka_unit_test(every_verb_explains_itself_in_both_languages_with_examples),
        cmocka_unit_test(the_help_lists_every_verb_in_the_language_asked_for),
        cmocka_unit_test(where_no_language_is_asked_for_the_environment_says_it),
        cmocka_unit_test(the_version_is_told),
        cmocka_unit_test(every_fault_ends_with_one_of_three_codes),
        cmocka_unit_test(a_verb_that_wants_a_node_opens_the_one_that_data_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
