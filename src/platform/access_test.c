/* SPDX-License-Identifier: Apache-2.0
 *
 * What a caller sees, by role, purpose, network, consent, label, tie and scope: one table. A
 * hospital keeps two people; a clinic keeps the first one too, which joins the charts; a third
 * institution keeps nobody.
 */
#include "platform/node_test.h"

#include "platform/change.h"
#include "trust/who/who.h"

#define NETWORK "Organization/network"
#define SENSITIVE "http://terminology.hl7.org/CodeSystem/v3-ActCode"
#define NUMBER \
    "\"identifier\":[{\"system\":\"urn:oid:1.2.392.100495.20.3.61.06050116\",\"value\":\"%s\"}]"
#define SUBJECT "\"subject\":{\"reference\":\"Patient/%s\"}"

static const km_service *const none[] = { NULL };

typedef struct world {
    km_test_node t;
    km_arena *arena;
    int32_t hospital, clinic, stranger;
} world;

/* --- records --- */

static void put(world *w, int32_t source, const char *json)
{
    km_own_call own;
    km_jv root;
    km_ftype type;
    size_t failed;
    km_own_call_open(&own, w->t.node, "import", (size_t)1 << 26);
    km_writing writing = { .node = w->t.node,
                           .call = &own.call,
                           .access = km_trust_job_access("import", own.call.arena),
                           .source = source,
                           .references_reported = true };
    if (km_change_read(&root, &type, km_str_of(json), 0, &own.call) != KM_OK)
        fail_msg("%s: %s %s", json, own.fault.path, own.fault.detail);
    km_change c = { .op = KM_OP_UPDATE,
                    .type = type,
                    .resource = root,
                    .id = km_arena_copy(own.call.arena, km_jv_str(KM_JV_GET(root, "id"))) };
    if (km_changes_carry_out(&writing, &c, 1, &failed) != KM_OK)
        fail_msg("%s: %s %s", json, own.fault.path, own.fault.detail);
    km_own_call_close(&own);
}

#define PUT(w, source, ...) put(w, source, km_arena_print((w)->arena, __VA_ARGS__).p)

static void put_patient(world *w, int32_t source, const char *id, const char *number)
{
    PUT(w, source,
        "{\"resourceType\":\"Patient\",\"id\":\"%s\"," NUMBER
        ",\"birthDate\":\"2015-06-01\",\"name\":[{\"text\":\"x\"}]}",
        id, number);
}

static void put_condition(world *w, const char *id, const char *label)
{
    PUT(w, w->hospital,
        "{\"resourceType\":\"Condition\",\"id\":\"%s\"%s%s%s,\"recordedDate\":\"2020-05-05\","
        "\"code\":{\"coding\":[{\"system\":\"urn:x\",\"code\":\"%s\"}]}," SUBJECT "}",
        id, label ? ",\"meta\":{\"security\":[{\"system\":\"" SENSITIVE "\",\"code\":\"" : "",
        label ? label : "", label ? "\"}]}" : "", id, "p");
}

static void open_world(world *w)
{
    km_fault f = { 0 };
    memset(w, 0, sizeof *w);
    km_test_node_make(&w->t, none);
    w->arena = w->t.arena;
    w->t.config.open = false;
    assert_int_equal(km_test_node_open(&w->t), KM_OK);
    km_log *l = w->t.node->log;
    assert_int_equal(km_log_source(&w->hospital, l, KM_STR("urn:h"), KM_STR("H"), &f), KM_OK);
    assert_int_equal(km_log_source(&w->clinic, l, KM_STR("urn:c"), KM_STR("C"), &f), KM_OK);
    assert_int_equal(km_log_source(&w->stranger, l, KM_STR("urn:s"), KM_STR("S"), &f), KM_OK);
    put_patient(w, w->hospital, "p", "1");
    put_patient(w, w->hospital, "q", "2");
    put_patient(w, w->clinic, "k", "1");
    put_condition(w, "open", NULL);
    put_condition(w, "psy", "PSY");
    PUT(w, w->hospital, "{\"resourceType\":\"Condition\",\"id\":\"other\"," SUBJECT "}", "q");
    PUT(w, w->hospital,
        "{\"resourceType\":\"Observation\",\"id\":\"out\",\"status\":\"final\","
        "\"code\":{\"text\":\"of no item\"}," SUBJECT "}",
        "p");
    PUT(w, w->hospital,
        "{\"resourceType\":\"Coverage\",\"id\":\"cover\",\"status\":\"active\",\"beneficiary\":{"
        "\"reference\":\"Patient/p\"},\"payor\":[{\"identifier\":{\"system\":\"urn:insurer\","
        "\"value\":\"06050116\"}}]}");
    put(w, w->hospital, "{\"resourceType\":\"Organization\",\"id\":\"h\",\"name\":\"Hospital\"}");
    put(w, w->hospital,
        "{\"resourceType\":\"Basic\",\"id\":\"note\",\"code\":{\"text\":\"somebody's\"}}");
}

