/* SPDX-License-Identifier: Apache-2.0
 *
 * ask: the requests by their names; the same for every door.
 */
#include <assert.h>
#include <endian.h>

#include "trust/keys/inside.h"

const km_key_form km_keys__form[KM_KEY_OPS] = {
    [KM_ASK_MAKE] = { KM_ANY_ROLE, 0, 4, false },
    [KM_ASK_NEWEST] = { KM_ANY_ROLE, 0, 4, false },
    [KM_ASK_DESTROY] = { KM_ANY_ROLE, 0, 0, false },
    [KM_ASK_PID_A] = { KM_KEY_PID_A, KM_KEY_ROOT + 4, KM_KEY_T, true },
    [KM_ASK_PID_B] = { KM_KEY_PID_B, KM_KEY_T, KM_KEY_T, true },
    [KM_ASK_INDEX] = { KM_KEY_INDEX, KM_ANY_SIZE, KM_KEY_ID, false },
    [KM_ASK_RELEASE] = { KM_KEY_RELEASE, KM_KEY_ID, KM_KEY_ID, true },
    [KM_ASK_WRAP] = { KM_KEY_WRAP, KM_KEY_DATA, KM_KEY_WRAPPED, false },
    [KM_ASK_UNWRAP] = { KM_KEY_WRAP, KM_KEY_WRAPPED, KM_KEY_DATA, false },
    [KM_ASK_SIGN_TOKEN] = { KM_KEY_TOKEN, KM_ANY_SIZE, KM_KEY_SIGNATURE, false },
    [KM_ASK_SIGN_CHECKPOINT] = { KM_KEY_CHECKPOINT, KM_ANY_SIZE, KM_KEY_SIGNATURE, false },
    [KM_ASK_PUBLIC] = { KM_ANY_ROLE, 0, KM_KEY_PUBLIC_MAX, false },
};

km_code km_keys__check(const km_key_request *q, const km_key_answer *a, km_fault *f)
{
    if ((unsigned)q->op >= KM_KEY_OPS || (unsigned)q->key.role >= KM_KEY_ROLES)
        return km_fail(f, KM_BAD_VALUE, "key", "an unknown request");
    const km_key_form *form = &km_keys__form[q->op];
    bool named = q->key.role == KM_KEY_PID_A || q->key.role == KM_KEY_PID_B
                 || q->key.role == KM_KEY_RELEASE;
    bool sized = form->in == KM_ANY_SIZE ? q->items.n <= KM_KEY_MESSAGE_MAX
                                         : q->items.n == (size_t)form->in * q->n;
    if (form->role != KM_ANY_ROLE && (int)q->key.role != form->role)
        return km_fail(f, KM_BAD_VALUE, "key", "the request is not of this role");
    if (q->key.name.n > KM_KEY_NAME_MAX || (named && q->key.name.n == 0))
        return km_fail(f, KM_BAD_VALUE, "key", "a name of 1 to %d bytes", KM_KEY_NAME_MAX);
    if (!sized || q->n > (form->batch ? KM_KEY_BATCH_MAX : 1) || (!form->batch && q->n != 1))
        return km_fail(f, KM_BAD_VALUE, "key", "the items are not of the size of this request");
    if (a->room < (size_t)form->out * q->n)
        return km_fail(f, KM_BAD_VALUE, "key", "no room for the answer");
    return KM_OK;
}

static km_code ask(km_keys *k, const km_key_request *q, void *out, km_fault *f)
{
    km_key_answer a = { out, 0, 0 };
    a.room = (size_t)km_keys__form[q->op].out * q->n;
    KM_TRY(km_keys__check(q, &a, f));
    return k->kind->serve(k, q, &a, f);
}

void km_keys_close(km_keys *k)
{
    if (k != NULL)
        k->kind->close(k);
}

km_code km_keys_reseal(km_keys *k, km_fault *f)
{
    return k->kind->reseal != NULL
               ? k->kind->reseal(k, f)
               : km_fail(f, KM_UNSUPPORTED, "key", "this door keeps no sealed files");
}

km_code km_keys_each(km_keys *k, void (*told)(void *self, km_key_name key), void *self, km_fault *f)
{
    if (k->kind->each == NULL)
        return km_fail(f, KM_UNSUPPORTED, "key", "this door does not tell which keys are there");
    k->kind->each(k, told, self);
    return KM_OK;
}

static km_code ask_version(uint32_t *version, km_keys *k, km_key_request q, km_fault *f)
{
    uint32_t be = 0;
    KM_TRY(ask(k, &q, &be, f));
    *version = be32toh(be);
    return KM_OK;
}

km_code km_keys_make(uint32_t *version, km_keys *k, km_key_role role, km_str name, km_fault *f)
{
    return ask_version(version, k, (km_key_request){ KM_ASK_MAKE, { role, name, 0 }, 1, { "", 0 } },
                       f);
}

km_code km_keys_newest(uint32_t *version, km_keys *k, km_key_role role, km_str name, km_fault *f)
{
    return ask_version(version, k,
                       (km_key_request){ KM_ASK_NEWEST, { role, name, 0 }, 1, { "", 0 } }, f);
}

