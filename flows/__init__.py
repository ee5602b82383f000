"""The edge: command line, Prefect, drop folder, mail delivery, clock, environment."""
