"""What came out of a probe, in words: which method, from which block on, and what the last block needs."""

from dataclasses import dataclass
from typing import Any

from icl_lab.report.probe.data import Looked, Probe
from icl_lab.report.words import interval, number, plain

STEPS = ("step", "steps", "iteration", "iterations")
UNLIKE = 0.1
"""Where the nearest method leaves more than this part of a block's answers unexplained, it is not said to be it."""
NONE = "none"
"""What is said to be the method then."""

Ends = tuple[float | None, float | None, float | None]


@dataclass(frozen=True)
class Likeness:
    """What a block's answers are nearest to, and whether they are said to be it.

    Args:
        method: The nearest method in words.
        family: Its family.
        distance: To it, in the unit of the error.
        share: In what share of resamples it is the nearest or within one per cent of it.
        unexplained: That distance over the distance to answering nothing: what part of the answers the method leaves;
            none where there are no answers but 0.
    """

    method: str
    family: str
    distance: Ends
    share: float | None
    unexplained: float | None

    @property
    def holds(self) -> bool:
        """Whether the answers are said to be those of the method: in tables, sentences and pictures alike."""
        return self.unexplained is not None and self.unexplained <= UNLIKE


@dataclass(frozen=True)
class BlockRow:
    """One block in a table.

    Args:
        block: Its index.
        kind: Its mixer.
        error: Error of what is read off it, with scale and shift where they were fitted; `(value, low, high)`.
        plain: The same without them: of the last block the network's own error.
        scale: Mean scale; none where nothing was fitted.
        shift: Mean shift.
        nearest: The method that its answers are said to be, in words; `NONE` where even the nearest leaves too much;
            empty where none was compared.
        distance: To the nearest, in the unit of the error.
        share: In what share of resamples what is named is the nearest or within one per cent of it.
        unexplained: As in `Likeness`.
        others: How many other methods these functions do not tell apart from what is named.
    """

    block: int
    kind: str
    error: Ends
    plain: Ends = (None, None, None)
    scale: float | None = None
    shift: float | None = None
    nearest: str = ""
    distance: Ends = (None, None, None)
    share: float | None = None
    unexplained: float | None = None
    others: int = 0


def block_rows(probe: Probe, network: Looked, shown: int | None = None) -> list[BlockRow]:
    """A row for each block, after `Probe.end` examples by default."""
    shown = probe.end(network) if shown is None else shown
    at = {} if shown is None else {"shown": shown}
    errors = probe.of(network, probe.read_out(network), **at)
    found = []
    for row in errors.iter_rows(named=True):
        block = row["block"]
        like = likeness(probe, network, block, shown)
        plain = _first(probe, network, "layer_plain_error", block, at)
        found.append(
            BlockRow(
                block=block,
                kind=network.blocks[block] if block < len(network.blocks) else "",
                error=_ends(row),
                plain=_ends(plain) if plain else (None, None, None),
                scale=_value(_first(probe, network, "layer_scale", block, at)),
                shift=_value(_first(probe, network, "layer_shift", block, at)),
                nearest="" if like is None else like.method if like.holds else NONE,
                distance=like.distance if like else (None, None, None),
                share=like.share if like and like.holds else None,
                unexplained=like.unexplained if like else None,
                others=len(probe.of(network, "as_near", block=block, **at)) if like and like.holds else 0,
            )
        )
    return found


def likeness(probe: Probe, network: Looked, block: int, shown: int | None) -> Likeness | None:
    """What a block is nearest to after a number of examples; none where no method was compared."""
    at = {} if shown is None else {"shown": shown}
    nearest, family = (_first(probe, network, metric, block, at) for metric in ("nearest", "nearest_family"))
    if nearest is None or family is None:
        return None
    told = probe.of(network, "distance", block=block, about="nothing", **at)
    nothing, distance = told["value"].item() if len(told) else None, nearest["value"]
    return Likeness(
        method=nearest["about"],
        family=family["about"],
        distance=_ends(nearest),
        share=_value(_first(probe, network, "nearest_share", block, at)),
        unexplained=distance / nothing if nothing and distance is not None else None,
    )


def conclusion(probe: Probe, network: Looked) -> str:
    """One sentence on a network.

    >>> conclusion(Probe(task={}, metric="", zero_error=1.0, networks=()), Looked(run="", label=""))
    ''
    """
    said = _found(probe, network)
    if not 0 < network.step < network.planned:
        return said
    begun = f"after {network.step:,} of {network.planned:,} steps of training"
    return f"{begun}: {said}" if said else begun


