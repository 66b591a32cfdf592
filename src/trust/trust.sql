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
