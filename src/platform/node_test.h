/* SPDX-License-Identifier: Apache-2.0
 *
 * node_test: a whole node for a test, in a new folder on either database, and the words of the
 * process caught. For the tests of every folder that stands on a node.
 */
#ifndef KM_PLATFORM_NODE_TEST_H
#define KM_PLATFORM_NODE_TEST_H

#include "store/place_test.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "platform/platform.h"

typedef struct km_test_node {
    km_test_place place;
    char folder[64], data[128];
    km_config config;
    const km_service *const *services;
    km_node *node;
    km_fault fault;
    km_arena *arena;
} km_test_node;

static inline void km_test_node_make(km_test_node *t, const km_service *const *services)
{
    memset(t, 0, sizeof *t);
    km_test_place_new(&t->place);
    snprintf(t->folder, sizeof t->folder, P_tmpdir "/kumihimo-node-XXXXXX");
    assert_non_null(mkdtemp(t->folder));
    snprintf(t->data, sizeof t->data, "%s/data", t->folder);
    t->config = (km_config){ .data_dir = t->data,
                             .store = t->place.schema[0] ? t->place.place : NULL,
                             .open = true,
                             .json = true,
                             .references_checked = true };
    t->services = services;
    t->arena = km_arena_new((size_t)1 << 30);
}

static inline km_code km_test_node_open(km_test_node *t)
{
    km_fault_clear(&t->fault);
    return km_node_open(&t->node, &t->config, t->services, &t->fault);
}

static inline void km_test_node_close(km_test_node *t)
{
    km_node_close(t->node);
    t->node = NULL;
}

static inline void km_test_node_free(km_test_node *t)
{
    km_test_node_close(t);
    km_arena_free(t->arena);
    nftw(t->folder, km_test_remove, 16, FTW_DEPTH | FTW_PHYS);
    km_test_place_free(&t->place);
}

/* A path below the test's folder. */
static inline const char *km_test_path(km_test_node *t, const char *name)
{
    return km_arena_print(t->arena, "%s/%s", t->folder, name).p;
}

/* Writes a file there; makes the folders of its name. */
static inline const char *km_test_put(km_test_node *t, const char *name, km_str bytes)
{
    char *path = (char *)(uintptr_t)km_test_path(t, name);
    for (char *slash = path + strlen(t->folder) + 1; (slash = strchr(slash, '/')) != NULL;) {
        *slash = '\0';
        mkdir(path, 0700);
        *slash++ = '/';
    }
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes.p ? bytes.p : "", 1, bytes.n, f), bytes.n);
    assert_int_equal(fclose(f), 0);
    return path;
}

static inline km_str km_test_read(km_test_node *t, const char *path)
{
    km_buf b = km_buf_in(t->arena);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    for (int c; (c = fgetc(f)) != EOF;)
        km_buf_char(&b, (char)c);
    fclose(f);
    km_buf_char(&b, '\0');
    return km_str_sub(km_buf_str(&b), 0, b.n - 1);
}

/* --- what the process says on a stream --- */

typedef struct km_test_words {
    int stream, before;
    FILE *file;
} km_test_words;

static inline km_test_words km_test_listen(FILE *stream)
{
    km_test_words w = { .stream = fileno(stream), .file = tmpfile() };
    assert_non_null(w.file);
    fflush(stream);
    w.before = dup(w.stream);
    assert_true(w.before >= 0 && dup2(fileno(w.file), w.stream) >= 0);
    return w;
}

static inline km_str km_test_heard(km_test_words *w, km_arena *a)
{
    km_buf b = km_buf_in(a);
    fflush(stdout);
    fflush(stderr);
    assert_true(dup2(w->before, w->stream) >= 0);
    close(w->before);
    rewind(w->file);
    for (int c; (c = fgetc(w->file)) != EOF;)
        km_buf_char(&b, (char)c);
    fclose(w->file);
    km_buf_char(&b, '\0');
    return km_str_sub(km_buf_str(&b), 0, b.n - 1);
}

static inline bool km_test_says(km_str text, const char *word)
{
    return text.n > 0 && memmem(text.p, text.n, word, strlen(word)) != NULL;
}

#endif
