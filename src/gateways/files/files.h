/* SPDX-License-Identifier: Apache-2.0
 *
 * files: the gateway for files and folders: `kumihimo import` and `kumihimo export`. See README.md
 * beside.
 */
#ifndef KM_GATEWAYS_FILES_FILES_H
#define KM_GATEWAYS_FILES_FILES_H

#include "platform/platform.h"

extern const km_service km_gateway_files;

#endif
