"""What predictors are worth, on the same held-out prompts: curves, intervals, scores, shifts and cost.

`prompts.py` held-out prompts; `points.py` which points of a curve are asked and told apart; `errors.py` one predictor
on them; `curves.py` all predictors; `shifts.py` other prompts than in training, longer ones too; `statistics.py`
intervals over prompts and over trainings; `scores.py` what a comparison reports, as records, on `rows.py` and
`pairs.py`; `joining/` rows of trainings that were measured earlier, with those of now; `state_norm.py` the state along
a prompt; `cost.py` parameters, state, FLOPs and time.
"""
