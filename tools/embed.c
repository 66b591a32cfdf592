/* SPDX-License-Identifier: Apache-2.0
 *
 * embed NAME DIR FILE...: writes DIR/NAME.c and DIR/NAME.h, in which every FILE is a
 * constant array of bytes (with a NUL after the last, not counted). A small build
 * tool; the program itself opens no table file.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static FILE *open_or_die(const char *path, const char *mode)
{
    FILE *f = fopen(path, mode);
    if (f == NULL) {
        perror(path);
        exit(3);
    }
    return f;
}

static FILE *output(const char *dir, const char *name, const char *end)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s.%s", dir, name, end);
    return open_or_die(path, "w");
}

static size_t write_bytes(FILE *out, const char *path, int number)
{
    FILE *in = open_or_die(path, "rb");
    size_t n = 0;
    int c;
    fprintf(out, "static const unsigned char file%d[] = {", number);
    while ((c = getc(in)) != EOF) {
        fprintf(out, "%s%d,", n % 24 == 0 ? "\n" : "", c);
        n++;
    }
    fprintf(out, "\n0};\n");
    fclose(in);
    return n;
}

static void write_header(const char *dir, const char *name)
{
    FILE *h = output(dir, name, "h");
    fprintf(h,
            "#ifndef %s_H\n#define %s_H\n#include \"base/embedded.h\"\n"
            "extern const km_embedded %s[];\n#endif\n",
            name, name, name);
    fclose(h);
}

int main(int argc, char **argv)
{
    if (argc < 4) {
        fprintf(stderr, "usage: embed NAME DIR FILE...\n");
        return 2;
    }
    FILE *c = output(argv[2], argv[1], "c");
    size_t *length = calloc((size_t)argc, sizeof *length);
    if (length == NULL)
        return 3;
    fprintf(c, "#include \"%s.h\"\n", argv[1]);
    for (int i = 3; i < argc; i++)
        length[i] = write_bytes(c, argv[i], i);
    fprintf(c, "const km_embedded %s[] = {\n", argv[1]);
    for (int i = 3; i < argc; i++) {
        const char *base = strrchr(argv[i], '/');
        fprintf(c, "{ \"%s\", (const char *)file%d, %zu },\n", base ? base + 1 : argv[i], i,
                length[i]);
    }
    fprintf(c, "{ 0, 0, 0 } };\n");
    free(length);
    fclose(c);
    write_header(argv[2], argv[1]);
    return 0;
}
