/* SPDX-License-Identifier: Apache-2.0
 *
 * x509: certificates of professionals (HPKI), citizens (JPKI) and machines: read, proved up to a
 * configured anchor, their status asked (CRL, OCSP), a challenge checked under their key.
 *
 * Promises
 * - Everything is bounded before it is parsed, nothing recurses; a certificate that only one of two
 *   readers (ours, OpenSSL's) takes is refused.
 * - Reading proves nothing. km_x509_verify does: path (RFC 5280 §6), time, keys of at least 112
 *   bits, no SHA-1, policy required explicitly, usage, no unknown critical extension, status.
 * - A status that nobody knows is not a good one: no fresh list, no good answer of a responder.
 * - Of a JPKI certificate nothing is read but its issuer and serial; the certificate for
 * signatures, which carries name and address, is refused as soon as it is known as one (trust.md
 * §5.3).
 * - No name, number or serial of anybody stands in a fault.
 * - Pure: time comes from the caller, and so does what was fetched. Anchors and lists are made
 *   once, never change, and may be used by many threads.
 */
#ifndef KM_CODEC_X509_H
#define KM_CODEC_X509_H

#include "base/call.h"
#include "base/hash.h"

#define KM_X509_MAX ((size_t)16 << 10) /* a certificate */
#define KM_X509_CRL_MAX                                                                       \
    ((size_t)32 << 20)                 /* a list; one of a national card has millions of rows \
                                        */
#define KM_OCSP_MAX ((size_t)32 << 10) /* a responder's answer */
enum {
    KM_X509_CHAIN = 6,    /* certificates that come along, the leaf with them */
    KM_X509_POLICIES = 8, /* of one certificate */
    KM_X509_ROLES = 8,
    KM_X509_ANCHORS = 32,
    KM_X509_CRLS = 64,
    KM_X509_THUMBPRINT = 44, /* characters of x5t#S256 and a NUL */
    KM_OCSP_NONCE = 16,
};

/* keyUsage, RFC 5280 §4.2.1.3; extendedKeyUsage, §4.2.1.12. */
enum {
    KM_USE_SIGNATURE = 1,
    KM_USE_NON_REPUDIATION = 2,
    KM_USE_KEY_AGREEMENT = 4,
    KM_USE_CERT_SIGN = 8,
    KM_USE_CRL_SIGN = 16
};
enum { KM_EKU_SERVER = 1, KM_EKU_CLIENT = 2, KM_EKU_OCSP = 4, KM_EKU_ANY = 8, KM_EKU_OTHER = 16 };

/* --- roles of professionals: hcRole of ISO 17090, data/x509/hc_roles.tsv --- */

typedef struct km_hc_role {
    km_str en, ja; /* "Medical Doctor", 医師; these live as long as the program */
    km_str role;   /* ours (data/roles/roles.tsv): "clinician"; empty: opens nothing here */
} km_hc_role;

/* False when the text stands in no row. Letters' case counts. */
bool km_hc_role_find(km_hc_role *out, km_str text);

/* --- a certificate --- */

typedef struct km_cert {
    km_str der;             /* everything below is borrowed from it or lies in the arena */
    km_str issuer, subject; /* Name, DER */
    km_str serial;          /* content of the INTEGER */
    km_str key;             /* SubjectPublicKeyInfo, DER */
    km_ms not_before, not_after;
    bool ca;
    bool jpki;                       /* issued by a JPKI authority for user authentication */
    bool has_use;                    /* there is a keyUsage */
    unsigned use;                    /* KM_USE_* */
    bool has_eku;                    /* there is an extendedKeyUsage */
    unsigned eku;                    /* KM_EKU_* */
    km_str policy[KM_X509_POLICIES]; /* "1.2.392..." */
    size_t policies;
    km_str common_name, registration; /* subject's CN and serialNumber; empty for JPKI */
    km_str organisation;              /* subject's O; empty for JPKI */
    km_str name_ja, organisation_ja;  /* CN and O of subjectAltName's directoryName */
    km_str hc_text[KM_X509_ROLES];    /* hcRole as written, known or not */
    size_t hc_texts;
    unsigned char sha256[KM_SHA256_LEN]; /* of der */
} km_cert;

/* Nothing is proved. KM_TOO_LONG; KM_MALFORMED: no certificate, or more behind it. */
km_code km_cert_read(km_cert *out, km_arena *a, km_str der, km_fault *f);

/* The certificates of a PEM text, or of one in DER; at most `max`. KM_MALFORMED when there is
 * none, KM_TOO_LONG when there are more. */
km_code km_cert_unpem(km_str *der, size_t *n, size_t max, km_arena *a, km_str text, km_fault *f);

/* The one role that an HPKI certificate gives. KM_UNAUTHENTICATED: none, several, or one that
 * stands in no row. Only after km_x509_verify with an HPKI profile. */
km_code km_cert_hc_role(km_hc_role *out, const km_cert *c, km_fault *f);

/* base64url of the SHA-256 of the DER: x5t#S256 (RFC 7515 §4.1.8, RFC 8705 §3.1). */
void km_cert_thumbprint(char out[KM_X509_THUMBPRINT], km_str der);

