"""What a command line asks to compare or to train: names and settings become specs, checked before anything runs."""

from dataclasses import dataclass

from icl_lab.baselines.base import BASELINES
from icl_lab.cli.settings import Settings, baselines_at, baselines_of, names, parse
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
from icl_lab.tasks.base import TASKS, Task
from icl_lab.tasks.shifts.base import SHIFTS, Shift


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
