/* SPDX-License-Identifier: Apache-2.0
 *
 * linkage: a million records of 410,000 invented people, written as registers write them, given to
 * `kumihimo link`: CPU time and memory of the whole program, and how many people it found.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kit/kit.h"

enum { PEOPLE = 410000, FAMILIES = 2000, GIVEN = 1500, RECORDS_MAX = 1200000 };

static uint64_t state = 20260301;
static int *person_of;
static size_t records;

static uint32_t roll(uint32_t sides)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % sides;
}

/* Few names are had by many, as names are. */
static uint32_t roll_name(uint32_t names)
{
    uint32_t a = roll(names), b = roll(names), c = roll(names);
    a = a < b ? a : b;
    return a < c ? a : c;
}

static void put_name(FILE *out, uint32_t name, uint32_t kind, int form)
{
    static const char *const full[] = {
        "ア", "カ", "サ", "タ", "ナ", "ハ", "マ", "ヤ", "ラ", "ワ",
        "イ", "キ", "シ", "ミ", "リ", "ウ", "ク", "ム", "ト", "モ"
    };
    static const char *const half[] = { "ｱ", "ｶ", "ｻ", "ﾀ", "ﾅ", "ﾊ", "ﾏ", "ﾔ", "ﾗ", "ﾜ",
                                        "ｲ", "ｷ", "ｼ", "ﾐ", "ﾘ", "ｳ", "ｸ", "ﾑ", "ﾄ", "ﾓ" };
    static const char *const hira[] = {
        "あ", "か", "さ", "た", "な", "は", "ま", "や", "ら", "わ",
        "い", "き", "し", "み", "り", "う", "く", "む", "と", "も"
    };
    const char *const *set = form == 1 ? half : form == 2 ? hira : full;
    uint32_t x = name * 2654435761u + kind * 40503u;
    for (int i = 0; i < 3 + (int)(x >> 30); i++, x = x * 1664525u + 1013904223u)
        fputs(set[x >> 16 & 15], out);
}

static void put_kanji(FILE *out, uint32_t name, uint32_t kind)
{
    uint32_t x = name * 2246822519u + kind * 3266489917u;
    for (int i = 0; i < 2; i++, x = x * 1664525u + 1013904223u) {
        uint32_t c = 0x4E00 + (x >> 8) % 5000;
        fputc((int)(0xE0 | c >> 12), out);
        fputc((int)(0x80 | (c >> 6 & 0x3F)), out);
        fputc((int)(0x80 | (c & 0x3F)), out);
    }
}

typedef struct person {
    uint32_t family, given, sex, year, month, day, postal, block, house, insurer, number;
} person;

static void move(person *p)
{
    p->postal = roll(60000) * 137 % 10000000;
    p->block = 1 + roll(30);
    p->house = 1 + roll(30);
}

static void insure(person *p)
{
    p->insurer = 1000000 + roll(25000000);
    p->number = roll(99999999);
}

static void put_record(FILE *out, const person *p, int who)
{
    int form = (int)roll(3);
    uint32_t day = roll(100) == 0 ? 1 + roll(28) : p->day;
    person_of[records] = who;
    fprintf(out, "%zu,%08u,%u-%u,", records++, p->insurer, p->number / 10000, p->number % 10000);
    if (roll(33) != 0)
        put_kanji(out, p->family, 1);
    fputc(',', out);
    put_kanji(out, p->given, 2);
    fputc(',', out);
    put_name(out, p->family, 1, form);
    fputc(',', out);
    put_name(out, p->given, 2, form);
    if (p->year < 1989 && form == 2)
        fprintf(out, ",%u,S%02u%02u%02u,", p->sex, p->year - 1925, p->month, day);
    else
        fprintf(out, ",%u,%u%02u%02u,", p->sex, p->year, p->month, day);
    fprintf(out, "%05u,%07u,%u-%u\n", 1000 + p->postal % 46000, p->postal, p->block, p->house);
}

