/* SPDX-License-Identifier: Apache-2.0
 *
 * script: lines to steps. Tables of words say what a line may be.
 */
#include "script.h"

#include "base/buf.h"

#define STEPS_MAX 4096
#define COUNT_MAX 10000

typedef struct reader {
    km_str left;
    uint32_t line; /* of the line last taken */
    km_str text;   /* of the line that a step began with */
    api_step *step;
    uint32_t steps;
    uint32_t open[8]; /* blocks not yet ended */
    uint32_t opened;
    km_fault *f;
} reader;

typedef struct directive {
    const char *word;
    api_kind kind;
    enum { NOTHING, ARGUMENTS, NUMBER, NAME_COLON, NAME_VALUE } takes;
} directive;

static const directive directives[] = {
    { "with", API_WITH, NAME_COLON }, { "set", API_SET, NAME_VALUE },
    { "repeat", API_REPEAT, NUMBER }, { "concurrently", API_CONCURRENTLY, NUMBER },
    { "end", API_END, NOTHING },      { "serve", API_SERVE, ARGUMENTS },
    { "start", API_START, NOTHING },  { "stop", API_STOP, NOTHING },
    { "kill", API_KILL, NOTHING },    { "run", API_RUN, ARGUMENTS },
};

typedef struct subject_row {
    const char *word;
    api_subject subject;
    bool named; /* a header, path or status stands behind it */
    bool verb;  /* and then a verb; otherwise only a value */
} subject_row;

static const subject_row subjects[] = {
    { "eventually", API_EVENTUALLY, false, false },
    { "exit", API_EXIT, false, false },
    { "tally", API_TALLY, true, true },
    { "header", API_HEADER, true, true },
    { "json", API_JSON, true, true },
    { "ndjson", API_NDJSON, true, true },
    { "body", API_BODY, false, true },
};

typedef struct verb_row {
    const char *word;
    api_verb verb;
    bool value;
} verb_row;

static const verb_row verbs[] = {
    { "is", API_IS, true },           { "differs", API_DIFFERS, true },
    { "matches", API_MATCHES, true }, { "contains", API_CONTAINS, true },
    { "lacks", API_LACKS, true },     { "count", API_COUNT, true },
    { "absent", API_ABSENT, false },  { "exists", API_EXISTS, false },
    { "save", API_SAVE, true },
};

static km_code refuse(reader *r, const char *why)
{
    km_code rc = km_fail(r->f, KM_MALFORMED, NULL, "%s", why);
    km_fault_at(r->f, r->line, 1);
    return rc;
}

static bool take_line(km_str *out, reader *r)
{
    if (r->left.n == 0)
        return false;
    km_str line = km_str_cut(r->left, '\n', &r->left);
    if (km_str_ends(line, KM_STR("\r")))
        line.n--;
    r->line++;
    *out = line;
    return true;
}

/* The first word; *rest is what follows it, trimmed. */
static km_str first_word(km_str s, km_str *rest)
{
    s = km_str_trim(s);
    size_t n = 0;
    while (n < s.n && s.p[n] != ' ' && s.p[n] != '\t')
        n++;
    *rest = km_str_trim(km_str_sub(s, n, s.n));
    return km_str_sub(s, 0, n);
}

static bool is_method(km_str word)
{
    for (size_t i = 0; i < word.n; i++)
        if (word.p[i] < 'A' || word.p[i] > 'Z')
            return false;
    return word.n > 0;
}

static bool is_name(km_str word)
{
    for (size_t i = 0; i < word.n; i++)
        if (strchr("abcdefghijklmnopqrstuvwxyz0123456789_", word.p[i]) == NULL)
            return false;
    return word.n > 0;
}

static km_code add(reader *r, api_step s)
{
    if (r->steps == STEPS_MAX)
        return refuse(r, "too many steps");
    s.line = s.line != 0 ? s.line : r->line;
    s.text = r->text;
    r->step[r->steps++] = s;
    return KM_OK;
}

static km_code read_number(uint32_t *out, reader *r, km_str text)
{
    int64_t n;
    if (!km_str_to_i64(&n, text) || n < 0 || n > COUNT_MAX)
        return refuse(r, "a number from 0 to 10000 is expected");
    *out = (uint32_t)n;
    return KM_OK;
}

static km_code open_block(reader *r, const api_step *s)
{
    if (r->opened == sizeof r->open / sizeof *r->open)
        return refuse(r, "blocks stand too deep");
    for (uint32_t i = 0; i < r->opened; i++)
        if (s->kind == API_CONCURRENTLY || r->step[r->open[i]].kind == API_CONCURRENTLY)
            return refuse(r, "a concurrent block stands in no block and holds none");
    r->open[r->opened++] = r->steps;
    return add(r, *s);
}

static km_code end_block(reader *r, api_step s)
{
    if (r->opened == 0)
        return refuse(r, "end without a block");
    s.partner = r->open[--r->opened];
    r->step[s.partner].partner = r->steps;
    return add(r, s);
}

static bool inside_concurrent(const reader *r)
{
    return r->opened > 0 && r->step[r->open[0]].kind == API_CONCURRENTLY;
}

