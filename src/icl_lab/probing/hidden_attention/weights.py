"""Hidden attention, block by block: how much of each token, and of each example, is in what is read at each token.

For attention these are its weights; for linear attention, Mamba and every other recurrence that is linear in its values
the weights that it implies; for all others, norms of Jacobians. As implied weights may be negative and have no common
scale, their sizes are divided by their sum over tokens, which leaves softmax weights as they are.

b batch   t num_tokens   h heads   l answers   k examples
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from icl_lab.core.prompts import PromptBatch
from icl_lab.core.records import Record
from icl_lab.core.streams import Stream
from icl_lab.evaluation.errors import evaluation_mode
from icl_lab.models.backbone import Block
from icl_lab.models.mixers.base import SequenceMixer
from icl_lab.models.network import Network
from icl_lab.probing.activations import capture, inner_name, names
from icl_lab.probing.activations.grammar import ATTENTION, EMBEDDING, residual_name
from icl_lab.probing.examples import by_example, example_of_tokens
from icl_lab.probing.hidden_attention.influence import answer_influence, mixer_influence
from icl_lab.tasks.base import Task

DIRECTIONS = 8
"""Random directions for mixers without weights: enough for a mean over prompts."""
QUESTIONS, PASSES = 16, 256
"""Answers that derivatives are taken of at most, where all of them would be more backward passes than this."""


@dataclass(frozen=True)
class BlockAttention:
    """What one block reads, averaged over prompts; sizes of weights, each row with the sum 1.

    Args:
        block: Its index.
        kind: Its mixer.
        source: Whether they are weights or norms of Jacobians.
        tokens: `(heads, num_tokens, num_tokens)`; one head for Jacobians, one a channel where there are no heads.
        examples: Mean over heads, the tokens of an example together, `(answers, examples)`.
        signed: The same of the weights with their signs, which may cancel; of Jacobians the same.
    """

    block: int
    kind: str
    source: Literal["weights", "jacobian"]
    tokens: Float[np.ndarray, "heads t t"]
    examples: Float[np.ndarray, "l k"]
    signed: Float[np.ndarray, "l k"]


@dataclass(frozen=True)
class HiddenAttention:
    """What a network reads.

    Args:
        label: The network's.
        num_prompts: Over which is averaged.
        blocks: Its sequence mixers, in order.
        answers: The whole network's: norms of the gradients of answers by each example, rows with the sum 1.
        chosen: Indices of these answers; not all where that would be long.
    """

    label: str
    num_prompts: int
    blocks: tuple[BlockAttention, ...]
    answers: Float[np.ndarray, "some k"]
    chosen: tuple[int, ...]

    def records(self, task: Task, run: str, seed: int = 0) -> Iterator[Record]:
        """Rows `hidden_attention` of each block and `answer_influence`, about each example, for each answer.

        Where weights of a block are below 0, also `hidden_attention_signed`.
        """
        grids = [("hidden_attention", one.block, range(len(one.examples)), one.examples) for one in self.blocks]
        grids += [
            ("hidden_attention_signed", one.block, range(len(one.signed)), one.signed)
            for one in self.blocks
            if (one.signed < 0).any()
        ]
        for metric, block, answers, grid in [*grids, ("answer_influence", None, self.chosen, self.answers)]:
            for shown, row in zip(answers, grid, strict=True):
                for example, value in enumerate(row[: shown + 1]):
                    yield Record(
                        run=run,
                        predictor=self.label,
                        task=task.spec_name(),
                        metric=metric,
                        value=float(value),
                        shown=shown,
                        seed=seed,
                        num_prompts=self.num_prompts,
                        block=block,
                        about=f"example {example}",
                    )


def hidden_attention(
    network: Network, prompts: PromptBatch, *, blocks: Sequence[int] | None = None, seed: int = 0
) -> HiddenAttention:
    """How much each token and example counts for what each block reads and for each answer.

    Args:
        network: A network; it is as it was afterwards.
        prompts: Over which is averaged; a few are enough, and memory grows with their number times heads times tokens
            squared.
        blocks: Which blocks; every one with a sequence mixer by default.
        seed: Of the random directions for mixers without weights.
    """
    known = set(names(network))
    belongs = example_of_tokens(prompts)
    found = []
    for i, block in enumerate(network.backbone.blocks):
        assert isinstance(block, Block)
        if not isinstance(block.mixer, SequenceMixer) or (blocks is not None and i not in blocks):
            continue
        weighed = inner_name(i, ATTENTION) in known
        sizes = _weights(network, prompts, i) if weighed else _jacobian(network, prompts, i, block, block.mixer, seed)
        tokens, signed = shares(sizes).mean(0), (shares(sizes) * sizes.sign()).mean((0, 1))
        at_answers = by_example(tokens.mean(0)[prompts.queries], belongs)
        with_signs = by_example(signed[prompts.queries], belongs).cpu().numpy()
        source: Literal["weights", "jacobian"] = "weights" if weighed else "jacobian"
        found.append(BlockAttention(i, block.kind, source, tokens.cpu().numpy(), at_answers.cpu().numpy(), with_signs))
    chosen = _chosen(len(prompts.queries), network.spec.d_output)
    answers = by_example(shares(answer_influence(network, prompts, chosen)).mean(0), belongs)
    return HiddenAttention(network.label, prompts.batch, tuple(found), answers.cpu().numpy(), chosen)


def _chosen(answers: int, numbers: int) -> tuple[int, ...]:
    """All answers, or some from the first to the last where each has many numbers.

    >>> len(_chosen(41, 1)), _chosen(512, 18)[:3], _chosen(512, 18)[-1], len(_chosen(512, 18))
    (41, (0, 34, 68), 511, 16)
    """
    if answers <= QUESTIONS or answers * numbers <= PASSES:
        return tuple(range(answers))
    return tuple(np.linspace(0, answers - 1, QUESTIONS).round().astype(int).tolist())


def shares(weights: Float[Tensor, "*batch t t2"]) -> Float[Tensor, "*batch t t2"]:
    """Sizes of weights over their sum; zeros where all are zero.

    >>> shares(torch.tensor([[1.0, -3.0], [0.0, 0.0]])).tolist()
    [[0.25, 0.75], [0.0, 0.0]]
    """
    sizes = weights.abs()
    total = sizes.sum(-1, keepdim=True)
    return torch.where(total > 0, sizes / total.clamp(min=torch.finfo(sizes.dtype).tiny), 0.0)


def _weights(network: Network, prompts: PromptBatch, block: int) -> Float[Tensor, "b h t t"]:
    name = inner_name(block, ATTENTION)
    with torch.no_grad(), evaluation_mode(network), capture(network, [name]) as found:
        network(prompts.tokens)
    return found[name]


def _jacobian(
    network: Network, prompts: PromptBatch, i: int, block: Block, mixer: SequenceMixer, seed: int
) -> Float[Tensor, "b 1 t t"]:
    before = residual_name(i - 1) if i else EMBEDDING
    with torch.no_grad(), evaluation_mode(network), capture(network, [before]) as found:
        network(prompts.tokens)
        x = block.norm(found[before]) if block.norm_first else found[before]
    generator = Stream(seed, ("probe", "directions")).torch_generator(i)
    return mixer_influence(mixer, x, directions=DIRECTIONS, generator=generator)[:, None]
