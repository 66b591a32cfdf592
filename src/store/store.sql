-- The store's own queries: transactions, the process lock, migrations. Every store has them.

-- One process holds a place (decision 17). SQLite has a locked file beside it instead. Of one
-- database each schema is a place of its own.
-- name: store_hold [sqlite]
SELECT 1;
-- name: store_hold [postgres]
SELECT CASE WHEN pg_try_advisory_lock(hashtextextended('kumihimo ' || current_schema(), 0))
  THEN 1 ELSE 0 END;

-- Is the place what we need: a write-ahead log (a file system may not be able), UTF-8.
-- name: store_fits [sqlite]
SELECT journal_mode = 'wal' FROM pragma_journal_mode;
-- name: store_fits [postgres]
SELECT CASE WHEN current_setting('server_encoding') = 'UTF8' THEN 1 ELSE 0 END;

-- name: store_read_only [sqlite]
PRAGMA query_only = ON;
-- name: store_read_only [postgres]
SET default_transaction_read_only = on;

-- name: store_begin_write [sqlite]
BEGIN IMMEDIATE;
-- name: store_begin_write [postgres]
BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;
-- name: store_begin_read [sqlite]
BEGIN DEFERRED;
-- name: store_begin_read [postgres]
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;

-- Both take their snapshot at the first statement that reads.
-- name: store_snapshot [sqlite]
SELECT rootpage FROM sqlite_schema LIMIT 1;
-- name: store_snapshot [postgres]
SELECT 1;

-- name: store_commit
COMMIT;
-- name: store_rollback
ROLLBACK;
-- name: store_savepoint
SAVEPOINT one;
-- name: store_release
RELEASE SAVEPOINT one;
-- name: store_rollback_to
ROLLBACK TO SAVEPOINT one;

-- name: store_migration_table [sqlite]
CREATE TABLE IF NOT EXISTS km_migration(area TEXT NOT NULL, number INTEGER NOT NULL, name TEXT NOT NULL,
  applied_at INTEGER NOT NULL, PRIMARY KEY(area, number)) WITHOUT ROWID;
-- name: store_migration_table [postgres]
CREATE TABLE IF NOT EXISTS km_migration(area TEXT COLLATE "C" NOT NULL, number BIGINT NOT NULL,
  name TEXT NOT NULL, applied_at BIGINT NOT NULL, PRIMARY KEY(area, number));
-- name: store_migration_last
SELECT area, max(number) FROM km_migration GROUP BY area ORDER BY area;
-- The one clock that the store reads: for people who look into the table, milliseconds.
-- name: store_migration_put [sqlite]
INSERT INTO km_migration(area, number, name, applied_at)
VALUES ($1, $2, $3, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER));
-- name: store_migration_put [postgres]
INSERT INTO km_migration(area, number, name, applied_at)
VALUES ($1, $2, $3, CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT));
