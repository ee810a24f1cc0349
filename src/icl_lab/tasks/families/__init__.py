"""Families: what several tasks have in common, one family a file; none of them is a task itself."""
