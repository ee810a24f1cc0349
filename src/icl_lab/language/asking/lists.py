"""What the lists of pairs alone allow to ask, whatever the model: known before one is looked for."""

from icl_lab.core.errors import UserError
from icl_lab.language.prompts.draws import most_demonstrations
from icl_lab.language.spec import FewShot


def check_lists(spec: FewShot) -> None:
    """Refuse what no model could be asked, as far as the lists tell; a tokenizer may leave less.

    Raises:
        UserError: A list has no pair to ask and another to show, or none is long enough for any number of
            demonstrations.
    """
    for task in spec.tasks:
        if (listed := len(task.pairs())) < 2:
            raise UserError(f"{task.title}: expected at least two pairs, got {listed}: one to ask, one to show")
    if not numbers_with_a_list(spec):
        most = ", ".join(f"{title} {count}" for title, count in most_shown(spec).items())
        raise UserError(
            f"no task has enough pairs for {spec.shots[0]} demonstrations: at most {most}; ask with fewer --shots"
        )


def most_shown(spec: FewShot) -> dict[str, int]:
    """Task title -> the most demonstrations that its list has pairs for."""
    return {task.title: most_demonstrations(len(task.pairs()), spec.per_set) for task in spec.tasks}


def numbers_with_a_list(spec: FewShot) -> tuple[int, ...]:
    """The numbers of demonstrations for which at least one list has enough pairs."""
    return tuple(count for count in spec.shots if count <= max(most_shown(spec).values()))
