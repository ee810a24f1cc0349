"""The verdicts, marks and scores of a study as tables for a terminal."""

from collections import Counter
from collections.abc import Mapping

from rich.table import Table

from icl_lab.report.study_data import FoundClaim, FoundPart, FoundStudy, Outcome
from icl_lab.report.words import listed, number

COLOURS = {"holds": "green", "does not hold": "red", "undecided": "yellow"}


def conclusion(found: FoundStudy) -> str:
    """What came out, in one or two sentences."""
    counts = Counter(claim.outcome for claim in found.claims)
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
    """A line for each claim: the sentence, what decided, the verdict."""
    table = Table(box=None, pad_edge=False, header_style="bold", show_lines=False)
    table.add_column("claim", no_wrap=True)
    table.add_column("", ratio=3)
    table.add_column("found", ratio=2)
    table.add_column("verdict", no_wrap=True)
    for claim in found.claims:
        verdict = f"[{COLOURS[claim.outcome]}]{claim.outcome}[/]"
        published = f"\n[dim]published: {_plain(claim.published)}[/]" if claim.published else ""
        table.add_row(_plain(claim.id), f"{_plain(claim.sentence)}{published}", _plain(deciding(claim)), verdict)
    return table


def deciding(claim: FoundClaim, most: int = 2) -> str:
    """The statements that a verdict rests on, with their figures; the first ones where there are many."""
    lines = [f"{one.words}: {one.figure}" for one in claim.deciding[:most]]
    more = len(claim.deciding) - most
    return "; ".join(lines) + (f"; and {more} more" if more > 0 else "")


def marks_table(found: FoundStudy) -> Table | None:
    """Our marks beside the published ones; none where no marks are published."""
    rows = {part.name: marks_of(part) for part in found.parts if part.published_marks}
    return _beside(rows, "marks: ours (published)") if rows else None


def scores_table(found: FoundStudy) -> Table | None:
    """Our scores beside the published ones; none where no scores are published."""
    rows = {part.name: scores_of(part) for part in found.parts if part.published_scores}
    return _beside(rows, "scores: ours (published)") if rows else None


def marks_of(part: FoundPart) -> dict[str, str]:
    """Model -> our mark, both where trainings differ, and the published one in brackets."""
    models = dict.fromkeys((*part.published_marks, *part.marks))
    ours = {model: "/".join(part.marks.get(model, ())) or "-" for model in models}
    return {model: _with(mark, part.published_marks.get(model)) for model, mark in ours.items()}


def scores_of(part: FoundPart) -> dict[str, str]:
    """Model -> our score in each training, and the published one in brackets."""
    models = dict.fromkeys((*part.published_scores, *part.scores))
    ours = {model: ", ".join(number(score) for score in part.scores.get(model, ())) or "-" for model in models}
    published = {model: f"{score:.3f}" for model, score in part.published_scores.items()}
    return {model: _with(score, published.get(model)) for model, score in ours.items()}


def _with(ours: str, published: str | None) -> str:
    return ours if published is None else f"{ours} ({published})"


def _beside(rows: Mapping[str, Mapping[str, str]], title: str) -> Table:
    models = list(dict.fromkeys(model for cells in rows.values() for model in cells))
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, header_style="bold")
    table.add_column("", no_wrap=True)
    for model in models:
        table.add_column(_plain(model), overflow="fold")
    for name, cells in rows.items():
        table.add_row(_plain(name), *(_plain(cells.get(model, "-")) for model in models))
    return table


def _plain(text: str) -> str:
    """Text in which nothing is markup."""
    return text.replace("[", r"\[")
