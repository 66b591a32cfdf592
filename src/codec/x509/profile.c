/* SPDX-License-Identifier: Apache-2.0
 *
 * profile: the rows of data/x509/profiles.tsv.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base/embedded.h"
#include "codec/x509/inside.h"
#include "gen/km_data_codec_x509.h"

static _Noreturn void wrong(km_str row)
{
    fprintf(stderr, "kumihimo: data/x509/profiles.tsv is wrong at %.*s\n", KM_STR_ARG(row));
    abort();
}

static void read_row(km_x509_profile *p, const km_str cell[5])
{
    km_str word, rest;
    *p = (km_x509_profile){ .name = cell[0], .eku_needed = cell[3].n > 0 };
    for (rest = cell[1]; rest.n > 0;) {
        word = km_str_cut(rest, ' ', &rest);
        if (p->policies == KM_X509_POLICIES)
            wrong(cell[0]);
        p->policy[p->policies++] = word;
    }
    for (rest = cell[2]; rest.n > 0;) {
        word = km_str_cut(rest, ' ', &rest);
        p->use |= km_str_is(word, "signature")         ? (unsigned)KM_USE_SIGNATURE
                  : km_str_is(word, "non-repudiation") ? (unsigned)KM_USE_NON_REPUDIATION
                                                       : (wrong(cell[0]), 0U);
    }
    for (rest = cell[3]; rest.n > 0;) {
        word = km_str_cut(rest, ' ', &rest);
        if (km_str_is(word, "if-any"))
            p->eku_needed = false;
        else
            p->eku |= km_str_is(word, "client")   ? (unsigned)KM_EKU_CLIENT
                      : km_str_is(word, "server") ? (unsigned)KM_EKU_SERVER
                                                  : (wrong(cell[0]), 0U);
    }
    for (rest = cell[4]; rest.n > 0;) {
        word = km_str_cut(rest, ' ', &rest);
        bool *flag = km_str_is(word, "role")   ? &p->role
                     : km_str_is(word, "jpki") ? &p->jpki
                     : km_str_is(word, "test") ? &p->test
                                               : NULL;
        if (flag == NULL)
            wrong(cell[0]);
        *flag = true;
    }
}

bool km_x509_profile_find(km_x509_profile *out, km_str name)
{
    km_str cell[5], rest = km_embedded_find(km_data_codec_x509, "profiles.tsv");
    (void)km_tsv_next(cell, 5, &rest); /* the header */
    while (km_tsv_next(cell, 5, &rest) == 5)
        if (km_str_eq(cell[0], name)) {
            read_row(out, cell);
            return true;
        }
    return false;
}
