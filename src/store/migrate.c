/* SPDX-License-Identifier: Apache-2.0
 *
 * migrate: scripts NNN_name.sql, each applied once, in its own transaction, together with
 * the row that says so.
 *
 * - A script says its area (`-- area: record`) in its first comment lines; numbers count
 *   within an area. Areas are taken in the order of the lists, so one may build on another.
 * - `-- for: sqlite|postgres|both` opens a section; what stands before the first is for both.
 * - Only forward: a store that knows a higher number, or an area that the program does not
 *   have at all, comes from a newer program.
 */
#include "store/driver.h"

#include "base/buf.h"

#include <stdlib.h>

typedef struct script {
    km_str area;
    size_t rank; /* of the area: by first appearance */
    int number;
    const km_embedded *file;
} script;

typedef struct scripts {
    script *at;
    size_t n;
} scripts;

static const km_str area_line = KM_STR_INIT("-- area:");
static const km_str for_line = KM_STR_INIT("-- for:");

static km_code refuse(km_fault *f, const km_embedded *file, uint32_t line, const char *why)
{
    km_code rc = km_fail(f, KM_STORE, file->name, "%s", why);
    km_fault_at(f, line, 1);
    return rc;
}

/* --- reading scripts ----------------------------------------------------------------- */

km_code km_migrate__section(const char **out, km_arena *a, km_dialect d, const km_embedded *file,
                            km_fault *f)
{
    const char *mine = d == KM_SQLITE ? "sqlite" : "postgres";
    const char *others = d == KM_SQLITE ? "postgres" : "sqlite";
    km_buf b = km_buf_in(a);
    bool wanted = true;
    uint32_t at = 1;
    for (km_str rest = { file->bytes, file->n }; rest.n > 0; at++) {
        km_str line = km_str_cut(rest, '\n', &rest);
        if (km_str_starts(line, for_line)) {
            km_str whom = km_str_trim(km_str_sub(line, for_line.n, line.n));
            wanted = km_str_is(whom, mine) || km_str_is(whom, "both");
            if (!wanted && !km_str_is(whom, others))
                return refuse(f, file, at, "for: sqlite, postgres or both");
        }
        if (wanted)
            km_buf_add(&b, line);
        km_buf_char(&b, '\n'); /* also for lines left out: a fault's line stays right */
    }
    *out = km_arena_z(a, km_buf_str(&b));
    return KM_OK;
}

/* Looks at the comment lines that open the file. */
static bool find_area(km_str *area, const km_embedded *file)
{
    km_str rest = { file->bytes, file->n };
    while (km_str_starts(rest, KM_STR("--"))) {
        km_str line = km_str_cut(rest, '\n', &rest);
        if (km_str_starts(line, area_line)) {
            *area = km_str_trim(km_str_sub(line, area_line.n, line.n));
            return area->n > 0;
        }
    }
    return false;
}

static size_t rank_of(const scripts *all, km_str area)
{
    size_t rank = 0;
    for (size_t i = 0; i < all->n; i++) {
        if (km_str_eq(all->at[i].area, area))
            return all->at[i].rank;
        if (all->at[i].rank >= rank)
            rank = all->at[i].rank + 1;
    }
    return rank;
}

static int in_order(const void *a, const void *b)
{
    const script *x = a, *y = b;
    if (x->rank != y->rank)
        return x->rank < y->rank ? -1 : 1;
    return (x->number > y->number) - (x->number < y->number);
}

static size_t count(const km_embedded *const *lists)
{
    size_t n = 0;
    int number;
    for (; lists != NULL && *lists != NULL; lists++)
        for (const km_embedded *e = *lists; e->name != NULL; e++)
            n += km_queries__is_script(&number, e->name);
    return n;
}

