"""The verdicts, marks and scores of a study as tables for a terminal."""

from collections import Counter
from collections.abc import Mapping, Sequence

from rich.table import Table
from rich.text import Text

from icl_lab.report.grid import Grid, column
from icl_lab.report.labels import printable
from icl_lab.report.study.data import FoundClaim, FoundPart, FoundStudy, Outcome
from icl_lab.report.words import listed, number, plain

Pair = tuple[str, str]
"""Ours, and what is published; empty where nothing is."""
COLOURS = {"holds": "green", "does not hold": "red", "undecided": "yellow"}


def conclusion(found: FoundStudy) -> str:
    """What came out, in one or two sentences."""
    counts = Counter(claim.outcome for claim in found.claims)
    if found.scale == "smoke":
        return (
            f"Scale smoke shows that everything runs and nothing else: none of {len(found.claims)} claims is decided."
        )
    words: dict[Outcome, tuple[str, str]] = {
        "holds": ("holds", "hold"),
        "does not hold": ("does not hold", "do not hold"),
        "undecided": ("is undecided", "are undecided"),
    }
    said = [f"{counts[outcome]} {words[outcome][counts[outcome] != 1]}" for outcome in words if counts[outcome]]
    trained, all_of_them = (sum(getattr(part, name) for part in found.parts) for name in ("trained", "trainings"))
    rest = (
        "" if trained == all_of_them else f" {trained} of {all_of_them} trainings are done; the same command goes on."
    )
    return f"Of {len(found.claims)} claims {listed(said)} at scale {found.scale}.{rest}"


def claims_table(found: FoundStudy) -> Table:
    """Each claim with its verdict, and below it what decided."""
    table = Table(title="claims", title_justify="left", title_style="bold", show_header=False, box=None, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column()
    for claim in found.claims:
        said = Text(f"{claim.id}: {claim.sentence}")
        if claim.published:
            said.append(f"\npublished: {claim.published}", style="dim")
        for line in deciding(claim):
            said.append(f"\n{line}", style="dim")
        if claim.as_published is not None:
            said.append(f"\n{as_published_words(claim)}: {claim.as_published}", style="bold")
        table.add_row(Text(claim.outcome, style=COLOURS[claim.outcome]), said)
    return table


def deciding(claim: FoundClaim, most: int = 2) -> list[str]:
    """The statements that a verdict rests on, with their figures; the first ones where there are many."""
    lines = [f"- {one.words}: {one.figure}" for one in claim.deciding[:most]]
    more = len(claim.deciding) - most
    return [*lines, f"- and {more} more"] if more > 0 else lines


def as_published_words(claim: FoundClaim) -> str:
    """Which parts the other verdict rests on."""
    return f"with the published optimiser on {listed([plain(name) for name in claim.as_published_in])}"


def marks_table(found: FoundStudy) -> Grid | None:
    """Our marks beside the published ones; none where no marks are published."""
    rows = {part.name: marks_of(part) for part in found.parts if part.published_marks}
    return _beside(rows, "marks: ours (published)") if rows else None


def scores_table(found: FoundStudy) -> Grid | None:
    """Our scores beside the published ones; none where no scores are published."""
    rows = {part.name: scores_of(part) for part in found.parts if part.published_scores}
    return _beside(rows, "scores: ours (published)") if rows else None


def marks_of(part: FoundPart) -> dict[str, Pair]:
    """Model -> our mark, that of each training where they differ, and the published one."""
    models = dict.fromkeys((*part.published_marks, *part.marks))
    return {
        model: (_said_once(part.marks.get(model, ())) or "-", part.published_marks.get(model, "")) for model in models
    }


def _said_once(marks: Sequence[str]) -> str:
    """One mark where all are the same, all of them where they are not."""
    return ", ".join(marks if len(set(marks)) > 1 else marks[:1])


def scores_of(part: FoundPart) -> dict[str, Pair]:
    """Model -> our score in each training, and the published one."""
    models = dict.fromkeys((*part.published_scores, *part.scores))
    ours = {model: ", ".join(number(score) for score in part.scores.get(model, ())) or "-" for model in models}
    published = {model: f"{score:.3f}" for model, score in part.published_scores.items()}
    return {model: (score, published.get(model, "")) for model, score in ours.items()}


def _beside(pairs: Mapping[str, Mapping[str, Pair]], title: str) -> Grid:
    rows = {
        name: {model: f"{ours} ({published})" if published else ours for model, (ours, published) in cells.items()}
        for name, cells in pairs.items()
    }
    models = list(dict.fromkeys(model for cells in rows.values() for model in cells))
    names = column("", [plain(name) for name in rows], right=False)
    cells = [column(printable(model), [row.get(model, "-") for row in rows.values()], right=False) for model in models]
    return Grid(title, (names,), tuple(cells))
