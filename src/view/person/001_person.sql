-- area: person
-- person_link: which identifiers (keyed hashes) a chart's Patient carries. person_chart: which person a chart is of; a
-- person's number is the smallest chart of its component. person_name: how people are listed.
-- for: sqlite
CREATE TABLE person_link(mark BLOB NOT NULL, chart INTEGER NOT NULL, PRIMARY KEY(mark, chart)) WITHOUT ROWID;
CREATE INDEX person_link_chart ON person_link(chart, mark);
CREATE TABLE person_chart(chart INTEGER PRIMARY KEY, person INTEGER NOT NULL);
CREATE INDEX person_chart_person ON person_chart(person, chart);
CREATE TABLE person_name(chart INTEGER NOT NULL, name TEXT NOT NULL, shown INTEGER NOT NULL,
  rid INTEGER NOT NULL, PRIMARY KEY(chart, name)) WITHOUT ROWID;
CREATE INDEX person_name_name ON person_name(name, chart);
-- for: postgres
CREATE TABLE person_link(mark BYTEA NOT NULL, chart BIGINT NOT NULL, PRIMARY KEY(mark, chart));
CREATE INDEX person_link_chart ON person_link(chart, mark);
CREATE TABLE person_chart(chart BIGINT PRIMARY KEY, person BIGINT NOT NULL);
CREATE INDEX person_chart_person ON person_chart(person, chart);
CREATE TABLE person_name(chart BIGINT NOT NULL, name TEXT COLLATE "C" NOT NULL, shown BIGINT NOT NULL,
  rid BIGINT NOT NULL, PRIMARY KEY(chart, name));
CREATE INDEX person_name_name ON person_name(name, chart);
