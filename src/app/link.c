/* SPDX-License-Identifier: Apache-2.0
 *
 * link: the verb that says which rows of a CSV file are of one person.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/inside.h"
#include "base/kana.h"
#include "codec/layout/layout.h"
#include "linkage/linkage.h"

enum {
    PATH_ROOM = 4096,
    FILE_MAX = 1 << 20,
    PROBLEMS_SHOWN = 20,
    TICK = 1 << 16,
    WRITE_ROOM = 1 << 20,
    LINE_ROOM = 1024,
    ROW_MORE = 8
};

typedef struct linking {
    const km_args *args;
    km_bar bar;
    km_linker *linker;
    km_link_map map;
    km_link_report report;
    km_arena *arena;
    int64_t rows, refused;
    void *mapped;
    size_t mapped_bytes;
} linking;

static bool tick(void *self, const char *stage, int64_t done, int64_t all)
{
    linking *o = self;
    km_bar_show(&o->bar, done, all, stage);
    return !km_stop_asked();
}

/* --- in --- */

static km_code map_file(linking *o, km_str *text, const char *path, km_fault *f)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return km_fail(f, KM_IO, path, "%s", strerror(errno));
    bool fine = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0;
    void *p = fine ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0) : MAP_FAILED;
    close(fd);
    if (p == MAP_FAILED)
        return km_fail(f, KM_IO, path, "no file with anything in it");
    o->mapped = p;
    o->mapped_bytes = (size_t)st.st_size;
    *text = (km_str){ p, (size_t)st.st_size };
    if (km_str_starts(*text, KM_STR("\xEF\xBB\xBF")))
        *text = km_str_sub(*text, 3, text->n);
    if (!km_str_is_utf8(*text, NULL))
        return km_cp932_decode(text, o->arena, *text, f);
    return KM_OK;
}

static km_code read_map(linking *o, const km_row *header, km_fault *f)
{
    const char *path = o->args->option(o->args, "columns");
    km_str name[KM_ROW_FIELDS];
    for (uint32_t i = 0; i < header->fields; i++)
        name[i] = km_field_unquoted(o->arena, header->field[i]);
    if (path == NULL)
        return km_link_map_guess(&o->map, name, header->fields, f);
    FILE *in = fopen(path, "r");
    if (in == NULL)
        return km_fail(f, KM_IO, path, "%s", strerror(errno));
    char *room = km_arena_alloc(o->arena, FILE_MAX);
    km_str text = { room, fread(room, 1, FILE_MAX, in) };
    fclose(in);
    return km_link_map_columns(&o->map, text, name, header->fields, f);
}

static void tell_row(linking *o, const km_row *row, const char *why)
{
    if (++o->refused <= PROBLEMS_SHOWN && !o->args->config->json)
        fprintf(stderr, "%s:%u: %s\n", o->args->option(o->args, "input"), row->line, why);
}

static km_str value_of(linking *o, const km_row *row, const int at[KM_LINK_JOINED])
{
    if (at[0] < 0)
        return KM_STR_NONE;
    km_str one = km_str_trim(km_field_unquoted(o->arena, row->field[at[0]]));
    if (at[1] < 0)
        return one;
    km_buf all = km_buf_in(o->arena);
    km_buf_add(&all, one);
    for (int i = 1; i < KM_LINK_JOINED && at[i] >= 0; i++) {
        km_buf_char(&all, ' ');
        km_buf_add(&all, km_str_trim(km_field_unquoted(o->arena, row->field[at[i]])));
    }
    return km_buf_str(&all);
}

static void add_row(linking *o, const km_row *row, uint32_t fields)
{
    km_str value[KM_LINK_COLUMNS];
    km_arena_mark here = km_arena_here(o->arena);
    if (row->raw.n == 0)
        return;
    o->rows++;
    if (row->fields != fields) {
        tell_row(o, row, "another number of fields than the header has; the row is left out");
        return;
    }
    for (int c = 0; c < KM_LINK_COLUMNS; c++)
        value[c] = value_of(o, row, o->map.at[c]);
    if (value[KM_LINK_ID].n == 0)
        tell_row(o, row, "no id; the row is left out");
    else
        km_linker_add(o->linker, value);
    km_arena_back(o->arena, here);
}

static km_code read_rows(linking *o, km_fault *f)
{
    km_str text;
    km_row row, *header;
    KM_TRY(map_file(o, &text, o->args->option(o->args, "input"), f));
    km_rows rows = { .text = text, .quoted = memchr(text.p, '"', text.n) != NULL };
    if (!km_rows_next(&row, &rows))
        return km_fail(f, KM_REQUIRED, "header", "the file has no header");
    header = KM_NEW(o->arena, km_row);
    *header = row;
    KM_TRY(read_map(o, header, f));
    km_linker_expect(o->linker, text.n / (row.raw.n + ROW_MORE));
    while (km_rows_next(&row, &rows)) {
        add_row(o, &row, header->fields);
        if (row.line % TICK == 0
            && !tick(o, "rows", (int64_t)(text.n - rows.text.n), (int64_t)text.n))
            return km_fail(f, KM_CANCELLED, NULL, NULL);
    }
    return KM_OK;
}

