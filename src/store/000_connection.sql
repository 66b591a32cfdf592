-- Run on every new connection, before anything else.
-- for: sqlite
-- Takes effect only while the file is empty.
PRAGMA page_size = 4096;
PRAGMA journal_mode = WAL;
-- A commit that was answered survives a loss of power.
PRAGMA synchronous = FULL;
-- Deleted rows are overwritten with zeros: an erasure leaves nothing in free pages.
PRAGMA secure_delete = ON;
PRAGMA foreign_keys = OFF;
PRAGMA mmap_size = 0;
PRAGMA temp_store = MEMORY;
PRAGMA trusted_schema = OFF;
PRAGMA cell_size_check = ON;
-- After a load the log's file shrinks back to this many bytes.
PRAGMA journal_size_limit = 134217728;
-- for: postgres
SET client_min_messages = warning;
SET TimeZone = 'UTC';
SET standard_conforming_strings = on;
-- Compiling a plan costs more than any of our statements runs.
SET jit = off;
-- Durable means durable, whatever the server's default; a stricter one than `on` stays.
SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') IN ('off');
