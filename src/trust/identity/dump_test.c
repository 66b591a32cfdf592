/* SPDX-License-Identifier: Apache-2.0
 *
 * Who has the database alone, or with one operator's keys, learns nobody's root, number, identifier
 * or token, and joins no two domains.
 */
#include "trust/identity/inside.h"
#include "trust/identity/register_test.h"

enum { PEOPLE = 60, SECRETS = 4096, DOMAINS = 3 };
static const char *const domains[DOMAINS] = { CARE, OTHER_CARE, RESEARCH };

/* Everything that must not be found: as bytes, and in hexadecimal. */
typedef struct secrets {
    km_arena *a;
    km_str text[SECRETS];
    size_t n;
} secrets;

static void keep(secrets *s, const void *p, size_t n)
{
    assert_true(s->n + 2 < SECRETS);
    /* A dump of PostgreSQL is hexadecimal, in which seven digits stand by chance. */
    if (n > 7 || km_test_dialect == KM_SQLITE)
        s->text[s->n++] = km_arena_copy(s->a, (km_str){ p, n });
    s->text[s->n++] = km_hex(s->a, p, n);
}

static const char *found(const secrets *s, km_str where)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->text[i].n >= 7 && where.n > 0
            && memmem(where.p, where.n, s->text[i].p, s->text[i].n) != NULL)
            return "a secret";
    return NULL;
}

/* --- the whole database, as bytes --- */

static void add_file(km_buf *out, const char *path)
{
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return;
    for (size_t got = 1; got > 0;) {
        km_buf_reserve(out, 1 << 16);
        got = fread(out->p + out->n, 1, 1 << 16, f);
        out->n += got;
    }
    fclose(f);
}

static void add_tables(km_buf *out, const km_test_place *place)
{
    PGconn *pg = PQconnectdb(place->place);
    PGresult *names = PQexec(pg, "SELECT format('%I', table_name) FROM information_schema.tables "
                                 "WHERE table_schema = current_schema()");
    assert_true(PQntuples(names) > 10);
    for (int i = 0; i < PQntuples(names); i++) {
        char sql[200];
        snprintf(sql, sizeof sql, "SELECT t::text FROM %s t", PQgetvalue(names, i, 0));
        PGresult *rows = PQexec(pg, sql);
        for (int k = 0; k < PQntuples(rows); k++)
            km_buf_z(out, PQgetvalue(rows, k, 0));
        PQclear(rows);
    }
    PQclear(names);
    PQfinish(pg);
}

static km_str whole_database(km_test_register *r, km_arena *a)
{
    km_buf out = km_buf_in(a);
    char path[700];
    if (km_test_dialect == KM_POSTGRES) {
        add_tables(&out, &r->w->place);
        return km_buf_str(&out);
    }
    static const char *const ends[] = { "", "-wal", "-shm" };
    for (size_t i = 0; i < 3; i++) {
        snprintf(path, sizeof path, "%s%s", r->w->place.place, ends[i]);
        add_file(&out, path);
    }
    return km_buf_str(&out);
}

/* --- what is enrolled --- */

typedef struct populated {
    secrets known;
    int64_t person[PEOPLE];
    km_pid pid[PEOPLE][DOMAINS];
} populated;

static km_code read_root(void *self, km_conn *c, km_fault *f)
{
    km_id_person one;
    void **with = self;
    km_test_register *r = with[0];
    populated *all = with[1];
    for (int i = 0; i < PEOPLE; i++) {
        KM_TRY(km_id__person(&one, r->p, c, all->person[i], f));
        keep(&all->known, one.root, sizeof one.root);
    }
    return KM_OK;
}

