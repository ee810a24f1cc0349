"""The size of the recurrent state along a prompt: whether it settles, grows or fades where training never went.

Read off the step form, exactly. Attention keeps every token it has read: its state grows by construction and says
nothing about extrapolation, so that such blocks are left out.

p prompts   l length   r recurrent blocks
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from icl_lab.core.prompts import PromptBatch
from icl_lab.core.records import Record
from icl_lab.evaluation.errors import Device, evaluation_mode
from icl_lab.evaluation.prompts import evaluation_prompts, held_out
from icl_lab.models.backbone import Block
from icl_lab.models.mixers.base import SequenceMixer, State
from icl_lab.models.network import Network
from icl_lab.tasks.base import Task


@dataclass(frozen=True)
class StateNorm:
    """The state of a network along a prompt.

    Args:
        blocks: Which residual blocks have a state of constant size.
        values: Root mean square of the numbers in it before query i, over prompts too, for each such block.
    """

    blocks: tuple[int, ...]
    values: Float[np.ndarray, "recurrent length"]

    def records(self, label: str, task: Task, run: str, *, seed: int, shift: str, num_prompts: int) -> Iterator[Record]:
        """Rows `state_norm`, the mean over blocks, and `state_norm_of_block_<i>`, for each number of examples."""
        curves = {"state_norm": self.values.mean(axis=0)} if self.blocks else {}
        curves |= {f"state_norm_of_block_{block}": row for block, row in zip(self.blocks, self.values, strict=True)}
        for metric, values in curves.items():
            for shown, value in enumerate(values):
                yield Record(
                    run=run,
                    predictor=label,
                    task=task.spec_name(),
                    metric=metric,
                    value=float(value),
                    shown=shown,
                    seed=seed,
                    shift=shift,
                    num_prompts=num_prompts,
                )


def measure_state_norm(
    network: Network, task: Task, *, num_prompts: int = 64, seed: int = 0, device: Device = None
) -> StateNorm:
    """The size of a network's state before every query of the first held-out prompts.

    Raises:
        UserError: The network cannot read prompts this long.
    """
    (prompts,) = held_out(task, num_prompts=num_prompts, stream=evaluation_prompts(seed), batch=num_prompts)
    with torch.no_grad(), evaluation_mode(network):
        return state_norm(network, prompts.to(device=device))


def state_norm(network: Network, prompts: PromptBatch) -> StateNorm:
    """The size of a network's state before every query of given prompts."""
    blocks = tuple(recurrent_blocks(network))
    # Where questions are asked beside the prompt, the state is that from which a branch starts.
    starts = prompts.queries if prompts.branches is None else prompts.branches.starts
    wanted = starts.tolist() if blocks else []
    state, found = network.initial_state(prompts.batch), []
    for start in wanted:
        for t in range(state.position, start):
            _, state = network.step(prompts.tokens[:, t], state)
        found.append([root_mean_square(state.blocks[block]) for block in blocks])
    return StateNorm(blocks, np.array(found).reshape(len(wanted), len(blocks)).T)


def recurrent_blocks(network: Network) -> Iterator[int]:
    """The blocks whose state is of the same size after every token."""
    for i, block in enumerate(network.backbone.blocks):
        assert isinstance(block, Block)
        mixer = block.mixer
        if isinstance(mixer, SequenceMixer) and mixer.state_size(1) == mixer.state_size(2):
            yield i


def root_mean_square(state: State) -> float:
    """Over all real numbers that a state holds, those of all prompts; a complex number is two."""
    numbers = [torch.view_as_real(part) if part.is_complex() else part for part in state.values()]
    flat = torch.cat([part.detach().double().flatten() for part in numbers])
    return float(flat.square().mean().sqrt())
