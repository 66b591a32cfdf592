/* SPDX-License-Identifier: Apache-2.0 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "trust/identity/identity.h"

static km_keys *ring(unsigned roles)
{
    km_keys *k = NULL;
    assert_int_equal(km_keys_in_memory(&k, roles, &km_random_real, NULL), KM_OK);
    return k;
}

static void count_up(unsigned char *out, size_t n, unsigned char from)
{
    for (size_t i = 0; i < n; i++)
        out[i] = (unsigned char)(from + i);
}

static km_operators two(const char *domain, uint32_t kv, unsigned char a, unsigned char b)
{
    unsigned char key[32];
    km_operators o = { ring(KM_KEY_MASK_A), ring(KM_KEY_MASK_B) };
    km_str d = km_str_of(domain);
    count_up(key, 32, a);
    assert_int_equal(km_keys_import(o.a, (km_key_name){ KM_KEY_PID_A, d, kv }, key, NULL), KM_OK);
    count_up(key, 32, b);
    assert_int_equal(km_keys_import(o.b, (km_key_name){ KM_KEY_PID_B, d, kv }, key, NULL), KM_OK);
    return o;
}

static void part(km_operators o)
{
    km_keys_close(o.a);
    km_keys_close(o.b);
}

/* Tokens as an independent program computes them from the written construction. */
static void the_construction_is_the_written_one(void **state)
{
    (void)state;
    static const struct {
        const char *domain;
        uint16_t code;
        uint32_t kv, gen;
        unsigned char a, b;
        const char *token;
    } cases[] = {
        { "urn:kumihimo:dom:care:net-0001", 1, 1, 0, 0, 0x20, "AQABAWbH8XdDwxgalP9VbPi_SHo" },
        { "urn:kumihimo:dom:care:net-0001", 1, 1, 1, 0, 0x20, "AQABAe0J2dccdMQgyewXpV-5MDk" },
        { "urn:kumihimo:dom:care:net-0001", 1, 1, UINT32_MAX, 0, 0x20,
          "AQABAb5rf07bYXd4byI4LJV_MB8" },
        { "urn:kumihimo:dom:care:net-0002", 2, 1, 0, 0, 0x20, "AQACASbcyCohms_DYsb1mcvSFUw" },
        { "urn:kumihimo:dom:research:ndb", 1001, 1, 0, 0, 0x20, "AQPpAf5kYT_JbMQ7VwvVL3YmBcI" },
        { "urn:kumihimo:dom:care:net-0001", 1, 2, 0, 0x40, 0x60, "AQABAs1WV94MFYXTRTJwHbprLM4" },
        { "urn:kumihimo:dom:care:net-0001", 1, 2, 0, 0, 0x20, "AQABAkoZVMJyVvfw044REKqs3JE" },
        { "urn:kumihimo:dom:care:net-0001", 1, 1, 0, 0x20, 0, "AQABAffwXvgfave-Pv4FGEyusm4" },
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        km_operators o = two(cases[i].domain, cases[i].kv, cases[i].a, cases[i].b);
        km_domain d = { km_str_of(cases[i].domain), cases[i].code, cases[i].kv };
        km_key_root root = { .gen = cases[i].gen };
        km_pid pid;
        count_up(root.root, 16, 0);
        assert_int_equal(km_identity_derive(&pid, o, &d, &root, 1, NULL), KM_OK);
        assert_string_equal(km_identity_token(&d, &pid).v, cases[i].token);
        part(o);
    }
}

static void a_token_read_is_what_was_written(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3000; i++) {
        km_domain d = { KM_STR("urn:kumihimo:dom:phr:x"), (uint16_t)(i * 977), i * 13 };
        km_pid pid, again;
        uint16_t code;
        uint8_t kv8;
        km_random_real.fill(NULL, &pid, sizeof pid);
        km_pid_token t = km_identity_token(&d, &pid);
        assert_int_equal(km_identity_read_token(&again, &code, &kv8, km_str_of(t.v), NULL), KM_OK);
        assert_memory_equal(&pid, &again, sizeof pid);
        assert_int_equal(code, d.code);
        assert_int_equal(kv8, (uint8_t)d.kv);
        t.v[0] = 'B';
        assert_int_equal(km_identity_read_token(&again, &code, &kv8, km_str_of(t.v), NULL),
                         KM_BAD_VALUE);
    }
}

static int by_bytes(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(km_pid));
}

