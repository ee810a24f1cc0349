"""The question a comparison asks and the sentences that answer it, made from its rows."""

from collections.abc import Mapping

from icl_lab.report.comparison.data import Comparison, is_length
from icl_lab.report.comparison.published_table import PublishedRow
from icl_lab.report.comparison.tables import Milestone, Row, best_baseline
from icl_lab.report.labels import printable
from icl_lab.report.words import Measure, listed, number, plain

LITTLE = 0.05
"""A leader with less of what the best baseline gains has learned nothing worth a ranking, however sure it is."""


def question(comparison: Comparison) -> str:
    """What was asked, in one line."""
    if comparison.question:
        return comparison.question
    models = [label for label, kind in comparison.kinds.items() if kind == "model"]
    what = _task_words(comparison)
    if len(models) == 1:
        return f"How well does {printable(models[0])} learn {what} from its prompt?"
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
    zero = "chance" if measure.complement else "always saying zero"
    even = [row for row in others if not _behind(row)]
    clear = [row for row in others if _behind(row)]
    nobody = (leader.score.low is not None and leader.score.low <= 0) or (leader.score.value or 0.0) < LITTLE
    opening = _nobody(leader, others, zero) if nobody else _opening(leader, even, clear)
    sentence = f"{opening} is {number(leader.score.value)} ({printable(best.predictor)} has 1, {zero} has 0)"
    if leader.milestones and not nobody and _is_sure(leader.milestones[0], leader):
        sentence += f"; {_after(leader.milestones[0], best, measure, own=not even)}"
    if not nobody:
        sentence += "".join(f"; {said}" for said in _followers(leader, clear))
    return sentence + "."


def _followers(leader: Row, clear: list[Row]) -> list[str]:
    """Who is behind; apart from the others whoever was trained once beside a leader that was trained more often."""
    once = [row for row in clear if row.trainings == 1 < leader.trainings]
    often = [row for row in clear if row not in once]
    found = []
    if often:
        found.append(f"{_with_scores(often)} {'follow' if len(often) > 1 else 'follows'}")
    if once:
        found.append(f"{_with_scores(once)}, trained once, {'are' if len(once) > 1 else 'is'} behind on these prompts")
    return found


def _with_scores(rows: list[Row]) -> str:
    return listed([f"{printable(row.predictor)} ({number(row.score.value)})" for row in rows if row.score])


def _is_sure(milestone: Milestone, row: Row) -> bool:
    """Whether a milestone has an interval if the score has: without one, hardly any prompt asks there."""
    return milestone.told.low is not None or row.score is None or row.score.low is None


def _opening(leader: Row, even: list[Row], clear: list[Row]) -> str:
    """Who is first, if anybody: one training of each shows who is ahead, not who learns best."""
    name = printable(leader.predictor)
    if even:
        chance = "after these trainings" if leader.trainings > 1 else "on these prompts"
        names = listed([printable(row.predictor) for row in (leader, *even)])
        return f"{names} cannot be told apart {chance}: the ICL score of {name}"
    if not clear:
        return f"{name}: its ICL score"
    often = [row for row in clear if row.score_gap_over_seeds] if leader.trainings > 1 else []
    best = "learns best" if len(often) == len(clear) else "learns best of those trained more than once"
    return f"{name} {best if often else 'is ahead on these prompts'}: its ICL score"


def _nobody(leader: Row, others: list[Row], zero: str) -> str:
    """Who is ahead of whom says nothing where nobody has learned."""
    who = "No model is" if others else f"{printable(leader.predictor)} is not"
    return f"{who} clearly better than {zero} over the whole prompt: the ICL score of {printable(leader.predictor)}"


