"""KEY=VALUE settings: `dim=5` for the task, `model.d_model=32` for every model, `mamba.num_layers=3` for one."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from icl_lab.baselines.base import Baseline
from icl_lab.cli.console import note
from icl_lab.core.errors import UserError
from icl_lab.core.short_form import split
from icl_lab.evaluation.references import baseline_for
from icl_lab.tasks.base import Task


@dataclass(frozen=True)
class Settings:
    """Settings by what they are for.

    Args:
        task: Field -> text, for the task.
        parts: Prefix -> field -> text: `model`, `training`, or the name of one model.
    """

    task: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def of(self, part: str) -> Mapping[str, str]:
        """The settings under a prefix."""
        return self.parts.get(part, {})


def parse(arguments: Iterable[str], parts: Iterable[str]) -> Settings:
    """Sort KEY=VALUE arguments by their prefix.

    Args:
        arguments: As they stand on the command line.
        parts: The prefixes that are not fields of the task; `task.` is always one for the task itself.

    Raises:
        UserError: An argument has no `=`, or a key comes twice.
    """
    known = set(parts)
    task: dict[str, str] = {}
    others: dict[str, dict[str, str]] = {}
    for argument in arguments:
        key, equals, value = argument.partition("=")
        if not equals or not key:
            raise UserError(f"expected KEY=VALUE, got {argument!r}: for instance dim=5 or model.d_model=32")
        head, _, rest = key.partition(".")
        if head == "task" and rest:
            target, key = task, rest
        elif head in known and rest:
            target, key = others.setdefault(head, {}), rest
        else:
            target = task
        if key in target:
            raise UserError(f"{argument.partition('=')[0]} is set twice: to {target[key]!r} and to {value!r}")
        target[key] = value
    return Settings(task, others)


def baselines_at(task: Task, chosen: Iterable[str], settings: Settings | None = None) -> tuple[Baseline, ...]:
    """Baselines by name: each with the task's settings for it, then those in parentheses, then `ridge.strength=2`.

    Raises:
        UnknownName: There is no such baseline.
        UserError: A setting is unknown or outside its range.
    """
    parts = (settings or Settings()).parts
    return tuple(baseline_for(task, name, parts.get(name.partition("(")[0].strip())) for name in chosen)


def baselines_of(task: Task) -> tuple[str, ...]:
    """The names of a task's own baselines, those left out, each with a note, that cannot be had for its dimension."""
    chosen = []
    for name in task.baselines:
        try:
            baseline_for(task, name)
        except UserError as reason:
            note(f"left out: {reason}")
        else:
            chosen.append(name)
    return tuple(chosen)


def names(text: str) -> tuple[str, ...]:
    """A comma-separated list of names, which may have settings in parentheses.

    >>> names("mamba, ridge(strength=2)")
    ('mamba', 'ridge(strength=2)')
    """
    return tuple(split(text))


def numbers(option: str, text: str, least: int, expected: str) -> tuple[int, ...]:
    """Whole numbers with commas, ascending, each once.

    Args:
        option: Which option they were given to.
        text: As it stands on the command line.
        least: The smallest that there can be.
        expected: What they are, in words, for the one who gave something else.

    Raises:
        UserError: There is none, or something that is no such number.

    >>> numbers("--shots", "4, 0,4", least=0, expected="numbers")
    (0, 4)
    """
    parts = split(text)
    # Other digits, superscripts among them, are no decimals, and `int` does not read them.
    if not parts or not all(part.isdecimal() and int(part) >= least for part in parts):
        raise UserError(f"{option}: expected {expected}, got {text!r}")
    return tuple(sorted({int(part) for part in parts}))
