/* SPDX-License-Identifier: Apache-2.0
 *
 * ef: the EF integrated file (EF統合ファイル): tab-separated rows, a header line, an E row for each
 * act and F rows for its details. The rows of one stay are a piece: Organization, Patient,
 * Encounter, and for each detail a Procedure (acts), a MedicationAdministration (drugs) or a
 * ChargeItem (devices and the rest).
 */
#include "codec/layout/judge.h"
#include "gateways/dpc/dpc_gateway.h"
#include "platform/entries.h"
#include "platform/explain.h"

enum {
    FACILITY = 1,
    PATIENT,
    DISCHARGED,
    ADMITTED,
    KIND,
    SEQUENCE,
    DETAIL,
    HOSPITAL_CODE,
    CODE,
    SECTION,
    NAME,
    AMOUNT,
    UNIT,
    DETAIL_POINTS,
    YEN,
    FEE,
    FLAGS,
    POINTS,
    DRUG_POINTS,
    DEVICE_POINTS,
    TIMES,
    INSURER,
    CLAIM_KIND,
    DONE,
    CLAIM_DEPARTMENT,
    DEPARTMENT,
    PHYSICIAN,
    WARD,
    WARD_KIND,
    OUTPATIENT,
    ARENA = 1 << 28,
    COLUMNS = 30
};

/* A row with a record's id before it, so that fields have the numbers of the layout. */
typedef struct reading {
    km_rows rows;
    km_judge *j;
    const km_layout_record *record;
    bool utf8;
    /* of the act at hand */
    uint32_t act_line;
    int64_t act, drugs, devices, details;
    bool open;
} reading;

static km_str after_mark(km_str text)
{
    return km_str_starts(text, KM_STR("\xEF\xBB\xBF")) ? km_str_sub(text, 3, text.n) : text;
}

static bool is_header(const km_row *row)
{
    return row->fields >= COLUMNS && row->field[0].n > 0
           && (unsigned char)row->field[0].p[0] >= 0x80;
}

static bool is(km_str text)
{
    km_rows rows = { .text = after_mark(text), .mark = '\t' };
    km_row row;
    if (!km_rows_next(&row, &rows) || row.fields < COLUMNS || row.fields > COLUMNS + 2)
        return false;
    if (is_header(&row) && !km_rows_next(&row, &rows))
        return true;
    return row.fields >= COLUMNS && row.field[0].n == 9 && km_field_digits(row.field[0])
           && row.field[DETAIL - 1].n == 3 && km_field_digits(row.field[DETAIL - 1]);
}

static km_code open_file(reading *r, km_judge *j, km_str text, km_fault *f)
{
    km_layout *layout;
    KM_TRY(km_layout_open(&layout, j->arena, "dpc_ef.tsv", 0, f));
    j->layout = layout;
    j->reasons = km_layout_table("sheet_reasons.tsv");
    *r = (reading){ .rows = { .text = after_mark(text), .mark = '\t' },
                    .j = j,
                    .record = km_layout_find(layout, KM_STR("EF")),
                    .utf8 = km_str_is_utf8(text, NULL) };
    return KM_OK;
}

static bool next(km_row *out, reading *r)
{
    do {
        if (!km_rows_next(out, &r->rows))
            return false;
    } while (out->raw.n == 0 || (out->line == 1 && is_header(out)));
    for (uint32_t i = out->fields < KM_ROW_FIELDS ? out->fields : KM_ROW_FIELDS - 1; i > 0; i--)
        out->field[i] = out->field[i - 1];
    out->field[0] = KM_STR("EF");
    out->fields += out->fields < KM_ROW_FIELDS;
    return true;
}

static km_str at(const km_row *row, uint32_t i)
{
    return i < row->fields ? km_str_trim(row->field[i]) : KM_STR_NONE;
}

