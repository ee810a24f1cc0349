"""Few-shot evaluation of models: what is left to ask, in which order, and what has been answered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from icl_lab.core.errors import UserError
from icl_lab.language.asking.answers import Answers, Unit, read_unit, write_unit
from icl_lab.language.asking.one_task import ask, possible_shots
from icl_lab.language.models.base import LanguageModel
from icl_lab.language.prompts.draws import set_size
from icl_lab.language.prompts.filter import Usable, usable
from icl_lab.language.spec import FewShot

QUERY_COST = 1.5  # of a query with its share of a call, in demonstrations


@dataclass(frozen=True)
class Step:
    """A file of answers that is to be completed.

    Args:
        unit: What it is about.
        shots: Numbers of demonstrations that it is to hold.
        known: What it holds already.
        cost: Of what is missing, in demonstrations read.
    """

    unit: Unit
    shots: tuple[int, ...]
    known: Answers
    cost: float


@dataclass(frozen=True)
class Plan:
    """Everything that is asked of one model.

    Args:
        model: The model's name.
        usable: Task title -> its pairs for this model.
        steps: In the order in which they are done: task by task, true labels before controls.
        weights: Fingerprint of the model's files.
        short: Task title -> numbers of demonstrations for which it has too few pairs.
    """

    model: str
    usable: dict[str, Usable]
    steps: tuple[Step, ...] = field(repr=False)
    weights: str = ""
    short: dict[str, tuple[int, ...]] = field(default_factory=dict)

    @property
    def cost(self) -> float:
        """Of all that is missing."""
        return sum(step.cost for step in self.steps)


def plan(model: LanguageModel, spec: FewShot, folder: Path) -> Plan:
    """What there is to ask a model, with what the folder holds already.

    Raises:
        UserError: A task has too few pairs for this model.
    """
    found = {
        task.title: usable(task, model.tokenizer, spec.template, whole_answers=spec.answers == "whole")
        for task in spec.tasks
    }
    steps = []
    for labels in spec.labels:
        for task in spec.tasks:
            pairs = found[task.title]
            if pairs.listed < 2:
                raise UserError(
                    f"{task.title}: expected at least two pairs, got {pairs.listed}: one to ask, one to show"
                )
            if len(pairs.pairs) < 2:
                many = f"{len(pairs.pairs)} of its {pairs.listed} outputs"
                raise UserError(
                    f"{task.title}: {many} are single tokens of {model.name}; take --answers whole, or leave it out"
                )
            shots = spec.shots_of(task, labels, possible_shots(pairs, spec))
            for seed in range(spec.num_seeds):
                unit = Unit(model.name, task, pairs, labels, seed, model.fingerprint)
                known = read_unit(unit.path(folder, spec))
                steps.append(Step(unit, shots, known, _cost(pairs, spec, set(shots) - set(known))))
    if not any(step.shots for step in steps):
        pairs_of = ", ".join(f"{title} {len(one.pairs)}" for title, one in found.items())
        raise UserError(
            f"no task has enough pairs for {spec.shots[0]} demonstrations: {pairs_of}; ask with fewer --shots"
        )
    return Plan(model.name, found, tuple(steps), model.fingerprint, _short(found, spec))


def carry_out(
    plan: Plan,
    model: LanguageModel,
    spec: FewShot,
    folder: Path,
    watch: Callable[[Step, float], None] = lambda step, done: None,
) -> None:
    """Ask what is missing; each file is written when it is complete.

    Args:
        plan: Of this model and spec.
        model: Who is asked.
        spec: How.
        folder: Where answers are kept.
        watch: Told the step at work and the cost done so far.
    """
    done = 0.0
    for step in plan.steps:
        missing = [count for count in step.shots if count not in step.known]
        if missing:
            # Not every query costs the same, but progress is told in queries.
            of_each = step.cost / (spec.num_queries * len(missing))
            answered = 0

            def asked(count: int, step: Step = step, each: float = of_each, before: float = done) -> None:
                nonlocal answered
                answered += count
                watch(step, before + answered * each)

            watch(step, done)
            unit = step.unit
            new = ask(
                model, unit.task, unit.usable, spec,
                labels=unit.labels, seed=unit.seed, shots=missing, asked=asked,
            )  # fmt: skip
            write_unit(unit.path(folder, spec), unit, step.known | new)
        done += step.cost
        watch(step, done)


def _short(found: dict[str, Usable], spec: FewShot) -> dict[str, tuple[int, ...]]:
    missing = {title: set(spec.shots) - set(possible_shots(pairs, spec)) for title, pairs in found.items()}
    return {title: tuple(sorted(counts)) for title, counts in missing.items() if counts}


def _cost(pairs: Usable, spec: FewShot, shots: Sequence[int] | set[int]) -> float:
    """What is read, in demonstrations: each set's once, and the queries at every number of them."""
    sets = spec.num_queries / set_size(len(pairs.pairs), spec.per_set)
    return sets * max(shots, default=0) + QUERY_COST * spec.num_queries * len(shots)
