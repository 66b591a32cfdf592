/* SPDX-License-Identifier: Apache-2.0
 *
 * load: compiled bytes are believed only when every number in them is.
 */
#include "trust/consent/inside.h"

void km_consent__open(km_consent__view *v, km_consent c)
{
    memcpy(&v->head, c.p, sizeof v->head);
    v->node = c.p + sizeof v->head;
    v->value = v->node + v->head.nodes * sizeof(km_consent__node);
    v->text = (const char *)(v->value + v->head.values * sizeof(km_consent__value));
}

static bool within(km_consent__span s, uint32_t n)
{
    return s.at <= n && s.n <= n - s.at;
}

static bool head_holds(const km_consent__head *h, size_t n)
{
    uint64_t all = sizeof *h + (uint64_t)h->nodes * sizeof(km_consent__node)
                   + (uint64_t)h->values * sizeof(km_consent__value) + h->text;
    return memcmp(h->magic, KM_CONSENT__MAGIC, sizeof h->magic) == 0 && h->bytes == n && all == n
           && h->nodes >= 1 && h->nodes <= KM_CONSENT_PROVISIONS + 1
           && h->values <= KM_CONSENT_VALUES && h->networks <= h->values
           && h->categories <= h->values - h->networks && (h->flags & ~KM_CONSENT__FLAGS) == 0
           && h->active <= 1 && h->zero == 0 && h->zero4 == 0 && within(h->id, h->text)
           && within(h->subject, h->text);
}

static bool node_holds(const km_consent__node *n, const km_consent__head *h)
{
    if (n->permit > 1 || n->zero != 0 || n->depth > KM_CONSENT_DEPTH || n->given >> KM_BYS != 0
        || n->unclear >> KM_BYS != 0 || (n->unclear & ~n->given) != 0)
        return false;
    for (int c = 0; c < KM_BY_LISTS; c++)
        if (!within(n->list[c], h->values))
            return false;
    return true;
}

/* Depths, ends and numbers among siblings tell one and the same tree. */
static bool tree_holds(const km_consent__view *v)
{
    uint32_t end[KM_CONSENT_DEPTH + 1], kids[KM_CONSENT_DEPTH + 1], depth = 0;
    for (uint32_t i = 0; i < v->head.nodes; i++) {
        km_consent__node n = km_consent__node_at(v, i);
        if (!node_holds(&n, &v->head) || n.end <= i || n.end > v->head.nodes)
            return false;
        if (i == 0 ? n.depth != 0 || n.end != v->head.nodes || n.sibling != 0
                   : n.depth == 0 || n.depth > depth + 1)
            return false;
        if (i > 0) {
            /* What was open at this depth and below must end here. */
            for (uint32_t d = n.depth; d <= depth; d++)
                if (end[d] != i)
                    return false;
            if (n.end > end[n.depth - 1] || n.sibling != kids[n.depth - 1]++)
                return false;
        }
        depth = n.depth;
        end[depth] = n.end;
        kids[depth] = 0;
    }
    for (uint32_t d = 0; d <= depth; d++)
        if (end[d] != v->head.nodes)
            return false;
    return true;
}

km_code km_consent_load(km_consent *out, km_str bytes, km_fault *f)
{
    km_consent__view v;
    unsigned char digest[KM_SHA256_LEN];
    const km_consent c = { (const unsigned char *)bytes.p, bytes.n };
    *out = (km_consent){ NULL, 0 };
    if (bytes.n < sizeof v.head || bytes.n > KM_CONSENT_BYTES)
        goto wrong;
    memcpy(&v.head, c.p, sizeof v.head);
    if (!head_holds(&v.head, bytes.n))
        goto wrong;
    km_sha256(digest, c.p + KM_CONSENT__DIGESTED, c.n - KM_CONSENT__DIGESTED);
    if (memcmp(digest, v.head.digest, sizeof digest) != 0)
        goto wrong;
    km_consent__open(&v, c);
    for (uint32_t i = 0; i < v.head.values; i++) {
        km_consent__value x = km_consent__value_at(&v, i);
        if (!within(x.name, v.head.text) || !within(x.role, v.head.text))
            goto wrong;
    }
    if (!tree_holds(&v))
        goto wrong;
    *out = c;
    return KM_OK;
wrong:
    return km_fail(f, KM_TAMPERED, "Consent", "no compiled consent");
}

km_str km_consent_id(km_consent c)
{
    km_consent__view v;
    km_consent__open(&v, c);
    return km_consent__text(&v, v.head.id);
}

km_str km_consent_subject(km_consent c)
{
    km_consent__view v;
    km_consent__open(&v, c);
    return km_consent__text(&v, v.head.subject);
}

km_str km_consent_network_at(km_consent c, uint32_t i)
{
    km_consent__view v;
    km_consent__open(&v, c);
    return i < v.head.networks ? km_consent__text(&v, km_consent__value_at(&v, i).name)
                               : KM_STR_NONE;
}

bool km_consent_is_active(km_consent c)
{
    km_consent__view v;
    km_consent__open(&v, c);
    return v.head.active;
}

km_ms km_consent_dated(km_consent c)
{
    km_consent__view v;
    km_consent__open(&v, c);
    return v.head.dated;
}

uint32_t km_consent_provisions(km_consent c)
{
    km_consent__view v;
    km_consent__open(&v, c);
    return v.head.nodes;
}
