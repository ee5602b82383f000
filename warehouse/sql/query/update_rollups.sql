-- The roll-ups just brought up to date are now those of what is known today.
UPDATE derived.rollup SET fingerprint = d.fingerprint, digest = d.digest
FROM attain_digest d
WHERE rollup.version = d.former_version AND d.version IS NULL AND d.is_present
