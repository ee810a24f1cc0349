"""Task vectors of few-shot tasks: the same questions under every condition, counted set by set and kept.

What is put where is `patching.py`'s matter, `questions.py` says what is asked, `records.py` what comes of the counts.
A prompt of five demonstrations and a dummy query shows a task, and the queries of the same set are asked without
demonstrations, one layer patched at a time. For comparison the same queries are asked

* unpatched, without demonstrations and after them;
* with the vector of another task of the same format, in every layer: if that helped too, a vector would not carry its
  task, but say no more than that an answer is wanted.

Right is the first token of the output and nothing else, so that tasks of different judgements are on one scale.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from icl_lab.language.asking.answers import FOLDER, Unit
from icl_lab.language.asking.plan import Plan
from icl_lab.language.base import LanguageTask
from icl_lab.language.measures.crossfit import Counts, SetCount, has_halves
from icl_lab.language.models.causal import CausalModel
from icl_lab.language.spec import FewShot
from icl_lab.language.task_vectors.kept import kept
from icl_lab.language.task_vectors.patching import Kind, prompted_right, task_vector_accuracy
from icl_lab.language.task_vectors.questions import (
    SHOTS,
    QuestionSets,
    another,
    measurable,
    shown_another,
    vector_questions,
)


@dataclass(frozen=True)
class Counted:
    """How many questions of one task were right, set by set.

    Args:
        task: The task.
        unpatched: Number of demonstrations -> sets.
        own: What was put in -> layer -> sets, patched with the task's own vectors.
        other: The task whose vectors were the control; empty where no other has its format.
        others: As `own`, patched with that task's vectors.
    """

    task: LanguageTask
    unpatched: Counts
    own: Mapping[Kind, Counts]
    other: str = ""
    others: Mapping[Kind, Counts] = field(default_factory=dict)

    @property
    def has_halves(self) -> bool:
        """Whether a layer can be chosen on some sets and scored on others."""
        return all(has_halves(counts) for counts in self.own.values())


def count_vectors(
    model: CausalModel, plan: Plan, task: LanguageTask, spec: FewShot, folder: Path, num_queries: int
) -> Counted | None:
    """Ask a task's questions under every condition; what was asked before is read from the folder.

    Returns:
        The counts; none where the task has too few pairs.
    """
    tasks = measurable(plan, spec)
    if task not in tasks:
        return None
    asked = spec.replace(num_queries=num_queries)

    def name(one: LanguageTask) -> str:
        return Unit(plan.model, one, plan.usable[one.title], "true", 0, plan.weights).digest(asked)

    def questions(one: LanguageTask) -> QuestionSets:
        return vector_questions(one, plan.usable[one.title], spec, num_queries)

    def path(condition: str) -> Path:
        return folder / FOLDER / f"{name(task)}-{condition}.json.gz"

    def patched(kind: Kind, source: LanguageTask) -> Counts:
        if source is task:
            return _patched(model, questions(task), kind)
        return _patched(model, shown_another(questions(task), questions(source)), kind)

    kinds, other = kinds_of(model), another(task, tasks, plan.usable)
    unpatched = kept(path("unpatched"), lambda: _unpatched(model, questions(task)))
    own = {kind: kept(path(kind), partial(patched, kind, task)) for kind in kinds}
    if other is None:
        return Counted(task, unpatched, own)
    others = {kind: kept(path(f"{kind}-of-{name(other)}"), partial(patched, kind, other)) for kind in kinds}
    return Counted(task, unpatched, own, other.title, others)


def kinds_of(model: CausalModel) -> tuple[Kind, ...]:
    """What can be patched: what layers hand on, and of a recurrent model also what they remember."""
    _, state = model.read([model.encode_prompt("a b c")])
    return ("residual", "state") if state is not None and state.recurrent else ("residual",)


def _patched(model: CausalModel, sets: QuestionSets, kind: Kind) -> Counts:
    counts: dict[int, list[SetCount]] = {}
    for questions in sets:
        for found in task_vector_accuracy(model, questions, kind=kind):
            counts.setdefault(found.layer, []).append((found.correct, found.asked))
    return counts


def _unpatched(model: CausalModel, sets: QuestionSets) -> Counts:
    return {
        shots: [(prompted_right(model, questions, demonstrations=shots > 0), len(questions)) for questions in sets]
        for shots in (0, SHOTS)
    }
