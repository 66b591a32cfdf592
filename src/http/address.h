/* SPDX-License-Identifier: Apache-2.0
 *
 * address: is an address one of the public internet?
 */
#ifndef KM_HTTP_ADDRESS_H
#define KM_HTTP_ADDRESS_H

#include <stdbool.h>

/* `bytes` in network order, 4 for AF_INET and 16 for AF_INET6. By the IANA special-purpose address
 * registries (RFC 6890): what is not globally reachable is not public, nor are multicast and the
 * forms of IPv6 that hold an IPv4 address (mapped, NAT64, 6to4, Teredo). */
bool km_address_is_public(int family, const void *bytes);

#endif
