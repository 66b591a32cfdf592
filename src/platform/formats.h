/* SPDX-License-Identifier: Apache-2.0
 *
 * formats: the one table of foreign file formats. A gateway that reads files lists what it reads in
 * km_service.formats; `roundtrip`, `explain`, `convert` and `import` know a file by asking each
 * format in the order of the services. To add a format: one constant of this kind in its gateway,
 * one row in the gateway's list. A member that is NULL is a thing the format cannot do, and the
 * verbs say so.
 */
#ifndef KM_PLATFORM_FORMATS_H
#define KM_PLATFORM_FORMATS_H

#include <stdio.h>

#include "codec/layout/judge.h"
#include "platform/platform.h"
#include "sandbox/job.h"

enum { KM_DOCUMENT_PATH = 512 };

/* A file from outside. The path is as hostile as the text: as it was named, '/' between its parts,
 * its last 512 bytes where it is longer; empty where there is none. Only formats whose folders say
 * something (SS-MIX2) look at it. */
typedef struct km_document {
    km_str text, path;
} km_document;

/* What stands or falls together: a claim, a message, a document. All borrowed. */
typedef struct km_piece {
    int64_t line; /* of the file, where it begins */
    /* Entries of one FHIR Bundle, JSON without the array's brackets, each with resource and request
     * (PUT to an id made of the content's own keys, so that a resend changes nothing). */
    km_str json;
    /* The bytes it was made from, a slice of the document's text; they are kept with the chart it
     * belongs to. Empty: the whole text. */
    km_str source;
} km_piece;

/* What is told while a file becomes records. `fault.line` is the line of the file. */
typedef struct km_format_sink {
    /* Anything but KM_OK ends the reading. */
    km_code (*entries)(void *self, const km_piece *piece);
    /* Something is wrong there; reading goes on. Names places, never what a person's record says.
     */
    void (*problem)(void *self, bool error, const km_fault *fault);
    void *self;
} km_format_sink;

typedef struct km_format {
    const char *name; /* "receden" */
    const char *about, *about_ja;
    /* From its first bytes (at most the first MiB is looked at), never from its name. */
    bool (*is)(km_str text);
    /* print(parse(text)); for a sound file the same bytes. */
    km_code (*reprint)(km_buf *out, km_str text, km_fault *f);
    /* The file in words, with what is wrong beside the place. *errors counts them. */
    km_code (*explain)(int64_t *errors, FILE *out, km_str text, bool japanese, km_fault *f);
    km_code (*records)(const km_document *doc, const km_format_sink *sink, km_call *call);
    /* The way back: a file of this format from the entries of a FHIR Bundle, as far as the format
     * can say them. What it cannot say is left out; what it must say and is not there is a fault
     * that names the element. */
    km_code (*write)(km_buf *out, km_jv bundle, km_call *call);
} km_format;

/* A km_judge's tell whose self is a sink: the finding as a fault at its line, the place as
 * RECORD[field]. */
void km_format_hear(void *sink, const km_finding *p);

/* Files come from outside, so their formats are read in a worker (sandbox/job.h): the job to start
 * the zygote with, and the doors to it. Their sinks hear the same in the same order as from the
 * format itself; where `jobs` is NULL it is read in this process. A format that a worker dies over
 * is the file's fault. */
km_job_def km_format_job(const km_service *const *services);
km_code km_format_records(const km_format *format, km_jobs *jobs, const km_document *doc,
                          const km_format_sink *sink, km_call *call);
km_code km_format_explain(int64_t *errors, FILE *out, const km_format *format, km_jobs *jobs,
                          km_str text, bool japanese, km_fault *f);

/* NULL when no format knows the text. */
const km_format *km_format_of(const km_service *const *services, km_str text);
const km_format *km_format_named(const km_service *const *services, km_str name);

#endif
