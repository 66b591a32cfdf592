/* SPDX-License-Identifier: Apache-2.0
 *
 * sqlite: what the parts of the SQLite driver share: sqlite.c (connections and statements),
 * sqlite_place.c (the file: lock, checkpoints, copies) and sqlite_gather.c (how its log is
 * written).
 */
#ifndef KM_STORE_SQLITE_H
#define KM_STORE_SQLITE_H

#include <sqlite3.h>

#include "store/driver.h"

/* Tells an SQLite error. `what` names a query or a step, never a value; SQLite's own texts
 * hold names of tables and columns only. `db` may be NULL. */
km_code km_sqlite__fail(sqlite3 *db, int rc, const char *what, km_fault *f);

/* A bare connection: no setup, no cache of statements. */
km_code km_sqlite__connect(sqlite3 **out, const char *path, int flags, km_fault *f);

/* The name of the VFS that writes a log's pages together. */
const char *km_sqlite__vfs(void);

km_code km_sqlite__enter(km_store *s, km_fault *f);
void km_sqlite__leave(km_store *s);
/* From the writer's commits on, the keeper sees to checkpoints. */
void km_sqlite__watch_log(km_store *s, sqlite3 *writer);
km_code km_sqlite__truncate_wal(km_store *s, km_fault *f);
km_code km_sqlite__backup(km_store *s, const char *to, km_fault *f);

#endif
