/* SPDX-License-Identifier: Apache-2.0
 *
 * layers ROOT: reads ROOT/LAYERS and every #include under ROOT/src and tells each one that
 * LAYERS does not allow, as file:line. A build tool of `make check`; ends with 1 when there
 * was any, 2 when it could not read.
 *
 * What it holds to
 * - Folders are listed bottom first and may name only folders above their own line, so
 *   there is no cycle. A folder of src/ with code in it must be listed.
 * - `folder+` stands for the folder and all that its own row lets it include.
 * - An include names its folder from src/ on, or a file of its own folder without one.
 *   Angle brackets do not hide a folder of ours; a macro may not stand for a header.
 * - `only HEADER : FOLDERS` opens a header to these folders alone, and the header exists.
 * - Generated tables (km_sql_F.h, km_data_F.h) belong to the folder F.
 */
#include <ctype.h>
#include <errno.h>
#include <fts.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ROW_MAX 256   /* lines of LAYERS that matter */
#define NAME_MAX_ 128 /* bytes of a folder or header name */
#define LINE_MAX_ 8192

typedef struct row {
    bool only; /* name is a header, not a folder */
    char name[NAME_MAX_];
    char right[LINE_MAX_]; /* the names behind the colon, one space before and after each */
    int line;
} row;

typedef struct house {
    const char *root;
    row *rows;
    size_t n;
    int violations, files, includes;
} house;

/* One file being read: logical lines with spliced lines joined and comments blanked. */
typedef struct source {
    FILE *in;
    const char *path;   /* from ROOT on, for messages */
    const char *folder; /* from src/ on */
    int line;           /* of the next byte */
} source;

