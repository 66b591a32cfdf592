/* SPDX-License-Identifier: Apache-2.0
 *
 * address: is an address one of the public internet (address.h)?
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "http/address.h"

static const struct {
    uint8_t net[4], bits;
} private4[] = {
    { { 0 }, 8 },
    { { 10 }, 8 },
    { { 100, 64 }, 10 },
    { { 127 }, 8 },
    { { 169, 254 }, 16 },
    { { 172, 16 }, 12 },
    { { 192, 0, 0 }, 24 },
    { { 192, 0, 2 }, 24 },
    { { 192, 88, 99 }, 24 },
    { { 192, 168 }, 16 },
    { { 198, 18 }, 15 },
    { { 198, 51, 100 }, 24 },
    { { 203, 0, 113 }, 24 },
    { { 224 }, 4 },
    { { 240 }, 4 },
};

/* Only 2000::/3 is given out; of it, these are not for everybody. */
static const struct {
    uint8_t net[4], bits;
} private6[] = {
    { { 0x20, 0x01, 0x00 }, 23 },       /* protocol assignments, Teredo */
    { { 0x20, 0x01, 0x0D, 0xB8 }, 32 }, /* documentation */
    { { 0x20, 0x02 }, 16 },             /* 6to4 */
    { { 0x3F, 0xFF, 0x00 }, 20 },       /* documentation */
};

static bool within(const uint8_t *p, const uint8_t *net, unsigned bits)
{
    for (unsigned i = 0; i < bits; i++)
        if ((p[i / 8] ^ net[i / 8]) & (0x80u >> i % 8))
            return false;
    return true;
}

bool km_address_is_public(int family, const void *bytes)
{
    const uint8_t *p = bytes;
    if (family == AF_INET) {
        for (size_t i = 0; i < sizeof private4 / sizeof *private4; i++)
            if (within(p, private4[i].net, private4[i].bits))
                return false;
        return true;
    }
    if (family != AF_INET6 || p[0] >> 5 != 1)
        return false;
    for (size_t i = 0; i < sizeof private6 / sizeof *private6; i++)
        if (within(p, private6[i].net, private6[i].bits))
            return false;
    return true;
}
