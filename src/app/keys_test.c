/* SPDX-License-Identifier: Apache-2.0 */
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

#include "app/app.h"

typedef struct place {
    char folder[64];
    char said[4096];
} place;

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

static int make_place(void **state)
{
    place *p = calloc(1, sizeof *p);
    snprintf(p->folder, sizeof p->folder, P_tmpdir "/kumihimo-verb-XXXXXX");
    assert_non_null(mkdtemp(p->folder));
    *state = p;
    return 0;
}

static int leave_place(void **state)
{
    place *p = *state;
    nftw(p->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    free(p);
    return 0;
}

/* `kumihimo VERB WORDS...`; what it printed in p->said. */
static int run(place *p, const char *line)
{
    static const km_service *const services[] = { &km_app_node, NULL };
    char text[512], path[128], *argv[24] = { "kumihimo" }, *rest = NULL;
    int argc = 1;
    snprintf(text, sizeof text, "%s", line);
    for (char *w = strtok_r(text, " ", &rest); w != NULL; w = strtok_r(NULL, " ", &rest))
        argv[argc++] = strcmp(w, "DIR") == 0 ? p->folder : w;
    argv[argc] = NULL;
    snprintf(path, sizeof path, "%s.said", p->folder);
    FILE *to = fopen(path, "w+");
    int before = dup(STDOUT_FILENO);
    fflush(stdout);
    dup2(fileno(to), STDOUT_FILENO);
    int rc = km_app_run(argc, argv, services);
    fflush(stdout);
    dup2(before, STDOUT_FILENO);
    close(before);
    ssize_t n = pread(fileno(to), p->said, sizeof p->said - 1, 0);
    p->said[n > 0 ? n : 0] = '\0';
    fclose(to);
    unlink(path);
    return rc;
}

static void keys_are_made_listed_and_destroyed_by_role_name_and_version(void **state)
{
    place *p = *state;
    assert_int_equal(run(p, "keys list --data DIR"), KM_EXIT_DONE);
    assert_string_equal(p->said, "");
    assert_int_equal(run(p, "keys make token --data DIR"), KM_EXIT_DONE);
    assert_string_equal(p->said, "token\t1\t\n");
    for (int i = 0; i < 2; i++)
        assert_int_equal(run(p, "keys make pid-a urn:x --data DIR"), KM_EXIT_DONE);
    assert_string_equal(p->said, "pid-a\t2\turn:x\n");
    assert_int_equal(run(p, "keys destroy pid-a urn:x --version 1 --data DIR"), KM_EXIT_DONE);
    assert_int_equal(run(p, "keys destroy pid-a urn:x --version 1 --data DIR"), KM_EXIT_REFUSED);
    assert_int_equal(run(p, "keys list --data DIR"), KM_EXIT_DONE);
    assert_string_equal(p->said, "pid-a\t2\turn:x\ntoken\t1\t\n");
    /* Operator B's process does not open what is A's. */
    assert_int_equal(run(p, "keys list --operator b --data DIR"), KM_EXIT_REFUSED);
    assert_string_equal(p->said, "");
}

static void what_is_not_said_clearly_is_not_done(void **state)
{
    static const char *const lines[] = {
        "keys",
        "keys look --data DIR",
        "keys list token --data DIR",
        "keys make --data DIR",
        "keys make nothing --data DIR",
        "keys make pid-a --data DIR",
        "keys make token name --data DIR",
        "keys make token --pkcs11 /nowhere --data DIR",
        "keys destroy token --data DIR",
        "keys destroy token --version 0 --data DIR",
        "keys destroy token --version x --data DIR",
    };
    place *p = *state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (run(p, lines[i]) != KM_EXIT_USAGE || p->said[0] != '\0')
            fail_msg("%s", lines[i]);
}

static void a_test_authority_is_made_once_and_says_that_it_is_one(void **state)
{
    place *p = *state;
    assert_int_equal(run(p, "pki test-ca DIR"), KM_EXIT_DONE);
    char path[128], text[256];
    snprintf(path, sizeof path, "%s/README", p->folder);
    FILE *in = fopen(path, "r");
    assert_non_null(in);
    size_t n = fread(text, 1, sizeof text - 1, in);
    text[n] = '\0';
    fclose(in);
    assert_non_null(strstr(text, "試験用"));
    struct stat st;
    snprintf(path, sizeof path, "%s/doctor.key", p->folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_not_equal(run(p, "pki test-ca DIR"), KM_EXIT_DONE);
    assert_int_equal(run(p, "pki DIR"), KM_EXIT_USAGE);
    assert_int_equal(run(p, "pki"), KM_EXIT_USAGE);
}

int main(void)
{
#define IN_PLACE(t) cmocka_unit_test_setup_teardown(t, make_place, leave_place)
    const struct CMUnitTest tests[] = {
        IN_PLACE(keys_are_made_listed_and_destroyed_by_role_name_and_version),
        IN_PLACE(what_is_not_said_clearly_is_not_done),
        IN_PLACE(a_test_authority_is_made_once_and_says_that_it_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
