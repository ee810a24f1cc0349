"""Which figures the page of a probe has, and their captions."""

import polars as pl

from icl_lab.report.drawing.drawn import Drawn
from icl_lab.report.probe.beside import beside_picture
from icl_lab.report.probe.damping import damping_picture
from icl_lab.report.probe.data import Looked, Probe
from icl_lab.report.probe.depth import depth_picture, fit_picture, published_fits
from icl_lab.report.probe.inside import (
    LATER,
    MOST,
    ablation_picture,
    hidden_attention_picture,
    patching_picture,
    rows_of_chance,
    task_vector_gains_picture,
    task_vector_picture,
    whole_parts,
)
from icl_lab.report.probe.methods import method_figures
from icl_lab.report.probe.targets import bits_picture, probes_picture
from icl_lab.report.probe.training import training_figures


def draw_probe(probe: Probe, network: Looked) -> list[Drawn]:
    """Every figure that there are rows for, in the order of the page."""
    points = probe.shown(network)
    measure = probe.measure.words
    return [
        *_depth_figures(probe, network, points, measure),
        *training_figures(probe),
        *method_figures(probe, network, points),
        *_damping_figure(probe, measure),
        *_probe_figures(probe, network),
        *_changes(probe, network),
    ]


def _depth_figures(probe: Probe, network: Looked, points: list[int], measure: str) -> list[Drawn]:
    """Error over depth, as far as it was measured: with fits, for numbers of examples, or for whole prompts."""
    told = "What the network's own final norm and read-out make of the residual stream after each block, "
    if points and probe.read_out(network) == "layer_error":
        published = " Light bands: published curves, by relative depth." if probe.published else ""
        told += (
            "with a scale and a shift fitted for each function on ten queries and judged on others: two numbers fitted "
            "on 10 labels cost about a fifth of the variance where a block says nothing. One line for each number of "
            "examples; bands are 90% intervals over functions. Dotted: without scale and shift, after "
            f"{probe.end(network)} examples.{published}"
        )
    elif points:
        told += (
            f"beside {probe.measure.zero}. One line for each number of examples; bands are 90% intervals over "
            "functions."
        )
    elif len(probe.of(network, "layer_plain_error")):
        told += f"beside {probe.measure.zero}, with 90% intervals over prompts."
    else:
        return []
    found = [Drawn("depth", "Error over depth", told, depth_picture(probe, network, measure))]
    found += _beside_figure(probe, network, measure)
    end = probe.end(network)
    if end is not None and probe.read_out(network) == "layer_error":
        found.append(_fit_figure(probe, network, end))
    return found


def _beside_figure(probe: Probe, network: Looked, measure: str) -> list[Drawn]:
    picture = beside_picture(probe, network, measure)
    told = (
        "The same read-out beside what is published, from the first block to the last, whatever their number (Grazzi "
        "et al., figures 3d and 4; bands are 95% intervals). Grey: 0 to 23 steps of gradient descent and of GD++ on "
        "the examples, without any network: lines are ours, dots published, brought to the right scale (they are "
        "printed a factor of 20 too low)."
    )
    return [Drawn("beside", "Beside the published layers", told, picture)] if picture is not None else []


def _fit_figure(probe: Probe, network: Looked, shown: int) -> Drawn:
    told = (
        f"The fits behind the figure above after {shown} examples, means over functions with 90% intervals. A block "
        f"that speaks the language of the read-out needs scale 1 and shift 0.{published_fits(probe, shown)}"
    )
    return Drawn("scale-and-shift", "Scale and shift", told, fit_picture(probe, network))


def _damping_figure(probe: Probe, measure: str) -> list[Drawn]:
    picture = damping_picture(probe.records, measure)
    told = (
        "Error of GD++ after 24 steps on 40 examples against how much it damps the directions in which inputs are "
        "large; a method, no network. Blue: ours, with 90% intervals over functions. Grey dots: published, figure 11 "
        "of Grazzi et al."
    )
    return [Drawn("damping", "How much should GD++ damp?", told, picture)] if picture is not None else []


def _probe_figures(probe: Probe, network: Looked) -> list[Drawn]:
    if not len(probe.of(network, "probe_ridge")):
        return []
    seeds = probe.settings.get("seeds", "several")
    told = (
        "Share of the variance of each target that a probe explains on functions it has not seen, block by block; "
        f"bands from the smallest to the largest of {seeds} seeds. Fresh weights: the same architecture, never "
        "trained; a probe that does as well on it says nothing of what was learned. Shuffled target: nothing to find. "
        "Query alone: a linear probe of the embedding of the query, which has seen no example."
    )
    found = [Drawn("probes", "What can be read from the stream", told, probes_picture(probe, network))]
    if len(probe.of(network, "probe_bits")):
        told = (
            "Bits a number that a linear probe saves when the target is sent piece by piece, each coded with a probe "
            "fitted on those before (online code, Voita & Titov 2020): of two probes that explain as much, the one "
            f"that needs fewer examples to do so saves more. Bands: {seeds} seeds. Dashed: fresh weights."
        )
        found.append(Drawn("bits", "How easily it is read", told, bits_picture(probe, network)))
    return found


