-- The values of the roll-ups just kept.
INSERT INTO derived.rollup_value
SELECT r.version, f.series, f.value, f.reported, f.with_state, f.done, f.nil, f.any_state, f.is_zero_denominator, f.lacks_parts, f.is_complete, f.figures, f.mix, f.total
FROM attain_fresh f
JOIN attain_digest d ON d.t = f.t AND d.version IS NULL AND d.is_present
JOIN derived.rollup r ON r.period = d.period
