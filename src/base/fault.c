/* SPDX-License-Identifier: Apache-2.0
 *
 * fault: see fault.h.
 */
#include "base/fault.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

static const struct row {
    int http;
    const char *name, *issue, *sentence;
} rows[KM_CODES] = {
    [KM_OK] = { 200, "OK", "informational", "all is well" },
#define FAULT(name, http, issue, sentence) [KM_##name] = { http, #name, issue, sentence },
#include "base/faults.def"
#undef FAULT
};

static const struct row *row_of(km_code c)
{
    assert((unsigned)c < KM_CODES);
    return &rows[c];
}

/* A cut may fall inside a character: what is left of it goes too. */
static void end_on_character(char *text)
{
    size_t bad;
    if (!km_str_is_utf8(km_str_of(text), &bad))
        text[bad] = '\0';
}

km_code km_fail(km_fault *f, km_code code, const char *path, const char *fmt, ...)
{
    assert(code != KM_OK);
    if (f == NULL)
        return code;
    if (f->code != KM_OK)
        return f->code;
    f->code = code;
    f->path[0] = f->detail[0] = '\0';
    if (path != NULL) {
        snprintf(f->path, sizeof f->path, "%s", path);
        end_on_character(f->path);
    }
    if (fmt != NULL) {
        va_list ap;
        va_start(ap, fmt);
        vsnprintf(f->detail, sizeof f->detail, fmt, ap);
        va_end(ap);
        end_on_character(f->detail);
    }
    return code;
}

void km_fault_at(km_fault *f, uint32_t line, uint32_t column)
{
    if (f != NULL && f->line == 0) {
        f->line = line;
        f->column = column;
    }
}

int km_code_http(km_code c)
{
    return row_of(c)->http;
}

const char *km_code_issue(km_code c)
{
    return row_of(c)->issue;
}

const char *km_code_sentence(km_code c)
{
    return row_of(c)->sentence;
}

const char *km_code_name(km_code c)
{
    return row_of(c)->name;
}
