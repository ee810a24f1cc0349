"""Published curves beside ours: rows for what is published of exactly this task, shift and predictor."""

from collections.abc import Iterator, Sequence

from icl_lab.core.records import Record
from icl_lab.evaluation.curves import Curves
from icl_lab.published.curves import PublishedCurve, published_curves
from icl_lab.report.comparison.data import Published, is_length
from icl_lab.tasks.base import Task


def published_beside(evaluated: Sequence[Curves], trained: Task) -> list[tuple[Published, list[Record]]]:
    """Every published curve that has one of ours beside it: what it is, and its points as records.

    Args:
        evaluated: Our curves, under no shift and under some.
        trained: What the models were trained on.
    """
    return [
        (
            Published(
                predictor=label,
                shift=curves.shift,
                figure=found.figure,
                source=f"{found.source}; {found.normalisation}",
                exact=found.exact,
            ),
            list(_rows(found, curves, label)),
        )
        for curves in evaluated
        for label in curves.labels
        if curves.of(label)[0].kind == "model" or not is_length(curves.shift)  # a baseline knows of no training length
        for found in published_curves(label, evaluated=curves.task, trained=trained)
    ]


def _rows(found: PublishedCurve, curves: Curves, label: str) -> Iterator[Record]:
    points = zip(found.shown, found.value, found.low, found.high, strict=True)
    for shown, value, low, high in points:
        if shown < curves.task.length:
            yield Record(
                run=curves.run_of(label, 0),
                predictor=label,
                task=curves.task.spec_name(),
                metric=f"published_{found.figure}",
                value=float(value),
                low=float(low),
                high=float(high),
                shown=int(shown),
                shift=curves.shift,
            )
