/* SPDX-License-Identifier: Apache-2.0
 *
 * capability: the CapabilityStatement, made from the tables that serve, so that it tells exactly
 * what works.
 */
#include "base/date.h"
#include "gateways/fhir/inside.h"
#include "platform/version.h"

static void print_codes(km_jw *w, const char *name, const char *const *code, size_t n)
{
    km_jw_key(w, name);
    km_jw_open(w, '[');
    for (size_t i = 0; i < n; i++) {
        km_jw_open(w, '{');
        km_jw_member_z(w, "code", code[i]);
        km_jw_close(w, '}');
    }
    km_jw_close(w, ']');
}

static const char *kind_name(km_param_kind kind)
{
    static const char *const names[] = { [KM_PARAM_STRING] = "string",
                                         [KM_PARAM_TOKEN] = "token",
                                         [KM_PARAM_REFERENCE] = "reference",
                                         [KM_PARAM_DATE] = "date",
                                         [KM_PARAM_QUANTITY] = "quantity",
                                         [KM_PARAM_NUMBER] = "number",
                                         [KM_PARAM_URI] = "uri",
                                         [KM_PARAM_COMPOSITE] = "composite",
                                         [KM_PARAM_SPECIAL] = "special" };
    return names[kind];
}

static void print_param(km_jw *w, km_str code, km_str definition, const char *kind, km_param_kind k)
{
    km_jw_open(w, '{');
    km_jw_member(w, "name", code);
    if (definition.n > 0)
        km_jw_member(w, "definition", definition);
    km_jw_member_z(w, "type", kind);
    if (k != KM_PARAM_SPECIAL) {
        const char *const *modifier;
        size_t n = km_search_modifiers(&modifier, k);
        km_buf doc = km_buf_in(w->out->arena);
        for (size_t i = 0; i < n; i++)
            km_buf_print(&doc, "%s:%s", i > 0 ? " " : "", modifier[i]);
        if (doc.n > 0)
            km_jw_member(w, "documentation", km_buf_str(&doc));
    }
    km_jw_close(w, '}');
}

/* `common`: only what every type has, which the system level takes. */
static void print_params(km_jw *w, km_ftype type, bool common)
{
    const km_param *p;
    size_t n = km_fhir_params(&p, type);
    km_jw_key(w, "searchParam");
    km_jw_open(w, '[');
    print_param(w, KM_STR("_id"), KM_STR("http://hl7.org/fhir/SearchParameter/Resource-id"),
                "token", KM_PARAM_SPECIAL);
    print_param(w, KM_STR("_lastUpdated"),
                KM_STR("http://hl7.org/fhir/SearchParameter/Resource-lastUpdated"), "date",
                KM_PARAM_SPECIAL);
    for (size_t i = 0; i < n; i++)
        if (p[i].kind != KM_PARAM_SPECIAL && p[i].path != NULL
            && (!common || p[i].code.p[0] == '_'))
            print_param(w, p[i].code, p[i].url, kind_name(p[i].kind), p[i].kind);
    km_jw_close(w, ']');
}

static void print_includes(km_jw *w, km_ftype type)
{
    const km_param *p;
    size_t n = km_fhir_params(&p, type);
    km_jw_key(w, "searchInclude");
    km_jw_open(w, '[');
    km_jw_z(w, "*");
    for (size_t i = 0; i < n; i++)
        if (p[i].kind == KM_PARAM_REFERENCE && p[i].path != NULL)
            km_jw_str(w,
                      km_arena_print(w->out->arena, "%.*s:%.*s",
                                     KM_STR_ARG(km_fhir_type_name(type)), KM_STR_ARG(p[i].code)));
    km_jw_close(w, ']');
}

static bool leads_to(const km_param *p, km_ftype type)
{
    if (p->kind != KM_PARAM_REFERENCE || p->path == NULL)
        return false;
    for (size_t i = 0; i < p->n_targets; i++)
        if (p->targets[i] == type)
            return true;
    return p->n_targets == 0;
}

static void print_revincludes(km_jw *w, km_ftype type)
{
    const km_ftype *types;
    size_t n_types = km_fhir_resources(&types);
    km_jw_key(w, "searchRevInclude");
    km_jw_open(w, '[');
    km_jw_z(w, "*");
    for (size_t t = 0; t < n_types; t++) {
        const km_param *p;
        size_t n = km_fhir_params(&p, types[t]);
        for (size_t i = 0; i < n; i++)
            if (leads_to(&p[i], type))
                km_jw_str(w, km_arena_print(w->out->arena, "%.*s:%.*s",
                                            KM_STR_ARG(km_fhir_type_name(types[t])),
                                            KM_STR_ARG(p[i].code)));
    }
    km_jw_close(w, ']');
}

