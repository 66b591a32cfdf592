/* SPDX-License-Identifier: Apache-2.0
 *
 * hcrole: what ISO 17090 puts into subjectDirectoryAttributes, which OpenSSL does not know.
 *   Attributes ::= SEQUENCE OF SEQUENCE { type OBJECT IDENTIFIER, values SET OF ANY }
 *   value of hcRole: HCActorData ::= SET OF HCActor
 *   HCActor ::= SEQUENCE { [0] CodedData OPTIONAL, [1] SEQUENCE OF RegionalData OPTIONAL }
 *   CodedData ::= SET { [0] OID of the scheme, [1] code OPTIONAL, [2] UTF8String OPTIONAL }
 * Authorities differ in whether the tags are implicit and whether a code is there; the text of a
 * CodedData decides, and every level is read by its tag and no deeper.
 */
#include "codec/x509/inside.h"

#include "base/embedded.h"
#include "gen/km_data_codec_x509.h"

enum { ATTRIBUTES = 32, ACTORS = 16, PARTS = 8, TEXT_LONGEST = 256 };
/* 1.0.17090.0.1 */
static const char hc_role_oid[] = "\x28\x81\x85\x42\x00\x01";

static km_code wrong(km_fault *f, const char *why)
{
    return km_fail(f, KM_MALFORMED, "certificate.subjectDirectoryAttributes", "%s", why);
}

/* [2]: explicit around a UTF8String, or implicit in its place. */
static km_code read_text(km_cert *c, km_arena *a, const km_der *part, km_fault *f)
{
    km_der inner = { KM_DER_UTF8, part->whole, part->content };
    km_str rest = part->content;
    if (part->tag == (KM_DER_CONTEXT | 2) && (!km_der__next(&inner, &rest) || rest.n > 0))
        return wrong(f, "the text of hcRole is not one string");
    km_str text = km_der__text(a, &inner);
    if (text.n == 0 || text.n > TEXT_LONGEST)
        return wrong(f, "the text of hcRole is not characters");
    if (c->hc_texts == KM_X509_ROLES)
        return km_fail(f, KM_TOO_LONG, "certificate.subjectDirectoryAttributes",
                       "more than %d roles", KM_X509_ROLES);
    c->hc_text[c->hc_texts++] = text;
    return KM_OK;
}

/* `coded` is what stands in [0]: the SET itself, or the SET in an element of its own. */
static km_code read_coded(km_cert *c, km_arena *a, km_str coded, km_fault *f)
{
    km_str inner, rest = coded;
    km_der part;
    if (km_der__take(&inner, &rest, KM_DER_SET)) {
        if (rest.n > 0)
            return wrong(f, "CodedData is one set");
        coded = inner;
    }
    for (int i = 0; coded.n > 0; i++) {
        if (i == PARTS || !km_der__next(&part, &coded))
            return wrong(f, "CodedData is a set of a few elements");
        if (part.tag == (KM_DER_CONTEXT | 2) || part.tag == (KM_DER_CONTEXT_PRIMITIVE | 2))
            KM_TRY(read_text(c, a, &part, f));
    }
    return KM_OK;
}

static km_code read_actors(km_cert *c, km_arena *a, km_str actors, km_fault *f)
{
    km_str actor, coded;
    for (int i = 0; actors.n > 0; i++) {
        if (i == ACTORS || !km_der__take(&actor, &actors, KM_DER_SEQUENCE))
            return wrong(f, "HCActorData is a set of a few sequences");
        if (km_der__take(&coded, &actor, KM_DER_CONTEXT))
            KM_TRY(read_coded(c, a, coded, f));
    }
    return KM_OK;
}

km_code km_x509__hc_roles(km_cert *c, km_arena *a, km_str value, km_fault *f)
{
    const km_str wanted = { hc_role_oid, sizeof hc_role_oid - 1 };
    km_str list, attribute, type, values, actors;
    if (!km_der__take(&list, &value, KM_DER_SEQUENCE) || value.n > 0)
        return wrong(f, "a sequence of attributes");
    for (int i = 0; list.n > 0; i++) {
        if (i == ATTRIBUTES || !km_der__take(&attribute, &list, KM_DER_SEQUENCE)
            || !km_der__take(&type, &attribute, KM_DER_OID)
            || !km_der__take(&values, &attribute, KM_DER_SET) || attribute.n > 0)
            return wrong(f, "an attribute is a type and a set of values");
        if (!km_str_eq(type, wanted))
            continue;
        /* Some put the actors into the attribute's own set. */
        if (values.n > 0 && values.p[0] == KM_DER_SEQUENCE) {
            KM_TRY(read_actors(c, a, values, f));
            continue;
        }
        for (int v = 0; values.n > 0; v++) {
            if (v == ACTORS || !km_der__take(&actors, &values, KM_DER_SET))
                return wrong(f, "a value of hcRole is a set");
            KM_TRY(read_actors(c, a, actors, f));
        }
    }
    return KM_OK;
}

bool km_hc_role_find(km_hc_role *out, km_str text)
{
    km_str cell[3], rest = km_embedded_find(km_data_codec_x509, "hc_roles.tsv");
    (void)km_tsv_next(cell, 3, &rest); /* the header */
    while (km_tsv_next(cell, 3, &rest) == 3)
        if (text.n > 0 && km_str_eq(cell[0], text)) {
            *out = (km_hc_role){ cell[0], cell[1], cell[2] };
            return true;
        }
    return false;
}

km_code km_cert_hc_role(km_hc_role *out, const km_cert *c, km_fault *f)
{
    if (c->hc_texts == 0)
        return km_fail(f, KM_UNAUTHENTICATED, "certificate.hcRole", "is missing");
    if (c->hc_texts > 1)
        return km_fail(f, KM_UNAUTHENTICATED, "certificate.hcRole", "more than one role");
    if (!km_hc_role_find(out, c->hc_text[0]))
        return km_fail(f, KM_UNAUTHENTICATED, "certificate.hcRole", "a role that is not known");
    return KM_OK;
}
