"""Loss and gradient of a batch, whole or in parts, on one process or several.

A task's loss is a mean over scored predictions. The loss of a part is weighted by its share of them, so that the sum
over parts, and its gradient, is that of the whole batch.
"""

from collections.abc import Iterator

import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.core.prompts import PromptBatch
from icl_lab.models.network import Network
from icl_lab.tasks.base import Task
from icl_lab.training.spec import Precision


def predict(network: Network, prompts: PromptBatch, precision: Precision) -> Float[Tensor, "batch length *outputs"]:
    """The network's predictions, computed in `precision`, given in that of the weights."""
    with torch.autocast(prompts.tokens.device.type, torch.bfloat16, enabled=precision == "bf16"):
        predictions = network.predict(prompts)
    return predictions.to(next(network.parameters()).dtype)


def accumulate_gradients(
    network: Network, task: Task, prompts: PromptBatch, *, num_scored: int, parts: int, precision: Precision
) -> Float[Tensor, ""]:
    """Add the gradient of some prompts' share of the loss to the parameters' `grad`; return that share.

    Args:
        network: The network.
        task: Defines the loss.
        prompts: The rows of the batch that this process computes.
        num_scored: Scored predictions in the whole batch.
        parts: How many micro-batches to compute them in.
        precision: Of the computation.
    """
    total = torch.zeros((), dtype=next(network.parameters()).dtype, device=prompts.tokens.device)
    for part in split(prompts, parts):
        scored = int(part.scored.sum())
        if scored == 0:
            continue
        share = task.loss(predict(network, part, precision), part) * (scored / num_scored)
        torch.autograd.backward(share)
        total += share.detach()
    return total


def split(prompts: PromptBatch, parts: int) -> Iterator[PromptBatch]:
    """Cut prompts into parts of nearly equal size, in order; into fewer where there are not so many prompts."""
    parts = min(parts, prompts.batch)
    for part in range(parts):
        yield prompts.rows(slice(prompts.batch * part // parts, prompts.batch * (part + 1) // parts))
