"""What a question at the command line is answered with: listings, explanations, scored tables, exported files.

Belongs here: reading the snapshot and wording the answer. Does not: changing anything, options and exit codes (flows.cli).
"""
