"""Tasks: one a file.

`inputs/` holds distributions of x, `queries/` ways to ask about other inputs than the next example's, `shifts/` changes
at evaluation; `layout.py` turns examples into tokens, `objectives.py` judges predictions.
"""
