-- Grants of breaking the glass, and what belongs to them.

-- name: grant_next
SELECT COALESCE(MAX(number), 0) + 1 FROM emergency_grant;
-- name: grant_put
INSERT INTO emergency_grant(number, chart, level, refused, issuer, subject, name, role, organisation, reason, words, at,
  ends, second_issuer, second_subject, second_name, second_organisation, second_words, second_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, '', '', '', '', '', 0);
-- name: grant_extend
UPDATE emergency_grant SET level = 2, second_issuer = $2, second_subject = $3, second_name = $4,
  second_organisation = $5, second_words = $6, second_at = $7 WHERE number = $1;
-- name: grant_get
SELECT number, chart, level, refused, issuer, subject, name, role, organisation, reason, words, at, ends, second_name,
  second_organisation, second_words, second_at, second_issuer, second_subject FROM emergency_grant WHERE number = $1;
-- name: grant_live
SELECT level, role, organisation FROM emergency_grant
WHERE chart = $1 AND ends > $2 AND at <= $2 AND level > 0 AND issuer = $3 AND subject = $4;
-- name: grants_by
SELECT number, chart, level, refused, issuer, subject, name, role, organisation, reason, words, at, ends, second_name,
  second_organisation, second_words, second_at, second_issuer, second_subject FROM emergency_grant
WHERE issuer = $1 AND subject = $2 ORDER BY number DESC LIMIT $3;
-- name: grant_wipe
UPDATE emergency_grant SET words = '', second_words = '' WHERE chart = $1;
-- name: grant_wipe_reviews
UPDATE emergency_review SET words = '' WHERE number IN (SELECT number FROM emergency_grant WHERE chart = $1);

-- name: site_get
SELECT name, at, ended FROM emergency_site WHERE organisation = $1;
-- name: site_stands
SELECT 1 FROM emergency_site WHERE organisation = $1 AND ended = 0;
-- name: site_put
INSERT INTO emergency_site(organisation, name, by_whom, at, ended) VALUES ($1, $2, $3, $4, 0)
ON CONFLICT (organisation) DO UPDATE SET name = excluded.name, by_whom = excluded.by_whom, at = excluded.at, ended = 0;
-- name: site_end
UPDATE emergency_site SET ended = $2, by_whom = $3 WHERE organisation = $1 AND ended = 0;
-- name: site_all
SELECT organisation, name, at, ended FROM emergency_site ORDER BY organisation LIMIT $1;

-- name: standing_get
SELECT 1 FROM emergency_standing WHERE chart = $1 AND ended = 0;
-- name: standing_put
INSERT INTO emergency_standing(chart, consent, by_whom, at, ended) VALUES ($1, $2, $3, $4, 0)
ON CONFLICT (chart) DO UPDATE SET consent = excluded.consent, by_whom = excluded.by_whom, at = excluded.at, ended = 0;
-- name: standing_end
UPDATE emergency_standing SET ended = $2, by_whom = $3 WHERE chart = $1 AND ended = 0;
-- name: standing_forget
DELETE FROM emergency_standing WHERE chart = $1;

-- name: notice_next
SELECT COALESCE(MAX(number), 0) + 1 FROM emergency_notice;
-- name: notice_put
INSERT INTO emergency_notice(number, chart, addressee, home, kind, about, issuer, subject, name, organisation, at, read_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 0);
-- name: notice_today
SELECT 1 FROM emergency_notice
WHERE chart = $1 AND addressee = $2 AND kind = $3 AND issuer = $4 AND subject = $5 AND at >= $6 LIMIT 1;
-- name: notice_homes
SELECT DISTINCT home FROM emergency_notice WHERE about = $1 AND chart = $2 AND home <> '';
-- name: notice_mark
UPDATE emergency_notice SET read_at = $2 WHERE number = $1 AND read_at = 0;
-- name: notice_forget
DELETE FROM emergency_notice WHERE chart = $1;
-- name: notice_get
SELECT n.number, n.chart, n.addressee, n.kind, n.at, n.read_at, n.name, n.organisation, n.about, n.home, r.verdict
FROM emergency_notice n LEFT JOIN emergency_review r ON r.number = n.about WHERE n.number = $1;
-- name: notices_of
SELECT n.number, n.chart, n.addressee, n.kind, n.at, n.read_at, n.name, n.organisation, n.about, n.home, r.verdict
FROM emergency_notice n LEFT JOIN emergency_review r ON r.number = n.about
WHERE n.chart = $1 AND n.addressee = $2 ORDER BY n.number DESC LIMIT $3;
-- name: notices_home
SELECT n.number, n.chart, n.addressee, n.kind, n.at, n.read_at, n.name, n.organisation, n.about, n.home, r.verdict
FROM emergency_notice n LEFT JOIN emergency_review r ON r.number = n.about
WHERE n.home = $1 AND n.home <> '' ORDER BY n.number DESC LIMIT $2;

-- name: review_put
INSERT INTO emergency_review(number, due, verdict, words, judge, at) VALUES ($1, $2, '', '', '', 0);
-- name: review_get
SELECT number, due, verdict, words, judge, at FROM emergency_review WHERE number = $1;
-- name: review_judge
UPDATE emergency_review SET verdict = $2, words = $3, judge = $4, at = $5 WHERE number = $1 AND verdict = '';
-- name: reviews_open
SELECT number, due, verdict, words, judge, at FROM emergency_review WHERE verdict = '' ORDER BY due, number LIMIT $1;
-- name: reviews_done
SELECT number, due, verdict, words, judge, at FROM emergency_review WHERE verdict <> '' ORDER BY at DESC, number DESC LIMIT $1;
-- name: review_figures
SELECT COUNT(*), COALESCE(SUM(CASE WHEN due < $1 THEN 1 ELSE 0 END), 0) FROM emergency_review WHERE verdict = '';
