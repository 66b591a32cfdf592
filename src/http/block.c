/* SPDX-License-Identifier: Apache-2.0
 *
 * block: a growing run of bytes outside any arena.
 */
#include <stdio.h>
#include <stdlib.h>

#include "http/pack.h"

void km_http__block_reserve(km_block *b, size_t room)
{
    if (room <= b->room)
        return;
    char *grown = realloc(b->p, room);
    if (grown == NULL) { /* decision 18 */
        fputs("kumihimo: out of memory\n", stderr);
        abort();
    }
    b->p = grown;
    b->room = room;
}

void km_http__block_add(km_block *b, const void *p, size_t n)
{
    if (n == 0)
        return;
    if (n > b->room - b->n) {
        size_t room = b->room ? b->room : 1024;
        while (room - b->n < n)
            room *= 2;
        km_http__block_reserve(b, room);
    }
    memcpy(b->p + b->n, p, n);
    b->n += n;
}

void km_http__block_free(km_block *b)
{
    free(b->p);
    *b = (km_block){ 0 };
}