static void print_type(km_jw *w, km_ftype type, bool checked)
{
    static const char *const interactions[] = {
        "read",   "vread",       "update",           "patch",       "delete",
        "create", "search-type", "history-instance", "history-type"
    };
    km_jw_open(w, '{');
    km_jw_member(w, "type", km_fhir_type_name(type));
    print_codes(w, "interaction", interactions, sizeof interactions / sizeof *interactions);
    km_jw_member_z(w, "versioning", "versioned-update");
    km_jw_member_bool(w, "readHistory", true);
    km_jw_member_bool(w, "updateCreate", true);
    km_jw_member_bool(w, "conditionalCreate", true);
    km_jw_member_z(w, "conditionalRead", "full-support");
    km_jw_member_bool(w, "conditionalUpdate", true);
    km_jw_member_z(w, "conditionalDelete", "single");
    km_jw_key(w, "referencePolicy");
    km_jw_open(w, '[');
    km_jw_z(w, "literal");
    if (checked)
        km_jw_z(w, "enforced");
    km_jw_close(w, ']');
    print_includes(w, type);
    print_revincludes(w, type);
    print_params(w, type, false);
    if (km_str_is(km_fhir_type_name(type), "Patient"))
        km_jw_raw(w, KM_STR("\"operation\":[{\"name\":\"everything\",\"definition\":"
                            "\"http://hl7.org/fhir/OperationDefinition/Patient-everything\"}]"));
    km_jw_close(w, '}');
}

/* SMART App Launch 2.0 §4.1 (http://terminology.hl7.org/CodeSystem/restful-security-service). */
static void print_smart(km_jw *w)
{
    km_jw_key(w, "coding");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    km_jw_member_z(w, "system", "http://terminology.hl7.org/CodeSystem/restful-security-service");
    km_jw_member_z(w, "code", "SMART-on-FHIR");
    km_jw_close(w, '}');
    km_jw_close(w, ']');
}

static void print_rest(km_jw *w, const km_node *node)
{
    static const char *const system[] = { "transaction", "batch", "search-system",
                                          "history-system" };
    const km_ftype *types;
    size_t n = km_fhir_resources(&types);
    km_jw_key(w, "rest");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    km_jw_member_z(w, "mode", "server");
    km_jw_key(w, "security");
    km_jw_open(w, '{');
    km_jw_member_z(
        w, "description",
        km_trust_is_open(node->trust)
            ? "Authentication is switched off (--open): for trying out on one machine only."
            : "Authorization: Bearer, by SMART App Launch 2.0 (.well-known/smart-configuration), "
              "or with the operator's token of this node.");
    km_jw_key(w, "service");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    print_smart(w);
    km_jw_close(w, '}');
    km_jw_close(w, ']');
    km_jw_close(w, '}');
    km_jw_key(w, "resource");
    km_jw_open(w, '[');
    for (size_t i = 0; i < n; i++)
        print_type(w, types[i], node->config->references_checked);
    km_jw_close(w, ']');
    print_codes(w, "interaction", system, 4);
    print_params(w, types[0], true);
    km_jw_key(w, "compartment");
    km_jw_open(w, '[');
    static const char *const names[] = { "patient", "encounter", "practitioner", "relatedperson",
                                         "device" };
    for (size_t i = 0; i < 5; i++)
        km_jw_str(w, km_arena_print(w->out->arena, "http://hl7.org/fhir/CompartmentDefinition/%s",
                                    names[i]));
    km_jw_close(w, ']');
    km_jw_close(w, '}');
    km_jw_close(w, ']');
}

km_code km_fhir__capability(km_request *r, km_reply *out)
{
    km_buf json = km_buf_in(r->call.arena);
    km_jw w = km_jw_on(&json);
    KM_TRY(km_show__acceptable(r));
    km_jw_open(&w, '{');
    km_jw_member_z(&w, "resourceType", "CapabilityStatement");
    km_jw_member_z(&w, "status", "active");
    km_jw_member_z(&w, "date", KM_BUILD_DATE);
    km_jw_member_z(&w, "kind", "instance");
    km_jw_raw(&w, KM_STR("\"software\":{\"name\":\"Kumihimo\",\"version\":\"" KM_VERSION "\"}"));
    km_jw_key(&w, "implementation");
    km_jw_open(&w, '{');
    km_jw_member_z(&w, "description", "Kumihimo node");
    km_jw_member(&w, "url", km_show__base(r));
    km_jw_close(&w, '}');
    km_jw_member_z(&w, "fhirVersion", "4.0.1");
    km_jw_key(&w, "format");
    km_jw_open(&w, '[');
    km_jw_z(&w, "json");
    km_jw_z(&w, "application/fhir+json");
    km_jw_close(&w, ']');
    km_jw_key(&w, "patchFormat");
    km_jw_open(&w, '[');
    km_jw_z(&w, "application/json-patch+json");
    km_jw_close(&w, ']');
    print_rest(&w, km_request_node(r));
    km_jw_close(&w, '}');
    return km_show__body(out, r, &json, 200);
}
