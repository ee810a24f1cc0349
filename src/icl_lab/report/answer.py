"""The question a comparison asks and the sentences that answer it, made from its rows."""

from icl_lab.report.data import Comparison, is_length
from icl_lab.report.published_table import PublishedRow
from icl_lab.report.tables import Milestone, Row, best_baseline
from icl_lab.report.words import Measure, clipped, listed, number, plain


def question(comparison: Comparison) -> str:
    """What was asked, in one line."""
    if comparison.question:
        return comparison.question
    models = [label for label, kind in comparison.kinds.items() if kind == "model"]
    what = _task_words(comparison)
    if len(models) == 1:
        return f"How well does {clipped(models[0])} learn {what} from its prompt?"
    return f"Which model learns {what} best from its prompt?" if models else f"How well do baselines learn {what}?"


def answer(rows: list[Row], measure: Measure) -> str:
    """The answer in one sentence, with the numbers it rests on."""
    scored = [row for row in rows if row.kind == "model" and row.score is not None and row.score.value is not None]
    if not scored:
        return _answer_without_score(rows, measure)
    best = best_baseline(rows)
    leader, others = scored[0], scored[1:]
    assert best is not None
    assert leader.score is not None
    even = [row for row in others if not _behind(row)]
    clear = [row for row in others if _behind(row)]
    names = listed([clipped(row.predictor) for row in (leader, *even)])
    if even:
        chance = "after these trainings" if leader.trainings > 1 else "on these prompts"
        opening = f"{names} cannot be told apart {chance}: the ICL score of {clipped(leader.predictor)}"
    else:
        opening = f"{names} learns best: its ICL score" if others else f"{names}: its ICL score"
    zero = "chance" if measure.complement else "always saying zero"
    sentence = f"{opening} is {number(leader.score.value)} ({clipped(best.predictor)} has 1, {zero} has 0)"
    if leader.milestones:
        sentence += f"; {_after(leader.milestones[0], best, measure, own=not even)}"
    if clear:
        behind = [f"{clipped(row.predictor)} ({number(row.score.value)})" for row in clear if row.score]
        sentence += f"; {listed(behind)} {'follow' if len(behind) > 1 else 'follows'}"
    return sentence + "."


def caveat(rows: list[Row]) -> str:
    """What the intervals do and do not cover."""
    trainings = {row.trainings for row in rows if row.kind == "model"}
    if not trainings or trainings == {0}:
        return ""
    if max(trainings) == 1:
        return (
            "One training of each model: the intervals are over prompts, and another training could rank differently."
        )
    return (
        f"Means over {min(trainings)} trainings of each model. Which is ahead is judged over trainings; other intervals"
        " are over prompts, and over trainings where it says so."
    )


def refusals(comparison: Comparison, shift: str) -> str:
    """Which predictors could not read the prompts of a shift, and why."""
    labels = comparison.rows("refused", shift)["predictor"].unique(maintain_order=True).to_list()
    if not labels:
        return ""
    reasons = comparison.refused.get(shift, {})
    why = [f"{clipped(label)} ({reasons[label]})" if reasons.get(label) else clipped(label) for label in labels]
    which = ", which cannot read prompts this long" if is_length(shift) else ", which cannot read these prompts"
    return f"Not drawn: {listed(why)}{which}."


def agreement(rows: list[PublishedRow]) -> str:
    """How our curves compare with published ones, in one sentence; empty where none is published."""
    if not rows:
        return ""
    met, points = sum(row.met for row in rows), sum(len(row.points) for row in rows)
    curves = f"{len(rows)} published curve{'s' if len(rows) > 1 else ''}"
    return f"Beside {curves}: the intervals meet at {met:,} of {points:,} points."


def _after(milestone: Milestone, best: Row, measure: Measure, own: bool) -> str:
    reference = {other.shown: other.told for other in best.milestones}.get(milestone.shown)
    beside = f" ({clipped(best.predictor)}: {number(reference.value)})" if reference else ""
    whose = "its" if own else "that model's"
    return f"{measure.at(milestone.shown)} {whose} {_told(milestone, measure)}{beside}"


def _told(milestone: Milestone, measure: Measure) -> str:
    if measure.complement:
        return f"{plain(measure.complement)} is {number(milestone.told.value)}"
    return f"error is {number(milestone.told.value)} of the zero predictor's"


def _answer_without_score(rows: list[Row], measure: Measure) -> str:
    ended = [row for row in rows if row.milestones and row.milestones[-1].relative_error.value is not None]
    if not ended:
        return "Nothing has been measured yet."
    models = [row for row in ended if row.kind == "model"] or [row for row in ended if row.kind == "baseline"] or ended
    leader = min(models, key=lambda row: row.milestones[-1].relative_error.value or 0.0)
    end = leader.milestones[-1]
    return f"{clipped(leader.predictor)}: {measure.at(end.shown)} its {_told(end, measure)}."


def _behind(row: Row) -> bool:
    """Whether the interval of the difference to the leader excludes none: over trainings where there are several.

    A difference without an interval shows nothing; without any difference, take the ranking.
    """
    gap = row.score_gap_over_seeds or row.score_gap
    return gap is None or (gap.low is not None and gap.low > 0)


def _task_words(comparison: Comparison) -> str:
    name = plain(clipped(str(comparison.task.get("task", "the task"))))
    dim = comparison.task.get("dim")
    return f"{name} in {dim} dimension{'' if dim == 1 else 's'}" if isinstance(dim, int) else name
