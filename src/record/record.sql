-- Queries of the log. Names begin with the table they are about.

-- name: setting_get
SELECT value FROM setting WHERE name = $1;
-- name: setting_put
INSERT INTO setting(name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value;

-- name: source_by_uri
SELECT number, name FROM source WHERE uri = $1;
-- name: source_by_number
SELECT uri, name FROM source WHERE number = $1;
-- name: source_last
SELECT coalesce(max(number), 0) FROM source;
-- name: source_put
INSERT INTO source(number, uri, name) VALUES ($1, $2, $3) ON CONFLICT (number) DO UPDATE SET name = excluded.name;

-- name: chart_last
SELECT coalesce(max(number), 0) FROM chart;
-- name: chart_get
SELECT source, patient, key FROM chart WHERE number = $1;
-- name: chart_by_patient
SELECT number FROM chart WHERE source = $1 AND patient = $2;
-- name: chart_put
INSERT INTO chart(number, source, patient, key) VALUES ($1, $2, $3, $4);
-- name: chart_erase
UPDATE chart SET key = NULL, patient = NULL WHERE number = $1;
-- name: chart_counts
SELECT count(*), coalesce(sum(CASE WHEN key IS NULL THEN 1 ELSE 0 END), 0) FROM chart;

-- name: log_last
SELECT seq, at FROM log ORDER BY seq DESC LIMIT 1;
-- name: log_put
INSERT INTO log(seq, chart, rid, type, version, source, op, at, prev, type_prev, body)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);
-- name: log_commit_put
INSERT INTO log_commit(last_seq, head) VALUES ($1, $2);
-- name: log_commit_last
SELECT last_seq, head FROM log_commit ORDER BY last_seq DESC LIMIT 1;
-- name: log_commit_after
SELECT last_seq, head FROM log_commit WHERE last_seq > $1 ORDER BY last_seq LIMIT 1;
-- name: act_put
INSERT INTO act(seq, text) VALUES ($1, $2);
-- name: act_after
SELECT seq, text FROM act WHERE seq > $1 ORDER BY seq LIMIT 1;
-- name: act_at
SELECT seq, text FROM act WHERE seq <= $1 ORDER BY seq DESC LIMIT 1;
-- name: log_written
SELECT l.seq, l.chart, l.type, l.version, l.op, l.at, r.id FROM log l LEFT JOIN resource r ON r.rid = l.rid
WHERE l.seq > $1 ORDER BY l.seq LIMIT $2;
-- name: type_head_all
SELECT type, seq FROM type_head;
-- name: type_head_get
SELECT seq FROM type_head WHERE type = $1;
-- name: type_head_put
INSERT INTO type_head(type, seq) VALUES ($1, $2) ON CONFLICT (type) DO UPDATE SET seq = excluded.seq;
-- name: log_after
SELECT l.seq, l.chart, l.rid, l.type, l.version, l.source, l.op, l.at, l.prev, l.type_prev, l.body,
  r.id, r.seq
FROM log l LEFT JOIN resource r ON r.rid = l.rid WHERE l.seq > $1 ORDER BY l.seq LIMIT $2;
-- name: log_by_seq
SELECT l.seq, l.chart, l.rid, l.type, l.version, l.source, l.op, l.at, l.prev, l.type_prev, l.body, r.id
FROM log l JOIN resource r ON r.rid = l.rid WHERE l.seq = $1;
-- name: log_bare
SELECT seq, chart, rid, type, version, source, op, at, prev, type_prev, body FROM log WHERE seq = $1;

-- Asked while others are being stepped through, by the door that decides about their rows.
-- name: claim_peek
SELECT chart, rid, source FROM claim WHERE type = $1 AND id = $2 ORDER BY source;
-- name: chart_peek
SELECT source, patient, key FROM chart WHERE number = $1;
-- name: resource_peek
SELECT l.seq, l.chart, l.rid, l.type, l.version, l.source, l.op, l.at, l.prev, l.type_prev, l.body, r.id
FROM resource r JOIN log l ON l.seq = r.seq WHERE r.rid = $1;

