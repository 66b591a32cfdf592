-- Apps, what they were granted, sessions.

-- name: auth_client_by_id
SELECT id, name, kind, proof, redirects, launch, scopes, role, purpose, network, organisation, country FROM auth_client WHERE id = $1;
-- name: auth_client_all [many]
SELECT id, name, kind, proof, redirects, launch, scopes, role, purpose, network, organisation, country FROM auth_client WHERE id > $1 ORDER BY id;
-- name: auth_client_put
INSERT INTO auth_client(id, name, kind, proof, redirects, launch, scopes, role, purpose, network, organisation, added_at, country)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13);
-- name: auth_client_drop
DELETE FROM auth_client WHERE id = $1;

-- name: auth_grant_put
INSERT INTO auth_grant(sid, client, issuer, subject, who, scope, patient, given_at, until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9);
-- name: auth_grant_by_sid
SELECT client, who, scope, patient, given_at, until FROM auth_grant WHERE sid = $1;
-- name: auth_grant_of_client
SELECT sid FROM auth_grant WHERE client = $1;
-- name: auth_grant_of_person
SELECT sid FROM auth_grant WHERE issuer = $1 AND subject = $2;
-- name: auth_grant_list [many]
SELECT sid, client, scope, patient, given_at, until FROM auth_grant WHERE issuer = $1 AND subject = $2 AND until > $3
ORDER BY given_at DESC, sid;
-- name: auth_grant_drop
DELETE FROM auth_grant WHERE sid = $1;
-- name: auth_grant_old
DELETE FROM auth_grant WHERE until < $1;

-- name: auth_code_put
INSERT INTO auth_code(hash, sid, redirect, challenge, nonce, until, used_at) VALUES ($1, $2, $3, $4, $5, $6, 0);
-- name: auth_code_by_hash
SELECT sid, redirect, challenge, nonce, until, used_at FROM auth_code WHERE hash = $1;
-- name: auth_code_use
UPDATE auth_code SET used_at = $2 WHERE hash = $1 AND used_at = 0;
-- name: auth_code_old
DELETE FROM auth_code WHERE until < $1;

-- name: auth_refresh_put
INSERT INTO auth_refresh(hash, sid, until, used_at) VALUES ($1, $2, $3, 0);
-- name: auth_refresh_by_hash
SELECT sid, until, used_at FROM auth_refresh WHERE hash = $1;
-- name: auth_refresh_use
UPDATE auth_refresh SET used_at = $2 WHERE hash = $1 AND used_at = 0;
-- name: auth_refresh_drop
DELETE FROM auth_refresh WHERE sid = $1;
-- name: auth_refresh_old
DELETE FROM auth_refresh WHERE until < $1;

-- name: auth_launch_put
INSERT INTO auth_launch(hash, client, issuer, subject, patient, until) VALUES ($1, $2, $3, $4, $5, $6);
-- name: auth_launch_by_hash
SELECT client, issuer, subject, patient, until FROM auth_launch WHERE hash = $1;
-- name: auth_launch_drop
DELETE FROM auth_launch WHERE hash = $1;
-- name: auth_launch_old
DELETE FROM auth_launch WHERE until < $1;

-- name: auth_session_put
INSERT INTO auth_session(hash, handle, issuer, subject, who, began_at, seen_at, until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8);
-- name: auth_session_by_hash
SELECT handle, who, began_at, seen_at, until FROM auth_session WHERE hash = $1;
-- name: auth_session_seen
UPDATE auth_session SET seen_at = $2 WHERE hash = $1;
-- name: auth_session_of_person
SELECT handle FROM auth_session WHERE issuer = $1 AND subject = $2;
-- name: auth_session_drop
DELETE FROM auth_session WHERE hash = $1;
-- name: auth_session_drop_person
DELETE FROM auth_session WHERE issuer = $1 AND subject = $2;
-- name: auth_session_old
DELETE FROM auth_session WHERE until < $1;

-- name: auth_ended_put
INSERT INTO auth_ended(sid, until) VALUES ($1, $2) ON CONFLICT (sid) DO NOTHING;
-- name: auth_ended_all [many]
SELECT sid FROM auth_ended WHERE until >= $1;
-- name: auth_ended_old
DELETE FROM auth_ended WHERE until < $1;

-- name: auth_key_newest
SELECT coalesce(max(version), 0), coalesce(max(since), 0) FROM auth_key;
-- name: auth_key_put
INSERT INTO auth_key(version, since) VALUES ($1, $2) ON CONFLICT (version) DO UPDATE SET since = excluded.since;
