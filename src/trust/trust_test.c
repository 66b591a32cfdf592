/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is let in: on an open node everybody, elsewhere the operator's token and nobody else.
 */
#include "store/place_test.h"

#include <sys/stat.h>

#include "trust/trust.h"

static const km_policy everyone = { .permission = "node.public" },
                       reader = { .permission = "records.read" };

typedef struct door {
    char folder[64], file[80];
    km_trust *trust;
    km_arena *arena;
    km_fault fault;
    km_call call;
} door;

static km_code open_door(door *d, bool open)
{
    km_trust_options o = { .open = open, .token_file = d->file, .random = &km_random_real };
    km_fault_clear(&d->fault);
    return km_trust_open(&d->trust, &o, &d->fault);
}

static void new_door(door *d, bool open)
{
    memset(d, 0, sizeof *d);
    km_fhir_load();
    snprintf(d->folder, sizeof d->folder, P_tmpdir "/kumihimo-trust-XXXXXX");
    assert_non_null(mkdtemp(d->folder));
    snprintf(d->file, sizeof d->file, "%s/token", d->folder);
    d->arena = km_arena_new(1 << 20);
    d->call = (km_call){ .arena = d->arena, .fault = &d->fault };
    assert_int_equal(open_door(d, open), KM_OK);
}

static void free_door(door *d)
{
    km_trust_close(d->trust);
    km_arena_free(d->arena);
    nftw(d->folder, km_test_remove, 16, FTW_DEPTH | FTW_PHYS);
}

/* The token's text, without its line end. */
static const char *token_of(door *d)
{
    char text[80] = "";
    FILE *f = fopen(d->file, "r");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof text, f));
    fclose(f);
    assert_int_equal(strlen(text), 65);
    return km_arena_copy(d->arena, (km_str){ text, 64 }).p;
}

static km_code ask(door *d, const km_policy *policy, const char *scheme, const char *token)
{
    km_caller *caller;
    km_fault_clear(&d->fault);
    d->call.caller = NULL;
    km_str header = scheme ? km_arena_print(d->arena, "%s%s", scheme, token) : KM_STR_NONE;
    km_credentials c = { .authorization = header };
    km_asked asked = { 0 };
    return km_trust_admit(&caller, d->trust, policy, &c, &asked, &d->call);
}

static void on_an_open_node_everybody_may_read(void **state)
{
    door d;
    km_access *a;
    (void)state;
    new_door(&d, true);
    assert_true(km_trust_is_open(d.trust));
    assert_int_equal(ask(&d, &reader, NULL, ""), KM_OK);
    assert_int_equal(km_trust_access(&a, d.trust, &reader, &d.call), KM_OK);
    assert_true(km_access_covers_chart(a, 17));
    free_door(&d);
}

static void elsewhere_the_operators_token_opens_and_no_other(void **state)
{
    static const char *const wrong[] = {
        "", "Bearer", "Basic ", "Bearer 0", "Bearer x ", "Token "
    };
    door d;
    km_access *a;
    (void)state;
    new_door(&d, false);
    const char *token = km_arena_print(d.arena, "%.64s", token_of(&d)).p;
    assert_false(km_trust_is_open(d.trust));
    assert_int_equal(ask(&d, &reader, "Bearer ", token), KM_OK);
    assert_int_equal(km_trust_access(&a, d.trust, &reader, &d.call), KM_OK);
    assert_int_equal(ask(&d, &reader, "bearer  ", token), KM_OK); /* RFC 9110 11.1: no case */
    assert_int_equal(ask(&d, &reader, NULL, NULL), KM_UNAUTHENTICATED);
    assert_int_equal(ask(&d, &reader, "Bearer ", ""), KM_UNAUTHENTICATED);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(ask(&d, &reader, wrong[i], token), KM_UNAUTHENTICATED);
    for (size_t i = 0; i < 64; i++) {
        char other[65];
        memcpy(other, token, sizeof other);
        other[i] = other[i] == '0' ? '1' : '0';
        assert_int_equal(ask(&d, &reader, "Bearer ", other), KM_UNAUTHENTICATED);
        other[i] = '\0';
        assert_int_equal(ask(&d, &reader, "Bearer ", other), KM_UNAUTHENTICATED);
    }
    free_door(&d);
}

