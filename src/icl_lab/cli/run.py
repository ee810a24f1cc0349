"""`icl run`: carry out a study, from nothing, from where it stopped, or as far as a budget goes."""

import re
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from icl_lab.cli.components import Json
from icl_lab.cli.console import fail, print_json, progress, results
from icl_lab.cli.options import ScaleOption
from icl_lab.cli.settings import names
from icl_lab.cli.sweep_table import SweepTable
from icl_lab.core.errors import UserError
from icl_lab.core.short_form import from_short
from icl_lab.report.study.data import FoundStudy
from icl_lab.report.study.page import write_study_page
from icl_lab.report.study.tables import claims_table, conclusion, marks_table, scores_table
from icl_lab.studies.base import STUDIES
from icl_lab.studies.running.carry_out import carry_out
from icl_lab.sweep.base import EXECUTORS, Executor

SECONDS = {"s": 1, "m": 60, "h": 3600}


def run(
    study: Annotated[str, typer.Argument(help="A study from `icl list study`.")],
    scale: ScaleOption = "small",
    on: Annotated[
        str, typer.Option(help="Where trainings run, from `icl list executor`, with settings: `local(workers=2)`.")
    ] = "local",
    budget: Annotated[
        str, typer.Option(help="Train for so long at most (`90m`, `2h`), the most informative first; then judge.")
    ] = "",
    parts: Annotated[str | None, typer.Option(help="Parts to run, with commas; by default all.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the study; trainings are kept beside it, in `runs/`.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Run a paper or a question: train, evaluate, and say which claims hold.

    What is trained or measured already is not done again, and Ctrl-C loses nothing: the same command goes on.

    \b
      icl run park2024 --scale smoke
      icl run grazzi2024 --parts skewed,tree --budget 2h
      icl run park2024 --on "slurm(partition=cpu)"
      icl describe park2024 --scale paper
    """  # noqa: D301, D412
    chosen = STUDIES.get(study)()
    only = names(parts or "")
    if parts is not None and not only:
        raise UserError("--parts: expected names of parts with commas, got nothing; leave the option away to run all")
    executor = from_short(EXECUTORS, on)
    assert isinstance(executor, Executor)
    folder = out or Path("results") / "studies" / f"{study}-{scale}"
    done = carry_out(
        chosen,
        scale,
        folder,
        executor,
        SweepTable(progress()),
        runs=folder.parent,
        deadline_seconds=seconds_of(budget),
        only=only,
    )
    page = write_study_page(folder)
    if as_json:
        print_json({"page": str(page), "failed": dict(done.failed), **asdict(done.study)})
    else:
        print_study(done.study)
        results().print(f"page: {page}", markup=False, soft_wrap=True)
    if done.failed:
        fail(f"{len(done.failed)} jobs failed, {next(iter(done.failed))} first; the same command tries again", status=1)


def print_study(found: FoundStudy) -> None:
    """The tables of a study and one line of conclusion."""
    screen = results()
    for table in (marks_table(found), scores_table(found), claims_table(found)):
        if table is not None:
            screen.print(table)
            screen.print()
    screen.print(conclusion(found), markup=False)


def seconds_of(budget: str) -> float | None:
    """A span of time as people write it.

    >>> seconds_of("90m"), seconds_of("1.5h"), seconds_of("")
    (5400.0, 5400.0, None)

    Raises:
        UserError: It is not a number with one of s, m, h.
    """
    if not budget:
        return None
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh])", budget.strip())
    if found is None or float(found[1]) <= 0:
        raise UserError(f"--budget: expected a span of time such as 90m or 2h, got {budget!r}")
    return float(found[1]) * SECONDS[found[2]]
