-- Forgets, of roll-ups brought up to date, the values that were computed again.
DELETE FROM derived.rollup_value
WHERE version IN (SELECT former_version FROM attain_digest WHERE version IS NULL AND is_present)
    AND series IN (SELECT series FROM attain_target)
