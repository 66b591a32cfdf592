-- area: record
-- The log and what finds its way in it. Only `log`, `chart` (keys) and `source` are truth; `resource` and
-- `claim` say where the current version of what stands and are checked against the log by verify.
-- for: sqlite
CREATE TABLE setting(name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE source(number INTEGER PRIMARY KEY, uri TEXT NOT NULL UNIQUE, name TEXT NOT NULL);
-- key: be32 number of the key-encryption key, then the sealed chart key; NULL once erased.
CREATE TABLE chart(number INTEGER PRIMARY KEY, source INTEGER NOT NULL, patient TEXT, key BLOB);
CREATE UNIQUE INDEX chart_patient ON chart(patient, source) WHERE patient IS NOT NULL;
-- prev, type_prev: the version before this one of the same resource, and of any resource of the
-- same type (0 = none): histories walk these chains and need no index.
CREATE TABLE log(seq INTEGER PRIMARY KEY, chart INTEGER NOT NULL, rid INTEGER NOT NULL,
  type INTEGER NOT NULL, version INTEGER NOT NULL, source INTEGER NOT NULL, op INTEGER NOT NULL,
  at INTEGER NOT NULL, prev INTEGER NOT NULL, type_prev INTEGER NOT NULL, body BLOB);
CREATE TABLE log_commit(last_seq INTEGER PRIMARY KEY, head BLOB NOT NULL);
-- Who wrote the entries from this one on, until the next row; in the chain like the entries (decision 16).
CREATE TABLE act(seq INTEGER PRIMARY KEY, text TEXT NOT NULL);
-- The newest entry of each type, where type_prev chains begin.
CREATE TABLE type_head(type INTEGER PRIMARY KEY, seq INTEGER NOT NULL);
CREATE TABLE resource(rid INTEGER PRIMARY KEY, chart INTEGER NOT NULL, type INTEGER NOT NULL,
  source INTEGER NOT NULL, id TEXT NOT NULL, version INTEGER NOT NULL, seq INTEGER NOT NULL,
  deleted INTEGER NOT NULL);
CREATE INDEX resource_type ON resource(type, seq, chart, rid) WHERE deleted = 0;
CREATE INDEX resource_chart ON resource(chart, rid);
CREATE TABLE claim(type INTEGER NOT NULL, id TEXT NOT NULL, source INTEGER NOT NULL,
  chart INTEGER NOT NULL, rid INTEGER NOT NULL, PRIMARY KEY(type, id, source)) WITHOUT ROWID;
CREATE TABLE blob(chart INTEGER NOT NULL, name BLOB NOT NULL, body BLOB NOT NULL,
  PRIMARY KEY(chart, name)) WITHOUT ROWID;
-- for: postgres
CREATE TABLE setting(name TEXT PRIMARY KEY, value BYTEA NOT NULL);
CREATE TABLE source(number BIGINT PRIMARY KEY, uri TEXT NOT NULL UNIQUE, name TEXT NOT NULL);
CREATE TABLE chart(number BIGINT PRIMARY KEY, source BIGINT NOT NULL, patient TEXT, key BYTEA);
CREATE UNIQUE INDEX chart_patient ON chart(patient, source) WHERE patient IS NOT NULL;
CREATE TABLE log(seq BIGINT PRIMARY KEY, chart BIGINT NOT NULL, rid BIGINT NOT NULL,
  type BIGINT NOT NULL, version BIGINT NOT NULL, source BIGINT NOT NULL, op BIGINT NOT NULL,
  at BIGINT NOT NULL, prev BIGINT NOT NULL, type_prev BIGINT NOT NULL, body BYTEA);
CREATE TABLE log_commit(last_seq BIGINT PRIMARY KEY, head BYTEA NOT NULL);
CREATE TABLE act(seq BIGINT PRIMARY KEY, text TEXT NOT NULL);
CREATE TABLE type_head(type BIGINT PRIMARY KEY, seq BIGINT NOT NULL);
CREATE TABLE resource(rid BIGINT PRIMARY KEY, chart BIGINT NOT NULL, type BIGINT NOT NULL,
  source BIGINT NOT NULL, id TEXT COLLATE "C" NOT NULL, version BIGINT NOT NULL,
  seq BIGINT NOT NULL, deleted BIGINT NOT NULL);
CREATE INDEX resource_type ON resource(type, seq, chart, rid) WHERE deleted = 0;
CREATE INDEX resource_chart ON resource(chart, rid);
CREATE TABLE claim(type BIGINT NOT NULL, id TEXT COLLATE "C" NOT NULL, source BIGINT NOT NULL,
  chart BIGINT NOT NULL, rid BIGINT NOT NULL, PRIMARY KEY(type, id, source));
CREATE TABLE blob(chart BIGINT NOT NULL, name BYTEA NOT NULL, body BYTEA NOT NULL,
  PRIMARY KEY(chart, name));
