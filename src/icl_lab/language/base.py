"""What a few-shot task on text is: a list of pairs, with the way its answers are judged.

The tasks are those of Hendel et al. 2023 (arXiv 2310.15916), of which Grazzi et al. 2024 (arXiv 2402.03170, table 1)
report eighteen; the pairs are our own.
"""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

from icl_lab.core.registry import Registry
from icl_lab.core.specs import Registered

Category = Literal["algorithmic", "translation", "linguistic", "knowledge", "own"]
Judgement = Literal["exact", "prefix", "synonyms"]

CATEGORIES: tuple[Category, ...] = ("algorithmic", "translation", "linguistic", "knowledge", "own")

LANGUAGE_TASKS: Registry["LanguageTask"] = Registry("language_task", "icl_lab.language.tasks")


@dataclass(frozen=True)
class Pair:
    """An input and its output.

    Args:
        input: What is given.
        outputs: What is right; the first is what demonstrations show.
    """

    input: str
    outputs: tuple[str, ...]

    @property
    def output(self) -> str:
        """What a demonstration shows."""
        return self.outputs[0]


@dataclass(frozen=True, kw_only=True)
class LanguageTask(Registered):
    """A list of pairs; a prompt shows some of them and asks another.

    Attributes:
        category: What kind of knowledge it asks for.
        judgement: When an answer is right, see `asking/scoring.py`.
        filtered: Whether only outputs of a single token are asked, by the model's own tokenizer.
        published: What the task is called in the published results; empty where there are none.
        formula: An example of a pair, as `icl describe` shows it.
        source: Where the pairs come from.
    """

    registry = LANGUAGE_TASKS
    category: ClassVar[Category] = "own"
    judgement: ClassVar[Judgement] = "exact"
    filtered: ClassVar[bool] = False
    published: ClassVar[str] = ""
    formula: ClassVar[str] = ""
    source: ClassVar[str] = ""

    @abstractmethod
    def pairs(self) -> tuple[Pair, ...]:
        """All pairs, inputs unique, in an order that is always the same."""

    @property
    def group(self) -> Category:
        """The category, which a task from a file chooses for itself."""
        return self.category

    @property
    def judged(self) -> Judgement:
        """The judgement, which a task from a file chooses for itself."""
        return self.judgement

    @property
    def single_token(self) -> bool:
        """Whether outputs must be single tokens, which a task from a file chooses for itself."""
        return self.filtered

    @property
    def title(self) -> str:
        """What tables call it."""
        return self.name
