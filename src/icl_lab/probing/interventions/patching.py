"""Patching: which examples live where, by putting an activation from another prompt in the place of the prompt's own.

The residual stream after a block, at the tokens of one example, is taken from a prompt about another function. If the
error of later answers rises, these still read the example there; where it does not, the example has already been moved
elsewhere, or is not used (activation patching: Zhang & Nanda 2024, arXiv 2309.16042).

k examples   n activations   q questions   p num_prompts
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.records import Record
from icl_lab.core.streams import Stream
from icl_lab.evaluation.errors import evaluation_mode
from icl_lab.evaluation.statistics import Interval, Weights, subtract
from icl_lab.models.network import Network
from icl_lab.probing.activations import capture, replaced, stream
from icl_lab.probing.activations.grammar import place
from icl_lab.probing.activations.replacement import Change
from icl_lab.probing.examples import NONE, example_of_tokens
from icl_lab.probing.interventions.measuring import bootstrap, fractions_of_zero, late, mean, one_question, record
from icl_lab.probing.interventions.together import chances
from icl_lab.tasks.base import Task


@dataclass(frozen=True)
class PatchingEffects:
    """How much the error of later answers rises when an activation at one example comes from another prompt.

    Args:
        label: The network's.
        task: Where the prompts came from.
        num_prompts: Prompts behind each number.
        shown: Examples before the last of the questions.
        questions: Questions of a prompt; an example counts for those that come after it.
        late: Whether they are the last quarter of all, and not one that was chosen.
        names: The activations, in the order of computation.
        examples: Indices of the examples.
        intact: Mean error with nothing patched, over the zero predictor's.
        rise: Rise of it, `(activations, examples)`, each with an interval of its own.
        chance: How often chance alone would make any of all rises stand out as much, likewise (`together.py`); NaN
            where prompts are not independent.
    """

    label: str
    task: Task
    num_prompts: int
    shown: int
    questions: int
    late: bool
    names: tuple[str, ...]
    examples: tuple[int, ...]
    intact: Interval
    rise: Interval
    chance: Float[np.ndarray, "n k"]

    def records(self, run: str, seed: int = 0) -> Iterator[Record]:
        """Rows `patched_late_rise_over_zero`, or `patched_rise_over_zero` of one question, about each activation.

        Where it is known, each has a row more with `_chance` instead of `_over_zero`; the examples before the patched
        one are in `shown`.
        """
        name_of = "patched_late_rise" if self.late else "patched_rise"
        chance = Interval(self.chance, *(np.full_like(self.chance, np.nan) for _ in range(2)))
        known = bool(np.isfinite(self.chance).any())
        for metric, all_of in ((f"{name_of}_over_zero", self.rise), *([(f"{name_of}_chance", chance)] * known)):
            for i, name in enumerate(self.names):
                for k, example in enumerate(self.examples):
                    value, low, high = (np.asarray(part[i, k]) for part in (all_of.value, all_of.low, all_of.high))
                    yield record(
                        Interval(value, low, high),
                        metric,
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
    """The rise of the error of later answers, activation by activation and example by example.

    Args:
        network: A trained network; it is as it was afterwards.
        task: Where the prompts come from.
        prompts: On which the error is measured.
        others: Prompts of the same layout from which activations come; by default each prompt's next one.
        names: Activations with tokens on the second axis; by default the residual stream.
        query: Which prediction is looked at; by default the last quarter of those that are scored, each example
            counting for the predictions after it, or the last where questions are asked beside the prompt.
        seed: Of the bootstrap.
        independent: Whether the prompts were drawn independently; by default as those of one batch of the task are.

    Raises:
        UserError: No example comes before the question.
    """
    chosen = stream(network) if names is None else tuple(names)
    index, asked = one_question(prompts, query)
    quarter = query is None and prompts.branches is None
    if quarter:
        asked = late(prompts)
    places_asked = asked.queries if asked.branches is None else asked.branches.starts
    end = int(places_asked[-1])
    tokens = tokens_of_examples(prompts, end)
    if not tokens:
        raise UserError(f"patching: no example comes before prediction {index}; choose a later one")
    source = prompts.tokens.roll(-1, 0) if others is None else others.tokens
    with torch.no_grad(), evaluation_mode(network), capture(network, chosen) as found:
        network(source)
    weights, intact = bootstrap(task, prompts.batch, seed, independent), fractions_of_zero(network, task, asked)
    differences = _differences(network, task, asked, {name: found[name] for name in chosen}, tokens, intact)
    return PatchingEffects(
        network.label,
        task,
        prompts.batch,
        index,
        len(places_asked),
        quarter,
        chosen,
        tuple(tokens),
        mean(intact, weights),
        _rise(differences, weights),
        _chance(differences, Stream(seed, ("probe", "flips")), is_known=len(weights) > 0),
    )


def _rise(differences: Float[np.ndarray, "n k p"], weights: Weights) -> Interval:
    """The mean of each cell over prompts, with its interval."""
    shape = differences.shape[:2]
    rise = Interval(np.zeros(shape), np.zeros(shape), np.zeros(shape))
    for at in np.ndindex(shape):
        one = mean(differences[at][:, None], weights)
        rise.value[at], rise.low[at], rise.high[at] = float(one.value), float(one.low), float(one.high)
    return rise


def _chance(differences: Float[np.ndarray, "n k p"], flips: Stream, *, is_known: bool) -> Float[np.ndarray, "n k"]:
    """How likely chance makes a cell as large; NaN where prompts share a draw and nothing is known of it."""
    shape = differences.shape[:2]
    if not is_known:
        return np.full(shape, np.nan)
    return chances(differences.reshape(-1, differences.shape[2]), flips).reshape(shape)


def _differences(
    network: Network,
    task: Task,
    asked: PromptBatch,
    found: Mapping[str, Tensor],
    tokens: Mapping[int, Int[Tensor, " tokens"]],
    intact: Float[np.ndarray, "p q"],
) -> Float[np.ndarray, "n k p"]:
    """How much higher each prompt's error is with one activation replaced at one example, over the answers after it."""
    places_asked = asked.queries if asked.branches is None else asked.branches.starts
    differences = np.zeros((len(found), len(tokens), asked.batch))
    for i, name in enumerate(found):
        for k, places in enumerate(tokens.values()):
            with replaced(network, {name: at_tokens(found[name], places)}):
                patched = fractions_of_zero(network, task, asked)
            after = (places_asked > places.max()).numpy() if asked.branches is None else np.array([True])
            differences[i, k] = _mean_of_asked(subtract(patched, intact)[:, after])
    return differences


def _mean_of_asked(errors: Float[np.ndarray, "p q"]) -> Float[np.ndarray, " p"]:
    """The mean of each prompt over what is asked in it; NaN where nothing is."""
    asked = (~np.isnan(errors)).sum(axis=1)
    return np.divide(np.nansum(errors, axis=1), asked, out=np.full(len(errors), np.nan), where=asked > 0)


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
