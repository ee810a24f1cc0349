"""Task vectors: does the state, or the residual stream, after the examples carry the function by itself?

`"state"`: a network that has read nothing is given, in one block alone, the state after the examples, and is asked the
question. `"residual"`: it reads an empty token, whose residual stream after one block is replaced by that of the last
token of the examples, and is asked the question (in the manner of Hendel et al. 2023, arXiv 2310.15916, whose vector
stands at the token before the answer; here x is a token itself, which must not be overwritten).

Beside it stands the vector of another prompt, about another function: what both do is no knowledge of this function.

b batch   t num_tokens   o d_output   p num_prompts
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import torch
from einops import rearrange
from jaxtyping import Float, Shaped
from torch import Tensor
from torch.nn.functional import pad

from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.records import Record
from icl_lab.evaluation.errors import evaluation_mode
from icl_lab.evaluation.statistics import Interval, subtract
from icl_lab.models.network import Network, NetworkState
from icl_lab.probing.activations import capture, replaced, stream
from icl_lab.probing.activations.grammar import place
from icl_lab.probing.interventions.measuring import bootstrap, judged, mean, one_question, record
from icl_lab.tasks.base import Task

Carrier = Literal["state", "residual"]
MOST = 10
"""Questions of a prompt at most: each reads the examples before it anew."""


@dataclass(frozen=True)
class TaskVectorEffects:
    """Errors of a question without examples, into which one activation of the examples was put.

    Args:
        label: The network's.
        task: Where the prompts came from.
        num_prompts: Prompts behind each number.
        carrier: What was put in.
        names: From where: `block.<i>.state`, or the residual stream.
        errors: With each of these put in, over the zero predictor's.
        of_another: The same of another prompt, about another function.
        gains: The latter minus the former, question by question: what is known of this function and not of any.
        without: With nothing put in.
        full: With all examples in the prompt.
        shown: How many these are, before the last of the questions.
        questions: Questions of a prompt.
    """

    label: str
    task: Task
    num_prompts: int
    carrier: Carrier
    names: tuple[str, ...]
    errors: tuple[Interval, ...]
    of_another: tuple[Interval, ...]
    gains: tuple[Interval, ...]
    without: Interval
    full: Interval
    shown: int
    questions: int

    def records(self, run: str, seed: int = 0) -> Iterator[Record]:
        """Rows `<carrier>_vector_late_error_over_zero` about each activation, `no examples` and `all examples`.

        Likewise `<carrier>_vector_of_another_late_error_over_zero` and `<carrier>_vector_gain_over_zero`.
        """
        levels = (("no examples", self.without), ("all examples", self.full))
        rows = [
            *(("late_error", *row) for row in (*zip(self.names, self.errors, strict=True), *levels)),
            *(("of_another_late_error", *row) for row in zip(self.names, self.of_another, strict=True)),
            *(("gain", *row) for row in zip(self.names, self.gains, strict=True)),
        ]
        for metric, about, interval in rows:
            yield record(
                interval,
                f"{self.carrier}_vector_{metric}_over_zero",
                run=run,
                label=self.label,
                task=self.task,
                seed=seed,
                num_prompts=self.num_prompts,
                block=place(about).block,
                about=about,
                shown=self.shown,
            )


def task_vector_effects(
    network: Network,
    task: Task,
    prompts: PromptBatch,
    *,
    others: PromptBatch | None = None,
    carrier: Carrier = "state",
    query: int | None = None,
    seed: int = 0,
    independent: bool | None = None,
) -> TaskVectorEffects:
    """The error of questions with what each block carries of the examples, and nothing else of them.

    Args:
        network: A trained network; it is as it was afterwards.
        task: Where the prompts come from.
        prompts: Their examples make the task vectors, their questions are asked.
        others: Prompts of the same layout whose vectors are those of another function; by default each prompt's next.
        carrier: What is put in.
        query: Which prediction is looked at; by default the last quarter of those that are scored, ten at most.
        seed: Of the bootstrap.
        independent: Whether the prompts were drawn independently; by default as those of one batch of the task are.

    Raises:
        UserError: Nothing comes before the question.
    """
    scored = prompts.scored.any(0).nonzero()[:, 0].tolist()
    indices = scored[-max(1, min(MOST, len(scored) // 4)) :] if query is None else [query]
    source = prompts.tokens.roll(-1, 0) if others is None else others.tokens
    errors_of, index = _errors(network, task, prompts, source, carrier, indices)
    weights = bootstrap(task, prompts.batch, seed, independent)
    names = tuple(name for name in errors_of if name not in (WITHOUT, FULL) and not name.startswith(ANOTHER))

    def interval(name: str) -> Interval:
        return mean(errors_of[name], weights)

    return TaskVectorEffects(
        network.label,
        task,
        prompts.batch,
        carrier,
        names,
        tuple(map(interval, names)),
        tuple(interval(ANOTHER + name) for name in names),
        tuple(mean(subtract(errors_of[ANOTHER + name], errors_of[name]), weights) for name in names),
        interval(WITHOUT),
        interval(FULL),
        index,
        len(indices),
    )


def _errors(
    network: Network,
    task: Task,
    prompts: PromptBatch,
    source: Shaped[Tensor, "p t *features"],
    carrier: Carrier,
    indices: Sequence[int],
) -> tuple[dict[str, Float[np.ndarray, "p q"]], int]:
    """Each answer's errors at the questions of `indices`, and which of them is the last.

    Raises:
        UserError: Nothing comes before a question.
    """
    found: dict[str, list[Float[np.ndarray, "p 1"]]] = {}
    index = 0
    for chosen in indices:
        index, asked = one_question(prompts, chosen)
        question = _Question.of(network, asked)
        end = question.before.shape[1]
        if not end:
            raise UserError(f"task vectors: nothing comes before prediction {index}; choose a later one")
        another = replace(question, before=source[:, :end])
        with torch.no_grad(), evaluation_mode(network):
            for name, output in _answers(network, question, another, carrier):
                predictions = output if network.spec.d_output == 1 else output[:, None]
                errors = judged(task, predictions, replace(asked, branches=None), network.label)
                found.setdefault(name, []).append(errors)
    return {name: np.concatenate(errors, axis=1) for name, errors in found.items()}, index


WITHOUT, FULL, ANOTHER = "no examples", "all examples", "another's "


def _answers(
    network: Network, question: "_Question", another: "_Question", carrier: Carrier
) -> Iterator[tuple[str, Float[Tensor, "b o"]]]:
    """The answers to a question with no, with all examples, and with each vector, its own and another prompt's."""
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
class _Question:
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
    def of(network: Network, asked: PromptBatch) -> "_Question":
        """The one question of some prompts."""
        if asked.branches is None:
            end = int(asked.queries[0])
            return _Question(network, asked.tokens[:, :end], asked.tokens[:, end], 0)
        end = int(asked.branches.starts[0])
        return _Question(network, asked.tokens[:, :end], asked.branches.tokens[:, 0], asked.branches.feed_back)

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
    network: Network, question: _Question, before: Shaped[Tensor, "b t *features"]
) -> Iterator[tuple[str, Float[Tensor, "b o"]]]:
    names = stream(network)
    with capture(network, names) as found:
        network(before)
    for name in names:
        with replaced(network, {name: _first_token(found[name][:, -1])}):
            yield name, question.after_filler(network)


def _first_token(vector: Float[Tensor, "b m"]) -> Callable[[Tensor], Tensor]:
    return lambda value: torch.cat([rearrange(vector, "b m -> b 1 m"), value[:, 1:]], dim=1)
