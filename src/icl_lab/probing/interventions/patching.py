"""Patching: which examples live where, by putting an activation from another prompt in the place of the prompt's own.

The residual stream after a block, at the tokens of one example, is taken from a prompt about another function. If the
error of the last answer rises, that answer still reads the example there; where it does not, the example has already
been moved elsewhere, or is not used (activation patching: Zhang & Nanda 2024, arXiv 2309.16042).

k examples   n activations
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.records import Record
from icl_lab.evaluation.errors import evaluation_mode
from icl_lab.evaluation.statistics import Interval, subtract
from icl_lab.models.network import Network
from icl_lab.probing.activations import capture, replaced, stream
from icl_lab.probing.activations.grammar import place
from icl_lab.probing.activations.replacement import Change
from icl_lab.probing.examples import NONE, example_of_tokens
from icl_lab.probing.interventions.measuring import bootstrap, fractions_of_zero, mean, one_question, record
from icl_lab.tasks.base import Task


@dataclass(frozen=True)
class PatchingEffects:
    """How much the error of an answer rises when an activation at one example comes from another prompt.

    Args:
        label: The network's.
        task: Where the prompts came from.
        num_prompts: Prompts behind each number.
        shown: Examples before the question.
        names: The activations, in the order of computation.
        examples: Indices of the examples.
        intact: Mean error with nothing patched, over the zero predictor's.
        rise: Rise of it, `(activations, examples)`.
    """

    label: str
    task: Task
    num_prompts: int
    shown: int
    names: tuple[str, ...]
    examples: tuple[int, ...]
    intact: Interval
    rise: Interval

    def records(self, run: str, seed: int = 0) -> Iterator[Record]:
        """Rows `patched_rise_over_zero` about each activation; the examples before the patched one are in `shown`."""
        for i, name in enumerate(self.names):
            for k, example in enumerate(self.examples):
                value, low, high = (np.asarray(part[i, k]) for part in (self.rise.value, self.rise.low, self.rise.high))
                yield record(
                    Interval(value, low, high),
                    "patched_rise_over_zero",
                    run=run,
                    label=self.label,
                    task=self.task,
                    seed=seed,
                    num_prompts=self.num_prompts,
                    block=place(name).block,
                    about=name,
                    shown=example,
                )


def patching_effects(
    network: Network,
    task: Task,
    prompts: PromptBatch,
    *,
    others: PromptBatch | None = None,
    names: Sequence[str] | None = None,
    query: int | None = None,
    seed: int = 0,
    independent: bool | None = None,
) -> PatchingEffects:
    """The rise of the error of one answer, activation by activation and example by example.

    Args:
        network: A trained network; it is as it was afterwards.
        task: Where the prompts come from.
        prompts: On which the error is measured.
        others: Prompts of the same layout from which activations come; by default each prompt's next one.
        names: Activations with tokens on the second axis; by default the residual stream.
        query: Which prediction is looked at; the last that is scored by default.
        seed: Of the bootstrap.
        independent: Whether the prompts were drawn independently; by default as those of one batch of the task are.

    Raises:
        UserError: No example comes before the question.
    """
    chosen = stream(network) if names is None else tuple(names)
    index, asked = one_question(prompts, query)
    end = int((asked.queries if asked.branches is None else asked.branches.starts)[0])
    tokens = tokens_of_examples(prompts, end)
    if not tokens:
        raise UserError(f"patching: no example comes before prediction {index}; choose a later one")
    source = prompts.tokens.roll(-1, 0) if others is None else others.tokens
    with torch.no_grad(), evaluation_mode(network), capture(network, chosen) as found:
        network(source)
    weights, intact = bootstrap(task, prompts.batch, seed, independent), fractions_of_zero(network, task, asked)
    shape = (len(chosen), len(tokens))
    rise = Interval(np.zeros(shape), np.zeros(shape), np.zeros(shape))
    for i, name in enumerate(chosen):
        for k, places in enumerate(tokens.values()):
            with replaced(network, {name: at_tokens(found[name], places)}):
                patched = fractions_of_zero(network, task, asked)
            one = mean(subtract(patched, intact), weights)
            rise.value[i, k], rise.low[i, k], rise.high[i, k] = float(one.value), float(one.low), float(one.high)
    return PatchingEffects(
        network.label, task, prompts.batch, index, chosen, tuple(tokens), mean(intact, weights), rise
    )


def tokens_of_examples(prompts: PromptBatch, end: int) -> dict[int, Int[Tensor, " tokens"]]:
    """The tokens before `end` of every example that has any."""
    belongs = example_of_tokens(prompts)[:end]
    known = sorted(set(belongs.tolist()) - {NONE})
    return {example: (belongs == example).nonzero()[:, 0] for example in known}


def at_tokens(source: Float[Tensor, "b t *rest"], places: Int[Tensor, " tokens"]) -> Change:
    """Put what `source` has at some tokens there, and leave the rest."""

    def change(value: Tensor) -> Tensor:
        changed = value.clone()
        changed[:, places] = source[:, places].to(value)
        return changed

    return change
