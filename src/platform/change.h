/* SPDX-License-Identifier: Apache-2.0
 *
 * change: one write, asked for by whatever gateway: a resource to be created, updated or deleted,
 * perhaps on a condition, perhaps among others that stand or fall together. The one path from there
 * to the log: look up conditions, choose ids, rewrite references among the changes, check
 * references, find owners, write.
 *
 * A condition is looked up twice: before the writer is held, to prepare, and on the writer, to be
 * sure. When the two differ, everything is prepared again (six times, then KM_CONFLICT).
 */
#ifndef KM_PLATFORM_CHANGE_H
#define KM_PLATFORM_CHANGE_H

#include "platform/platform.h"

typedef struct km_change {
    km_op op;
    km_ftype type;
    km_str id;      /* empty: to be chosen */
    km_jv resource; /* none for deletions */
    bool conditional;
    km_str condition;  /* what stands behind the '?' of a conditional operation */
    int64_t if_match;  /* 0 = none */
    bool create_only;  /* If-None-Match: * on an update */
    km_str full_url;   /* Bundle.entry.fullUrl */
    const char *place; /* "Bundle.entry[3].resource" or NULL: faults are told from there */
    bool keep_same;    /* an update with the same content appends nothing */
    /* found out */
    km_search *search;
    km_found match;
    size_t matches;
    km_write *write;
    bool existing; /* a conditional create found its record */
    bool nothing;  /* a conditional delete found none */
    const struct km_change
        *twin;                /* an earlier create of the same request with the same condition */
    struct km_former *former; /* "Type/id" of tries before this one: references may say so by now */
    bool has_chart; /* it is there already, and so is its owner, whom it keeps when it names none */
    km_str owner;
    struct km_under_way *under_way;
    int status;
    int32_t version;
    int64_t rid;
    km_ms at;
} km_change;

typedef struct km_writing {
    km_node *node;
    km_call *call;
    km_access *access;
    const km_policy *policy;
    km_str base; /* http://host/fhir */
    int32_t source;
    bool references_reported; /* missing targets are told, not refused */
    bool bulk;
    km_issue *missing; /* references that lead nowhere, when reported */
    size_t n_missing;
} km_writing;

/* All or nothing. On a fault *failed is the index of the change that was refused. */
km_code km_changes_carry_out(km_writing *w, km_change *c, size_t n, size_t *failed);
/* The same for one change without a condition, for whom no thread shall wait. After KM_OK the
 * call's memory is the writer's until `done`, which runs on its thread when the change is durable
 * or refused, and may do so before this returns; then km_change_end tells which. On a fault `done`
 * is not called. */
km_code km_change_begin(km_writing *w, km_change *c, void (*done)(void *self), void *self);
km_code km_change_end(km_writing *w, km_change *c);
/* What a body may be: strings as long as what a file holds (Attachment.data, Binary.data). Whether
 * a text may be as long is for the check of its element. */
extern const km_json_limits km_change_limits;
/* Parses and checks a body that must be a resource of `type` (0 = any). */
km_code km_change_read(km_jv *out, km_ftype *type, km_str body, km_ftype wanted, km_call *call);
/* The search that the text of a condition (name=value&...) stands for. */
km_code km_change_condition(km_search **out, km_writing *w, km_ftype type, km_str query);
/* The write of a change whose id is chosen; finds its owner (`default_owner` when it names none and
 * may have one). */
km_code km_change_write(km_write *out, km_writing *w, km_change *c, km_str default_owner);

#endif