static int64_t number_at(const km_row *row, uint32_t i)
{
    int64_t v = 0;
    km_str s = at(row, i);
    bool minus = s.n > 0 && s.p[0] == '-';
    if (minus)
        s = km_str_sub(s, 1, s.n);
    while (s.n > 1 && s.p[0] == '0')
        s = km_str_sub(s, 1, s.n);
    return s.n > 0 && s.n <= 12 && km_str_to_i64(&v, s) ? (minus ? -v : v) : 0;
}

/* --- checks --- */

/* E's points are the sum of its F rows' that are not bundled; where F rows tell no points of drugs
 * and devices, with those of E (measured on public samples). */
static void close_act(reading *r)
{
    if (r->open && r->act != r->details && r->act != r->details + r->drugs + r->devices)
        km_judge_say(r->j, r->act_line, NULL, r->record, POINTS, "points-differ");
    r->open = false;
}

static void check_date(reading *r, const km_row *row, uint32_t field)
{
    int64_t day;
    km_str s = at(row, field);
    if (s.n > 0 && !km_str_is(s, "00000000") && !km_field_day(&day, s))
        km_judge_say(r->j, row->line, row, r->record, field, "date-impossible");
}

static void check_row(reading *r, const km_row *row)
{
    km_judge_row(r->j, r->record, row);
    check_date(r, row, DISCHARGED);
    check_date(r, row, ADMITTED);
    check_date(r, row, DONE);
    if (km_str_is(at(row, DETAIL), "000")) {
        close_act(r);
        r->open = true;
        r->act_line = row->line;
        r->act = number_at(row, POINTS);
        r->drugs = number_at(row, DRUG_POINTS);
        r->devices = number_at(row, DEVICE_POINTS);
        r->details = 0;
    } else if (!r->open)
        km_judge_say(r->j, row->line, row, r->record, DETAIL, "detail-alone");
    else if (at(row, FLAGS).n < 2 || at(row, FLAGS).p[1] == '0')
        r->details += number_at(row, FEE);
}

/* --- records --- */

typedef struct stay {
    km_arena *arena;
    km_str facility, patient_number, admitted, organization, patient, encounter;
    uint32_t line;
    bool utf8;
} stay;

static bool print_date(char out[16], km_str s)
{
    int64_t day;
    if (s.n != 8 || !km_field_day(&day, s))
        return false;
    snprintf(out, 16, "%.4s-%.2s-%.2s", s.p, s.p + 4, s.p + 6);
    return true;
}

static void open_stay(stay *s, km_jw *w, const km_row *row)
{
    char from[16], to[16];
    bool outpatient = km_str_is(at(row, OUTPATIENT), "1");
    s->facility = at(row, FACILITY);
    s->patient_number = at(row, PATIENT);
    s->admitted = at(row, ADMITTED);
    km_str place[] = { s->facility }, who[] = { s->facility, s->patient_number };
    km_str when[] = { s->facility, s->patient_number, s->admitted,
                      outpatient ? at(row, DONE) : KM_STR_NONE };
    s->organization = km_entry_id(s->arena, "Organization.dpc", place, 1);
    s->patient = km_entry_id(s->arena, "Patient.dpc", who, 2);
    s->encounter = km_entry_id(s->arena, "Encounter.dpc", when, 4);
    km_entry_open(w, "Organization", s->organization);
    km_jw_key(w, "identifier");
    km_jw_open(w, '[');
    km_entry_identifier(w, KM_STR("urn:kumihimo:dpc:facility"), s->facility);
    km_jw_close(w, ']');
    km_jw_member(w, "name", s->facility);
    km_entry_close(w, "Organization", s->organization);
    km_entry_open(w, "Patient", s->patient);
    km_jw_key(w, "identifier");
    km_jw_open(w, '[');
    km_entry_identifier(
        w, km_arena_print(s->arena, "urn:kumihimo:dpc:patient:%.*s", KM_STR_ARG(s->facility)),
        s->patient_number);
    km_jw_close(w, ']');
    km_entry_close(w, "Patient", s->patient);
    km_entry_open(w, "Encounter", s->encounter);
    km_jw_member_z(w, "status", print_date(to, at(row, DISCHARGED)) ? "finished" : "in-progress");
    km_jw_key(w, "class");
    km_entry_coding(w, "http://terminology.hl7.org/CodeSystem/v3-ActCode",
                    outpatient ? KM_STR("AMB") : KM_STR("IMP"));
    km_entry_reference(w, "subject", "Patient", s->patient);
    if (print_date(from, s->admitted)) {
        km_jw_key(w, "period");
        km_jw_open(w, '{');
        km_jw_member_z(w, "start", from);
        if (print_date(to, at(row, DISCHARGED)))
            km_jw_member_z(w, "end", to);
        km_jw_close(w, '}');
    }
    km_entry_reference(w, "serviceProvider", "Organization", s->organization);
    km_entry_close(w, "Encounter", s->encounter);
}

