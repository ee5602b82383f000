-- The mail ledger: the composed message is frozen at enqueue, its fate is appended as events.
CREATE TABLE mail (mail_id VARCHAR NOT NULL, dedupe_key VARCHAR NOT NULL, kind VARCHAR NOT NULL, recipient VARCHAR NOT NULL, unit VARCHAR, period VARCHAR, subject VARCHAR NOT NULL, message_id VARCHAR NOT NULL, eml BLOB NOT NULL, on_unsure VARCHAR NOT NULL, queued_at TIMESTAMPTZ NOT NULL);

CREATE TABLE mail_event (mail_id VARCHAR NOT NULL, sequence BIGINT NOT NULL, recorded_at TIMESTAMPTZ NOT NULL, state VARCHAR NOT NULL, attempts INTEGER NOT NULL, not_before TIMESTAMPTZ, error VARCHAR);
