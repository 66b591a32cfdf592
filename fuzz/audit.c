/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz: trust/audit
 *
 * Entries, checkpoints and keys: what is read prints as itself; the rest is refused.
 */
#include "trust/audit/entry.h"
#include "trust/audit/tree.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

static void claim(bool holds)
{
    if (!holds)
        abort();
}

static void fuzz_entry(km_str text, km_arena *a)
{
    km_audit_entry e, again;
    km_buf once = km_buf_in(a), twice = km_buf_in(a);
    if (km_audit_entry_parse(&e, text, a, NULL) != KM_OK)
        return;
    claim(km_audit_entry_print(&once, &e, NULL) == KM_OK);
    claim(km_audit_entry_parse(&again, km_buf_str(&once), a, NULL) == KM_OK);
    claim(km_audit_entry_print(&twice, &again, NULL) == KM_OK);
    claim(km_str_eq(km_buf_str(&once), km_buf_str(&twice)));
}

static void fuzz_note(km_str text, km_arena *a)
{
    km_audit_checkpoint c;
    km_audit_key key = { .name = "a.example" };
    km_buf out = km_buf_in(a);
    if (km_audit_checkpoint_parse(&c, text, NULL) != KM_OK)
        return;
    km_audit_checkpoint_print(&out, &c);
    claim(km_str_eq(km_buf_str(&out), c.text));
    claim(!km_audit_signed_by(&c, &key));
}

static void fuzz_key(km_str text, km_arena *a)
{
    km_audit_key key;
    km_buf out = km_buf_in(a);
    if (km_audit_key_parse(&key, text, NULL) == KM_OK)
        km_audit_key_print(&out, &key);
}

static void fuzz_ask(km_str text, km_arena *a)
{
    int64_t old;
    km_audit_path growth;
    km_str note;
    km_buf out = km_buf_in(a);
    if (km_audit_ask_parse(&old, &growth, &note, text, NULL) != KM_OK)
        return;
    km_audit_ask_print(&out, old, &growth, note);
    claim(km_str_eq(km_buf_str(&out), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_str text = { (const char *)p, n };
    fuzz_entry(text, a);
    fuzz_note(text, a);
    fuzz_key(text, a);
    fuzz_ask(text, a);
    km_arena_free(a);
    return 0;
}