def caveat(rows: list[Row]) -> str:
    """What the intervals do and do not cover."""
    trainings = {row.trainings for row in rows if row.kind == "model"}
    if not trainings or trainings == {0}:
        return ""
    if max(trainings) == 1:
        return (
            "One training of each model: the intervals are over prompts, and another training could rank differently."
        )
    many = " to ".join(map(str, sorted({min(trainings), max(trainings)})))
    return (
        f"Means over {many} trainings of each model. Which is ahead is judged over trainings; other intervals"
        " are over prompts, and over trainings where it says so."
    )


def oracles(comparison: Comparison) -> str:
    """Which predictors are oracles and what they know; empty where there is none."""
    found = [entry for entry in comparison.predictors if entry.kind == "oracle"]
    if not found:
        return ""
    known = dict.fromkeys(entry.knows or "what no learner is told" for entry in found)
    names = listed([printable(entry.label) for entry in found])
    they = "are oracles: they know" if len(found) > 1 else "is an oracle: it knows"
    return f"{names} {they} {listed(list(known))}, so the others need not reach the dashed line."


def refusals(comparison: Comparison, shift: str) -> str:
    """Which predictors could not read the prompts of a shift, and why."""
    labels = comparison.rows("refused", shift)["predictor"].unique(maintain_order=True).to_list()
    if not labels:
        return ""
    reasons = comparison.refused.get(shift, {})
    why = [f"{printable(label)} ({reasons[label]})" if reasons.get(label) else printable(label) for label in labels]
    which = ", which cannot read prompts this long" if is_length(shift) else ", which cannot read these prompts"
    return f"Not drawn: {listed(why)}{which}."


def agreement(rows: list[PublishedRow], kinds: Mapping[str, str]) -> str:
    """How our curves compare with published ones and with exact lines, a sentence each; empty where there are none."""
    exact = [row for row in rows if row.published.exact]
    found = [
        _agreement("published curves", [row for row in rows if row not in exact], kinds),
        _agreement("exact lines, computed independently", exact, kinds),
    ]
    return " ".join(said for said in found if said)


def _agreement(beside: str, rows: list[PublishedRow], kinds: Mapping[str, str]) -> str:
    if not rows:
        return ""
    trained = [row for row in rows if kinds.get(row.published.predictor) == "model"]
    classical = [row for row in rows if row not in trained]
    said = [f"{who} {_met(some)}" for who, some in (("baselines", classical), ("models", trained)) if some]
    note = " Models are expected to meet theirs at the published size and training only." if trained else ""
    return f"Beside {beside}: {'; '.join(said)}.{note}"


def _met(rows: list[PublishedRow]) -> str:
    judged = [row for row in rows if row.judged]
    met, points = sum(row.met for row in judged), sum(row.judged for row in judged)
    said = f"meet {len(judged)} curve{'s' if len(judged) > 1 else ''} at {met:,} of {points:,} points"
    blind = len(rows) - len(judged)
    if not blind:
        return said
    without = f"{blind} curve{'s' if blind > 1 else ''} without intervals of ours {'are' if blind > 1 else 'is'}"
    return f"{said} ({without} not judged)" if judged else f"cannot be judged: {without} not counted"


def _after(milestone: Milestone, best: Row, measure: Measure, own: bool) -> str:
    reference = {other.shown: other.told for other in best.milestones}.get(milestone.shown)
    beside = f" ({printable(best.predictor)}: {number(reference.value)})" if reference else ""
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
    return f"{printable(leader.predictor)}: {measure.at(end.shown)} its {_told(end, measure)}."


def _behind(row: Row) -> bool:
    """Whether the interval of the difference to the leader excludes none: over trainings where there are several.

    A difference without an interval shows nothing; without any difference, take the ranking.
    """
    gap = row.score_gap_over_seeds or row.score_gap
    return gap is None or (gap.low is not None and gap.low > 0)


def _task_words(comparison: Comparison) -> str:
    name = plain(printable(str(comparison.task.get("task", "the task"))))
    dim = comparison.task.get("dim")
    return f"{name} in {dim} dimension{'' if dim == 1 else 's'}" if isinstance(dim, int) else name
