"""`icl tune`: search for the recipes of a study, under one budget for every architecture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, get_args

import typer

from icl_lab.cli.components import Json
from icl_lab.cli.console import note, print_json, print_table, progress, results
from icl_lab.cli.options import ScaleOption
from icl_lab.cli.settings import names
from icl_lab.cli.sweep_table import SweepTable
from icl_lab.comparisons.comparison import Entry
from icl_lab.core.errors import UserError, suggest
from icl_lab.core.scales import Scale
from icl_lab.core.short_form import from_short
from icl_lab.report.words import number
from icl_lab.studies.base import STUDIES, Part, Study
from icl_lab.studies.tuning.chosen import keep as keep_recipes
from icl_lab.studies.tuning.journal import State, load_optuna
from icl_lab.studies.tuning.search import PROMPTS, TuningJob
from icl_lab.sweep.base import EXECUTORS, Executor


def tune(
    study: Annotated[str, typer.Argument(help="A study from `icl list study`.")],
    parts: Annotated[
        str,
        typer.Option(help="Parts to search for, with commas; by default those that use no other one's."),
    ] = "",
    models: Annotated[str, typer.Option(help="Models to search for, with commas; by default all.")] = "",
    trials: Annotated[int, typer.Option(min=1, help="Recipes that are tried for each model.")] = 8,
    share: Annotated[float, typer.Option(help="Of the part's training steps, for a trial; above 0, at most 1.")] = 0.25,
    on: Annotated[
        str, typer.Option(help="Where searches run, from `icl list executor`, with settings: `local(workers=2)`.")
    ] = "local",
    out: Annotated[Path | None, typer.Option(help="Folder of the searches; a search goes on with what it has.")] = None,
    keep: Annotated[
        bool, typer.Option("--keep", help="Store what is found with the study, which trains by it from then on.")
    ] = False,
    scale: ScaleOption = "small",
    as_json: Json = False,
) -> None:
    """Search for optimiser, learning rate and curriculum, under one budget for every model of a study.

    \b
      icl tune park2024 --parts sparse_parity --models mamba,mambaformer
      icl tune park2024 --trials 12 --share 0.5 --keep
    """  # noqa: D301, D412
    chosen = STUDIES.get(study)()
    executor = from_short(EXECUTORS, on)
    assert isinstance(executor, Executor)
    if not 0 < share <= 1:
        raise UserError(f"--share: expected a number above 0 and at most 1, got {share:g}")
    if keep and scale != "small":
        raise UserError(f"--keep: the small scale alone has recipes from a search, not {scale}; leave one of them out")
    load_optuna()
    folder = out or Path("results") / "tuning" / study
    jobs = [
        TuningJob(part, entry, folder, trials, share)
        for part, entry in searched(chosen, scale, names(parts), names(models))
    ]
    executor.run(jobs, SweepTable(progress(), "searches"))
    if as_json:
        print_json({job.name: {"folder": str(job.folder), "found": job.stored()} for job in jobs})
    else:
        print_trials(jobs)
    if keep:
        _keep(study, jobs)


def print_trials(jobs: Sequence[TuningJob]) -> None:
    """Every trial of every search, the chosen one marked, and the budget that they had."""
    rows = []
    for job in jobs:
        best = job.chosen() if job.is_done() else None
        for trial in job.made():
            mark = "*" if best is not None and trial.number == best.number else ""
            recipe = trial.optimiser + (", curriculum" if trial.curriculum else "")
            steps = f"{trial.step:,} of {job.steps:,}"
            error = number(trial.error) + mark
            rows.append((job.part.name, job.label, str(trial.number), error, trial.state, steps, recipe))
    print_table(("part", "model", "trial", "error", "state", "steps", "recipe"), rows)
    made = [trial for job in jobs for trial in job.made()]
    counts = ", ".join(f"{sum(trial.state == state for trial in made)} {state}" for state in get_args(State))
    said = (
        f"{jobs[0].trials} trials for each model, the same recipes for all, {jobs[0].share:.0%} of a part's steps each:"
        f" {counts}. Errors over that of the zero predictor, on {PROMPTS} held-out prompts; * is chosen; trial 0 is the"
        " recipe without a search."
    )
    results().print(said, markup=False, soft_wrap=True)


def searched(study: Study, scale: Scale, parts: Sequence[str], models: Sequence[str]) -> list[tuple[Part, Entry]]:
    """The parts and models to search for, by name or all that have a search of their own.

    A part that repeats another one as published is none; one that uses another part's search is searched by name only.

    Raises:
        UserError: There is no such part or model, the part is such a repetition, or no part has a search of its own.
    """
    for name in parts:
        if original := study.part(name, scale).variant_of:
            raise UserError(f"{name} repeats {original} by the published recipe: search for {original} instead")
    among = [part for part in study.parts(scale) if (part.name in parts if parts else _has_search(part))]
    if not among:
        used = {" ".join(part.recipe_of) for part in study.parts(scale) if part.recipe_of}
        raise UserError(f"all parts use the search of {', '.join(sorted(used))}: name with --parts what to search for")
    found = [(part, entry) for part in among for entry in part.comparison.entries if _is_first(part, entry)]
    labels = {name for part, entry in found for name in (part.comparison.label(entry.model), entry.model.word)}
    for name in models:
        if name not in labels:
            raise UserError(
                f"--models: {', '.join(part.name for part in among)} has no {name!r}: {suggest(name, labels)}"
            )
    return [
        (part, entry)
        for part, entry in found
        if not models or {part.comparison.label(entry.model), entry.model.word} & {*models}
    ]


def _has_search(part: Part) -> bool:
    return not part.variant_of and part.recipe_of is None


def _is_first(part: Part, entry: Entry) -> bool:
    """Whether it is the first model of its name: models that differ in settings share its search."""
    return next(one for one in part.comparison.entries if one.model.word == entry.model.word) == entry


def _keep(study: str, jobs: Sequence[TuningJob]) -> None:
    found: dict[str, dict[str, Mapping[str, Any]]] = {}
    for job in jobs:
        if (stored := job.stored()) is not None:
            found.setdefault(job.part.name, {})[job.entry.model.word] = stored
    if not found:
        raise UserError(f"no search of {study} is over: nothing to keep")
    note(f"kept in {keep_recipes(study, found)}")
