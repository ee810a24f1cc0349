"""Probes on every block: held-out functions, the same with shuffled targets, several seeds.

A probe is fitted on the queries of three quarters of the functions and judged on those of the others, whose prompts it
has not seen. Beside it stands the same probe for targets that were dealt out among functions anew: what it finds is
what the probe makes of chance. That is a permutation null; in the control task of Hewitt & Liang (2019, arXiv
1909.03368) each input keeps its random answer, which a probe can learn by heart. A seed is another split, another
shuffling and another start of the network.

l blocks   f functions   q queries   m activations   n numbers of a target   s seeds
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from icl_lab.core.errors import UserError
from icl_lab.core.streams import Stream
from icl_lab.probing.probes import network, ridge
from icl_lab.probing.probes.code_length import bits_saved, variance_explained
from icl_lab.probing.probes.targets import standardised

Kind = Literal["ridge", "network"]
KINDS: tuple[Kind, ...] = ("ridge", "network")
SEEDS = 3


@dataclass(frozen=True)
class Probed:
    """What a kind of probe found of a target after a block, seed by seed.

    Args:
        kind: `"ridge"` or `"network"`.
        target: Its name.
        block: The block.
        explained: R^2 on held-out functions.
        shuffled: R^2 of the probe for shuffled targets.
        bits: Bits a number that the online code of a linear probe saves; NaN for a network.
    """

    kind: Kind
    target: str
    block: int
    explained: Float[np.ndarray, " seeds"]
    shuffled: Float[np.ndarray, " seeds"]
    bits: Float[np.ndarray, " seeds"]


def probe(
    stream: Float[Tensor, "blocks functions queries m"],
    targets: Mapping[str, Float[Tensor, "functions queries numbers"]],
    *,
    seed: int = 0,
    seeds: int = SEEDS,
    kinds: tuple[Kind, ...] = KINDS,
) -> Iterator[Probed]:
    """Probe every block for every target.

    Args:
        stream: Activations.
        targets: Name -> values at the same queries, whatever they are.
        seed: Address of splits, shuffles and weights.
        seeds: How many of each.
        kinds: Kinds of probe.

    Raises:
        UserError: There are fewer than 8 functions, or a target has other functions and queries.
    """
    functions, queries = stream.shape[1:3]
    if functions < 8:
        raise UserError(f"probes: expected at least 8 functions to fit and judge on, got {functions}")
    for name, values in targets.items():
        # Told by jaxtyping where types are checked; whoever brings a target of his own runs without.
        if tuple(values.shape[:2]) != (functions, queries):
            raise UserError(f"probes: expected {name!r} as ({functions}, {queries}, ...), got {tuple(values.shape)}")
    splits = [_Split(seed, number, functions) for number in range(seeds)]
    for name, values in targets.items():
        for block in range(len(stream)):
            for kind in kinds:
                yield _probed(kind, name, block, stream[block], values, splits)


class _Split:
    """A random order of the functions, of which the last quarter is held out, and another one to shuffle targets by."""

    def __init__(self, seed: int, number: int, functions: int) -> None:
        self.stream = Stream(seed, ("probes", str(number)))
        order = self.stream.child("split").generator().permutation(functions)
        shuffled = self.stream.child("control").generator().permutation(functions)
        kept = 3 * functions // 4
        self.fitted: Int[np.ndarray, " some"] = order[:kept]
        self.held_out: Int[np.ndarray, " others"] = order[kept:]
        self.shuffled: Int[np.ndarray, " functions"] = shuffled


def _probed(
    kind: Kind,
    name: str,
    block: int,
    activations: Float[Tensor, "f q m"],
    values: Float[Tensor, "f q n"],
    splits: list[_Split],
) -> Probed:
    wanted = standardised(values).reshape(values.shape)
    x, y, others, judged = [], [], [], []
    for split in splits:
        for targets in (wanted, wanted[split.shuffled]):
            x.append(activations[split.fitted].flatten(0, 1).double())
            y.append(targets[split.fitted].flatten(0, 1))
            others.append(activations[split.held_out].flatten(0, 1).double())
            judged.append(targets[split.held_out].flatten(0, 1))
    bits = np.full(len(splits), np.nan)
    if kind == "ridge":
        predicted = [ridge.fit(one, two).predict(three) for one, two, three in zip(x, y, others, strict=True)]
        bits = np.array([bits_saved(x[2 * i], y[2 * i]) for i in range(len(splits))])
    else:
        at = splits[0].stream.child("network")
        predicted = list(network.fit_and_predict(torch.stack(x), torch.stack(y), torch.stack(others), at))
    explained = variance_explained(torch.stack(predicted), torch.stack(judged)).numpy()
    return Probed(kind, name, block, explained[::2], explained[1::2], bits)
