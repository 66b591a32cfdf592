/* SPDX-License-Identifier: Apache-2.0
 *
 * derive: from a root to the identifier of one domain, and the token that carries it.
 */
#include "base/hash.h"
#include "trust/identity/identity.h"

enum { SCHEME = 1, STEP = 256, TOKEN_BYTES = 20 };

/* Both operators must mean one key version: A's answer is asked for when the domain names none. */
static km_code agreed_version(uint32_t *kv, km_operators by, const km_domain *d, km_fault *f)
{
    *kv = d->kv;
    return *kv != 0 ? KM_OK : km_keys_newest(kv, by.a, KM_KEY_PID_A, d->uri, f);
}

km_code km_identity_derive(km_pid *out, km_operators by, const km_domain *d,
                           const km_key_root *root, size_t n, km_fault *f)
{
    unsigned char t[STEP][KM_KEY_T], y[STEP][KM_KEY_T];
    uint32_t kv;
    KM_TRY(agreed_version(&kv, by, d, f));
    km_key_name key = { KM_KEY_PID_A, d->uri, kv };
    km_code rc = KM_OK;
    for (size_t done = 0; done < n && rc == KM_OK;) {
        size_t now = n - done < STEP ? n - done : STEP;
        rc = km_keys_pid_a(t, by.a, key, root + done, now, f);
        if (rc == KM_OK)
            rc = km_keys_pid_b(y, by.b, key, t, now, f);
        for (size_t i = 0; i < now && rc == KM_OK; i++)
            memcpy(out[done + i].v, y[i], sizeof out->v);
        done += now;
    }
    explicit_bzero(t, sizeof t);
    explicit_bzero(y, sizeof y);
    return rc;
}

km_pid_token km_identity_token(const km_domain *d, const km_pid *pid)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    unsigned char bytes[TOKEN_BYTES + 1] = { SCHEME, (unsigned char)(d->code >> 8),
                                             (unsigned char)d->code, (unsigned char)d->kv };
    km_pid_token out;
    memcpy(bytes + 4, pid->v, sizeof pid->v);
    for (unsigned i = 0; i < KM_TOKEN_LEN; i++) {
        unsigned bit = i * 6, two = (unsigned)bytes[bit / 8] << 8 | bytes[bit / 8 + 1];
        out.v[i] = letters[two >> (10 - bit % 8) & 63];
    }
    out.v[KM_TOKEN_LEN] = '\0';
    return out;
}

km_code km_identity_read_token(km_pid *pid, uint16_t *code, uint8_t *kv8, km_str token, km_fault *f)
{
    char room[256];
    km_str bytes = { room, 0 };
    km_arena *a = token.n == KM_TOKEN_LEN ? km_arena_new(sizeof room) : NULL;
    bool read = a != NULL && km_unbase64url(&bytes, a, token) && bytes.n == TOKEN_BYTES
                && bytes.p[0] == SCHEME;
    if (read) {
        const unsigned char *p = (const unsigned char *)bytes.p;
        *code = (uint16_t)(p[1] << 8 | p[2]);
        *kv8 = p[3];
        memcpy(pid->v, p + 4, sizeof pid->v);
    }
    if (a != NULL)
        km_arena_free(a);
    return read ? KM_OK : km_fail(f, KM_BAD_VALUE, "token", "not a token of this scheme");
}

km_code km_identity_write(km_jw *w, const km_registration *allowed, const km_domain *d,
                          const km_pid *pid, km_fault *f)
{
    bool listed = false;
    for (size_t i = 0; i < allowed->n; i++)
        listed = listed || km_str_eq(allowed->domain[i], d->uri);
    if (!listed)
        return km_fail(f, KM_FORBIDDEN, "identifier", "the client is not registered for it");
    km_pid_token token = km_identity_token(d, pid);
    km_jw_open(w, '{');
    km_jw_member_z(w, "use", "secondary");
    km_jw_member(w, "system", d->uri);
    km_jw_member_z(w, "value", token.v);
    km_jw_close(w, '}');
    return KM_OK;
}
