"""Task vectors: does the state, or the residual stream, after the examples carry the function by itself?

`"state"`: a network that has read nothing is given, in one block alone, the state after the examples, and is asked the
question. `"residual"`: it reads an empty token, whose residual stream after one block is replaced by that of the last
token of the examples, and is asked the question (in the manner of Hendel et al. 2023, arXiv 2310.15916, whose vector
stands at the token before the answer; here x is a token itself, which must not be overwritten).

Beside it stands the vector of another prompt, about another function: what both do is no knowledge of this function.

b batch   t num_tokens   o d_output   p num_prompts
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Shaped
from torch import Tensor

from icl_lab.core.errors import UserError
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.records import Record
from icl_lab.evaluation.errors import evaluation_mode
from icl_lab.evaluation.statistics import Interval, subtract
from icl_lab.models.network import Network
from icl_lab.probing.activations.grammar import place
from icl_lab.probing.interventions.carried import ANOTHER, FULL, WITHOUT, Carrier, Question, answers
from icl_lab.probing.interventions.measuring import bootstrap, judged, mean, one_question, record
from icl_lab.tasks.base import Task

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
        question = Question.of(network, asked)
        end = question.before.shape[1]
        if not end:
            raise UserError(f"task vectors: nothing comes before prediction {index}; choose a later one")
        another = replace(question, before=source[:, :end])
        with torch.no_grad(), evaluation_mode(network):
            for name, output in answers(network, question, another, carrier):
                predictions = output if network.spec.d_output == 1 else output[:, None]
                errors = judged(task, predictions, replace(asked, branches=None), network.label)
                found.setdefault(name, []).append(errors)
    return {name: np.concatenate(errors, axis=1) for name, errors in found.items()}, index