-- name: rid_last
SELECT coalesce(max(rid), 0) FROM resource;
-- name: resource_get
SELECT chart, type, source, id, version, seq, deleted FROM resource WHERE rid = $1;
-- name: resource_seq
SELECT seq FROM resource WHERE rid = $1;
-- name: resource_put
INSERT INTO resource(rid, chart, type, source, id, version, seq, deleted)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8);
-- name: resource_move
UPDATE resource SET version = $2, seq = $3, deleted = $4 WHERE rid = $1;
-- name: resource_bodies
SELECT l.seq, l.chart, l.rid, l.type, l.version, l.source, l.op, l.at, l.prev, l.type_prev, l.body, r.id
FROM resource r JOIN log l ON l.seq = r.seq WHERE r.rid > $1 AND r.deleted = 0 ORDER BY r.rid LIMIT $2;
-- name: resource_of_chart
SELECT seq, rid, type, source, id FROM resource WHERE chart = $1 AND rid > $2 AND deleted = 0 ORDER BY rid LIMIT $3;
-- name: resource_erase
DELETE FROM resource WHERE chart = $1;
-- name: resource_count
SELECT count(*) FROM resource;

-- name: claim_find
SELECT chart, rid, source FROM claim WHERE type = $1 AND id = $2 ORDER BY source;
-- name: claim_of
SELECT c.chart, c.rid, r.version, r.seq, r.deleted FROM claim c JOIN resource r ON r.rid = c.rid
WHERE c.type = $1 AND c.id = $2 AND c.source = $3;
-- name: claim_read
SELECT l.seq, l.chart, l.rid, l.type, l.version, l.source, l.op, l.at, l.prev, l.type_prev, l.body, r.id
FROM claim c JOIN resource r ON r.rid = c.rid JOIN log l ON l.seq = r.seq
WHERE c.type = $1 AND c.id = $2 ORDER BY c.source;
-- name: resource_read
SELECT l.seq, l.chart, l.rid, l.type, l.version, l.source, l.op, l.at, l.prev, l.type_prev, l.body, r.id
FROM resource r JOIN log l ON l.seq = r.seq WHERE r.rid = $1;
-- name: claim_put
INSERT INTO claim(type, id, source, chart, rid) VALUES ($1, $2, $3, $4, $5);
-- name: claim_erase
DELETE FROM claim WHERE (type, id, source) IN (SELECT type, id, source FROM resource WHERE chart = $1);

-- The tables beside the log against the log: each names the first offender.
-- name: wrong_current
SELECT r.seq FROM resource r LEFT JOIN log l ON l.seq = r.seq
WHERE l.seq IS NULL OR l.rid <> r.rid OR l.version <> r.version OR l.chart <> r.chart OR l.type <> r.type
  OR l.source <> r.source OR (l.op = 3) <> (r.deleted <> 0)
ORDER BY r.seq LIMIT 1;
-- name: wrong_claim
SELECT r.seq FROM resource r LEFT JOIN claim c ON c.type = r.type AND c.id = r.id AND c.source = r.source
WHERE c.rid IS NULL OR c.rid <> r.rid OR c.chart <> r.chart ORDER BY r.seq LIMIT 1;
-- name: wrong_chart
SELECT r.seq FROM resource r JOIN chart c ON c.number = r.chart
WHERE r.type = $1 AND (c.patient IS NULL OR c.patient <> r.id OR c.source <> r.source) ORDER BY r.seq LIMIT 1;
-- name: table_counts
SELECT (SELECT count(*) FROM resource), (SELECT count(*) FROM claim);

-- name: blob_get
SELECT body FROM blob WHERE chart = $1 AND name = $2;
-- name: blob_put
INSERT INTO blob(chart, name, body) VALUES ($1, $2, $3) ON CONFLICT (chart, name) DO NOTHING;
-- name: blob_forget
DELETE FROM blob WHERE chart = $1;
