-- area: sign_in
-- account: whom a proof at the door belongs to. passkey: by which authenticator they show themselves. sign_in_spent: what was
-- answered once and may not be again, until it would have run out. provider: who vouches for people (OpenID Connect).
-- Lists (actors, wards, allowed) hold one item a line. A provider's secret is sealed.
-- for: sqlite
CREATE TABLE account(number INTEGER PRIMARY KEY, issuer TEXT NOT NULL, subject TEXT NOT NULL, role TEXT NOT NULL,
  name TEXT NOT NULL, network TEXT NOT NULL, organisation TEXT NOT NULL, person TEXT NOT NULL, actors TEXT NOT NULL,
  wards TEXT NOT NULL, added_at INTEGER NOT NULL);
CREATE UNIQUE INDEX account_who ON account(issuer, subject);
CREATE TABLE passkey(id BLOB PRIMARY KEY, account INTEGER NOT NULL, cose BLOB NOT NULL, count INTEGER NOT NULL,
  added_at INTEGER NOT NULL, used_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX passkey_account ON passkey(account);
CREATE TABLE sign_in_spent(hash BLOB PRIMARY KEY, until INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE provider(name TEXT PRIMARY KEY, ja TEXT NOT NULL, en TEXT NOT NULL, issuer TEXT NOT NULL,
  client_id TEXT NOT NULL, secret BLOB NOT NULL, claim TEXT NOT NULL, scope TEXT NOT NULL, allowed TEXT NOT NULL,
  ca_file TEXT NOT NULL) WITHOUT ROWID;
-- for: postgres
CREATE TABLE account(number BIGINT PRIMARY KEY, issuer TEXT NOT NULL, subject TEXT NOT NULL, role TEXT NOT NULL,
  name TEXT NOT NULL, network TEXT NOT NULL, organisation TEXT NOT NULL, person TEXT NOT NULL, actors TEXT NOT NULL,
  wards TEXT NOT NULL, added_at BIGINT NOT NULL);
CREATE UNIQUE INDEX account_who ON account(issuer, subject);
CREATE TABLE passkey(id BYTEA PRIMARY KEY, account BIGINT NOT NULL, cose BYTEA NOT NULL, count BIGINT NOT NULL,
  added_at BIGINT NOT NULL, used_at BIGINT NOT NULL);
CREATE INDEX passkey_account ON passkey(account);
CREATE TABLE sign_in_spent(hash BYTEA PRIMARY KEY, until BIGINT NOT NULL);
CREATE TABLE provider(name TEXT COLLATE "C" PRIMARY KEY, ja TEXT NOT NULL, en TEXT NOT NULL, issuer TEXT NOT NULL,
  client_id TEXT NOT NULL, secret BYTEA NOT NULL, claim TEXT NOT NULL, scope TEXT NOT NULL, allowed TEXT NOT NULL,
  ca_file TEXT NOT NULL);
