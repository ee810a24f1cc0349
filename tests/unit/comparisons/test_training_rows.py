"""Thinned training curves: few points, and those that matter."""

from pathlib import Path

import polars as pl
import pytest

from icl_lab.comparisons.training_rows import POINTS, thinned, training_rows
from icl_lab.core.records import SCHEMA, Record, write_records
from icl_lab.models.presets.mamba import Mamba
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.training.run import run_folder
from icl_lab.training.spec import RunSpec


def curve(steps: int, every: int, held_out: int) -> list[Record]:
    """A loss equal to its step, half a second each, errors a thousandth of the step."""
    found = []
    for step in sorted({1, steps, *range(every, steps + 1, every), *range(held_out, steps + 1, held_out)}):
        values = {"loss": float(step), "smoothed_loss": 0.0, "seconds": 0.5 * step}
        if step % held_out == 0:
            values["held_out_err"] = step / 1000
        found += [Record(run="r", predictor="p", task="t", metric=m, value=v, step=step) for m, v in values.items()]
    return found


def frame(records: list[Record]) -> pl.DataFrame:
    return pl.DataFrame([vars(one) for one in records], schema=SCHEMA)


@pytest.mark.parametrize(("steps", "every", "held_out"), [(4000, 10, 100), (500, 10, 7), (37, 10, 100), (20, 1, 10)])
def test_there_are_few_points_and_the_last_step_is_one(steps: int, every: int, held_out: int) -> None:
    found = thinned(frame(curve(steps, every, held_out)), "held_out_err")
    assert found["step"].n_unique() <= POINTS
    assert found["step"].max() == steps
    assert set(found["metric"]) <= {"loss", "seconds", "held_out_err"}
    for metric in ("loss", "seconds"):
        assert found.filter(pl.col("metric") == metric)["step"].to_list() == sorted(set(found["step"]))


def test_every_error_of_the_small_scale_is_kept_with_its_seconds() -> None:
    found = thinned(frame(curve(4000, 10, 100)), "held_out_err")
    errors = found.filter(pl.col("metric") == "held_out_err")
    assert errors["step"].to_list() == list(range(100, 4001, 100))
    seconds = dict(found.filter(pl.col("metric") == "seconds").select("step", "value").iter_rows())
    assert all(seconds[step] == 0.5 * step for step in errors["step"])


def test_a_loss_is_the_mean_since_the_point_before() -> None:
    found = thinned(frame(curve(4000, 10, 50)), "held_out_err").filter(pl.col("metric") == "loss")
    points = found["step"].to_list()
    steps = [1, *range(10, 4001, 10)]
    for before, (step, value) in zip([0, *points], found.select("step", "value").iter_rows(), strict=False):
        inside = [one for one in steps if before < one <= step]
        assert value == pytest.approx(sum(inside) / len(inside))


def test_rows_have_the_label_of_the_comparison_and_the_whole_time(tmp_path: Path) -> None:
    run = RunSpec(task=LinearRegression(), model=Mamba())
    write_records(run_folder(tmp_path, run) / "records.jsonl", curve(300, 10, 100))
    for thin in (False, True):
        found = list(training_rows(run, "mine", tmp_path, thin=thin))
        assert {one.predictor for one in found} == {"mine"}
        assert [one.value for one in found if one.metric == "training_seconds"] == [150.0]
    assert list(training_rows(run.replace(seed=1), "mine", tmp_path, thin=True)) == []
