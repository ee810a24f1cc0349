"""What predictors are worth, on the same held-out prompts: curves, intervals, scores, extrapolation and cost.

`curves.py` errors of every predictor; `statistics.py` intervals over prompts and over trainings; `scores.py` what a
comparison reports, as records; `extrapolation.py` longer contexts than in training; `cost.py` parameters, state, FLOPs
and time.
"""
