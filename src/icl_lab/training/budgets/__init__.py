"""Budgets, how long a run may train; one a file, the file's stem is the registered name."""
