/* SPDX-License-Identifier: Apache-2.0
 *
 * main: the list of gateways and services, and the door of the command line.
 */
#include "app/app.h"
#include "gateways/fhir/fhir.h"
#include "gateways/files/files.h"
#include "services/sharing/sharing.h"

static const km_service *const services[] = { &km_app_node, &km_gateway_fhir, &km_gateway_files,
                                              &km_service_sharing, NULL };

int main(int argc, char **argv)
{
    return km_app_run(argc, argv, services);
}
