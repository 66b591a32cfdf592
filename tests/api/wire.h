/* SPDX-License-Identifier: Apache-2.0
 *
 * wire: one HTTP/1.1 request to 127.0.0.1 and its reply, on a connection of its own. Written
 * apart from src/http, so that the tests do not take the server's word for the protocol.
 */
#ifndef API_WIRE_H
#define API_WIRE_H

#include "expect.h"

/* headers: lines "Name: value", ended by newlines. KM_IO when nobody answers in 60 s,
 * KM_MALFORMED when the reply is not HTTP. */
km_code api_send(api_reply *out, km_arena *a, int port, km_str method, km_str target,
                 km_str headers, km_str body, km_fault *f);

/* The reply in its raw bytes, taken apart; chunked bodies are joined. */
km_code api_reply_parse(api_reply *out, km_arena *a, km_str bytes, bool head, km_fault *f);

#endif
