/* SPDX-License-Identifier: Apache-2.0
 *
 * identity: the register of persons of a node, opened when it is first asked for.
 *
 * DIR/keys/ring         operator A's keys, those of the node (trust.c)
 * DIR/keys/operator-b   a link to the socket of operator B's key process; where there is none,
 * DIR/keys/ring-b       a small installation holds B's keys itself, in a ring of their own
 */
#include "platform/inside.h"

#include <sys/stat.h>

static km_code open_b(km_node *n, km_fault *f)
{
    char path[4200];
    struct stat st;
    int len = snprintf(path, sizeof path, "%s/keys/operator-b", n->config->data_dir);
    if (len < 0 || (size_t)len >= sizeof path)
        return km_fail(f, KM_USAGE, NULL, "the path of the data directory is too long");
    if (lstat(path, &st) == 0) /* a link that leads nowhere is no leave to make keys here */
        return km_keys_connect(&n->keys_b, path, f);
    snprintf(path, sizeof path, "%s/keys/ring-b", n->config->data_dir);
    km_keys_folder folder = { path, KM_KEY_MASK_B, n->random };
    return km_keys_open(&n->keys_b, &folder, f);
}

static km_code open_persons(km_node *n, km_fault *f)
{
    if (n->keys_b == NULL)
        KM_TRY(open_b(n, f));
    km_persons_options o = { n->log, { n->keys, n->keys_b }, n->clock, n->random };
    return km_persons_open(&n->persons, &o, f);
}

km_code km_node_persons(km_persons **out, km_node *n, km_fault *f)
{
    pthread_mutex_lock(&n->persons_lock);
    km_code rc = n->persons != NULL ? KM_OK : open_persons(n, f);
    *out = n->persons;
    pthread_mutex_unlock(&n->persons_lock);
    return rc;
}

void km_node__close_persons(km_node *n)
{
    km_persons_close(n->persons);
    if (n->keys_b != NULL)
        km_keys_close(n->keys_b);
    pthread_mutex_destroy(&n->persons_lock);
}
