"""Tables for a terminal that always fit: intervals move below their numbers, then columns into further tables."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.table import Table
from rich.text import Text

GAP = 2
"""Letters between two columns."""
FOLDED = 34
"""Letters of a line of words; longer ones are folded."""


@dataclass(frozen=True)
class Column:
    """A column of a table.

    Args:
        head: Its head, one line or more.
        cells: Its cells; `str` of each is shown.
        right: Whether it holds numbers: they are set against the right edge, and where there is little room their
            intervals, " (low to high)", stand below them. Words are folded instead.
    """

    head: str
    cells: tuple[Any, ...]
    right: bool = True


@dataclass(frozen=True)
class Grid:
    """A table without frames, or as many as the terminal needs; rich prints it as it prints a `Table`.

    Args:
        title: Above all.
        names: Columns that stand first in every table.
        columns: The others.
        dim: Rows that stand back.
    """

    title: str
    names: tuple[Column, ...]
    columns: tuple[Column, ...]
    dim: frozenset[int] = frozenset()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Table]:
        """Whole where it fits, with intervals below their numbers where only this fits, else in several tables."""
        width = options.max_width
        flat = _width([*self.names, *self.columns], stacked=False) - GAP <= width
        for place, columns in enumerate([self.columns] if flat else self._parts(width)):
            yield self._table(columns, stacked=not flat, title=self.title if place == 0 else None, width=width)

    def _parts(self, width: int) -> list[tuple[Column, ...]]:
        """The columns, as many together as fit beside the names; one at least."""
        room = width - _width(self.names, stacked=True)
        parts: list[list[Column]] = [[]]
        for column in self.columns:
            if parts[-1] and _width([*parts[-1], column], stacked=True) - GAP > room:
                parts.append([])
            parts[-1].append(column)
        return [tuple(part) for part in parts]

    def _table(self, columns: Sequence[Column], *, stacked: bool, title: str | None, width: int) -> Table:
        table = Table(
            title=title,
            title_justify="left",
            title_style="bold",
            header_style="bold",
            box=None,
            pad_edge=False,
            padding=(0, GAP, 0, 0),
        )
        shown = [*self.names, *columns]
        for column in shown:
            # Nothing is ever left out: a cell wider than the terminal is folded.
            table.add_column(
                Text(column.head),
                justify="right" if column.right else "left",
                overflow="fold",
                max_width=width if column.right else FOLDED,
            )
        for place, row in enumerate(zip(*(column.cells for column in shown), strict=True)):
            cells = (Text(_said(cell, to, stacked)) for to, cell in zip(shown, row, strict=True))
            table.add_row(*cells, style="dim" if place in self.dim else "")
        return table


def column(head: str, cells: Iterable[Any], *, right: bool = True) -> Column:
    """A column from anything that has cells."""
    return Column(head, tuple(cells), right)


def _said(cell: Any, to: Column, stacked: bool) -> str:
    said = str(cell)
    if not to.right:
        return _folded(said)
    number, opening, ends = said.partition(" (")
    return f"{number}\n{ends.removesuffix(')')}" if stacked and opening else said


def _folded(words: str) -> str:
    """Lines that begin after a blank, or after a parenthesis that touches a name; none longer than need be."""
    lines = [""]
    for piece in re.split(r"(?<= )|(?<=[^ ]\()", words):
        if lines[-1] and cell_len(lines[-1] + piece.rstrip()) > FOLDED:
            lines.append("  ")
        lines[-1] += piece
    return "\n".join(line.rstrip() for line in lines)


def _width(columns: Sequence[Column], *, stacked: bool) -> int:
    widths = [
        max(cell_len(line) for text in (one.head, *(_said(cell, one, stacked) for cell in one.cells))
            for line in text.split("\n"))
        for one in columns
    ]  # fmt: skip
    widths = [width if one.right else min(width, FOLDED) for width, one in zip(widths, columns, strict=True)]
    return sum(widths) + GAP * len(widths)
