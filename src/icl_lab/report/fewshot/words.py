"""What came out of a few-shot evaluation, in sentences."""

from icl_lab.report.estimate import Estimate
from icl_lab.report.fewshot.controls import control_sentences, share
from icl_lab.report.fewshot.data import ALL, COMMON, FewShotResults
from icl_lab.report.fewshot.vector_table import vector_sentence
from icl_lab.report.labels import printable
from icl_lab.report.words import listed


def demonstrations(count: int) -> str:
    """A number of demonstrations, in words.

    >>> demonstrations(0), demonstrations(1), demonstrations(16)
    ('no demonstration', '1 demonstration', '16 demonstrations')
    """
    return "no demonstration" if count == 0 else f"{count} demonstration{'' if count == 1 else 's'}"


def question(found: FewShotResults) -> str:
    """What a page asks."""
    who = listed([printable(model) for model in found.models])
    return (
        f"Does {who} learn tasks on text from the prompt?"
        if len(found.models) == 1
        else f"Which learns tasks on text from the prompt: {who}?"
    )


def conclusion(found: FewShotResults) -> str:
    """What came out, a few sentences a model."""
    said = []
    for model in found.models:
        said += [_accuracy(found, model), *control_sentences(found, model), *vector_sentence(found, model)]
    return " ".join(said)


def rising(found: FewShotResults, model: str) -> tuple[int, int]:
    """On how many tasks the interval at the most demonstrations lies above that at the fewest, and of how many."""
    count = total = 0
    for task in found.tasks:
        first, last = _ends(found, model, task.name)
        if first is None or last is None or first is last:
            continue
        total += 1
        low = last.value if last.low is None else last.low
        high = first.value if first.high is None else first.high
        count += (low or 0.0) > (high or 0.0)
    return count, total


def _ends(found: FewShotResults, model: str, task: str) -> tuple[Estimate | None, Estimate | None]:
    known = [one for shots in found.shots if (one := found.estimate("accuracy_mean", model, task, shots))]
    return (known[0], known[-1]) if known else (None, None)


def _accuracy(found: FewShotResults, model: str) -> str:
    metric, name = ("common_accuracy_mean", COMMON) if found.common else ("all_accuracy_mean", ALL)
    known = [shots for shots in found.shots if found.estimate(metric, model, name, shots)]
    if not known:
        return f"{printable(model)}: nothing has been measured."
    first, last = known[0], known[-1]
    tasks = found.count(metric, model, name, last)
    said = (
        f"{printable(model)} is right in {share(found.estimate(metric, model, name, last))} of cases after"
        f" {demonstrations(last)}, mean over {tasks} task{'' if tasks == 1 else 's'}"
    )
    if first == last:
        return f"{said}."
    rose, total = rising(found, model)
    before = f"after {demonstrations(first)}" if first else "with none"
    start = share(found.estimate(metric, model, name, first))
    return f"{said}; {before} in {start}. It clearly rises on {rose} of {total}."
