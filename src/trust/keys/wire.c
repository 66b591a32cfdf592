/* SPDX-License-Identifier: Apache-2.0
 *
 * wire: the message forms between the node and its key process (inside.h). Bounded, flat, read
 * once from front to back.
 */
#include <endian.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "trust/keys/inside.h"

enum { FORM = 1 };

/* What a key process may answer. The order is the wire's: rows are only ever added. */
static const km_code statuses[] = { KM_OK,        KM_NOT_FOUND, KM_FORBIDDEN,
                                    KM_BAD_VALUE, KM_TAMPERED,  KM_UNSUPPORTED,
                                    KM_CONFLICT,  KM_IO,        KM_INTERNAL };

static uint8_t status_of(km_code rc)
{
    for (uint8_t i = 0; i < sizeof statuses / sizeof *statuses; i++)
        if (statuses[i] == rc)
            return i;
    return sizeof statuses / sizeof *statuses - 1;
}

/* Takes n bytes off the front. */
static bool take(km_str *out, km_str *from, size_t n)
{
    if (from->n < n)
        return false;
    *out = km_str_sub(*from, 0, n);
    *from = km_str_sub(*from, n, SIZE_MAX);
    return true;
}

static bool take_number(uint32_t *out, km_str *from, size_t bytes)
{
    km_str s;
    if (!take(&s, from, bytes))
        return false;
    *out = 0;
    for (size_t i = 0; i < bytes; i++)
        *out = *out << 8 | (unsigned char)s.p[i];
    return true;
}

static void close_frame(km_buf *out, size_t at)
{
    uint32_t be = htobe32((uint32_t)(out->n - at - KM_WIRE_HEAD));
    memcpy(out->p + at, &be, KM_WIRE_HEAD);
}

void km_wire__request(km_buf *out, const km_key_request *q)
{
    size_t at = out->n;
    km_buf_u32be(out, 0);
    km_buf_char(out, FORM);
    km_buf_char(out, (char)q->op);
    km_buf_char(out, (char)q->key.role);
    km_buf_u32be(out, q->key.version);
    km_buf_u16be(out, (uint16_t)q->key.name.n);
    km_buf_add(out, q->key.name);
    km_buf_u32be(out, q->n);
    km_buf_add(out, q->items);
    close_frame(out, at);
}

km_code km_wire__read_request(km_key_request *out, km_str frame, km_fault *f)
{
    uint32_t form, op, role, version, length, n;
    km_str name;
    if (!take_number(&form, &frame, 1) || form != FORM || !take_number(&op, &frame, 1)
        || !take_number(&role, &frame, 1) || !take_number(&version, &frame, 4)
        || !take_number(&length, &frame, 2) || !take(&name, &frame, length)
        || !take_number(&n, &frame, 4))
        return km_fail(f, KM_BAD_VALUE, "key", "not a request of form %d", FORM);
    *out = (km_key_request){ (km_key_op)op, { (km_key_role)role, name, version }, n, frame };
    km_key_answer any = { NULL, SIZE_MAX, 0 };
    return km_keys__check(out, &any, f);
}

void km_wire__answer(km_buf *out, km_code rc, km_str bytes)
{
    size_t at = out->n;
    km_buf_u32be(out, 0);
    km_buf_char(out, FORM);
    km_buf_char(out, (char)status_of(rc));
    if (rc == KM_OK)
        km_buf_add(out, bytes);
    close_frame(out, at);
}

km_code km_wire__read_answer(km_str *bytes, km_str frame, km_fault *f)
{
    uint32_t form, status;
    if (!take_number(&form, &frame, 1) || form != FORM || !take_number(&status, &frame, 1)
        || status >= sizeof statuses / sizeof *statuses)
        return km_fail(f, KM_INTERNAL, "key", "the key process answered in another form");
    *bytes = frame;
    return status == 0 ? KM_OK : km_fail(f, statuses[status], "key", "refused by the key process");
}

uint32_t km_wire__length(const unsigned char head[KM_WIRE_HEAD])
{
    uint32_t be;
    memcpy(&be, head, KM_WIRE_HEAD);
    return be32toh(be);
}

bool km_wire__get(int fd, void *out, size_t n)
{
    for (unsigned char *p = out; n > 0;) {
        ssize_t got = recv(fd, p, n, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        p += got;
        n -= (size_t)got;
    }
    return true;
}

bool km_wire__put(int fd, const void *out, size_t n)
{
    for (const unsigned char *p = out; n > 0;) {
        ssize_t put = send(fd, p, n, MSG_NOSIGNAL);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0)
            return false;
        p += put;
        n -= (size_t)put;
    }
    return true;
}
