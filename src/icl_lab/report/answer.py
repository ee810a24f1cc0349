"""The question a comparison asks and the sentences that answer it, made from its rows."""

from icl_lab.report.data import Comparison
from icl_lab.report.tables import Estimate, Milestone, Row, best_baseline
from icl_lab.report.words import clipped, listed, number, plain


def question(comparison: Comparison) -> str:
    """What was asked, in one line."""
    if comparison.question:
        return comparison.question
    models = [label for label, kind in comparison.kinds.items() if kind == "model"]
    what = _task_words(comparison)
    if len(models) == 1:
        return f"How well does {clipped(models[0])} learn {what} from its prompt?"
    return f"Which model learns {what} best from its prompt?" if models else f"How well do baselines learn {what}?"


def answer(rows: list[Row]) -> str:
    """The answer in one sentence, with the numbers it rests on."""
    scored = [row for row in rows if row.kind == "model" and row.score is not None and row.score.value is not None]
    if not scored:
        return _answer_without_score(rows)
    best = best_baseline(rows)
    leader, others = scored[0], scored[1:]
    assert best is not None
    assert leader.score is not None
    even = [row for row in others if not _behind(row.score_gap)]
    clear = [row for row in others if _behind(row.score_gap)]
    names = listed([clipped(row.predictor) for row in (leader, *even)])
    if even:
        opening = f"{names} cannot be told apart on these prompts: the ICL score of {clipped(leader.predictor)}"
    else:
        opening = f"{names} learns best: its ICL score" if others else f"{names}: its ICL score"
    sentence = f"{opening} is {number(leader.score.value)} ({clipped(best.predictor)} has 1, always saying zero has 0)"
    if leader.milestones:
        sentence += f"; {_after(leader.milestones[0], best, own=not even)}"
    if clear:
        behind = [f"{clipped(row.predictor)} ({number(row.score.value)})" for row in clear if row.score]
        sentence += f"; {listed(behind)} {'follow' if len(behind) > 1 else 'follows'}"
    return sentence + "."


def caveat(comparison: Comparison, rows: list[Row]) -> str:
    """What the intervals do not cover."""
    trainings = {row.trainings for row in rows if row.kind == "model"}
    if not trainings or trainings == {0}:
        return ""
    if max(trainings) == 1:
        return (
            "One training of each model: the intervals are over prompts, and another training could rank differently."
        )
    fewest = min(trainings)
    return (
        f"Means over {fewest} trainings of each model; intervals are over prompts, and over trainings where it says so."
    )


def refusals(comparison: Comparison, shift: str) -> str:
    """Which models could not read the prompts of a shift."""
    labels = comparison.rows("refused", shift)["predictor"].unique(maintain_order=True).to_list()
    if not labels:
        return ""
    return f"Not drawn: {listed([clipped(label) for label in labels])}, which cannot read prompts this long."


def _after(milestone: Milestone, best: Row, own: bool) -> str:
    reference = {other.shown: other.relative_error for other in best.milestones}.get(milestone.shown)
    beside = f" ({clipped(best.predictor)}: {number(reference.value)})" if reference else ""
    whose = "its error" if own else "that model's error"
    return (
        f"after {milestone.shown} examples {whose} is {number(milestone.relative_error.value)}"
        f" of the zero predictor's{beside}"
    )


def _answer_without_score(rows: list[Row]) -> str:
    ended = [row for row in rows if row.milestones and row.milestones[-1].relative_error.value is not None]
    if not ended:
        return "Nothing has been measured yet."
    models = [row for row in ended if row.kind == "model"] or ended
    leader = min(models, key=lambda row: row.milestones[-1].relative_error.value or 0.0)
    end = leader.milestones[-1]
    return (
        f"{clipped(leader.predictor)}: after {end.shown} examples its error is"
        f" {number(end.relative_error.value)} of the zero predictor's."
    )


def _behind(gap: Estimate | None) -> bool:
    """Whether the interval of the difference to the leader excludes none; without an interval, take the ranking."""
    return gap is None or gap.low is None or gap.low > 0


def _task_words(comparison: Comparison) -> str:
    name = plain(clipped(str(comparison.task.get("task", "the task"))))
    dim = comparison.task.get("dim")
    return f"{name} in {dim} dimension{'' if dim == 1 else 's'}" if isinstance(dim, int) else name
