"""The jobs of a study: its trainings, and for each part the evaluation of what is trained of it."""

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path

import torch

from icl_lab.comparisons.compare import run_comparison
from icl_lab.comparisons.comparison import ComparisonSpec, Entry
from icl_lab.core.errors import UserError
from icl_lab.report.comparison.folder import read_comparison
from icl_lab.report.comparison.page import write_page
from icl_lab.studies.base import Part
from icl_lab.sweep.base import Progress
from icl_lab.sweep.training_job import TrainingJob
from icl_lab.training.run import run_folder
from icl_lab.training.spec import RunSpec


@dataclass(frozen=True)
class EvaluationJob:
    """Evaluates a comparison whose trainings are done, and draws its page.

    Args:
        name: Of the job.
        spec: The comparison.
        folder: Where its records and page go.
        runs: The folder that holds the trainings, as `run_folder` takes it.
        after: Names of the trainings.
        published: The comparison at the published sizes.
    """

    name: str
    spec: ComparisonSpec
    folder: Path
    runs: Path
    after: tuple[str, ...] = ()
    published: ComparisonSpec | None = None

    def is_done(self) -> bool:
        """Whether the folder holds the records of exactly this comparison."""
        try:
            return read_comparison(self.folder).settings.get("comparison") == self.spec.digest()
        except UserError:
            return False

    def execute(self, threads: int) -> None:
        """Evaluate, write the rows, draw the page."""
        torch.set_num_threads(threads)
        gone = {run.digest() for run in self.spec.runs() if not is_trained(run, self.runs)}
        run_comparison(self.spec, self.folder, runs=self.runs, published=self.published, compressed=True, gone=gone)
        write_page(self.folder)

    def progress(self) -> Progress | None:
        """Nothing is known before it is done."""
        return None

    def estimate(self) -> float | None:
        """Not known."""
        return None


def is_measured(part: Part, out: Path) -> bool:
    """Whether the rows of a whole part are there: then nothing of it is trained, even where its runs are gone."""
    return EvaluationJob(name="", spec=part.comparison, folder=out / part.name, runs=out).is_done()


def training_jobs(parts: Sequence[Part], out: Path, runs: Path) -> tuple[TrainingJob, ...]:
    """Every training of some parts once whose rows are not there yet, the most informative first.

    First one training of each model that a claim is about, part by part, then their second ones and so on, then the
    other models; parts that repeat another one with another recipe come last.

    Args:
        parts: Of a study.
        out: Its folder: a training whose rows came with it, from another machine, is not repeated.
        runs: The folder that holds the trainings, as `run_folder` takes it.
    """
    found: dict[str, tuple[tuple[int, int, int], TrainingJob]] = {}
    for place, part in enumerate(parts):
        held = measured_runs(out / part.name)
        for run in part.comparison.runs():
            if run.digest() in held:
                continue
            rank = (2 if part.variant_of else int(not _is_headline(part, run)), run.seed, place)
            job = TrainingJob(run=run, label=job_name(part, run), folder=run_folder(runs, run))
            known = found.get(run.digest())
            if known is None or rank < known[0]:
                found[run.digest()] = (rank, job)
    return tuple(job for _, job in sorted(found.values(), key=lambda item: item[0]))


def evaluation_jobs(parts: Sequence[Part], out: Path, runs: Path) -> tuple[EvaluationJob, ...]:
    """An evaluation for every part of which something is trained that its rows do not have yet.

    Rows of trainings that are gone are kept, and joined with those of the others: they came with the folder, from
    another machine.
    """
    found = []
    for part in parts:
        folder = out / part.name
        measured = measured_runs(folder)
        spec = trained_so_far(part.comparison, runs, measured)
        if spec is None:
            continue
        asked = {run.digest() for run in spec.runs()}
        gone = {run.digest() for run in spec.runs() if not is_trained(run, runs)}
        if gone and asked <= measured:
            continue
        job = EvaluationJob(f"{part.name} evaluation", spec, folder, runs, published=part.published)
        if not job.is_done():
            found.append(job)
    return tuple(found)


def measured_runs(folder: Path) -> frozenset[str]:
    """Digests of the trainings whose rows are in the folder of a part; none where it has no rows."""
    try:
        return frozenset(read_comparison(folder).rows("training_seconds")["run"])
    except UserError:
        return frozenset()


def trained_so_far(spec: ComparisonSpec, runs: Path, measured: Set[str] = frozenset()) -> ComparisonSpec | None:
    """The comparison of those trainings that are finished; none where a part has models and none is trained.

    A model that would have another name in it waits for the one that shares its preset.

    Args:
        spec: The comparison.
        runs: The folder that holds the trainings.
        measured: Digests of trainings that were finished elsewhere.
    """
    finished = {run.digest() for run in spec.runs() if run.digest() in measured or is_trained(run, runs)}
    entries = tuple(_with_finished(spec, finished))
    while entries:
        found = spec.replace(entries=entries)
        named = tuple(entry for entry in entries if found.label(entry.model) == spec.label(entry.model))
        if named == entries:
            return found
        entries = named
    return None if spec.entries else spec


def is_trained(run: RunSpec, runs: Path) -> bool:
    """Whether a training is finished and can be evaluated here."""
    try:
        return TrainingJob(run=run, label="", folder=run_folder(runs, run)).is_done()
    except UserError:  # its checkpoint is damaged: the job has failed and has said so
        return False


def _with_finished(spec: ComparisonSpec, finished: set[str]) -> Iterator[Entry]:
    """Each architecture with as many trainings as are finished without a gap; without those that have none."""
    for entry in spec.entries:
        count = 0
        for seed in spec.seeds(entry):
            run = RunSpec(task=spec.task, model=entry.model, training=entry.training, seed=seed)
            if run.digest() not in finished:
                break
            count += 1
        if count == len(spec.seeds(entry)):
            yield entry  # unchanged: where all are finished, the comparison is the whole one
        elif count:
            yield replace(entry, num_seeds=count)


def job_name(part: Part, run: RunSpec) -> str:
    """What a training is called in tables; unique in a study."""
    return f"{part.name} {part.comparison.label(run.model)} seed {run.seed}"


def _is_headline(part: Part, run: RunSpec) -> bool:
    return part.comparison.label(run.model) in part.headline
