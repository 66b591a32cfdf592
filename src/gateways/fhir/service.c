/* SPDX-License-Identifier: Apache-2.0
 *
 * service: the routes of the FHIR interface (R4 3.1.0). The CapabilityStatement says the same.
 */
#include "gateways/fhir/fhir.h"

#include "gateways/fhir/inside.h"

const km_policy km_fhir_reads = { "records.read", KM_AUDIT_READ };
const km_policy km_fhir_searches = { "records.read", KM_AUDIT_SEARCH };
const km_policy km_fhir_histories = { "records.read", KM_AUDIT_HISTORY };
const km_policy km_fhir_all = { "records.read", KM_AUDIT_EVERYTHING };
const km_policy km_fhir_writes = { "records.write", KM_AUDIT_UPDATE };
const km_policy km_fhir_public = { .permission = "node.public" };

static const km_http_route routes[] = {
    { "GET", "/fhir/metadata", km_fhir__capability, 0, &km_fhir_public, NULL, NULL },
    { "POST", "/fhir", km_fhir__bundle, 0, &km_fhir_writes, NULL, NULL },
    { "GET", "/fhir", km_fhir__search_all, 0, &km_fhir_searches, NULL, NULL },
    { "POST", "/fhir/_search", km_fhir__search_all, 0, &km_fhir_searches, NULL, NULL },
    { "GET", "/fhir/_history", km_fhir__history_all, 0, &km_fhir_histories, NULL, NULL },
    { "GET", "/fhir/{type}", km_fhir__search_type, 0, &km_fhir_searches, NULL, NULL },
    { "POST", "/fhir/{type}/_search", km_fhir__search_type, 0, &km_fhir_searches, NULL, NULL },
    { "GET", "/fhir/{type}/_history", km_fhir__history_type, 0, &km_fhir_histories, NULL, NULL },
    { "POST", "/fhir/{type}", km_fhir__create, KM_HTTP_BRIEF, &km_fhir_writes, NULL, NULL },
    { "PUT", "/fhir/{type}", km_fhir__update_if, 0, &km_fhir_writes, NULL, NULL },
    { "PATCH", "/fhir/{type}", km_fhir__patch_if, 0, &km_fhir_writes, NULL, NULL },
    { "DELETE", "/fhir/{type}", km_fhir__delete_if, 0, &km_fhir_writes, NULL, NULL },
    { "GET", "/fhir/{type}/{id}", km_fhir__read, KM_HTTP_BRIEF, &km_fhir_reads, NULL, NULL },
    { "PUT", "/fhir/{type}/{id}", km_fhir__update, 0, &km_fhir_writes, NULL, NULL },
    { "PATCH", "/fhir/{type}/{id}", km_fhir__patch, 0, &km_fhir_writes, NULL, NULL },
    { "DELETE", "/fhir/{type}/{id}", km_fhir__delete, 0, &km_fhir_writes, NULL, NULL },
    { "GET", "/fhir/{type}/{id}/_history", km_fhir__history_instance, 0, &km_fhir_histories, NULL,
      NULL },
    { "GET", "/fhir/{type}/{id}/_history/{version}", km_fhir__vread, 0, &km_fhir_reads, NULL,
      NULL },
    { "GET", "/fhir/Patient/{id}/$everything", km_fhir__everything, 0, &km_fhir_all, NULL, NULL },
    { "POST", "/fhir/Patient/{id}/$everything", km_fhir__everything, 0, &km_fhir_all, NULL, NULL },
    { "GET", "/fhir/{type}/{id}/{member}", km_fhir__search_compartment, 0, &km_fhir_searches, NULL,
      NULL },
    { "POST", "/fhir/{type}/{id}/{member}/_search", km_fhir__search_compartment, 0,
      &km_fhir_searches, NULL, NULL },
    { 0 }
};

const km_service km_gateway_fhir = { .name = "fhir", .routes = routes };
