-- Queries of the person view.

-- name: link_put
INSERT INTO person_link(mark, chart) VALUES ($1, $2) ON CONFLICT DO NOTHING;
-- name: link_drop
DELETE FROM person_link WHERE mark = $1 AND chart = $2;
-- name: link_charts
SELECT chart FROM person_link WHERE mark = $1 ORDER BY chart;
-- name: link_marks
SELECT mark FROM person_link WHERE chart = $1;
-- name: link_forget
DELETE FROM person_link WHERE chart = $1;
-- name: link_clear
DELETE FROM person_link;

-- name: person_put
INSERT INTO person_chart(chart, person) VALUES ($1, $2) ON CONFLICT (chart) DO UPDATE SET person = excluded.person;
-- name: person_drop
DELETE FROM person_chart WHERE chart = $1;
-- name: person_charts
SELECT chart FROM person_chart WHERE person = $1 ORDER BY chart;
-- name: person_of_chart
SELECT person FROM person_chart WHERE chart = $1;
-- name: person_clear
DELETE FROM person_chart;

-- name: name_put
INSERT INTO person_name(chart, name, shown, rid) VALUES ($1, $2, $3, $4) ON CONFLICT (chart, name) DO UPDATE SET shown = excluded.shown, rid = excluded.rid;
-- name: name_drop
DELETE FROM person_name WHERE chart = $1;
-- name: name_clear
DELETE FROM person_name;
-- name: name_list
SELECT n.name, p.person, n.chart, n.rid FROM person_name n JOIN person_chart p ON p.chart = n.chart
WHERE n.name >= $1 AND (n.name > $2 OR (n.name = $2 AND n.chart > $3)) AND ($4 = 0 OR n.shown = 1)
ORDER BY n.name, n.chart LIMIT $5;
-- name: name_earlier
SELECT n.chart FROM person_name n JOIN person_chart p ON p.chart = n.chart
WHERE p.person = $1 AND n.name >= $2 AND (n.name < $3 OR (n.name = $3 AND n.chart < $4)) AND ($5 = 0 OR n.shown = 1);