km_code km_keys_destroy(km_keys *k, km_key_name which, km_fault *f)
{
    if (which.version == 0)
        return km_fail(f, KM_BAD_VALUE, "key", "name the version to destroy");
    km_key_request q = { KM_ASK_DESTROY, which, 1, { "", 0 } };
    return ask(k, &q, NULL, f);
}

km_code km_keys_pid_a(unsigned char (*t)[KM_KEY_T], km_keys *a, km_key_name domain,
                      const km_key_root *root, size_t n, km_fault *f)
{
    enum { STEP = 256, ITEM = KM_KEY_ROOT + 4 };
    unsigned char items[STEP * ITEM];
    km_code rc = KM_OK;
    domain.role = KM_KEY_PID_A;
    for (size_t done = 0; done < n && rc == KM_OK;) {
        size_t now = n - done < STEP ? n - done : STEP;
        for (size_t i = 0; i < now; i++) {
            uint32_t gen = htobe32(root[done + i].gen);
            memcpy(items + i * ITEM, root[done + i].root, KM_KEY_ROOT);
            memcpy(items + i * ITEM + KM_KEY_ROOT, &gen, 4);
        }
        km_key_request q = { KM_ASK_PID_A, domain, (uint32_t)now, { (char *)items, now * ITEM } };
        rc = ask(a, &q, t[done], f);
        done += now;
    }
    explicit_bzero(items, sizeof items);
    return rc;
}

km_code km_keys_pid_b(unsigned char (*y)[KM_KEY_T], km_keys *b, km_key_name domain,
                      unsigned char (*t)[KM_KEY_T], size_t n, km_fault *f)
{
    domain.role = KM_KEY_PID_B;
    if (n > KM_KEY_BATCH_MAX)
        return km_fail(f, KM_TOO_COSTLY, "key", "at most %d at once", KM_KEY_BATCH_MAX);
    km_key_request q = { KM_ASK_PID_B, domain, (uint32_t)n, { (const char *)t, n * KM_KEY_T } };
    return ask(b, &q, y, f);
}

km_code km_keys_index(unsigned char out[KM_KEY_ID], km_keys *k, uint32_t version, km_str fields,
                      km_fault *f)
{
    km_key_request q = { KM_ASK_INDEX, { KM_KEY_INDEX, { "", 0 }, version }, 1, fields };
    return ask(k, &q, out, f);
}

km_code km_keys_release(unsigned char (*sid)[KM_KEY_ID], km_keys *k, km_str release,
                        unsigned char (*pid)[KM_KEY_ID], size_t n, km_fault *f)
{
    if (n > KM_KEY_BATCH_MAX)
        return km_fail(f, KM_TOO_COSTLY, "key", "at most %d at once", KM_KEY_BATCH_MAX);
    km_key_request q = { KM_ASK_RELEASE,
                         { KM_KEY_RELEASE, release, 0 },
                         (uint32_t)n,
                         { (const char *)pid, n * KM_KEY_ID } };
    return ask(k, &q, sid, f);
}

km_code km_keys_wrap(unsigned char out[KM_KEY_WRAPPED], km_keys *k, km_str purpose,
                     const unsigned char key[KM_KEY_DATA], km_fault *f)
{
    km_key_request q = { KM_ASK_WRAP, { KM_KEY_WRAP, purpose, 0 }, 1, { (const char *)key, 32 } };
    return ask(k, &q, out, f);
}

km_code km_keys_unwrap(unsigned char out[KM_KEY_DATA], km_keys *k, km_str purpose,
                       const unsigned char wrapped[KM_KEY_WRAPPED], km_fault *f)
{
    km_key_request q = {
        KM_ASK_UNWRAP, { KM_KEY_WRAP, purpose, 0 }, 1, { (const char *)wrapped, KM_KEY_WRAPPED }
    };
    return ask(k, &q, out, f);
}

km_code km_keys_sign_token(unsigned char out[KM_KEY_SIGNATURE], km_keys *k, uint32_t version,
                           km_str message, km_fault *f)
{
    km_key_request q = { KM_ASK_SIGN_TOKEN, { KM_KEY_TOKEN, { "", 0 }, version }, 1, message };
    return ask(k, &q, out, f);
}

km_code km_keys_sign_checkpoint(unsigned char out[KM_KEY_SIGNATURE], km_keys *k, uint32_t version,
                                km_str message, km_fault *f)
{
    km_key_request q = {
        KM_ASK_SIGN_CHECKPOINT, { KM_KEY_CHECKPOINT, { "", 0 }, version }, 1, message
    };
    return ask(k, &q, out, f);
}

km_code km_keys_public(unsigned char out[KM_KEY_PUBLIC_MAX], size_t *n, km_keys *k,
                       km_key_name which, km_fault *f)
{
    km_key_request q = { KM_ASK_PUBLIC, which, 1, { "", 0 } };
    km_key_answer a = { out, KM_KEY_PUBLIC_MAX, 0 };
    KM_TRY(km_keys__check(&q, &a, f));
    KM_TRY(k->kind->serve(k, &q, &a, f));
    *n = a.used;
    return KM_OK;
}

void km_enc(km_buf *out, const km_str *field, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert(field[i].n <= UINT16_MAX);
        km_buf_u16be(out, (uint16_t)field[i].n);
        km_buf_add(out, field[i]);
    }
}
