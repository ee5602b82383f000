"""The warehouse of many machines: DuckLake, its catalog in PostgreSQL, its rows in Parquet on shared storage.

Belongs here: the address, attaching, the one-writer lock with its fence, the gate of submissions, staged batches,
nightly upkeep. Does not: any meaning of a table; the SQL is the same as for the single file.
"""
