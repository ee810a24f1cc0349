"""Ablation: what a network's answers lose when a part of it no longer depends on the prompt.

What a part gives is replaced by its mean over other prompts at the same place (mean ablation), by what it gives on one
other prompt (resample ablation; both as compared by Zhang & Nanda 2024, arXiv 2309.16042), or by zeros.

With everything ablated, the embedding and every mixer, the stream is the same for all prompts, and so are the answers:
a constant at each place. With zeros that is the read-out of an empty stream; where read-out and final norm have no
bias, exactly the zero predictor. With all mixers ablated but the embedding kept, an answer depends on its own token
and place and on no example.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from icl_lab.core.errors import UserError, suggest
from icl_lab.core.prompts import PromptBatch
from icl_lab.core.records import Record
from icl_lab.core.streams import Stream
from icl_lab.evaluation.errors import evaluation_mode
from icl_lab.evaluation.statistics import Interval, subtract
from icl_lab.models.backbone import Block
from icl_lab.models.mixers.base import SequenceMixer
from icl_lab.models.network import Network
from icl_lab.probing.activations import capture, replaced
from icl_lab.probing.activations.replacement import Change
from icl_lab.probing.interventions.measuring import bootstrap, fractions_of_zero, late, mean, record
from icl_lab.probing.interventions.parts import AXES, Part, parts
from icl_lab.tasks.base import Task

How = Literal["mean", "resample", "zero"]
WAYS: tuple[How, ...] = get_args(How)


@dataclass(frozen=True)
class AblationEffect:
    """What the answers lose with one part.

    Args:
        part: The part.
        error: Mean error with the part ablated, over the zero predictor's.
        rise: That minus the intact network's, prompt by prompt.
    """

    part: Part
    error: Interval
    rise: Interval


@dataclass(frozen=True)
class AblationEffects:
    """What the answers of a network lose with each of its parts.

    Args:
        label: The network's.
        task: Where the prompts came from.
        how: What stands in for a part.
        num_prompts: Prompts behind each number.
        intact: Mean error with nothing ablated, over the zero predictor's.
        effects: One entry a part.
    """

    label: str
    task: Task
    how: How
    num_prompts: int
    intact: Interval
    effects: tuple[AblationEffect, ...]

    def records(self, run: str, seed: int = 0) -> Iterator[Record]:
        """Rows `late_error_over_zero` and, about each part, `ablated_error_over_zero_by_<how>` with its block."""

        def row(interval: Interval, metric: str, block: int | None = None, about: str = "") -> Record:
            return record(
                interval,
                metric,
                run=run,
                label=self.label,
                task=self.task,
                seed=seed,
                num_prompts=self.num_prompts,
                block=block,
                about=about,
            )

        yield row(self.intact, "late_error_over_zero")
        for one in self.effects:
            yield row(one.error, f"ablated_error_over_zero_by_{self.how}", one.part.block, one.part.label)


def ablation_effects(
    network: Network,
    task: Task,
    prompts: PromptBatch,
    others: PromptBatch,
    *,
    how: str = "mean",
    ablate: Sequence[Part] | None = None,
    seed: int = 0,
    independent: bool | None = None,
) -> AblationEffects:
    """The error with each part ablated, on the last quarter of the questions of a prompt.

    Args:
        network: A trained network; it is as it was afterwards.
        task: Where the prompts come from.
        prompts: On which the error is measured.
        others: Prompts of the same task that stand in; none of `prompts`, so that nothing of a prompt comes back.
        how: What stands in for a part: mean, resample or zero.
        ablate: Which parts; by default everything together, every block, and every head or group of channels.
        seed: Of the bootstrap, and of which other prompt stands in.
        independent: Whether the prompts were drawn independently; by default as those of one batch of the task are.

    Raises:
        UserError: There is no such way of ablating.
    """
    way = known_way(how)
    chosen = parts(network) if ablate is None else tuple(ablate)
    asked, weights = late(prompts), bootstrap(task, prompts.batch, seed, independent)
    stand_ins = stand_ins_from(network, others, chosen, way, Stream(seed, ("probe", "resample")))
    intact = fractions_of_zero(network, task, asked)
    effects = []
    for part in chosen:
        with ablated(network, (part,), stand_ins):
            without = fractions_of_zero(network, task, asked)
        effects.append(AblationEffect(part, mean(without, weights), mean(subtract(without, intact), weights)))
    return AblationEffects(network.label, task, way, prompts.batch, mean(intact, weights), tuple(effects))


def known_way(how: str) -> How:
    """A way of ablating by its name.

    Raises:
        UserError: There is no such way.
    """
    for way in WAYS:
        if way == how:
            return way
    raise UserError(f"ablation: {suggest(how, WAYS)}")


@dataclass(frozen=True)
class StandIns:
    """What takes the place of activations.

    Args:
        how: Of the three ways.
        values: By the names of the activations, those on other prompts, or their mean as a batch of one.
        rows: Which other prompt stands in for which.
    """

    how: How
    values: Mapping[str, Tensor]
    rows: Tensor

    def of(self, name: str, value: Tensor) -> Tensor:
        """What takes the place of one activation."""
        if self.how == "zero":
            return torch.zeros_like(value)
        other = self.values[name]
        # A question beside the prompt ends earlier than a prompt does.
        for axis in range(1, value.ndim):
            if value.shape[axis] < other.shape[axis]:
                other = other.narrow(axis, 0, value.shape[axis])
        if self.how == "resample":
            other = other[self.rows[torch.arange(len(value)) % len(self.rows)]]
        return other.expand_as(value)


def stand_ins_from(network: Network, others: PromptBatch, chosen: Sequence[Part], how: How, stream: Stream) -> StandIns:
    """What the given parts give on other prompts."""
    wanted = sorted({name for part in chosen for name in part.activations})
    values: dict[str, Tensor] = {}
    if how != "zero":
        with torch.no_grad(), evaluation_mode(network), capture(network, wanted) as values:
            network(others.tokens)
    if how == "mean":
        values = {name: value.mean(0, keepdim=True) for name, value in values.items()}
    rows = torch.from_numpy(stream.generator().permutation(others.batch))
    return StandIns(how, values, rows)


@contextmanager
def ablated(network: Network, chosen: Sequence[Part], stand_ins: StandIns) -> Iterator[None]:
    """Ablate parts of a network for a while.

    Args:
        network: The network; its sequence form is changed.
        chosen: The parts, together.
        stand_ins: What takes their place.
    """
    slices: dict[str, list[Part]] = {}
    for part in chosen:
        for name in part.activations:
            slices.setdefault(name, []).append(part)
    changes = {name: _change(name, members, stand_ins) for name, members in slices.items()}
    with ExitStack() as filters:
        for part in chosen:
            if part.kind == "neighbours":
                assert part.block is not None
                filters.enter_context(token_alone(network, part.block))
        filters.enter_context(replaced(network, changes))
        yield


@contextmanager
def token_alone(network: Network, block: int) -> Iterator[None]:
    """Let the short convolution of a block see the token alone, as it sees the first token of a prompt."""
    chosen = network.backbone.blocks[block]
    assert isinstance(chosen, Block)
    weight = chosen.mixer.short_filter if isinstance(chosen.mixer, SequenceMixer) else None
    if weight is None:
        raise UserError(f"block {block} ({chosen.kind}) has no short convolution")
    kept = weight.detach().clone()
    try:
        with torch.no_grad():
            weight[:, :-1] = 0.0
        yield
    finally:
        with torch.no_grad():
            weight.copy_(kept)


def _change(name: str, members: Sequence[Part], stand_ins: StandIns) -> Change:
    def change(value: Tensor) -> Tensor:
        other = stand_ins.of(name, value)
        changed = value.clone()
        for part in members:
            if part.kind not in AXES:
                return other
            assert part.stop is not None
            axis, width = AXES[part.kind], part.stop - part.start
            changed.narrow(axis, part.start, width).copy_(other.narrow(axis, part.start, width))
        return changed

    return change


def worst(effects: AblationEffects, count: int = 5) -> tuple[AblationEffect, ...]:
    """The parts without which the error is largest."""
    order = np.argsort([-float(one.error.value) for one in effects.effects], kind="stable")
    return tuple(effects.effects[i] for i in order[:count])
