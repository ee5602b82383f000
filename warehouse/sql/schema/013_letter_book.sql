-- Where a letter's bytes lie in the letter book; letters of before lie in eml.
ALTER TABLE mail ALTER COLUMN eml DROP NOT NULL;
ALTER TABLE mail ADD COLUMN letter_file VARCHAR;
ALTER TABLE mail ADD COLUMN letter_at BIGINT;
ALTER TABLE mail ADD COLUMN letter_size BIGINT;
ALTER TABLE mail ADD COLUMN letter_sha256 VARCHAR;
