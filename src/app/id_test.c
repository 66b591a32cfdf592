/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "app/app.h"

static const char keys[] =
    "{\"keys_hex\":{"
    "\"KA\":\"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\","
    "\"KB\":\"202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f\","
    "\"KR\":\"808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f\","
    "\"KI\":\"c0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf\"},"
    "\"pid\":[{\"domain\":\"urn:kumihimo:dom:care:net-0001\",\"code\":1,\"kv\":1,\"gen\":%s,"
    "\"root\":\"000102030405060708090a0b0c0d0e0f\"}],"
    "\"sid\":[{\"release\":\"rel-2026-0001\",\"pid\":\"fe64613fc96cc43b570bd52f762605c2\"}],"
    "\"idx\":[{\"system\":\"jpki-auth\",\"parts\":[\"0a1b2c3d4e\"]}]}";

/* Runs the verb on a file with this `gen`; what it printed in *out. */
static int derive(char *out, size_t room, const char *gen)
{
    static const km_service *const services[] = { &km_app_node, NULL };
    char in[] = P_tmpdir "/kumihimo-id-XXXXXX", said[] = P_tmpdir "/kumihimo-said-XXXXXX";
    char *argv[] = { "kumihimo", "id", "derive", "--json", "--keys", in, NULL };
    int file = mkstemp(in), to = mkstemp(said), before = dup(STDOUT_FILENO);
    dprintf(file, keys, gen);
    close(file);
    fflush(stdout);
    dup2(to, STDOUT_FILENO);
    int rc = km_app_run(6, argv, services);
    fflush(stdout);
    dup2(before, STDOUT_FILENO);
    close(before);
    ssize_t n = pread(to, out, room - 1, 0);
    out[n > 0 ? n : 0] = '\0';
    close(to);
    unlink(in);
    unlink(said);
    return rc;
}

static void given_cases_give_the_values_of_the_written_construction(void **state)
{
    static const char *const said[] = {
        "\"t\":\"c8f28f57d4d87819653852113d51e3b9a1353575acb943175f7ef41ca8928785\"",
        "\"y\":\"66c7f17743c3181a94ff556cf8bf487aefdc39405058cab22ea3db64036f03a6\"",
        "\"pid\":\"66c7f17743c3181a94ff556cf8bf487a\"",
        "\"token\":\"AQABAWbH8XdDwxgalP9VbPi_SHo\"",
        "\"sid\":\"db9c410113cb85d22bd8f08a255ace15\"",
        "\"idx\":\"ee56927fe605ae5211882e5fa24275b9\"",
    };
    char out[4096];
    (void)state;
    assert_int_equal(derive(out, sizeof out, "0"), KM_EXIT_DONE);
    for (size_t i = 0; i < sizeof said / sizeof *said; i++)
        if (strstr(out, said[i]) == NULL)
            fail_msg("%s is not in %s", said[i], out);
}

static void a_case_that_cannot_be_derived_is_refused_and_no_part_is_printed(void **state)
{
    static const char *const bad[] = { "-1", "4294967296", "1.5", "\"x\"", "null", "[]" };
    char out[4096];
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(derive(out, sizeof out, bad[i]), KM_EXIT_REFUSED);
        assert_null(strstr(out, "token"));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(given_cases_give_the_values_of_the_written_construction),
        cmocka_unit_test(a_case_that_cannot_be_derived_is_refused_and_no_part_is_printed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