def _changes(probe: Probe, network: Looked) -> list[Drawn]:
    rows = probe.records.filter(pl.col("run") == network.run)
    titles = {block: f"block {block} {kind}" for block, kind in enumerate(network.blocks)}
    pictures = (
        *(
            (stem, "What is lost without a part", _ablation_words(rows, how), ablation_picture(rows, how=how))
            for how, stem in (("mean", "ablation"), ("resample", "ablation-resample"), ("zero", "ablation-zero"))
        ),
        (
            "task-vectors",
            "What one block's state says by itself",
            "Error of questions in the last quarter of a prompt, ten at most, when one block alone has the state after "
            "the examples and all others are as before the first token; another's: the state after the examples of "
            "another function. The state of attention is all its keys and values, which grow with the examples.",
            task_vector_picture(rows),
        ),
        (
            "task-vector-gains",
            "What a state knows of this function",
            "How much larger these errors are with another function's state than with its own, question by question, "
            "with 90% intervals over prompts, block by block: at 0 a state says nothing by itself of which function it "
            "is.",
            task_vector_gains_picture(rows),
        ),
        (
            "patching",
            "Where the examples are used",
            _patching_words(rows),
            patching_picture(rows),
        ),
        (
            "hidden-attention",
            "What is read",
            _attention_words(rows),
            hidden_attention_picture(rows, titles=titles),
        ),
    )
    return [Drawn(stem, heading, told, picture) for stem, heading, told, picture in pictures if picture is not None]


STAND_INS = {
    "mean": "its mean over other prompts at the same place",
    "resample": "what it gives on another prompt",
    "zero": "zeros",
}


def _ablation_words(rows: pl.DataFrame, how: str) -> str:
    """What stands in for a part, and which parts there are no dots for."""
    told = f"Error on the last quarter of each prompt with one part replaced by {STAND_INS[how]}."
    found = rows.filter(pl.col("metric") == f"ablated_error_over_zero_by_{how}")
    small = len(found) - len(whole_parts(found))
    if small > MOST:
        told += f" Of {small} parts of blocks the {MOST} without which the error is largest."
    if found["about"].str.starts_with("neighbours ").any():
        told += " Without neighbours a short convolution sees its token alone."
    if len(found) and found["low"].is_null().all():
        return told + " Prompts share a draw: there are no intervals."
    return f"{told} Bars: 90% intervals over prompts."


def _patching_words(rows: pl.DataFrame) -> str:
    """What is patched, and what a grey cell means; without independent prompts nothing is known of chance."""
    told = (
        "How much the error of the answers in the last quarter of a prompt rises when the stream at the tokens of one "
        "example comes from another prompt; of the answers after that example. "
    )
    chance = rows_of_chance(rows)
    if not len(chance):
        return told + "Prompts share a draw, so that nothing is known of chance: every cell has its colour."
    prompts = _most_prompts(chance)
    return told + (
        f"Grey: not told apart from 0. Of {prompts} prompts' differences signs are flipped: a cell has a colour if the "
        f"largest of all {len(chance)} cells is as large in at most 10% of flips. Where nothing counts, the chance "
        "that any cell has a colour is 10%."
    )


def _attention_words(rows: pl.DataFrame) -> str:
    """What weights are, what is left out of them, and how they were made comparable."""
    signed = "hidden_attention_signed" in set(rows["metric"])
    prompts = _most_prompts(rows.filter(pl.col("metric") == "hidden_attention"))
    return (
        "How much each example counts for what a block reads: attention weights, the weights that a recurrence "
        "implies, or norms of Jacobians; the tokens of an example together. At every token each head's, or channel's, "
        "weights are divided by the sum of their sizes over the tokens, so that all heads count the same however much "
        f"they read; then means over heads and {prompts} prompts. "
        + (
            "Weights have their signs, which cancel where heads or the two tokens of an example differ; the second "
            "hue is below 0. "
            if signed
            else "Sizes, without signs. "
        )
        + "Left out: the gate that what is read is multiplied by, the skip beside a state, the mixing of the short "
        "convolution before it, and the output map. Each row ends with the example that is asked about. The darkest "
        f"colour is that of the largest share after {LATER} examples or more; what is beyond has it too."
    )


def _most_prompts(rows: pl.DataFrame) -> int:
    return max(rows["num_prompts"].drop_nulls().to_list(), default=0)
