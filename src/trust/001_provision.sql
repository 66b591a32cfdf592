-- area: provision
-- What was given to others and received from others, whose data it was, and announced opt-out schemes. Truth beside the
-- log, written in its groups.
-- for: sqlite
CREATE TABLE provision(number INTEGER PRIMARY KEY, way INTEGER NOT NULL, channel TEXT NOT NULL, party TEXT NOT NULL,
  party_name TEXT NOT NULL, country TEXT NOT NULL, basis TEXT NOT NULL, scheme TEXT NOT NULL, purpose TEXT NOT NULL,
  items TEXT NOT NULL, obtained TEXT NOT NULL, consent TEXT NOT NULL, by_whom TEXT NOT NULL, at INTEGER NOT NULL,
  kept_until INTEGER NOT NULL);
CREATE INDEX provision_kept ON provision(kept_until);
CREATE TABLE provision_chart(chart INTEGER NOT NULL, number INTEGER NOT NULL, records INTEGER NOT NULL,
  PRIMARY KEY(chart, number)) WITHOUT ROWID;
CREATE INDEX provision_chart_number ON provision_chart(number, chart);
CREATE TABLE provision_scheme(id TEXT PRIMARY KEY, title TEXT NOT NULL, notice TEXT NOT NULL, entry TEXT NOT NULL,
  party TEXT NOT NULL, purpose TEXT NOT NULL, announced INTEGER NOT NULL, starts INTEGER NOT NULL,
  ended INTEGER NOT NULL, by_whom TEXT NOT NULL) WITHOUT ROWID;
-- for: postgres
CREATE TABLE provision(number BIGINT PRIMARY KEY, way BIGINT NOT NULL, channel TEXT NOT NULL, party TEXT NOT NULL,
  party_name TEXT NOT NULL, country TEXT NOT NULL, basis TEXT NOT NULL, scheme TEXT NOT NULL, purpose TEXT NOT NULL,
  items TEXT NOT NULL, obtained TEXT NOT NULL, consent TEXT NOT NULL, by_whom TEXT NOT NULL, at BIGINT NOT NULL,
  kept_until BIGINT NOT NULL);
CREATE INDEX provision_kept ON provision(kept_until);
CREATE TABLE provision_chart(chart BIGINT NOT NULL, number BIGINT NOT NULL, records BIGINT NOT NULL,
  PRIMARY KEY(chart, number));
CREATE INDEX provision_chart_number ON provision_chart(number, chart);
CREATE TABLE provision_scheme(id TEXT COLLATE "C" PRIMARY KEY, title TEXT NOT NULL, notice TEXT NOT NULL,
  entry TEXT NOT NULL, party TEXT NOT NULL, purpose TEXT NOT NULL, announced BIGINT NOT NULL, starts BIGINT NOT NULL,
  ended BIGINT NOT NULL, by_whom TEXT NOT NULL);
