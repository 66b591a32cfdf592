-- area: trust
-- consent: what each current Consent of a chart compiles to (trust/consent), so that a decision parses nothing.
-- for: sqlite
CREATE TABLE consent(chart INTEGER NOT NULL, rid INTEGER NOT NULL, compiled BLOB NOT NULL, PRIMARY KEY(chart, rid)) WITHOUT ROWID;
-- for: postgres
CREATE TABLE consent(chart BIGINT NOT NULL, rid BIGINT NOT NULL, compiled BYTEA NOT NULL, PRIMARY KEY(chart, rid));
