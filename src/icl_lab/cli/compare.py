"""`icl compare`: the main job. Train what is not trained yet, evaluate, write the page."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from icl_lab.baselines.base import BASELINES
from icl_lab.cli.components import Json
from icl_lab.cli.console import STOPPED, print_json, progress, results
from icl_lab.cli.matched import matched_values, print_matched
from icl_lab.cli.options import Device, ScaleOption, Threads, use
from icl_lab.cli.outcome import as_values, print_comparison
from icl_lab.cli.settings import Settings, baselines_at, baselines_of, names, parse
from icl_lab.comparisons.compare import run_comparison
from icl_lab.comparisons.comparison import ComparisonSpec, Entry
from icl_lab.comparisons.matching import Match, matched, read_match
from icl_lab.comparisons.recipes import NUM_PROMPTS, model_at, training_at
from icl_lab.core.errors import UserError, suggest
from icl_lab.core.scales import Scale
from icl_lab.core.short_form import from_short
from icl_lab.core.specs import field_types
from icl_lab.evaluation.shifts import applicable_shifts
from icl_lab.models.named import read_model
from icl_lab.models.notation import read_block
from icl_lab.report.comparison.folder import read_comparison
from icl_lab.report.comparison.page import write_page
from icl_lab.tasks.base import TASKS, Task
from icl_lab.tasks.shifts.base import SHIFTS, Shift
from icl_lab.training.observers.live import LiveDisplay
from icl_lab.training.spec import RunSpec
from icl_lab.training.workers import Workers


def compare(
    task: Annotated[str, typer.Argument(help="A task from `icl list task`.")],
    settings: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="dim=5, model.d_model=32, mamba.num_layers=3, training.batch=32"),
    ] = None,
    models: Annotated[
        str,
        typer.Option(
            help="Names from `icl list model`, with or without settings, or patterns of blocks, with commas; empty for "
            "baselines only."
        ),
    ] = "transformer,mamba,mambaformer",
    baselines: Annotated[
        str | None, typer.Option(help="Names from `icl list baseline`, with commas; by default the task's own.")
    ] = None,
    scale: ScaleOption = "small",
    seeds: Annotated[int, typer.Option(min=1, help="Trainings of each model.")] = 1,
    prompts: Annotated[int | None, typer.Option(min=2, help="Held-out prompts; 1,280 as in the papers.")] = None,
    longest: Annotated[
        float, typer.Option(min=1, help="Longest context evaluated, times that of training; 1: none.")
    ] = 2,
    shifts: Annotated[
        str, typer.Option(help="Names from `icl list shift`, with commas, or `all` that apply; evaluated as well.")
    ] = "",
    match: Annotated[
        str,
        typer.Option(
            metavar="QUANTITY[=BUDGET]",
            help="Size the models to equal parameters, flops (of training) or state; the first sets the budget, "
            "or a number: parameters=100000.",
        ),
    ] = "",
    out: Annotated[Path, typer.Option(help="Folder of the comparison; finished runs in it are used again.")] = Path(
        "results/comparison"
    ),
    device: Device = "auto",
    threads: Threads = None,
    as_json: Json = False,
) -> None:
    """Compare models and baselines on a task: train, evaluate on the same prompts, write a page.

    \b
      icl compare linear_regression dim=5 length=21 --out results/first
      icl compare sparse_linear_regression --models mamba,s4 --baselines lasso --seeds 3 --out results/sparse
      icl compare linear_regression --match parameters --out results/matched
      icl compare linear_regression --models "" --shifts "noisy_labels,scaled_inputs(scale=2)" --out results/shifts
    """  # noqa: D301, D412
    asked = Asked(
        task=task,
        settings=tuple(settings or ()),
        models=names(models),
        baselines=None if baselines is None else names(baselines),
        scale=scale,
        seeds=seeds,
        prompts=prompts,
        longest=longest,
        shifts=shifts,
        match=match,
    )
    carry_out(asked, out, use(device, threads), as_json=as_json)


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a command line asks to compare; the options of `icl compare` say what each is.

    Args:
        models: Names.
        baselines: Names; those of the task where there are none.
    """

    task: str
    settings: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    baselines: tuple[str, ...] | None = None
    scale: Scale = "small"
    seeds: int = 1
    prompts: int | None = None
    longest: float = 2
    shifts: str = ""
    match: str = ""


def carry_out(asked: Asked, out: Path, workers: Workers, *, as_json: bool) -> None:
    """Train, evaluate, write the page, and say what came out."""
    spec = comparison_spec(asked)
    if workers.is_main and not as_json:
        print_matched(spec)
    console = progress()
    count = len(spec.runs())

    def watch(run: RunSpec, label: str, baseline_error: float | None) -> list[LiveDisplay]:
        place = spec.runs().index(run) + 1
        seed = f", seed {run.seed}" if spec.num_seeds > 1 else ""
        return [LiveDisplay(console, f"{place}/{count} {label}{seed}", baseline_error)]

    try:
        run_comparison(spec, out, watch, workers)
    except KeyboardInterrupt:
        if spec.entries:
            raise
        raise KeyboardInterrupt(STOPPED) from None
    if not workers.is_main:
        return
    page = write_page(out)
    if as_json:
        sized = {"matched": matched_values(spec)} if spec.match else {}
        print_json({"page": str(page), **sized, **as_values(read_comparison(out))})
        return
    print_comparison(read_comparison(out))
    results().print(f"page: {page}", markup=False, soft_wrap=True)