static const char *system_of(char kind)
{
    return kind == '6'   ? "urn:kumihimo:receden:drug"
           : kind == '7' ? "urn:kumihimo:receden:device"
                         : "http://jpfhir.jp/fhir/core/mhlw/CodeSystem/masterS-medicalProcedure";
}

static void write_code(const stay *s, km_jw *w, const char *name, const km_row *row)
{
    bool whole;
    km_str code = at(row, CODE);
    km_str words = s->utf8 ? at(row, NAME) : km_field_text(&whole, s->arena, at(row, NAME));
    km_jw_key(w, name);
    km_jw_open(w, '{');
    if (code.n == 9) {
        km_jw_key(w, "coding");
        km_jw_open(w, '[');
        km_entry_coding(w, system_of(code.p[0]), code);
        km_jw_close(w, ']');
    }
    km_jw_member(w, "text", words.n > 0 ? words : code.n > 0 ? code : KM_STR("-"));
    km_jw_close(w, '}');
}

/* "0000001.500" as 1.500 */
static void write_amount(km_jw *w, const char *name, km_str amount)
{
    while (amount.n > 1 && amount.p[0] == '0' && amount.p[1] != '.')
        amount = km_str_sub(amount, 1, amount.n);
    if (amount.n == 0 || !km_field_number(amount) || amount.p[amount.n - 1] == '.'
        || amount.p[0] == '.' || km_str_is(amount, "0.000"))
        return;
    km_jw_key(w, name);
    km_jw_open(w, '{');
    km_jw_key(w, "value");
    km_jw_raw(w, amount);
    km_jw_close(w, '}');
}

static void write_detail(stay *s, km_jw *w, const km_row *row)
{
    char when[16];
    km_str code = at(row, CODE);
    char kind = code.n == 9 ? code.p[0] : '0';
    const char *type = kind == '6'                  ? "MedicationAdministration"
                       : kind == '1' || kind == '3' ? "Procedure"
                                                    : "ChargeItem";
    km_str key[] = { s->encounter,    at(row, KIND), at(row, SEQUENCE),
                     at(row, DETAIL), at(row, DONE), code };
    if (km_str_is(at(row, DETAIL), "000") || !print_date(when, at(row, DONE)))
        return;
    km_str id = km_entry_id(s->arena, type, key, 6);
    km_entry_open(w, type, id);
    km_jw_member_z(w, "status", type[0] == 'C' ? "billable" : "completed");
    write_code(s, w, kind == '6' ? "medicationCodeableConcept" : "code", row);
    km_entry_reference(w, "subject", "Patient", s->patient);
    km_entry_reference(w, type[0] == 'C' || kind == '6' ? "context" : "encounter", "Encounter",
                       s->encounter);
    if (kind == '6') {
        km_jw_member_z(w, "effectiveDateTime", when);
        if (km_field_number(at(row, AMOUNT)) && !km_str_is(at(row, AMOUNT), "0000000.000")) {
            km_jw_key(w, "dosage");
            km_jw_open(w, '{');
            write_amount(w, "dose", at(row, AMOUNT));
            km_jw_close(w, '}');
        }
    } else if (type[0] == 'P')
        km_jw_member_z(w, "performedDateTime", when);
    else {
        km_jw_member_z(w, "occurrenceDateTime", when);
        write_amount(w, "quantity", at(row, AMOUNT));
    }
    km_entry_close(w, type, id);
}

