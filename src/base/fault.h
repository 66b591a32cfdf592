/* SPDX-License-Identifier: Apache-2.0
 *
 * fault: what went wrong, told once by whoever knew first.
 *
 * A function that can fail returns a km_code; 0 (KM_OK) is success. It fills
 * the km_fault with km_fail and everyone above passes the code on untouched: a
 * second km_fail on a filled fault changes nothing. The row of `faults.def`
 * gives HTTP status, FHIR issue type and sentence.
 *
 * Never put a person's name, number or diagnosis into path or detail: the path
 * names elements, the detail what was expected there.
 */
#ifndef KM_BASE_FAULT_H
#define KM_BASE_FAULT_H

#include "base/str.h"

typedef enum km_code {
    KM_OK = 0,
#define FAULT(name, http, issue, sentence) KM_##name,
#include "base/faults.def"
#undef FAULT
    KM_CODES
} km_code;

typedef struct km_fault {
    km_code code;
    uint32_t line;   /* 1-based place in the input, 0 = not known */
    uint32_t column; /* 1-based, in bytes */
    char path[192];  /* FHIRPath-like: Patient.name[0].given */
    char detail[256];
} km_fault;

/* Fills `f` unless it is filled already; returns the code of the first story.
 * `f` may be NULL. `path` may be NULL. */
km_code km_fail(km_fault *f, km_code code, const char *path, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

/* Adds the place in the input, once. */
void km_fault_at(km_fault *f, uint32_t line, uint32_t column);

static inline void km_fault_clear(km_fault *f)
{
    f->code = KM_OK;
    f->line = f->column = 0;
    f->path[0] = f->detail[0] = '\0';
}

int km_code_http(km_code c);
const char *km_code_issue(km_code c);    /* FHIR issue-type code */
const char *km_code_sentence(km_code c); /* for people, ends without a stop */
const char *km_code_name(km_code c);     /* NOT_FOUND */

/* Passes a failure on: if (KM_TRY(f(x))) ... keeps lines short. */
#define KM_TRY(expr)              \
    do {                          \
        km_code km_try_ = (expr); \
        if (km_try_ != KM_OK)     \
            return km_try_;       \
    } while (0)

#endif
