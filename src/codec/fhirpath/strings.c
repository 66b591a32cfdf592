/* SPDX-License-Identifier: Apache-2.0
 *
 * strings: FHIRPath 5.6 and the additions of its next release that FHIR's suite asks for.
 * Places and lengths count characters (code points).
 */
#include "codec/fhirpath/functions.h"

#include <utf8proc.h>

#include "base/buf.h"
#include "codec/fhirpath/regex.h"

static bool is_start(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

static int64_t characters(km_str s)
{
    int64_t n = 0;
    for (size_t i = 0; i < s.n; i++)
        n += is_start(s.p[i]);
    return n;
}

/* The byte where the character number `index` starts; s.n when there are fewer. */
static size_t byte_of(km_str s, int64_t index)
{
    size_t at = 0;
    while (at < s.n && index > 0) {
        at++;
        while (at < s.n && !is_start(s.p[at]))
            at++;
        index--;
    }
    return at;
}

static size_t find(km_str s, km_str what, size_t from)
{
    const char *hit = NULL;
    if (from <= s.n && what.n == 0)
        return from;
    if (from < s.n)
        hit = memmem(s.p + from, s.n - from, what.p, what.n);
    return hit ? (size_t)(hit - s.p) : s.n + 1;
}

static km_code push_string(km_run *r, km_items *out, km_str s)
{
    KM_TRY(km_path__spend(r, s.n / 16));
    return km_path__push_text(r, out, KM_ITEM_STRING, s.p ? s : KM_STR(""));
}

static km_code push_buf(km_run *r, km_items *out, const km_buf *b)
{
    return push_string(r, out, km_buf_str(b));
}

/* --- looking ------------------------------------------------------------------------------- */

ON_ONE(index_of)
{
    (void)n;
    size_t at = find(in->text, arg[0].text, 0);
    if (at > in->text.n)
        return km_path__push_int(r, out, -1);
    return km_path__push_int(r, out, characters(km_str_sub(in->text, 0, at)));
}

ON_ONE(last_index_of)
{
    (void)n;
    size_t last = in->text.n + 1;
    KM_TRY(km_path__spend(r, in->text.n / 16));
    for (size_t at = find(in->text, arg[0].text, 0); at <= in->text.n;
         at = find(in->text, arg[0].text, at + 1))
        last = at;
    if (last > in->text.n)
        return km_path__push_int(r, out, -1);
    return km_path__push_int(r, out, characters(km_str_sub(in->text, 0, last)));
}

ON_ONE(substring)
{
    int64_t length = characters(in->text), start = arg[0].number;
    int64_t count = n->n_args > 1 ? arg[1].number : length;
    if (start < 0 || start >= length)
        return KM_OK;
    km_str rest = km_str_sub(in->text, byte_of(in->text, start), in->text.n);
    return push_string(r, out, km_str_sub(rest, 0, count < 0 ? 0 : byte_of(rest, count)));
}

ON_ONE(starts_with)
{
    (void)n;
    return km_path__push_bool(r, out, km_str_starts(in->text, arg[0].text));
}

ON_ONE(ends_with)
{
    (void)n;
    return km_path__push_bool(r, out, km_str_ends(in->text, arg[0].text));
}

ON_ONE(contains)
{
    (void)n;
    return km_path__push_bool(r, out, find(in->text, arg[0].text, 0) <= in->text.n);
}

ON_ONE(length)
{
    (void)n, (void)arg;
    return km_path__push_int(r, out, characters(in->text));
}

/* --- changing --------------------------------------------------------------------------------- */

static km_code map(km_run *r, km_str s, utf8proc_int32_t (*to)(utf8proc_int32_t), km_items *out)
{
    km_buf b = km_buf_in(r->arena);
    for (size_t at = 0; at < s.n;) {
        utf8proc_int32_t c;
        utf8proc_uint8_t bytes[4];
        utf8proc_ssize_t n = utf8proc_iterate((const utf8proc_uint8_t *)s.p + at,
                                              (utf8proc_ssize_t)(s.n - at), &c);
        if (n < 1) {
            km_buf_char(&b, s.p[at++]);
            continue;
        }
        at += (size_t)n;
        km_buf_bytes(&b, bytes, (size_t)utf8proc_encode_char(to(c), bytes));
    }
    return push_buf(r, out, &b);
}

ON_ONE(upper)
{
    (void)n, (void)arg;
    return map(r, in->text, utf8proc_toupper, out);
}

ON_ONE(lower)
{
    (void)n, (void)arg;
    return map(r, in->text, utf8proc_tolower, out);
}

ON_ONE(trim)
{
    (void)n, (void)arg;
    return push_string(r, out, km_str_trim(in->text));
}

/* An empty pattern stands before every character and at the end. */
static km_code surround(km_run *r, km_str s, km_str by, km_items *out)
{
    km_buf b = km_buf_in(r->arena);
    KM_TRY(km_path__spend(r, s.n * (by.n / 16 + 1)));
    for (size_t i = 0; i < s.n; i++) {
        if (is_start(s.p[i]))
            km_buf_add(&b, by);
        km_buf_char(&b, s.p[i]);
    }
    km_buf_add(&b, by);
    return push_buf(r, out, &b);
}

ON_ONE(replace)
{
    km_str s = in->text, what = arg[0].text, by = arg[1].text;
    km_buf b = km_buf_in(r->arena);
    size_t done = 0;
    (void)n;
    if (what.n == 0)
        return surround(r, s, by, out);
    for (size_t at = find(s, what, 0); at <= s.n; at = find(s, what, done)) {
        KM_TRY(km_path__spend(r, 1 + by.n / 16));
        km_buf_add(&b, km_str_sub(s, done, at - done));
        km_buf_add(&b, by);
        done = at + what.n;
    }
    km_buf_add(&b, km_str_sub(s, done, s.n));
    return push_buf(r, out, &b);
}

/* --- lists -------------------------------------------------------------------------------------
 */

ON_ONE(to_chars)
{
    (void)n, (void)arg;
    for (size_t at = 0; at < in->text.n;) {
        size_t len = byte_of(km_str_sub(in->text, at, in->text.n), 1);
        KM_TRY(push_string(r, out, km_str_sub(in->text, at, len)));
        at += len;
    }
    return KM_OK;
}

ON_ONE(split)
{
    km_str s = in->text, by = arg[0].text;
    size_t done = 0;
    if (by.n == 0)
        return km_path__to_chars(r, n, in, arg, out);
    for (size_t at = find(s, by, 0); at <= s.n; at = find(s, by, done)) {
        KM_TRY(push_string(r, out, km_str_sub(s, done, at - done)));
        done = at + by.n;
    }
    return push_string(r, out, km_str_sub(s, done, s.n));
}

ON_ALL(join)
{
    km_items room = { 0 };
    km_item separator = { .text = KM_STR("") }, value;
    km_buf b = km_buf_in(r->arena);
    bool got = false;
    if (n->n_args)
        KM_TRY(km_path__arg(r, n, 0, s, &room));
    KM_TRY(km_path__single(r, n, &room, &separator, &got));
    if (got && separator.kind != KM_ITEM_STRING)
        return km_path__fail(r, n, "a separator that is no string");
    for (uint32_t i = 0; i < in->n; i++) {
        if (!km_path__system_value(r, &value, &in->item[i]) || value.kind != KM_ITEM_STRING)
            return km_path__fail(r, n, "a value that is no string");
        KM_TRY(km_path__spend(r, 1 + (separator.text.n + value.text.n) / 16));
        if (i > 0)
            km_buf_add(&b, separator.text);
        km_buf_add(&b, value.text);
    }
    return in->n ? push_buf(r, out, &b) : KM_OK;
}

/* --- patterns ------------------------------------------------------------------------------------
 */

/* Compiled where it is used: patterns are mostly literals of a few characters, and a tree is
 * shared by threads and holds nothing that changes. */
static km_code compile(km_run *r, const km_node *n, km_str pattern, km_regex **out)
{
    KM_TRY(km_path__spend(r, pattern.n));
    const char *wrong = km_regex__compile(out, r->arena, pattern);
    if (wrong)
        return km_path__fail(r, n, wrong);
    return km_path__spend(r, km_regex__size(*out));
}

static km_code next_hit(km_run *r, const km_regex *x, km_str text, size_t from, bool whole,
                        km_regex_hit *hit, bool *found)
{
    KM_TRY(km_path__spend(r, (text.n - from + 1) * km_regex__size(x) / 16));
    *found = km_regex__find(hit, x, r->arena, text, from, whole);
    return KM_OK;
}

static km_code push_matches(km_run *r, const km_node *n, km_str text, km_str pattern, bool whole,
                            km_items *out)
{
    km_regex *x = NULL;
    km_regex_hit hit;
    bool found;
    km_arena_mark mark = km_arena_here(r->arena);
    KM_TRY(compile(r, n, pattern, &x));
    KM_TRY(next_hit(r, x, text, 0, whole, &hit, &found));
    km_arena_back(r->arena, mark);
    return km_path__push_bool(r, out, found);
}

ON_ONE(matches)
{
    return push_matches(r, n, in->text, arg[0].text, false, out);
}

ON_ONE(matches_full)
{
    return push_matches(r, n, in->text, arg[0].text, true, out);
}

static size_t group_named(const km_regex *x, km_str name)
{
    for (size_t i = 1; i < KM_REGEX_GROUPS; i++)
        if (name.n && km_str_eq(km_regex__group_name(x, i), name))
            return i;
    return KM_REGEX_GROUPS;
}

/* $1 and ${name} stand for what their group took; any other $ for itself. */
static km_code substitute(km_run *r, km_buf *b, const km_regex *x, km_str text,
                          const km_regex_hit *hit, km_str by)
{
    for (size_t i = 0; i < by.n; i++) {
        km_str rest = km_str_sub(by, i + 1, by.n);
        size_t group = KM_REGEX_GROUPS, used = 1;
        if (by.p[i] == '$' && rest.n && rest.p[0] >= '0' && rest.p[0] <= '9') {
            group = (size_t)(rest.p[0] - '0');
        } else if (by.p[i] == '$' && rest.n && rest.p[0] == '{') {
            used = km_str_find(rest, '}') + 1;
            group = group_named(x, km_str_sub(rest, 1, used - 2));
        }
        if (group == KM_REGEX_GROUPS) {
            km_buf_char(b, by.p[i]);
            continue;
        }
        i += used;
        if (hit->from[group] == SIZE_MAX || hit->to[group] == SIZE_MAX)
            continue;
        km_str took = km_str_sub(text, hit->from[group], hit->to[group] - hit->from[group]);
        KM_TRY(km_path__spend(r, 1 + took.n / 16));
        km_buf_add(b, took);
    }
    return KM_OK;
}

ON_ONE(replace_matches)
{
    km_str text = in->text;
    km_buf b = km_buf_in(r->arena);
    km_regex *x = NULL;
    size_t done = 0;
    if (arg[0].text.n == 0)
        return push_string(r, out, text);
    KM_TRY(compile(r, n, arg[0].text, &x));
    for (size_t from = 0; from <= text.n;) {
        km_regex_hit hit;
        bool found;
        KM_TRY(next_hit(r, x, text, from, false, &hit, &found));
        if (!found)
            break;
        km_buf_add(&b, km_str_sub(text, done, hit.from[0] - done));
        KM_TRY(km_path__spend(r, 1 + arg[1].text.n / 16));
        KM_TRY(substitute(r, &b, x, text, &hit, arg[1].text));
        done = hit.to[0];
        from = done;
        /* After an empty match the search goes on behind the next character. */
        if (hit.from[0] == done)
            from += done < text.n ? byte_of(km_str_sub(text, done, text.n), 1) : 1;
    }
    km_buf_add(&b, km_str_sub(text, done, text.n));
    return push_buf(r, out, &b);
}
