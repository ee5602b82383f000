-- Temp table site_rank: what mart.unit_rank says of attainment; a statement of its own, since both views in one need twice the memory.
CREATE OR REPLACE TEMP TABLE site_rank AS SELECT period, unit, attainment_pct, figures, attainment_rank FROM mart.unit_rank
