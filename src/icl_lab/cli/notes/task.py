"""What `icl describe` says of a task beside its fields: layout, levels, baselines, shifts, and the curve to expect."""

from dataclasses import asdict
from typing import Any

from icl_lab.cli.console import print_table, results
from icl_lab.cli.notes.layout_drawing import layout
from icl_lab.evaluation.points import milestones
from icl_lab.evaluation.shifts import applicable_shifts
from icl_lab.report.words import Measure, number
from icl_lab.tasks.base import Task
from icl_lab.tasks.families.function_class import FunctionClass


def task_notes(task: Task) -> dict[str, Any]:
    """Everything about a task that is not a field of it, as JSON values."""
    return {
        "metric": task.metric,
        "complement": task.objective.complement,
        "axis": task.axis,
        "zero_error": task.zero_error,
        "baselines": list(task.baselines),
        "shifts": [shift.short() for shift in applicable_shifts(task)],
        "shared_draws": task.shared_draws,
        "corrected": list(task.corrected),
        "expected": expected_curve(task),
        "layout": [asdict(note) for note in layout(task)],
    }


def expected_curve(task: Task) -> dict[str, float]:
    """Expected error of least squares at some points, where a formula is known: number of examples -> error."""
    if not isinstance(task, FunctionClass):
        return {}
    points = {0, task.num_active // 2, *milestones(task)}
    found = {str(shown): task.expected_least_squares(shown) for shown in sorted(points) if shown < task.length}
    return {shown: value for shown, value in found.items() if value is not None and value < float("inf")}


def print_task_notes(notes: dict[str, Any]) -> None:
    """The same for people."""
    console = results()
    measure = Measure(notes["metric"], notes["complement"], notes["axis"])
    lines = [
        ("error", f"{measure.words}, against {measure.axis}; {measure.zero}: {number(notes['zero_error'])}"),
        ("baselines", ", ".join(notes["baselines"]) or "none"),
        ("shifts", ", ".join(notes["shifts"]) or "none"),
    ]
    if notes["expected"]:
        curve = ", ".join(f"{number(value)} after {shown}" for shown, value in notes["expected"].items())
        lines.append(("least squares", f"expected error {curve}"))
    if notes["shared_draws"]:
        lines.append(("draws", "prompts of a batch share a random draw; intervals resample whole batches"))
    lines += [("corrected", defect) for defect in notes["corrected"]]
    for name, words in lines:
        console.print(f"{name}: {words}", markup=False)
    console.print()
    rows = [(note["token"], note["holds"], note["numbers"], note["asked"]) for note in notes["layout"]]
    print_table(("token", "holds", "numbers", "asked here"), rows, title="Layout, from one prompt")
