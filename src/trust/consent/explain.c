/* SPDX-License-Identifier: Apache-2.0
 *
 * explain: a compiled consent in words, one line a node, deeper ones further in.
 */
#include "base/date.h"
#include "trust/consent/inside.h"

static const struct {
    const char *en, *ja;
} criteria[KM_BYS] = {
    [KM_BY_ACTOR] = { "who", "相手" },
    [KM_BY_ACTION] = { "action", "行為" },
    [KM_BY_PURPOSE] = { "purpose", "目的" },
    [KM_BY_CLASS] = { "kind", "種類" },
    [KM_BY_CODE] = { "code", "コード" },
    [KM_BY_LABEL] = { "label", "ラベル" },
    [KM_BY_RECORD] = { "record", "記録" },
    [KM_BY_PERIOD] = { "valid", "有効期間" },
    [KM_BY_TIME] = { "data of", "データの時期" },
};

static const struct {
    unsigned flag;
    const char *en, *ja;
} flags[] = {
    { KM_CONSENT__ELSEWHERE, "  of another matter (treatment, advance directive): not used here\n",
      "  治療や事前指示についての同意です: 閲覧の判断には用いません\n" },
    { KM_CONSENT__OPAQUE, "  holds a modifier that is not understood: denies all\n",
      "  解釈できない修飾があります: すべて拒否します\n" },
    { KM_CONSENT__DENY_ONLY,
      "  network, scope or verification is not certain: only its denials count\n",
      "  ネットワーク・範囲・確認のいずれかが不確かです: 拒否だけが効きます\n" },
    { KM_CONSENT__LOOSE, "  replaces no other consent, and none replaces it\n",
      "  他の同意を置き換えず、置き換えられません\n" },
};

/* Japan's day and minute, which is how a consent was meant; times that no calendar has stay numbers
 * (the compact form has its own). */
static void moment(km_buf *out, int64_t at)
{
    const int64_t minute = 60000, shift = KM_JAPAN_OFFSET_MIN * minute, day = 1440 * minute;
    int year, month, dom;
    if (at < -62135596800000 || at > 253402300799999 - shift) {
        km_buf_print(out, "%lld", (long long)at);
        return;
    }
    int64_t in_day = ((at + shift) % day + day) % day;
    km_day_to_civil(km_day_in_japan(at), &year, &month, &dom);
    km_buf_print(out, "%04d-%02d-%02d %02d:%02d", year, month, dom, (int)(in_day / minute / 60),
                 (int)(in_day / minute % 60));
}

static void span(km_buf *out, int64_t low, int64_t high)
{
    if (low != INT64_MIN)
        moment(out, low);
    km_buf_z(out, " .. ");
    if (high != INT64_MAX && high != INT64_MIN)
        moment(out, high);
}

static void values(km_buf *out, const km_consent__view *v, km_consent__span list)
{
    for (uint32_t i = 0; i < list.n; i++) {
        km_consent__value x = km_consent__value_at(v, list.at + i);
        if (i > 0)
            km_buf_z(out, " | ");
        km_buf_add(out, km_consent__text(v, x.role));
        if (x.role.n > 0 && x.name.n > 0)
            km_buf_z(out, " @ ");
        km_buf_add(out, km_consent__text(v, x.name));
    }
}

static void line(km_buf *out, const km_consent__view *v, const km_consent__node *n, bool ja)
{
    for (unsigned i = 0; i <= n->depth; i++)
        km_buf_z(out, "  ");
    if (n->depth == 0)
        km_buf_z(out, ja ? "基本: " : "base: ");
    km_buf_z(out, n->permit ? (ja ? "許可" : "permit") : (ja ? "拒否" : "deny"));
    for (unsigned c = 0; c < KM_BYS; c++) {
        if (!(n->given & 1u << c))
            continue;
        km_buf_print(out, "; %s: ", ja ? criteria[c].ja : criteria[c].en);
        if (c == KM_BY_PERIOD)
            span(out, n->period_low, n->period_high);
        else if (c == KM_BY_TIME)
            span(out, n->time_low, n->time_high);
        else
            values(out, v, n->list[c]);
        if (n->unclear & 1u << c)
            km_buf_z(out, ja ? " (解釈できない値があります)" : " (holds what is not understood)");
    }
    if (n->unclear)
        km_buf_z(out, ja ? " — 拒否としてのみ効きます" : " — counts only where it denies");
    km_buf_char(out, '\n');
}

void km_consent_explain(km_buf *out, km_consent c, const char *lang)
{
    km_consent__view v;
    bool ja = strcmp(lang, "ja") == 0;
    km_consent__open(&v, c);
    km_buf_z(out, ja ? "同意 " : "Consent ");
    km_buf_add(out, km_consent__text(&v, v.head.id));
    km_buf_z(out, v.head.active ? (ja ? " (有効) " : " (active) ")
                                : (ja ? " (有効でない) " : " (not active) "));
    moment(out, v.head.dated);
    km_buf_z(out, ja ? "\n  ネットワーク: " : "\n  network: ");
    values(out, &v, (km_consent__span){ 0, v.head.networks });
    km_buf_z(out, ja ? "\n  区分: " : "\n  category: ");
    values(out, &v, (km_consent__span){ v.head.networks, v.head.categories });
    km_buf_char(out, '\n');
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++)
        if (v.head.flags & flags[i].flag)
            km_buf_z(out, ja ? flags[i].ja : flags[i].en);
    for (uint32_t i = 0; i < v.head.nodes; i++) {
        km_consent__node n = km_consent__node_at(&v, i);
        line(out, &v, &n, ja);
    }
}
