"""What is read off every block, and which method it is nearest to, after any number of examples.

    layer_plain_error                  error of the read-out as it is; of a block
    layer_error                        the same with scale and shift; of a block
    layer_scale, layer_shift           their means over functions
    layer_decades, layer_straightness, layer_steepest_quarter, layer_flat_until
                                       shapes of the error over depth; see `readout/curves.py`
    distance, similarity, weight_distance    to a method, `about` its family; of a block
    steps_distance                     to a method after so many steps, `about` its family and their number, as in
                                       `"GD++: 4"`; with the settings nearest on the first half of the functions
    nearest, nearest_share             distance to the nearest method, `about` it in words; the share of resamples in
                                       which it is the nearest or within 1% of it
    nearest_family                     the same distance, `about` its family
    as_near                            distance to others that are not told apart from it
    even_share                         part of the answers along the axes that no linear function has
    axes_outside                       how many times as far out as inputs these axes lie; of no block

A block answers with one scale and one shift for all functions, the last one as it is; see `readout/calibration.py`.
Intervals are over functions. Where labels are classes there is `layer_plain_error` alone: a scale changes no class, and
a shift fitted to ten labels moves the border between two of them at random; the error is to be compared with chance.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.baselines.base import ExampleBaseline
from icl_lab.baselines.parts.iterations import IterativeBaseline
from icl_lab.core.records import Record
from icl_lab.evaluation.statistics import LEVEL, Weights, mean_interval, resample
from icl_lab.models.network import Network
from icl_lab.probing.algorithms.answers import answers
from icl_lab.probing.algorithms.families import words
from icl_lab.probing.algorithms.implied import axis_queries, implied_weights, length, outside
from icl_lab.probing.algorithms.likeness import Match, halves, matches, nearest
from icl_lab.probing.examination.rows import Subject
from icl_lab.probing.examination.spec import ProbeSpec
from icl_lab.probing.examination.telling import Told, nobody
from icl_lab.probing.layers import decoded, streams_at_queries
from icl_lab.probing.questions import Questions, ask
from icl_lab.probing.readout.calibration import NUM_FITTED
from icl_lab.probing.readout.curves import Readout, decades, flat_until, read_off, steepest_quarter, straightness
from icl_lab.tasks.parts.objectives import SquaredError

SHAPES: dict[str, Callable[[Float[np.ndarray, "curves blocks"]], Float[np.ndarray, " curves"]]] = {
    "layer_decades": decades,
    "layer_straightness": straightness,
    "layer_steepest_quarter": steepest_quarter,
    "layer_flat_until": flat_until,
}


def depth_rows(network: Network, subject: Subject, spec: ProbeSpec, told: Told = nobody) -> Iterator[Record]:
    """Rows on read-out and likeness.

    Args:
        network: On the CPU, in evaluation mode.
        subject: What it is; its task has examples that more can be asked about.
        spec: How closely it is looked at.
        told: How far it has come, from 0 to 1.
    """
    shown = spec.shown_on(subject.task.length)
    questions = ask(
        subject.task, shown=shown[-1], queries=spec.queries, functions=spec.functions, stream=spec.stream("questions")
    )
    axes = axis_queries(questions)
    both = replace(
        questions.asking(torch.cat([questions.queries, axes], dim=1)),
        answers=torch.cat([questions.answers, torch.full_like(axes[..., 0], torch.nan)], dim=1),
    )
    bootstrap = spec.stream("bootstrap").generator()
    weights = resample(spec.functions, bootstrap)
    counting = resample(len(range(*halves(spec.functions)[1].indices(spec.functions))), bootstrap)
    out = outside(questions)
    if isinstance(subject.task.objective, SquaredError) and not np.isnan(out):
        yield subject.row("axes_outside", out, num=spec.functions)
    for place, (k, stream) in enumerate(streams_at_queries(network, both, shown), start=1):
        readout = read_off(network, questions, k, stream[:, :, : spec.queries], spec.fitted if k > 1 else "queries")
        yield from _readout_rows(readout, subject, weights)
        if isinstance(subject.task.objective, SquaredError):
            along = decoded(network, stream[:, :, spec.queries :])[..., 0]
            yield from likeness_rows(readout, along, questions, subject, counting)
        told(place / len(shown))


def _readout_rows(readout: Readout, subject: Subject, weights: Weights) -> Iterator[Record]:
    num, shown = weights.shape[1], readout.shown
    plain = mean_interval(readout.plain_errors.T.numpy().astype(float), weights)
    yield from subject.rows("layer_plain_error", plain, num=num, shown=shown)
    if not isinstance(subject.task.objective, SquaredError):
        return
    errors = readout.errors.T.numpy()
    for metric, values in (
        ("layer_error", errors),
        ("layer_scale", readout.calibration.scale.T.numpy()),
        ("layer_shift", readout.calibration.shift.T.numpy()),
    ):
        yield from subject.rows(metric, mean_interval(values.astype(float), weights), num=num, shown=shown)
    if errors.shape[1] > 1:
        resampled = weights @ errors / weights.sum(1, keepdims=True)
        for metric, shape in SHAPES.items():
            ends = np.quantile(shape(resampled), [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
            value = float(shape(errors.mean(0, keepdims=True))[0])
            yield subject.row(metric, (value, float(ends[0]), float(ends[1])), num=num, shown=shown)


def likeness_rows(
    readout: Readout, along: Float[Tensor, "l f axes"], questions: Questions, subject: Subject, weights: Weights
) -> Iterator[Record]:
    """Rows on likeness after one number of examples.

    Args:
        readout: What was read off at the queries that are scored.
        along: What was read off at `axis_queries`.
        questions: All queries, those of the fit first.
        subject: What is looked at.
        weights: Bootstrap weights of the functions that count.
    """
    shown, num, objective = readout.shown, weights.shape[1], readout.objective
    assert isinstance(objective, SquaredError)
    implied = implied_weights(readout.answering(along.double()), length(questions))
    scored = replace(questions, queries=questions.queries[:, NUM_FITTED:], answers=questions.answers[:, NUM_FITTED:])
    methods = answers(scored, shown)
    for block, predictions in enumerate(readout.answered):
        found = matches(predictions, readout.answers, methods, objective.normaliser, weights, implied.weights[block])
        for one in found:
            about: dict[str, Any] = {"shown": shown, "block": block, "about": one.family.name}
            yield subject.row("distance", one.distance, num=num, **about)
            if one.weights is not None:
                yield subject.row("weight_distance", one.weights, num=num, **about)
            if not np.isnan(one.similarity):
                yield subject.row("similarity", one.similarity, num=num, **about)
            yield from steps_rows(one, subject, num, shown, block)
        verdict = nearest(found, weights)
        about = {"shown": shown, "block": block, "about": words(verdict.match.member)}
        yield subject.row("nearest", verdict.match.distance, num=num, **about)
        yield subject.row("nearest_share", verdict.share, num=num, **about)
        family = {**about, "about": verdict.match.family.name}
        yield subject.row("nearest_family", verdict.match.distance, num=num, **family)
        for near in verdict.as_near:
            yield subject.row("as_near", near.distance, num=num, **{**about, "about": words(near.member)})
        yield subject.row("even_share", float(implied.even[block]), num=num, shown=shown, block=block)


def steps_rows(one: Match, subject: Subject, num: int, shown: int, block: int) -> Iterator[Record]:
    """Rows on the distance to a family after each number of steps that a picture shows."""
    for steps in one.family.shown:
        alike = [i for i, member in enumerate(one.family.members) if _steps_of(member) == steps]
        chosen = min(alike, key=lambda i: float(one.on_first[i]))
        at: dict[str, Any] = {"shown": shown, "block": block, "about": f"{one.family.name}: {steps}"}
        yield subject.row("steps_distance", float(one.by_member[chosen]), num=num, **at)


def _steps_of(member: ExampleBaseline) -> int | None:
    return member.steps if isinstance(member, IterativeBaseline) else None