static void no_two_persons_domains_or_generations_share_an_identifier(void **state)
{
    (void)state;
    enum { DOMAINS = 8, PERSONS = 20000 };
    static km_key_root root[PERSONS];
    static km_pid pid[DOMAINS * PERSONS];
    km_keys *a = ring(KM_KEY_MASK_A), *b = ring(KM_KEY_MASK_B);
    km_random_real.fill(NULL, root, sizeof root);
    for (size_t i = 0; i < PERSONS; i++)
        root[i].gen = (uint32_t)(i % 3);
    for (size_t i = 1; i < PERSONS; i += 2) /* the same person, one generation on */
        memcpy(root[i].root, root[i - 1].root, 16);
    for (size_t i = 1; i < PERSONS; i += 2)
        root[i].gen = root[i - 1].gen + 1;
    unsigned char key[32] = { 9 }; /* the same key everywhere: the domain alone must part them */
    for (int d = 0; d < DOMAINS; d++) {
        char uri[] = "urn:kumihimo:dom:care:net-0";
        uri[sizeof uri - 2] = (char)('0' + d);
        km_domain domain = { km_str_of(uri), (uint16_t)d, 1 };
        km_key_name name = { KM_KEY_PID_A, domain.uri, 1 };
        assert_int_equal(km_keys_import(a, name, key, NULL), KM_OK);
        name.role = KM_KEY_PID_B;
        assert_int_equal(km_keys_import(b, name, key, NULL), KM_OK);
        assert_int_equal(km_identity_derive(pid + (size_t)d * PERSONS, (km_operators){ a, b },
                                            &domain, root, PERSONS, NULL),
                         KM_OK);
    }
    qsort(pid, DOMAINS * PERSONS, sizeof *pid, by_bytes);
    for (size_t i = 1; i < (size_t)DOMAINS * PERSONS; i++)
        assert_memory_not_equal(&pid[i - 1], &pid[i], sizeof *pid);
    part((km_operators){ a, b });
}

static void index_of(unsigned char out[16], km_keys *k, const char *system, const char *const *part)
{
    km_str s[KM_PARTS_MAX];
    size_t n = 0;
    for (; part[n] != NULL; n++)
        s[n] = km_str_of(part[n]);
    km_fault f = { 0 };
    if (km_identity_index(out, k, km_str_of(system), s, n, &f) != KM_OK)
        fail_msg("%s: %s", f.path, f.detail);
}

static void one_proof_in_two_writings_is_one_index(void **state)
{
    (void)state;
    static const struct {
        const char *system, *part[5], *same[5];
    } cases[] = {
        { "insno",
          { "06130012", "123", "4567", "01" },
          { "０６１３００１２", "１２３", "45-67", " 01 " } },
        { "nkds", { "ヤマダハナコ", "19800229", "2" }, { "やまだ　はなこ", "1980-02-29", "２" } },
        { "nkds", { "ヤマダハナコ", "19800229", "2" }, { "ﾔﾏﾀﾞ ﾊﾅｺ", "1980年2月29日", "2" } },
        { "nkds", { "オーノタロウ", "20010703", "1" }, { "ｵｰﾉ ﾀﾛｳ", "2001/7/3", "1" } },
    };
    km_keys *k = ring(KM_KEY_MASK_A);
    unsigned char key[32], one[16], two_[16];
    count_up(key, 32, 0xc0);
    assert_int_equal(km_keys_import(k, (km_key_name){ KM_KEY_INDEX, { "", 0 }, 1 }, key, NULL), 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        index_of(one, k, cases[i].system, cases[i].part);
        index_of(two_, k, cases[i].system, cases[i].same);
        assert_memory_equal(one, two_, 16);
    }
    static const unsigned char want[] = { 0x89, 0x8b, 0x6f, 0xca, 0x90, 0xcf, 0xd2, 0xfd,
                                          0x45, 0x2d, 0x9c, 0x24, 0x54, 0x88, 0x2e, 0x74 };
    index_of(one, k, "insno", (const char *const[]){ "06130012", "123", "4567", "01", NULL });
    assert_memory_equal(one, want, 16);
    index_of(two_, k, "insno", (const char *const[]){ "06130012", "1234", "567", "01", NULL });
    assert_memory_not_equal(one, two_, 16);
    km_keys_close(k);
}

static void what_is_no_date_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = { "19810229", "1981-13-01", "1981-00-10", "81-1-1", "",
                                       "1981",     "198101011",  "abc",        NULL };
    km_arena *a = km_arena_new(1 << 20);
    for (const char *const *b = bad; *b != NULL; b++) {
        km_str out;
        assert_int_equal(km_identity_part(&out, a, KM_PART_DATE, km_str_of(*b), NULL),
                         KM_BAD_VALUE);
    }
    km_arena_free(a);
}

