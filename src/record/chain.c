/* SPDX-License-Identifier: Apache-2.0
 *
 * chain: the hash chain over the log (decision 9). Invariants, cited by tests:
 *   leaf_n = SHA-256(0x00 | header_n | body_n)     header: every column of the row but the body
 *   head_n = SHA-256(0x01 | head_(n-1) | leaf_n)   head_0 = 32 zero bytes
 * and where the words of who writes change, before the entry from which they hold:
 *   head' = SHA-256(0x02 | head | seq_n | words)
 * The body is the sealed one, so that the chain can be proved by whoever holds no key, and stays
 * whole when keys are erased.
 */
#include "record/inside.h"

static char *be64(char *p, int64_t v)
{
    for (int i = 0; i < 8; i++)
        *p++ = (char)((uint64_t)v >> (56 - 8 * i));
    return p;
}

void km_chain__append(unsigned char head[KM_SHA256_LEN], const km_entry *e)
{
    static const char leaf_tag[1] = { 0 }, node_tag[1] = { 1 };
    char header[80], *p = header;
    const int64_t column[10] = { e->seq,    e->chart, e->rid, e->type, e->version,
                                 e->source, e->op,    e->at,  e->prev, e->type_prev };
    for (size_t i = 0; i < 10; i++)
        p = be64(p, column[i]);
    unsigned char leaf[KM_SHA256_LEN];
    km_sha256_parts(leaf, (km_str[]){ { leaf_tag, 1 }, { header, sizeof header }, e->body }, 3);
    km_sha256_parts(head,
                    (km_str[]){ { node_tag, 1 },
                                { (const char *)head, KM_SHA256_LEN },
                                { (const char *)leaf, KM_SHA256_LEN } },
                    3);
}

void km_chain__act(unsigned char head[KM_SHA256_LEN], int64_t seq, km_str text)
{
    static const char act_tag[1] = { 2 };
    char number[8];
    be64(number, seq);
    km_sha256_parts(head,
                    (km_str[]){ { act_tag, 1 },
                                { (const char *)head, KM_SHA256_LEN },
                                { number, sizeof number },
                                text },
                    4);
}

void km_entry__read(km_entry *out, km_stmt *s)
{
    *out = (km_entry){ .seq = km_col_int(s, 0),
                       .chart = km_col_int(s, 1),
                       .rid = km_col_int(s, 2),
                       .type = km_col_int(s, 3),
                       .version = km_col_int(s, 4),
                       .source = km_col_int(s, 5),
                       .op = km_col_int(s, 6),
                       .at = km_col_int(s, 7),
                       .prev = km_col_int(s, 8),
                       .type_prev = km_col_int(s, 9),
                       .body = km_col_null(s, 10) ? KM_STR_NONE : km_col_blob(s, 10) };
}
