"""Carrying out a study: train, evaluate, judge. Stopped at any moment, the same call goes on where it was.

<runs>/runs/<digest>/    the trainings, shared by all parts, and by studies beside each other
<out>/<part>/            a comparison: comparison.json, records.jsonl.gz, index.html
<out>/study.json         verdicts and marks, made anew from the rows at each call
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from icl_lab.comparisons.compare import refuse_another_task
from icl_lab.core.errors import UserError
from icl_lab.core.files import make_folder
from icl_lab.core.scales import Scale
from icl_lab.report.comparison.data import Comparison
from icl_lab.report.comparison.folder import COMPARISON, read_comparison
from icl_lab.report.study.data import (
    STUDY,
    FoundClaim,
    FoundPart,
    FoundStatement,
    FoundStudy,
    read_study,
    write_study,
)
from icl_lab.studies.base import Part, ScoreTable, Study
from icl_lab.studies.judging.claims import Claim
from icl_lab.studies.judging.marks import marks
from icl_lab.studies.judging.quantities import Quantity, measure
from icl_lab.studies.judging.statements import Finding
from icl_lab.studies.probing.jobs import probing_jobs
from icl_lab.studies.probing.joined import with_probing
from icl_lab.studies.running.jobs import evaluation_jobs, is_measured, measured_runs, training_jobs
from icl_lab.studies.tuning.recipe_words import recipes_of
from icl_lab.sweep.base import Executor, Watcher


@dataclass(frozen=True)
class CarriedOut:
    """What came of a call.

    Args:
        study: The verdicts on all rows that there are now.
        failed: Name of a job -> why it failed, in one line.
    """

    study: FoundStudy
    failed: Mapping[str, str]


def carry_out(
    study: Study,
    scale: Scale,
    out: Path,
    executor: Executor,
    watch: Watcher,
    *,
    runs: Path | None = None,
    deadline_seconds: float | None = None,
    only: Sequence[str] = (),
) -> CarriedOut:
    """Train what is not trained yet, evaluate what is trained, judge the claims, write `study.json`.

    Args:
        study: The study.
        scale: Its scale.
        out: Its folder; one for each scale.
        executor: Where the trainings run.
        watch: Told of everything that happens to a job.
        runs: The folder that holds the trainings; `out` by default.
        deadline_seconds: Training stops softly after so long; what is finished by then is evaluated and judged.
        only: Names of the parts to run; all by default. All that were ever run are judged.

    A part whose rows are complete is neither trained nor evaluated, even where its trainings are gone.

    Raises:
        UserError: There is no such part, the folder holds something else or cannot be made; nothing is trained then.
    """
    chosen = [study.part(name, scale) for name in only] or study.parts(scale)
    refuse_other_contents(study, scale, out)
    make_folder(out)
    missing = [part for part in chosen if not is_measured(part, out)]
    trained = executor.run(training_jobs(missing, out, runs or out), watch, deadline_seconds)
    evaluated = executor.run(evaluation_jobs(missing, out, runs or out), watch, None)
    probed = executor.run(probing_jobs(chosen, out, runs or out), watch, None)
    found = judged(study, scale, out)
    write_study(out, found)
    return CarriedOut(found, {**trained.failed, **evaluated.failed, **probed.failed})


def refuse_other_contents(study: Study, scale: Scale, out: Path) -> None:
    """Refuse a folder in which something else is, before anything is trained.

    Raises:
        UserError: It holds another study, another scale, a single comparison, or a part on another task.
    """
    if (out / STUDY).is_file():
        held = read_study(out)
        if (held.name, held.scale) != (study.spec_name(), scale):
            raise UserError(f"{out} holds {held.name} at scale {held.scale}: give another --out")
    if (out / COMPARISON).is_file():
        raise UserError(f"{out} holds a comparison, not a study: give another --out")
    for part in study.parts(scale):
        refuse_another_task(part.comparison, out / part.name)


def judged(study: Study, scale: Scale, out: Path) -> FoundStudy:
    """The verdicts and marks of a study, from the rows that are in its folder; nothing else is read."""
    parts = study.parts(scale)
    rows = {part.name: found for part in parts if (found := _rows(out / part.name)) is not None}
    table = study.published_marks
    return FoundStudy(
        name=study.spec_name(),
        title=study.title,
        question=study.question,
        source=study.source,
        scale=scale,
        parts=tuple(_part(study, part, {} if scale == "smoke" else rows, out) for part in parts),  # smoke shows nothing
        claims=tuple(_claim(claim, rows, parts, scale) for claim in study.claims),
        marks_source=table.source if table else "",
        figures=study.figures,
        scores_source=study.published_scores.source if study.published_scores else "",
    )


def _rows(folder: Path) -> Comparison | None:
    try:
        return with_probing(read_comparison(folder), folder)
    except UserError:
        return None


def _part(study: Study, part: Part, rows: Mapping[str, Comparison], out: Path) -> FoundPart:
    wanted = {run.digest() for run in part.comparison.runs()}
    table, scores = study.published_marks, study.published_scores
    published = dict(table.marks.get(part.name, {})) if table else {}
    scored = dict(scores.scores.get(part.name, {})) if scores else {}
    return FoundPart(
        name=part.name,
        title=part.title,
        note=part.note,
        trained=len(wanted & measured_runs(out / part.name)),
        trainings=len(wanted),
        marks=marks(part.name, _models(part), rows, table.learned.get(part.name)) if table and published else {},
        published_marks=published,
        scores=_scores(part, scores, rows) if scores else {},
        published_scores=scored,
        recipes=recipes_of(part, study.spec_name()),
    )


def _scores(part: Part, table: ScoreTable, rows: Mapping[str, Comparison]) -> dict[str, tuple[float, ...]]:
    """Model -> its score in each training, over the predictor that the published table is over."""
    if part.name not in table.over:
        return {}
    found = {
        model: measure(Quantity(part=part.name, predictor=model, what="score", over=table.over[part.name]), rows)
        for model in _models(part)
    }
    return {model: tuple(one.value for one in estimates) for model, estimates in found.items() if estimates}


def _models(part: Part) -> list[str]:
    return [part.comparison.label(entry.model) for entry in part.comparison.entries]


def _claim(claim: Claim, rows: Mapping[str, Comparison], parts: Sequence[Part], scale: Scale) -> FoundClaim:
    verdict = claim.judge(rows)
    variants = {} if scale == "smoke" else _variants(claim, rows, parts)
    as_published = claim.judge({**rows, **variants}) if variants else None
    return FoundClaim(
        id=claim.id,
        sentence=claim.sentence,
        source=claim.source,
        # Tiny models after a few steps show that everything runs, and nothing about a claim.
        outcome="undecided" if scale == "smoke" else verdict.outcome,
        statements=_statements(verdict.findings),
        premises=_statements(verdict.premises),
        deciding=_statements(verdict.deciding),
        published=claim.published,
        as_published=as_published.outcome if as_published else None,
        as_published_in=tuple(variants),
        as_published_deciding=_statements(as_published.deciding) if as_published else (),
    )


def _statements(findings: Sequence[Finding]) -> tuple[FoundStatement, ...]:
    return tuple(FoundStatement(words=one.words, figure=one.figure, outcome=one.outcome) for one in findings)


def _variants(claim: Claim, rows: Mapping[str, Comparison], parts: Sequence[Part]) -> dict[str, Comparison]:
    """The rows of variants, each under the name of the part that it repeats, that have everyone a claim speaks of."""
    variants = {part.variant_of: rows[part.name] for part in parts if part.variant_of and part.name in rows}
    asked: dict[str, set[str]] = {}
    for quantity in claim.quantities:
        asked.setdefault(quantity.part, set()).update(filter(None, (quantity.predictor, quantity.over)))
    return {name: found for name, found in variants.items() if name in asked and asked[name] <= found.kinds.keys()}
