/* SPDX-License-Identifier: Apache-2.0
 *
 * check: the rows by their layout; order, what must be there, and whole RPs by the places that the
 * layout gives its records.
 */
#include "codec/jahis/jahis.h"

enum { RPS = 128, RECORDS = 128, NEWEST_NOTEBOOK = 8, NEWEST_PRESCRIPTION = 10 };

typedef struct rp {
    km_str number;
    uint32_t line;
    bool has[RECORDS];
    bool material; /* forms 9 and 10 need no drug and no usage */
} rp;

typedef struct checking {
    km_judge *j;
    const km_jahis *doc;
    const km_row *row;
    const km_layout_record *record;
    int rank;
    bool block;
    bool seen[RECORDS];
    rp rp[RPS];
    size_t rps;
} checking;

static void say(checking *c, uint32_t field, const char *reason)
{
    km_judge_say(c->j, c->row->line, c->row, c->record, field, reason);
}

static size_t index_of(const checking *c, const km_layout_record *r)
{
    return (size_t)(r - c->j->layout->record);
}

const km_layout_record *km_jahis_record(const km_layout *l, const km_row *row)
{
    km_str id = row->field[0];
    if (km_str_starts(id, KM_STR("JAHIS")))
        id = km_str_starts(id, KM_STR("JAHISTC")) ? KM_STR("JAHISTC") : KM_STR("JAHIS");
    return km_layout_find(l, id);
}

/* Of the dispensing, or of the prescription, that ends here. */
static void close_rps(checking *c)
{
    const km_layout *l = c->j->layout;
    for (size_t i = 0; i < c->rps; i++) {
        const rp *p = &c->rp[i];
        for (size_t k = 0; k < l->n && !p->material; k++)
            if (km_str_is(l->record[k].place, "rp") && l->record[k].must && !p->has[k])
                km_judge_say(c->j, p->line, NULL, &l->record[k], 0, "rp-incomplete");
    }
    c->rps = 0;
}

static void note_rp(checking *c)
{
    km_str number = c->row->fields > 1 ? c->row->field[1] : KM_STR_NONE;
    size_t i = 0;
    while (i < c->rps && !km_str_eq(c->rp[i].number, number))
        i++;
    if (i == RPS)
        return;
    if (i == c->rps)
        c->rp[c->rps++] = (rp){ .number = number, .line = c->row->line };
    rp *p = &c->rp[i];
    size_t at = index_of(c, c->record);
    if (at < RECORDS)
        p->has[at] = true;
    if (c->doc->kind == KM_JAHIS_NOTEBOOK && km_str_is(c->row->field[0], "301")
        && c->row->fields > 5)
        p->material = km_str_is(c->row->field[5], "9") || km_str_is(c->row->field[5], "10");
}

static void check_place(checking *c)
{
    km_str place = c->record->place;
    size_t at = index_of(c, c->record);
    bool within = km_str_is(place, "part")
                  || (c->doc->kind == KM_JAHIS_NOTEBOOK && km_str_is(place, "rp"));
    if (km_str_is(place, "once") && at < RECORDS && c->seen[at])
        say(c, 0, "record-twice");
    if (at < RECORDS)
        c->seen[at] = true;
    if (km_str_is(place, "block")) {
        close_rps(c);
        c->block = true;
    } else if (within && !c->block)
        say(c, 0, "record-alone");
    else if (km_str_is(place, "many") && c->block && c->record->rank > c->rank)
        c->rank = c->record->rank;
    else if (c->record->rank < c->rank && !within && !km_str_is(place, "rp"))
        say(c, 0, "record-order");
    if (c->record->rank > c->rank || !within)
        c->rank = c->record->rank;
    if (km_str_is(place, "rp"))
        note_rp(c);
}

/* A kind of code other than 1 (none) promises one. */
static void check_code(checking *c)
{
    uint32_t kind = c->doc->kind == KM_JAHIS_NOTEBOOK ? 5 : 4;
    if (!km_str_is(c->row->field[0], "201") || c->row->fields <= kind || c->row->field[kind].n == 0
        || km_str_is(c->row->field[kind], "1"))
        return;
    if (c->row->fields <= kind + 1 || km_str_trim(c->row->field[kind + 1]).n == 0)
        say(c, kind + 1, "code-missing");
}

static void check_row(checking *c)
{
    c->record = km_jahis_record(c->j->layout, c->row);
    if (c->record == NULL) {
        say(c, 0, "record-unknown");
        return;
    }
    km_judge_row(c->j, c->record, c->row);
    check_place(c);
    check_code(c);
}

static void check_missing(checking *c, uint32_t last)
{
    const km_layout *l = c->j->layout;
    for (size_t i = 0; i < l->n && i < RECORDS; i++)
        if (l->record[i].must && !c->seen[i]
            && (c->doc->kind == KM_JAHIS_PRESCRIPTION || !km_str_is(l->record[i].place, "rp")))
            km_judge_say(c->j, last, NULL, &l->record[i], 0, "record-missing");
}

km_code km_jahis_check(km_judge *j, const km_jahis *doc, km_fault *f)
{
    km_layout *layout;
    bool notebook = doc->kind == KM_JAHIS_NOTEBOOK;
    KM_TRY(km_layout_open(&layout, j->arena, notebook ? "jahis_tc.tsv" : "jahis_rx.tsv", 0, f));
    j->layout = layout;
    j->reasons = km_layout_table("jahis_reasons.tsv");
    checking *c = KM_NEW(j->arena, checking);
    *c = (checking){ .j = j, .doc = doc };
    km_jahis_rows rows = { .of = doc };
    km_row row;
    uint32_t last = 1;
    if (doc->wrong != NULL)
        km_judge_say(j, doc->wrong_line, NULL, NULL, 0, doc->wrong);
    if (doc->twice)
        km_judge_say(j, doc->part[0].line, NULL, NULL, 0, "part-twice");
    if (doc->version < 1 || doc->version > (notebook ? NEWEST_NOTEBOOK : NEWEST_PRESCRIPTION))
        km_judge_say(j, 1, NULL, NULL, 0, "version-unknown");
    while (km_jahis_next(&row, &rows)) {
        c->row = &row;
        last = row.line;
        check_row(c);
    }
    close_rps(c);
    check_missing(c, last);
    return KM_OK;
}
