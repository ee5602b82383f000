-- Which directory entry it was (place, times, size): tells a file left in a read-only folder from one dropped again.
ALTER TABLE arrival ADD COLUMN entry VARCHAR;
