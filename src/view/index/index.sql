-- Queries of the index. `refkey` of a resource is the key by which references find it; it is computed, not kept.

-- name: hit_put
INSERT INTO hit(param, value, chart, rid) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;
-- name: hit_drop
DELETE FROM hit WHERE param = $1 AND value = $2 AND chart = $3 AND rid = $4;
-- name: hit_between [many]
SELECT value, chart, rid FROM hit WHERE param = $1 AND value >= $2 AND value <= $3 ORDER BY value, chart, rid;
-- name: hit_from [many]
SELECT value, chart, rid FROM hit WHERE param = $1 AND value >= $2 ORDER BY value, chart, rid;
-- name: hit_equal [many]
SELECT chart, rid FROM hit WHERE param = $1 AND value = $2 ORDER BY chart, rid;
-- name: hit_equal_in_chart
SELECT chart, rid FROM hit WHERE param = $1 AND value = $2 AND chart = $3 ORDER BY rid;
-- name: hit_has
SELECT 1 FROM hit WHERE param = $1 AND value = $2 AND chart = $3 AND rid = $4;
-- name: hit_count_equal
SELECT count(*) FROM hit WHERE param = $1 AND value = $2;
-- name: hit_count_between
SELECT count(*) FROM (SELECT 1 FROM hit WHERE param = $1 AND value >= $2 AND value <= $3 LIMIT $4) AS n;
-- name: hit_down [many]
SELECT value, chart, rid FROM hit WHERE param = $1 AND value <= $2 ORDER BY value DESC, chart DESC, rid DESC;
-- name: hit_forget
DELETE FROM hit WHERE chart = $1;
-- name: hit_clear
DELETE FROM hit;

-- name: day_put
INSERT INTO chart_day(chart, type, day, rid) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING;
-- name: day_drop
DELETE FROM chart_day WHERE chart = $1 AND type = $2 AND day = $3 AND rid = $4;
-- name: day_of_type
SELECT day, rid FROM chart_day WHERE chart = $1 AND type = $2 AND day >= $3 AND day <= $4 ORDER BY day DESC, rid DESC;
-- name: day_of_chart
SELECT type, day, rid FROM chart_day WHERE chart = $1 ORDER BY type, day DESC, rid DESC;
-- name: day_forget
DELETE FROM chart_day WHERE chart = $1;
-- name: day_clear
DELETE FROM chart_day;

-- name: type_spots [many]
SELECT chart, rid, seq FROM resource WHERE type = $1 AND deleted = 0 AND seq > $2 AND seq <= $3 ORDER BY seq;
-- name: type_spots_down [many]
SELECT chart, rid, seq FROM resource WHERE type = $1 AND deleted = 0 AND seq > $2 AND seq <= $3 ORDER BY seq DESC;
-- name: type_count
SELECT count(*) FROM resource WHERE type = $1 AND deleted = 0;
-- name: spot_of
SELECT chart, type, id, seq, deleted FROM resource WHERE rid = $1;
-- name: source_of
SELECT source FROM resource WHERE rid = $1;
-- name: seq_at
SELECT seq, at FROM log WHERE seq >= $1 ORDER BY seq LIMIT 1;
-- name: seq_max
SELECT coalesce(max(seq), 0) FROM log;
-- name: spots_named
SELECT c.chart, c.rid FROM claim c JOIN resource r ON r.rid = c.rid
WHERE c.type = $1 AND c.id = $2 AND r.deleted = 0;
-- name: chart_named
SELECT number FROM chart WHERE patient = $1 ORDER BY number;
