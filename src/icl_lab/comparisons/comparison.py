"""A comparison as a value: models and baselines on one task, each with its recipe; `compare.py` carries it out."""

from collections.abc import Sequence
from dataclasses import MISSING, dataclass, fields
from typing import Annotated

from icl_lab.baselines.base import Baseline
from icl_lab.comparisons.matching import Match
from icl_lab.core.bounds import Bounds, Count, Natural
from icl_lab.core.errors import UserError
from icl_lab.core.scales import Scale
from icl_lab.core.specs import Spec, field_types
from icl_lab.models.presets.base import Preset
from icl_lab.tasks.base import Task
from icl_lab.tasks.shifts.base import Shift
from icl_lab.training.spec import RunSpec, TrainingSpec


@dataclass(frozen=True, kw_only=True)
class Entry(Spec):
    """One architecture and how it is trained.

    Args:
        model: The architecture.
        training: Its recipe.
        num_seeds: Its trainings, where they are not as many as those of the others.
    """

    model: Preset
    training: TrainingSpec
    num_seeds: Count | None = None


@dataclass(frozen=True, kw_only=True)
class ComparisonSpec(Spec):
    """What is compared, completely.

    Args:
        task: Where training and held-out prompts come from.
        entries: The architectures, each with its recipe.
        baselines: Classical methods on the same prompts.
        scale: The size at which the question is asked.
        num_seeds: Trainings of each architecture, with seeds 0, 1, ...
        num_prompts: Held-out prompts.
        longest: Context of the longest evaluation, as a multiple of the training context; 1 for none beyond it.
        shifts: Changes of the prompts under which everything is evaluated once more.
        shifts_longest: Whether that is done on the longest prompts instead of those of the training length.
        match: The budget that the models were sized to; none where each has the size of the scale.
        seed: Of the held-out prompts and the bootstrap.
    """

    task: Task
    entries: tuple[Entry, ...]
    baselines: tuple[Baseline, ...] = ()
    scale: Scale = "small"
    num_seeds: Count = 1
    num_prompts: Count = 1280
    longest: Annotated[float, Bounds(low=1)] = 2.0
    shifts: tuple[Shift, ...] = ()
    shifts_longest: bool = False
    match: Match | None = None
    seed: Natural = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        labels = [entry.model.short() for entry in self.entries] + [baseline.label for baseline in self.baselines]
        _refuse_twice(labels, "model and baseline")
        _refuse_twice([shift.short() for shift in self.shifts], "shift")
        for shift in self.shifts:
            shift.shifted(self.task)  # refuses here, before anything is trained, what does not fit the task
        if not labels:
            raise UserError("nothing to compare: name at least one model or baseline")
        for entry in self.entries:
            self._check_network(entry.model)

    def _check_network(self, model: Preset) -> None:
        """Refuse what can be built for this task only in part, before anything is trained."""
        held = model.network(self.task).max_tokens
        if held is not None and held < self.task.num_tokens:
            raise UserError(f"{model.spec_name()}.num_positions: expected at least {self.task.num_tokens}, got {held}")

    @property
    def longest_length(self) -> int:
        """Examples in the longest prompt evaluated."""
        return round(self.longest * self.task.length)

    @property
    def shifted_length(self) -> int:
        """Examples in a prompt under a shift."""
        return self.longest_length if self.shifts_longest else self.task.length

    @property
    def evaluated_shifts(self) -> tuple[str, ...]:
        """The shifts under which there will be rows, as these name them."""
        longer = (f"length={self.longest_length}",) if self.longest_length > self.task.length else ()
        return tuple(shift.short() for shift in self.shifts) + longer

    def seeds(self, entry: Entry) -> range:
        """The training seeds of an architecture."""
        return range(entry.num_seeds or self.num_seeds)

    def label(self, model: Preset) -> str:
        """What a model is called on the page: its plain name, and where entries share that, what sets them apart."""
        same = [entry.model for entry in self.entries if entry.model.word == model.word]
        if len(same) == 1:
            return model.word
        names = field_types(type(model))
        alike = {name for name in names if all(getattr(one, name) == getattr(model, name) for one in same)}
        defaults = {item.name: item.default for item in fields(model) if item.default is not MISSING}
        apart = model.replace(**{name: defaults[name] for name in alike & defaults.keys()})
        return (apart if apart.word == model.word else model).short()

    def runs(self) -> tuple[RunSpec, ...]:
        """The trainings, seed by seed, so that an interrupted comparison has whole rounds."""
        most = max((len(self.seeds(entry)) for entry in self.entries), default=0)
        return tuple(
            RunSpec(task=self.task, model=entry.model, training=entry.training, seed=seed)
            for seed in range(most)
            for entry in self.entries
            if seed in self.seeds(entry)
        )


def _refuse_twice(names: Sequence[str], what: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UserError(f"{twice[0]} is in the comparison twice: name each {what} once")