static void tell(house *h, const char *path, int line, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
static void tell(house *h, const char *path, int line, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    printf("%s:%d: ", path, line);
    vprintf(fmt, ap);
    putchar('\n');
    va_end(ap);
    h->violations++;
}

static FILE *open_or_die(const char *path)
{
    FILE *f = fopen(path, "r");
    if (f == NULL) {
        fprintf(stderr, "layers: %s: %s\n", path, strerror(errno));
        exit(2);
    }
    return f;
}

static const row *row_of(const house *h, bool only, const char *name)
{
    for (size_t i = 0; i < h->n; i++)
        if (h->rows[i].only == only && strcmp(h->rows[i].name, name) == 0)
            return &h->rows[i];
    return NULL;
}

static bool stands_right(const row *r, const char *name)
{
    char spaced[NAME_MAX_ + 2];
    snprintf(spaced, sizeof spaced, " %s ", name);
    return strstr(r->right, spaced) != NULL;
}

/* Puts one more name behind the others, unless it stands there. */
static void append(row *r, const char *name)
{
    size_t n = strlen(r->right), more = strlen(name);
    if (!stands_right(r, name) && n + more + 2 < LINE_MAX_)
        snprintf(r->right + n, LINE_MAX_ - n, "%s ", name);
}

/* The names of `from` with one space before and after each; `folder+` as all it stands for. */
static void spread(const house *h, row *r, char *from)
{
    char *rest = NULL, *deep = NULL, theirs[LINE_MAX_];
    snprintf(r->right, sizeof r->right, " ");
    for (char *t = strtok_r(from, " \t\r", &rest); t; t = strtok_r(NULL, " \t\r", &rest)) {
        size_t n = strlen(t);
        bool all = n > 1 && t[n - 1] == '+';
        t[n - all] = '\0';
        append(r, t);
        const row *below = all ? row_of(h, false, t) : NULL;
        if (below == NULL)
            continue;
        memcpy(theirs, below->right, sizeof theirs);
        for (char *d = strtok_r(theirs, " ", &deep); d; d = strtok_r(NULL, " ", &deep))
            append(r, d);
    }
}

/* What a row may name on its right: folders of the rows above it; for a header, any folder. */
static void check_right(house *h, const row *r)
{
    char names[LINE_MAX_], *rest = NULL;
    memcpy(names, r->right, sizeof names);
    for (char *t = strtok_r(names, " ", &rest); t; t = strtok_r(NULL, " ", &rest)) {
        const row *below = row_of(h, false, t);
        if (below == NULL)
            tell(h, "LAYERS", r->line, "%s names %s, which is no folder of LAYERS", r->name, t);
        else if (!r->only && below->line >= r->line)
            tell(h, "LAYERS", r->line, "%s names %s, which does not stand above it", r->name, t);
    }
}

static void read_row(house *h, char *text, int line)
{
    text[strcspn(text, "#\n")] = '\0';
    if (text[strspn(text, " \t\r")] == '\0')
        return;
    char word[2][NAME_MAX_] = { "", "" }, extra = '\0';
    char *colon = strchr(text, ':');
    if (colon != NULL)
        *colon = '\0';
    int words = sscanf(text, "%127s %127s %c", word[0], word[1], &extra);
    bool only = words == 2 && strcmp(word[0], "only") == 0;
    if (colon == NULL || (words != 1 && !only)) {
        tell(h, "LAYERS", line, "expected `folder : folders` or `only header : folders`");
        return;
    }
    if (h->n == ROW_MAX) {
        tell(h, "LAYERS", line, "more than %d rows", ROW_MAX);
        return;
    }
    row *r = &h->rows[h->n];
    r->only = only;
    r->line = line;
    memcpy(r->name, word[only], sizeof r->name);
    spread(h, r, colon + 1);
    if (row_of(h, only, r->name) != NULL)
        tell(h, "LAYERS", line, "%s stands there twice", r->name);
    h->n++;
}

static void read_layers(house *h)
{
    char path[4096], text[LINE_MAX_];
    snprintf(path, sizeof path, "%s/LAYERS", h->root);
    FILE *in = open_or_die(path);
    for (int line = 1; fgets(text, sizeof text, in) != NULL; line++)
        read_row(h, text, line);
    fclose(in);
    for (size_t i = 0; i < h->n; i++) {
        check_right(h, &h->rows[i]);
        snprintf(path, sizeof path, "%s/src/%s", h->root, h->rows[i].name);
        if (h->rows[i].only && access(path, R_OK) != 0)
            tell(h, "LAYERS", h->rows[i].line, "there is no src/%s", h->rows[i].name);
    }
}

/* The next byte with backslash-newline taken out (C17 5.1.1.2, phase 2). */
static int next_byte(source *s)
{
    int c;
    while ((c = getc(s->in)) == '\\') {
        int d = getc(s->in);
        if (d != '\n') {
            ungetc(d, s->in);
            return c;
        }
        s->line++;
    }
    return c;
}

static int peek_byte(source *s)
{
    int c = next_byte(s);
    if (c != EOF)
        ungetc(c, s->in);
    return c;
}

/* Swallows a comment whose opening has been read; a line comment leaves its newline. */
static void skip_comment(source *s, bool to_line_end)
{
    int c, last = 0;
    while ((c = to_line_end ? peek_byte(s) : next_byte(s)) != EOF) {
        if (to_line_end) {
            if (c == '\n')
                return;
            next_byte(s);
        } else if (last == '*' && c == '/') {
            return;
        }
        if (c == '\n')
            s->line++;
        last = c;
    }
}

/* One logical line; what does not fit in `out` is dropped (no include is that long). False
 * at the end of the file. */
static bool next_line(source *s, char *out, size_t room)
{
    size_t n = 0;
    int c, quote = 0;
    while ((c = next_byte(s)) != EOF && c != '\n') {
        int next = quote == 0 && c == '/' ? peek_byte(s) : 0;
        if (next == '*' || next == '/') {
            next_byte(s);
            skip_comment(s, next == '/');
            c = ' ';
        } else if (quote != 0 && c == '\\') {
            c = next_byte(s);
        } else if (quote == 0 ? c == '"' || c == '\'' : c == quote) {
            quote = quote == 0 ? c : 0;
        }
        if (c == EOF || c == '\n')
            break;
        if (n + 1 < room)
            out[n++] = (char)c;
    }
    out[n] = '\0';
    return c != EOF || n > 0;
}

/* The operand of an #include directive, or NULL for any other line. */
static const char *include_operand(const char *text)
{
    text += strspn(text, " \t\r\f\v");
    if (*text != '#' && strncmp(text, "%:", 2) != 0)
        return NULL;
    text += *text == '#' ? 1 : 2;
    text += strspn(text, " \t");
    size_t word = strspn(text, "abcdefghijklmnopqrstuvwxyz_");
    bool includes = (word == 7 && strncmp(text, "include", word) == 0)
                    || (word == 12 && strncmp(text, "include_next", word) == 0)
                    || (word == 6 && strncmp(text, "import", word) == 0);
    if (!includes)
        return NULL;
    text += word;
    return text + strspn(text, " \t");
}

/* km_sql_view_index.h belongs to view/index. */
static void check_generated(house *h, const source *s, int line, const char *name)
{
    static const char *const kinds[] = { "km_sql_", "km_data_" };
    char own[NAME_MAX_ + 16];
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        int n = snprintf(own, sizeof own, "%s%s.h", kinds[i], s->folder);
        for (int at = 0; at < n; at++)
            if (own[at] == '/')
                own[at] = '_';
        if (strcmp(name, own) == 0)
            return;
    }
    tell(h, s->path, line, "%s is the table of another folder", name);
}

