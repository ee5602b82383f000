-- Temp table projection: the lines of warehouse.projecting, one row a series and origin (and quarter read off).
CREATE OR REPLACE TEMP TABLE projection AS
SELECT series::INTEGER AS series, origin::INTEGER AS origin, t_to::INTEGER AS t_to, points::INTEGER AS points,
       slope::DOUBLE AS slope, projected::DOUBLE AS projected, projected_low::DOUBLE AS projected_low, projected_high::DOUBLE AS projected_high
FROM projection_arrays
