"""How each model of a part is trained, in the words of a study's page, and where that was searched."""

from dataclasses import replace

from icl_lab.comparisons.comparison import Entry
from icl_lab.comparisons.recipes import steps_of
from icl_lab.report.study.data import FoundRecipe
from icl_lab.studies.base import Part
from icl_lab.studies.tuning.chosen import recipes
from icl_lab.tasks.parts.curriculum import Curriculum, Ramp
from icl_lab.training.optimisers.base import OptimiserSpec
from icl_lab.training.spec import TrainingSpec

UNLEARNED = 0.89
"""Error of the best trial, over the zero predictor's, above which no trial has learned anything.

Voting without knowing the two signs of a parity has 0.894.
"""


def recipes_of(part: Part, study: str) -> tuple[FoundRecipe, ...]:
    """The recipe of each model; models with the same one are named together.

    Args:
        part: The part.
        study: The name of its study.
    """
    found: dict[FoundRecipe, list[str]] = {}
    for entry in part.comparison.entries:
        found.setdefault(_recipe(part, study, entry), []).append(part.comparison.label(entry.model))
    return tuple(replace(one, models=tuple(models)) for one, models in found.items())


def _recipe(part: Part, study: str, entry: Entry) -> FoundRecipe:
    label = part.comparison.label(entry.model)
    published = part.published or part.comparison
    paper = next(one.training for one in published.entries if published.label(one.model) == label)
    return FoundRecipe(
        optimiser=optimiser_words(entry.training.optimiser),
        curriculum=curriculum_words(entry.training.curriculum),
        training=f"{steps_of(entry.training):,} of {entry.training.batch} prompts",
        searched="as published" if part.variant_of else _where(part, study, label, entry.model.word),
        published=_published_words(paper),
    )


def _where(part: Part, study: str, label: str, model: str) -> str:
    searched = part.searched.get(label)
    if searched is None:
        return "not searched"
    where = " ".join(name.replace("_", " ") for name in searched[searched[0] == study :])
    said = "here" if searched == (study, part.name) else f"for {where}"
    found = recipes(searched[0]).get(searched[1], {}).get(model, {})
    trials = sum(found.get("trials", {}).values())
    said += f", {trials} trials" if trials else ""
    return f"{said}, nothing learned in any" if trials and found["error"] > UNLEARNED else said


def optimiser_words(optimiser: OptimiserSpec) -> str:
    """Its name and peak rate."""
    return f"{optimiser.spec_name()} at {optimiser.rate:g}"


def curriculum_words(curriculum: Curriculum | None) -> str:
    """What grows from where to where, and when it is whole; "none" where nothing grows.

    >>> curriculum_words(Curriculum(dims=Ramp(start=5, end=20, interval=10)))
    'dims 5 to 20 by step 150'
    """
    ramps = {name: getattr(curriculum, name) for name in ("dims", "length")} if curriculum else {}
    return ", ".join(_ramp_words(name, ramp) for name, ramp in ramps.items() if _grows(ramp)) or "none"


def _grows(ramp: Ramp | None) -> bool:
    return ramp is not None and ramp.increment > 0 and ramp.end > ramp.start


def _ramp_words(name: str, ramp: Ramp) -> str:
    rises = -(-(ramp.end - ramp.start) // ramp.increment)
    return f"{name} {ramp.start} to {ramp.end} by step {rises * ramp.interval:,}"


def _published_words(training: TrainingSpec) -> str:
    curriculum = curriculum_words(training.curriculum)
    return optimiser_words(training.optimiser) + ("" if curriculum == "none" else f"; {curriculum}")
