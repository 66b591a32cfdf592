/* SPDX-License-Identifier: Apache-2.0
 *
 * check: one pass over the rows of a file. Fields are judged by their kind in the layout, order by
 * the ranks, totals by what the facts measured on real files: GO counts HO and KO records, not
 * claims; GO's sum takes HO's total, and the largest KO's where a claim has no HO; a claim's total
 * is the sum of points times their number, where only the last line of a series carries points.
 */
#include "base/embedded.h"
#include "base/numbers.h"
#include "codec/receden/receden.h"

typedef struct claim {
    uint32_t line, insurer_line;
    bool open, has_insurer;
    int rank;
    int64_t total, public_total, items;
} claim;

typedef struct checking {
    km_arena *arena;
    const km_layout *layout;
    km_receden_sums *sums;
    km_receden_teller teller;
    const km_row *row;
    const km_layout_record *record;
    claim claim;
    int64_t payers, total;
    bool ended, utf8;
    km_str prefecture, fee_table;
} checking;

enum { REASON, SEVERITY, JA, EN, COLUMNS };

static void tell_at(checking *c, uint32_t line, uint32_t field, const char *reason)
{
    km_str cell[COLUMNS], rest = km_layout_table("uke_reasons.tsv");
    const km_layout_field *named = c->record != NULL ? km_layout_at(c->record, field) : NULL;
    km_finding p = { .line = line, .field = field, .reason = km_str_of(reason) };
    while (km_tsv_next(cell, COLUMNS, &rest) > 0)
        if (km_str_is(cell[REASON], reason)) {
            p.error = km_str_is(cell[SEVERITY], "error");
            p.ja = cell[JA];
            p.en = cell[EN];
        }
    if (named != NULL && field > 0) {
        p.field_ja = named->ja;
        p.field_en = named->en;
    }
    if (c->row != NULL)
        p.record = km_str_sub(c->row->field[0], 0, 2);
    c->sums->errors += p.error;
    c->sums->warnings += !p.error;
    if (c->teller.tell != NULL)
        c->teller.tell(c->teller.self, &p);
}

static void tell(checking *c, uint32_t field, const char *reason)
{
    tell_at(c, c->row->line, field, reason);
}

static int64_t value_at(const checking *c, uint32_t field)
{
    int64_t v = 0;
    if (field >= c->row->fields || c->row->field[field].n > 12
        || !km_str_to_i64(&v, c->row->field[field]))
        return 0;
    return v;
}

static void check_checksum(checking *c, uint32_t i, const km_layout_field *f, km_str s)
{
    while (s.n > 0 && s.p[0] == ' ')
        s = km_str_sub(s, 1, s.n);
    bool fine = km_str_is(f->kind, "institution") || km_str_is(f->kind, "pharmacy")
                    ? km_number_institution_checks(c->prefecture, c->fee_table, s)
                    : km_number_checks(s);
    if (!fine)
        tell(c, i, "check-digit");
}

static void check_kind(checking *c, uint32_t i, const km_layout_field *f, km_str s)
{
    static const char *const numbers[] = { "number", "points", "times", "total" };
    static const char *const checked[] = { "insurer", "payer", "recipient", "institution",
                                           "pharmacy" };
    int64_t day;
    if (f->most > 0 && s.n > f->most)
        tell(c, i, "too-long");
    if ((km_str_is(f->kind, "date") && !km_field_day(&day, s))
        || (km_str_is(f->kind, "month") && km_field_month(s) == 0))
        tell(c, i, km_field_outside_era(s) ? "era-border" : "date-impossible");
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++)
        if (km_str_is(f->kind, numbers[k]) && !km_field_number(s))
            tell(c, i, "not-a-number");
    for (size_t k = 0; k < sizeof checked / sizeof *checked; k++)
        if (km_str_is(f->kind, checked[k]))
            check_checksum(c, i, f, s);
}

static void check_text(checking *c, uint32_t i, km_str s)
{
    bool whole;
    km_arena_mark here = km_arena_here(c->arena);
    km_str text = km_field_text(&whole, c->arena, s);
    if (!whole && !c->utf8)
        tell(c, i, "not-cp932");
    else if (whole && text.p != s.p && km_field_has_gaiji(text))
        tell(c, i, "gaiji");
    km_arena_back(c->arena, here);
}

static void check_fields(checking *c)
{
    const km_row *row = c->row;
    for (uint32_t i = 1; i < row->fields; i++) {
        if (row->field[i].n == 0)
            continue;
        const km_layout_field *f = km_layout_at(c->record, i);
        check_text(c, i, row->field[i]);
        if (f != NULL)
            check_kind(c, i, f, row->field[i]);
    }
    if (row->fields < c->record->least)
        tell(c, 0, "too-few-fields");
    else if (c->record->most > 0 && row->fields > c->record->most)
        tell(c, 0, "too-many-fields");
}

