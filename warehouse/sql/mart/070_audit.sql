-- Who did what, when, with the state before and after; the chain is proved by jibao audit verify.
CREATE OR REPLACE VIEW mart.audit AS
SELECT sequence, recorded_at, as_of, actor, actor_kind, action, subject, period, unit, reason, before, after, run_id, hash
FROM main.audit;
