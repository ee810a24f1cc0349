"""What figures over the blocks of a network share."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from jaxtyping import Float
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_hex
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from icl_lab.report.drawing.axes import Picture
from icl_lab.report.drawing.style import Theme
from icl_lab.report.probe.data import Looked

WIDTH, LEFT, RIGHT, FOOT, HEAD = 7.4, 0.72, 1.5, 0.5, 0.3


def over_blocks(rows: pl.DataFrame) -> tuple[Float[np.ndarray, " points"], ...]:
    """x, y and the ends of its band; where there are none, the band has no height."""
    x, y = rows["block"].to_numpy().astype(float), rows["value"].cast(pl.Float64).to_numpy()
    ends = (rows[end].cast(pl.Float64).fill_null(pl.Series(y, strict=False)) for end in ("low", "high"))
    return x, y, *(end.to_numpy() for end in ends)


def ramp(count: int, theme: Theme) -> list[str]:
    """From light to dark; the last is a model's colour."""
    shades = LinearSegmentedColormap.from_list("ramp", [theme.hair, theme.models[0]])
    return [to_hex(shades(1.0 if count == 1 else place / (count - 1))) for place in range(count)]


def blocks_axis(axes: Axes, network: Looked, *, worded: bool = True) -> None:
    """Blocks from left to right, numbered from 0."""
    axes.set_xlim(-0.2, max(1, len(network.blocks) - 1) + 0.2)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=9, steps=[1, 2, 4, 5, 10]))
    if worded:
        axes.set_xlabel("block")


Dash = Literal["-", ""] | tuple[float, tuple[float, ...]]


@dataclass(frozen=True)
class Entry:
    """A line of a legend: words beside a piece of what they name; no piece where there is no dash."""

    words: str
    colour: str
    dash: Dash = ""


def legend(picture: Picture, entries: Sequence[Entry], corner: tuple[float, float]) -> None:
    """Words in their colours, from top to bottom, below a corner of the picture in inches."""
    width, height = picture.get_size_inches()
    for place, one in enumerate(entries):
        x, y = corner[0] / width, (corner[1] - 0.17 * (place + 1)) / height
        if one.dash:
            line = Line2D([x, x + 0.25 / width], [y, y], color=one.colour, linewidth=1.4, linestyle=one.dash)
            picture.add_artist(line)
            x += 0.32 / width
        picture.text(x, y, one.words, color=one.colour, fontsize=8, va="center", parse_math=False)
