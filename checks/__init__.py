"""What acceptable data is: suites built from the register, findings."""
