-- Reminder steps that were carried out (or, when several had been missed, passed over) for a period.
CREATE TABLE reminder_step (period VARCHAR NOT NULL, step VARCHAR NOT NULL, due_on DATE NOT NULL, recorded_at TIMESTAMPTZ NOT NULL, outcome VARCHAR NOT NULL);
