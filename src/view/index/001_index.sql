-- area: index
-- hit: which current version has which value of which parameter (view/index/keys.h). Everything in it can be
-- deleted and made anew from the log.
-- chart_day: what a chart holds, by type and day in Japan; day NULL is written as -1000000.
-- for: sqlite
CREATE TABLE hit(param INTEGER NOT NULL, value BLOB NOT NULL, chart INTEGER NOT NULL,
  rid INTEGER NOT NULL, PRIMARY KEY(param, value, chart, rid)) WITHOUT ROWID;
CREATE TABLE chart_day(chart INTEGER NOT NULL, type INTEGER NOT NULL, day INTEGER NOT NULL,
  rid INTEGER NOT NULL, PRIMARY KEY(chart, type, day, rid)) WITHOUT ROWID;
-- for: postgres
CREATE TABLE hit(param BIGINT NOT NULL, value BYTEA NOT NULL, chart BIGINT NOT NULL,
  rid BIGINT NOT NULL, PRIMARY KEY(param, value, chart, rid));
CREATE TABLE chart_day(chart BIGINT NOT NULL, type BIGINT NOT NULL, day BIGINT NOT NULL,
  rid BIGINT NOT NULL, PRIMARY KEY(chart, type, day, rid));
