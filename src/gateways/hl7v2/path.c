/* SPDX-License-Identifier: Apache-2.0
 *
 * path: SS-MIX2 standardised storage keeps a message at
 *   ROOT/PID[0:3]/PID[3:6]/PID/DAY/TYPE/PID_DAY_TYPE_KEY_TIME_DEPARTMENT_FLAG
 * (SS-MIX2 1.2g). What path, name and message say must agree: a message in another patient's
 * folder is not taken.
 */
#include "gateways/hl7v2/inside.h"

#include "base/embedded.h"

enum { PARTS = 7, FOLDERS = 6 };

static bool is_day(km_str s)
{
    return km_str_is(s, "-") || (s.n == 8 && km_field_digits(s));
}

/* The last parts of the path, the file's name first. */
static size_t last_parts(km_str out[FOLDERS], km_str path)
{
    size_t n = 0;
    while (n < FOLDERS && path.n > 0) {
        size_t at = path.n;
        while (at > 0 && path.p[at - 1] != '/')
            at--;
        out[n++] = km_str_sub(path, at, path.n - at);
        path = km_str_sub(path, 0, at > 0 ? at - 1 : 0);
    }
    return n;
}

static bool known_type(km_str type, km_str *messages)
{
    km_str cell[3], rest = km_layout_table("ssmix2_types.tsv");
    while (km_tsv_next(cell, 3, &rest) > 0)
        if (km_str_eq(cell[0], type)) {
            *messages = cell[1];
            return true;
        }
    return false;
}

km_ssmix2 km_hl7v2__place(km_str path)
{
    km_ssmix2 p = { 0 };
    km_str part[FOLDERS], word[PARTS], messages, rest;
    size_t folders = last_parts(part, path), n = 0;
    if (folders < 4)
        return p;
    for (rest = part[0]; n < PARTS && rest.n > 0;)
        word[n++] = km_str_cut(rest, '_', &rest);
    if (n != PARTS || rest.n > 0 || !is_day(word[1]) || !known_type(word[2], &messages)
        || word[6].n != 1 || word[6].p[0] < '0' || word[6].p[0] > '2')
        return p;
    p = (km_ssmix2){ .is = true,
                     .patient = word[0],
                     .day = word[1],
                     .type = word[2],
                     .key = word[3],
                     .flag = word[6],
                     .folder_type = part[1],
                     .folder_day = part[2],
                     .folder_patient = part[3] };
    if (folders == FOLDERS) {
        p.upper[1] = part[4];
        p.upper[0] = part[5];
    }
    return p;
}

static km_str without_zeros(km_str s)
{
    while (s.n > 1 && s.p[0] == '0')
        s = km_str_sub(s, 1, s.n);
    return s;
}

static bool has_message(const km_ssmix2 *p, const km_message *m)
{
    km_str messages = KM_STR_NONE;
    km_str name = km_arena_print(m->arena, "%.*s^%.*s", KM_STR_ARG(m->type),
                                 KM_STR_ARG(m->trigger));
    (void)known_type(p->type, &messages);
    while (messages.n > 0)
        if (km_str_eq(km_str_cut(messages, '|', &messages), name))
            return true;
    return false;
}

bool km_hl7v2__fits(const km_ssmix2 *p, km_judge *j, const km_message *m)
{
    const km_hl7_segment *pid = km_hl7v2__first(m, "PID");
    km_str number = without_zeros(km_hl7v2__words(m, pid, 3, 1));
    int64_t before = j->errors;
    uint32_t line = m->hl7->line;
    if (!km_str_eq(p->patient, p->folder_patient) || !km_str_eq(without_zeros(p->patient), number))
        km_judge_say(j, pid != NULL ? pid->line : line, NULL, NULL, 0, "path-patient");
    if (!km_str_eq(p->type, p->folder_type))
        km_judge_say(j, line, NULL, NULL, 0, "path-type");
    if (!has_message(p, m))
        km_judge_say(j, line, NULL, NULL, 0, "path-message");
    if (!km_str_eq(p->day, p->folder_day))
        km_judge_say(j, line, NULL, NULL, 0, "path-date");
    if (p->upper[0].n > 0 && p->patient.n >= 6
        && (!km_str_eq(p->upper[0], km_str_sub(p->patient, 0, 3))
            || !km_str_eq(p->upper[1], km_str_sub(p->patient, 3, 3))))
        km_judge_say(j, line, NULL, NULL, 0, "path-folders");
    return j->errors == before;
}
