/* SPDX-License-Identifier: Apache-2.0
 *
 * outcome: faults as FHIR OperationOutcomes (R4 2.28); nobody else writes one.
 */
#include "platform/platform.h"

static void print_issue(km_jw *w, const km_issue *i)
{
    km_jw_open(w, '{');
    km_jw_member_z(w, "severity", i->severity);
    km_jw_member_z(w, "code", km_code_issue(i->code));
    km_jw_key(w, "details");
    km_jw_open(w, '{');
    km_jw_member_z(w, "text", km_code_sentence(i->code));
    km_jw_close(w, '}');
    if (i->detail.n > 0)
        km_jw_member(w, "diagnostics", i->detail);
    if (i->path.n > 0) {
        km_jw_key(w, "expression");
        km_jw_open(w, '[');
        km_jw_str(w, i->path);
        km_jw_close(w, ']');
    }
    km_jw_close(w, '}');
}

void km_outcome_issues(km_buf *out, const km_issue *i, size_t n)
{
    km_jw w = km_jw_on(out);
    km_jw_open(&w, '{');
    km_jw_member_z(&w, "resourceType", "OperationOutcome");
    km_jw_key(&w, "issue");
    km_jw_open(&w, '[');
    for (size_t k = 0; k < n; k++)
        print_issue(&w, &i[k]);
    km_jw_close(&w, ']');
    km_jw_close(&w, '}');
}

void km_outcome_print(km_buf *out, const km_fault *f)
{
    km_buf detail = km_buf_in(out->arena);
    if (f->detail[0] != '\0')
        km_buf_z(&detail, f->detail);
    if (f->line > 0)
        km_buf_print(&detail, "%s(line %u, column %u)", detail.n > 0 ? " " : "", f->line,
                     f->column);
    km_issue one = { "error", f->code, km_str_of(f->path), km_buf_str(&detail) };
    km_outcome_issues(out, &one, 1);
}

void km_refuse(km_request *r, const km_fault *f, km_reply *out)
{
    km_buf body = km_buf_in(r->call.arena);
    out->status = km_code_http(f->code);
    if (out->status == 304)
        return;
    km_outcome_print(&body, f);
    out->type = "application/fhir+json;charset=utf-8";
    out->body = km_buf_str(&body);
    if (f->code == KM_UNAUTHENTICATED)
        km_reply_header(out, "WWW-Authenticate", KM_STR("Bearer realm=\"kumihimo\""));
}
