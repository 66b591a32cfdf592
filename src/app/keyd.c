/* SPDX-License-Identifier: Apache-2.0
 *
 * keyd: the key process as a verb. --operator says which keys it may hold: A and B in two
 * processes, with two folders, is the split of trust.md §1.3.
 */
#include "app/inside.h"

int km_app__keyd(const km_args *a, km_node *n)
{
    (void)n;
    const char *socket = a->option(a, "socket");
    bool reseal = a->option(a, "reseal") != NULL;
    char path[512];
    km_fault f = { 0 };
    km_keys *keys;
    int length = snprintf(path, sizeof path, "%s/ring", a->config->data_dir);
    if ((socket == NULL) == !reseal || length < 0 || (size_t)length >= sizeof path) {
        fprintf(stderr,
                "kumihimo keyd: --data DIR, and --socket PATH or --reseal\nkumihimo keyd --help\n");
        return KM_EXIT_USAGE;
    }
    /* A token's module writes below DIR, or not at all. */
    bool token = a->option(a, "pkcs11") != NULL;
    km_code rc = km_app__open_ring(&keys, a, path, &f);
    if (rc == KM_OK) {
        km_keyd_options o = { socket, keys, km_stop_asked, true,
                              token ? a->config->data_dir : path };
        rc = reseal ? km_keys_reseal(keys, &f) : km_keyd_run(&o, &f);
        km_keys_close(keys);
    }
    if (rc != KM_OK)
        km_app__tell(a->config, "keyd", &f);
    return km_app__exit_code(rc);
}