static void close_world(world *w)
{
    km_test_node_free(&w->t);
}

/* --- callers --- */

typedef struct caller {
    const char *role;
    km_purpose purpose; /* 0: the role's own */
    char source;        /* h, c, s, or 0 */
    const char *actor, *person, *ward, *network;
    bool scoped;
    km_scope scope;
} caller;

static const km_record *seen(world *w, const caller *c, const char *type, const char *id)
{
    static const km_policy policy = { "records.read", KM_AUDIT_READ };
    km_own_call own;
    km_access *access;
    km_reader *r;
    km_record *rec = NULL;
    km_own_call_open(&own, w->t.node, "test", (size_t)1 << 26);
    km_str *actor = KM_NEW(own.call.arena, km_str), *ward = KM_NEW(own.call.arena, km_str);
    *actor = km_str_of(c->actor);
    *ward = km_str_of(c->ward);
    km_who who = { .issuer = KM_STR("urn:i"),
                   .subject = KM_STR("somebody"),
                   .role = km_roles_role(km_trust_roles(w->t.node->trust), km_str_of(c->role)),
                   .purpose = c->purpose,
                   .network = km_str_of(c->network),
                   .actor = actor,
                   .actors = c->actor != NULL,
                   .person = km_str_of(c->person),
                   .ward = ward,
                   .wards = c->ward != NULL,
                   .scoped = c->scoped,
                   .scope = &c->scope,
                   .scopes = c->scoped };
    own.caller = (km_caller){ .role = who.role,
                              .who = &who,
                              .source = c->source == 'h'   ? w->hospital
                                        : c->source == 'c' ? w->clinic
                                        : c->source == 's' ? w->stranger
                                                           : 0 };
    km_code rc = km_trust_access(&access, w->t.node->trust, &policy, &own.call);
    if (rc == KM_OK) {
        assert_int_equal(km_reader_open(&r, w->t.node->log, access, &own.call), KM_OK);
        rc = km_reader_find(&rec, r, km_fhir_type_named(km_str_of(type)), km_str_of(id), 0);
        if (rc == KM_OK)
            assert_int_equal(km_access_release(access, &rec, 1, &own.fault), KM_OK);
        km_reader_close(r);
    }
    if (rc != KM_OK && rc != KM_NOT_FOUND && rc != KM_FORBIDDEN)
        fail_msg("%s %s: %s", type, id, own.fault.detail);
    km_record *out = rc == KM_OK ? KM_NEW(w->arena, km_record) : NULL;
    if (out != NULL) /* its numbers; what it says ends with the call */
        *out = (km_record){ .rid = rec->rid, .type = rec->type, .version = rec->version };
    km_own_call_close(&own);
    return out;
}

static const struct thing {
    char letter;
    const char *type, *id;
} things[] = { { 'P', "Patient", "p" },       { 'o', "Condition", "open" },
               { 's', "Condition", "psy" },   { 'u', "Observation", "out" },
               { 'c', "Coverage", "cover" },  { 'Q', "Patient", "q" },
               { 'x', "Condition", "other" }, { 'H', "Organization", "h" },
               { 'n', "Basic", "note" } };

static void expect(world *w, const caller *c, const char *what, const char *expected)
{
    char got[16] = "";
    size_t n = 0;
    for (size_t i = 0; i < sizeof things / sizeof *things; i++)
        if (seen(w, c, things[i].type, things[i].id) != NULL)
            got[n++] = things[i].letter;
    if (strcmp(got, expected) != 0)
        fail_msg("%s, %s: sees %s, not %s", c->role, what, got, expected);
}

/* --- consents --- */

static void consent(world *w, const char *id, int day, const char *rule, const char *provision)
{
    PUT(w, w->hospital,
        "{\"resourceType\":\"Consent\",\"id\":\"%s\",\"status\":\"active\",\"scope\":{\"coding\":[{"
        "\"system\":\"http://terminology.hl7.org/CodeSystem/consentscope\",\"code\":\"patient-"
        "privacy\"}]},\"category\":[{\"coding\":[{\"system\":\"http://loinc.org\",\"code\":"
        "\"59284-0\"}]}],\"patient\":{\"reference\":\"Patient/p\"},\"dateTime\":\"2024-01-%02dT00:"
        "00:00Z\",\"organization\":[{\"reference\":\"" NETWORK "\"}],\"policyRule\":{\"coding\":[{"
        "\"system\":\"http://terminology.hl7.org/CodeSystem/v3-ActCode\",\"code\":\"%s\"}]}%s}",
        id, day, rule, provision);
}

