/* SPDX-License-Identifier: Apache-2.0
 *
 * write_words: doctors' notes and the letters between institutions.
 */
#include <assert.h>

#include "base/hash.h"
#include "synth/inside.h"

/* Words in braces become the values of that day; {bp} is the pair. */
static void fill_word(km_buf *out, const syn_stay *s, int64_t day, km_str word)
{
    const syn_table *labs = &s->person->world->labs;
    km_arena *a = s->person->arena;
    if (km_str_is(word, "bp")) {
        fill_word(out, s, day, KM_STR("sbp"));
        km_buf_char(out, '/');
        word = KM_STR("dbp");
    }
    const syn_row *lab = km_synth__row(labs, word);
    km_buf_add(out, km_synth__value_text(a, km_synth__value(s->person, lab, day),
                                         km_synth__number(lab, LAB_DECIMALS)));
}

static km_str filled(const syn_stay *s, int64_t day, km_str text)
{
    km_buf b = km_buf_in(s->person->arena);
    while (text.n > 0) {
        km_str rest, plain = km_str_cut(text, '{', &rest);
        km_buf_add(&b, plain);
        if (rest.n == 0)
            break;
        fill_word(&b, s, day, km_str_cut(rest, '}', &text));
    }
    return km_buf_str(&b);
}

static const syn_row *choose(const syn_stay *s, km_str key, int64_t day)
{
    const syn_table *notes = &s->person->world->notes;
    const syn_row *fitting[8];
    size_t n = 0;
    for (size_t i = 0; i < notes->n && n < 8; i++)
        if (km_str_eq(notes->row[i].cell[NOTE_KEY], key))
            fitting[n++] = &notes->row[i];
    assert(n > 0);
    return fitting[km_synth__mixed(s->person->seed, (uint64_t)day, 23) % n];
}

/* Sections of JP-CLINS documents; what a plan is called there is 診療方針. */
static const struct {
    int cell;
    const char *code, *title;
} sections[] = { { NOTE_HISTORY, "360", "現病歴" },
                 { NOTE_FINDINGS, "610", "所見" },
                 { NOTE_PLAN, "420", "計画" } };
enum { SECTIONS = sizeof sections / sizeof *sections };

static void write_section(km_jw *w, size_t i, km_str text)
{
    km_jw_open(w, '{');
    km_jw_member_z(w, "title", sections[i].title);
    km_synth__concept(w, "code", "http://jpfhir.jp/fhir/clins/CodeSystem/document-section",
                      km_str_of(sections[i].code), KM_STR_NONE);
    km_jw_key(w, "text");
    km_jw_open(w, '{');
    km_jw_member_z(w, "status", "generated");
    km_buf div = km_buf_in(w->out->arena);
    KM_BUF_LIT(&div, "<div xmlns=\"http://www.w3.org/1999/xhtml\">");
    km_buf_add(&div, text); /* the table's texts hold neither < nor & */
    KM_BUF_LIT(&div, "</div>");
    km_jw_member(w, "div", km_buf_str(&div));
    km_jw_close(w, '}');
    km_jw_close(w, '}');
}

void km_synth__write_note(const syn_stay *s, int64_t day, km_str key)
{
    const syn_row *note = choose(s, key, day);
    km_str text[SECTIONS];
    for (size_t i = 0; i < SECTIONS; i++)
        text[i] = filled(s, day, note->cell[sections[i].cell]);
    syn_entry e = km_synth__open(s->chart, "Composition", NULL);
    km_jw_member_z(e.w, "status", "final");
    km_synth__concept(e.w, "type", "http://loinc.org", KM_STR("11506-3"), KM_STR("経過記録"));
    km_synth__refer_stay(e.w, s, "subject");
    km_synth__time(e.w, "date", day, s->minute + 20);
    km_jw_key(e.w, "author");
    km_jw_open(e.w, '[');
    km_synth__refer_doctor(e.w, NULL, s->doctor);
    km_jw_close(e.w, ']');
    km_jw_member_z(e.w, "title", "医師の記載");
    km_synth__refer(e.w, "custodian", "Organization",
                    km_arena_z(s->person->arena, s->chart->institution->cell[INST_KEY]));
    km_jw_key(e.w, "section");
    km_jw_open(e.w, '[');
    for (size_t i = 0; i < SECTIONS; i++)
        write_section(e.w, i, text[i]);
    km_jw_close(e.w, ']');
    km_synth__close(&e);
}

static km_str letter(const syn_stay *s, int64_t day, km_str title, km_str note)
{
    const syn_row *row = choose(s, note, day);
    const syn_person *p = s->person;
    km_buf b = km_buf_in(p->arena);
    km_buf_print(&b, "%.*s\n\n", KM_STR_ARG(title));
    km_buf_print(&b, "%.*s %.*s 様\n", KM_STR_ARG(p->family->cell[FAMILY_KANJI]),
                 KM_STR_ARG(p->given->cell[GIVEN_KANJI]));
    for (size_t i = 0; i < SECTIONS; i++) {
        km_str text = filled(s, day, row->cell[sections[i].cell]);
        km_buf_print(&b, "\n【%s】\n%.*s\n", sections[i].title, KM_STR_ARG(text));
    }
    km_buf_print(&b, "\n%.*s\n%.*s %.*s\n", KM_STR_ARG(s->chart->institution->cell[INST_NAME]),
                 KM_STR_ARG(s->doctor->cell[STAFF_FAMILY]),
                 KM_STR_ARG(s->doctor->cell[STAFF_GIVEN]));
    return km_base64(p->arena, b.p, b.n);
}

void km_synth__write_document(const syn_stay *s, int64_t day, km_str type, km_str title,
                              km_str note)
{
    km_str text = letter(s, day, title, note);
    syn_entry e = km_synth__open(s->chart, "DocumentReference", NULL);
    km_jw_member_z(e.w, "status", "current");
    km_synth__concept(e.w, "type", "http://jpfhir.jp/fhir/Common/CodeSystem/doc-typecodes", type,
                      title);
    km_synth__refer(e.w, "subject", "Patient", s->chart->patient);
    km_synth__time(e.w, "date", day, s->minute + 30);
    km_jw_key(e.w, "author");
    km_jw_open(e.w, '[');
    km_synth__refer_doctor(e.w, NULL, s->doctor);
    km_jw_close(e.w, ']');
    km_jw_member(e.w, "description", title);
    km_jw_key(e.w, "content");
    km_jw_open(e.w, '[');
    km_jw_open(e.w, '{');
    km_jw_key(e.w, "attachment");
    km_jw_open(e.w, '{');
    km_jw_member_z(e.w, "contentType", "text/plain; charset=utf-8");
    km_jw_member_z(e.w, "language", "ja");
    km_jw_member(e.w, "data", text);
    km_jw_member(e.w, "title", title);
    km_synth__time(e.w, "creation", day, s->minute + 30);
    km_jw_close(e.w, '}');
    km_jw_close(e.w, '}');
    km_jw_close(e.w, ']');
    km_jw_key(e.w, "context");
    km_jw_open(e.w, '{');
    km_jw_key(e.w, "encounter");
    km_jw_open(e.w, '[');
    km_synth__refer(e.w, NULL, "Encounter", s->encounter);
    km_jw_close(e.w, ']');
    km_jw_key(e.w, "period");
    km_jw_open(e.w, '{');
    km_synth__time(e.w, "start", day, s->minute + 30);
    km_jw_close(e.w, '}');
    km_jw_close(e.w, '}');
    km_synth__close(&e);
}
