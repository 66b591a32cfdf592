/* SPDX-License-Identifier: Apache-2.0
 *
 * test_ca: the rows of data/x509/test_ca.tsv and of the roles, made and written into a folder.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>

#include "base/embedded.h"
#include "codec/x509/test_ca.h"
#include "codec/x509/test_inside.h"
#include "gen/km_data_codec_x509.h"

enum { ROWS = 128, CELLS = 12 };

typedef struct maker {
    const km_call *c;
    int folder;
    size_t n;
    km_test_made made[ROWS];
} maker;

static km_code wrong_row(maker *m, km_str row)
{
    return km_fail(m->c->fault, KM_INTERNAL, "test-ca", "the row %.*s is wrong", KM_STR_ARG(row));
}

/* --- rows --- */

static const km_test_made *find(const maker *m, km_str file)
{
    for (size_t i = 0; i < m->n; i++)
        if (km_str_eq(m->made[i].row.file, file))
            return &m->made[i];
    return NULL;
}

static km_code add(maker *m, const km_test_row *row)
{
    const km_call *c = m->c;
    if (m->n == ROWS || find(m, row->file) != NULL)
        return wrong_row(m, row->file);
    km_test_made *one = &m->made[m->n];
    one->row = *row;
    one->by = km_str_eq(row->issuer, row->file) ? one : find(m, row->issuer);
    if (one->by == NULL)
        return wrong_row(m, row->file);
    m->n++;
    c->random->fill(c->random->self, one->serial, sizeof one->serial);
    one->serial[0] = (unsigned char)((one->serial[0] & 0x3f) | 0x40);
    return km_x509__test_make(one, c->arena, km_call_now(c), c->fault);
}

static bool has_word(km_str words, const char *word)
{
    while (words.n > 0)
        if (km_str_is(km_str_cut(words, ' ', &words), word))
            return true;
    return false;
}

static km_code add_rows(maker *m)
{
    km_str cell[CELLS], rest = km_embedded_find(km_data_codec_x509, "test_ca.tsv");
    (void)km_tsv_next(cell, CELLS, &rest); /* the header */
    for (;;) {
        memset(cell, 0, sizeof cell);
        if (km_tsv_next(cell, CELLS, &rest) == 0)
            return KM_OK;
        km_test_row r = { .file = cell[0],
                          .issuer = cell[1],
                          .kind = cell[2],
                          .common_name = cell[3],
                          .registration = cell[4],
                          .name_ja = cell[5],
                          .organisation_ja = cell[6],
                          .policy = cell[7],
                          .role = cell[8],
                          .rsa = has_word(cell[11], "rsa"),
                          .revoked = has_word(cell[11], "revoked"),
                          .critical = has_word(cell[11], "critical") };
        if (!km_str_to_i64(&r.from, cell[9]) || !km_str_to_i64(&r.to, cell[10]))
            return wrong_row(m, cell[0]);
        KM_TRY(add(m, &r));
    }
}

/* "Medical Technologist" is medical-technologist. */
static km_str slug(km_arena *a, km_str text)
{
    char *out = km_arena_alloc(a, text.n + 1);
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        out[i] = c >= 'A' && c <= 'Z' ? (char)(c | 32) : c >= 'a' && c <= 'z' ? c : '-';
    }
    return (km_str){ out, text.n };
}

static km_code add_roles(maker *m)
{
    km_str cell[3], rest = km_embedded_find(km_data_codec_x509, "hc_roles.tsv");
    (void)km_tsv_next(cell, 3, &rest); /* the header */
    for (int i = 1; km_tsv_next(cell, 3, &rest) == 3; i++) {
        km_arena *a = m->c->arena;
        km_test_row r = {
            .file = slug(a, cell[0]),
            .issuer = KM_STR("hpki-auth-ca"),
            .kind = KM_STR("authentication"),
            .common_name = km_arena_print(a, "TEST %.*s", KM_STR_ARG(cell[0])),
            .registration = km_arena_print(a, "TEST1%05d", i),
            .name_ja = km_arena_print(a, "試験 %.*s", KM_STR_ARG(cell[1])),
            .organisation_ja = KM_STR("試験病院"),
            .policy = KM_STR("1.2.392.100495.1.5.1.2.0.1"),
            .role = cell[0],
            .from = -30,
            .to = 1800,
        };
        KM_TRY(add(m, &r));
    }
    return KM_OK;
}

/* --- files --- */

