/* SPDX-License-Identifier: Apache-2.0
 *
 * judge: see judge.h.
 */
#include "codec/layout/judge.h"

#include <assert.h>

#include "base/date.h"
#include "base/embedded.h"
#include "base/numbers.h"

enum { REASON, SEVERITY, JA, EN, COLUMNS };

void km_judge_say(km_judge *j, uint32_t line, const km_row *row, const km_layout_record *record,
                  uint32_t field, const char *reason)
{
    km_str cell[COLUMNS], rest = j->reasons;
    const km_layout_field *named = record != NULL ? km_layout_at(record, field) : NULL;
    km_finding f = { .line = line, .field = field };
    while (km_tsv_next(cell, COLUMNS, &rest) > 0)
        if (km_str_is(cell[REASON], reason))
            f = (km_finding){ .line = line,
                              .field = field,
                              .error = km_str_is(cell[SEVERITY], "error"),
                              .reason = cell[REASON],
                              .ja = cell[JA],
                              .en = cell[EN] };
    assert(f.reason.n > 0);
    if (named != NULL && field > 0) {
        f.field_ja = named->ja;
        f.field_en = named->en;
    }
    if (record != NULL)
        f.record = record->id;
    else if (row != NULL)
        f.record = km_str_sub(row->field[0], 0, 8);
    j->errors += f.error;
    j->warnings += !f.error;
    if (j->tell != NULL)
        j->tell(j->self, &f);
}

bool km_judge_day(int64_t *day, km_str s)
{
    if (s.n == 7 && s.p[0] >= 'A' && s.p[0] <= 'Z' && km_field_digits(km_str_sub(s, 1, 6)))
        return km_era_parse(day, s);
    return km_field_day(day, s);
}

static bool is_checked(const km_layout_field *f)
{
    return km_str_is(f->kind, "insurer") || km_str_is(f->kind, "payer")
           || km_str_is(f->kind, "recipient");
}

static bool fits(const km_layout_field *f, km_str s)
{
    int64_t day;
    if (km_str_is(f->kind, "number"))
        return km_field_number(s);
    if (km_str_is(f->kind, "digits"))
        return km_field_digits(s);
    if (km_str_is(f->kind, "date"))
        return km_judge_day(&day, s);
    if (km_str_is(f->kind, "month"))
        return km_field_month(s) != 0;
    if (is_checked(f))
        return km_number_checks(km_str_trim(s));
    return !km_str_is(f->kind, "code") || f->codes.n == 0 || km_layout_meaning(f, s).n > 0;
}

static const char *why_not(const km_layout_field *f, km_str s)
{
    if (km_str_is(f->kind, "date") || km_str_is(f->kind, "month"))
        return km_field_outside_era(s) ? "era-border" : "date-impossible";
    if (is_checked(f))
        return "check-digit";
    return km_str_is(f->kind, "code") ? "code-unknown" : "not-a-number";
}

static bool is_ascii(km_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

static const char *wrong_text(km_judge *j, km_str s)
{
    bool whole;
    if (is_ascii(s) || km_str_is_utf8(s, NULL))
        return NULL;
    km_arena_mark here = km_arena_here(j->arena);
    km_str text = km_field_text(&whole, j->arena, s);
    const char *why = !whole ? "not-cp932" : km_field_has_gaiji(text) ? "gaiji" : NULL;
    km_arena_back(j->arena, here);
    return why;
}

static const char *judge_field(km_judge *j, const km_layout_field *f, km_str s)
{
    const char *why = wrong_text(j, s);
    if (why != NULL || f == NULL)
        return why;
    if (s.n == 0)
        return f->must ? "missing" : NULL;
    if (f->most > 0 && s.n > f->most && (is_ascii(s) || !km_str_is_utf8(s, NULL)))
        return "too-long"; /* the layout counts bytes of CP932 */
    return fits(f, s) ? NULL : why_not(f, s);
}

void km_judge_row(km_judge *j, const km_layout_record *record, const km_row *row)
{
    for (uint32_t i = 1; i < row->fields || i < record->n; i++) {
        const km_layout_field *f = km_layout_at(record, i);
        const char *why = i < row->fields        ? judge_field(j, f, row->field[i])
                          : f != NULL && f->must ? "missing"
                                                 : NULL;
        if (why != NULL)
            km_judge_say(j, row->line, row, record, i, why);
    }
    if (row->fields < record->least)
        km_judge_say(j, row->line, row, record, 0, "too-few-fields");
    else if (record->most > 0 && row->fields > record->most)
        km_judge_say(j, row->line, row, record, 0, "too-many-fields");
}
