"""What a few-shot evaluation is: tasks, numbers of demonstrations, queries, seeds, controls."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from icl_lab.core.bounds import Count, Natural
from icl_lab.core.errors import UserError
from icl_lab.core.specs import Spec
from icl_lab.core.streams import Stream
from icl_lab.language.base import CATEGORIES, Category, LanguageTask
from icl_lab.language.prompts.draws import Labels
from icl_lab.language.prompts.templates import Template

Answers = Literal["token", "whole"]

REPORTED = (
    "list_first", "list_last", "next_letter", "previous_letter", "to_lower", "to_upper",
    "english_french", "english_spanish", "french_english", "spanish_english",
    "antonyms", "plural_singular", "present_gerund", "present_past",
    "country_capital", "location_continent", "religion", "person_language",
)  # fmt: skip
"""The eighteen tasks of table 1 of Grazzi et al. 2024, in its order of categories."""


@dataclass(frozen=True, kw_only=True)
class FewShot(Spec):
    """Tasks, and how they are asked.

    Args:
        tasks: Which, titles unique.
        shots: Numbers of demonstrations; sorted, each once.
        num_queries: Queries of a task for each seed.
        per_set: Queries that share their demonstrations; 1 as published.
        num_seeds: How often everything is drawn anew.
        labels: What demonstrations show as outputs; `true`, and controls.
        controlled: Categories whose tasks are asked under the controls with every number of demonstrations; others
            with the most that they have pairs for.
        template: How pairs become text.
        answers: One token, as published, or the whole answer up to the end of the line.
    """

    tasks: tuple[LanguageTask, ...]
    shots: tuple[Natural, ...] = (0, 1, 2, 4, 5, 8, 16)
    num_queries: Count = 100
    per_set: Count = 5
    num_seeds: Count = 1
    labels: tuple[Labels, ...] = ("true",)
    controlled: tuple[Category, ...] = CATEGORIES
    template: Template = Template()
    answers: Answers = "token"

    def __post_init__(self) -> None:
        super().__post_init__()
        object.__setattr__(self, "shots", tuple(sorted(set(self.shots))))
        titles = [task.title for task in self.tasks]
        if len(set(titles)) < len(titles):
            raise UserError(f"few-shot tasks: expected each once, got {', '.join(titles)}")
        if not titles or not self.shots or not self.labels:
            raise UserError(
                "few-shot evaluation: expected at least one task, one number of shots and one kind of labels"
            )

    def shots_of(self, task: LanguageTask, labels: Labels, possible: Sequence[int]) -> tuple[int, ...]:
        """The numbers of demonstrations that are shown with these labels, of those that are possible."""
        if labels == "true":
            return tuple(possible)
        shown = tuple(count for count in possible if count)  # without demonstrations there are no labels to change
        return shown if task.group in self.controlled else shown[-1:]


def stream_of(task: LanguageTask, seed: int) -> Stream:
    """Where a task's queries and demonstrations come from, for every model the same."""
    return Stream(seed, ("few-shot", task.title))
