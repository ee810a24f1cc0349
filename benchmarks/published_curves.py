"""Our training-free curves against the published ones, at the published size: `python benchmarks/published_curves.py`.

Figures 1, 2, 8 and 9 of Grazzi et al. 2024 hold 28 curves of what is not trained, means over 1,280 prompts each. Every
one of them is computed anew on 1,280 prompts of ours (fewer prompts and positions where something is trained anew after
every example) and compared in standard errors of the difference.
"""

import argparse
import time
from dataclasses import dataclass

import numpy as np
import torch

from icl_lab.baselines.base import BASELINES, Baseline
from icl_lab.core.short_form import from_short
from icl_lab.core.streams import Stream
from icl_lab.evaluation.curves import held_out
from icl_lab.published.curves import NUM_PROMPTS, PublishedCurve, baseline_curves
from icl_lab.tasks.base import Task

READ_OFF = 2e-6  # of the published numbers, from the vector graphics
REFITTED = (1, 2, 5, 10, 20, 30, 50, 100, 200, 300, 400, 499)


@dataclass(frozen=True)
class Comparison:
    """Ours beside the published curve, at the positions compared.

    Args:
        inside: Positions at which our mean lies in the published band.
        largest: Largest deviation from the published mean, in standard errors of the difference.
        where: Examples shown there.
        mean: Mean deviation over the positions, in the same unit.
    """

    positions: int
    inside: int
    largest: float
    where: int
    mean: float


def errors_of(baseline: Baseline, task: Task, shown: list[int], num_prompts: int) -> np.ndarray:
    """Errors of a baseline on held-out prompts at some positions, `(num_prompts, positions)`."""
    parts = []
    for prompts in held_out(task, num_prompts=num_prompts, stream=Stream(0, ("published",)), batch=64):
        predictions = torch.zeros(prompts.batch, prompts.length, dtype=torch.float64)
        predictions[:, shown] = baseline.predict(prompts, shown)
        parts.append(task.error(predictions, prompts)[:, shown])
    return torch.cat(parts).numpy()


def compared(errors: np.ndarray, curve: PublishedCurve, shown: list[int]) -> Comparison:
    """Our mean errors against the published ones.

    Both are means over prompts of one population. Its deviation is the larger of two estimates: a sample that misses
    the tail of the errors is too low and too sure of itself.
    """
    at = np.isin(curve.shown, shown)
    ours, repeated = errors.mean(0), NUM_PROMPTS * curve.runs
    spread = np.maximum(errors.std(0, ddof=1), curve.standard_error[at] * repeated**0.5)
    error = spread * (1 / len(errors) + 1 / repeated) ** 0.5
    slack = READ_OFF * curve.factor
    inside = (ours >= curve.low[at] - slack) & (ours <= curve.high[at] + slack)
    z = (ours - curve.value[at]) / np.hypot(error, slack)
    largest = int(np.abs(z).argmax())
    return Comparison(len(shown), int(inside.sum()), float(z[largest]), shown[largest], float(z.mean()))


def main() -> None:
    """Compare every curve and print a line for each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--prompts", type=int, default=1280, help="held-out prompts")
    parser.add_argument("--refit-prompts", type=int, default=256, help="for what is trained anew after every example")
    parser.add_argument("--only", default="", help="figures whose name begins with this")
    options = parser.parse_args()
    print(f"{'figure':<7}{'predictor':<30}{'prompts':>8}{'in the band':>14}{'largest':>9} {'at':<5}{'mean':>6}{'s':>8}")
    for task, curve in baseline_curves():
        if not curve.figure.startswith(options.only):
            continue
        baseline = from_short(BASELINES, curve.label)
        shown = [i for i in curve.shown.tolist() if not baseline.refits or i in REFITTED]
        num_prompts = options.refit_prompts if baseline.refits else options.prompts
        began = time.perf_counter()
        found = compared(errors_of(baseline, task, shown, num_prompts), curve, shown)
        took = time.perf_counter() - began
        print(
            f"{curve.figure:<7}{curve.label:<30}{num_prompts:>8}{found.inside:>8} / {found.positions:<4}"
            f"{found.largest:>8.1f} {found.where:<5}{found.mean:>6.2f}{took:>8.1f}",
            flush=True,
        )


if __name__ == "__main__":
    main()
