"""Which algorithm is it? Distances between what a model says and what classical methods say of the same examples.

`families.py` the methods, in families with settings; `answers.py` what each of them answers; `likeness.py` distances
and the nearest method, with intervals; `implied.py` the weights that a model's answers imply.
"""
