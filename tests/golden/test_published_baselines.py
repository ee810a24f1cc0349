"""Our baselines on our prompts reproduce the published curves (Grazzi et al. 2024, figures 1a, 2a, 2c and 8).

They need no training, so they prove the samplers, the prompts, the baselines and the normalisers together. The
published curves are means over 1,280 prompts; we draw fewer and say by how much a right implementation may be off.
"""

import csv
from itertools import groupby
from pathlib import Path

import pytest
import torch

from icl_lab.baselines.base import BASELINES
from icl_lab.core.streams import Stream
from icl_lab.tasks.base import TASKS

PROMPTS = 384
PUBLISHED_PROMPTS = 1280
DIM = 20  # every published error is divided by it, whatever the task
READ_OFF = 2e-6  # of the values, from the vector graphics

Rows = list[dict[str, str]]


def curves() -> dict[str, Rows]:
    lines = (Path(__file__).parent / "grazzi2024_baselines.csv").read_text().splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    groups = groupby(rows, key=lambda row: " ".join(row[c] for c in ("figure", "baseline", "setting", "value")).strip())
    return {name: list(group) for name, group in groups}


def test_the_defaults_are_the_published_settings() -> None:
    assert BASELINES.get("lasso")().to_json()["strength"] == 0.01
    assert BASELINES.get("nearest_neighbours")().to_json()["neighbours"] == 3
    assert BASELINES.get("decision_tree")().to_json()["max_depth"] == 4


@pytest.mark.parametrize("rows", curves().values(), ids=curves().keys())
def test_a_published_curve_is_reproduced(rows: Rows) -> None:
    shown = [int(row["shown"]) for row in rows]
    low, mean, high = (torch.tensor([float(row[c]) for row in rows]).double() for c in ("low", "mean", "high"))
    task = TASKS.get(rows[0]["task"])(dim=DIM, length=max(shown) + 1)
    baseline = BASELINES.get(rows[0]["baseline"])()
    if rows[0]["setting"]:
        baseline = baseline.override({rows[0]["setting"]: rows[0]["value"]})
    prompts = task.sample(Stream(0, ("golden",)), 0, PROMPTS)
    errors = (baseline.predict(prompts, shown) - prompts.targets[:, shown]).square() / DIM

    # Each point: in the published band, give or take 4 standard errors of ours. Of some 100 points, heavy-tailed ones
    # among them, fewer than one in a hundred right implementations would see one outside.
    error = errors.std(0) / PROMPTS**0.5
    assert (errors.mean(0) > low - 4 * error - READ_OFF).all()
    assert (errors.mean(0) < high + 4 * error + READ_OFF).all()

    # The whole curve: the mean over its points has a smaller error, and so sees smaller faults. Ours and the published
    # one are independent means over different numbers of prompts of the same population.
    whole = errors.mean(1)
    published = PUBLISHED_PROMPTS * int(rows[0]["curves"])
    error_of_difference = whole.std() * (1 / PROMPTS + 1 / published) ** 0.5
    assert abs(whole.mean() - mean.mean()) < 3.5 * error_of_difference + READ_OFF
