/* SPDX-License-Identifier: Apache-2.0
 *
 * version: what this program calls itself.
 */
#ifndef KM_PLATFORM_VERSION_H
#define KM_PLATFORM_VERSION_H

#define KM_VERSION "0.1.0"
#define KM_BUILD_DATE "2026-11-21" /* of the last change to what the CapabilityStatement tells */

#endif
