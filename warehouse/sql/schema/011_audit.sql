-- Who did what, when, with the state before and after (JSON). Each row carries the hash of the one before it.
CREATE TABLE audit (sequence BIGINT NOT NULL, recorded_at TIMESTAMPTZ NOT NULL, as_of TIMESTAMPTZ NOT NULL, actor VARCHAR NOT NULL, actor_kind VARCHAR NOT NULL, action VARCHAR NOT NULL, subject VARCHAR NOT NULL, period VARCHAR, unit VARCHAR, reason VARCHAR, before VARCHAR, after VARCHAR, run_id VARCHAR, previous_hash VARCHAR NOT NULL, hash VARCHAR NOT NULL);

-- Which entries of the journal files (HOME/audit) this warehouse holds: kind is changes, baseline, void or voided.
CREATE TABLE journal (sequence BIGINT NOT NULL, recorded_at TIMESTAMPTZ NOT NULL, kind VARCHAR NOT NULL, hash VARCHAR NOT NULL);
