/* SPDX-License-Identifier: Apache-2.0
 *
 * cp932_table: writes data/base/cp932.tsv to its output, from the converter CP932 of glibc
 * (Windows-31J: JIS X 0208, NEC row 13, NEC selected and IBM extensions, Microsoft's mapping).
 * Run by hand; the table is kept in the repository, so that a build needs no converter:
 *   cc tools/cp932_table.c -o build/cp932_table && build/cp932_table > data/base/cp932.tsv
 * A row is a run of characters at neighbouring trail bytes (7F is none). What follows a rule
 * is no row: ASCII, half-width kana, and user-defined characters, which lie from U+E000 on.
 */
#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>

/* The UTF-8 of one pair of bytes, its length; 0 when there is no such character. */
static size_t convert(iconv_t to, int lead, int trail, char out[8])
{
    char pair[2] = { (char)lead, (char)trail };
    char *from = pair, *at = out;
    size_t left = sizeof pair, room = 8;
    iconv(to, NULL, NULL, NULL, NULL);
    if (iconv(to, &from, &left, &at, &room) == (size_t)-1 || left != 0)
        return 0;
    return 8 - room;
}

static int next_trail(int trail)
{
    return trail == 0x7E ? 0x80 : trail + 1;
}

static void write_lead(iconv_t to, int lead)
{
    int open = 0;
    for (int trail = 0x40; trail <= 0xFC; trail = next_trail(trail)) {
        char out[8];
        size_t n = convert(to, lead, trail, out);
        if (n > 0 && !open)
            printf("%02X\t%02X\t", (unsigned)lead, (unsigned)trail);
        if (n == 0 && open)
            putchar('\n');
        open = n > 0;
        fwrite(out, 1, n, stdout);
    }
    if (open)
        putchar('\n');
}

int main(void)
{
    iconv_t to = iconv_open("UTF-8", "CP932");
    if (to == (iconv_t)-1) {
        perror("iconv_open CP932");
        return 3;
    }
    puts("# Windows code page 932, made by tools/cp932_table.c; origin and form are told there.");
    puts("lead\ttrail\tcharacters");
    for (int lead = 0x81; lead <= 0xFC; lead++)
        if ((lead <= 0x9F || lead >= 0xE0) && (lead < 0xF0 || lead > 0xF9))
            write_lead(to, lead);
    iconv_close(to);
    return 0;
}