/* The check digit again, by its own way: weights from the left, 6 5 4 3 2 7 6 5 4 3 2. */
static int check_of(const char *digits)
{
    static const int weight[11] = { 6, 5, 4, 3, 2, 7, 6, 5, 4, 3, 2 };
    int sum = 0;
    for (int i = 0; i < 11; i++)
        sum += weight[i] * (digits[i] - '0');
    return sum % 11 <= 1 ? 0 : 11 - sum % 11;
}

static void a_my_number_is_refused_where_the_system_is_unknown(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 500; i++) {
        char v[13];
        snprintf(v, sizeof v, "%011llu", (unsigned long long)i * 199999991ULL % 100000000000ULL);
        int right = check_of(v);
        for (int c = 0; c < 10; c++) {
            snprintf(v + 11, 2, "%d", c);
            km_str value = { v, 12 };
            assert_true(km_identity_forbidden(KM_STR(""), value, NULL) == (c == right));
            assert_true(km_identity_forbidden(KM_STR("http://x.example/id"), value, NULL)
                        == (c == right));
            assert_true(km_identity_forbidden(KM_STR("urn:x:MyNumber"), value, NULL));
            assert_false(km_identity_forbidden(KM_STR("urn:kumihimo:dom:care:n"), value, NULL));
            const char *const known[] = { "http://x.example/id", NULL };
            assert_false(km_identity_forbidden(KM_STR("http://x.example/id"), value, known));
        }
    }
}

static void a_forbidden_identifier_is_found_anywhere_and_its_value_never_told(void **state)
{
    (void)state;
    static const struct {
        const char *text, *path;
    } cases[] = {
        { "{\"resourceType\":\"Patient\",\"identifier\":[{\"system\":\"u\",\"value\":\"1\"},"
          "{\"value\":\"123456789018\"}]}",
          "Patient.identifier[1]" },
        { "{\"resourceType\":\"Patient\",\"contact\":[{\"name\":[[{\"value\":\"1234 5678 "
          "9018\"}]]}]}",
          "Patient.contact[0].name[0][0]" },
        { "{\"resourceType\":\"Claim\",\"patient\":{\"identifier\":{\"value\":"
          "\"１２３４５６７８９０１８\"}}}",
          "Claim.patient.identifier" },
        { "{\"resourceType\":\"Patient\",\"identifier\":[{\"value\":\"123456789017\"}],"
          "\"telecom\":[{\"system\":\"phone\",\"value\":\"123456789018\"}]}",
          NULL },
    };
    km_arena *a = km_arena_new(1 << 20);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        km_json *doc;
        km_fault f = { 0 };
        assert_int_equal(km_json_parse(&doc, a, km_str_of(cases[i].text), NULL, &f), KM_OK);
        km_code rc = km_identity_check(km_json_root(doc), NULL, &f);
        assert_int_equal(rc, cases[i].path != NULL ? KM_INVALID : KM_OK);
        if (cases[i].path == NULL)
            continue;
        assert_string_equal(f.path, cases[i].path);
        assert_string_equal(f.detail, "forbidden identifier");
    }
    km_arena_free(a);
}

static void an_identifier_is_shown_only_to_clients_registered_for_its_domain(void **state)
{
    (void)state;
    km_arena *a = km_arena_new(1 << 16);
    km_str domain[] = { KM_STR("urn:kumihimo:dom:care:net-0001") };
    km_registration allowed = { domain, 1 }, none = { NULL, 0 };
    km_domain d = { domain[0], 1, 1 }, other = { KM_STR("urn:kumihimo:dom:research:ndb"), 2, 1 };
    km_pid pid = { { 1 } };
    km_buf b = km_buf_in(a);
    km_jw w = km_jw_on(&b);
    assert_int_equal(km_identity_write(&w, &none, &d, &pid, NULL), KM_FORBIDDEN);
    assert_int_equal(km_identity_write(&w, &allowed, &other, &pid, NULL), KM_FORBIDDEN);
    assert_int_equal(b.n, 0);
    assert_int_equal(km_identity_write(&w, &allowed, &d, &pid, NULL), KM_OK);
    assert_true(km_str_starts(km_buf_str(&b), KM_STR("{\"use\":\"secondary\",\"system\":\"urn:")));
    km_arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_construction_is_the_written_one),
        cmocka_unit_test(a_token_read_is_what_was_written),
        cmocka_unit_test(no_two_persons_domains_or_generations_share_an_identifier),
        cmocka_unit_test(one_proof_in_two_writings_is_one_index),
        cmocka_unit_test(what_is_no_date_is_refused),
        cmocka_unit_test(a_my_number_is_refused_where_the_system_is_unknown),
        cmocka_unit_test(a_forbidden_identifier_is_found_anywhere_and_its_value_never_told),
        cmocka_unit_test(an_identifier_is_shown_only_to_clients_registered_for_its_domain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
