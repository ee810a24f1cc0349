"""Published accuracies on few-shot language tasks (Grazzi et al. 2024, table 1 and figure 7).

The tasks are those of the paper, the pairs are not: numbers compare roughly, task by task, not pair by pair.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

PAPER = "Grazzi et al. 2024 (arXiv 2402.03170)"

ONE_ANSWER: Mapping[str, float] = MappingProxyType({"location_continent": 705 / 957, "religion": 254 / 368})
"""The share of pairs with one and the same output in the lists that the published numbers are from: Antarctica, Muslim.

Counted in the lists of Hendel et al. 2023; always saying it scores as much.
"""


@dataclass(frozen=True)
class PublishedAccuracy:
    """One number of table 1.

    Args:
        model: As the paper calls it.
        task: As we call it.
        shots: Demonstrations, 0 or 5.
        value: Accuracy.
        prompts: How many it is a mean of.
    """

    model: str
    task: str
    shots: int
    value: float
    prompts: int


@dataclass(frozen=True)
class PublishedMean:
    """One point of figure 7.

    Args:
        model: As the paper calls it.
        shots: Demonstrations.
        tasks: How many tasks it is a mean of.
        value: Mean accuracy.
        low: 5 % of a bootstrap over tasks.
        high: 95 % of it.
        common: Mean over the six tasks that all points of the figure have.
    """

    model: str
    shots: int
    tasks: int
    value: float
    low: float
    high: float
    common: float


@cache
def published_accuracies() -> tuple[PublishedAccuracy, ...]:
    """Table 1: seventeen models, eighteen tasks."""
    return tuple(
        PublishedAccuracy(row["model"], row["task"], shots, float(row[column]), int(row["prompts"]))
        for row in _rows("grazzi2024_table1.csv")
        for shots, column in ((0, "none"), (5, "five"))
    )


@cache
def published_means() -> tuple[PublishedMean, ...]:
    """Figure 7: four models, 1 to 256 demonstrations."""
    return tuple(
        PublishedMean(
            row["model"], int(row["shots"]), int(row["tasks"]),
            *(float(row[column]) for column in ("mean", "low", "high", "common")),
        )
        for row in _rows("grazzi2024_shots.csv")
    )  # fmt: skip


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("icl_lab.published") / name).read_text(encoding="utf-8")
    return list(csv.DictReader(line for line in text.splitlines() if not line.startswith("#")))
