"""Few-shot evaluation of models: what is left to ask, in which order, and what has been answered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.language.asking.answers import Held, Unit, read_held
from icl_lab.language.asking.keeping import SECONDS, Keeper
from icl_lab.language.asking.lists import check_lists
from icl_lab.language.asking.one_task import are_first_sets, ask, possible_shots, sets_of
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
        held: What it holds already.
        cost: Of what is missing, in demonstrations read.
    """

    unit: Unit
    shots: tuple[int, ...]
    held: Held
    cost: float

    @property
    def missing(self) -> tuple[int, ...]:
        """Numbers of demonstrations that are not answered whole."""
        return tuple(count for count in self.shots if count not in self.held.whole)


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
    check_lists(spec)
    found = {
        task.title: usable(task, model.tokenizer, spec.template, whole_answers=spec.answers == "whole")
        for task in spec.tasks
    }
    steps = []
    for labels in spec.labels:
        for task in spec.tasks:
            pairs = found[task.title]
            if len(pairs.pairs) < 2:
                many = f"{len(pairs.pairs)} of its {pairs.listed} outputs"
                raise UserError(
                    f"{task.title}: {many} are single tokens of {model.name}; take --answers whole, or leave it out"
                )
            shots = spec.shots_of(task, labels, possible_shots(pairs, spec))
            for seed in range(spec.num_seeds):
                unit = Unit(model.name, task, pairs, labels, seed, model.fingerprint)
                held = _held(unit, spec, folder)
                steps.append(Step(unit, shots, held, _cost(pairs, spec, shots, held)))
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
    seconds: float = SECONDS,
) -> None:
    """Ask what is missing; answers are kept while they come in, and asked for once.

    Args:
        plan: Of this model and spec.
        model: Who is asked.
        spec: How.
        folder: Where answers are kept.
        watch: Told the step at work and the cost done so far.
        seconds: Between two writes of answers; what is answered when it is stopped is written as well.
    """
    done = 0.0
    for step in plan.steps:
        unit, answered = step.unit, 0
        if step.missing:
            # Not every query costs the same, but progress is told in queries.
            of_each = step.cost / sum(_left(step.missing, step.held, spec).values())
            watch(step, done)
            with Keeper(unit, spec, folder, step.held, seconds) as keeper:
                for count, answers in ask(
                    model, unit.task, unit.usable, spec,
                    labels=unit.labels, seed=unit.seed, shots=step.missing, begun=step.held.begun,
                ):  # fmt: skip
                    keeper.add(count, answers)
                    answered += len(answers)
                    watch(step, done + answered * of_each)
        done += step.cost
        watch(step, done)


def _held(unit: Unit, spec: FewShot, folder: Path) -> Held:
    """What a file holds. What is begun and does not fit the queries, is asked anew."""
    path = unit.path(folder, spec)
    held = read_held(path)
    if any(len(rows) != spec.num_queries for rows in held.whole.values()):
        raise DamagedFile(path, f"not the answers of {spec.num_queries} queries", "remove it to ask again")
    if not held.begun:
        return held
    sets = sets_of(unit.task, unit.usable, spec, unit.labels, unit.seed)
    fitting = {count: rows for count, rows in held.begun.items()
               if len(rows) < spec.num_queries and are_first_sets(rows, sets)}  # fmt: skip
    return Held(held.whole, fitting)


def _short(found: dict[str, Usable], spec: FewShot) -> dict[str, tuple[int, ...]]:
    missing = {title: set(spec.shots) - set(possible_shots(pairs, spec)) for title, pairs in found.items()}
    return {title: tuple(sorted(counts)) for title, counts in missing.items() if counts}


def _left(shots: Sequence[int], held: Held, spec: FewShot) -> dict[int, int]:
    """Number of demonstrations -> how many queries are not answered."""
    return {count: spec.num_queries - len(held.begun.get(count, ())) for count in shots if count not in held.whole}


def _cost(pairs: Usable, spec: FewShot, shots: Sequence[int], held: Held) -> float:
    """What is to be read, in demonstrations: each set's once, and the queries at every number of them."""
    left, size = _left(shots, held, spec), set_size(len(pairs.pairs), spec.per_set)
    demonstrations, queries = 0.0, 0
    for count in sorted(left, reverse=True):
        demonstrations += count * max(0, left[count] - queries) / size
        queries = max(queries, left[count])
    return demonstrations + QUERY_COST * sum(left.values())
