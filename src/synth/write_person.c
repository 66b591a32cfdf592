/* SPDX-License-Identifier: Apache-2.0
 *
 * write_person: a chart with its Patient and Coverage; an institution with its people.
 */
#include <assert.h>

#include "base/kana.h"
#include "synth/inside.h"

#define MEMBER_SYSTEM "http://jpfhir.jp/fhir/clins/Idsystem/JP_Insurance_memberID"
#define INSTITUTION_SYSTEM "http://jpfhir.jp/fhir/core/IdSystem/insurance-medical-institution-no"

/* --- the many writings of one name --- */

/* Full-width katakana to half-width, as old front-desk systems send it. */
static km_str half_width(km_arena *a, km_str kana)
{
    static const char *const pairs[] = {
        "アｱ",  "イｲ",  "ウｳ",  "エｴ",  "オｵ",  "カｶ",  "キｷ",  "クｸ",  "ケｹ",  "コｺ",  "サｻ",
        "シｼ",  "スｽ",  "セｾ",  "ソｿ",  "タﾀ",  "チﾁ",  "ツﾂ",  "テﾃ",  "トﾄ",  "ナﾅ",  "ニﾆ",
        "ヌﾇ",  "ネﾈ",  "ノﾉ",  "ハﾊ",  "ヒﾋ",  "フﾌ",  "ヘﾍ",  "ホﾎ",  "マﾏ",  "ミﾐ",  "ムﾑ",
        "メﾒ",  "モﾓ",  "ヤﾔ",  "ユﾕ",  "ヨﾖ",  "ラﾗ",  "リﾘ",  "ルﾙ",  "レﾚ",  "ロﾛ",  "ワﾜ",
        "ンﾝ",  "ァｧ",  "ィｨ",  "ゥｩ",  "ェｪ",  "ォｫ",  "ャｬ",  "ュｭ",  "ョｮ",  "ッｯ",  "ーｰ",
        "ガｶﾞ", "ギｷﾞ", "グｸﾞ", "ゲｹﾞ", "ゴｺﾞ", "ザｻﾞ", "ジｼﾞ", "ズｽﾞ", "ゼｾﾞ", "ゾｿﾞ", "ダﾀﾞ",
        "ヂﾁﾞ", "ヅﾂﾞ", "デﾃﾞ", "ドﾄﾞ", "バﾊﾞ", "ビﾋﾞ", "ブﾌﾞ", "ベﾍﾞ", "ボﾎﾞ", "パﾊﾟ", "ピﾋﾟ",
        "プﾌﾟ", "ペﾍﾟ", "ポﾎﾟ", "ヴｳﾞ"
    };
    km_buf b = km_buf_in(a);
    for (size_t at = 0; at + 3 <= kana.n; at += 3) { /* katakana are three bytes of UTF-8 */
        size_t i = 0;
        while (i < sizeof pairs / sizeof *pairs && memcmp(pairs[i], kana.p + at, 3) != 0)
            i++;
        assert(i < sizeof pairs / sizeof *pairs);
        km_buf_z(&b, pairs[i] + 3);
    }
    return km_buf_str(&b);
}

/* Each institution writes what its clerk typed; which way is a function of the chart. */
static void write_names(km_jw *w, const syn_person *p, uint64_t of)
{
    km_str family = p->family->cell[FAMILY_KANJI], given = p->given->cell[GIVEN_KANJI];
    km_str family_kana = p->family->cell[FAMILY_KANA], given_kana = p->given->cell[GIVEN_KANA];
    if (of % 100 < 25 && p->family->cell[FAMILY_VARIANT].n > 0)
        family = p->family->cell[FAMILY_VARIANT];
    if (of / 100 % 100 < 10) {
        family_kana = half_width(p->arena, family_kana);
        given_kana = half_width(p->arena, given_kana);
    }
    km_synth__human(w, family, given, family_kana, given_kana);
}

/* --- a chart --- */

