"""What is published about the inside of networks, as rows beside ours, and what of it is computed without any network.

Grazzi et al. 2024: figures 3, 4, 5 and 12 over depth, figure 11 over the gamma of GD++.
"""

from collections.abc import Iterator
from typing import Any

from icl_lab.baselines.gd_plus_plus import GdPlusPlus
from icl_lab.core.records import Record
from icl_lab.evaluation.statistics import mean_interval, resample
from icl_lab.probing.algorithms.damping import errors_of_damping
from icl_lab.probing.examination.spec import ProbeSpec
from icl_lab.probing.questions import ask
from icl_lab.published.probing import has_published_gamma, published_depth, published_gamma
from icl_lab.report.probe.data import DAMPING, PUBLISHED_DAMPING
from icl_lab.tasks.base import Task

GAMMA_SHOWN = 40
"""Examples in the published figure of GD++ against gamma."""


def published_rows(task: Task, spec: ProbeSpec) -> Iterator[Record]:
    """Rows for a task of a published kind and size; none for others."""
    yield from _depth_rows(task, spec)
    yield from _damping_rows(task, spec)


def _depth_rows(task: Task, spec: ProbeSpec) -> Iterator[Record]:
    """Published curves for the numbers of examples that are asked about."""
    for curve in published_depth(task):
        # The two methods count iterations, not layers, and figure 4 repeats a curve of figure 3.
        again = curve.figure.startswith("4") and curve.shown == 40
        if again or curve.predictor not in ("mamba", "transformer"):
            continue
        if curve.shown not in spec.shown_on(task.length):
            continue
        common: dict[str, Any] = {"run": "published", "predictor": curve.predictor, "task": task.spec_name()}
        common |= {"shown": curve.shown, "about": curve.figure}
        if curve.quantity == "error":
            yield Record(metric="published_layers", value=float(len(curve.layer)), **common)
        for layer, value, low, high in zip(curve.layer, curve.value, curve.low, curve.high, strict=True):
            number = {"value": float(value), "low": float(low), "high": float(high)}
            yield Record(metric=f"published_layer_{curve.quantity}", block=int(layer), **{**common, **number})


def _damping_rows(task: Task, spec: ProbeSpec) -> Iterator[Record]:
    """GD++ after 24 steps against its gamma, ours and published, where figure 11 is about the task."""
    if not has_published_gamma(task):
        return
    common: dict[str, Any] = {"predictor": GdPlusPlus.spec_name(), "task": task.spec_name(), "shown": GAMMA_SHOWN}
    points, errors = published_gamma()
    for gamma, error in zip(points.tolist(), errors.tolist(), strict=True):
        yield Record(run="published", metric=PUBLISHED_DAMPING, value=error, about=str(gamma), **common)
    gammas = [0.0, *sorted(set(points.tolist()))]
    questions = ask(
        task, shown=GAMMA_SHOWN, queries=spec.scored, functions=spec.functions, stream=spec.stream("damping")
    )
    ours = errors_of_damping(questions, GAMMA_SHOWN, gammas).numpy()
    interval = mean_interval(ours, resample(spec.functions, spec.stream("damping bootstrap").generator()))
    for place, gamma in enumerate(gammas):
        value, low, high = interval.at(place)
        number = {"value": float(value), "low": float(low), "high": float(high)}
        at: dict[str, Any] = {**common, **number, "about": str(gamma), "num_prompts": spec.functions}
        yield Record(run=GdPlusPlus.spec_name(), metric=DAMPING, **at)
