"""The cycle on many machines: slices of the drop folder judged side by side, one committer for the lake.

Belongs here: cutting the units into slices, judging one, loading what was judged, looking after the lake, and the
Prefect flows of these four. Does not: any rule of the reporting cycle (flows.steps), the lake itself (warehouse.lake).

    drop folder --slice 1..n--> staging (Parquet) --committer--> lake
"""
