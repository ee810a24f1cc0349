"""Tasks: one function class a file. `inputs/` holds distributions of x, `layout.py` turns examples into tokens."""
