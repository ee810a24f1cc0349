"""What `--match` did: the three sizes of each model, and how close each came to the budget."""

from typing import Any

from rich.table import Table
from rich.text import Text

from icl_lab.cli.console import results
from icl_lab.comparisons.comparison import ComparisonSpec
from icl_lab.comparisons.matching import IN_WORDS
from icl_lab.evaluation.size import Quantity, measure_size
from icl_lab.report import words

COLUMNS: dict[Quantity, str] = {
    "parameters": "parameters",
    "flops": "training FLOPs / prompt",
    "state": "state size",
}


def print_matched(spec: ComparisonSpec) -> None:
    """The sizes of the models, before they are trained."""
    if spec.match is None:
        return
    budget = f"{words.count(spec.match.budget)} {IN_WORDS[spec.match.quantity]}"
    table = Table(title=f"Matched to {budget}", title_justify="left", header_style="bold")
    table.add_column("model", overflow="fold", max_width=34)
    for name in ("d_model", *COLUMNS.values(), "off by"):
        table.add_column(name, justify="right")
    for row in matched_values(spec)["models"]:
        table.add_row(
            Text(row["settings"]),
            str(row["d_model"]),
            words.count(row["parameters"]),
            words.amount(row["training_flops"]),
            words.count(row["state_size"]),
            f"{row['off_by']:+.1%}",
        )
    results().print(table)


def matched_values(spec: ComparisonSpec) -> dict[str, Any]:
    """The same as JSON values."""
    if spec.match is None:
        return {}
    models = []
    for entry in spec.entries:
        size = measure_size(entry.model, spec.task)
        off_by = spec.match.miss(size.of(spec.match.quantity))
        named = {"model": spec.label(entry.model), "settings": entry.model.short(), "d_model": entry.model.d_model}
        models.append({**named, **vars(size), "off_by": off_by})
    return {**spec.match.to_json(), "models": models}
