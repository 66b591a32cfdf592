/* SPDX-License-Identifier: Apache-2.0
 *
 * check: a message against the tables. Messages of many senders differ in what they leave out, so
 * little is an error: delimiters, a patient, and characters that can be read.
 */
#include "codec/hl7v2/hl7v2.h"

typedef struct checking {
    km_judge *j;
    const km_hl7 *m;
    const km_hl7_segment *s;
    const km_layout_record *record;
    int patients;
} checking;

static void say(checking *c, uint32_t field, const char *reason)
{
    km_row row = { .fields = 1, .field = { c->s->field[0] } };
    km_judge_say(c->j, c->s->line, &row, c->record, field, reason);
}

static bool is_name(km_str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (!((s.p[i] >= 'A' && s.p[i] <= 'Z') || (i > 0 && s.p[i] >= '0' && s.p[i] <= '9')))
            return false;
    return s.n == 3;
}

static void check_field(checking *c, uint32_t i, const km_layout_field *f)
{
    bool whole;
    km_str s = km_hl7_field(c->s, i);
    km_arena_mark here = km_arena_here(c->j->arena);
    (void)km_hl7_text(c->m, c->j->arena, s, &whole);
    if (!whole)
        say(c, i, "no-text");
    if (f != NULL && f->must && s.n == 0)
        say(c, i, "missing");
    if (f != NULL && s.n > 0 && km_str_is(f->kind, "TS")) {
        km_str ts = km_hl7_component(c->m, km_hl7_repeat(c->m, s, 0), 1);
        if (ts.n > 0 && !km_str_is(ts, "\"\"") && km_hl7_time(c->j->arena, ts).n == 0)
            say(c, i, "no-time");
    }
    if (km_str_is(c->s->field[0], "OBX") && i == 5 && km_str_is(km_hl7_field(c->s, 2), "NM")
        && s.n > 0 && !km_field_number(km_str_trim(s)))
        say(c, i, "no-number");
    km_arena_back(c->j->arena, here);
}

static void check_segment(checking *c)
{
    km_str id = c->s->field[0];
    c->record = NULL;
    if (!is_name(id)) {
        say(c, 0, "segment-name");
        return;
    }
    c->record = km_layout_find(c->j->layout, id);
    if (c->record == NULL && id.p[0] != 'Z')
        say(c, 0, "segment-unknown");
    for (uint32_t i = 1; i < c->s->n || (c->record != NULL && i < c->record->n); i++)
        check_field(c, i, c->record != NULL ? km_layout_at(c->record, i) : NULL);
    if (!km_str_is(id, "PID"))
        return;
    km_str id_list = km_hl7_repeat(c->m, km_hl7_field(c->s, 3), 0);
    if (km_str_trim(km_hl7_component(c->m, id_list, 1)).n == 0)
        say(c, 3, "patient-missing");
    if (c->patients++ == 1)
        say(c, 0, "patient-twice");
}

km_code km_hl7_check(km_judge *j, const km_hl7 *m, km_fault *f)
{
    km_layout *layout;
    KM_TRY(km_layout_open(&layout, j->arena, "hl7v2.tsv", 0, f));
    j->layout = layout;
    j->reasons = km_layout_table("hl7v2_reasons.tsv");
    checking c = { .j = j, .m = m };
    km_hl7_segments segments = km_hl7_segments_of(m);
    km_hl7_segment s;
    if (m->component == '\0')
        km_judge_say(j, m->line, NULL, NULL, 0, "header-wrong");
    while (km_hl7_next(&s, &segments)) {
        c.s = &s;
        check_segment(&c);
    }
    if (c.patients == 0)
        km_judge_say(j, m->line, NULL, NULL, 0, "patient-missing");
    return KM_OK;
}
