"""What a predictor costs: parameters, state, FLOPs and time for each prompt. All of it is measured, nothing declared.

State is counted in real numbers, not bytes. FLOPs are those of matrix products, convolutions and attention in the
forward pass, on the PyTorch form of every kernel (`kernels/flops.py`), so that the count does not depend on which
kernels run here. Element-wise work (norms, activations, the exponentials and updates of a scan) is not in it.
"""

import time
from dataclasses import dataclass
from statistics import median

import torch
from torch import nn

from icl_lab.core.predictor import Predictor
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.records import Record
from icl_lab.evaluation.errors import Device, Errors, evaluation_mode
from icl_lab.evaluation.prompts import evaluation_prompts
from icl_lab.kernels.flops import count_operations
from icl_lab.models.network import Network, count_parameters
from icl_lab.tasks.base import Task


@dataclass(frozen=True, kw_only=True)
class Cost:
    """The cost of one predictor at prompts of one task; what does not apply is none.

    Args:
        parameters: Trained numbers.
        state_size: Real numbers that the step form carries after a whole prompt.
        flops_per_prompt: Floating-point operations of the forward pass over one prompt, with its share of what a batch
            of 64 computes once.
        ms_per_prompt: Milliseconds, median over repeats of a batch, divided by its prompts.
    """

    parameters: int | None
    state_size: int | None
    flops_per_prompt: int | None
    ms_per_prompt: float

    def records(self, label: str, task: Task, run: str, seed: int = 0) -> list[Record]:
        """A row for each cost that applies, the metric named as the field."""
        return [
            Record(run=run, predictor=label, task=task.spec_name(), metric=metric, value=float(value), seed=seed)
            for metric, value in vars(self).items()
            if value is not None
        ]


def measure_cost(
    predictor: Predictor, task: Task, *, batch: int = 64, repeats: int = 5, seed: int = 0, device: Device = None
) -> Cost:
    """Measure what a predictor costs at prompts of a task.

    Args:
        predictor: A network, expected on `device`, or a baseline, for which only the time applies.
        task: Whose prompts are read.
        batch: Prompts read at a time when the clock is running.
        repeats: Timed passes, after one that is not timed.
        seed: Of the prompts.
        device: Where a network is.
    """
    drawn = task.asked(task.sample(evaluation_prompts(seed), 0, max(batch, 2)))  # two are what counting takes
    prompts = drawn.rows(slice(0, batch))
    if not isinstance(predictor, nn.Module):
        return Cost(
            parameters=None, state_size=None, flops_per_prompt=None, ms_per_prompt=_time(predictor, prompts, repeats)
        )
    drawn, prompts = drawn.to(device=device), prompts.to(device=device)
    with evaluation_mode(predictor):
        return Cost(
            parameters=count_parameters(predictor),
            state_size=measure_state(predictor, prompts) if isinstance(predictor, Network) else None,
            flops_per_prompt=count_flops(predictor, drawn),
            ms_per_prompt=_time(predictor, prompts, repeats),
        )


def cost_of_evaluation(errors: Errors) -> Cost:
    """What an evaluation has shown of a baseline's cost: its time a prompt, at the points at which it was asked."""
    return Cost(
        parameters=None,
        state_size=None,
        flops_per_prompt=None,
        ms_per_prompt=1000 * errors.seconds / len(errors.values),
    )


def measure_state(network: Network, prompts: PromptBatch) -> int:
    """Real numbers in the state that is left when the step form has read one whole prompt."""
    with torch.no_grad():
        state = network.initial_state(1)
        for t in range(prompts.tokens.shape[1]):
            _, state = network.step(prompts.tokens[:1, t], state)
    return state.size


def count_flops(predictor: Predictor, prompts: PromptBatch) -> int:
    """Floating-point operations of the forward pass over one prompt, by torch's counter.

    Args:
        predictor: Whose they are.
        prompts: At least two.
    """
    assert prompts.batch >= 2
    with torch.no_grad():
        return count_operations(lambda batch: predictor.predict(prompts.rows(slice(0, batch)))).a_prompt


def _time(predictor: Predictor, prompts: PromptBatch, repeats: int) -> float:
    seconds = []
    with torch.no_grad():
        for _ in range(repeats + 1):
            begin = time.perf_counter()
            # Reading a number makes an accelerator finish what it was given.
            predictor.predict(prompts).sum().item()
            seconds.append(time.perf_counter() - begin)
    return 1000 * median(seconds[1:]) / prompts.batch
