"""Comparisons: models and baselines on one task, trained, evaluated on the same prompts, and kept as rows.

`comparison.py` what is compared, as a value; `compare.py` carries it out, with `training_rows.py`, `published.py` and
`described.py`, what the page needs beside the rows; `recipes.py` the sizes and the training of each scale,
`differences.py` what they are not as at the paper scale; `matching.py` and `search.py` models of equal budgets.
"""
