-- Accounts, passkeys, providers, and what was spent.

-- name: account_by_who
SELECT number, issuer, subject, role, name, network, organisation, person, actors, wards FROM account WHERE issuer = $1 AND subject = $2;
-- name: account_by_number
SELECT number, issuer, subject, role, name, network, organisation, person, actors, wards FROM account WHERE number = $1;
-- name: account_all [many]
SELECT number, issuer, subject, role, name, network, organisation, person, actors, wards FROM account WHERE number > $1 ORDER BY number;
-- name: account_last
SELECT coalesce(max(number), 0) FROM account;
-- name: account_put
INSERT INTO account(number, issuer, subject, role, name, network, organisation, person, actors, wards, added_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11);
-- name: account_drop
DELETE FROM account WHERE number = $1;
-- name: account_renew
UPDATE account SET subject = $3 WHERE issuer = $1 AND subject = $2;

-- name: passkey_of_account
SELECT id, cose, count FROM passkey WHERE account = $1 ORDER BY added_at, id;
-- name: passkey_by_id
SELECT account, cose, count FROM passkey WHERE id = $1;
-- name: passkey_put
INSERT INTO passkey(id, account, cose, count, added_at, used_at) VALUES ($1, $2, $3, $4, $5, $6);
-- name: passkey_used
UPDATE passkey SET count = $2, used_at = $3 WHERE id = $1 AND count = $4;
-- name: passkey_drop
DELETE FROM passkey WHERE id = $1 AND account = $2;
-- name: passkey_drop_account
DELETE FROM passkey WHERE account = $1;

-- name: sign_in_spend
INSERT INTO sign_in_spent(hash, until) VALUES ($1, $2);
-- name: sign_in_spent_old
DELETE FROM sign_in_spent WHERE until < $1;

-- name: provider_all
SELECT name, ja, en, issuer, client_id, secret, claim, scope, allowed, ca_file FROM provider ORDER BY name;
-- name: provider_by_name
SELECT name, ja, en, issuer, client_id, secret, claim, scope, allowed, ca_file FROM provider WHERE name = $1;
-- name: provider_put
INSERT INTO provider(name, ja, en, issuer, client_id, secret, claim, scope, allowed, ca_file)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10);
-- name: provider_drop
DELETE FROM provider WHERE name = $1;
