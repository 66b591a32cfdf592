/* SPDX-License-Identifier: Apache-2.0
 *
 * main: the list of gateways and services, and the door of the command line.
 */
#include <malloc.h>

#include "app/app.h"
#include "gateways/care/care_gateway.h"
#include "gateways/claims/claims.h"
#include "gateways/dpc/dpc_gateway.h"
#include "gateways/hl7v2/hl7v2_gateway.h"
#include "gateways/medicines/medicines.h"
#include "gateways/hl7v2/hl7v2_gateway.h"
#include "gateways/medicines/medicines.h"
#include "gateways/fhir/fhir.h"
#include "gateways/files/files.h"
#include "services/emergency/emergency.h"
#include "services/identifier/identifier.h"
#include "services/lookers/lookers.h"
#include "services/provision/provision_service.h"
#include "services/oauth/oauth.h"
#include "services/sharing/sharing.h"
#include "services/signin/signin.h"

static const km_service *const services[] = {
    &km_app_node,          &km_gateway_fhir,      &km_gateway_files,      &km_gateway_claims,
    &km_gateway_medicines, &km_gateway_hl7v2,     &km_gateway_care,       &km_gateway_dpc,
    &km_service_sharing,   &km_service_lookers,   &km_service_identifier, &km_service_signin,
    &km_service_emergency, &km_service_provision, &km_service_oauth,      NULL
};

/* Arenas come and go in large blocks, made by one thread and given back by another. glibc would
 * learn from that to keep such blocks, for each thread its own; a load then holds twice what it
 * uses. */
static void give_memory_back(void)
{
    enum { LARGE = 128 * 1024, HEAPS = 4 };
    mallopt(M_MMAP_THRESHOLD, LARGE);
    mallopt(M_TRIM_THRESHOLD, LARGE);
    mallopt(M_ARENA_MAX, HEAPS);
}

int main(int argc, char **argv)
{
    give_memory_back();
    return km_app_run(argc, argv, services);
}
