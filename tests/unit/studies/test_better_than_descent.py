"""The claim on gradient descent is decided against baselines that read the same prompts."""

from dataclasses import replace

import polars as pl
import pytest

from icl_lab.core.records import SCHEMA
from icl_lab.evaluation.contrasts import contrast_run
from icl_lab.report.comparison.data import Comparison
from icl_lab.studies.grazzi.claims.inside import inside_claims
from icl_lab.studies.grazzi.plans import DESCENTS, MODELS

from .found_rows import part

SHOWN = 40
WIDE = [[(0.4, 0.0, 0.9)] * (SHOWN + 1)]
"""Of everyone alike: only differences on the same prompts can tell."""


def found(difference: float) -> Comparison:
    comparison = part({**dict.fromkeys(MODELS, WIDE * 2), **dict.fromkeys(DESCENTS, WIDE)}, baselines=DESCENTS)
    rows = [
        dict.fromkeys(SCHEMA)
        | {"run": contrast_run(f"{model} - {descent}", (seed, 0)), "predictor": f"{model} - {descent}", "task": "t"}
        | {"metric": "paired_difference", "shift": ""}
        | {"seed": 0, "shown": SHOWN, "value": difference, "low": difference - 0.01, "high": difference + 0.01}
        for model in MODELS
        for seed in (0, 1)
        for descent in DESCENTS
    ]
    return replace(comparison, records=pl.concat([comparison.records, pl.DataFrame(rows, schema=SCHEMA)]))


@pytest.mark.parametrize(("difference", "outcome"), [(-0.05, "holds"), (0.05, "undecided"), (0.0, "undecided")])
def test_differences_on_the_same_prompts_decide_and_a_short_training_refutes_nothing(
    difference: float, outcome: str
) -> None:
    (claim,) = (one for one in inside_claims() if one.id == "better_than_descent")
    findings = [replace(one, premises=()).judge({"skewed": found(difference)}) for one in claim.statements]
    assert [one.outcome for one in findings] == [outcome] * (len(MODELS) * len(DESCENTS))
