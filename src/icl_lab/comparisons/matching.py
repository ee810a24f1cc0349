"""Models of equal size: each is given the width at which its parameters, training FLOPs or state come closest.

Sizes are measured (`evaluation/size.py`), never computed from a formula of the architecture.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from icl_lab.comparisons.search import closest
from icl_lab.core.bounds import Count, Positive
from icl_lab.core.errors import UserError, suggest
from icl_lab.core.specs import Spec, field_types
from icl_lab.evaluation.size import Quantity, measure, measure_size
from icl_lab.models.network import count_parameters
from icl_lab.models.notation import read_pattern, write_pattern
from icl_lab.models.presets.base import Preset
from icl_lab.models.presets.pattern import Pattern
from icl_lab.report import words
from icl_lab.tasks.base import Task

WIDEST = 2048
# Widths that heads divide are less than this apart, so that none of them is missed at the end.
NEAR_WIDEST = 0.9
IN_WORDS: dict[Quantity, str] = {
    "parameters": "parameters",
    "flops": "training FLOPs a prompt",
    "state": "numbers of state after a prompt",
}


@dataclass(frozen=True, kw_only=True)
class Match(Spec):
    """What the models of a comparison have in common.

    Args:
        quantity: `"parameters"`, `"flops"` (of training, forward and backward, a prompt) or `"state"` (after a prompt).
        budget: How much of it each has.
        tolerance: How far from it a model may be, as a fraction of it.
    """

    quantity: Quantity = "parameters"
    budget: Count
    tolerance: Positive = 0.1

    def miss(self, size: int) -> float:
        """How far a size is from the budget, as a fraction of it: negative where it is smaller."""
        return size / self.budget - 1

    def allows(self, size: int) -> bool:
        """Whether a size is within tolerance."""
        return abs(self.miss(size)) <= self.tolerance


def read_match(text: str, first: Preset, task: Task) -> tuple[Match, bool]:
    """What `parameters` or `parameters=100000` asks for, and whether the first model keeps its size.

    Without a number the first model sets the budget.

    Raises:
        UserError: It is no quantity, no number, or the first model has nothing of it.
    """
    name, given, number = (part.strip() for part in text.partition("="))
    quantity: Any = name
    if name not in get_args(Quantity):
        raise UserError(f"--match: expected QUANTITY or QUANTITY=BUDGET, got {text!r}: {suggest(name, IN_WORDS)}")
    if not given:
        budget = measure(quantity, first, task)
        if budget == 0:
            raise UserError(f"--match {name}: {first.word} has no {IN_WORDS[quantity]}: name another model first")
        return Match(quantity=quantity, budget=budget), True
    try:
        budget = int(float(number.replace(",", "").replace("_", "")))
    except (ValueError, OverflowError):
        budget = 0
    if budget < 1:
        raise UserError(f"--match {name}: expected a number of at least 1, as in {name}=100000, got {number!r}")
    return Match(quantity=quantity, budget=budget), False


def matched(preset: Preset, task: Task, match: Match) -> Preset:
    """A model at the width that brings it closest to a budget.

    Where no width comes within tolerance because heads have to divide it, the number of heads changes as little as it
    has to; a pattern whose blocks have two different numbers of heads keeps them.

    Raises:
        UserError: Nothing comes within tolerance, or the model cannot be built at any width.
    """
    best: Preset | None = None
    best_size = 0
    for changes in _other_heads(preset):
        found = _at_best_width(preset, changes, task, match, start=(best or preset).d_model)
        if found is None:
            continue
        size = measure(match.quantity, found, task)
        if match.allows(size):
            return found
        if best is None or abs(match.miss(size)) < abs(match.miss(best_size)):
            best, best_size = found, size
        if size < match.budget and found.d_model > NEAR_WIDEST * WIDEST:
            break  # too large a budget for any width: heads that divide another one bring nothing
    if best is None:
        measure(match.quantity, preset, task)  # says itself why it cannot be built
        raise UserError(f"{preset.word}: cannot be built at any width up to {WIDEST:,}")
    # The nearest there is: the other models may be sized to it.
    nearest = f"nearest is {best_size:,} at d_model={best.d_model}"
    advice = f"{nearest}: take --match {match.quantity}={best_size}, or leave it out"
    raise UserError(
        f"--match {match.quantity}: no width brings {preset.word} within {match.tolerance:.0%} of {match.budget:,} "
        f"{IN_WORDS[match.quantity]}; {advice if best_size else 'it has none at any width: leave --match out'}"
    )


def matched_in_words(match: Match, models: Mapping[str, Preset], task: Task) -> str:
    """A sentence for the page: the budget, and the three sizes of each model."""
    said = [f"{words.count(match.budget)} {IN_WORDS[match.quantity]}, within {match.tolerance:.0%}"]
    for label, preset in models.items():
        size = measure_size(preset, task)
        said.append(
            f"{label} ({match.miss(size.of(match.quantity)):+.1%}): {words.count(size.parameters)} parameters, "
            f"{words.amount(size.training_flops)} training FLOPs a prompt, {words.count(size.state_size)} of state"
        )
    return "; ".join(said)


def _at_best_width(preset: Preset, changes: Mapping[str, Any], task: Task, match: Match, start: int) -> Preset | None:
    def at(width: int) -> Preset:
        return preset.replace(d_model=width, **changes)

    def size(width: int) -> int | None:
        try:
            changed = at(width)
            count_parameters(changed.network(task))  # builds it without making numbers: some widths do not fit
        except UserError:
            return None
        return measure(match.quantity, changed, task)

    width = closest(size, match.budget, start=start, largest=WIDEST)
    return None if width is None else at(width)


def _other_heads(preset: Preset) -> Iterator[Mapping[str, Any]]:
    """The model as it is, then changes to its number of heads, the smallest first; at most twice as many."""
    yield {}
    if "num_heads" in field_types(type(preset)):
        heads: int | None = getattr(preset, "num_heads")  # noqa: B009, a field of some presets only
        for other in _nearest(heads):
            yield {"num_heads": other}
    elif isinstance(preset, Pattern):
        blocks = read_pattern(preset.blocks, preset.num_layers)
        with_heads = [block for block in blocks if "num_heads" in field_types(type(block))]
        found = {getattr(block, "num_heads") for block in with_heads}  # noqa: B009
        if len(found) == 1:
            for other in _nearest(found.pop()):
                changed = [block.replace(num_heads=other) if block in with_heads else block for block in blocks]
                yield {"blocks": write_pattern(changed)}


def _nearest(heads: int | None) -> list[int]:
    if heads is None:
        return []  # they follow the width, so that every width fits
    return sorted(set(range(1, 2 * heads + 1)) - {heads}, key=lambda other: abs(other - heads))
