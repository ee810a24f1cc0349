"""A number about the answers of a model as a record."""

from typing import Any

from icl_lab.core.records import Record
from icl_lab.language.asking.plan import Plan
from icl_lab.language.measures.intervals import Sampled
from icl_lab.language.prompts.draws import Labels
from icl_lab.language.spec import FewShot


def row(plan: Plan, spec: FewShot, task: str, metric: str, found: Sampled | float, **more: Any) -> Record:
    """The record of a number.

    Args:
        plan: Of the model.
        spec: What was asked.
        task: The task's title, or that of several.
        metric: What the number is.
        found: The number, with its interval where it has one.
        more: Further columns.
    """
    about: dict[str, Any] = {"run": spec.digest(), "predictor": plan.model, "task": task, "metric": metric}
    if isinstance(found, Sampled):
        low, high = found.ends
        return Record(**about, value=found.value, low=low, high=high, **more)
    return Record(**about, value=found, **more)


def shift_of(labels: Labels) -> str:
    """How records call labels: by their name, and by nothing where they are the true ones."""
    return "" if labels == "true" else labels
