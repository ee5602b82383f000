-- Forgets the roll-ups that are about to be replaced, and those of another plan or other formulas.
DELETE FROM derived.rollup
WHERE plan_hash <> $plan_hash OR formula_hash <> $formula_hash
    OR period IN (SELECT period FROM attain_digest WHERE version IS NULL AND former_version IS NULL AND is_present)
