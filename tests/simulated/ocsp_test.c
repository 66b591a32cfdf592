/* SPDX-License-Identifier: Apache-2.0
 *
 * What a responder says, and when it counts. The responder is simulated, a program of its own
 * (SIMULATED_OCSP); the protocol is the real one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "codec/x509/test_ca.h"

typedef struct place {
    char folder[64];
    km_arena *arena;
    km_fault fault;
    km_call call;
    km_x509_anchors *hpki;
    km_x509_crls *crls;
    km_ms now;
} place;

static km_str file(place *p, const char *name)
{
    char path[256];
    km_buf b = km_buf_in(p->arena);
    snprintf(path, sizeof path, "%s/%s", p->folder, name);
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    km_buf_reserve(&b, 1 << 16);
    b.n = fread(b.p, 1, 1 << 16, in);
    fclose(in);
    return km_buf_str(&b);
}

static int make_place(void **state)
{
    place *p = calloc(1, sizeof *p);
    snprintf(p->folder, sizeof p->folder, P_tmpdir "/kumihimo-ocsp-XXXXXX");
    assert_non_null(mkdtemp(p->folder));
    p->arena = km_arena_new((size_t)64 << 20);
    p->call = (km_call){ p->arena, &p->fault, &km_clock_real, &km_random_real, NULL };
    p->now = km_call_now(&p->call);
    assert_int_equal(km_test_ca_write(p->folder, &p->call), KM_OK);
    assert_int_equal(km_x509_anchors_new(&p->hpki, file(p, "anchors-hpki.pem"), NULL), KM_OK);
    km_str list = file(p, "hpki-root.crl");
    assert_int_equal(km_x509_crls_new(&p->crls, &list, 1, NULL), KM_OK);
    *state = p;
    return 0;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static int leave_place(void **state)
{
    place *p = *state;
    nftw(p->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    km_x509_anchors_free(p->hpki);
    km_x509_crls_free(p->crls);
    km_arena_free(p->arena);
    free(p);
    return 0;
}

static km_x509_path path_of(place *p, const char *name)
{
    km_str der[KM_X509_CHAIN];
    size_t n;
    km_x509_profile profile;
    km_x509_path path;
    char full[80];
    snprintf(full, sizeof full, "%s.pem", name);
    assert_true(km_x509_profile_find(&profile, KM_STR("test-hpki-authentication")));
    km_x509_want want = {
        .profile = &profile, .at = p->now, .status = KM_STATUS_CRL_CAS, .crls = p->crls
    };
    assert_int_equal(km_cert_unpem(der, &n, KM_X509_CHAIN, p->arena, file(p, full), NULL), KM_OK);
    km_code rc = km_x509_verify(&path, p->arena, p->hpki, der, n, &want, &p->fault);
    if (rc != KM_OK)
        fail_msg("%s: %s", name, p->fault.detail);
    return path;
}

static km_str ask(place *p, km_str request, const char *responder, const char *mode)
{
    char command[1024], name[128];
    snprintf(name, sizeof name, "%s/ask", p->folder);
    FILE *out = fopen(name, "wb");
    assert_int_equal(fwrite(request.p, 1, request.n, out), request.n);
    fclose(out);
    snprintf(command, sizeof command, "%s %s hpki-auth-ca %s %s < %s/ask > %s/answer",
             getenv("SIMULATED_OCSP"), p->folder, responder, mode, p->folder, p->folder);
    assert_int_equal(system(command), 0);
    return file(p, "answer");
}

static void an_answer_counts_when_it_is_fresh_authorised_and_to_this_question(void **state)
{
    static const struct {
        const char *name, *responder, *mode;
        bool nonce_needed;
        km_code code;
        const char *detail;
    } rows[] = {
        { "doctor", "hpki-ocsp", "honest", true, KM_OK, "" },
        { "doctor", "hpki-auth-ca", "honest", true, KM_OK, "" },
        { "doctor-revoked", "hpki-ocsp", "honest", true, KM_UNAUTHENTICATED, "was revoked" },
        { "doctor", "hpki-ocsp", "no-nonce", false, KM_OK, "" },
        { "doctor", "hpki-ocsp", "no-nonce", true, KM_UPSTREAM,
          "the answer is to another question (nonce)" },
        { "doctor", "hpki-ocsp", "other-nonce", false, KM_UPSTREAM,
          "the answer is to another question (nonce)" },
        { "doctor", "hpki-ocsp", "old", true, KM_UPSTREAM, "the answer is too old" },
        { "doctor", "hpki-ocsp", "expired", true, KM_UPSTREAM, "the answer has expired" },
        { "doctor", "hpki-ocsp", "future", true, KM_UPSTREAM, "thisUpdate lies in the future" },
        { "doctor", "hpki-ocsp", "other", true, KM_UPSTREAM,
          "the answer is about another certificate" },
        { "doctor", "hpki-ocsp", "try-later", true, KM_UPSTREAM,
          "the responder answers with an error" },
        { "doctor", "hpki-ocsp-checked", "honest", true, KM_UPSTREAM,
          "the responder's certificate does not say ocsp-nocheck" },
        { "doctor", "hpki-ocsp-unnamed", "honest", true, KM_UPSTREAM,
          "the responder may not speak for this authority, or its signature is wrong" },
        { "doctor", "jpki-ocsp", "honest", true, KM_UPSTREAM,
          "the responder may not speak for this authority, or its signature is wrong" },
        { "doctor", "hpki-root", "honest", true, KM_UPSTREAM,
          "the responder may not speak for this authority, or its signature is wrong" },
    };
    place *p = *state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        unsigned char nonce[KM_OCSP_NONCE];
        km_str request;
        km_ms until = 0;
        km_fault_clear(&p->fault);
        km_x509_path path = path_of(p, rows[i].name);
        km_random_real.fill(NULL, nonce, sizeof nonce);
        assert_int_equal(km_ocsp_ask(&request, p->arena, &path, nonce, NULL), KM_OK);
        km_str answer = ask(p, request, rows[i].responder, rows[i].mode);
        km_ocsp_want want = { nonce, rows[i].nonce_needed, km_clock_real.now(NULL), 86400000,
                              60000 };
        km_code rc = km_ocsp_check(&until, p->arena, answer, &path, &want, &p->fault);
        if (rc != rows[i].code || strcmp(p->fault.detail, rows[i].detail) != 0)
            fail_msg("%s by %s, %s: %s, %s", rows[i].name, rows[i].responder, rows[i].mode,
                     km_code_name(rc), p->fault.detail);
        if (rc == KM_OK)
            assert_true(until > want.at && until <= want.at + 86400000 + 60000);
    }
}

static void a_changed_answer_does_not_count(void **state)
{
    place *p = *state;
    unsigned char nonce[KM_OCSP_NONCE] = { 7 };
    km_str request;
    km_ms until;
    km_x509_path path = path_of(p, "doctor");
    km_ocsp_want want = { nonce, true, km_clock_real.now(NULL), 86400000, 60000 };
    assert_int_equal(km_ocsp_ask(&request, p->arena, &path, nonce, NULL), KM_OK);
    km_str answer = ask(p, request, "hpki-auth-ca", "honest");
    assert_int_equal(km_ocsp_check(&until, p->arena, answer, &path, &want, NULL), KM_OK);
    for (size_t i = 0; i < answer.n; i += 3) {
        km_arena_mark here = km_arena_here(p->arena);
        km_str changed = km_arena_copy(p->arena, answer);
        ((char *)(uintptr_t)changed.p)[i] ^= 4;
        /* The certificate that comes along is only a help: the issuer is known already. */
        km_code rc = km_ocsp_check(&until, p->arena, changed, &path, &want, NULL);
        if (rc == KM_OK)
            assert_true(i > 400);
        assert_int_not_equal(
            km_ocsp_check(&until, p->arena, km_str_sub(answer, 0, i), &path, &want, NULL), KM_OK);
        km_arena_back(p->arena, here);
    }
    km_str big = { km_arena_zero(p->arena, KM_OCSP_MAX + 1), KM_OCSP_MAX + 1 };
    assert_int_equal(km_ocsp_check(&until, p->arena, big, &path, &want, NULL), KM_TOO_LONG);
    assert_int_equal(km_ocsp_check(&until, p->arena, KM_STR(""), &path, &want, NULL), KM_UPSTREAM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_counts_when_it_is_fresh_authorised_and_to_this_question),
        cmocka_unit_test(a_changed_answer_does_not_count),
    };
    if (getenv("SIMULATED_OCSP") == NULL) {
        fprintf(stderr, "SIMULATED_OCSP names no program\n");
        return 1;
    }
    return cmocka_run_group_tests(tests, make_place, leave_place);
}
