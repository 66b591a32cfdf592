/* SPDX-License-Identifier: Apache-2.0
 *
 * callbacks: what libmicrohttpd calls, in the order of a request's life (exchange.c).
 */
#ifndef KM_HTTP_CALLBACKS_H
#define KM_HTTP_CALLBACKS_H

#include <microhttpd.h>

void km_http__on_connection(void *http, struct MHD_Connection *c, void **context,
                            enum MHD_ConnectionNotificationCode what);
void *km_http__on_target(void *http, const char *uri, struct MHD_Connection *c);
enum MHD_Result km_http__on_call(void *http, struct MHD_Connection *c, const char *url,
                                 const char *method, const char *version, const char *p, size_t *n,
                                 void **context);
void km_http__on_end(void *http, struct MHD_Connection *c, void **context,
                     enum MHD_RequestTerminationCode why);

#endif
