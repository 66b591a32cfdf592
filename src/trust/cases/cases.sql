-- Queries of cases.

-- name: case_put
INSERT INTO case_file(id, kind, content, hash, state, proposed_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7);
-- name: case_get
SELECT id, kind, content, hash, state, proposed_at, expires_at FROM case_file WHERE id = $1;
-- name: case_newest
SELECT id, kind, content, hash, state, proposed_at, expires_at FROM case_file ORDER BY proposed_at DESC, id LIMIT $1;
-- name: case_become
UPDATE case_file SET state = $2 WHERE id = $1 AND state = $3;
-- name: case_acts
SELECT act, person, role, at FROM case_act WHERE id = $1 ORDER BY number;
-- name: case_act_last
SELECT coalesce(max(number), 0) FROM case_act WHERE id = $1;
-- name: case_act_put
INSERT INTO case_act(id, number, act, person, role, at) VALUES ($1, $2, $3, $4, $5, $6);
