-- Temp table attain_affected: which indicators of which cities have figures noted after $since; empty without it.
CREATE OR REPLACE TEMP TABLE attain_affected AS
SELECT DISTINCT r.indicator, u.city
FROM reporter r
JOIN unit u ON u.plan_hash = r.plan_hash AND u.unit = r.unit
JOIN main.observation o ON o.item = r.indicator AND o.unit = r.unit
WHERE r.plan_hash = $plan_hash AND o.recorded_at > $since AND o.recorded_at <= $as_of AND o.period <= $period
