"""Tasks: one a file.

`inputs/` holds distributions of x, `queries/` ways to ask about other inputs than the next example's, `shifts/` changes
at evaluation. `families/` holds what several tasks have in common, `parts/` what tasks are put together from: how
examples become tokens, how predictions are judged.
"""
