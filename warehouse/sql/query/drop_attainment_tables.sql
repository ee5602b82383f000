-- Removes the temporary tables of an assessment.
DROP VIEW IF EXISTS temp.attain_series;
DROP TABLE IF EXISTS temp.attain_target;
DROP TABLE IF EXISTS temp.attain_quarter; DROP TABLE IF EXISTS temp.attain_fresh; DROP TABLE IF EXISTS temp.attain_digest;
DROP TABLE IF EXISTS temp.attain_share; DROP TABLE IF EXISTS temp.attain_path;
DROP TABLE IF EXISTS temp.projection; DROP TABLE IF EXISTS temp.attain_result; DROP TABLE IF EXISTS temp.attain_affected; DROP TABLE IF EXISTS temp.attain_former
