/* SPDX-License-Identifier: Apache-2.0
 *
 * blob: whole files, sealed with their chart's key. Names are HMAC-like under that key (decision
 * 9): nothing is shared between charts, and a name betrays nothing.
 */
#include "record/inside.h"

static void name_of(unsigned char out[16], const unsigned char key[KM_KEY_LEN], km_str bytes)
{
    unsigned char digest[KM_SHA256_LEN], tied[KM_SHA256_LEN];
    km_sha256(digest, bytes.p, bytes.n);
    km_sha256_parts(tied,
                    (km_str[]){ KM_STR("kumihimo/blob/v1"),
                                { (const char *)key, KM_KEY_LEN },
                                { (const char *)digest, sizeof digest } },
                    3);
    memcpy(out, tied, 16);
}

/* The chart comes from a caller here, not from the log: one that never was is not found. */
static km_code key_of(unsigned char key[KM_KEY_LEN], km_log *l, km_conn *c, km_sealing *s,
                      int64_t chart, km_fault *f)
{
    km_stmt *st;
    bool row;
    KM_TRY(km_query(&st, c, "chart_get", f));
    km_bind_int(st, 1, chart);
    KM_TRY(km_step(&row, st, f));
    km_reset(st);
    if (!row && chart != KM_CHART_NONE)
        return km_fail(f, KM_NOT_FOUND, NULL, NULL);
    return km_seal__key(key, l, c, s, chart, f);
}

typedef struct putting {
    km_blob *blob;
    km_str *packed;
    size_t n;
    km_call *call;
} putting;

static km_code put_blob(putting *p, size_t i, km_txn *t, km_fault *f)
{
    km_log *l = t->log;
    km_blob *b = &p->blob[i];
    unsigned char key[KM_KEY_LEN], name[16];
    km_stmt *st;
    int64_t changed;
    KM_TRY(key_of(key, l, l->conn, l->sealing, b->chart, f));
    name_of(name, key, b->bytes);
    b->name = km_hex(p->call->arena, name, sizeof name);
    km_seal_place at = { b->chart, 0, { (const char *)name, sizeof name }, 0 };
    km_str sealed = km_seal__close(l->sealing, p->call->arena, key, &at, p->packed[i], l->o.random);
    KM_TRY(km_query(&st, l->conn, "blob_put", f));
    km_bind_int(st, 1, b->chart);
    km_bind_blob(st, 2, name, sizeof name);
    km_bind_blob(st, 3, sealed.p, sealed.n);
    return km_run(st, &changed, f);
}

static km_code put_blobs(void *self, km_txn *t, km_fault *f)
{
    putting *p = self;
    for (size_t i = 0; i < p->n; i++)
        KM_TRY(put_blob(p, i, t, f));
    return KM_OK;
}

km_code km_blobs_put(km_log *l, km_blob *blob, size_t n, km_call *call)
{
    putting p = { blob, KM_NEW_ARRAY(call->arena, n + 1, km_str), n, call };
    km_sealing *s = km_sealing__take(l);
    for (size_t i = 0; i < n; i++)
        p.packed[i] = km_seal__pack(s, call->arena, blob[i].bytes);
    km_sealing__give(l, s);
    return n == 0 ? KM_OK : km_writer__alone(l, put_blobs, &p, call->fault);
}

km_code km_blob_put(km_str *name_hex, km_log *l, int64_t chart, km_str bytes, km_call *call)
{
    km_blob blob = { .chart = chart, .bytes = bytes };
    KM_TRY(km_blobs_put(l, &blob, 1, call));
    *name_hex = blob.name;
    return KM_OK;
}

km_code km_blob_get(km_str *bytes, km_reader *r, int64_t chart, km_str name_hex)
{
    unsigned char name[16], key[KM_KEY_LEN];
    km_stmt *st;
    bool row;
    km_fault *f = r->call->fault;
    if (!km_unhex(name, sizeof name, name_hex) || !km_access_covers_chart(r->access, chart))
        return km_fail(f, KM_NOT_FOUND, NULL, NULL);
    km_conn *c = km_reader_conn(r);
    KM_TRY(key_of(key, r->log, c, r->sealing, chart, f));
    KM_TRY(km_query(&st, c, "blob_get", f));
    km_bind_int(st, 1, chart);
    km_bind_blob(st, 2, name, sizeof name);
    KM_TRY(km_step(&row, st, f));
    if (!row)
        return km_fail(f, KM_NOT_FOUND, NULL, NULL);
    km_seal_place at = { chart, 0, { (const char *)name, sizeof name }, 0 };
    km_code rc = km_seal__open(bytes, r->sealing, r->call->arena, key, &at, km_col_blob(st, 0), f);
    km_reset(st);
    return rc;
}
