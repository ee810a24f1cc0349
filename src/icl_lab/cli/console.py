"""Where commands write: results on standard output, progress and errors on standard error."""

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

LAST = 20
"""Letters that a last column must have."""
STOPPED = "stopped"
RESUMES = "stopped; the same command goes on from the last checkpoint"


def results() -> Console:
    """Standard output, as wide as the terminal; a file has 120 letters a line, or as many as COLUMNS says."""
    console = Console(highlight=False, soft_wrap=False)
    return console if console.is_terminal or "COLUMNS" in os.environ else Console(highlight=False, width=120)


def progress() -> Console:
    """Standard error."""
    return Console(stderr=True, highlight=False)


def print_json(value: Any) -> None:
    """One JSON value on standard output, and nothing else."""
    typer.echo(json.dumps(value, indent=2, allow_nan=False))


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[str]], title: str | None = None, most: int | None = None
) -> None:
    """A table without frames: the last column wraps; the others do so only where it would have no room left.

    Args:
        columns: Heads.
        rows: Cells.
        title: Above it.
        most: Letters in a line at most, where the terminal has more.
    """
    console, cells = results(), [[*row] for row in rows]
    console.width = min(console.width, most or console.width)
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold", title_style="bold")
    widths = [max(len(row[place]) for row in [[*columns], *cells]) for place in range(len(columns) - 1)]
    crowded = sum(widths) + 2 * len(widths) + LAST > console.width
    for place, column in enumerate(columns):
        table.add_column(column, no_wrap=place < len(columns) - 1 and not crowded, overflow="fold")
    for row in cells:
        table.add_row(*(cell.replace("[", r"\[") for cell in row))
    console.print(table)


def note(message: str) -> None:
    """One line on standard error, and on with it."""
    typer.echo(f"icl: {message}", err=True)


def fail(message: str, status: int = 2) -> None:
    """One line on standard error, then out."""
    typer.echo(f"icl: {message}", err=True)
    sys.exit(status)
