-- Temp table site_rate: reporting of every unit in every period, worked out once for all the site asks of it.
CREATE OR REPLACE TEMP TABLE site_rate AS FROM mart.reporting_rate
