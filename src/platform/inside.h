/* SPDX-License-Identifier: Apache-2.0
 *
 * inside: what the files of the platform share.
 */
#ifndef KM_PLATFORM_INSIDE_H
#define KM_PLATFORM_INSIDE_H

#include "platform/change.h"

enum { KM_CHANGE_TRIES = 6 };

/* "Type/id" of a change in the tries before this one: references may have been rewritten to it. */
struct km_former {
    km_str name;
    struct km_former *older;
};

/* Rewrites references among the changes, to conditions and to this node written in full, then looks
 * whether what is left leads anywhere (KM_BROKEN_REFERENCE, or w->missing). Ids must be chosen. */
km_code km_platform__references(km_writing *w, km_change *c, size_t n, size_t *failed,
                                km_reader *r);

/* trust.c: the node's keys, audit and door. */
km_code km_node__open_trust(km_node *n, const char *keys, const char *token, km_fault *f);
void km_node__close_trust(km_node *n);

/* identity.c */
void km_node__close_persons(km_node *n);
/* watch.c */
void km_node__close_watch(km_node *n);
/* KM_BUSY: where an authority is to stamp the audit, and has not for a day. */
km_code km_node__stamped(km_node *n, const km_policy *policy, km_fault *f);
void km_node__watch_metrics(km_node *n, km_buf *out);

/* feed.c: what is written, told to the audit by a thread of its own. */
km_code km_node__feed_start(km_node *n, km_fault *f);
void km_node__feed_stop(km_node *n);

#endif
