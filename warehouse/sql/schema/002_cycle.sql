-- One quarter's round. Obligations are frozen when it opens.
CREATE TABLE cycle (period VARCHAR NOT NULL, opened_at TIMESTAMPTZ NOT NULL, due_at TIMESTAMPTZ NOT NULL, grace_until TIMESTAMPTZ NOT NULL, plan_hash VARCHAR NOT NULL, config_hash VARCHAR NOT NULL);

-- item: an indicator code, or an action or safeguard code for its progress; role lead owes it, contributing may fill it.
CREATE TABLE obligation (period VARCHAR NOT NULL, unit VARCHAR NOT NULL, item VARCHAR NOT NULL, item_kind VARCHAR NOT NULL, role VARCHAR NOT NULL, is_owed BOOLEAN NOT NULL);
