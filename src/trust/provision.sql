-- Records of provision and receipt.

-- name: provision_next
SELECT COALESCE(MAX(number), 0) + 1 FROM provision;
-- name: provision_put
INSERT INTO provision(number, way, channel, party, party_name, country, basis, scheme, purpose, items, obtained, consent,
  by_whom, at, kept_until) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15);
-- name: provision_items
UPDATE provision SET items = $2 WHERE number = $1;
-- name: provision_is
SELECT 1 FROM provision WHERE number = $1;
-- name: provision_share
INSERT INTO provision_chart(chart, number, records) VALUES ($1, $2, $3)
ON CONFLICT (chart, number) DO UPDATE SET records = provision_chart.records + excluded.records;
-- name: provisions_of
SELECT p.number, p.way, p.channel, p.party, p.party_name, p.country, p.basis, p.scheme, p.purpose, p.items, p.obtained,
  p.consent, p.by_whom, p.at, p.kept_until, c.records, (SELECT COUNT(*) FROM provision_chart a WHERE a.number = p.number)
FROM provision_chart c JOIN provision p ON p.number = c.number
WHERE c.chart = $1 AND p.number < $2 ORDER BY p.number DESC LIMIT $3;
-- name: provisions_all
SELECT p.number, p.way, p.channel, p.party, p.party_name, p.country, p.basis, p.scheme, p.purpose, p.items, p.obtained,
  p.consent, p.by_whom, p.at, p.kept_until, 0, (SELECT COUNT(*) FROM provision_chart a WHERE a.number = p.number)
FROM provision p WHERE p.number < $1 ORDER BY p.number DESC LIMIT $2;
-- name: provision_old
SELECT number FROM provision WHERE kept_until <= $1 ORDER BY kept_until LIMIT 200;
-- name: provision_drop
DELETE FROM provision WHERE number = $1;
-- name: provision_drop_shares
DELETE FROM provision_chart WHERE number = $1;

-- name: scheme_put
INSERT INTO provision_scheme(id, title, notice, entry, party, purpose, announced, starts, ended, by_whom)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, $9);
-- name: scheme_get
SELECT id, title, notice, entry, party, purpose, announced, starts, ended FROM provision_scheme WHERE id = $1;
-- name: scheme_end
UPDATE provision_scheme SET ended = $2, by_whom = $3 WHERE id = $1 AND ended = 0;
-- name: scheme_all
SELECT id, title, notice, entry, party, purpose, announced, starts, ended FROM provision_scheme ORDER BY id LIMIT $1;
