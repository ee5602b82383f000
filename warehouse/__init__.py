"""What is known: reading files into rows, the DuckDB store, facts, attainment."""