static populated *populate(km_test_register *r)
{
    populated *all = calloc(1, sizeof *all);
    assert_non_null(all);
    all->known.a = r->w->arena;
    (void)register_holder(r, CARE, "hospital", KM_HOLDER_OWNER);
    for (int i = 0; i < PEOPLE; i++) {
        all->person[i] = register_enrol(r, 7654000 + i);
        km_str number = km_arena_print(r->w->arena, "%07d", 7654000 + i);
        keep(&all->known, number.p, number.n);
        for (int d = 0; d < DOMAINS; d++) {
            km_domain in;
            km_test_must(r->w, km_persons_issue(&all->pid[i][d], &in, r->p, km_str_of(domains[d]),
                                                all->person[i], &r->w->call));
            km_pid_token t = km_identity_token(&in, &all->pid[i][d]);
            keep(&all->known, all->pid[i][d].v, sizeof all->pid[i][d].v);
            keep(&all->known, t.v, KM_TOKEN_LEN);
        }
    }
    for (int i = 0; i < 5; i++) { /* events with identifiers in them */
        km_pid pid;
        km_domain in;
        km_test_must(r->w, km_persons_revoke(&pid, &in, r->p, KM_STR(CARE), all->person[i],
                                             KM_REVOKE_ERROR, 0, &r->w->call));
        keep(&all->known, pid.v, sizeof pid.v);
        km_pid_token t = km_identity_token(&in, &pid);
        keep(&all->known, t.v, KM_TOKEN_LEN);
    }
    void *with[] = { r, all };
    km_test_must(r->w, km_id__read(r->p, read_root, with, &r->w->fault));
    return all;
}

static void the_database_shows_no_root_number_identifier_or_token(void **state)
{
    km_test_register *r = *state;
    populated *all = populate(r);
    km_arena *a = km_arena_new((size_t)1 << 28);
    assert_true(all->known.n > 900);
    km_str dump = whole_database(r, a);
    assert_true(dump.n > 10000);
    assert_non_null(memmem(dump.p, dump.n, CARE, strlen(CARE))); /* it is the right one */
    assert_null(found(&all->known, dump));
    /* The search does find what is there. */
    km_buf with = km_buf_in(a);
    km_buf_add(&with, dump);
    km_buf_add(&with, all->known.text[17]);
    assert_non_null(found(&all->known, km_buf_str(&with)));
    km_arena_free(a);
    free(all);
}

/* --- linking --- */

typedef struct thief {
    km_test_register *r;
    unsigned char key[64][KM_KEY_DATA]; /* all that one operator's keys give of each data key */
    size_t keys;
    size_t rows, opened, owners;
    char seen[PEOPLE * DOMAINS + 64][KM_ID_HASH];
} thief;

static void try_row(thief *t, int64_t domain, km_str hash, km_str sealed)
{
    char aad[64];
    unsigned char plain[256];
    km_str row = { aad + 18, 2 + hash.n };
    size_t n = 0;
    static const char head[] = "\0\6id_pid\0\6sealed\0\22"; /* enc(table, column, row) */
    memcpy(aad, head, 18);
    aad[18] = (char)(domain >> 8);
    aad[19] = (char)domain;
    memcpy(aad + 20, hash.p, hash.n);
    n = 18 + row.n;
    km_gcm *g = km_gcm_new();
    for (size_t i = 0; i < t->keys; i++)
        t->opened += km_gcm_open(g, plain, t->key[i], (km_str){ aad, n },
                                 km_str_sub(sealed, 4, SIZE_MAX), NULL)
                     == KM_OK;
    km_gcm_free(g);
}

static km_code rob(void *self, km_conn *c, km_fault *f)
{
    thief *t = self;
    for (int64_t domain = 1; domain <= DOMAINS; domain++) {
        km_stmt *st;
        bool row = true;
        KM_TRY(km_query(&st, c, "id_pid_older", f));
        km_bind_int(st, 1, domain);
        km_bind_int(st, 2, INT32_MAX);
        km_bind_int(st, 3, 10000);
        while (row) {
            KM_TRY(km_step(&row, st, f));
            if (!row)
                break;
            t->rows++;
            try_row(t, domain, km_col_blob(st, 0), km_col_blob(st, 3));
        }
    }
    return KM_OK;
}

