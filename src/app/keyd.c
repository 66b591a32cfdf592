/* SPDX-License-Identifier: Apache-2.0
 *
 * keyd: the key process as a verb. --operator says which keys it may hold: A and B in two
 * processes, with two folders, is the split of trust.md §1.3.
 */
#include "app/inside.h"
#include "trust/keys/keys.h"

static unsigned roles_of(const char *operator)
{
    if (operator!= NULL && strcmp(operator, "a") == 0)
        return KM_KEY_MASK_A;
    return operator!= NULL && strcmp(operator, "b") == 0 ? KM_KEY_MASK_B : KM_KEY_MASK_ALL;
}

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
    km_keys_folder folder = { path, roles_of(a->option(a, "operator")), &km_random_real };
    km_code rc = km_keys_open(&keys, &folder, &f);
    if (rc == KM_OK) {
        km_keyd_options o = { socket, keys, km_stop_asked, true, path };
        rc = reseal ? km_keys_reseal(keys, &f) : km_keyd_run(&o, &f);
        km_keys_close(keys);
    }
    if (rc != KM_OK)
        km_app__tell(a->config, "keyd", &f);
    return km_app__exit_code(rc);
}
