-- Every run with its end; outcome is NULL while it runs (or after it was killed).
CREATE OR REPLACE VIEW mart.run AS
SELECT r.run_id, r.flow, r.period, r.parameters, r.trigger, r.started_at, e.ended_at, e.outcome, r.config_hash, r.code_version
FROM main.run r
LEFT JOIN main.run_end e USING (run_id);