#define OPEN_ALL ",\"provision\":{\"provision\":[{\"type\":\"permit\"}]}"
#define AND_PSY                                                                                \
    ",\"provision\":{\"provision\":[{\"type\":\"permit\",\"provision\":[{\"type\":\"permit\"," \
    "\"securityLabel\":[{\"system\":\"" SENSITIVE "\",\"code\":\"PSY\"}]}]}]}"
#define BUT_CODE                                                                             \
    ",\"provision\":{\"provision\":[{\"type\":\"permit\",\"provision\":[{\"type\":\"deny\"," \
    "\"code\":[{\"coding\":[{\"system\":\"urn:x\",\"code\":\"open\"}]}]}]}]}"
#define BUT_CLINIC                                                                           \
    ",\"provision\":{\"provision\":[{\"type\":\"permit\",\"provision\":[{\"type\":\"deny\"," \
    "\"actor\":[{\"role\":{\"coding\":[{\"system\":\"http://terminology.hl7.org/CodeSystem/" \
    "v3-ParticipationType\",\"code\":\"IRCP\"}]},\"reference\":{\"reference\":"              \
    "\"Organization/c\"}}]}]}]}"

static const caller own_doctor = { .role = "clinician", .source = 'h' },
                    clinic_doctor = { .role = "clinician",
                                      .source = 'c',
                                      .actor = "Organization/c" },
                    strange_doctor = { .role = "clinician", .source = 's' };

static void without_consent_only_the_own_institutions_records_are_seen(void **state)
{
    world w;
    (void)state;
    open_world(&w);
    expect(&w, &own_doctor, "no consent", "PosucQxHn");
    expect(&w, &clinic_doctor, "no consent", "H");
    expect(&w, &strange_doctor, "no consent", "H");
    close_world(&w);
}

static void consent_opens_what_the_class_holds_and_no_label(void **state)
{
    world w;
    (void)state;
    open_world(&w);
    consent(&w, "c", 1, "OPTIN", OPEN_ALL);
    expect(&w, &clinic_doctor, "opted in", "PocH");
    expect(&w, &strange_doctor, "opted in, no relation", "H");
    consent(&w, "c", 1, "OPTIN", AND_PSY);
    expect(&w, &clinic_doctor, "opted in, PSY named", "PoscH");
    consent(&w, "c", 1, "OPTIN", BUT_CODE);
    expect(&w, &clinic_doctor, "but a code", "PcH");
    consent(&w, "c", 1, "OPTIN", BUT_CLINIC);
    expect(&w, &clinic_doctor, "but the clinic", "H");
    consent(&w, "c", 1, "OPTIN", "");
    expect(&w, &clinic_doctor, "withdrawn", "H");
    close_world(&w);
}

static void a_newer_consent_counts_from_its_commit_on(void **state)
{
    world w;
    (void)state;
    open_world(&w);
    consent(&w, "c", 1, "OPTIN", OPEN_ALL);
    expect(&w, &clinic_doctor, "opted in", "PocH");
    consent(&w, "d", 2, "OPTIN", "");
    expect(&w, &clinic_doctor, "withdrawn by a newer one", "H");
    consent(&w, "e", 3, "OPTIN", OPEN_ALL);
    expect(&w, &clinic_doctor, "opted in again", "PocH");
    close_world(&w);
}

static void others_see_by_person_by_office_and_by_purpose(void **state)
{
    world w;
    static const caller citizen = { .role = "citizen", .person = "Patient/p" },
                        elsewhere = { .role = "citizen", .person = "Patient/nobody" },
                        parent = { .role = "proxy", .ward = "Patient/p" },
                        insurer = { .role = "insurer", .actor = "urn:insurer|06050116" },
                        other_insurer = { .role = "insurer", .actor = "urn:insurer|06050117" },
                        strange_purpose = { .role = "clinician",
                                            .source = 'h',
                                            .purpose = KM_HRESCH },
                        other_network = { .role = "clinician",
                                          .source = 'h',
                                          .network = "Organization/n2" },
                        emergency = { .role = "emergency", .source = 's', .purpose = KM_ETREAT },
                        researcher = { .role = "researcher" },
                        officer = { .role = "security_officer" };
    (void)state;
    open_world(&w);
    expect(&w, &citizen, "the person", "PosucH");
    expect(&w, &elsewhere, "nobody here", "H");
    expect(&w, &parent, "of a child", "PosucH");
    expect(&w, &insurer, "of a member", "PcH");
    expect(&w, &other_insurer, "of no member", "H");
    expect(&w, &strange_purpose, "a purpose not the role's", "H");
    expect(&w, &other_network, "of another network", "H");
    expect(&w, &emergency, "without a grant", "H");
    expect(&w, &researcher, "may not", "");
    expect(&w, &officer, "may not", "");
    PUT(&w, w.hospital,
        "{\"resourceType\":\"Patient\",\"id\":\"p\"," NUMBER
        ",\"birthDate\":\"2000-06-01\",\"name\":[{\"text\":\"x\"}]}",
        "1");
    expect(&w, &parent, "of a grown-up", "H");
    close_world(&w);
}

