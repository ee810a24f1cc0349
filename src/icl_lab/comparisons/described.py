"""What a page says of a comparison beside its rows: task, predictors with formula and source, settings, machines."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from icl_lab.comparisons.comparison import ComparisonSpec
from icl_lab.comparisons.differences import reduced
from icl_lab.comparisons.matching import matched_in_words
from icl_lab.core.errors import DamagedFile
from icl_lab.core.files import read_json
from icl_lab.evaluation.curves import Curves
from icl_lab.report.comparison.data import Comparison, Entry, Published


def described(
    spec: ComparisonSpec,
    evaluated: Sequence[Curves],
    beside: Iterable[Published],
    *,
    published: ComparisonSpec | None,
    kernels: str,
    folders: Iterable[Path],
) -> Comparison:
    """The description that `comparison.json` holds.

    Args:
        spec: The comparison.
        evaluated: Its curves.
        beside: The published curves that have one of ours beside them.
        published: The comparison at the published sizes, as `run_comparison` takes it.
        kernels: Which kernels the models ran on when they were evaluated.
        folders: Of the runs, in which each says where it was trained.

    Raises:
        DamagedFile: A run's `environment.json` cannot be read.
    """
    return Comparison(
        task=spec.task.to_json(),
        metric=spec.task.metric,
        complement=spec.task.objective.complement,
        axis=spec.task.axis,
        refused={curves.shift: dict(curves.refused) for curves in evaluated if curves.refused},
        predictors=(*_models(spec, kernels), *_baselines(spec)),
        published=tuple(beside),
        scale=spec.scale,
        seeds=tuple(sorted({run.seed for run in spec.runs()})),
        reduced=reduced(spec, published),
        settings=_settings(spec),
        environments=_environments(folders),
        task_formula=spec.task.formula,
        task_source=spec.task.source,
    )


def _models(spec: ComparisonSpec, kernels: str) -> Iterator[Entry]:
    for entry in spec.entries:
        yield Entry(
            label=spec.label(entry.model),
            kind="model",
            spec=entry.model.to_json(),
            training=entry.training.to_json(),
            formula=entry.model.formula,
            source=entry.model.source,
            kernels=kernels,
        )


def _baselines(spec: ComparisonSpec) -> Iterator[Entry]:
    for baseline in spec.baselines:
        yield Entry(
            label=baseline.label,
            kind="oracle" if baseline.is_oracle else "baseline",
            spec=baseline.to_json(),
            formula=baseline.formula,
            source=baseline.source,
            knows=baseline.knows,
        )


def _settings(spec: ComparisonSpec) -> dict[str, object]:
    found: dict[str, object] = {"held-out prompts": spec.num_prompts, "evaluation seed": spec.seed}
    if spec.match is not None:
        models = {spec.label(entry.model): entry.model for entry in spec.entries}
        found["matched to"] = matched_in_words(spec.match, models, spec.task)
    return {**found, "comparison": spec.digest()}


def _environments(folders: Iterable[Path]) -> tuple[dict[str, object], ...]:
    """What the runs ran on, each machine once; a file that is gone is passed over, since no number depends on it."""
    found: list[dict[str, object]] = []
    for path in (folder / "environment.json" for folder in folders):
        if not path.exists():
            continue
        environment = read_json(path)
        if not isinstance(environment, dict):
            trouble = f"expected a JSON object, got {environment!r:.40}"
            raise DamagedFile(path, trouble, "move it away to go on without it")
        if environment not in found:
            found.append(environment)
    return tuple(found)
