/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz: trust/audit
 *
 * Files of proofs: the given one is the whole of a file, or lines behind a good head; nothing but
 * what the head's key signed is ever proved.
 */
#include "trust/audit/proof.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n);

/* Of a log of 50 entries that a test had made; its key signed this, and nothing here has its other
 * half. */
static const char head[] =
    "{\"key\":\"node.example/audit+b14d0f01+AXs+vDtTc1ugWyTe9p8+vTkvGGvmAqeKzobtugNXE8QI\","
    "\"checkpoint\":\"node.example/audit\\n50\\niGTGE/2t0Owm9kK4DyfzLud7ywJVov2C67tOwuTd3pc=\\n"
    "2026-11-27T04:39:17.770Z\\n\\n\\u2014 node.example/audit "
    "sU0PAbS/O6mpAvsy0c6XunZ4Rc4N9nlxe69araMw7Acs6VuoMXOImcVgKo5CiR3l0z3OCuBfdxIkoteO5b0fX1bugAw="
    "\\n\"}\n";

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t n)
{
    km_audit_proofs_report r;
    km_audit_key key;
    km_arena *a = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_str given = { (const char *)p, n };
    km_fault f = { 0 }, g = { 0 };
    (void)km_audit_proofs_check(&r, given, NULL, a, &f);
    if (km_audit_key_parse(&key,
                           KM_STR("node.example/audit+b14d0f01+AXs+"
                                  "vDtTc1ugWyTe9p8+vTkvGGvmAqeKzobtugNXE8QI"),
                           NULL)
        != KM_OK)
        abort();
    km_buf both = km_buf_in(a);
    km_buf_z(&both, head);
    km_buf_add(&both, given);
    if (km_audit_proofs_check(&r, km_buf_str(&both), &key, a, &g) == KM_OK
        && (r.checkpoint.size != 50 || r.proved + r.withheld > (int64_t)n))
        abort();
    km_arena_free(a);
    return 0;
}
