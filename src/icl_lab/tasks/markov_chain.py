"""Markov chains in context: every prompt is one path of a random chain (Edelman et al. 2024).

b batch   v symbols   c contexts, v^order   l length
"""

from dataclasses import dataclass
from functools import cache
from typing import Annotated

import numpy as np
import torch
from jaxtyping import Float, Int

from icl_lab.core.bounds import Bounds, Count, Positive
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.streams import Stream
from icl_lab.tasks.base import TASKS, Task
from icl_lab.tasks.parts.sampled_symbols import Divergence

CHAINS = 20_000  # behind `zero_error`: its own error is then 0.3 % of it


@TASKS.register
@dataclass(frozen=True, kw_only=True)
class MarkovChain(Task):
    """The next symbol depends on the last `order` symbols; each prompt has transition probabilities of its own.

    Prediction i is asked after `order` + i symbols, that is with i transitions shown. The first `order` symbols are
    uniform, so that they say nothing about the chain and `n_gram(order=order, beta=concentration)` is the Bayes
    predictor of every symbol after them. The paper speaks of bigrams where the order is 1. Errors are divergences in
    nats, 1/log(2) bits; that of chance is the one of always answering with the uniform distribution.

    Args:
        length: Transitions in a prompt.
        symbols: Symbols of the chain.
        order: Symbols that the next one depends on.
        concentration: Parameter of the Dirichlet distribution of every row of transition probabilities; 1 is uniform
            over all distributions.
    """

    formula = "P(.|context) ~ Dirichlet(concentration) for each `order` symbols;  s_t ~ P(.|s_{t-order} ... s_{t-1})"
    source = "Edelman et al. 2024 (arXiv 2402.11004)"

    length: Count = 100
    symbols: Annotated[int, Bounds(low=2)] = 3
    order: Count = 1
    concentration: Positive = 1.0

    @property
    def objective(self) -> Divergence:
        return Divergence(self.symbols)

    @property
    def baselines(self) -> tuple[str, ...]:
        smoothing = f"symbols={self.symbols}, beta={self.concentration}"
        return tuple(f"n_gram(order={order}, {smoothing})" for order in range(self.order, -1, -1))

    @property
    def axis(self) -> str:
        return "transitions in the prompt"

    @property
    def vocabulary(self) -> int:
        return self.symbols

    @property
    def d_output(self) -> int:
        return self.symbols

    @property
    def num_tokens(self) -> int:
        return self.length + self.order

    @property
    def zero_error(self) -> float:
        return uniform_divergence(self.symbols, self.order, self.concentration, self.length)

    def sample(self, stream: Stream, step: int, batch: int) -> PromptBatch:
        chains = random_chains(
            stream.child("chain").generator(step), batch, self.symbols, self.order, self.concentration
        )
        path, contexts = walk(stream.child("path").generator(step), chains, self.order, self.length)
        true = np.take_along_axis(chains, contexts[..., None], axis=1)
        return PromptBatch(
            tokens=torch.from_numpy(path),
            queries=torch.arange(self.order - 1, self.num_tokens - 1),
            targets=torch.from_numpy(true).float(),
            scored=torch.ones(batch, self.length, dtype=torch.bool),
        )


def random_chains(
    generator: np.random.Generator, batch: int, symbols: int, order: int, concentration: float
) -> Float[np.ndarray, "batch contexts symbols"]:
    """Transition probabilities: every row is drawn from Dirichlet(concentration, ..., concentration)."""
    return generator.dirichlet([concentration] * symbols, size=(batch, symbols**order))


def walk(
    generator: np.random.Generator, chains: Float[np.ndarray, "b c v"], order: int, length: int
) -> tuple[Int[np.ndarray, "b num_tokens"], Int[np.ndarray, "b l"]]:
    """A path of each chain, and the context before each transition, numbered with base v, oldest digit first."""
    batch, num_contexts, symbols = chains.shape
    bounds = chains.cumsum(2)[..., :-1]
    path = np.empty((batch, order + length), dtype=np.int64)
    path[:, :order] = generator.integers(symbols, size=(batch, order))
    context = path[:, :order] @ symbols ** np.arange(order - 1, -1, -1)
    contexts = np.empty((batch, length), dtype=np.int64)
    uniform, rows = generator.random((batch, length, 1)), np.arange(batch)
    for i in range(length):
        contexts[:, i] = context
        drawn = (bounds[rows, context] < uniform[:, i]).sum(1)
        path[:, order + i] = drawn
        context = (context * symbols + drawn) % num_contexts
    return path, contexts


@cache
def uniform_divergence(symbols: int, order: int, concentration: float, length: int) -> float:
    """Mean KL divergence of the transition probabilities from the uniform distribution along a path, in nats.

    Averaged over random chains, exactly over their paths: a chain stays long in rows that lead back to themselves, so
    this is not the mean over all rows, which has a closed form.
    """
    count = max(100, min(CHAINS, 2**24 // symbols ** (order + 1)))
    chains = random_chains(Stream(0, ("uniform_divergence",)).generator(), count, symbols, order, concentration)
    # A probability that underflows has 0 log 0 = 0.
    divergence = np.log(symbols) + (chains * np.log(np.maximum(chains, np.finfo(float).tiny))).sum(2)
    occupied = np.full(chains.shape[:2], 1 / chains.shape[1])
    total = np.zeros(count)
    for _ in range(length):
        total += (occupied * divergence).sum(1)
        moved = occupied[..., None] * chains
        occupied = moved.reshape(count, symbols, -1).sum(1)  # the oldest symbol of the context is forgotten
    return float(total.mean() / length)
