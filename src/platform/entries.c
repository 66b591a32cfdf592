/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/entries.h"

#include <stdio.h>

#include "base/hash.h"

enum { ID_BYTES = 20 };

km_str km_entry_id(km_arena *a, const char *kind, const km_str *part, size_t n)
{
    unsigned char sum[KM_SHA256_LEN];
    km_buf key = km_buf_in(a);
    km_buf_z(&key, kind);
    for (size_t i = 0; i < n; i++) {
        km_buf_char(&key, '\0');
        km_buf_add(&key, part[i]);
    }
    km_sha256(sum, key.p, key.n);
    return km_hex(a, sum, ID_BYTES);
}

void km_entry_open(km_jw *w, const char *type, km_str id)
{
    km_jw_open(w, '{');
    km_jw_key(w, "resource");
    km_jw_open(w, '{');
    km_jw_member_z(w, "resourceType", type);
    km_jw_member(w, "id", id);
}

void km_entry_close(km_jw *w, const char *type, km_str id)
{
    char url[128];
    km_jw_close(w, '}');
    km_jw_key(w, "request");
    km_jw_open(w, '{');
    snprintf(url, sizeof url, "%s/%.*s", type, KM_STR_ARG(id));
    km_jw_member_z(w, "method", "PUT");
    km_jw_member_z(w, "url", url);
    km_jw_close(w, '}');
    km_jw_close(w, '}');
}

void km_entry_reference(km_jw *w, const char *name, const char *type, km_str id)
{
    char target[128];
    snprintf(target, sizeof target, "%s/%.*s", type, KM_STR_ARG(id));
    if (name != NULL)
        km_jw_key(w, name);
    km_jw_open(w, '{');
    km_jw_member_z(w, "reference", target);
    km_jw_close(w, '}');
}

void km_entry_coding(km_jw *w, const char *system, km_str code)
{
    km_jw_open(w, '{');
    km_jw_member_z(w, "system", system);
    km_jw_member(w, "code", code);
    km_jw_close(w, '}');
}

void km_entry_coded(km_jw *w, const char *name, const char *system, km_str code)
{
    if (name != NULL)
        km_jw_key(w, name);
    km_jw_open(w, '{');
    km_jw_key(w, "coding");
    km_jw_open(w, '[');
    km_entry_coding(w, system, code);
    km_jw_close(w, ']');
    km_jw_close(w, '}');
}

void km_entry_identifier(km_jw *w, km_str system, km_str value)
{
    km_jw_open(w, '{');
    km_jw_member(w, "system", system);
    km_jw_member(w, "value", value);
    km_jw_close(w, '}');
}

void km_entry_name(km_jw *w, const char *form, km_str text)
{
    if (text.n == 0)
        return;
    km_jw_open(w, '{');
    km_jw_key(w, "extension");
    km_jw_open(w, '[');
    km_jw_open(w, '{');
    km_jw_member_z(w, "url", "http://hl7.org/fhir/StructureDefinition/iso21090-EN-representation");
    km_jw_member_z(w, "valueCode", form);
    km_jw_close(w, '}');
    km_jw_close(w, ']');
    km_jw_member(w, "text", text);
    km_jw_close(w, '}');
}