/* A header without a folder stands in the includer's own folder or in the system's. */
static void check_bare(house *h, const source *s, int line, const char *name, bool angle)
{
    char path[4096];
    if (strncmp(name, "km_sql_", 7) == 0 || strncmp(name, "km_data_", 8) == 0) {
        check_generated(h, s, line, name);
        return;
    }
    snprintf(path, sizeof path, "%s/src/%s/%s", h->root, s->folder, name);
    if (!angle && access(path, R_OK) != 0)
        tell(h, s->path, line, "\"%s\" does not stand in this folder; name it from src/ on", name);
}

static void check_only(house *h, const source *s, int line, const char *header)
{
    const row *only = row_of(h, true, header);
    if (only != NULL && !stands_right(only, s->folder))
        tell(h, s->path, line, "%s is open to%sonly", header, only->right);
}

static void check_include(house *h, const source *s, int line, const char *operand)
{
    char header[NAME_MAX_], folder[NAME_MAX_];
    bool angle = *operand == '<';
    size_t n = strcspn(operand + 1, "\">");
    h->includes++;
    if ((*operand != '"' && !angle) || n >= sizeof header) {
        tell(h, s->path, line, "an include names its header in quotes or angle brackets");
        return;
    }
    snprintf(header, sizeof header, "%.*s", (int)n, operand + 1);
    char *slash = strrchr(header, '/');
    if (slash == NULL) {
        check_bare(h, s, line, header, angle);
        return;
    }
    snprintf(folder, sizeof folder, "%.*s", (int)(slash - header), header);
    if (strcmp(folder, "gen") == 0) {
        check_generated(h, s, line, slash + 1);
        return;
    }
    const row *own = row_of(h, false, s->folder);
    if (strstr(header, "./") != NULL || header[0] == '/' || strstr(header, "//") != NULL)
        tell(h, s->path, line, "%s: headers are named from src/ on", header);
    else if (row_of(h, false, folder) == NULL && !angle)
        tell(h, s->path, line, "%s: %s is no folder of LAYERS", header, folder);
    else if (row_of(h, false, folder) != NULL && strcmp(folder, s->folder) != 0
             && !(own != NULL && stands_right(own, folder)))
        tell(h, s->path, line, "%s may not include %s", s->folder, header);
    else
        check_only(h, s, line, header);
}

static bool is_code(const char *name)
{
    const char *dot = strrchr(name, '.');
    static const char *const ends[] = { ".c", ".h", ".cc", ".def", ".inc" };
    for (size_t i = 0; dot != NULL && i < sizeof ends / sizeof *ends; i++)
        if (strcmp(dot, ends[i]) == 0)
            return true;
    return false;
}

static void check_file(house *h, const char *full)
{
    char folder[4096], text[LINE_MAX_];
    const char *path = full + strlen(h->root) + 1;
    const char *slash = strrchr(path, '/');
    size_t n = (size_t)(slash - path);
    snprintf(folder, sizeof folder, "%.*s", n > 4 ? (int)(n - 4) : 0, n > 4 ? path + 4 : "");
    source s = { .in = open_or_die(full), .path = path, .folder = folder, .line = 1 };
    h->files++;
    if (row_of(h, false, folder) == NULL)
        tell(h, path, 1, "src/%s is not listed in LAYERS", folder);
    for (int line = 1; next_line(&s, text, sizeof text); line = ++s.line) {
        const char *operand = include_operand(text);
        if (operand != NULL)
            check_include(h, &s, line, operand);
    }
    fclose(s.in);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static void check_sources(house *h)
{
    char src[4096];
    snprintf(src, sizeof src, "%s/src", h->root);
    char *const paths[] = { src, NULL };
    FTS *tree = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    if (tree == NULL)
        exit(2);
    FTSENT *e;
    while ((e = fts_read(tree)) != NULL) {
        if (e->fts_info == FTS_F && is_code(e->fts_name))
            check_file(h, e->fts_path);
        else if (e->fts_info == FTS_SL || e->fts_info == FTS_SLNONE)
            tell(h, e->fts_path + strlen(h->root) + 1, 1, "a link could hide a layer");
        else if (e->fts_info == FTS_NS || e->fts_info == FTS_DNR || e->fts_info == FTS_ERR)
            tell(h, e->fts_path, 0, "cannot be read");
    }
    fts_close(tree);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: layers ROOT\n");
        return 2;
    }
    house h = { .root = argv[1], .rows = calloc(ROW_MAX, sizeof(row)) };
    if (h.rows == NULL)
        return 2;
    read_layers(&h);
    check_sources(&h);
    printf("layers: %d files, %d includes, %d violations\n", h.files, h.includes, h.violations);
    free(h.rows);
    return h.violations == 0 ? 0 : 1;
}
