-- area: grants
-- Breaking the glass: who may (sites), who did, what was said to whom about it, and what became of the review. These
-- tables are truth, not views: they are written in the log's own groups (km_log_work).
-- for: sqlite
CREATE TABLE emergency_site(organisation TEXT PRIMARY KEY, name TEXT NOT NULL, by_whom TEXT NOT NULL,
  at INTEGER NOT NULL, ended INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE emergency_standing(chart INTEGER PRIMARY KEY, consent TEXT NOT NULL, by_whom TEXT NOT NULL,
  at INTEGER NOT NULL, ended INTEGER NOT NULL);
CREATE TABLE emergency_grant(number INTEGER PRIMARY KEY, chart INTEGER NOT NULL, level INTEGER NOT NULL,
  refused INTEGER NOT NULL, issuer TEXT NOT NULL, subject TEXT NOT NULL, name TEXT NOT NULL,
  role TEXT NOT NULL, organisation TEXT NOT NULL, reason TEXT NOT NULL, words TEXT NOT NULL,
  at INTEGER NOT NULL, ends INTEGER NOT NULL, second_issuer TEXT NOT NULL, second_subject TEXT NOT NULL,
  second_name TEXT NOT NULL, second_organisation TEXT NOT NULL, second_words TEXT NOT NULL,
  second_at INTEGER NOT NULL);
CREATE INDEX emergency_grant_chart ON emergency_grant(chart, ends);
CREATE INDEX emergency_grant_who ON emergency_grant(issuer, subject, number);
CREATE TABLE emergency_review(number INTEGER PRIMARY KEY, due INTEGER NOT NULL, verdict TEXT NOT NULL,
  words TEXT NOT NULL, judge TEXT NOT NULL, at INTEGER NOT NULL);
CREATE INDEX emergency_review_due ON emergency_review(verdict, due);
CREATE TABLE emergency_notice(number INTEGER PRIMARY KEY, chart INTEGER NOT NULL, addressee INTEGER NOT NULL,
  home TEXT NOT NULL, kind INTEGER NOT NULL, about INTEGER NOT NULL, issuer TEXT NOT NULL,
  subject TEXT NOT NULL, name TEXT NOT NULL, organisation TEXT NOT NULL, at INTEGER NOT NULL,
  read_at INTEGER NOT NULL);
CREATE INDEX emergency_notice_chart ON emergency_notice(chart, addressee, number);
CREATE INDEX emergency_notice_home ON emergency_notice(home, number) WHERE home <> '';
-- for: postgres
CREATE TABLE emergency_site(organisation TEXT COLLATE "C" PRIMARY KEY, name TEXT NOT NULL, by_whom TEXT NOT NULL,
  at BIGINT NOT NULL, ended BIGINT NOT NULL);
CREATE TABLE emergency_standing(chart BIGINT PRIMARY KEY, consent TEXT NOT NULL, by_whom TEXT NOT NULL,
  at BIGINT NOT NULL, ended BIGINT NOT NULL);
CREATE TABLE emergency_grant(number BIGINT PRIMARY KEY, chart BIGINT NOT NULL, level BIGINT NOT NULL,
  refused BIGINT NOT NULL, issuer TEXT NOT NULL, subject TEXT NOT NULL, name TEXT NOT NULL,
  role TEXT NOT NULL, organisation TEXT NOT NULL, reason TEXT NOT NULL, words TEXT NOT NULL,
  at BIGINT NOT NULL, ends BIGINT NOT NULL, second_issuer TEXT NOT NULL, second_subject TEXT NOT NULL,
  second_name TEXT NOT NULL, second_organisation TEXT NOT NULL, second_words TEXT NOT NULL,
  second_at BIGINT NOT NULL);
CREATE INDEX emergency_grant_chart ON emergency_grant(chart, ends);
CREATE INDEX emergency_grant_who ON emergency_grant(issuer, subject, number);
CREATE TABLE emergency_review(number BIGINT PRIMARY KEY, due BIGINT NOT NULL, verdict TEXT NOT NULL,
  words TEXT NOT NULL, judge TEXT NOT NULL, at BIGINT NOT NULL);
CREATE INDEX emergency_review_due ON emergency_review(verdict, due);
CREATE TABLE emergency_notice(number BIGINT PRIMARY KEY, chart BIGINT NOT NULL, addressee BIGINT NOT NULL,
  home TEXT NOT NULL, kind BIGINT NOT NULL, about BIGINT NOT NULL, issuer TEXT NOT NULL,
  subject TEXT NOT NULL, name TEXT NOT NULL, organisation TEXT NOT NULL, at BIGINT NOT NULL,
  read_at BIGINT NOT NULL);
CREATE INDEX emergency_notice_chart ON emergency_notice(chart, addressee, number);
CREATE INDEX emergency_notice_home ON emergency_notice(home, number) WHERE home <> '';
