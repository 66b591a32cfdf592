/* SPDX-License-Identifier: Apache-2.0
 *
 * test_ca: a TEST authority of the shape of HPKI and JPKI, for tests and demonstrations. Everything
 * it makes says TEST, carries policies that no production authority uses, and is trusted by nobody
 * until a demonstration names its anchors. Its rows are data/x509/test_ca.tsv.
 */
#ifndef KM_CODEC_X509_TEST_CA_H
#define KM_CODEC_X509_TEST_CA_H

#include "codec/x509/x509.h"

/* Makes, in a folder that must not exist or be empty (KM_DUPLICATE):
 *   README           what this is
 *   anchors-hpki.pem, anchors-jpki.pem, anchors-tls.pem
 *   NAME.pem         the certificate, then the authorities between it and its root
 *   NAME.key         its private key, PKCS#8, unencrypted, 0600
 *   NAME.crl         DER, of each authority, 30 days from now
 *   issued.tsv       name, issuer, serial in hex, good or revoked
 * Files of the roles are called after them: medical-technologist.pem. */
km_code km_test_ca_write(const char *folder, const km_call *c);

#endif
