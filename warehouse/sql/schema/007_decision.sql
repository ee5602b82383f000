-- What the coordinator decided, appended, never rewritten. unit is NULL where the whole quarter is meant; payload is JSON.
CREATE TABLE decision (sequence BIGINT NOT NULL, period VARCHAR NOT NULL, unit VARCHAR, kind VARCHAR NOT NULL, actor VARCHAR NOT NULL, reason VARCHAR NOT NULL, reason_code VARCHAR, payload VARCHAR NOT NULL, recorded_at TIMESTAMPTZ NOT NULL);