/* Who the certificate is, for a blind index (trust.md §1.2): the fields to give km_enc. Two
 * authorities may use one serial, so both count. Issuer: lower-case hex of SHA-256 over its DER;
 * serial: lower-case hex without leading zeros. */
void km_cert_identity(km_str *issuer, km_str *serial, km_arena *a, const km_cert *c);

/* --- what is wanted of one, data/x509/profiles.tsv --- */

/* What a kind of certificate must be: "hpki-authentication", "hpki-signature",
 * "jpki-authentication", "client", "server". "test-..." take the policies of tests, which no
 * production authority uses; configure them in demonstrations only. */
typedef struct km_x509_profile {
    km_str name;
    km_str policy[KM_X509_POLICIES]; /* one of them must be valid along the path; none: any */
    size_t policies;
    unsigned use; /* all of KM_USE_*, and there must be a keyUsage */
    unsigned eku; /* all of KM_EKU_*, where there is an extendedKeyUsage or eku_needed */
    bool eku_needed;
    bool role; /* exactly one known hcRole */
    bool jpki; /* of the shape of JPKI's authentication certificate, and of no other */
    bool test;
} km_x509_profile;
bool km_x509_profile_find(km_x509_profile *out, km_str name);

/* Certificates that are trusted as they are (PEM, or one in DER); self-signed or not. */
typedef struct km_x509_anchors km_x509_anchors;
km_code km_x509_anchors_new(km_x509_anchors **out, km_str pem, km_fault *f);
void km_x509_anchors_free(km_x509_anchors *x);
size_t km_x509_anchors_count(const km_x509_anchors *x);

/* Revocation lists, each PEM or DER. Their signatures are checked when they are used. A list
 * without nextUpdate is refused (RFC 5280 §5.1.2.5). */
typedef struct km_x509_crls km_x509_crls;
km_code km_x509_crls_new(km_x509_crls **out, const km_str *list, size_t n, km_fault *f);
void km_x509_crls_free(km_x509_crls *x);

typedef enum km_x509_status {
    KM_STATUS_CRL,      /* the leaf and everything above it */
    KM_STATUS_CRL_CAS,  /* everything above the leaf; the leaf by OCSP */
    KM_STATUS_NOT_ASKED /* none: for certificates that live hours, and said so in the settings */
} km_x509_status;

typedef struct km_x509_want {
    const km_x509_profile *profile;
    km_ms at;
    km_x509_status status;
    const km_x509_crls *crls;
    km_ms crl_age_ms; /* a list older than this counts as missing; 0: until its nextUpdate */
} km_x509_want;

typedef struct km_x509_path {
    km_cert leaf;
    km_cert issuer;  /* of the leaf: what OCSP asks with */
    km_hc_role role; /* empty unless the profile has roles */
    size_t length;   /* certificates, the anchor with them */
} km_x509_path;

/* `der[0]` is the leaf, the others may help, in any order.
 * KM_MALFORMED, KM_TOO_LONG: not certificates; KM_UNAUTHENTICATED: not proved, the detail says
 * which check failed; KM_BUSY: there is no fresh list to say whether it is revoked. */
km_code km_x509_verify(km_x509_path *out, km_arena *a, const km_x509_anchors *anchors,
                       const km_str *der, size_t n, const km_x509_want *want, km_fault *f);

/* --- OCSP (RFC 6960); to fetch is the caller's --- */

/* The request for the path's leaf, to POST as application/ocsp-request. */
km_code km_ocsp_ask(km_str *request, km_arena *a, const km_x509_path *path,
                    const unsigned char nonce[KM_OCSP_NONCE], km_fault *f);

typedef struct km_ocsp_want {
    const unsigned char *nonce; /* what was asked with */
    bool nonce_needed;          /* false: an answer without one counts while it is fresh */
    km_ms at;
    km_ms age_ms;    /* thisUpdate may lie so far back */
    km_ms leeway_ms; /* thisUpdate may lie so far ahead */
} km_ocsp_want;

/* KM_OK: the responder (the issuer itself, or one that it names by certificate with OCSPSigning
 * and ocsp-nocheck) says good; *until is when to ask again. KM_UNAUTHENTICATED: revoked, or
 * unknown to it. KM_UPSTREAM: no answer that counts; KM_TOO_LONG. */
km_code km_ocsp_check(km_ms *until, km_arena *a, km_str answer, const km_x509_path *path,
                      const km_ocsp_want *want, km_fault *f);

/* --- a challenge --- */

typedef enum km_proof {
    KM_PROOF_RSA_PKCS1, /* RFC 8017 §8.2 with SHA-256; what the cards make */
    KM_PROOF_RSA_PSS,   /* §8.1 with SHA-256, MGF1 of the same, salt 32 */
    KM_PROOF_ECDSA,     /* P-256 with SHA-256 or P-384 with SHA-384, by the key; DER */
    KM_PROOF_ECDSA_RAW, /* the same as r || s */
} km_proof;
/* The holder of the certificate's key signed `bytes`. KM_UNAUTHENTICATED when not, or when the key
 * is of another kind. */
km_code km_cert_proves(const km_cert *c, km_proof kind, km_str signature, km_str bytes,
                       km_fault *f);

#endif
