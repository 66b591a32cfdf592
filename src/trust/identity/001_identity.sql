-- area: identity
-- The register of persons. Numbers of persons stand clear only where no identifier of a domain stands beside them; rows of
-- identifiers name their person sealed, and are found by keyed hashes (trust/identity/vault.c).
-- id_key: data keys, wrapped; half: what operator B's part of the key is derived from, NULL where A's alone is meant.
-- id_domain: old_until: until when identifiers of older key versions resolve.
-- id_pid: hash: of the identifier; owner: of person and domain; state: km_pid_state; sealed: person, identifier, generation, times.
-- id_event: holder 0: the register's own.
-- for: sqlite
CREATE TABLE id_key(number INTEGER PRIMARY KEY, purpose TEXT NOT NULL, wrapped BLOB NOT NULL, half BLOB, made_at INTEGER NOT NULL);
CREATE TABLE id_domain(code INTEGER PRIMARY KEY, uri TEXT NOT NULL UNIQUE, class TEXT NOT NULL, kv INTEGER NOT NULL,
  legal_basis TEXT NOT NULL, grace_s INTEGER NOT NULL, smallest INTEGER NOT NULL, made_at INTEGER NOT NULL,
  old_until INTEGER NOT NULL, by_case TEXT NOT NULL);
CREATE TABLE id_holder(number INTEGER PRIMARY KEY, domain INTEGER NOT NULL, client TEXT NOT NULL, jwk TEXT NOT NULL,
  flags INTEGER NOT NULL, since INTEGER NOT NULL, UNIQUE(domain, client));
CREATE TABLE id_person(person INTEGER PRIMARY KEY, root BLOB NOT NULL, state INTEGER NOT NULL, other INTEGER NOT NULL,
  gen_default INTEGER NOT NULL);
CREATE TABLE id_proof(number INTEGER PRIMARY KEY, person INTEGER NOT NULL, kind TEXT NOT NULL, idx BLOB NOT NULL, sealed BLOB NOT NULL,
  source TEXT NOT NULL, valid_from INTEGER NOT NULL, valid_until INTEGER NOT NULL, UNIQUE(kind, idx, person));
CREATE INDEX id_proof_person ON id_proof(person);
CREATE TABLE id_pid(domain INTEGER NOT NULL, hash BLOB NOT NULL, kv INTEGER NOT NULL, state INTEGER NOT NULL, owner BLOB NOT NULL,
  sealed BLOB NOT NULL, PRIMARY KEY(domain, hash)) WITHOUT ROWID;
CREATE UNIQUE INDEX id_pid_active ON id_pid(domain, owner) WHERE state = 1;
CREATE INDEX id_pid_owner ON id_pid(domain, owner);
CREATE INDEX id_pid_state ON id_pid(domain, state, kv, hash);
CREATE TABLE id_event(number INTEGER PRIMARY KEY, domain INTEGER NOT NULL, holder INTEGER NOT NULL, kind TEXT NOT NULL,
  at INTEGER NOT NULL, sealed BLOB NOT NULL, needs_answer INTEGER NOT NULL, answered_at INTEGER NOT NULL);
CREATE INDEX id_event_holder ON id_event(holder, number);
CREATE INDEX id_event_waits ON id_event(at) WHERE needs_answer = 1 AND answered_at = 0;
CREATE TABLE id_applied(domain INTEGER NOT NULL, holder INTEGER NOT NULL, kv INTEGER NOT NULL, count INTEGER NOT NULL,
  at INTEGER NOT NULL, PRIMARY KEY(domain, holder, kv)) WITHOUT ROWID;
CREATE TABLE id_permit(release TEXT PRIMARY KEY, research TEXT NOT NULL, basis TEXT NOT NULL, client TEXT NOT NULL, by_case TEXT NOT NULL,
  made_at INTEGER NOT NULL, ends_at INTEGER NOT NULL, destroyed_at INTEGER NOT NULL) WITHOUT ROWID;
-- for: postgres
CREATE TABLE id_key(number BIGINT PRIMARY KEY, purpose TEXT NOT NULL, wrapped BYTEA NOT NULL, half BYTEA, made_at BIGINT NOT NULL);
CREATE TABLE id_domain(code BIGINT PRIMARY KEY, uri TEXT COLLATE "C" NOT NULL UNIQUE, class TEXT NOT NULL, kv BIGINT NOT NULL,
  legal_basis TEXT NOT NULL, grace_s BIGINT NOT NULL, smallest BIGINT NOT NULL, made_at BIGINT NOT NULL,
  old_until BIGINT NOT NULL, by_case TEXT NOT NULL);
CREATE TABLE id_holder(number BIGINT PRIMARY KEY, domain BIGINT NOT NULL, client TEXT COLLATE "C" NOT NULL, jwk TEXT NOT NULL,
  flags BIGINT NOT NULL, since BIGINT NOT NULL, UNIQUE(domain, client));
CREATE TABLE id_person(person BIGINT PRIMARY KEY, root BYTEA NOT NULL, state BIGINT NOT NULL, other BIGINT NOT NULL,
  gen_default BIGINT NOT NULL);
CREATE TABLE id_proof(number BIGINT PRIMARY KEY, person BIGINT NOT NULL, kind TEXT COLLATE "C" NOT NULL, idx BYTEA NOT NULL,
  sealed BYTEA NOT NULL, source TEXT NOT NULL, valid_from BIGINT NOT NULL, valid_until BIGINT NOT NULL, UNIQUE(kind, idx, person));
CREATE INDEX id_proof_person ON id_proof(person);
CREATE TABLE id_pid(domain BIGINT NOT NULL, hash BYTEA NOT NULL, kv BIGINT NOT NULL, state BIGINT NOT NULL, owner BYTEA NOT NULL,
  sealed BYTEA NOT NULL, PRIMARY KEY(domain, hash));
CREATE UNIQUE INDEX id_pid_active ON id_pid(domain, owner) WHERE state = 1;
CREATE INDEX id_pid_owner ON id_pid(domain, owner);
CREATE INDEX id_pid_state ON id_pid(domain, state, kv, hash);
CREATE TABLE id_event(number BIGINT PRIMARY KEY, domain BIGINT NOT NULL, holder BIGINT NOT NULL, kind TEXT NOT NULL,
  at BIGINT NOT NULL, sealed BYTEA NOT NULL, needs_answer BIGINT NOT NULL, answered_at BIGINT NOT NULL);
CREATE INDEX id_event_holder ON id_event(holder, number);
CREATE INDEX id_event_waits ON id_event(at) WHERE needs_answer = 1 AND answered_at = 0;
CREATE TABLE id_applied(domain BIGINT NOT NULL, holder BIGINT NOT NULL, kv BIGINT NOT NULL, count BIGINT NOT NULL,
  at BIGINT NOT NULL, PRIMARY KEY(domain, holder, kv));
CREATE TABLE id_permit(release TEXT COLLATE "C" PRIMARY KEY, research TEXT NOT NULL, basis TEXT NOT NULL, client TEXT NOT NULL,
  by_case TEXT NOT NULL, made_at BIGINT NOT NULL, ends_at BIGINT NOT NULL, destroyed_at BIGINT NOT NULL);
