"""Colours, markers and dashes: one look a predictor, the same on every figure, told apart in grey as well.

Colours are Okabe and Ito's (2008), safe for colour-blind readers; on dark paper each is a lighter one of the same hue.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import wraps
from typing import Any, Literal, ParamSpec, TypeVar

import matplotlib

P = ParamSpec("P")
R = TypeVar("R")

Dash = Literal["-"] | tuple[float, tuple[float, ...]]


NUM_SHADES = 40
"""Colours of numbers in a grid; each is a CSS variable, so that a page can have others on dark paper."""


@dataclass(frozen=True)
class Theme:
    """The colours of a figure on light or dark paper.

    Args:
        paper: Background.
        ink: Axis words and ticks.
        muted: Hairlines' labels.
        hair: Hairlines and the frame.
        grid: Grid lines.
        baseline: Baselines.
        oracle: Oracles.
        models: Models, in order.
    """

    paper: str
    ink: str
    muted: str
    hair: str
    grid: str
    baseline: str
    oracle: str
    models: tuple[str, ...]

    def variables(self) -> dict[str, str]:
        """CSS variable -> colour."""
        single = {f"--{name}": value for name, value in vars(self).items() if name != "models"}
        models = {f"--model-{i}": colour for i, colour in enumerate(self.models)}
        grids = (("shade", self.shades), ("below", self.below))
        return single | models | {f"--{name}-{i}": colour for name, many in grids for i, colour in enumerate(many)}

    @property
    def shades(self) -> tuple[str, ...]:
        """Colours of numbers in a grid, from paper to the first colour of models, then to ink."""
        return _ramp(self.paper, self.models[0], self.ink)

    @property
    def below(self) -> tuple[str, ...]:
        """Colours of numbers below 0, from paper to the second colour of models, then to ink."""
        return _ramp(self.paper, self.models[1], self.ink)


def _ramp(*colours: str) -> tuple[str, ...]:
    """`NUM_SHADES` colours through three."""
    ends = [_channels(colour) for colour in colours]
    found = []
    for place in range(NUM_SHADES):
        way = 2 * place / (NUM_SHADES - 1)
        half = int(way > 1)
        low, high, part = ends[half], ends[half + 1], way - half
        found.append("#" + "".join(f"{round(a + part * (b - a)):02x}" for a, b in zip(low, high, strict=True)))
    return tuple(found)


def _channels(colour: str) -> tuple[int, int, int]:
    """Red, green and blue, from 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


LIGHT = Theme(
    paper="#ffffff",
    ink="#1c2127",
    muted="#59626d",
    hair="#99a2ac",
    grid="#e8ebee",
    baseline="#7d858f",
    oracle="#2a2f36",
    models=("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9"),
)
DARK = Theme(
    paper="#14181d",
    ink="#e8ebee",
    muted="#a3acb6",
    hair="#6d7680",
    grid="#252b32",
    baseline="#99a1ab",
    oracle="#d5dade",
    models=("#4aa3e0", "#ff8a45", "#2cc79b", "#e6a3c7", "#f5bd45", "#a5dcff"),
)

MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*", "<", ">", "h", "p")
BASELINE_DASHES: tuple[Dash, ...] = ("-", (0, (1, 1.6)), (0, (5, 1.5, 1, 1.5)), (0, (8, 2)), (0, (3, 1, 1, 1, 1, 1)))
ORACLE_DASH: Dash = (0, (4, 2))


@dataclass(frozen=True)
class Look:
    """How one predictor is drawn.

    Args:
        variable: The CSS variable of its colour.
        marker: Its marker; empty for none.
        dash: Its line style.
        width: Its line width in points.
        note: What follows its name; empty or " (oracle)".
    """

    variable: str
    marker: str
    dash: Dash
    width: float
    note: str = ""

    def colour(self, theme: Theme) -> str:
        """The colour on light or dark paper."""
        return theme.variables()[self.variable]


def looks(kinds: Mapping[str, str]) -> dict[str, Look]:
    """A look for each predictor: a function of the order of models and of baselines, and of nothing else.

    Baselines are grey, unless there is no model at all.

    Args:
        kinds: Label -> `"model"`, `"baseline"` or `"oracle"`, in the order of the comparison.
    """
    found: dict[str, Look] = {}
    counts = {"model": 0, "baseline": 0, "oracle": 0}
    beside_models = "model" in kinds.values()
    for label, kind in kinds.items():
        number = counts[kind]
        counts[kind] += 1
        if kind == "model":
            variable = f"--model-{number % len(LIGHT.models)}"
            found[label] = Look(variable, MARKERS[number % len(MARKERS)], "-", 2.0)
        elif kind == "baseline":
            # Grey beside models; alone, they are what the picture is about.
            variable = "--baseline" if beside_models else f"--model-{number % len(LIGHT.models)}"
            dash = BASELINE_DASHES[number % len(BASELINE_DASHES)]
            found[label] = Look(variable, "", dash, 1.1 if beside_models else 1.6)
        else:
            found[label] = Look("--oracle", "", ORACLE_DASH, 1.1, " (oracle)")
    return found


FONT = "DejaVu Sans"
"""Comes with matplotlib, so that a figure is the same on every machine."""

SETTINGS: dict[str, Any] = {
    "font.family": FONT,
    "font.size": 9.5,
    "axes.unicode_minus": False,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "path.simplify": False,
    "savefig.dpi": 160,
}


def drawing_settings(**extra: Any) -> AbstractContextManager[None]:
    """Matplotlib's settings as ours, while the context lasts; a dot in a name is written as two underscores."""
    settings: Any = SETTINGS | {name.replace("__", "."): value for name, value in extra.items()}
    return matplotlib.rc_context(settings)


def styled(draw: Callable[P, R]) -> Callable[P, R]:
    """Draw under our settings and leave the user's own as they were."""

    @wraps(draw)
    def drawn(*args: P.args, **kwargs: P.kwargs) -> R:
        with drawing_settings():
            return draw(*args, **kwargs)

    return drawn
