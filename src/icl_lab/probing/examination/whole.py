"""All that can be looked at in a network, whatever its task; what does not apply is said in a line."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.core.prompts import PromptBatch
from icl_lab.core.records import Record
from icl_lab.core.streams import Stream
from icl_lab.evaluation.errors import evaluation_mode, measured
from icl_lab.evaluation.statistics import mean_error_interval, resample
from icl_lab.models.network import Network
from icl_lab.probing.examination.changed import changed_rows
from icl_lab.probing.examination.depth import depth_rows
from icl_lab.probing.examination.probed import probe_rows
from icl_lab.probing.examination.rows import Subject
from icl_lab.probing.examination.spec import ProbeSpec
from icl_lab.probing.examination.telling import Told, nobody, within
from icl_lab.probing.layers import decoded, stream_after
from icl_lab.probing.questions import can_be_asked
from icl_lab.tasks.base import Task
from icl_lab.tasks.parts.objectives import SquaredError

DEPTH, PROBES, CHANGES = 10.0, 28.0, 18.0
"""About how long each part takes, for whoever waits: seconds for eight blocks (`benchmarks/probing.py`)."""


def applies(task: Task) -> str:
    """What can be looked at on a task and what not, in a sentence; empty where everything can.

    >>> from icl_lab.tasks.linear_regression import LinearRegression
    >>> applies(LinearRegression())
    ''
    """
    if _reads_its_own_output(task):
        return (
            f"the answers of {task.spec_name()} come after the model has read its own output, which only the last "
            "block has: no block is read off, what applies is changes to activations"
        )
    if not can_be_asked(task):
        return (
            f"{task.spec_name()} has no pairs of an x and a number: what applies is the read-out of every block and "
            "changes to activations"
        )
    if not isinstance(task.objective, SquaredError):
        return (
            f"the labels of {task.spec_name()} are classes: read-out, probes and changes to activations apply, methods "
            "for numbers do not"
        )
    return ""


def _reads_its_own_output(task: Task) -> bool:
    branches = task.asked(task.sample(Stream(0).child("layout"), step=0, batch=1)).branches
    return branches is not None and branches.feed_back > 0


def examine(network: Network, subject: Subject, spec: ProbeSpec, told: Told = nobody) -> Iterator[Record]:
    """Rows about everything that applies, `examination/depth.py`, `probed.py` and `changed.py` say which.

    Args:
        network: On the CPU; it is as it was afterwards.
        subject: What it is.
        spec: How closely it is looked at.
        told: How far it has come, from 0 to 1.
    """
    asked = can_be_asked(subject.task)
    ends = np.cumsum([0.0, *_work(subject.task, spec)]) / relative_work(subject.task, spec)
    depth, probes, changes = (within(told, *map(float, stretch)) for stretch in pairwise(ends))
    with evaluation_mode(network):
        if asked:
            yield from depth_rows(network, subject, spec, depth)
            if spec.probed:
                yield from probe_rows(network, subject, spec, told=probes)
        else:
            yield from plain_rows(network, subject, spec)
        if spec.prompts:
            yield from changed_rows(network, subject, spec, changes)
    told(1.0)


def relative_work(task: Task, spec: ProbeSpec) -> float:
    """About how long an examination takes, against another one of a network of the same size."""
    return sum(_work(task, spec))


def _work(task: Task, spec: ProbeSpec) -> tuple[float, float, float]:
    return DEPTH, PROBES if spec.probed and can_be_asked(task) else 0.0, CHANGES if spec.prompts else 0.0


def plain_rows(network: Network, subject: Subject, spec: ProbeSpec) -> Iterator[Record]:
    """`layer_plain_error`: the mean error over all that prompts score, of what the read-out makes of every block."""
    task = subject.task
    prompts = task.asked(task.sample(spec.stream("questions"), 0, spec.functions))
    if prompts.branches is not None and prompts.branches.feed_back:
        return  # what is read again is the output of the last block
    weights = resample(prompts.batch, spec.stream("bootstrap").generator())
    for block, outputs in enumerate(_at_every_block(network, prompts)):
        predictions = outputs[..., 0] if task.d_output == 1 else outputs
        errors = measured(task, predictions.double(), prompts, who=network.label)
        interval = mean_error_interval(np.asarray(errors), weights)
        number = (float(interval.value), float(interval.low), float(interval.high))
        yield subject.row("layer_plain_error", number, num=prompts.batch, block=block)


def _at_every_block(network: Network, prompts: PromptBatch) -> Float[Tensor, "blocks b l o"]:
    if prompts.branches is None:
        return decoded(network, stream_after(network, prompts.tokens)[:, :, prompts.queries])
    state, found = network.initial_state(prompts.batch), []
    for i, start in enumerate(prompts.branches.starts.tolist()):
        if start > state.position:
            with torch.no_grad():
                _, state = network.extend(prompts.tokens[:, state.position : start], state)
        found.append(stream_after(network, prompts.branches.tokens[:, i, None], state)[:, :, 0])
    return decoded(network, torch.stack(found, dim=2))