static bool same_stay(const stay *s, const km_row *row)
{
    return km_str_eq(s->facility, at(row, FACILITY))
           && km_str_eq(s->patient_number, at(row, PATIENT))
           && km_str_eq(s->admitted, at(row, ADMITTED));
}

/* One stay: from `first` on; its rows are read, checked and told. *more: there is a row behind it,
 * which stands in *first. */
static km_code tell_stay(reading *r, km_row *first, bool *more, const km_format_sink *sink,
                         km_arena *a)
{
    km_buf out = km_buf_in(a);
    km_jw w = km_jw_on(&out);
    stay s = { .arena = a, .line = first->line, .utf8 = r->utf8 };
    int64_t before = r->j->errors;
    const char *begin = first->raw.p, *end = begin;
    km_jw_open(&w, '[');
    open_stay(&s, &w, first);
    do {
        end = first->raw.p + first->raw.n + first->ending.n;
        check_row(r, first);
        write_detail(&s, &w, first);
        *more = next(first, r);
    } while (*more && same_stay(&s, first));
    close_act(r);
    km_jw_close(&w, ']');
    if (r->j->errors > before)
        return KM_OK;
    km_piece piece = { s.line,
                       km_str_sub(km_buf_str(&out), 1, out.n - 2),
                       { begin, (size_t)(end - begin) } };
    return sink->entries(sink->self, &piece);
}

static km_code records(const km_document *doc, const km_format_sink *sink, km_call *call)
{
    km_arena *a = km_arena_new(ARENA), *one = km_arena_new(ARENA);
    km_format_sink copy = *sink;
    km_judge j = { .tell = km_format_hear, .self = &copy, .arena = a };
    km_row *row = KM_NEW(a, km_row);
    reading r;
    km_code rc = open_file(&r, &j, doc->text, call->fault);
    bool more = rc == KM_OK && next(row, &r);
    while (rc == KM_OK && more) {
        rc = tell_stay(&r, row, &more, sink, one);
        km_arena_reset(one);
    }
    km_arena_free(one);
    km_arena_free(a);
    return rc;
}

static km_code explain(int64_t *errors, FILE *out, km_str text, bool japanese, km_fault *f)
{
    km_arena *a = km_arena_new(ARENA);
    km_explaining e = { .out = out, .ja = japanese, .arena = a, .findings = km_findings_new(a) };
    km_judge j = { .tell = km_findings_keep, .self = e.findings, .arena = a };
    km_row *row = KM_NEW(a, km_row);
    reading r;
    km_code rc = open_file(&r, &j, text, f);
    e.utf8 = r.utf8;
    while (rc == KM_OK && next(row, &r)) {
        check_row(&r, row);
        km_explain_row(&e, r.record, row);
    }
    if (rc == KM_OK) {
        close_act(&r);
        km_explain_end(&e, &j);
    }
    *errors = j.errors;
    km_arena_free(a);
    return rc;
}

static km_code reprint(km_buf *out, km_str text, km_fault *f)
{
    km_rows rows = { .text = text, .mark = '\t' };
    km_row row;
    (void)f;
    while (km_rows_next(&row, &rows)) {
        for (uint32_t i = 0; i < row.fields; i++) {
            if (i > 0)
                km_buf_char(out, '\t');
            km_buf_add(out, row.field[i]);
        }
        km_buf_add(out, row.ending);
    }
    km_buf_add(out, rows.tail);
    return KM_OK;
}

const km_format km_format_dpc_ef = { .name = "dpc-ef",
                                     .about = "DPC EF integrated file",
                                     .about_ja = "DPC EF統合ファイル",
                                     .is = is,
                                     .reprint = reprint,
                                     .explain = explain,
                                     .records = records };

static const km_format *const formats[] = { &km_format_dpc_ef, NULL };

const km_service km_gateway_dpc = { .name = "dpc", .formats = formats };