static void write_address(km_jw *w, const syn_person *p)
{
    static const char *const towns[] = { "本町",   "港通",   "日向町", "紬台",
                                         "菖蒲町", "学園台", "糸町" };
    uint64_t of = km_synth__mixed(p->world->seed, (uint64_t)p->household, 17);
    km_str line = km_arena_print(p->arena, "%s%d-%d-%d", towns[of % 7], (int)(of / 7 % 5) + 1,
                                 (int)(of / 35 % 20) + 1, (int)(of / 700 % 30) + 1);
    km_jw_key(w, "address");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    km_jw_member(w, "text", km_arena_print(p->arena, "組紐市%.*s", KM_STR_ARG(line)));
    km_jw_key(w, "line");
    km_jw_open(w, '[');
    km_jw_str(w, line);
    km_jw_close(w, ']');
    km_jw_member_z(w, "city", "組紐市");
    km_jw_member_z(w, "country", "JP");
    km_jw_close(w, '}');
    km_jw_close(w, ']');
}

static void write_patient(syn_chart *c, const syn_person *p)
{
    char system[80], number[24];
    syn_entry e = km_synth__open_as(c, "Patient", "JP_Patient", c->patient);
    snprintf(system, sizeof system, "urn:oid:1.2.392.100495.20.3.51.1%.*s",
             KM_STR_ARG(c->institution->cell[INST_CODE]));
    snprintf(number, sizeof number, "%08lld", (long long)c->number);
    km_jw_key(e.w, "identifier");
    km_jw_open(e.w, '[');
    km_synth__identifier(e.w, system, km_str_of(number));
    km_synth__identifier(e.w, MEMBER_SYSTEM, p->member_id);
    km_jw_close(e.w, ']');
    km_jw_member_bool(e.w, "active", true);
    write_names(e.w, p, km_synth__mixed(p->seed, (uint64_t)c->number, 19));
    km_jw_member_z(e.w, "gender", p->female ? "female" : "male");
    km_synth__day(e.w, "birthDate", p->born);
    if (p->died)
        km_synth__day(e.w, "deceasedDateTime", p->last);
    write_address(e.w, p);
    km_synth__refer(e.w, "managingOrganization", "Organization",
                    km_arena_z(p->arena, c->institution->cell[INST_KEY]));
    km_synth__close(&e);
}

static void write_extension(km_jw *w, const char *name, km_str value)
{
    char url[96];
    if (value.n == 0)
        return;
    snprintf(url, sizeof url, "http://jpfhir.jp/fhir/core/Extension/StructureDefinition/%s", name);
    km_jw_open(w, '{');
    km_jw_member_z(w, "url", url);
    km_jw_member(w, "valueString", value);
    km_jw_close(w, '}');
}

static void write_coverage(syn_chart *c, const syn_person *p)
{
    bool old = km_str_starts(p->insurer, KM_STR("39"));
    bool national = km_str_starts(p->insurer, KM_STR("00"));
    syn_entry e = km_synth__open(c, "Coverage", "JP_Coverage");
    km_jw_key(e.w, "extension");
    km_jw_open(e.w, '[');
    write_extension(e.w, "JP_Coverage_InsuredPersonSymbol", p->symbol);
    write_extension(e.w, "JP_Coverage_InsuredPersonNumber", p->number);
    write_extension(e.w, "JP_Coverage_InsuredPersonSubNumber", p->branch);
    km_jw_close(e.w, ']');
    km_jw_member_z(e.w, "status", "active");
    km_synth__concept(e.w, "type", "urn:oid:1.2.392.100495.20.2.61",
                      old        ? KM_STR("7")
                      : national ? KM_STR("2")
                                 : KM_STR("1"),
                      old        ? KM_STR("後期高齢者")
                      : national ? KM_STR("国民健康保険")
                                 : KM_STR("医療保険"));
    km_synth__refer(e.w, "beneficiary", "Patient", c->patient);
    km_synth__concept(e.w, "relationship", "urn:oid:1.2.392.100495.20.2.62",
                      p->dependant ? KM_STR("2") : KM_STR("1"),
                      p->dependant ? KM_STR("被扶養者") : KM_STR("被保険者"));
    km_jw_key(e.w, "payor");
    km_jw_open(e.w, '[');
    km_jw_open(e.w, '{');
    km_jw_key(e.w, "identifier");
    km_synth__identifier(e.w, "urn:oid:1.2.392.100495.20.3.61", p->insurer);
    km_jw_close(e.w, '}');
    km_jw_close(e.w, ']');
    km_synth__close(&e);
}