static km_code read_directive(reader *r, const directive *d, km_str rest)
{
    api_step s = { .kind = d->kind, .rest = rest };
    switch (d->takes) {
    case NOTHING:
        if (rest.n != 0)
            return refuse(r, "nothing may follow here");
        break;
    case ARGUMENTS:
        break;
    case NUMBER:
        KM_TRY(read_number(&s.count, r, rest));
        break;
    case NAME_COLON:
        s.word = km_str_trim(km_str_cut(rest, ':', &s.rest));
        s.rest = km_str_trim(s.rest);
        if (s.word.n == 0 || s.word.n == rest.n)
            return refuse(r, "`with Name: value` is expected");
        break;
    case NAME_VALUE:
        s.word = first_word(rest, &s.rest);
        if (!is_name(s.word))
            return refuse(r, "`set name value` is expected");
        break;
    }
    if (d->kind == API_REPEAT || d->kind == API_CONCURRENTLY)
        return open_block(r, &s);
    if (d->kind == API_END)
        return end_block(r, s);
    if (inside_concurrent(r) && d->takes != NAME_COLON && d->takes != NAME_VALUE)
        return refuse(r, "the node is not started or stopped from a concurrent block");
    return add(r, s);
}

static bool ends_request(km_str line)
{
    size_t at = 0;
    while (at < line.n && (line.p[at] == ' ' || line.p[at] == '\t'))
        at++;
    return km_str_starts(km_str_sub(line, at, 2), KM_STR("=>"));
}

/* Header lines up to a blank line or an expectation; then the body up to an expectation. */
static km_code read_request(reader *r, km_str method, km_str target)
{
    api_step s = { .kind = API_REQUEST, .line = r->line, .word = method, .rest = target };
    bool in_body = false;
    const char *begin = NULL;
    km_str line;
    if (target.n == 0)
        return refuse(r, "a request names its target");
    while (r->left.n > 0 && !ends_request(r->left)) {
        take_line(&line, r);
        if (begin == NULL)
            begin = line.p;
        km_str so_far = { begin, (size_t)(line.p + line.n - begin) };
        if (in_body) {
            s.body = km_str_trim(so_far);
        } else if (km_str_trim(line).n == 0) {
            in_body = true;
            begin = NULL;
        } else if (km_str_find(line, ':') == line.n) {
            return refuse(r, "a header line, a blank line or => is expected");
        } else {
            s.headers = so_far;
        }
    }
    if (s.body.n > 0 && (km_str_is(method, "GET") || km_str_is(method, "HEAD")))
        return refuse(r, "this request has no body; is its => missing?");
    if (r->left.n == 0)
        return refuse(r, "a request without an expectation proves nothing");
    return add(r, s);
}

static km_code read_verb(api_step *s, reader *r, km_str rest)
{
    km_str value, word = first_word(rest, &value);
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (!km_str_is(word, verbs[i].word))
            continue;
        s->verb = verbs[i].verb;
        s->rest = value;
        if (verbs[i].value != (value.n > 0))
            return refuse(r, verbs[i].value ? "the verb wants a value" : "nothing may follow here");
        if (s->verb == API_SAVE && (value.p[0] != '$' || !is_name(km_str_sub(value, 1, value.n))))
            return refuse(r, "`save $name` is expected");
        return KM_OK;
    }
    return refuse(r, "is, differs, matches, contains, lacks, count, absent, exists or save?");
}

static bool has_reply_before(const reader *r)
{
    if (r->steps == 0)
        return false;
    api_kind k = r->step[r->steps - 1].kind;
    return k == API_REQUEST || k == API_EXPECT || k == API_RUN;
}

static km_code read_expectation(reader *r, km_str text)
{
    km_str rest, word = first_word(text, &rest);
    api_step s = { .kind = API_EXPECT, .subject = API_STATUS, .verb = API_IS, .rest = word };
    if (word.n > 0 && word.p[0] >= '1' && word.p[0] <= '5') {
        if (rest.n > 0)
            return refuse(r, "a status stands alone; choices are written 200|201");
        return has_reply_before(r) ? add(r, s) : refuse(r, "there is no reply here");
    }
    for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
        const subject_row *row = &subjects[i];
        if (!km_str_is(word, row->word))
            continue;
        s.subject = row->subject;
        s.word = row->named ? first_word(rest, &rest) : KM_STR_NONE;
        s.rest = rest;
        if (s.subject != API_TALLY && !has_reply_before(r))
            return refuse(r, "there is no reply here");
        if (row->verb)
            KM_TRY(read_verb(&s, r, rest));
        else if (rest.n == 0)
            return refuse(r, "a number is expected");
        return add(r, s);
    }
    return refuse(r, "a status, eventually, exit, tally, header, json, ndjson or body?");
}

static km_code read_line(reader *r, km_str line)
{
    line = km_str_trim(line);
    r->text = line;
    if (line.n == 0 || line.p[0] == '#')
        return KM_OK;
    if (ends_request(line))
        return read_expectation(r, km_str_sub(line, 2, line.n));
    km_str rest, word = first_word(line, &rest);
    for (size_t i = 0; i < sizeof directives / sizeof *directives; i++)
        if (km_str_is(word, directives[i].word))
            return read_directive(r, &directives[i], rest);
    if (is_method(word))
        return read_request(r, word, rest);
    return refuse(r, "a request, an expectation or a directive is expected");
}

km_code api_script_parse(api_script *out, km_arena *a, km_str text, km_fault *f)
{
    reader r = { .left = text, .f = f, .step = KM_NEW_ARRAY(a, STEPS_MAX, api_step) };
    km_str line = KM_STR_NONE;
    *out = (api_script){ .claim = KM_STR_NONE };
    if (take_line(&line, &r) && km_str_starts(line, KM_STR("# ")))
        out->claim = km_str_trim(km_str_sub(line, 2, line.n));
    if (!km_str_ends(out->claim, KM_STR(".")))
        return refuse(&r, "a script opens with one sentence: # What holds.");
    while (take_line(&line, &r))
        KM_TRY(read_line(&r, line));
    if (r.opened > 0)
        return refuse(&r, "a block is not ended");
    if (r.steps == 0)
        return refuse(&r, "a script without a step proves nothing");
    out->step = r.step;
    out->steps = r.steps;
    return KM_OK;
}
