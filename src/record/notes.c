/* SPDX-License-Identifier: Apache-2.0
 *
 * notes: see notes.h.
 */
#include "record/notes.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

typedef struct note {
    struct note *next;
    max_align_t what[];
} note;

typedef struct notes {
    note *first, **last;
} notes;

void *km_notes_open(void)
{
    notes *s = calloc(1, sizeof *s);
    assert(s != NULL);
    s->last = &s->first;
    return s;
}

void km_notes_drop(void *state)
{
    notes *s = state;
    for (note *n = s->first, *next; n != NULL; n = next) {
        next = n->next;
        free(n);
    }
    s->first = NULL;
    s->last = &s->first;
}

void km_notes_close(void *state)
{
    km_notes_drop(state);
    free(state);
}

bool km_notes_any(const void *state)
{
    return ((const notes *)state)->first != NULL;
}

void *km_notes_add(void *state, size_t bytes)
{
    notes *s = state;
    note *n = calloc(1, sizeof *n + bytes);
    assert(n != NULL);
    *s->last = n;
    s->last = &n->next;
    return n->what;
}

km_code km_notes_flush(void *state, km_code (*write)(void *self, const void *note, km_fault *f),
                       void *self, km_fault *f)
{
    const notes *s = state;
    for (const note *n = s->first; n != NULL; n = n->next)
        KM_TRY(write(self, n->what, f));
    km_notes_drop(state);
    return KM_OK;
}

km_code km_notes_take_all(km_conn *c, const char *query, const int64_t *chart, km_fault *f)
{
    km_stmt *st;
    KM_TRY(km_query(&st, c, query, f));
    if (chart != NULL)
        km_bind_int(st, 1, *chart);
    return km_run(st, NULL, f);
}
