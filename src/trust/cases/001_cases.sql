-- area: cases
-- case_file: what is proposed; content: canonical JSON, hash: its SHA-256; state: km_case_state.
-- case_act: who did what with it; person: issuer|subject of a member of the staff.
-- for: sqlite
CREATE TABLE case_file(id TEXT PRIMARY KEY, kind TEXT NOT NULL, content TEXT NOT NULL, hash BLOB NOT NULL, state INTEGER NOT NULL,
  proposed_at INTEGER NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID;
CREATE INDEX case_file_at ON case_file(proposed_at);
CREATE TABLE case_act(id TEXT NOT NULL, number INTEGER NOT NULL, act TEXT NOT NULL, person TEXT NOT NULL, role TEXT NOT NULL,
  at INTEGER NOT NULL, PRIMARY KEY(id, number)) WITHOUT ROWID;
-- for: postgres
CREATE TABLE case_file(id TEXT COLLATE "C" PRIMARY KEY, kind TEXT NOT NULL, content TEXT NOT NULL, hash BYTEA NOT NULL, state BIGINT NOT NULL,
  proposed_at BIGINT NOT NULL, expires_at BIGINT NOT NULL);
CREATE INDEX case_file_at ON case_file(proposed_at);
CREATE TABLE case_act(id TEXT COLLATE "C" NOT NULL, number BIGINT NOT NULL, act TEXT NOT NULL, person TEXT NOT NULL, role TEXT NOT NULL,
  at BIGINT NOT NULL, PRIMARY KEY(id, number));
