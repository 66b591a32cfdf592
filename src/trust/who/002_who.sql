-- area: who
-- country: where who runs the app is (ISO 3166-1, two letters); empty: in Japan.
-- for: sqlite
ALTER TABLE auth_client ADD COLUMN country TEXT NOT NULL DEFAULT '';
-- for: postgres
ALTER TABLE auth_client ADD COLUMN country TEXT NOT NULL DEFAULT '';
