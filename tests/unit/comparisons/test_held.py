"""Rows of an earlier occasion are joined only where they are about the same prompts."""

from pathlib import Path

import pytest

from icl_lab.baselines.averaging import Averaging
from icl_lab.baselines.least_squares import LeastSquares
from icl_lab.comparisons.compare import run_comparison
from icl_lab.comparisons.comparison import ComparisonSpec, Entry
from icl_lab.comparisons.recipes import training_at
from icl_lab.core.errors import UserError
from icl_lab.models.presets.mamba import Mamba
from icl_lab.report.comparison.folder import RECORDS, read_comparison
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.shifts.noisy_labels import NoisyLabels

TASK = LinearRegression(dim=3, length=7)


def compared(**changes: object) -> ComparisonSpec:
    model = Entry(model=Mamba(d_model=8, num_layers=1, recipe="grazzi"), training=training_at("smoke", TASK))
    spec = ComparisonSpec(task=TASK, entries=(model,), baselines=(LeastSquares(),), num_prompts=16, longest=1.0)
    return spec.replace(**changes)


def test_a_second_training_is_joined_with_the_rows_of_the_first(tmp_path: Path) -> None:
    out, whole = tmp_path / "out", tmp_path / "whole"
    spec = compared(num_seeds=2)
    run_comparison(spec, whole)
    run_comparison(compared(), out, runs=whole)
    gone = {spec.runs()[0].digest()}
    run_comparison(spec, out, runs=tmp_path, gone=gone)  # the first is not trained again
    assert not (tmp_path / "runs" / gone.pop()).exists()
    found, expected = read_comparison(out), read_comparison(whole)
    assert found.settings == expected.settings
    assert found.seeds == (0, 1)
    for metric in ("squared_error_over_dim", "squared_error_over_dim_over_seeds", "training_seconds", "parameters"):
        assert len(found.rows(metric)) == len(expected.rows(metric)) > 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"num_prompts": 17}, "expected rows with .*17.*, got .*16"),
        ({"baselines": (Averaging(),)}, "rows of averaging on the prompts of now, and it has others or none"),
        ({"baselines": (), "shifts": (NoisyLabels(),)}, "rows of the zero predictor under noisy_labels on the prompts"),
    ],
)
def test_rows_of_other_prompts_are_refused_and_kept(tmp_path: Path, changes: dict, said: str) -> None:
    run_comparison(compared(), tmp_path)
    gone, before = {compared().runs()[0].digest()}, (tmp_path / RECORDS).read_bytes()
    with pytest.raises(UserError, match=said):
        run_comparison(compared(num_seeds=2, **changes), tmp_path, gone=gone)
    assert (tmp_path / RECORDS).read_bytes() == before


def test_rows_that_are_not_there_are_asked_for(tmp_path: Path) -> None:
    run_comparison(compared(), tmp_path)
    second = compared(num_seeds=2).runs()[1].digest()
    with pytest.raises(UserError, match=f"expected rows of the trainings {second}, which are gone"):
        run_comparison(compared(num_seeds=2), tmp_path, gone={second})
