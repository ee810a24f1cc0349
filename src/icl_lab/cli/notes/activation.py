"""The named activations of a network for `icl describe`: one row for what several blocks have alike."""

from collections.abc import Sequence
from typing import Any

from icl_lab.models.network import Network
from icl_lab.probing.activations import listed
from icl_lab.probing.activations.grammar import place


def activation_notes(network: Network) -> list[dict[str, Any]]:
    """Every activation: name, axes and meaning, in the order of computation."""
    return [{"name": one.name, "axes": list(one.axes), "meaning": one.meaning} for one in listed(network)]


def activation_rows(notes: Sequence[dict[str, Any]]) -> list[tuple[str, str, str, str]]:
    """Name, blocks, shape and meaning; blocks whose activations have one shape share a row."""
    alike: dict[tuple[str, str, str], list[int]] = {}
    for note in notes:
        at = place(note["name"])
        name = note["name"] if at.block is None else f"block.<i>.{at.what}"
        alike.setdefault((name, f"({', '.join(note['axes'])})", note["meaning"]), []).extend(
            [] if at.block is None else [at.block]
        )
    return [(name, _ranges(blocks), shape, meaning) for (name, shape, meaning), blocks in alike.items()]


def _ranges(blocks: Sequence[int]) -> str:
    """Numbers in words, neighbours together.

    >>> _ranges([0, 1, 2, 5, 7, 8])
    '0-2, 5, 7-8'
    """
    runs: list[list[int]] = []
    for block in blocks:
        if runs and runs[-1][-1] == block - 1:
            runs[-1].append(block)
        else:
            runs.append([block])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