static km_code collect(scripts *out, km_arena *a, const km_embedded *const *lists, km_fault *f)
{
    *out = (scripts){ KM_NEW_ARRAY(a, count(lists) + 1, script), 0 };
    for (; lists != NULL && *lists != NULL; lists++)
        for (const km_embedded *e = *lists; e->name != NULL; e++) {
            script s = { .file = e };
            if (!km_queries__is_script(&s.number, e->name))
                continue;
            if (s.number == 0)
                return refuse(f, e, 1, "migrations are numbered from 001");
            if (!find_area(&s.area, e))
                return refuse(f, e, 1, "no `-- area:` line at its head");
            s.rank = rank_of(out, s.area);
            out->at[out->n++] = s;
        }
    if (out->n > 1)
        qsort(out->at, out->n, sizeof *out->at, in_order);
    for (size_t i = 1; i < out->n; i++)
        if (in_order(&out->at[i - 1], &out->at[i]) == 0)
            return refuse(f, out->at[i].file, 1, "two migrations of one number");
    return KM_OK;
}

/* --- applying them ------------------------------------------------------------------- */

static km_code own(km_stmt **out, km_conn *c, km_own which, km_fault *f)
{
    return km_conn__statement(out, c, c->store->own[which], f);
}

/* The highest number that the store has of each area, as rows like the program's own. */
static km_code read_applied(scripts *out, km_conn *c, km_arena *a, km_fault *f)
{
    enum { MOST = 256 };
    km_stmt *q;
    bool row;
    *out = (scripts){ KM_NEW_ARRAY(a, MOST, script), 0 };
    KM_TRY(own(&q, c, KM_OWN_MIGRATION_TABLE, f));
    KM_TRY(km_run(q, NULL, f));
    KM_TRY(own(&q, c, KM_OWN_MIGRATION_LAST, f));
    for (;;) {
        KM_TRY(km_step(&row, q, f));
        if (!row)
            return KM_OK;
        if (out->n == MOST) {
            km_reset(q);
            return km_fail(f, KM_TOO_NEW, "km_migration", "more than %d areas", MOST);
        }
        out->at[out->n++] = (script){ .area = km_arena_copy(a, km_col_text(q, 0)),
                                      .number = (int)km_col_int(q, 1) };
    }
}

static int last_of(const scripts *all, km_str area)
{
    int last = 0;
    for (size_t i = 0; i < all->n; i++)
        if (km_str_eq(all->at[i].area, area) && all->at[i].number > last)
            last = all->at[i].number;
    return last;
}

static km_code write_down(km_conn *c, const script *s, km_fault *f)
{
    km_stmt *q;
    KM_TRY(own(&q, c, KM_OWN_MIGRATION_PUT, f));
    km_bind_text(q, 1, s->area);
    km_bind_int(q, 2, s->number);
    km_bind_text(q, 3, km_str_of(s->file->name));
    return km_run(q, NULL, f);
}

static km_code apply(km_conn *c, const script *s, km_arena *a, km_fault *f)
{
    const char *sql;
    KM_TRY(km_migrate__section(&sql, a, km_conn_dialect(c), s->file, f));
    KM_TRY(km_begin(c, f));
    km_code rc = c->store->driver->script(c, s->file->name, sql, f);
    if (rc == KM_OK)
        rc = write_down(c, s, f);
    if (rc == KM_OK)
        return km_commit(c, f);
    km_rollback(c);
    return rc;
}

static km_code apply_missing(km_conn *c, const scripts *ours, const scripts *applied, km_arena *a,
                             km_fault *f)
{
    for (size_t i = 0; i < applied->n; i++)
        if (applied->at[i].number > last_of(ours, applied->at[i].area))
            return km_fail(f, KM_TOO_NEW, "km_migration", "%.*s %d is not known here",
                           KM_STR_ARG(applied->at[i].area), applied->at[i].number);
    for (size_t i = 0; i < ours->n; i++)
        if (ours->at[i].number > last_of(applied, ours->at[i].area))
            KM_TRY(apply(c, &ours->at[i], a, f));
    return KM_OK;
}

km_code km_migrate__all(km_conn *writer, const km_embedded *const *lists, km_fault *f)
{
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    scripts ours, applied;
    km_code rc = collect(&ours, a, lists, f);
    if (rc == KM_OK)
        rc = read_applied(&applied, writer, a, f);
    if (rc == KM_OK)
        rc = apply_missing(writer, &ours, &applied, a, f);
    km_arena_free(a);
    return rc;
}
