"""Learning-rate schedules, one a file; the file's stem is the registered name."""