static void an_id_that_two_hospitals_have_names_nobody(void **state)
{
    world w;
    static const caller citizen = { .role = "citizen", .person = "Patient/p" };
    (void)state;
    open_world(&w);
    expect(&w, &citizen, "one hospital has it", "PosucH");
    put_patient(&w, w.stranger, "p", "3");
    expect(&w, &citizen, "whose id two hospitals have", "H");
    put_patient(&w, w.t.node->local_source, "p", "1");
    expect(&w, &citizen, "whom the register names", "PosucH");
    close_world(&w);
}

static void scopes_only_narrow(void **state)
{
    world w;
    caller app = clinic_doctor, citizens = { .role = "citizen", .person = "Patient/p" };
    (void)state;
    open_world(&w);
    consent(&w, "c", 1, "OPTIN", OPEN_ALL);
    app.scoped = citizens.scoped = true;
    app.scope = (km_scope){ .of = KM_SCOPE_USER, .may = KM_SCOPE_READ };
    expect(&w, &app, "user/*.r", "PocH");
    app.scope.may = KM_SCOPE_CREATE | KM_SCOPE_SEARCH;
    expect(&w, &app, "user/*.cs", "");
    app.scope.may = KM_SCOPE_READ;
    app.scope.type = km_fhir_type_named(KM_STR("Condition"));
    expect(&w, &app, "user/Condition.r", "o");
    app.scope.limit = KM_STR("code=open");
    expect(&w, &app, "user/Condition.r?code=open", "o");
    app.scope.limit = KM_STR("code=other");
    expect(&w, &app, "user/Condition.r?code=other", "");
    app.scope.limit = KM_STR("code:nonsense=x");
    expect(&w, &app, "user/Condition.r?code:nonsense=x", "");
    app.scope.limit = KM_STR_NONE;
    app.scope.of = KM_SCOPE_PATIENT;
    expect(&w, &app, "patient/Condition.r without a launch", "");
    citizens.scope = (km_scope){ .of = KM_SCOPE_USER, .may = KM_SCOPE_READ };
    expect(&w, &citizens, "user/*.r", "PosucH");
    close_world(&w);
}

/* A label taken off later does not show the version that had it. */
static void an_old_version_is_judged_by_what_it_says(void **state)
{
    world w;
    km_record *v[8];
    size_t n;
    (void)state;
    open_world(&w);
    consent(&w, "c", 1, "OPTIN", OPEN_ALL);
    put_condition(&w, "psy", NULL);
    const km_record *now = seen(&w, &clinic_doctor, "Condition", "psy");
    assert_non_null(now);
    assert_int_equal(now->version, 2);
    static const km_policy policy = { "records.read", KM_AUDIT_HISTORY };
    km_own_call own;
    km_access *access;
    km_reader *r;
    km_record *old;
    km_own_call_open(&own, w.t.node, "test", (size_t)1 << 26);
    km_str actor = KM_STR("Organization/c");
    km_who who = { .role = km_roles_role(km_trust_roles(w.t.node->trust), KM_STR("clinician")),
                   .actor = &actor,
                   .actors = 1 };
    own.caller = (km_caller){ .role = who.role, .who = &who, .source = w.clinic };
    assert_int_equal(km_trust_access(&access, w.t.node->trust, &policy, &own.call), KM_OK);
    assert_int_equal(km_reader_open(&r, w.t.node->log, access, &own.call), KM_OK);
    km_history h = { .rid = now->rid, .chart = -1 };
    assert_int_equal(km_reader_history(v, &n, 8, r, &h), KM_OK);
    assert_int_equal(n, 1);
    assert_int_equal(v[0]->version, 2);
    assert_int_equal(km_reader_version(&old, r, now->type, KM_STR("psy"), 0, 1), KM_NOT_FOUND);
    km_reader_close(r);
    km_own_call_close(&own);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_consent_only_the_own_institutions_records_are_seen),
        cmocka_unit_test(consent_opens_what_the_class_holds_and_no_label),
        cmocka_unit_test(a_newer_consent_counts_from_its_commit_on),
        cmocka_unit_test(others_see_by_person_by_office_and_by_purpose),
        cmocka_unit_test(an_id_that_two_hospitals_have_names_nobody),
        cmocka_unit_test(scopes_only_narrow),
        cmocka_unit_test(an_old_version_is_judged_by_what_it_says),
    };
    return km_test_on_both("an access", tests, NULL, NULL);
}
