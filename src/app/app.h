/* SPDX-License-Identifier: Apache-2.0
 *
 * app: configuration, the command line, and what every node offers whatever its services: serve,
 * health, metrics, pages, verify, erase, rebuild.
 */
#ifndef KM_APP_APP_H
#define KM_APP_APP_H

#include "platform/platform.h"

/* The node's own routes (health, metrics, pages) and commands. */
extern const km_service km_app_node;

/* Runs the command that the arguments name; services is NULL-ended. Returns the exit code. */
int km_app_run(int argc, char **argv, const km_service *const *services);

#endif
