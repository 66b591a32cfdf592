/* SPDX-License-Identifier: Apache-2.0
 *
 * postgres_pipe: sending without waiting, and the answers in their order.
 */
#include "store/postgres_pipe.h"

#include <assert.h>

/* SQLSTATE, or its class for all that begin so (PostgreSQL 15, appendix A). `ours`: the
 * server's sentence speaks of our SQL or of the server, so it may be told; the other classes
 * quote values. */
static const struct {
    const char *state;
    km_code code;
    bool ours;
} meanings[] = {
    { "23505", KM_DUPLICATE, false }, /* unique_violation */
    { "22021", KM_BAD_VALUE, false }, /* bytes that are not UTF-8, or NUL */
    { "40001", KM_CONFLICT, true },   /* serialization_failure */
    { "40P01", KM_CONFLICT, true },   /* deadlock_detected */
    { "53300", KM_BUSY, true },       /* too_many_connections */
    { "55P03", KM_BUSY, true },       /* lock_not_available */
    { "57014", KM_TIMEOUT, true },    /* query_canceled: statement_timeout */
    { "0A", KM_STORE, true },         /* feature_not_supported */
    { "25", KM_STORE, true },         /* transaction state */
    { "26", KM_STORE, true },         /* statement name */
    { "34", KM_STORE, true },         /* cursor name */
    { "42", KM_STORE, true },         /* syntax, names, types, rights */
    { "53", KM_STORE, true },         /* resources */
    { "57", KM_STORE, true },         /* operator */
    { "58", KM_STORE, true },         /* system */
    { "", KM_STORE, false },
};

static km_code tell(const PGresult *r, const char *what, km_fault *f)
{
    const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
    const char *sentence = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
    const char *constraint = PQresultErrorField(r, PG_DIAG_CONSTRAINT_NAME);
    size_t i = 0;
    state = state != NULL ? state : "";
    while (!km_str_starts(km_str_of(state), km_str_of(meanings[i].state)))
        i++;
    if (!meanings[i].ours || sentence == NULL)
        sentence = constraint != NULL ? constraint : "refused by the server";
    return km_fail(f, meanings[i].code, what, "%s (SQLSTATE %s)", sentence, state);
}

km_code km_pipe__lost(km_pipe *p, km_fault *f)
{
    km_str line = km_str_of(PQerrorMessage(p->pg)), rest;
    line = km_str_trim(km_str_cut(line, '\n', &rest));
    for (unsigned i = 0; i < p->n; i++)
        if (p->awaited[i].prepared != NULL)
            *p->awaited[i].prepared = false;
    p->n = 0;
    p->lost = true;
    return km_fail(f, KM_STORE, "store", "the connection is lost: %.*s", KM_STR_ARG(line));
}

static km_code sent(km_pipe *p, int ok, const char *what, bool *prepared, km_fault *f)
{
    if (!ok)
        return km_pipe__lost(p, f);
    p->awaited[p->n++] = (km_awaited){ what, prepared };
    return KM_OK;
}

static km_code room(km_pipe *p, km_fault *f)
{
    if (p->lost)
        return km_fail(f, KM_STORE, "store", "the connection is lost");
    return p->n < KM_PIPE_ROOM ? KM_OK : km_pipe__drain(p, NULL, f);
}

km_code km_pipe__prepare(km_pipe *p, bool *prepared, const char *what, const char *name,
                         const char *sql, int n, const Oid *type, km_fault *f)
{
    KM_TRY(room(p, f));
    return sent(p, PQsendPrepare(p->pg, name, sql, n, type), what, prepared, f);
}

km_code km_pipe__send(km_pipe *p, const char *what, const km_call_of *c, km_fault *f)
{
    KM_TRY(room(p, f));
    int ok = PQsendQueryPrepared(p->pg, c->name, c->n, c->value, c->length, c->format, 1);
    return sent(p, ok, what, NULL, f);
}

km_code km_pipe__send_text(km_pipe *p, const char *what, const char *sql, km_fault *f)
{
    KM_TRY(room(p, f));
    return sent(p, PQsendQueryParams(p->pg, sql, 0, NULL, NULL, NULL, NULL, 1), what, NULL, f);
}

km_code km_pipe__describe(km_pipe *p, const char *what, const char *name, km_fault *f)
{
    KM_TRY(room(p, f));
    return sent(p, PQsendDescribePrepared(p->pg, name), what, NULL, f);
}

/* One answer: a result, then NULL. It is handed out only when it is good and wanted. */
static km_code answer(km_pipe *p, const km_awaited *a, PGresult **keep, km_fault *f)
{
    PGresult *r = PQgetResult(p->pg), *next;
    km_code rc = KM_OK;
    switch (PQresultStatus(r)) { /* of NULL it is PGRES_FATAL_ERROR */
    case PGRES_COMMAND_OK:
    case PGRES_TUPLES_OK:
        break;
    case PGRES_PIPELINE_ABORTED: /* what came before it has failed, and was told */
        rc = km_fail(f, KM_STORE, a->what, "not carried out");
        break;
    default:
        rc = r == NULL || PQstatus(p->pg) == CONNECTION_BAD ? km_pipe__lost(p, f)
                                                            : tell(r, a->what, f);
    }
    if (rc != KM_OK && a->prepared != NULL)
        *a->prepared = false;
    while (r != NULL && !p->lost && (next = PQgetResult(p->pg)) != NULL)
        PQclear(next);
    if (keep != NULL && rc == KM_OK)
        *keep = r;
    else
        PQclear(r);
    return rc;
}

km_code km_pipe__drain(km_pipe *p, PGresult **last, km_fault *f)
{
    km_code rc = KM_OK;
    unsigned n = p->n;
    if (last != NULL)
        *last = NULL;
    if (p->lost)
        return km_fail(f, KM_STORE, "store", "the connection is lost");
    if (n == 0)
        return KM_OK;
    if (!PQpipelineSync(p->pg))
        return km_pipe__lost(p, f);
    for (unsigned i = 0; i < n && !p->lost; i++) {
        bool wanted = last != NULL && i + 1 == n;
        km_code one = answer(p, &p->awaited[i], wanted ? last : NULL, rc == KM_OK ? f : NULL);
        rc = rc == KM_OK ? one : rc;
    }
    if (p->lost)
        return rc;
    p->n = 0;
    PGresult *r = PQgetResult(p->pg);
    if (PQresultStatus(r) != PGRES_PIPELINE_SYNC)
        rc = km_pipe__lost(p, rc == KM_OK ? f : NULL);
    PQclear(r);
    return rc;
}

km_code km_pipe__script(km_pipe *p, const char *what, const char *sql, km_fault *f)
{
    KM_TRY(km_pipe__drain(p, NULL, f));
    if (!PQexitPipelineMode(p->pg))
        return km_pipe__lost(p, f);
    PGresult *r = PQexec(p->pg, sql);
    ExecStatusType status = PQresultStatus(r);
    km_code rc = KM_OK;
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        rc = PQstatus(p->pg) == CONNECTION_BAD ? km_pipe__lost(p, f) : tell(r, what, f);
    PQclear(r);
    if (!p->lost && !PQenterPipelineMode(p->pg))
        return km_pipe__lost(p, f);
    return rc;
}
