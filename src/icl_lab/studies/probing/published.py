"""What is published about the inside of networks, as rows beside ours, and what of it is computed without any network.

Grazzi et al. 2024: figures 3, 4, 5 and 12 over depth, figure 3d over the iterates of descent, figure 11 over the gamma
of GD++.
"""

from collections.abc import Iterator
from typing import Any

from icl_lab.baselines.gd_plus_plus import GdPlusPlus
from icl_lab.baselines.gradient_descent import GradientDescent
from icl_lab.core.records import Record
from icl_lab.evaluation.statistics import mean_interval, resample
from icl_lab.probing.algorithms.descent import errors_of_damping, errors_of_iterates
from icl_lab.probing.examination.spec import ProbeSpec
from icl_lab.probing.questions import ask
from icl_lab.published.probing import has_published_gamma, published_depth, published_gamma
from icl_lab.report.probe.data import DAMPING, ITERATE, PUBLISHED_DAMPING, PUBLISHED_ITERATE
from icl_lab.tasks.base import Task

GAMMA_SHOWN = 40
"""Examples in the published figures of descent."""
DESCENTS = (GradientDescent(steps=23), GdPlusPlus(steps=23))
"""The methods of figure 3d; GD++ with the gamma of figure 11 is our default."""


def published_rows(task: Task, spec: ProbeSpec) -> Iterator[Record]:
    """Rows for a task of a published kind and size; none for others."""
    yield from _depth_rows(task, spec)
    yield from _iterate_rows(task, spec)
    yield from _damping_rows(task, spec)


def _depth_rows(task: Task, spec: ProbeSpec) -> Iterator[Record]:
    """Published curves for the numbers of examples that are asked about."""
    for curve in published_depth(task):
        # The two methods count steps, not layers, and have rows of their own; figure 4 repeats a curve of figure 3.
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


def _iterate_rows(task: Task, spec: ProbeSpec) -> Iterator[Record]:
    """Gradient descent and GD++ step by step, ours and published, where figure 3d is about the task."""
    published = {curve.predictor: curve for curve in published_depth(task)}
    for method in DESCENTS:
        curve = published.get(method.spec_name())
        if curve is None or curve.shown not in spec.shown_on(task.length):
            continue
        common: dict[str, Any] = {"predictor": method.spec_name(), "task": task.spec_name(), "shown": curve.shown}
        for step, value, low, high in zip(curve.layer, curve.value, curve.low, curve.high, strict=True):
            number = {"value": float(value), "low": float(low), "high": float(high)}
            yield Record(run="published", metric=PUBLISHED_ITERATE, block=int(step), **{**common, **number})
        stream = spec.stream("iterates")
        questions = ask(task, shown=curve.shown, queries=spec.scored, functions=spec.functions, stream=stream)
        errors = errors_of_iterates(questions, curve.shown, method).numpy()
        interval = mean_interval(errors, resample(spec.functions, spec.stream("iterates bootstrap").generator()))
        for step in range(errors.shape[1]):
            value, low, high = interval.at(step)
            number = {"value": float(value), "low": float(low), "high": float(high)}
            at: dict[str, Any] = {**common, **number, "block": step, "num_prompts": spec.functions}
            yield Record(run=method.spec_name(), metric=ITERATE, **at)


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
