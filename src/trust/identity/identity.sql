-- Queries of the register of persons. Names begin with the table they are about.

-- name: id_key_all
SELECT number, purpose, wrapped, half, made_at FROM id_key ORDER BY number;
-- name: id_key_put
INSERT INTO id_key(number, purpose, wrapped, half, made_at) VALUES ($1, $2, $3, $4, $5);

-- name: id_domain_all
SELECT code, uri, class, kv, legal_basis, grace_s, smallest, made_at, old_until FROM id_domain ORDER BY code;
-- name: id_domain_kv
SELECT kv FROM id_domain WHERE code = $1;
-- name: id_domain_last
SELECT coalesce(max(code), 0) FROM id_domain;
-- name: id_domain_put
INSERT INTO id_domain(code, uri, class, kv, legal_basis, grace_s, smallest, made_at, old_until, by_case)
VALUES ($1, $2, $3, 1, $4, $5, $6, $7, 0, $8);
-- name: id_domain_rotate
UPDATE id_domain SET kv = $2 + 1, old_until = $3, by_case = $4 WHERE code = $1 AND kv = $2;

-- name: id_holder_all
SELECT number, client, jwk, flags FROM id_holder WHERE domain = $1 ORDER BY number;
-- name: id_holder_of
SELECT number, client, jwk, flags FROM id_holder WHERE domain = $1 AND client = $2;
-- name: id_holder_last
SELECT coalesce(max(number), 0) FROM id_holder;
-- name: id_holder_put
INSERT INTO id_holder(number, domain, client, jwk, flags, since) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (domain, client) DO UPDATE SET jwk = excluded.jwk, flags = excluded.flags;

-- name: id_person_last
SELECT coalesce(max(person), 0) FROM id_person;
-- name: id_person_get
SELECT root, state, other, gen_default FROM id_person WHERE person = $1;
-- name: id_person_put
INSERT INTO id_person(person, root, state, other, gen_default) VALUES ($1, $2, $3, $4, 0);
-- name: id_person_after
SELECT person, root, gen_default FROM id_person WHERE person > $1 ORDER BY person LIMIT $2;
-- name: id_person_state
UPDATE id_person SET state = $2, other = $3 WHERE person = $1 AND state = $4;
-- name: id_person_into
SELECT person FROM id_person WHERE other = $1 AND state = $2 ORDER BY person;

-- name: id_proof_find
SELECT q.person, p.state, p.other FROM id_proof q JOIN id_person p ON p.person = q.person WHERE q.kind = $1 AND q.idx = $2;
-- name: id_proof_last
SELECT coalesce(max(number), 0) FROM id_proof;
-- name: id_proof_put
INSERT INTO id_proof(number, person, kind, idx, sealed, source, valid_from, valid_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8);
-- name: id_proof_of
SELECT number, kind, source, valid_from, valid_until FROM id_proof WHERE person = $1 ORDER BY number;
-- name: id_proof_move
UPDATE id_proof SET person = $3 WHERE number = $1 AND person = $2;
-- name: id_proof_shared
SELECT count(*) FROM id_proof a JOIN id_proof b ON b.kind = a.kind AND b.idx = a.idx WHERE a.person = $1 AND b.person = $2 AND a.kind = $3;

-- name: id_pid_get
SELECT kv, state, sealed FROM id_pid WHERE domain = $1 AND hash = $2;
-- name: id_pid_put
INSERT INTO id_pid(domain, hash, kv, state, owner, sealed) VALUES ($1, $2, $3, $4, $5, $6);
-- name: id_pid_active_of
SELECT hash, kv, state, sealed FROM id_pid WHERE domain = $1 AND owner = $2 AND state = 1;
-- name: id_pid_all_of
SELECT hash, kv, state, sealed FROM id_pid WHERE domain = $1 AND owner = $2 ORDER BY hash;
-- name: id_pid_become
UPDATE id_pid SET state = $3, sealed = $4 WHERE domain = $1 AND hash = $2 AND state = $5;
-- name: id_pid_older
SELECT hash, kv, state, sealed FROM id_pid WHERE domain = $1 AND state = 1 AND kv < $2 ORDER BY kv, hash LIMIT $3;
-- name: id_pid_older_count
SELECT count(*) FROM id_pid WHERE domain = $1 AND state = 1 AND kv < $2;
-- name: id_pid_feed
SELECT hash, kv, state, sealed FROM id_pid WHERE domain = $1 AND kv = $2 AND state = 3 AND hash > $3 ORDER BY hash LIMIT $4;
-- name: id_pid_feed_count
SELECT count(*) FROM id_pid WHERE domain = $1 AND kv = $2 AND state = 3;

-- name: id_event_last
SELECT coalesce(max(number), 0) FROM id_event;
-- name: id_event_put
INSERT INTO id_event(number, domain, holder, kind, at, sealed, needs_answer, answered_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0);
-- name: id_event_after
SELECT number, domain, kind, at, sealed, needs_answer FROM id_event WHERE holder = $1 AND number > $2 ORDER BY number LIMIT $3;
-- name: id_event_answer
UPDATE id_event SET answered_at = $3 WHERE number = $1 AND holder = $2 AND needs_answer = 1;
-- name: id_event_open
SELECT e.number, e.kind, e.domain, h.client, e.at FROM id_event e JOIN id_holder h ON h.number = e.holder
WHERE e.needs_answer = 1 AND e.answered_at = 0 AND e.at < $1 ORDER BY e.number LIMIT $2;

-- name: id_applied_put
INSERT INTO id_applied(domain, holder, kv, count, at) VALUES ($1, $2, $3, $4, $5)
ON CONFLICT (domain, holder, kv) DO UPDATE SET count = excluded.count, at = excluded.at;

-- name: id_permit_put
INSERT INTO id_permit(release, research, basis, client, by_case, made_at, ends_at, destroyed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, 0);
-- name: id_permit_get
SELECT research, basis, client, made_at, ends_at, destroyed_at FROM id_permit WHERE release = $1;
-- name: id_permit_all
SELECT release, research, basis, client, made_at, ends_at, destroyed_at FROM id_permit ORDER BY release;
-- name: id_permit_end
UPDATE id_permit SET destroyed_at = $2 WHERE release = $1 AND destroyed_at = 0;
