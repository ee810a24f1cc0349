"""The residual stream at queries that are asked after a prefix, which is read once, whatever is asked after it.

f functions   q queries   m d_model   o numbers of an answer
"""

from collections.abc import Iterator, Sequence

import torch
from einops import rearrange
from jaxtyping import Float, Shaped
from torch import Tensor

from icl_lab.core.errors import UserError
from icl_lab.models.backbone import Block
from icl_lab.models.network import Network, NetworkState
from icl_lab.probing.questions import Questions

ROWS = 2048
"""Queries that are read side by side: their states are copies of that of the prefix, and take its memory."""
STATE_NUMBERS = 2**25
"""Numbers in those copies at most, 128 MiB in float32."""


def blocks_of(network: Network) -> list[Block]:
    """The residual blocks of a network, in order."""
    return [block for block in network.backbone.blocks if isinstance(block, Block)]


@torch.no_grad()
def stream_after(
    network: Network, tokens: Shaped[Tensor, "b t *features"], state: NetworkState | None = None
) -> Float[Tensor, "blocks b t m"]:
    """The residual stream after every block at tokens that are read after a state, or from the start."""
    h = network.embedded(tokens, state.position if state else 0)
    found = []
    for i, block in enumerate(blocks_of(network)):
        h = block(h) if state is None else block.extend(h, state.blocks[i])[0]
        found.append(h)
    return torch.stack(found)


@torch.no_grad()
def decoded(network: Network, stream: Float[Tensor, "*places m"]) -> Float[Tensor, "*places o"]:
    """What the network's own final norm and read-out make of its residual stream, after whichever block.

    After the last one that is the network's prediction.
    """
    return network.read_out(network.backbone.final_norm(stream))


@torch.no_grad()
def streams_at_queries(
    network: Network, questions: Questions, shown: Sequence[int]
) -> Iterator[tuple[int, Float[Tensor, "blocks functions queries m"]]]:
    """(k, the residual stream after every block at each query after k examples), for every k of `shown`.

    Args:
        network: A network for these prompts, in evaluation mode.
        questions: On the device of the network.
        shown: Values of k, ascending.

    Raises:
        UserError: `shown` does not ascend, or there are not so many examples.
    """
    if list(shown) != sorted(set(shown)) or not shown or not 0 <= shown[0] <= shown[-1] <= questions.xs.shape[1]:
        raise UserError(f"shown: expected ascending numbers up to {questions.xs.shape[1]}, got {list(shown)}")
    tokens, state = questions.tokens, network.initial_state(questions.num_functions)
    for k in shown:
        if 2 * k > state.position:
            _, state = network.extend(tokens[:, state.position : 2 * k], state)
        yield k, _at_queries(network, questions.queries, state)


@torch.no_grad()
def embedded_at_queries(network: Network, questions: Questions, shown: int) -> Float[Tensor, "f q m"]:
    """What the first block reads at each query after `shown` examples: the query and its place, nothing of them."""
    read = network.embedded(questions.queries.flatten(0, 1)[:, None], 2 * shown)
    return rearrange(read, "(f q) 1 m -> f q m", f=questions.num_functions)


def _at_queries(
    network: Network, queries: Float[Tensor, "f q d"], state: NetworkState
) -> Float[Tensor, "blocks f q m"]:
    functions = len(queries)
    room = min(ROWS // functions, STATE_NUMBERS // max(1, functions * state.size))
    parts = []
    for first in range(0, queries.shape[1], max(1, room)):
        some = queries[:, first : first + max(1, room)]
        together = repeated(state, some.shape[1])
        # (functions queries) side by side, as the copies of the state are.
        read = stream_after(network, some.flatten(0, 1)[:, None], together)
        parts.append(rearrange(read, "l (f q) 1 m -> l f q m", f=functions))
    return torch.cat(parts, dim=2)


def repeated(state: NetworkState, times: int) -> NetworkState:
    """The state of each prompt several times, one after the other."""
    if times == 1:
        return state
    blocks = tuple(
        {name: part.repeat_interleave(times, dim=0) for name, part in block.items()} for block in state.blocks
    )
    return NetworkState(blocks, state.position, state.batch * times)
