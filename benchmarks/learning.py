"""Which mixers learn to learn? `python benchmarks/learning.py [--mixers rwkv7,mamba] [--markdown docs/mixers.md]`.

Two layers, each a mixer and an MLP, are trained on linear regression in 5 dimensions for a few hundred steps of the
small recipe, then asked on 1,280 held-out prompts; the averaging baseline and least squares read the same prompts.
What is trained already in the folder `--out` is not trained again, and an interrupted training goes on, so the whole
can be made in pieces.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from markdown import table, write_section

from icl_lab.api import baseline, learning_curve, model, task
from icl_lab.comparisons.recipes import training_at
from icl_lab.core.errors import UserError
from icl_lab.core.short_form import split
from icl_lab.evaluation.curves import Curves
from icl_lab.models.mixers.base import MIXERS
from icl_lab.models.network import Network, count_parameters
from icl_lab.training.budgets.steps import Steps
from icl_lab.training.run import run_folder, train_run
from icl_lab.training.spec import RunSpec

TASK = task("linear_regression", dim=5, length=21)
SHOWN = (10, TASK.length - 1)
AVERAGING, LEAST_SQUARES = baseline("averaging"), baseline("least_squares")
HEAD = ("mixer", "parameters", *(f"error at {shown}" for shown in SHOWN), "learns")


def run_of(mixer: str, chosen: argparse.Namespace) -> RunSpec:
    """Its training."""
    blocks = chosen.pattern.replace("MIXER", mixer)
    recipe = training_at("small", TASK).replace(budget=Steps(amount=chosen.steps))
    return RunSpec(task=TASK, model=model(blocks, d_model=chosen.d_model, positions="learned"), training=recipe)


def errors(curves: Curves, label: str) -> np.ndarray:
    """Squared errors, those of the zero predictor being 1 on average: (num_prompts, points)."""
    return curves.of(label)[0].values[:, SHOWN] / TASK.zero_error


def told(values: np.ndarray) -> list[str]:
    """Their means over prompts."""
    return [f"{value:.3f}" for value in values.mean(axis=0)]


def verdict(curves: Curves, label: str) -> str:
    """Whether it is better than averaging by more than two standard errors of the paired difference, at all points."""
    difference = errors(curves, AVERAGING.label) - errors(curves, label)
    certain = difference.mean(axis=0) - 2 * difference.std(axis=0) / len(difference) ** 0.5
    return "yes" if (certain > 0).all() else "no"


def row(mixer: str, network: Network) -> list[str]:
    """What a mixer has learned."""
    curves = learning_curve([network, AVERAGING], TASK)
    parameters = f"{count_parameters(network):,}"
    return [mixer, parameters, *told(errors(curves, network.label)), verdict(curves, network.label)]


def baseline_rows() -> list[list[str]]:
    """What the classical methods make of the same prompts."""
    curves = learning_curve([AVERAGING, LEAST_SQUARES], TASK)
    return [[label, "", *told(errors(curves, label)), ""] for label in curves.labels]


def main() -> None:
    """Train what is not trained yet, ask, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mixers", default="", help="as in a pattern, between commas; all by default")
    parser.add_argument("--pattern", default="(MIXER mlp)*2", help="the blocks")
    parser.add_argument("--d-model", type=int, default=64, help="width")
    parser.add_argument("--steps", type=int, default=800, help="optimiser steps")
    parser.add_argument("--threads", type=int, default=1, help="threads for PyTorch and the kernels")
    parser.add_argument("--out", type=Path, default=Path("results/learning"), help="keeps the runs")
    parser.add_argument("--markdown", type=Path, help="write the table into this file's section `learning`")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    rows = []
    for mixer in split(chosen.mixers) or MIXERS.names():
        spec = run_of(mixer, chosen)
        try:
            network = train_run(spec, run_folder(chosen.out, spec))
        except UserError as trouble:
            print(f"{mixer}: {trouble}", flush=True)
            continue
        rows.append(row(mixer, network))
        print("  ".join(rows[-1]), flush=True)
    lines = table(HEAD, [*sorted(rows, key=lambda cells: float(cells[2])), *baseline_rows()])
    print("\n" + "\n".join(lines))
    if chosen.markdown:
        write_section(chosen.markdown, "learning", lines)


if __name__ == "__main__":
    main()
