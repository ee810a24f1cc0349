"""Which questions task vectors are asked, and whose vector stands in as the control."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from icl_lab.language.asking.one_task import possible_shots
from icl_lab.language.asking.plan import Plan
from icl_lab.language.base import LanguageTask
from icl_lab.language.prompts.draws import draw_sets
from icl_lab.language.prompts.filter import Usable
from icl_lab.language.spec import FewShot, stream_of
from icl_lab.language.task_vectors.patching import Question

SHOTS = 5

QuestionSets = Sequence[Sequence[Question]]
"""Set by set; the questions of a set are shown the same demonstrations and dummy query."""


def vector_questions(task: LanguageTask, usable: Usable, spec: FewShot, num_queries: int) -> QuestionSets:
    """The questions of a task: `SHOTS` demonstrations and a dummy query to take the vector from, and what is asked."""
    found, space, template = [], " " if usable.spaced else "", spec.template
    for one in draw_sets(task.pairs(), usable.pairs, stream_of(task, 0), num_queries, spec.per_set, "true"):
        dummy = one.demonstrations[SHOTS].input
        before = template.demonstrations(one.demonstrations[:SHOTS], spaced=usable.spaced)
        shown = before + template.query(dummy, spaced=usable.spaced)
        found.append(
            [
                Question(
                    shown=shown,
                    asked=template.query(query.input, spaced=usable.spaced),
                    answer=space + query.output,
                    before=before,
                )
                for query in one.queries
            ]
        )
    return found


def shown_another(questions: QuestionSets, other: QuestionSets) -> QuestionSets:
    """The same questions, with the vectors of another task's sets, which go round where they are fewer."""
    return [
        [replace(question, shown=other[number % len(other)][0].shown) for question in one]
        for number, one in enumerate(questions)
    ]


def measurable(plan: Plan, spec: FewShot) -> list[LanguageTask]:
    """The tasks that have enough pairs for the demonstrations and a dummy query."""
    enough = spec.replace(shots=(SHOTS + 1,))
    return [task for task in spec.tasks if possible_shots(plan.usable[task.title], enough)]


def another(task: LanguageTask, tasks: Sequence[LanguageTask], usable: Mapping[str, Usable]) -> LanguageTask | None:
    """The task whose vector is put into the prompts of `task` as a control; none where no other has its format.

    Of one format are tasks whose outputs have a space in front, and those whose outputs have none: a vector of the
    other format says a token that is never right, whatever it knows. Of those of the same format it is the one
    half their list further on, or the next one from there that is of another category, if any is: so that in a list
    by category it is not one task that is everyone's control.

    Args:
        task: One of `tasks`.
        tasks: Those that can be measured, in order.
        usable: Title -> what the model is asked of a task.
    """
    alike = [one for one in tasks if usable[one.title].spaced == usable[task.title].spaced]
    begin = [one.title for one in alike].index(task.title) + len(alike) // 2
    further = [alike[(begin + step) % len(alike)] for step in range(len(alike))]
    others = [one for one in further if one.title != task.title]
    return next((one for one in others if one.group != task.group), others[0] if others else None)
