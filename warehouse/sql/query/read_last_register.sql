-- The configuration in force, as last recorded.
SELECT plan_hash, config_hash, recorded_at FROM register_event ORDER BY recorded_at DESC, rowid DESC LIMIT 1