static FILE *create(maker *m, const char *name, mode_t mode)
{
    int fd = openat(m->folder, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    return fd >= 0 ? fdopen(fd, "w") : NULL;
}

/* `good` is what writing said; the file is closed in any case. */
static km_code finish(maker *m, FILE *out, bool good, const char *name)
{
    good = out != NULL && good && fflush(out) == 0;
    if (out != NULL && fclose(out) != 0)
        good = false;
    ERR_clear_error();
    return good ? KM_OK : km_fail(m->c->fault, KM_IO, "test-ca", "%s cannot be written", name);
}

static const char *file_name(maker *m, const km_test_made *one, const char *end)
{
    return km_arena_print(m->c->arena, "%.*s.%s", KM_STR_ARG(one->row.file), end).p;
}

static km_code write_certificate(maker *m, const km_test_made *one)
{
    const char *name = file_name(m, one, "pem"), *key = file_name(m, one, "key");
    FILE *out = create(m, name, 0644);
    bool good = out != NULL && PEM_write_X509(out, one->cert) == 1;
    /* What a server of TLS sends along: all but the root. */
    for (const km_test_made *up = one->by; good && up->by != up; up = up->by)
        good = PEM_write_X509(out, up->cert) == 1;
    KM_TRY(finish(m, out, good, name));
    out = create(m, key, 0600);
    good = out != NULL && PEM_write_PKCS8PrivateKey(out, one->key, NULL, NULL, 0, NULL, NULL) == 1;
    return finish(m, out, good, key);
}

static km_code write_list(maker *m, const km_test_made *by)
{
    const char *name = file_name(m, by, "crl");
    X509_CRL *list = km_x509__test_crl(by, m->made, m->n, km_call_now(m->c));
    FILE *out = create(m, name, 0644);
    bool good = list != NULL && out != NULL && i2d_X509_CRL_fp(out, list) == 1;
    X509_CRL_free(list);
    return finish(m, out, good, name);
}

static km_code write_anchors(maker *m, const char *name, const char *prefix)
{
    FILE *out = create(m, name, 0644);
    bool good = out != NULL;
    for (size_t i = 0; good && i < m->n; i++)
        if (m->made[i].by == &m->made[i] && km_str_starts(m->made[i].row.file, km_str_of(prefix)))
            good = PEM_write_X509(out, m->made[i].cert) == 1;
    return finish(m, out, good, name);
}

static km_code write_index(maker *m)
{
    FILE *out = create(m, "issued.tsv", 0644);
    bool good = out != NULL && fputs("name\tissuer\tserial\tstatus\n", out) >= 0;
    for (size_t i = 0; good && i < m->n; i++) {
        const km_test_made *one = &m->made[i];
        good = fprintf(out, "%.*s\t%.*s\t%.*s\t%s\n", KM_STR_ARG(one->row.file),
                       KM_STR_ARG(one->row.issuer),
                       KM_STR_ARG(km_hex(m->c->arena, one->serial, sizeof one->serial)),
                       one->row.revoked ? "revoked" : "good")
               > 0;
    }
    return finish(m, out, good, "issued.tsv");
}

static km_code write_words(maker *m)
{
    static const char words[] =
        "試験用の認証局です。ここにある証明書は実在の誰のものでもなく、何も証明しません。秘密鍵は保"
        "護さ"
        "れていません。試験とデモのほかで信頼しないでください。\n\n"
        "A TEST authority. These certificates are nobody's and prove nothing; their private keys "
        "lie\n"
        "open. Trust the anchors in tests and demonstrations only.\n\n"
        "anchors-*.pem  what to trust      NAME.pem, NAME.key  certificate with chain, and key\n"
        "NAME.crl       revocation lists   issued.tsv          serials\n";
    FILE *out = create(m, "README", 0644);
    return finish(m, out, out != NULL && fputs(words, out) >= 0, "README");
}

static km_code write_all(maker *m)
{
    for (size_t i = 0; i < m->n; i++) {
        KM_TRY(write_certificate(m, &m->made[i]));
        if (km_str_ends(m->made[i].row.kind, KM_STR("authority")))
            KM_TRY(write_list(m, &m->made[i]));
    }
    KM_TRY(write_anchors(m, "anchors-hpki.pem", "hpki-"));
    KM_TRY(write_anchors(m, "anchors-jpki.pem", "jpki-"));
    KM_TRY(write_anchors(m, "anchors-tls.pem", "tls-"));
    KM_TRY(write_index(m));
    return write_words(m);
}

static km_code open_empty(int *out, const char *folder, km_fault *f)
{
    if (mkdir(folder, 0700) != 0 && errno != EEXIST)
        return km_fail(f, KM_IO, "test-ca", "the folder cannot be made");
    DIR *list = opendir(folder);
    bool empty = list != NULL;
    for (const struct dirent *e; empty && (e = readdir(list)) != NULL;)
        empty = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
    if (list != NULL)
        closedir(list);
    if (!empty)
        return km_fail(f, KM_DUPLICATE, "test-ca", "the folder is not empty");
    *out = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return *out >= 0 ? KM_OK : km_fail(f, KM_IO, "test-ca", "the folder cannot be opened");
}

km_code km_test_ca_write(const char *folder, const km_call *c)
{
    int fd = -1;
    KM_TRY(open_empty(&fd, folder, c->fault));
    maker *m = calloc(1, sizeof *m);
    if (m == NULL)
        abort();
    m->c = c;
    m->folder = fd;
    km_code rc = add_rows(m);
    if (rc == KM_OK)
        rc = add_roles(m);
    if (rc == KM_OK)
        rc = write_all(m);
    for (size_t i = 0; i < m->n; i++) {
        X509_free(m->made[i].cert);
        EVP_PKEY_free(m->made[i].key);
    }
    free(m);
    close(fd);
    return rc;
}
