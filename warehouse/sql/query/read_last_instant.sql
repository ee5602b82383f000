-- The newest instant the warehouse knows of.
SELECT greatest((SELECT max(recorded_at) FROM register_event), (SELECT max(recorded_at) FROM observation), (SELECT max(recorded_at) FROM verdict)) AS last_instant