syn_chart *km_synth__chart(syn_person *p, km_str institution)
{
    syn_world *w = p->world;
    for (size_t i = 0; i < p->charts; i++)
        if (km_str_eq(p->chart[i]->institution->cell[INST_KEY], institution))
            return p->chart[i];
    assert(p->charts < SYN_CHARTS);
    syn_chart *c = p->chart[p->charts++] = KM_NEW(p->arena, syn_chart);
    c->institution = km_synth__row(&w->institutions, institution);
    /* Counters start apart, so that no number is a chart number at two institutions by chance
     * alone. */
    size_t at = (size_t)(c->institution - w->institutions.row);
    c->number = (int64_t)(at + 1) * 100000 + ++w->charts[at];
    snprintf(c->patient, sizeof c->patient, "%.*s-%08lld", KM_STR_ARG(institution),
             (long long)c->number);
    c->entries = km_buf_in(p->arena);
    c->w = km_jw_on(&c->entries);
    write_patient(c, p);
    write_coverage(c, p);
    return c;
}

/* --- an institution --- */

static void write_organization(syn_chart *c)
{
    char key[SYN_ID];
    const km_str *cell = c->institution->cell;
    snprintf(key, sizeof key, "%.*s", KM_STR_ARG(cell[INST_KEY]));
    syn_entry e = km_synth__open_as(c, "Organization", "JP_Organization", key);
    km_jw_key(e.w, "identifier");
    km_jw_open(e.w, '[');
    km_synth__identifier(e.w, INSTITUTION_SYSTEM, cell[INST_CODE]);
    km_jw_close(e.w, ']');
    km_jw_member_bool(e.w, "active", true);
    km_jw_member(e.w, "name", cell[INST_NAME]);
    km_jw_key(e.w, "telecom");
    km_jw_open(e.w, '[');
    km_jw_open(e.w, '{');
    km_jw_member_z(e.w, "system", "phone");
    km_jw_member(e.w, "value", cell[INST_PHONE]);
    km_jw_close(e.w, '}');
    km_jw_close(e.w, ']');
    km_jw_key(e.w, "address");
    km_jw_open(e.w, '[');
    km_jw_open(e.w, '{');
    km_jw_member(e.w, "text", cell[INST_ADDRESS]);
    km_jw_member_z(e.w, "country", "JP");
    km_jw_close(e.w, '}');
    km_jw_close(e.w, ']');
    km_synth__close(&e);
}

static void write_practitioner(syn_chart *c, const syn_row *staff)
{
    char id[SYN_ID], system[80];
    const km_str *cell = staff->cell;
    snprintf(id, sizeof id, "%.*s-%.*s", KM_STR_ARG(cell[STAFF_INST]), KM_STR_ARG(cell[STAFF_ID]));
    snprintf(system, sizeof system, "urn:oid:1.2.392.100495.20.3.41.1%.*s",
             KM_STR_ARG(c->institution->cell[INST_CODE]));
    syn_entry e = km_synth__open_as(c, "Practitioner", "JP_Practitioner", id);
    km_jw_key(e.w, "identifier");
    km_jw_open(e.w, '[');
    km_synth__identifier(e.w, system, cell[STAFF_ID]);
    km_jw_close(e.w, ']');
    km_jw_member_bool(e.w, "active", true);
    km_synth__human(e.w, cell[STAFF_FAMILY], cell[STAFF_GIVEN], cell[STAFF_FAMILY_KANA],
                    cell[STAFF_GIVEN_KANA]);
    km_synth__close(&e);
}

void km_synth__write_institution(syn_world *w, syn_chart *c)
{
    write_organization(c);
    for (size_t i = 0; i < w->staff.n; i++)
        if (km_str_eq(w->staff.row[i].cell[STAFF_INST], c->institution->cell[INST_KEY]))
            write_practitioner(c, &w->staff.row[i]);
}
