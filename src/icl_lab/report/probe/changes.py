"""Which figures of changes to activations the page of a probe has, and their captions."""

import polars as pl

from icl_lab.report.drawing.drawn import Drawn
from icl_lab.report.probe.data import Looked, Probe
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


def change_figures(probe: Probe, network: Looked) -> list[Drawn]:
    """What changes to activations did and what is read of the examples; none that nobody asked for."""
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
