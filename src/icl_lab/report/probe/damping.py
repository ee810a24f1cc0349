"""GD++ against how much it damps, ours beside the published points (Grazzi et al. 2024, figure 11)."""

import numpy as np
import polars as pl
from jaxtyping import Float
from matplotlib.ticker import LogLocator, NullFormatter

from icl_lab.report.drawing.axes import Picture, new_panel, new_picture
from icl_lab.report.drawing.lines import hairline
from icl_lab.report.drawing.style import LIGHT, Theme, styled
from icl_lab.report.probe.data import DAMPING, PUBLISHED_DAMPING

WIDTH, HEIGHT = 7.4, 2.9
LEFT, RIGHT, FOOT, HEAD = 0.72, 1.25, 0.5, 0.2


@styled
def damping_picture(records: pl.DataFrame, measure: str, *, theme: Theme = LIGHT) -> Picture | None:
    """The error after 24 steps against gamma, both on a log axis; none where there are no such rows.

    Args:
        records: Rows of a probe; `about` holds gamma, 0 is gradient descent.
        measure: What the error is, in words.
        theme: Colours.
    """
    gamma, error, low, high = _points(records, DAMPING)
    damped = gamma > 0
    if not damped.any():
        return None
    picture = new_picture(theme, WIDTH, HEIGHT)
    axes = new_panel(picture, theme, (LEFT, FOOT, WIDTH - LEFT - RIGHT, HEIGHT - FOOT - HEAD))
    axes.fill_between(gamma[damped], low[damped], high[damped], color=theme.models[0], alpha=0.16, linewidth=0)
    axes.plot(gamma[damped], error[damped], color=theme.models[0], linewidth=1.8, zorder=3)
    x, y, *_ = _points(records, PUBLISHED_DAMPING)
    if len(x):
        axes.plot(x, y, "o", color=theme.baseline, markersize=3, linestyle="none", zorder=2)
    for level in error[gamma == 0]:
        hairline(axes, theme, "gradient descent (gamma 0)", y=float(level))
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())
    for place, (words, colour) in enumerate((("ours", theme.models[0]), ("published", theme.baseline))[: 1 + len(x)]):
        picture.text(1 - (RIGHT - 0.12) / WIDTH, 1 - (HEAD + 0.1 + 0.19 * place) / HEIGHT, words, color=colour,
                     fontsize=8, va="center")  # fmt: skip
    axes.set_xlabel("gamma")
    axes.set_ylabel(measure)
    return picture


def _points(records: pl.DataFrame, metric: str) -> tuple[Float[np.ndarray, " points"], ...]:
    """Gamma, error and the ends of its interval, by gamma."""
    rows = records.filter(pl.col("metric") == metric).with_columns(gamma=pl.col("about").cast(pl.Float64))
    rows = rows.sort("gamma", maintain_order=True).with_columns(
        low=pl.coalesce("low", "value"), high=pl.coalesce("high", "value")
    )
    gamma, value, low, high = (rows[name].to_numpy() for name in ("gamma", "value", "low", "high"))
    return gamma, value, low, high
