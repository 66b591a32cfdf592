-- What trust keeps beside the log.

-- name: consent_put
INSERT INTO consent(chart, rid, compiled) VALUES ($1, $2, $3) ON CONFLICT (chart, rid) DO UPDATE SET compiled = excluded.compiled;
-- name: consent_drop
DELETE FROM consent WHERE chart = $1 AND rid = $2;
-- name: consent_forget
DELETE FROM consent WHERE chart = $1;
-- name: consent_clear
DELETE FROM consent;
-- name: consent_all
SELECT compiled FROM consent WHERE chart = $1 ORDER BY rid;

-- name: mark_put
INSERT INTO mark(chart, rid, labelled, facts) VALUES ($1, $2, $3, $4)
ON CONFLICT (chart, rid) DO UPDATE SET labelled = excluded.labelled, facts = excluded.facts;
-- name: mark_drop
DELETE FROM mark WHERE chart = $1 AND rid = $2;
-- name: mark_forget
DELETE FROM mark WHERE chart = $1;
-- name: mark_clear
DELETE FROM mark;
-- name: mark_of
SELECT facts FROM mark WHERE chart = $1 AND rid = $2;
-- name: mark_any_label
SELECT 1 FROM mark WHERE chart = $1 AND labelled = 1 LIMIT 1;

-- name: tie_put
INSERT INTO tie(chart, kind, name, rid, since, until) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (chart, kind, name, rid) DO UPDATE SET since = excluded.since, until = excluded.until;
-- name: tie_drop
DELETE FROM tie WHERE chart = $1 AND kind = $2 AND name = $3 AND rid = $4;
-- name: tie_forget
DELETE FROM tie WHERE chart = $1;
-- name: tie_clear
DELETE FROM tie;
-- name: tie_holds
SELECT 1 FROM tie WHERE chart = $1 AND kind = $2 AND name = $3 AND since <= $4 AND until >= $4 LIMIT 1;
