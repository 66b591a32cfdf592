/* SPDX-License-Identifier: Apache-2.0
 *
 * keys: `kumihimo keys make|list|destroy`: the life of long-lived keys from the command line. No
 * key is ever shown. A ring that a process holds is asked through its socket, or not at all.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "app/inside.h"

enum { PIN_MAX = 256, LISTED = 4096 };

static const char *const roles[KM_KEY_ROLES] = { "pid-a", "pid-b", "index",     "release",
                                                 "wrap",  "token", "checkpoint" };

/* --- opening, for this verb and keyd --- */

static unsigned roles_of(const char *operator)
{
    if (operator!= NULL && strcmp(operator, "a") == 0)
        return KM_KEY_MASK_A;
    return operator!= NULL && strcmp(operator, "b") == 0 ? KM_KEY_MASK_B : KM_KEY_MASK_ALL;
}

/* The first line of a file that nobody else may read. */
static km_code read_pin(char out[PIN_MAX], size_t *n, const char *path, km_fault *f)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return km_fail(f, KM_IO, "pin-file", "cannot be read: %s", strerror(errno));
    bool private = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && (st.st_mode & 077) == 0;
    ssize_t got = private ? read(fd, out, PIN_MAX) : -1;
    close(fd);
    if (!private)
        return km_fail(f, KM_IO, "pin-file", "is open to others; its mode must be 0400");
    if (got <= 0 || got == PIN_MAX)
        return km_fail(f, KM_IO, "pin-file", "holds no PIN");
    *n = km_str_find((km_str){ out, (size_t)got }, '\n');
    return KM_OK;
}

static km_code open_token(km_keys **out, const km_args *a, unsigned mask, km_fault *f)
{
    char pin[PIN_MAX];
    size_t n = 0;
    const char *label = a->option(a, "token"), *file = a->option(a, "pin-file");
    if (label == NULL || file == NULL)
        return km_fail(f, KM_USAGE, NULL, "--pkcs11 goes with --token LABEL and --pin-file FILE");
    KM_TRY(read_pin(pin, &n, file, f));
    km_keys_token o = { a->option(a, "pkcs11"), label, { pin, n }, mask, &km_random_real };
    km_code rc = km_keys_open_token(out, &o, f);
    explicit_bzero(pin, sizeof pin);
    return rc;
}

km_code km_app__open_ring(km_keys **out, const km_args *a, const char *path, km_fault *f)
{
    unsigned mask = roles_of(a->option(a, "operator"));
    if (a->option(a, "pkcs11") != NULL)
        return open_token(out, a, mask, f);
    km_keys_folder folder = { path, mask, &km_random_real };
    return km_keys_open(out, &folder, f);
}

/* The ring of a node lies at DIR/keys/ring, that of a key process at DIR/ring. */
static km_code open_any(km_keys **out, const km_args *a, km_fault *f)
{
    char path[512];
    const char *dir = a->config->data_dir, *socket = a->option(a, "socket");
    if (socket != NULL)
        return km_keys_connect(out, socket, f);
    if (a->option(a, "pkcs11") != NULL)
        return km_app__open_ring(out, a, "", f);
    for (int i = 0; i < 2; i++) {
        int n = snprintf(path, sizeof path, i == 0 ? "%s/keys/ring" : "%s/ring", dir);
        if (n < 0 || (size_t)n >= sizeof path)
            return km_fail(f, KM_USAGE, "data", "the path is too long");
        if (access(path, F_OK) == 0)
            break;
    }
    return km_app__open_ring(out, a, path, f); /* made when there is none */
}

/* --- the verb --- */

typedef struct listed {
    km_key_role role;
    uint32_t version;
    char name[KM_KEY_NAME_MAX + 1];
} listed;

typedef struct list {
    size_t n, left_out;
    listed row[LISTED];
} list;

static void note(void *self, km_key_name key)
{
    list *l = self;
    if (l->n == LISTED) {
        l->left_out++;
        return;
    }
    listed *row = &l->row[l->n++];
    *row = (listed){ .role = key.role, .version = key.version };
    if (key.name.n > 0)
        memcpy(row->name, key.name.p, key.name.n);
}

static int compare(const void *a, const void *b)
{
    const listed *one = a, *two = b;
    int by_name = strcmp(one->name, two->name);
    return one->role != two->role        ? (one->role < two->role ? -1 : 1)
           : by_name != 0                ? by_name
           : one->version < two->version ? -1
                                         : one->version > two->version;
}

static km_code print_list(km_keys *k, km_fault *f)
{
    list *l = calloc(1, sizeof *l);
    if (l == NULL)
        abort();
    km_code rc = km_keys_each(k, note, l, f);
    qsort(l->row, l->n, sizeof *l->row, compare);
    for (size_t i = 0; rc == KM_OK && i < l->n; i++)
        printf("%s\t%u\t%s\n", roles[l->row[i].role], l->row[i].version, l->row[i].name);
    if (l->left_out > 0)
        fprintf(stderr, "kumihimo keys: %zu more\n", l->left_out);
    free(l);
    return rc;
}

static int role_named(const char *name)
{
    for (int i = 0; i < KM_KEY_ROLES; i++)
        if (strcmp(roles[i], name) == 0)
            return i;
    return -1;
}

static km_code make(km_keys *k, int role, km_str name, km_fault *f)
{
    uint32_t version;
    KM_TRY(km_keys_make(&version, k, (km_key_role)role, name, f));
    printf("%s\t%u\t%.*s\n", roles[role], version, KM_STR_ARG(name));
    return KM_OK;
}

static km_code destroy(km_keys *k, int role, km_str name, const char *version, km_fault *f)
{
    int64_t v;
    if (version == NULL || !km_str_to_i64(&v, km_str_of(version)) || v < 1 || v > UINT32_MAX)
        return km_fail(f, KM_USAGE, "key", "name the version to destroy: --version N");
    return km_keys_destroy(k, (km_key_name){ (km_key_role)role, name, (uint32_t)v }, f);
}

static km_code run(const km_args *a, km_fault *f)
{
    km_keys *k;
    const char *what = a->words > 0 ? a->word[0] : "";
    bool lists = strcmp(what, "list") == 0, makes = strcmp(what, "make") == 0;
    int role = !lists && a->words > 1 ? role_named(a->word[1]) : -1;
    km_str name = a->words > 2 ? km_str_of(a->word[2]) : KM_STR("");
    if ((!lists && !makes && strcmp(what, "destroy") != 0) || (lists && a->words > 1)
        || (!lists && role < 0) || a->words > 3)
        return km_fail(f, KM_USAGE, NULL,
                       "list, make ROLE [NAME] or destroy ROLE [NAME] --version N; roles: pid-a "
                       "pid-b index release wrap token checkpoint");
    bool named = role == KM_KEY_PID_A || role == KM_KEY_PID_B || role == KM_KEY_RELEASE;
    if (!lists && named != (name.n > 0))
        return km_fail(f, KM_USAGE, NULL, "pid-a, pid-b and release have a name, the others none");
    KM_TRY(open_any(&k, a, f));
    km_code rc = lists   ? print_list(k, f)
                 : makes ? make(k, role, name, f)
                         : destroy(k, role, name, a->option(a, "version"), f);
    km_keys_close(k);
    return rc;
}

int km_app__keys(const km_args *a, km_node *n)
{
    km_fault f = { 0 };
    (void)n;
    km_code rc = run(a, &f);
    if (rc != KM_OK)
        km_app__tell(a->config, "keys", &f);
    return rc == KM_USAGE ? KM_EXIT_USAGE : km_app__exit_code(rc);
}
