"""Making the parts of a study at a scale: which sizes, which recipe, how many trainings.

`paper` has the published task, sizes and training. `small` has the published task, models of width 64 and a number of
steps that fits into twenty minutes on one thread; where anything grows in the published training, it grows in a few
stages. `smoke` has a tiny task and shows nothing but that everything runs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from icl_lab.baselines.base import BASELINES, Baseline
from icl_lab.comparisons.comparison import ComparisonSpec, Entry
from icl_lab.comparisons.recipes import NUM_PROMPTS, model_at, training_at
from icl_lab.core.scales import Scale
from icl_lab.core.short_form import from_short
from icl_lab.models.presets.base import Preset
from icl_lab.probing.examination.spec import ProbeSpec
from icl_lab.studies.base import Part
from icl_lab.studies.tuning.chosen import Chosen, PartOf, chosen_training
from icl_lab.studies.tuning.plan import Recipe, grows
from icl_lab.tasks.base import Task
from icl_lab.tasks.parts.curriculum import Curriculum
from icl_lab.tasks.shifts.base import Shift
from icl_lab.training.budgets.steps import Steps
from icl_lab.training.spec import TrainingSpec

REGRESSION: PartOf = ("park2024", "linear_regression")
RECALL: PartOf = ("park2024", "vector_mqar")
PARITY: PartOf = ("park2024", "sparse_parity")
"""Searches that other parts use as well: to search for every part would cost more than all trainings."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A part before a scale is chosen.

    Args:
        name: Of the part.
        title: Of the part.
        task: The published task.
        smoke: The task at smoke scale.
        models: The models that claims are about, by name, with `num_seeds` trainings each.
        support: Others, with one training each, after all of the former.
        times: Name -> trainings of a model that has another number: two where a claim speaks of one of `support`,
            three where two gave different marks.
        settings: Fields of every model that has them, as text: `{"recipe": "grazzi"}`.
        width: Of the models, in widths of the scale; smoke has one width only.
        layers: Of the models at small scale, of two blocks each; by default those of the scale.
        published_size: Width and layers at the paper scale, where they are not those of the scale.
        steps: Optimiser steps at small scale.
        batch: Prompts a step at small scale; 64 are published.
        num_seeds: Trainings of each of `models`.
        shifts: Changes of the prompts to evaluate under.
        longest: Longest prompt evaluated, as a multiple of the training length; at smoke scale 2 at most.
        shifts_longest: Whether shifts are evaluated on the longest prompts.
        baselines: As text; those of the task by default.
        published: The published training, but for the curriculum, which is the task's; the small scale takes its
            optimiser and schedule for `as_published`.
        published_for: Model -> its published training, where it differs.
        growing: What grows during the small scale's training, from where to where, in a few stages; by default what
            grows in the published one. A curriculum of nothing holds at the paper scale too.
        as_published: Whether the small scale has the published optimiser instead of the chosen recipe.
        variant_of: See `Part`.
        recipe_of: See `Part`.
        probed_at: After how many examples the trained models are looked into; none: they are not.
        note: See `Part`.
    """

    name: str
    title: str
    task: Task
    smoke: Task
    models: tuple[str, ...]
    support: tuple[str, ...] = ()
    times: Mapping[str, int] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    width: float = 1.0
    layers: int | None = None
    published_size: tuple[int, int] | None = None
    steps: int = 4000
    batch: int = 64
    num_seeds: int = 2
    shifts: tuple[Shift, ...] = ()
    longest: float = 1.0
    shifts_longest: bool = False
    baselines: tuple[str, ...] | None = None
    published: TrainingSpec
    published_for: Mapping[str, TrainingSpec] = field(default_factory=dict)
    growing: Curriculum | None = None
    as_published: bool = False
    variant_of: str = ""
    recipe_of: PartOf | None = None
    probed_at: tuple[int, ...] = ()
    note: str = ""

    def at(self, study: str, scale: Scale) -> Part:
        """The part at a scale.

        Args:
            study: Name of the study, whose stored recipes the small scale uses.
            scale: The scale.
        """
        task = self.smoke if scale == "smoke" else self.task
        named = task.baselines if self.baselines is None else self.baselines
        models = [self._model(scale, name) for name in (*self.models, *self.support)]
        chosen = [self._chosen(study, scale, task, model) for model in models]
        entries = [
            Entry(model=model, training=found.training, num_seeds=self._num_seeds(scale, name))
            for name, model, found in zip((*self.models, *self.support), models, chosen, strict=True)
        ]
        comparison = ComparisonSpec(
            task=task,
            entries=tuple(entries),
            baselines=tuple(_baseline(name) for name in named),
            scale=scale,
            num_seeds=1 if scale == "smoke" else self.num_seeds,
            num_prompts=16 if scale == "smoke" else NUM_PROMPTS[scale],
            longest=min(2.0, self.longest) if scale == "smoke" else self.longest,
            shifts=self.shifts,
            shifts_longest=self.shifts_longest,
        )
        return Part(
            name=self.name,
            title=self.title,
            comparison=comparison,
            headline=tuple(comparison.label(entry.model) for entry in entries[: len(self.models)]),
            variant_of=self.variant_of,
            recipe_of=self.recipe_of,
            searched={
                comparison.label(model): found.searched
                for model, found in zip(models, chosen, strict=True)
                if found.searched
            },
            published=None if scale == "paper" else self.at(study, "paper").comparison,
            probe=self._probe(scale, task),
            growing=self._growing(scale, task),
            note=self.note,
        )

    def _probe(self, scale: Scale, task: Task) -> ProbeSpec | None:
        if not self.probed_at:
            return None
        if scale == "smoke":
            return ProbeSpec(functions=8, scored=4, shown=(task.length - 1,), probed=0, prompts=0)
        return ProbeSpec(shown=self.probed_at, probed=0, prompts=0)

    def _num_seeds(self, scale: Scale, name: str) -> int | None:
        """Trainings of a model; none stands for as many as the part has."""
        alike = None if name in self.models else 1
        return alike if scale == "smoke" else self.times.get(name, alike)

    def _model(self, scale: Scale, name: str) -> Preset:
        model = model_at(scale, name)
        if scale == "paper" and self.published_size:
            d_model, num_layers = self.published_size
            model = model.replace(d_model=d_model, num_layers=num_layers)
        if scale != "smoke":
            model = model.replace(d_model=round(self.width * model.d_model))
        if scale == "small" and self.layers:
            model = model.replace(num_layers=self.layers)
        return model.override({key: text for key, text in self.settings.items() if hasattr(model, key)})

    def _chosen(self, study: str, scale: Scale, task: Task, model: Preset) -> Chosen:
        published = self.published_for.get(model.word, self.published)
        if scale == "paper":
            return Chosen(published.replace(curriculum=self._growing(scale, task)))
        base = training_at(scale, task)
        if scale == "smoke":
            return Chosen(base)
        base = base.replace(budget=Steps(amount=self.steps), batch=self.batch, checkpoint_interval=200)
        growing = self._growing(scale, task)
        default = Recipe(base.optimiser, grows(growing)).training(base, growing, self.steps)
        if self.as_published:
            return Chosen(default.replace(optimiser=published.optimiser, schedule=published.schedule))
        return chosen_training((study, self.name), model.word, default, growing, self.recipe_of)

    def _growing(self, scale: Scale, task: Task) -> Curriculum:
        if self.growing is None:
            return task.curriculum
        # A few stages are for the small scale's few steps; where nothing is to grow, nothing grows at any scale.
        return self.growing if scale == "small" or self.growing == Curriculum() else task.curriculum


def parts_at(study: str, plans: Sequence[Plan], scale: Scale) -> tuple[Part, ...]:
    """All parts of a study at a scale."""
    return tuple(plan.at(study, scale) for plan in plans)


def _baseline(name: str) -> Baseline:
    baseline = from_short(BASELINES, name)
    assert isinstance(baseline, Baseline)
    return baseline
