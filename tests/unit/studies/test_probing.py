"""Looking inside the trainings of a part: once, with pages, and with rows that claims can be about."""

from dataclasses import replace
from pathlib import Path

import pytest

from icl_lab.comparisons.comparison import ComparisonSpec
from icl_lab.comparisons.comparison import Entry as Trained
from icl_lab.comparisons.recipes import training_at
from icl_lab.core.errors import UserError
from icl_lab.models.presets.mamba import Mamba
from icl_lab.probing.examination.spec import ProbeSpec
from icl_lab.report.data import Comparison, Entry
from icl_lab.report.probe_data import read_probe
from icl_lab.studies.base import Part
from icl_lab.studies.probing import load_trained, look_inside, probing_jobs, with_probing
from icl_lab.studies.quantities import Quantity, measure
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.training.run import run_folder, train_run

TASK = LinearRegression(dim=3, length=7)
SPEC = ProbeSpec(functions=8, scored=4, shown=(6,), probed=0, prompts=0)


def part() -> Part:
    model = Trained(model=Mamba(d_model=8, num_layers=1, recipe="grazzi"), training=training_at("smoke", TASK))
    comparison = ComparisonSpec(task=TASK, entries=(model,), baselines=(), scale="smoke", num_seeds=2, num_prompts=16)
    return Part(name="linear", title="", comparison=comparison, headline=(), probe=SPEC)


def test_the_trainings_of_a_part_are_looked_into_once_and_claims_read_what_was_found(tmp_path: Path) -> None:
    one = part()
    assert probing_jobs([one], tmp_path, tmp_path) == ()  # nothing is trained yet
    for run in one.comparison.runs():
        train_run(run, run_folder(tmp_path, run))
    (job,) = probing_jobs([one], tmp_path, tmp_path)
    job.execute(threads=1)
    assert probing_jobs([one], tmp_path, tmp_path) == ()
    closer = replace(one, probe=SPEC.replace(functions=12))
    assert len(probing_jobs([closer], tmp_path, tmp_path)) == 1
    assert (tmp_path / "linear" / "probing" / "mamba" / "index.html").is_file()
    (label,) = {row.label for row in read_probe(job.folder).networks}
    empty = Comparison(task=TASK.to_json(), metric=TASK.metric, predictors=(Entry(label=label, kind="model"),))
    found = {"linear": with_probing(empty, tmp_path / "linear")}
    scale = Quantity(part="linear", predictor="mamba", what="scale of the last block", first=6, last=6)
    estimates = measure(scale, found)
    assert [one.seed for one in estimates] == [0, 1]
    rows = found["linear"].rows("layer_scale")
    last = rows.filter((rows["block"] == 1) & (rows["shown"] == 6))
    assert [one.value for one in estimates] == last.sort("seed")["value"].to_list()
    for what in (
        "shift of the last block",
        "decades over depth",
        "straightness over depth",
        "steepest quarter",
        "flat depth",
    ):
        assert len(measure(Quantity(part="linear", predictor="mamba", what=what), found)) == 2
    assert measure(Quantity(part="linear", predictor="mamba", what="flat depth", first=9), found) == ()


def test_networks_of_several_tasks_are_not_compared(tmp_path: Path) -> None:
    runs = [run.replace(task=TASK.replace(dim=dim)) for run in part().comparison.runs()[:1] for dim in (2, 3)]
    for run in runs:
        train_run(run, run_folder(tmp_path, run))
    with pytest.raises(UserError, match="expected runs on one task, got linear_regression"):
        look_inside([load_trained(run_folder(tmp_path, run)) for run in runs], SPEC, tmp_path / "probe")