def _found(probe: Probe, network: Looked) -> str:
    rows, end = block_rows(probe, network), probe.end(network)
    if not rows:
        return ""
    last = rows[-1]
    if probe.complement:
        return _beside_chance(probe, rows, end)
    if last.scale is None or last.shift is None:
        half = _first_half(rows, probe.zero_error)
        where = f"below half of the zero predictor's from block {half} on" if half is not None else "never below half"
        first = number(rows[0].error[0])
        return f"error of the read-out {first} after the first block, {number(last.error[0])} after the last; {where}"
    fit = (
        f"last layer: scale {last.scale:.2f}, shift {_signed(last.shift)}, "
        f"error {number(last.plain[0])} of its own, {number(last.error[0])} with both"
    )
    if end is None or not last.nearest:
        return f"after {end} examples, {fit}"
    return f"after {end} examples {_likeness(probe, network, rows, end)}; {fit}"


def _beside_chance(probe: Probe, rows: list[BlockRow], end: int | None) -> str:
    """Of answers that are right or wrong: how many are right, beside how many are so by chance."""
    where = "" if end is None else f"{probe.measure.at(end)} "
    name, last, chance = plain(probe.complement), rows[-1], probe.zero_error
    value, low, high = (None if end is None else 1 - end for end in (last.error[0], last.error[2], last.error[1]))
    ends = interval(low, high)
    said = (
        f"{where}{name} {number(value)}{f' [{ends}]' if ends else ''} after the last block, chance {number(1 - chance)}"
    )
    if last.error[2] is not None and last.error[2] >= chance:
        return f"{said}: not told apart from chance"
    if last.error[0] is None:
        return said
    half = _first_below(rows, (chance + last.error[0]) / 2)
    return f"{said}; half of what is gained over chance is there from block {half} on"


def _likeness(probe: Probe, network: Looked, rows: list[BlockRow], shown: int) -> str:
    """Which method, from which block on, and how much of the answers it leaves unexplained."""
    found = [likeness(probe, network, row.block, shown) for row in rows]
    last, block = found[-1], rows[-1].block
    assert last is not None
    near = probe.of(network, "as_near", shown=shown, block=block)["about"].to_list()
    here = _with(last.method)
    method = f"{last.family}{f' (here with {here})' if here else ''}"
    if near:
        method = f"one of {', '.join([method, *near[:2]])}{' and others' if len(near) > 2 else ''}"
    ends = interval(last.distance[1], last.distance[2])
    left = f"distance {number(last.distance[0])}{f' [{ends}]' if ends else ''}"
    if last.unexplained is not None:
        left = f"share unexplained {number(last.unexplained)}, {left}"
    if not last.holds:
        return f"the last block is like none of the methods; nearest {method}, {left}"
    named = [one.family if one and one.holds else NONE for one in found]
    begin = next((i + 1 for i in reversed(range(len(named))) if named[i] != named[-1]), 0)
    where = "every block is nearest to" if begin == 0 else f"from block {begin} on nearest to"
    where = where if begin < block else "the last block is nearest to"
    return f"{where} {method}, {left}"


def question(probe: Probe) -> str:
    """The title of a page."""
    labels = list(dict.fromkeys(one.label for one in probe.networks))
    return f"What did {' and '.join(labels)} learn on {probe.task.get('task', 'its task')}, and where?"


def _first_half(rows: list[BlockRow], zero: float) -> int | None:
    return _first_below(rows, zero / 2)


def _first_below(rows: list[BlockRow], level: float) -> int | None:
    """The block from which on all errors are at or below a level; none where the last one is not."""
    above = [row.block for row in rows if row.error[0] is None or row.error[0] > level]
    first = above[-1] + 1 if above else 0
    return first if first <= rows[-1].block else None


def _with(method: str) -> str:
    """The settings of a method in words, apart from its name.

    >>> _with("8 steps of GD++, damped at each step (gamma=0.1)"), _with("7 Newton iterations"), _with("least squares")
    ('8 steps, gamma=0.1', '7 iterations', '')
    """
    name, _, settings = method.partition(" (")
    found = [f"{name.split()[0]} {word}" for word in name.replace(",", "").split() if word in STEPS][:1]
    return ", ".join([*found, settings.removesuffix(")")] if "=" in settings else found)


def _first(probe: Probe, network: Looked, metric: str, block: int, at: dict[str, int]) -> dict[str, Any] | None:
    rows = probe.of(network, metric, block=block, **at)
    return rows.row(0, named=True) if len(rows) else None


def _ends(row: dict[str, Any]) -> Ends:
    return row["value"], row["low"], row["high"]


def _value(row: dict[str, Any] | None) -> float | None:
    return None if row is None else row["value"]


def _signed(value: float) -> str:
    """Two digits, without a sign before zero."""
    said = f"{value:.2f}"
    return "0.00" if said == "-0.00" else said
