-- area: trust
-- consent: what each current Consent of a chart compiles to (trust/consent), so that a decision parses nothing.
-- mark: what the door must know of a record to decide, so that it opens no body (trust/marks.h). tie: which institutions a
-- chart's person has to do with, from when until when (data/trust/ties.tsv).
-- for: sqlite
CREATE TABLE consent(chart INTEGER NOT NULL, rid INTEGER NOT NULL, compiled BLOB NOT NULL, PRIMARY KEY(chart, rid)) WITHOUT ROWID;
CREATE TABLE mark(chart INTEGER NOT NULL, rid INTEGER NOT NULL, labelled INTEGER NOT NULL, facts BLOB NOT NULL,
  PRIMARY KEY(chart, rid)) WITHOUT ROWID;
CREATE INDEX mark_labelled ON mark(chart) WHERE labelled = 1;
CREATE TABLE tie(chart INTEGER NOT NULL, kind INTEGER NOT NULL, name TEXT NOT NULL, rid INTEGER NOT NULL,
  since INTEGER NOT NULL, until INTEGER NOT NULL, PRIMARY KEY(chart, kind, name, rid)) WITHOUT ROWID;
-- for: postgres
CREATE TABLE consent(chart BIGINT NOT NULL, rid BIGINT NOT NULL, compiled BYTEA NOT NULL, PRIMARY KEY(chart, rid));
CREATE TABLE mark(chart BIGINT NOT NULL, rid BIGINT NOT NULL, labelled BIGINT NOT NULL, facts BYTEA NOT NULL,
  PRIMARY KEY(chart, rid));
CREATE INDEX mark_labelled ON mark(chart) WHERE labelled = 1;
CREATE TABLE tie(chart BIGINT NOT NULL, kind BIGINT NOT NULL, name TEXT COLLATE "C" NOT NULL, rid BIGINT NOT NULL,
  since BIGINT NOT NULL, until BIGINT NOT NULL, PRIMARY KEY(chart, kind, name, rid));