/* Said of the claim's HO, which was read long before. */
static void tell_claim_total(checking *c, uint32_t line)
{
    const km_row *row = c->row;
    const km_layout_record *record = c->record;
    km_row insurer = { .fields = 1, .field = { KM_STR_INIT("HO") } };
    c->row = &insurer;
    c->record = km_layout_find(c->layout, KM_STR("HO"));
    tell_at(c, line, 5, "claim-total");
    c->row = row;
    c->record = record;
}

static void close_claim(checking *c)
{
    claim *one = &c->claim;
    if (!one->open)
        return;
    c->total += one->has_insurer ? one->total : one->public_total;
    if (one->has_insurer && c->sums->kind == KM_RECEDEN_MEDICAL && one->items != one->total)
        tell_claim_total(c, one->insurer_line);
    *one = (claim){ 0 };
}

static void check_end(checking *c)
{
    close_claim(c);
    if (value_at(c, 1) != c->payers)
        tell(c, 1, "count-wrong");
    if (value_at(c, 2) != c->total)
        tell(c, 2, "sum-wrong");
    c->ended = true;
}

static void add_up(checking *c)
{
    km_str id = c->row->field[0];
    int64_t points = 0, times = 1;
    for (uint32_t i = 1; i < c->record->n && i < c->row->fields; i++) {
        const km_layout_field *f = &c->record->field[i];
        if (km_str_is(f->kind, "points"))
            points = value_at(c, i);
        else if (km_str_is(f->kind, "times"))
            times = value_at(c, i);
    }
    if (points > -100000000 && points < 100000000 && times >= 0 && times < 1000)
        c->claim.items += points * times;
    if (km_str_is(id, "HO")) {
        c->payers++;
        c->claim.has_insurer = true;
        c->claim.insurer_line = c->row->line;
        c->claim.total = value_at(c, 5);
    } else if (km_str_is(id, "KO")) {
        c->payers++;
        if (value_at(c, 5) > c->claim.public_total)
            c->claim.public_total = value_at(c, 5);
    }
}

static void check_place(checking *c)
{
    km_str place = c->record->place;
    if (c->ended)
        tell(c, 0, "after-end");
    if (km_str_is(place, "claim")) {
        close_claim(c);
        c->claim = (claim){ .open = true, .line = c->row->line, .rank = c->record->rank };
        c->sums->claims++;
    } else if (km_str_is(place, "part") || km_str_is(place, "item")) {
        if (!c->claim.open)
            tell(c, 0, "record-alone");
        else if (c->record->rank < c->claim.rank)
            tell(c, 0, "record-order");
        else
            c->claim.rank = c->record->rank;
        add_up(c);
    } else if (km_str_is(place, "end"))
        check_end(c);
}

static void check_row(checking *c)
{
    const km_row *row = c->row;
    bool first = c->sums->records++ == 0;
    c->record = km_layout_find(c->layout, row->field[0]);
    bool header = c->record != NULL && km_str_is(c->record->place, "header");
    if (first && !header)
        tell(c, 0, "header-missing");
    if (c->record == NULL) {
        if (row->raw.n > 0 || row->ending.n == 0)
            tell(c, 0, "record-unknown");
        return;
    }
    if (header && row->fields > 3) {
        c->prefecture = row->field[2];
        c->fee_table = row->field[3];
    }
    check_fields(c);
    check_place(c);
}

/* Three lines of Japanese are hardly ever UTF-8 by chance. */
static bool seems_utf8(km_str text)
{
    bool high = false;
    text = km_str_sub(text, 0, (size_t)1 << 20);
    for (size_t i = 0; i < text.n && !high; i++)
        high = (unsigned char)text.p[i] >= 0x80;
    size_t bad = text.n;
    return high && (km_str_is_utf8(text, &bad) || (text.n == (size_t)1 << 20 && text.n - bad < 4));
}

km_code km_receden_check(km_receden_sums *out, km_arena *a, km_str text, km_receden_teller teller,
                         km_fault *f)
{
    km_layout *layout;
    *out = (km_receden_sums){ .kind = km_receden_kind_of(text) };
    KM_TRY(km_receden_layout(&layout, a, text, f));
    checking c = { .arena = a, .layout = layout, .sums = out, .teller = teller };
    km_rows rows = { .text = text };
    km_row row = { .line = 1 };
    c.utf8 = seems_utf8(text);
    if (c.utf8)
        tell_at(&c, 1, 0, "is-utf8");
    c.row = &row;
    while (km_rows_next(&row, &rows))
        check_row(&c);
    c.record = NULL;
    if (out->records == 0)
        tell_at(&c, 1, 0, "header-missing");
    else if (row.ending.n == 0)
        tell(&c, 0, "line-cut");
    close_claim(&c);
    if (!c.ended)
        tell(&c, 0, "end-missing");
    return KM_OK;
}
