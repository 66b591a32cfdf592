/* SPDX-License-Identifier: Apache-2.0
 *
 * report: what an import did, for people and as JSON. Places, never contents.
 */
#include "gateways/files/inside.h"

void km_report__refuse(km_import_report *r, const char *file, int64_t line, const km_fault *f)
{
    pthread_mutex_lock(&r->lock);
    r->refused++;
    r->by_code[f->code]++;
    if (r->n_shown < KM_REFUSALS_SHOWN) {
        km_refusal *one = &r->shown[r->n_shown++];
        snprintf(one->file, sizeof one->file, "%s", file);
        one->line = line;
        one->fault = *f;
    }
    pthread_mutex_unlock(&r->lock);
}

void km_report__stored(km_import_report *r, int64_t stored, int64_t unchanged)
{
    pthread_mutex_lock(&r->lock);
    r->stored += stored;
    r->unchanged += unchanged;
    pthread_mutex_unlock(&r->lock);
}

static void print_json(const km_import_report *r, double seconds)
{
    km_arena *a = km_arena_new(1 << 22);
    km_buf out = km_buf_in(a);
    km_jw w = km_jw_on(&out);
    km_jw_open(&w, '{');
    km_jw_member_int(&w, "files", r->files);
    km_jw_member_int(&w, "bytes", r->bytes);
    km_jw_member_int(&w, "stored", r->stored);
    km_jw_member_int(&w, "unchanged", r->unchanged);
    km_jw_member_int(&w, "refused", r->refused);
    km_jw_member_int(&w, "warnings", r->warned);
    km_jw_member_int(&w, "missingReferences", r->missing_references);
    km_jw_member_int(&w, "alreadyIn", r->resumed);
    km_jw_member_int(&w, "milliseconds", (int64_t)(seconds * 1000));
    km_jw_key(&w, "reasons");
    km_jw_open(&w, '{');
    for (int c = 1; c < KM_CODES; c++)
        if (r->by_code[c] > 0)
            km_jw_member_int(&w, km_code_name((km_code)c), r->by_code[c]);
    km_jw_close(&w, '}');
    km_jw_key(&w, "refusals");
    km_jw_open(&w, '[');
    for (size_t i = 0; i < r->n_shown; i++) {
        const km_refusal *one = &r->shown[i];
        km_jw_open(&w, '{');
        km_jw_member_z(&w, "file", one->file);
        km_jw_member_int(&w, "line", one->line);
        km_jw_member_z(&w, "path", one->fault.path);
        km_jw_member_z(&w, "reason", km_code_sentence(one->fault.code));
        km_jw_member_z(&w, "detail", one->fault.detail);
        km_jw_close(&w, '}');
    }
    km_jw_close(&w, ']');
    km_jw_close(&w, '}');
    printf("%.*s\n", KM_STR_ARG(km_buf_str(&out)));
    km_arena_free(a);
}

void km_report__print(km_import_report *r, const km_config *c)
{
    double seconds = (double)(km_ticks_ns() - r->started_ns) / 1e9;
    if (c->json) {
        print_json(r, seconds);
        return;
    }
    for (size_t i = 0; i < r->n_shown; i++) {
        const km_refusal *one = &r->shown[i];
        fprintf(stderr, "%s:%lld: %s: %s%s%s\n", one->file, (long long)one->line, one->fault.path,
                km_code_sentence(one->fault.code), one->fault.detail[0] ? ": " : "",
                one->fault.detail);
    }
    if (r->refused > (int64_t)r->n_shown)
        fprintf(stderr, "... and %lld more\n", (long long)(r->refused - (int64_t)r->n_shown));
    printf("ファイル files     %12lld\n", (long long)r->files);
    printf("保存 stored        %12lld   (%.0f/s)\n", (long long)r->stored,
           seconds > 0 ? (double)r->stored / seconds : 0);
    printf("変更なし unchanged %12lld\n", (long long)r->unchanged);
    if (r->resumed > 0)
        printf("取込済 already in  %12lld bytes\n", (long long)r->resumed);
    printf("参照先なし missing %12lld   targets of references\n", (long long)r->missing_references);
    if (r->warned > 0)
        printf("注意 warnings      %12lld   kumihimo explain FILE shows them\n",
               (long long)r->warned);
    printf("拒否 refused       %12lld\n", (long long)r->refused);
    for (int code = 1; code < KM_CODES; code++)
        if (r->by_code[code] > 0)
            printf("  %-16s %12lld   %s\n", km_code_name((km_code)code),
                   (long long)r->by_code[code], km_code_sentence((km_code)code));
}
