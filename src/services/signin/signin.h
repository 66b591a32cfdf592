/* SPDX-License-Identifier: Apache-2.0
 *
 * signin: how people come in and apps get their tokens.
 */
#ifndef KM_SERVICES_SIGNIN_SIGNIN_H
#define KM_SERVICES_SIGNIN_SIGNIN_H

#include "platform/platform.h"

extern const km_service km_service_signin;

#endif