static km_code read_model(linking *o, km_link_model *model, bool *given, km_fault *f)
{
    const char *path = o->args->option(o->args, "model");
    *given = path != NULL;
    if (path == NULL)
        return KM_OK;
    FILE *in = fopen(path, "r");
    if (in == NULL)
        return km_fail(f, KM_IO, path, "%s", strerror(errno));
    char *room = km_arena_alloc(o->arena, FILE_MAX);
    km_str text = { room, fread(room, 1, FILE_MAX, in) };
    fclose(in);
    return km_link_model_read(model, text, f);
}

/* --- out --- */

static void put_field(FILE *out, km_str s)
{
    bool plain = true;
    for (size_t i = 0; i < s.n; i++)
        plain = plain && s.p[i] != ',' && s.p[i] != '"' && s.p[i] != '\n' && s.p[i] != '\r';
    if (plain) {
        fwrite(s.p, 1, s.n, out);
        return;
    }
    fputc('"', out);
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"')
            fputc('"', out);
        fputc(s.p[i], out);
    }
    fputc('"', out);
}

static void put_clusters(const linking *o, FILE *out)
{
    fputs("rec_id,cluster_id\n", out);
    for (size_t i = 0; i < km_linker_count(o->linker); i++) {
        put_field(out, km_linker_id(o->linker, i));
        fprintf(out, ",%u\n", km_linker_cluster(o->linker, i));
    }
}

/* A line of text that grows; printf would take longer than the comparing. */
typedef struct line {
    char text[LINE_ROOM];
    size_t n;
} line;

static void put_words(line *l, const char *words)
{
    size_t n = strlen(words);
    if (n > sizeof l->text - l->n)
        n = sizeof l->text - l->n;
    memcpy(l->text + l->n, words, n);
    l->n += n;
}

static void put_fixed(line *l, double value, int decimals, bool sign)
{
    char room[32];
    int64_t scale = 1;
    for (int i = 0; i < decimals; i++)
        scale *= 10;
    int64_t n = llround(value * (double)scale);
    size_t at = sizeof room;
    uint64_t left = (uint64_t)(n < 0 ? -n : n);
    room[--at] = '\0';
    for (int i = 0; left > 0 || i <= decimals; i++, left /= 10) {
        if (i == decimals && decimals > 0)
            room[--at] = '.';
        room[--at] = (char)('0' + left % 10);
    }
    if (n < 0 || sign)
        room[--at] = n < 0 ? '-' : '+';
    put_words(l, room + at);
}

static void put_reasons(line *l, const km_link_pair *p, bool japanese)
{
    for (int f = 0; f < KM_LINK_FIELDS; f++) {
        put_words(l, f > 0 ? "; " : ",\"");
        put_words(l, km_link_level_words(f, p->level[f], japanese));
        put_words(l, " ");
        put_fixed(l, (double)p->worth[f], 1, true);
    }
    put_words(l, "\"\n");
}

static void put_pairs(const linking *o, FILE *out)
{
    bool japanese = !km_app__in_english(o->args->option(o->args, "lang"));
    line l;
    fputs("rec_id_a,rec_id_b,bits,probability,decision,reasons\n", out);
    for (size_t i = 0; i < km_linker_pairs(o->linker); i++) {
        km_link_pair p = km_linker_pair(o->linker, i);
        l.n = 0;
        put_field(out, km_linker_id(o->linker, p.a));
        putc_unlocked(',', out);
        put_field(out, km_linker_id(o->linker, p.b));
        put_words(&l, ",");
        put_fixed(&l, (double)p.bits, 2, false);
        put_words(&l, ",");
        put_fixed(&l, 1 / (1 + exp2(-(double)p.bits)), 6, false);
        put_words(&l, km_linker_cluster(o->linker, p.a) == km_linker_cluster(o->linker, p.b)
                          ? ",match"
                          : ",review");
        put_reasons(&l, &p, japanese);
        fwrite(l.text, 1, l.n, out);
    }
}

static void put_model(const linking *o, FILE *out)
{
    km_buf text = km_buf_in(o->arena);
    km_link_model_print(&text, &o->report.model);
    fwrite(text.p, 1, text.n, out);
}

/* Whole or not at all: beside it first, then in its place. */
static km_code write_file(const linking *o, const char *path,
                          void (*put)(const linking *o, FILE *out), km_fault *f)
{
    char beside[PATH_ROOM];
    if (path == NULL)
        return KM_OK;
    if (snprintf(beside, sizeof beside, "%s.new", path) >= (int)sizeof beside)
        return km_fail(f, KM_IO, path, "the name is too long");
    FILE *out = fopen(beside, "w");
    if (out == NULL)
        return km_fail(f, KM_IO, path, "%s", strerror(errno));
    setvbuf(out, NULL, _IOFBF, WRITE_ROOM);
    put(o, out);
    bool fine = ferror(out) == 0;
    fine = fclose(out) == 0 && fine;
    if (!fine || rename(beside, path) != 0) {
        unlink(beside);
        return km_fail(f, KM_IO, path, "it cannot be written");
    }
    return KM_OK;
}

