"""How long a training run will take: a few steps are tried once, and the answer is kept beside the runs.

Runs that differ in nothing but their seed share it. It is an estimate for whoever waits; no result depends on it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch

from icl_lab.core.bounds import Count, NonNegative
from icl_lab.core.errors import UserError
from icl_lab.core.files import read_json, write_json
from icl_lab.core.specs import Spec
from icl_lab.training.budgets.base import Lengths
from icl_lab.training.loop import Trainer
from icl_lab.training.spec import RunSpec

FOLDER = ".paces"
STEPS = 3  # the first ones load libraries and fill caches; the last one counts


@dataclass(frozen=True, kw_only=True)
class Pace(Spec):
    """What the steps of a run cost on one thread.

    Args:
        seconds_per_example: A step's time over the examples in each of its prompts.
        total_steps: Optimiser steps of the whole run.
    """

    seconds_per_example: NonNegative
    total_steps: Count

    def seconds(self, run: RunSpec) -> float:
        """Of the whole run."""
        return self.seconds_per_example * examples_within(run, self.total_steps)


def pace_of(run: RunSpec, folder: Path) -> Pace:
    """The pace of a run, measured where nobody has done so yet.

    Args:
        run: The run.
        folder: Its folder; the answer is kept beside it.
    """
    known = known_pace(run, folder)
    if known is None:
        known = measured_pace(run)
        write_json(_path(run, folder), known.to_json())
    return known


def known_pace(run: RunSpec, folder: Path) -> Pace | None:
    """The pace of a run where it was measured before."""
    try:
        return Pace.from_json(read_json(_path(run, folder)))
    except UserError:  # there is none, or none that can be read; it can be measured again
        return None


def measured_pace(run: RunSpec) -> Pace:
    """Take a few steps of a run and throw them away."""
    with _one_thread():
        steps = Trainer(run).steps()
        *_, last = (result for result, _ in zip(steps, range(STEPS), strict=False))
    return Pace(seconds_per_example=last.seconds / lengths_of(run).at(last.step - 1), total_steps=last.total)


def lengths_of(run: RunSpec) -> Lengths:
    """Examples in a prompt at each step of a run."""
    curriculum = run.training.curriculum
    return Lengths(run.task.length, curriculum.length if curriculum else None)


def examples_within(run: RunSpec, steps: int) -> int:
    """Examples a prompt that a run sees in so many steps: what its time is taken to be proportional to."""
    lengths, done, examples = lengths_of(run), 0, 0
    while done < steps:
        grows = lengths.ramp is not None and lengths.ramp.increment and lengths.at(done) < lengths.ramp.end
        stage = lengths.ramp.interval - done % lengths.ramp.interval if lengths.ramp and grows else steps - done
        stage = min(stage, steps - done)
        examples += stage * lengths.at(done)
        done += stage
    return examples


def _path(run: RunSpec, folder: Path) -> Path:
    return folder.parent / FOLDER / f"{run.replace(seed=0).digest()}.json"


@contextmanager
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
