"""Sizes of activations against width, as a picture: `python benchmarks/coordinate_check.py --out FOLDER`.

Left: the output of every mixer at initialisation. Right: what a block adds after some steps of Adam, at one rate for
all widths. A flat line means that the size does not depend on the width. Prints both slopes in logarithms.
"""

import argparse
from pathlib import Path

import matplotlib
import torch
from markdown import table, write_section

from icl_lab.core.short_form import from_short, split
from icl_lab.evaluation.coordinates import NUM_TOKENS, WIDTHS, output_sizes, sizes_in_training, slope
from icl_lab.models.mixers.base import MIXERS

matplotlib.use("Agg")
from matplotlib import pyplot as plt

STYLES = [(colour, line) for line in ("-", "--", ":") for colour in plt.get_cmap("tab10").colors]


def main() -> None:
    """Measure, print, draw."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mixers", default="", help="as in a pattern, between commas; all by default")
    parser.add_argument("--steps", type=int, default=4, help="optimiser steps")
    parser.add_argument("--rate", type=float, default=1e-3, help="Adam's")
    parser.add_argument("--threads", type=int, default=1, help="threads for PyTorch and the kernels")
    parser.add_argument("--out", type=Path, default=Path("results"), help="folder of coordinate_check.png")
    parser.add_argument("--markdown", type=Path, help="write the table into this file's section `coordinates`")
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    figure, panels = plt.subplots(1, 2, figsize=(13, 6.5), sharey=True)
    rows = []
    for (colour, line), word in zip(STYLES, split(chosen.mixers) or MIXERS.names(), strict=False):
        spec = from_short(MIXERS, word).for_prompts(NUM_TOKENS)
        start = output_sizes(spec)
        trained = sizes_in_training(spec, steps=chosen.steps, rate=chosen.rate)[:, -1]
        for panel, sizes in zip(panels, (start, trained), strict=True):
            panel.plot(WIDTHS, sizes, color=colour, linestyle=line, marker="o", markersize=3, label=word)
        ends = [f"{size:.3g}" for size in (start[0], start[-1], trained[0], trained[-1])]
        rows.append([word, *ends[:2], f"{slope(WIDTHS, start):+.2f}", *ends[2:], f"{slope(WIDTHS, trained):+.2f}"])
        print("  ".join(rows[-1]), flush=True)
    titles = ("output of the mixer at initialisation", f"what its block adds after {chosen.steps} steps of Adam")
    for panel, title in zip(panels, titles, strict=True):
        panel.set(xscale="log", yscale="log", xlabel="d_model", title=title)
        panel.set_xticks(WIDTHS, [str(width) for width in WIDTHS])
        panel.minorticks_off()
        panel.grid(alpha=0.3)
    panels[0].set_ylabel("root mean square, inputs standard normal")
    panels[1].legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    chosen.out.mkdir(parents=True, exist_ok=True)
    figure.savefig(chosen.out / "coordinate_check.png", dpi=110, bbox_inches="tight")
    sizes = [f"{when}, width {width}" for when in ("start", "trained") for width in (WIDTHS[0], WIDTHS[-1])]
    lines = table(["mixer", *sizes[:2], "slope", *sizes[2:], "slope"], rows)
    print("\n" + "\n".join(lines))
    if chosen.markdown:
        write_section(chosen.markdown, "coordinates", lines)


if __name__ == "__main__":
    main()
