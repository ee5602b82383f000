"""What is fixed before data arrives: the plan register, units, contacts, calendar, settings."""