/* Public routes answer everybody, but no record is opened to nobody. */
static void nobody_sees_what_is_public_and_no_record(void **state)
{
    door d;
    km_access *a;
    (void)state;
    new_door(&d, false);
    assert_int_equal(ask(&d, &everyone, NULL, ""), KM_OK);
    assert_int_equal(km_trust_access(&a, d.trust, &everyone, &d.call), KM_UNAUTHENTICATED);
    km_fault_clear(&d.fault);
    assert_int_equal(ask(&d, &everyone, "Bearer ", "wrong"), KM_OK);
    assert_int_equal(km_trust_access(&a, d.trust, &everyone, &d.call), KM_UNAUTHENTICATED);
    free_door(&d);
}

/* What the table says, for everybody who can ask today. */
static void the_table_decides_each_permission(void **state)
{
    door d;
    const km_permission *p;
    (void)state;
    new_door(&d, false);
    const char *token = km_arena_print(d.arena, "%.64s", token_of(&d)).p;
    const km_roles *roles = km_trust_roles(d.trust);
    int nobody = km_roles_role(roles, KM_STR("nobody"));
    int operator_role = km_roles_role(roles, KM_STR("operator"));
    size_t n = km_roles_permissions(&p, roles);
    for (size_t i = 0; i < n; i++) {
        km_access *a;
        km_policy policy = { .permission = km_arena_copy(d.arena, p[i].name).p };
        km_code anonymous = p[i].basis[nobody] == KM_BASIS_NONE ? KM_UNAUTHENTICATED : KM_OK;
        km_code signed_in = p[i].basis[operator_role] == KM_BASIS_NONE ? KM_FORBIDDEN : KM_OK;
        assert_true(km_trust_knows(d.trust, &policy));
        assert_int_equal(ask(&d, &policy, NULL, ""), anonymous);
        assert_int_equal(ask(&d, &policy, "Bearer ", token), signed_in);
        if (signed_in == KM_OK)
            assert_int_equal(km_trust_access(&a, d.trust, &policy, &d.call),
                             p[i].basis[operator_role] == KM_BASIS_ALL ? KM_OK : KM_FORBIDDEN);
    }
    assert_false(km_trust_knows(d.trust, &(km_policy){ .permission = "records.rea" }));
    assert_false(km_trust_knows(d.trust, &(km_policy){ .permission = "" }));
    assert_false(km_trust_knows(d.trust, &(km_policy){ .permission = NULL }));
    free_door(&d);
}

static void the_token_is_made_once_for_its_owners_eyes(void **state)
{
    door d;
    struct stat st;
    (void)state;
    new_door(&d, false);
    const char *first = token_of(&d);
    assert_int_equal(stat(d.file, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0400);
    km_trust_close(d.trust);
    assert_int_equal(open_door(&d, false), KM_OK);
    assert_memory_equal(first, token_of(&d), 64);
    free_door(&d);
}

static void a_token_file_that_holds_none_is_refused(void **state)
{
    static const char *const broken[] = { "", "short\n" };
    (void)state;
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        door d;
        new_door(&d, false);
        km_trust_close(d.trust);
        d.trust = NULL;
        assert_int_equal(unlink(d.file), 0);
        FILE *f = fopen(d.file, "w");
        assert_true(f != NULL && fputs(broken[i], f) >= 0 && fclose(f) == 0);
        assert_int_equal(open_door(&d, false), KM_IO);
        free_door(&d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_an_open_node_everybody_may_read),
        cmocka_unit_test(elsewhere_the_operators_token_opens_and_no_other),
        cmocka_unit_test(nobody_sees_what_is_public_and_no_record),
        cmocka_unit_test(the_table_decides_each_permission),
        cmocka_unit_test(the_token_is_made_once_for_its_owners_eyes),
        cmocka_unit_test(a_token_file_that_holds_none_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
