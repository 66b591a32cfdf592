/* SPDX-License-Identifier: Apache-2.0
 *
 * Our parser against simdjson: the same texts are read, and mean the same. Where the two may
 * differ stands in may_refuse and may_read.
 */
#include "codec/json/any_json.h"
#include "codec/json/decimal.h"
#include "codec/json/json.h"
#include "second_reader.h"

#include <fts.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static km_arena *arena;

static int set_up(void **state)
{
    (void)state;
    arena = km_arena_new((size_t)1 << 30);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    km_arena_free(arena);
    return 0;
}

static void hear(void *self, char kind, const void *p, size_t n)
{
    km_buf *heard = self;
    km_buf_char(heard, kind);
    km_buf_u32be(heard, (uint32_t)n);
    km_buf_bytes(heard, p, n);
}

static void tell(km_buf *told, km_jv v)
{
    static const char first[] = {
        [KM_JSON_NULL] = 'n',   [KM_JSON_FALSE] = 'f',  [KM_JSON_TRUE] = 't',
        [KM_JSON_NUMBER] = '#', [KM_JSON_STRING] = 's', [KM_JSON_ARRAY] = '[',
        [KM_JSON_OBJECT] = '{'
    };
    km_json_kind kind = km_jv_kind(v);
    km_str s = kind == KM_JSON_STRING ? km_jv_str(v) : KM_STR_NONE;
    km_decimal d;
    double number;
    if (kind == KM_JSON_NUMBER) {
        assert_true(km_decimal_parse(&d, km_jv_str(v)));
        number = km_decimal_to_double(&d);
        if (number == 0 && d.negative && (d.fraction.n > 0 || d.has_exponent))
            number = -0.0; /* simdjson tells it from 0 in doubles, not in integers */
        s = (km_str){ (const char *)&number, sizeof number };
    }
    hear(told, first[kind], s.p, s.n);
    for (km_jv_iter i = km_jv_each(v); km_jv_next(&i);) {
        if (i.object)
            hear(told, 's', i.name.p, i.name.n);
        tell(told, i.value);
    }
    if (kind == KM_JSON_ARRAY || kind == KM_JSON_OBJECT)
        hear(told, kind == KM_JSON_ARRAY ? ']' : '}', NULL, 0);
}

/* What we refuse and JSON as such allows. */
static bool may_refuse(const km_fault *f)
{
    return f->code == KM_TOO_LONG || strcmp(f->detail, "each member name once") == 0
           || strcmp(f->detail, "no NUL in a string") == 0;
}

/* simdjson has numbers of 64 bits; ours are text. */
static bool may_read(enum second_verdict second, const km_json *doc)
{
    const km_decimal below = { .whole = KM_STR_INIT("9223372036854775808"),
                               .significant = 19,
                               .negative = true };
    if (second != SECOND_REFUSES_A_NUMBER)
        return false;
    for (uint32_t i = 0; i < doc->nodes; i++) {
        km_decimal d;
        km_jv v = { doc, i };
        if (!km_jv_is(v, KM_JSON_NUMBER))
            continue;
        bool read = km_decimal_parse(&d, km_jv_str(v));
        if (!read || isinf(km_decimal_to_double(&d)))
            return true;
        bool integer = d.fraction.n == 0 && !d.has_exponent;
        if (integer && (d.significant > 19 || (d.negative && km_decimal_cmp(&d, &below) < 0)))
            return true;
    }
    return false;
}

static km_code judge(km_str text)
{
    km_fault f = { 0 };
    km_json *doc;
    km_buf ours = km_buf_in(arena), theirs = km_buf_in(arena);
    km_code first = km_json_parse(&doc, arena, text, NULL, &f);
    enum second_verdict second = second_read(text.p, text.n, hear, &theirs);
    if (first != KM_OK && second == SECOND_READS && !may_refuse(&f))
        fail_msg("simdjson reads, we want %s: %.*s", f.detail, KM_STR_ARG(text));
    if (first == KM_OK && second != SECOND_READS && !may_read(second, doc))
        fail_msg("simdjson refuses, we read: %.*s", KM_STR_ARG(text));
    if (first != KM_OK || second != SECOND_READS)
        return first;
    tell(&ours, km_json_root(doc));
    if (!km_str_eq(km_buf_str(&ours), km_buf_str(&theirs)))
        fail_msg("read differently: %.*s", KM_STR_ARG(text));
    return first;
}