def comparison_spec(asked: Asked) -> ComparisonSpec:
    """The comparison that a command line asks for, with every name and setting checked before anything is trained."""
    # A prefix that names nothing here is taken for a field of the task, and refused there.
    settings = parse(list(asked.settings), (*model_parts(asked.models), *BASELINES.names()))
    task = task_at(asked.task, settings)
    chosen = baselines_of(task) if asked.baselines is None else asked.baselines
    for part in settings.parts:
        if part in BASELINES and part not in {name.partition("(")[0] for name in chosen}:
            raise UserError(f"{part} has settings but is not compared: add it to --baselines")
    entries = entries_at(task, asked.models, settings, asked.scale)
    budget, entries = matched_entries(task, asked.models, entries, settings, asked.match)
    return ComparisonSpec(
        task=task,
        entries=entries,
        baselines=baselines_at(task, chosen, settings),
        scale=asked.scale,
        num_seeds=asked.seeds,
        num_prompts=asked.prompts or NUM_PROMPTS[asked.scale],
        longest=float(asked.longest),
        shifts=shifts_at(task, asked.shifts),
        match=budget,
    )


def task_at(name: str, settings: Settings) -> Task:
    """A task by name with its settings."""
    task = TASKS.get(name)().override(settings.task)
    assert isinstance(task, Task)
    return task


def entries_at(task: Task, model_names: tuple[str, ...], settings: Settings, scale: Scale) -> tuple[Entry, ...]:
    """Models at the size of a scale, with its recipe, and with the settings that are for them.

    A `model.` setting goes to every model that has such a field; one that none has is refused.
    """
    training = training_at(scale, task).override(settings.of("training"))
    read = {name: read_model(name) for name in model_names}
    fields = {name: field_types(kind) for name, (kind, _) in read.items()}
    for key in settings.of("model"):
        if fields and not any(_head(key) in known for known in fields.values()):
            everything = {field for known in fields.values() for field in known}
            raise UserError(f"no model here has a field {_head(key)!r}: {suggest(_head(key), everything)}")
    entries = []
    for name in model_names:
        shared = {key: value for key, value in settings.of("model").items() if _head(key) in fields[name]}
        # The closer to the name, the stronger: for all models, in the name's own parentheses, for this name.
        given = {**shared, **read[name][1], **settings.of(_plain(name)), **settings.of(name)}
        entries.append(Entry(model=model_at(scale, name, given), training=training))
    return tuple(entries)


def model_parts(model_names: tuple[str, ...]) -> tuple[str, ...]:
    """The prefixes of settings that speak of models: those of all, each name, and each without its parentheses."""
    return ("model", "training", *model_names, *map(_plain, model_names)) if model_names else ()


def matched_entries(
    task: Task, model_names: tuple[str, ...], entries: tuple[Entry, ...], settings: Settings, text: str
) -> tuple[Match | None, tuple[Entry, ...]]:
    """The budget that `--match` asks for, and the models sized to it; as they are where it asks for none."""
    if not text:
        return None, entries
    if not entries:
        raise UserError("--match: expected models to size, got none: name some with --models")
    match, first_is_budget = read_match(text, entries[0].model, task)
    kept = entries[:1] if first_is_budget else ()
    searched = entries[len(kept) :]
    for name in model_names[len(kept) :]:
        if any("d_model" in given for given in (settings.of(name), settings.of(_plain(name)), read_model(name)[1])):
            raise UserError(f"{_plain(name)}.d_model is set, but --match chooses it: leave one of them out")
    sized = (Entry(model=matched(entry.model, task, match), training=entry.training) for entry in searched)
    return match, (*kept, *sized)


def shifts_at(task: Task, text: str) -> tuple[Shift, ...]:
    """The shifts that a command line names for a task; `all` stands for every one that changes its prompts.

    Raises:
        UnknownName: There is no such shift.
        UserError: A setting is unknown or outside its range, or the task has nothing that a shift could change.
    """
    found: list[Shift] = []
    for name in names(text):
        if name == "all":
            found += [shift for shift in applicable_shifts(task) if shift not in found]
        elif name != "none":
            shift = from_short(SHIFTS, name)
            assert isinstance(shift, Shift)
            shift.shifted(task)
            found.append(shift)
    return tuple(found)


def _plain(name: str) -> str:
    """A model's name without the settings in its parentheses; a pattern as it is."""
    block = read_block(name)
    return name if block is None else block[0]


def _head(key: str) -> str:
    return key.partition(".")[0]