static void put_person(FILE *out, int who)
{
    static const int times[] = { 1, 1, 1, 2, 2, 2, 3, 3, 4, 6 };
    person p = { .family = roll_name(FAMILIES),
                 .given = roll_name(GIVEN),
                 .sex = 1 + roll(2),
                 .year = 1927 + roll(97),
                 .month = 1 + roll(12),
                 .day = 1 + roll(28) };
    move(&p);
    insure(&p);
    for (int i = times[roll(10)]; i > 0 && records < RECORDS_MAX; i--) {
        if (roll(10) == 0)
            move(&p);
        if (roll(3) == 0)
            insure(&p);
        put_record(out, &p, who);
    }
}

static void run_link(struct rusage *use, const char *in, const char *out)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        execl(kit_program(), "kumihimo", "link", "--quiet", "--input", in, "--output", out,
              (char *)NULL);
        _exit(127);
    }
    if (pid < 0 || wait4(pid, &status, 0, use) != pid || status != 0)
        kit_die("kumihimo link");
}

static double pairs_of(const uint32_t *size, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += (double)size[i] * (size[i] - (size[i] > 0)) / 2;
    return sum;
}

/* Records of one person stand together, so pairs of both are counted within a person. */
static double f1_of(const char *path)
{
    unsigned *cluster = calloc(records, sizeof *cluster), id;
    uint32_t *truth = calloc(records, sizeof *truth), *found = calloc(records, sizeof *found);
    char line[128];
    size_t n = 0;
    double both = 0;
    FILE *in = fopen(path, "r");
    if (in == NULL || cluster == NULL || truth == NULL || found == NULL
        || fgets(line, sizeof line, in) == NULL)
        kit_die("the clusters");
    while (n < records && fscanf(in, "%u,%u", &id, &cluster[n]) == 2)
        n++;
    fclose(in);
    for (size_t i = 0; i < n; i++) {
        truth[person_of[i]]++;
        found[cluster[i]]++;
        for (size_t k = i + 1; k < n && person_of[k] == person_of[i]; k++)
            both += cluster[k] == cluster[i];
    }
    double f1 = 2 * both / (pairs_of(truth, records) + pairs_of(found, records));
    free(cluster);
    free(truth);
    free(found);
    return f1;
}

static double seconds(const struct timeval *t)
{
    return (double)t->tv_sec + (double)t->tv_usec / 1e6;
}

int main(void)
{
    const char *folder = kit_folder(), *in = kit_path(folder, "people.csv");
    const char *out = kit_path(folder, "clusters.csv");
    struct rusage use;
    person_of = calloc(RECORDS_MAX, sizeof *person_of);
    if (person_of == NULL)
        kit_die("memory");
    FILE *file = fopen(in, "w");
    if (file == NULL)
        kit_die(in);
    fputs(
        "rec_id,insurer_no,symbol_no,family_kanji,given_kanji,family_kana,given_kana,sex,dob,city,"
        "postal,addr\n",
        file);
    for (int i = 0; i < PEOPLE; i++)
        put_person(file, i);
    fclose(file);
    run_link(&use, in, out);
    double cpu = seconds(&use.ru_utime) + seconds(&use.ru_stime);
    kit_row time = { .what = "link a million records, CPU",
                     .unit = "s",
                     .peer_is = "4 s asked",
                     .ours = cpu * 1e6 / (double)records,
                     .peer = 4,
                     .want = KIT_AT_MOST,
                     .goal = 1 };
    kit_row room = { .what = "the same, most memory",
                     .unit = "MB",
                     .peer_is = "600 MB asked",
                     .ours = (double)use.ru_maxrss / 1024,
                     .peer = 600,
                     .want = KIT_AT_MOST,
                     .goal = 1 };
    kit_row good = { .what = "people found (F1 of pairs)",
                     .unit = "",
                     .peer_is = "all of them",
                     .ours = f1_of(out),
                     .peer = 1,
                     .want = KIT_AT_LEAST,
                     .goal = 0.985 };
    kit_print(&time);
    kit_print(&room);
    kit_print(&good);
    free(person_of);
    return 0;
}
