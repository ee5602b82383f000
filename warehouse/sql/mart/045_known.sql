-- The facts under their plain names as known at known_at: put before main on the search path, they let every query read the past.
CREATE SCHEMA IF NOT EXISTS known;
CREATE OR REPLACE VIEW known.observation AS FROM main.observation WHERE recorded_at <= coalesce(getvariable('known_at'), 'infinity')::TIMESTAMPTZ;
CREATE OR REPLACE VIEW known.submission AS FROM main.submission WHERE received_at <= coalesce(getvariable('known_at'), 'infinity')::TIMESTAMPTZ;
CREATE OR REPLACE VIEW known.verdict AS FROM main.verdict WHERE recorded_at <= coalesce(getvariable('known_at'), 'infinity')::TIMESTAMPTZ;
CREATE OR REPLACE VIEW known.publication AS FROM main.publication WHERE published_at <= coalesce(getvariable('known_at'), 'infinity')::TIMESTAMPTZ;
CREATE OR REPLACE VIEW known.finding AS FROM main.finding f
WHERE NOT EXISTS (FROM main.verdict v WHERE v.submission_id = f.submission_id AND v.run_id = f.run_id AND v.recorded_at > coalesce(getvariable('known_at'), 'infinity')::TIMESTAMPTZ);
