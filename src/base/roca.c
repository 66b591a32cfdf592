/* SPDX-License-Identifier: Apache-2.0
 *
 * roca: see roca.h.
 */
#include "base/roca.h"

static unsigned modulo(const unsigned char *modulus, size_t n, unsigned prime)
{
    unsigned rest = 0;
    for (size_t i = 0; i < n; i++)
        rest = (rest << 8 | modulus[i]) % prime;
    return rest;
}

static bool is_power(unsigned rest, unsigned prime)
{
    unsigned power = 1;
    do {
        if (power == rest)
            return true;
        power = power * (65537 % prime) % prime;
    } while (power != 1);
    return false;
}

bool km_rsa_is_roca(const unsigned char *modulus, size_t n)
{
    static const unsigned char primes[] = { 3,   5,   7,   11,  13,  17,  19,  23,  29,  31,
                                            37,  41,  43,  47,  53,  59,  61,  67,  71,  73,
                                            79,  83,  89,  97,  101, 103, 107, 109, 113, 127,
                                            131, 137, 139, 149, 151, 157, 163, 167 };
    for (size_t i = 0; i < sizeof primes; i++)
        if (!is_power(modulo(modulus, n, primes[i]), primes[i]))
            return false;
    return n > 0;
}
