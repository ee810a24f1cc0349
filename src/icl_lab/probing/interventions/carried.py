"""The answers to one question of a network that carries one activation of the examples and nothing else of them.

b batch   t tokens   o d_output   m d_model
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import torch
from einops import rearrange
from jaxtyping import Float, Shaped
from torch import Tensor
from torch.nn.functional import pad

from icl_lab.core.prompts import PromptBatch
from icl_lab.models.network import Network, NetworkState
from icl_lab.probing.activations import capture, replaced, stream

Carrier = Literal["state", "residual"]
WITHOUT, FULL, ANOTHER = "no examples", "all examples", "another's "
"""How answers are called that are no activation's; the last stands before the name of one."""


def answers(
    network: Network, question: "Question", another: "Question", carrier: Carrier
) -> Iterator[tuple[str, Float[Tensor, "b o"]]]:
    """The answers to a question with no, with all examples, and with each vector, its own and another prompt's.

    Args:
        network: In evaluation mode.
        question: What is asked, after its own examples.
        another: The same after examples of another function.
        carrier: What is put in.

    Yields:
        What the network was told, `WITHOUT`, `FULL`, or the name of an activation, after `ANOTHER` where it is the
        other function's; and the answer.
    """
    full = _after(network, question.before)
    yield FULL, question.answer(full)
    if carrier == "residual":
        yield WITHOUT, question.after_filler(network)
        yield from _with_residuals(network, question, question.before)
        for name, answer in _with_residuals(network, question, another.before):
            yield ANOTHER + name, answer
        return
    nothing, other = network.initial_state(full.batch), _after(network, another.before)
    yield WITHOUT, question.answer(with_states(full, nothing, set()))
    for i, state in enumerate(full.blocks):
        if state:
            yield f"block.{i}.state", question.answer(with_states(full, nothing, {i}))
            yield f"{ANOTHER}block.{i}.state", question.answer(with_states(other, nothing, {i}))


def with_states(full: NetworkState, nothing: NetworkState, blocks: set[int]) -> NetworkState:
    """Some blocks' states after the examples, the others' before the first token; the question stays at its place."""
    states = tuple(full.blocks[i] if i in blocks else fresh for i, fresh in enumerate(nothing.blocks))
    return NetworkState(states, full.position, full.batch)


@dataclass(frozen=True)
class Question:
    """The last thing that is read, and what came before it.

    Args:
        network: Who is asked.
        before: The tokens before it.
        token: Its own.
        feed_back: How often the output is read again before the answer.
    """

    network: Network
    before: Shaped[Tensor, "b t *features"]
    token: Shaped[Tensor, "b ..."]
    feed_back: int

    @staticmethod
    def of(network: Network, asked: PromptBatch) -> "Question":
        """The one question of some prompts."""
        if asked.branches is None:
            end = int(asked.queries[0])
            return Question(network, asked.tokens[:, :end], asked.tokens[:, end], 0)
        end = int(asked.branches.starts[0])
        return Question(network, asked.tokens[:, :end], asked.branches.tokens[:, 0], asked.branches.feed_back)

    def answer(self, state: NetworkState) -> Float[Tensor, "b o"]:
        """The answer after a state."""
        output, state = self.network.step(self.token, state)
        for _ in range(self.feed_back):
            output, state = self.network.step(self._as_token(output), state)
        return output

    def after_filler(self, network: Network) -> Float[Tensor, "b o"]:
        """The answer in a prompt of an empty token and the question, read as a sequence."""
        tokens = torch.stack([torch.zeros_like(self.token), self.token], dim=1)
        output = network(tokens)[:, -1]
        for _ in range(self.feed_back):
            tokens = torch.cat([tokens, self._as_token(output)[:, None]], dim=1)
            output = network(tokens)[:, -1]
        return output

    def _as_token(self, output: Float[Tensor, "b o"]) -> Float[Tensor, "b d"]:
        return pad(output, (0, self.network.spec.d_token - self.network.spec.d_output))


def _after(network: Network, tokens: Shaped[Tensor, "b t *features"]) -> NetworkState:
    _, state = network.extend(tokens, network.initial_state(len(tokens)))
    return state


def _with_residuals(
    network: Network, question: Question, before: Shaped[Tensor, "b t *features"]
) -> Iterator[tuple[str, Float[Tensor, "b o"]]]:
    names = stream(network)
    with capture(network, names) as found:
        network(before)
    for name in names:
        with replaced(network, {name: _first_token(found[name][:, -1])}):
            yield name, question.after_filler(network)


def _first_token(vector: Float[Tensor, "b m"]) -> Callable[[Tensor], Tensor]:
    return lambda value: torch.cat([rearrange(vector, "b m -> b 1 m"), value[:, 1:]], dim=1)
