"""What was used, and whom to cite for it."""

import re
from dataclasses import dataclass

from icl_lab.report.comparison.data import Comparison

ARXIV = re.compile(r"\barxiv[: ]\s*(\d{4}\.\d{4,5})\b", re.IGNORECASE)


@dataclass(frozen=True)
class Citation:
    """A component that was used.

    Args:
        name: As it is called in the comparison.
        formula: What it computes.
        source: Where it comes from.
        link: Address of the paper, where the source names one on arXiv; made of its digits alone.
    """

    name: str
    formula: str
    source: str
    link: str


def citations(comparison: Comparison) -> list[Citation]:
    """The task and every predictor that says what it computes or where it comes from, and the score."""
    named = [(str(comparison.task.get("task", "task")), comparison.task_formula, comparison.task_source)]
    named += [(entry.label, entry.formula, entry.source) for entry in comparison.predictors]
    if len(comparison.rows("icl_score_mean")):
        score = "sum over k of (zero - error) / sum over k of (zero - best reference)"
        named.append(("ICL score", score, "Campbell et al. 2024 (arXiv 2411.03945), ICL regression score"))
    return [Citation(name, formula, source, _link(source)) for name, formula, source in named if formula or source]


def _link(source: str) -> str:
    found = ARXIV.search(source)
    return f"https://arxiv.org/abs/{found[1]}" if found else ""
