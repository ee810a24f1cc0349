"""A comparison as a value: models and baselines on one task, each with its recipe; `compare.py` carries it out."""

from dataclasses import dataclass

from icl_lab.baselines.base import Baseline
from icl_lab.core.errors import UserError
from icl_lab.core.scales import Scale
from icl_lab.core.specs import Count, Natural, Spec
from icl_lab.models.presets.base import Preset
from icl_lab.tasks.base import Task
from icl_lab.training.spec import RunSpec, TrainingSpec


@dataclass(frozen=True, kw_only=True)
class Entry(Spec):
    """One architecture and how it is trained."""

    model: Preset
    training: TrainingSpec


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
        seed: Of the held-out prompts and the bootstrap.
    """

    task: Task
    entries: tuple[Entry, ...]
    baselines: tuple[Baseline, ...] = ()
    scale: Scale = "small"
    num_seeds: Count = 1
    num_prompts: Count = 1280
    longest: Count = 2
    seed: Natural = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        labels = [entry.model.short() for entry in self.entries] + [baseline.label for baseline in self.baselines]
        twice = sorted({label for label in labels if labels.count(label) > 1})
        if twice:
            raise UserError(f"{twice[0]} is in the comparison twice: name each model and baseline once")
        if not labels:
            raise UserError("nothing to compare: name at least one model or baseline")
        for entry in self.entries:
            self._check_network(entry.model)

    def _check_network(self, model: Preset) -> None:
        """Refuse what can be built for this task only in part, before anything is trained."""
        held = model.network(self.task).num_positions
        if 0 < held < self.task.num_tokens:
            raise UserError(f"{model.spec_name()}.num_positions: expected at least {self.task.num_tokens}, got {held}")

    def label(self, model: Preset) -> str:
        """What a model is called on the page: its plain name, unless two entries share it."""
        same = [entry for entry in self.entries if entry.model.spec_name() == model.spec_name()]
        return model.spec_name() if len(same) == 1 else model.short()

    def runs(self) -> tuple[RunSpec, ...]:
        """The trainings, seed by seed, so that an interrupted comparison has whole rounds."""
        return tuple(
            RunSpec(task=self.task, model=entry.model, training=entry.training, seed=seed)
            for seed in range(self.num_seeds)
            for entry in self.entries
        )
