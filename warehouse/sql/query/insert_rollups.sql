-- Keeps the roll-ups just computed for quarters of which everything known today was known at the assessment's instant.
INSERT INTO derived.rollup
SELECT (SELECT coalesce(max(version), 0) FROM derived.rollup) + row_number() OVER (ORDER BY t),
       $plan_hash, $formula_hash, period, fingerprint, digest
FROM attain_digest
WHERE version IS NULL AND former_version IS NULL AND is_present
