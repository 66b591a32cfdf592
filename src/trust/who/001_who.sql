-- area: who
-- auth_client: the apps and machines that were registered; lists (redirects) hold one item a line. auth_grant: what somebody let
-- an app do, of which codes and refresh tokens are parts. auth_code, auth_refresh, auth_launch, auth_session: secrets by their
-- SHA-256 alone; used_at 0: not yet. auth_ended: handles of grants and sessions no token of which is good any more.
-- auth_key: since when a signing key signs. who: a JSON object (inside.h).
-- for: sqlite
CREATE TABLE auth_client(id TEXT PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, proof TEXT NOT NULL,
  redirects TEXT NOT NULL, launch TEXT NOT NULL, scopes TEXT NOT NULL, role TEXT NOT NULL, purpose TEXT NOT NULL,
  network TEXT NOT NULL, organisation TEXT NOT NULL, added_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE auth_grant(sid TEXT PRIMARY KEY, client TEXT NOT NULL, issuer TEXT NOT NULL, subject TEXT NOT NULL,
  who TEXT NOT NULL, scope TEXT NOT NULL, patient TEXT NOT NULL, given_at INTEGER NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE auth_code(hash BLOB PRIMARY KEY, sid TEXT NOT NULL, redirect TEXT NOT NULL, challenge TEXT NOT NULL,
  nonce TEXT NOT NULL, until INTEGER NOT NULL, used_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE auth_refresh(hash BLOB PRIMARY KEY, sid TEXT NOT NULL, until INTEGER NOT NULL, used_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX auth_refresh_sid ON auth_refresh(sid);
CREATE TABLE auth_launch(hash BLOB PRIMARY KEY, client TEXT NOT NULL, issuer TEXT NOT NULL, subject TEXT NOT NULL,
  patient TEXT NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE auth_session(hash BLOB PRIMARY KEY, handle TEXT NOT NULL, issuer TEXT NOT NULL, subject TEXT NOT NULL,
  who TEXT NOT NULL, began_at INTEGER NOT NULL, seen_at INTEGER NOT NULL, until INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX auth_session_person ON auth_session(issuer, subject);
CREATE TABLE auth_ended(sid TEXT PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE auth_key(version INTEGER PRIMARY KEY, since INTEGER NOT NULL);
-- for: postgres
CREATE TABLE auth_client(id TEXT COLLATE "C" PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, proof TEXT NOT NULL,
  redirects TEXT NOT NULL, launch TEXT NOT NULL, scopes TEXT NOT NULL, role TEXT NOT NULL, purpose TEXT NOT NULL,
  network TEXT NOT NULL, organisation TEXT NOT NULL, added_at BIGINT NOT NULL);
CREATE TABLE auth_grant(sid TEXT COLLATE "C" PRIMARY KEY, client TEXT NOT NULL, issuer TEXT NOT NULL, subject TEXT NOT NULL,
  who TEXT NOT NULL, scope TEXT NOT NULL, patient TEXT NOT NULL, given_at BIGINT NOT NULL, until BIGINT NOT NULL);
CREATE TABLE auth_code(hash BYTEA PRIMARY KEY, sid TEXT NOT NULL, redirect TEXT NOT NULL, challenge TEXT NOT NULL,
  nonce TEXT NOT NULL, until BIGINT NOT NULL, used_at BIGINT NOT NULL);
CREATE TABLE auth_refresh(hash BYTEA PRIMARY KEY, sid TEXT NOT NULL, until BIGINT NOT NULL, used_at BIGINT NOT NULL);
CREATE INDEX auth_refresh_sid ON auth_refresh(sid);
CREATE TABLE auth_launch(hash BYTEA PRIMARY KEY, client TEXT NOT NULL, issuer TEXT NOT NULL, subject TEXT NOT NULL,
  patient TEXT NOT NULL, until BIGINT NOT NULL);
CREATE TABLE auth_session(hash BYTEA PRIMARY KEY, handle TEXT NOT NULL, issuer TEXT NOT NULL, subject TEXT NOT NULL,
  who TEXT NOT NULL, began_at BIGINT NOT NULL, seen_at BIGINT NOT NULL, until BIGINT NOT NULL);
CREATE INDEX auth_session_person ON auth_session(issuer, subject);
CREATE TABLE auth_ended(sid TEXT COLLATE "C" PRIMARY KEY, until BIGINT NOT NULL);
CREATE TABLE auth_key(version BIGINT PRIMARY KEY, since BIGINT NOT NULL);
