"""Carrying out a study: train, evaluate, judge. Stopped at any moment, the same call goes on where it was.

<runs>/runs/<digest>/    the trainings, shared by all parts, and by studies beside each other
<out>/<part>/            a comparison: comparison.json, records.jsonl, index.html
<out>/study.json         verdicts and marks, made anew from the rows at each call
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from icl_lab.core.errors import UserError
from icl_lab.core.scales import Scale
from icl_lab.report.data import Comparison
from icl_lab.report.folder import read_comparison
from icl_lab.report.study_data import FoundClaim, FoundPart, FoundStatement, FoundStudy, write_study
from icl_lab.studies.base import Part, ScoreTable, Study
from icl_lab.studies.claims import Claim, Verdict
from icl_lab.studies.jobs import evaluation_jobs, trained_so_far, training_jobs
from icl_lab.studies.marks import marks
from icl_lab.studies.quantities import Quantity, measure
from icl_lab.studies.statements import Finding, Outcome
from icl_lab.sweep.base import Executor, Watcher


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
) -> FoundStudy:
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

    Raises:
        UserError: There is no such part, or the folder holds a study at another scale.
    """
    parts = study.parts(scale)
    chosen = [study.part(name, scale) for name in only] or parts
    trained = runs or out
    executor.run(training_jobs(chosen, trained), watch, deadline_seconds)
    executor.run([job for job in evaluation_jobs(chosen, out, trained) if not job.is_done()], watch, None)
    found = judged(study, scale, out, trained)
    write_study(out, found)
    return found


def judged(study: Study, scale: Scale, out: Path, runs: Path) -> FoundStudy:
    """The verdicts and marks of a study, from the rows that are in its folder."""
    parts = study.parts(scale)
    rows = {part.name: found for part in parts if (found := _rows(out / part.name)) is not None}
    table = study.published_marks
    return FoundStudy(
        name=study.spec_name(),
        title=study.title,
        question=study.question,
        source=study.source,
        scale=scale,
        parts=tuple(_part(study, part, rows, runs) for part in parts),
        claims=tuple(_claim(claim, rows, parts) for claim in study.claims),
        marks_source=table.source if table else "",
        scores_source=study.published_scores.source if study.published_scores else "",
    )


def _rows(folder: Path) -> Comparison | None:
    try:
        return read_comparison(folder)
    except UserError:
        return None


def _part(study: Study, part: Part, rows: Mapping[str, Comparison], runs: Path) -> FoundPart:
    now = trained_so_far(part.comparison, runs)
    table, scores = study.published_marks, study.published_scores
    published = dict(table.marks.get(part.name, {})) if table else {}
    scored = dict(scores.scores.get(part.name, {})) if scores else {}
    return FoundPart(
        name=part.name,
        title=part.title,
        trained=len(now.runs()) if now else 0,
        trainings=len(part.comparison.runs()),
        marks=marks(part.name, _models(part), rows) if published else {},
        published_marks=published,
        scores=_scores(part, scores, rows) if scores else {},
        published_scores=scored,
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


def _claim(claim: Claim, rows: Mapping[str, Comparison], parts: Sequence[Part]) -> FoundClaim:
    verdict = claim.judge(rows)
    return FoundClaim(
        id=claim.id,
        sentence=claim.sentence,
        source=claim.source,
        outcome=verdict.outcome,
        statements=_statements(verdict.findings),
        premises=_statements(verdict.premises),
        deciding=_statements(verdict.deciding),
        published=claim.published,
        as_published=_as_published(claim, rows, parts),
    )


def _statements(findings: Sequence[Finding]) -> tuple[FoundStatement, ...]:
    return tuple(FoundStatement(words=one.words, figure=one.figure, outcome=one.outcome) for one in findings)


def _as_published(claim: Claim, rows: Mapping[str, Comparison], parts: Sequence[Part]) -> Outcome | None:
    """The verdict with the rows of variants in the place of those they repeat; none where no variant was run."""
    variants = {part.variant_of: rows[part.name] for part in parts if part.variant_of and part.name in rows}
    if not variants.keys() & {quantity.part for quantity in claim.quantities}:
        return None
    verdict: Verdict = claim.judge({**rows, **variants})
    return verdict.outcome
