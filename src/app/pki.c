/* SPDX-License-Identifier: Apache-2.0
 *
 * pki: `kumihimo pki test-ca DIR`: an authority of the shape of HPKI and JPKI, for tests and
 * demonstrations alone.
 */
#include "app/inside.h"
#include "codec/x509/test_ca.h"

int km_app__pki(const km_args *a, km_node *n)
{
    (void)n;
    if (a->words != 2 || strcmp(a->word[0], "test-ca") != 0) {
        fprintf(stderr, "kumihimo pki test-ca DIR\nkumihimo pki --help\n");
        return KM_EXIT_USAGE;
    }
    km_fault f = { 0 };
    km_arena *arena = km_arena_new(KM_ARENA_CAP_DEFAULT);
    km_call c = { arena, &f, &km_clock_real, &km_random_real, NULL };
    km_code rc = km_test_ca_write(a->word[1], &c);
    km_arena_free(arena);
    if (rc != KM_OK)
        km_app__tell(a->config, "pki", &f);
    else
        fprintf(stderr, "TEST certificates are in %s; they prove nothing.\n", a->word[1]);
    return km_app__exit_code(rc);
}
