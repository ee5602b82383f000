-- Temp view attain_series: the roll-ups of all quarters known, stored or just computed.
CREATE OR REPLACE TEMP VIEW attain_series AS
SELECT v.series, q.t, v.value, v.reported, v.with_state, v.done, v.nil, v.any_state, v.is_zero_denominator, v.lacks_parts, v.is_complete
FROM derived.rollup_value v
JOIN attain_quarter q ON q.version = v.version
UNION ALL
SELECT series, t, value, reported, with_state, done, nil, any_state, is_zero_denominator, lacks_parts, is_complete FROM attain_fresh