static km_code write_all(const linking *o, km_fault *f)
{
    char pairs[PATH_ROOM];
    const char *out = o->args->option(o->args, "output");
    const char *where = o->args->option(o->args, "pairs");
    if (where == NULL) {
        size_t n = strlen(out);
        if (n > 4 && strcmp(out + n - 4, ".csv") == 0)
            n -= 4;
        snprintf(pairs, sizeof pairs, "%.*s.pairs.csv", (int)n, out);
        where = pairs;
    }
    KM_TRY(write_file(o, out, put_clusters, f));
    KM_TRY(write_file(o, where, put_pairs, f));
    return write_file(o, o->args->option(o->args, "save-model"), put_model, f);
}

static double percent(int64_t part, int64_t all)
{
    return all > 0 ? 100.0 * (double)part / (double)all : 0;
}

static void tell_json(const linking *o)
{
    const km_link_report *r = &o->report;
    printf("{\"rows\":%lld,\"refused\":%lld,\"records\":%lld,\"clusters\":%lld,\"largest\":%lld,"
           "\"pairs\":%lld,\"matches\":%lld,\"reviews\":%lld,\"joinsRefused\":%lld,"
           "\"conflicts\":%lld,\"badDates\":%lld,\"blocksCapped\":%lld,\"prior\":%.9g,\"null\":{",
           (long long)o->rows, (long long)o->refused, (long long)r->records, (long long)r->clusters,
           (long long)r->largest, (long long)r->pairs, (long long)r->matches, (long long)r->reviews,
           (long long)r->refused, (long long)r->conflicts, (long long)r->bad_dates,
           (long long)r->blocks_capped, r->model.prior);
    for (int f = 0; f < KM_LINK_FIELDS; f++)
        printf("%s\"%s\":%.6f", f > 0 ? "," : "", km_link_field_name(f),
               percent(r->null[f], r->records) / 100);
    printf("}}\n");
}

static void tell(const linking *o)
{
    const km_link_report *r = &o->report;
    if (o->args->config->json) {
        tell_json(o);
        return;
    }
    if (o->args->config->quiet)
        return;
    printf("記録 records           %12lld   (%lld 行を除外 rows left out)\n", (long long)r->records,
           (long long)o->refused);
    printf("個人 clusters          %12lld   最大 largest %lld\n", (long long)r->clusters,
           (long long)r->largest);
    printf("組 pairs compared      %12lld\n", (long long)r->pairs);
    printf("一致 matches           %12lld\n", (long long)r->matches);
    printf("要確認 to review       %12lld   %.3f %% of matches and these\n", (long long)r->reviews,
           percent(r->reviews, r->matches + r->reviews));
    printf("矛盾 conflicts         %12lld   one number, other birth and name\n",
           (long long)r->conflicts);
    printf("結合拒否 joins refused %12lld\n", (long long)r->refused);
    printf("日付でない no date     %12lld\n", (long long)r->bad_dates);
    printf("未調査 capped groups   %12lld\n", (long long)r->blocks_capped);
    for (int f = 0; f < KM_LINK_FIELDS; f++)
        printf("空欄 null %-8s     %11.2f %%\n", km_link_field_name(f),
               percent(r->null[f], r->records));
}

static km_code link_all(linking *o, km_fault *f)
{
    km_link_model model;
    bool given;
    KM_TRY(read_model(o, &model, &given, f));
    KM_TRY(read_rows(o, f));
    km_link_options options = { .model = given ? &model : NULL, .progress = tick, .self = o };
    KM_TRY(km_linker_run(&o->report, o->linker, &options, f));
    return write_all(o, f);
}

int km_app__link(const km_args *a, km_node *n)
{
    km_fault f = { 0 };
    (void)n;
    if (a->option(a, "input") == NULL || a->option(a, "output") == NULL || a->words > 0) {
        fprintf(stderr, "kumihimo link: name --input FILE.csv and --output CLUSTERS.csv\n"
                        "kumihimo link --help\n");
        return KM_EXIT_USAGE;
    }
    linking o = { .args = a,
                  .bar = km_bar_start(a->config, "link"),
                  .linker = km_linker_new(),
                  .arena = km_arena_new((size_t)4 << 30) };
    km_code rc = link_all(&o, &f);
    km_bar_end(&o.bar);
    if (rc == KM_OK)
        tell(&o);
    else
        km_app__tell(a->config, "link", &f);
    if (o.mapped != NULL)
        munmap(o.mapped, o.mapped_bytes);
    km_linker_free(o.linker);
    km_arena_free(o.arena);
    return rc != KM_OK ? km_app__exit_code(rc) : o.refused > 0 ? KM_EXIT_REFUSED : KM_EXIT_DONE;
}
