"""What a study costs before it is run: floating-point operations of its trainings, and the hours that they take.

Operations are counted, forward and backward, on networks of one and of two layers; every further layer adds what the
second did. Nothing is computed from a formula of an architecture.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from icl_lab.comparisons.recipes import model_at, steps_of
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.scales import Scale
from icl_lab.core.specs import digest
from icl_lab.core.streams import Stream
from icl_lab.evaluation.size import measure
from icl_lab.models.network import Network
from icl_lab.models.presets.base import Preset
from icl_lab.studies.base import Part
from icl_lab.tasks.base import Task
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.training.spec import RunSpec

PROBE_BATCH = 16


@dataclass(frozen=True)
class PartCost:
    """The cost of a part's trainings.

    Args:
        name: The part.
        trainings: How many there are.
        flops: Of all of them, forward and backward; a curriculum that shortens prompts makes them fewer.
    """

    name: str
    trainings: int
    flops: float


def costs_of(parts: Sequence[Part]) -> tuple[PartCost, ...]:
    """The cost of each part; a training that several parts share counts in the first of them only.

    Args:
        parts: Of a study at a scale.
    """
    counted: dict[str, int] = {}
    seen: set[str] = set()
    found = []
    for part in parts:
        runs = [run for run in part.comparison.runs() if run.digest() not in seen]
        seen |= {run.digest() for run in runs}
        found.append(PartCost(part.name, len(runs), float(sum(_run_flops(run, counted) for run in runs))))
    return tuple(found)


def _run_flops(run: RunSpec, counted: dict[str, int]) -> int:
    # What a network does depends on its spec and the number of tokens; many tasks have both in common.
    key = digest({"network": run.model.network(run.task).to_json(), "tokens": run.task.num_tokens})
    if key not in counted:
        counted[key] = prompt_flops(run.model, run.task)
    return counted[key] * run.training.batch * steps_of(run.training)


def prompt_flops(model: Preset, task: Task) -> int:
    """Operations of the forward and backward pass over one prompt, counted on one and on two layers.

    Args:
        model: At its whole depth, which is never built.
        task: Whose prompts it reads.
    """
    one, two = (measure("flops", model.replace(num_layers=depth), task) for depth in (1, 2))
    return one + (model.num_layers - 1) * (two - one)


def flops_per_second(scale: Scale) -> float:
    """Operations that one thread of this machine does in a second of training, tried on MambaFormer for a moment."""
    task = LinearRegression()
    model = model_at(scale, "mambaformer").replace(num_layers=1)
    stream = Stream(0).child("pace")
    network, prompts = model.build(task, stream), task.sample(stream, step=0, batch=PROBE_BATCH)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        seconds = min(_seconds(network, prompts) for _ in range(4))
    finally:
        torch.set_num_threads(threads)
    return PROBE_BATCH * measure("flops", model, task) / seconds


def _seconds(network: Network, prompts: PromptBatch) -> float:
    """Of processor time: what else runs on the machine now does not count."""
    begin = time.process_time()
    torch.autograd.backward(network.predict(prompts).square().sum())
    return time.process_time() - begin
