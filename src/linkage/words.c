/* SPDX-License-Identifier: Apache-2.0
 *
 * words: the names of columns, fields and levels, as maps, models, reasons and pages use them.
 */
#include "linkage/inside.h"

static const char *const columns[KM_LINK_COLUMNS] = { "id",          "family_kanji", "given_kanji",
                                                      "family_kana", "given_kana",   "sex",
                                                      "birth",       "municipality", "postal",
                                                      "address",     "insurer",      "number",
                                                      "branch",      "person_number" };

const char *km_link_column_name(km_link_column c)
{
    return columns[c];
}

const char *km_link_field_name(int field)
{
    static const char *const names[KM_LINK_FIELDS] = { "family", "given", "birth",
                                                       "sex",    "place", "number" };
    return names[field];
}

static const struct {
    const char *en, *ja;
} words[KM_LINK_FIELDS][KM_LINK_LEVELS] = {
#define NAME(en, ja)                                                                \
    {                                                                               \
        { en " the same in kana and kanji", ja "がカナも漢字も同じ" },              \
            { en " the same in kana", ja "がカナで同じ" },                          \
            { en " the same in kana, other kanji", ja "がカナで同じ、漢字が違う" }, \
            { en " the same in kanji", ja "が漢字で同じ" },                         \
            { en " the same in kanji, other kana", ja "が漢字で同じ、カナが違う" }, \
            { en " alike", ja "が似ている" }, { en " another", ja "が違う" },       \
        {                                                                           \
            en " not told", ja "が不明"                                          \
        }                                                                           \
    }
    NAME("family name", "姓"),
    NAME("given name", "名"),
    { { "born on the same day", "生年月日が同じ" },
      { "birth differs by a slip", "生年月日が書き違い程度に違う" },
      { "birth differs by an era", "生年月日が元号の取り違えで説明できる" },
      { "two of year, month and day agree", "生年月日のうち二つが同じ" },
      { "born within a year", "生年の差が1年以内" },
      { "born on another day", "生年月日が違う" },
      { NULL, NULL },
      { "birth not told", "生年月日が不明" } },
    { { "same sex", "性別が同じ" },
      { "other sex", "性別が違う" },
      { NULL, NULL },
      { NULL, NULL },
      { NULL, NULL },
      { NULL, NULL },
      { NULL, NULL },
      { "sex not told", "性別が不明" } },
    { { "same address", "住所が同じ" },
      { "same house number, other place", "番地が同じ、町が違う" },
      { "same postal code", "郵便番号が同じ" },
      { "same municipality", "市区町村が同じ" },
      { "another place", "住所が違う" },
      { NULL, NULL },
      { NULL, NULL },
      { "place not told", "住所が不明" } },
    { { "same number", "番号が同じ" },
      { "number differs by a slip", "番号が書き違い程度に違う" },
      { "same insurer, another number", "保険者が同じ、番号が違う" },
      { "another number", "番号が違う" },
      { NULL, NULL },
      { NULL, NULL },
      { NULL, NULL },
      { "number not told", "番号が不明" } },
};

const char *km_link_level_words(int field, int level, bool japanese)
{
    return japanese ? words[field][level].ja : words[field][level].en;
}
