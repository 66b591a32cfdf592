/* SPDX-License-Identifier: Apache-2.0
 *
 * roca: RSA keys that a chip made wrongly (CVE-2017-15361; Nemec et al., "The Return of
 * Coppersmith's Attack", CCS 2017): both primes are 65537^a modulo every small prime, so the
 * modulus is too, and it can be factored. Cards of the years before 2018 hold such keys.
 */
#ifndef KM_BASE_ROCA_H
#define KM_BASE_ROCA_H

#include <stdbool.h>
#include <stddef.h>

/* The modulus, big end first. A sound key is taken for such a one once in more than 2^27. */
bool km_rsa_is_roca(const unsigned char *modulus, size_t n);

#endif