static km_buf any_text(uint64_t *seed, int depth)
{
    km_buf text = km_buf_in(arena);
    any_value(&text, seed, any_below(seed, 2), depth);
    return text;
}

static void what_both_read_means_the_same(void **state)
{
    uint64_t seed = 21;
    (void)state;
    for (int round = 0; round < 10000; round++) {
        km_arena_reset(arena);
        km_buf text = any_text(&seed, 5);
        assert_int_equal(judge(km_buf_str(&text)), KM_OK);
    }
}

/* One byte changed, left out or put in, or the rest cut off. */
static void change(km_buf *text, uint64_t *seed)
{
    static const char signs[] = "{}[],:\"\\ \n\t0123456789-+.eEtfnu/abdDcC\x01\x1f\x7f\x80\xbf\xc2"
                                "\xe0\xed\xf0\xf4\xff";
    char sign = signs[any_below(seed, sizeof signs)];
    uint32_t at = any_below(seed, (uint32_t)text->n);
    switch (any_below(seed, 8)) {
    case 0:
        text->n = at;
        break;
    case 1:
    case 2:
        memmove(text->p + at, text->p + at + 1, text->n - at - 1);
        text->n--;
        break;
    case 3:
    case 4:
        km_buf_char(text, ' ');
        memmove(text->p + at + 1, text->p + at, text->n - at - 1);
        text->p[at] = sign;
        break;
    default:
        text->p[at] = sign;
    }
}

static void a_text_that_was_changed_is_judged_alike(void **state)
{
    uint64_t seed = 22;
    size_t refused = 0;
    (void)state;
    for (int round = 0; round < 100000; round++) {
        km_arena_reset(arena);
        km_buf text = any_text(&seed, 3);
        for (uint32_t n = 1 + any_below(&seed, 3); n > 0 && text.n > 0; n--)
            change(&text, &seed);
        refused += judge(km_buf_str(&text)) != KM_OK;
    }
    assert_in_range(refused, 10000, 90000); /* else the changes ask nothing */
}

static void judge_file(const char *path)
{
    km_arena_reset(arena);
    km_buf text = km_buf_in(arena);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    km_buf_reserve(&text, (size_t)1 << 22);
    text.n = fread(text.p, 1, text.room, f);
    fclose(f);
    if (text.n < text.room)
        judge(km_buf_str(&text));
}

static void the_samples_are_judged_alike(void **state)
{
    const char *samples = getenv("KUMIHIMO_SAMPLES");
    char root[4096], *roots[] = { root, NULL };
    size_t files = 0;
    (void)state;
    snprintf(root, sizeof root, "%s/security", samples ? samples : "../shared/samples");
    FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    assert_non_null(tree);
    for (FTSENT *e; (e = fts_read(tree)) != NULL;) {
        bool json = e->fts_info == FTS_F && e->fts_namelen > 5
                    && strcmp(e->fts_name + e->fts_namelen - 5, ".json") == 0;
        if (json)
            judge_file(e->fts_path);
        files += json;
    }
    fts_close(tree);
    if (files == 0) {
        print_message("there is no sample folder, skipped\n");
        skip();
    }
    assert_true(files > 200);
}

static const struct CMUnitTest tests[] = {
    cmocka_unit_test(what_both_read_means_the_same),
    cmocka_unit_test(a_text_that_was_changed_is_judged_alike),
    cmocka_unit_test(the_samples_are_judged_alike),
};

int main(void)
{
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