/* What each of id_key's rows gives to who holds A's keys alone, B's alone, or both. */
static km_code steal_keys(void *self, km_conn *c, km_fault *f)
{
    void **with = self;
    thief *t = with[0];
    km_keys *a = with[1], *b = with[2];
    km_stmt *st;
    bool row = true;
    t->keys = 0;
    KM_TRY(km_query(&st, c, "id_key_all", f));
    while (row) {
        unsigned char part[KM_KEY_DATA] = { 0 }, half[1][KM_KEY_T], y[1][KM_KEY_T] = { { 0 } };
        KM_TRY(km_step(&row, st, f));
        if (!row || km_col_null(st, 3))
            continue;
        memcpy(half[0], km_col_blob(st, 3).p, KM_KEY_T);
        if (a != NULL)
            KM_TRY(km_keys_unwrap(part, a, km_col_text(st, 1),
                                  (const unsigned char *)km_col_blob(st, 2).p, f));
        if (b != NULL)
            KM_TRY(km_keys_pid_b(
                y, b, (km_key_name){ KM_KEY_PID_B, KM_STR("urn:kumihimo:store"), 1 }, half, 1, f));
        km_str of_both[] = { KM_STR("kumihimo/store/v1"),
                             { (char *)part, KM_KEY_DATA },
                             { (char *)y, KM_KEY_T } };
        assert_true(t->keys + 3 < 64);
        memcpy(t->key[t->keys++], part, KM_KEY_DATA);
        memcpy(t->key[t->keys++], y, KM_KEY_DATA);
        km_sha256_parts(t->key[t->keys++], of_both, 3);
    }
    return KM_OK;
}

static size_t opened_with(km_test_register *r, km_keys *a, km_keys *b)
{
    static thief t;
    void *with[] = { &t, a, b };
    memset(&t, 0, sizeof t);
    km_test_must(r->w, km_id__read(r->p, steal_keys, with, &r->w->fault));
    km_test_must(r->w, km_id__read(r->p, rob, &t, &r->w->fault));
    assert_int_equal(t.rows, PEOPLE * DOMAINS);
    return t.opened;
}

static void one_operators_keys_link_no_domains(void **state)
{
    km_test_register *r = *state;
    populated *all = populate(r);
    assert_int_equal(opened_with(r, NULL, NULL), 0);
    assert_int_equal(opened_with(r, r->a, NULL), 0);
    assert_int_equal(opened_with(r, NULL, r->b), 0);
    assert_int_equal(opened_with(r, r->a, r->b), PEOPLE * DOMAINS); /* the theft itself works */
    free(all);
}

typedef struct columns {
    unsigned char value[2 * (PEOPLE * DOMAINS + 64)][KM_ID_HASH];
    size_t n;
} columns;

static km_code read_columns(void *self, km_conn *c, km_fault *f)
{
    void **with = self;
    km_test_register *r = with[0];
    populated *all = with[1];
    columns *seen = with[2];
    for (int i = 0; i < PEOPLE; i++)
        for (int d = 0; d < DOMAINS; d++) {
            km_pid_row row;
            KM_TRY(km_id__pid_active(&row, r->p, c, (uint16_t)(d + 1), all->person[i], f));
            km_id__hash_owner(seen->value[seen->n++], r->p, (uint16_t)(d + 1), all->person[i]);
            km_id__hash_pid(seen->value[seen->n++], r->p, (uint16_t)(d + 1), &row.pid);
        }
    return KM_OK;
}

static void no_column_has_one_value_in_two_domains(void **state)
{
    km_test_register *r = *state;
    populated *all = populate(r);
    columns *seen = calloc(1, sizeof *seen);
    assert_non_null(seen);
    void *with[] = { r, all, seen };
    km_test_must(r->w, km_id__read(r->p, read_columns, with, &r->w->fault));
    for (size_t i = 0; i < seen->n; i++)
        for (size_t k = i + 1; k < seen->n; k++)
            assert_memory_not_equal(seen->value[i], seen->value[k], KM_ID_HASH);
    free(seen);
    free(all);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
#define T(name) cmocka_unit_test_setup_teardown(name, register_setup, register_teardown)
        T(the_database_shows_no_root_number_identifier_or_token),
        T(one_operators_keys_link_no_domains),
        T(no_column_has_one_value_in_two_domains),
    };
    return km_test_on_both("a stolen register", tests, NULL, NULL);
}
