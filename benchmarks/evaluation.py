"""Seconds of evaluations and of sampling: `python benchmarks/evaluation.py [--only short|sparse|long|sampling]`.

1,280 prompts, as both papers evaluate, with untrained weights: what is measured does not depend on them.

short: linear regression of 41 points, its baselines and a small Mamba.
sparse: sparse regression of 41 points, the Lasso at five strengths.
long: linear regression of 500 points, without and with every shift, its baselines and a small Mamba. One kind of
    prompts at a time with `--shift`: a part of its name, as in `--only long --shift orthants`; `no shift` is one, too.
sampling: a batch of 64 prompts of every task, beside a training step of a small Mamba on it.
"""

import statistics
import time
from collections.abc import Callable, Sequence

import torch
from measure import arguments, finish

from icl_lab.baselines.base import BASELINES, Baseline
from icl_lab.core.errors import UserError
from icl_lab.core.predictor import Predictor
from icl_lab.core.short_form import from_short
from icl_lab.core.streams import Stream
from icl_lab.evaluation.curves import learning_curve
from icl_lab.evaluation.errors import evaluate
from icl_lab.evaluation.prompts import held_out
from icl_lab.evaluation.shifts import applicable_shifts
from icl_lab.models.network import Network
from icl_lab.models.presets.mamba import Mamba
from icl_lab.tasks.base import TASKS, Task
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.sparse_linear_regression import SparseLinearRegression

STREAM = Stream(0, ("benchmark",))
STRENGTHS = (1.0, 0.1, 0.01, 0.001, 0.0001)
Figures = dict[str, float]


def small_mamba(task: Task) -> Network:
    """The small scale's Mamba with its first weights."""
    return Mamba().build(task, STREAM)


def baselines_of(task: Task) -> list[Baseline]:
    """What is compared by default."""
    return [from_short(BASELINES, text) for text in task.baselines]


def seconds(call: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began


def curves(name: str, predictors: Sequence[Predictor], task: Task) -> Figures:
    """Seconds of whole learning curves."""
    return {name: seconds(lambda: learning_curve(predictors, task))}


def short() -> Figures:
    """Linear regression of the published length."""
    task = LinearRegression()
    return curves("linear regression, 41 points (s)", [small_mamba(task), *baselines_of(task)], task)


def sparse() -> Figures:
    """The Lasso at the published strengths."""
    task = SparseLinearRegression()
    lassos = [from_short(BASELINES, f"lasso(strength={strength})") for strength in STRENGTHS]
    return curves("sparse regression, 41 points, five Lassos (s)", lassos, task)


def long(wanted: str) -> Figures:
    """The shifts whose name contains `wanted` at 500 points, predictor by predictor."""
    trained = LinearRegression(length=500)
    kinds = {"no shift": trained} | {shift.short(): shift.shifted(trained) for shift in applicable_shifts(trained)}
    figures: Figures = {}
    for name, task in kinds.items():
        if wanted not in name:
            continue
        parts = {
            predictor.label: seconds(
                lambda p=predictor, t=task: evaluate(p, t, held_out(t, num_prompts=1280, stream=STREAM))
            )
            for predictor in (small_mamba(trained), *baselines_of(task))
        }
        title = f"500 points, {name} (s)"
        figures[title] = sum(parts.values())
        print(
            f"{title}: {figures[title]:.1f} = " + " + ".join(f"{s:.1f} {label}" for label, s in parts.items()),
            flush=True,
        )
    if not figures:
        raise UserError(f"--shift: expected part of one of {', '.join(kinds)}, got {wanted!r}")
    figures["500 points, everything (s)"] = sum(figures.values())
    return figures


def sampling(rounds: int) -> Figures:
    """Milliseconds of sampling and its share of a training step, for every task."""
    figures: Figures = {}
    for name in TASKS.names():
        task = TASKS.get(name)()
        network = small_mamba(task)
        optimiser = torch.optim.AdamW(network.parameters())
        prompts = task.sample(STREAM, 0, 64)

        def step(task: Task = task, network: Network = network, optimiser: torch.optim.Optimizer = optimiser) -> None:
            optimiser.zero_grad()
            task.loss(network.predict(prompts), prompts).backward()  # noqa: B023 - called before the next round
            optimiser.step()

        draws = [seconds(lambda t=task, s=s: t.sample(STREAM, s, 64)) for s in range(5 * rounds)]
        steps = [seconds(step) for _ in range(rounds)]
        drawing, training = statistics.median(draws), statistics.median(steps)
        share = drawing / (drawing + training)
        print(f"{name:<32}{1e3 * drawing:>8.2f} ms of {1e3 * training:>7.1f} ms: {100 * share:>5.1f} %")
        figures[f"sampling {name} (ms)"] = 1e3 * drawing
    return figures


def main() -> None:
    """Run the sections that were asked for."""
    options = arguments(__doc__, shift="long: only prompts whose shift contains this")
    sections: dict[str, Callable[[], Figures]] = {
        "short": short,
        "sparse": sparse,
        "sampling": lambda: sampling(options.rounds),
        "long": lambda: long(options.shift),
    }
    figures: Figures = {}
    for name, section in sections.items():
        if options.only in name:
            figures |= section()
    if not figures:
        raise UserError(f"--only: expected part of one of {', '.join(sections)}, got {options.only!r}")
    finish([], figures, options.json)


if __name__ == "__main__":
    main()
