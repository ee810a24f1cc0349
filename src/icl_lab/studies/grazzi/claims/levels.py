"""Who is at the level of least squares up to the context of the training: figures 1, 3d and 8 of Grazzi et al. 2024."""

from icl_lab.studies.grazzi.plans import MODELS, PAPER
from icl_lab.studies.grazzi.quantities import (
    ISOTROPIC,
    NOISY,
    ORTHANTS,
    SMALL_INPUTS,
    SMALL_LABELS,
    error_at,
    error_of,
    learned,
)
from icl_lab.studies.judging.claims import Claim
from icl_lab.studies.judging.inequalities import AtMost, Near, Times
from icl_lab.studies.judging.statements import Statement

OTHERS = (ORTHANTS, SMALL_INPUTS, SMALL_LABELS, "half_subspace")


def level_claims() -> tuple[Claim, ...]:
    """Up to the context of the training."""
    return (*_of_skewed(), *_beside())


def _like_least_squares(part: str, model: str, shift: str = "") -> tuple[Statement, ...]:
    """At the level of least squares while that has too few examples, and near nothing at the end of the context."""
    premises = learned(part, model)
    return (
        Near(
            quantity=error_of(part, model, 1, 15, shift),
            other=error_of(part, "least_squares", 1, 15, shift),
            within=0.03,
            premises=premises,
            about="learning",
        ),
        AtMost(quantity=error_at(part, model, 40, shift), bound=0.02, premises=premises, about="learning"),
    )


def _of_skewed() -> tuple[Claim, ...]:
    """Trained on skewed inputs: in distribution, out of it, with noise."""
    return (
        Claim(
            id="in_distribution",
            sentence="On the skewed inputs of the training Mamba and the Transformer follow least squares.",
            source=f"{PAPER}, figure 3d (last layer); figure 1 has isotropic inputs under this caption",
            statements=tuple(one for model in MODELS for one in _like_least_squares("skewed", model)),
            published="after 40 examples: Mamba 0.00028, Transformer 0.00018 of the zero error",
        ),
        Claim(
            id="linear",
            sentence="Asked on isotropic inputs they follow least squares up to the training context as well.",
            source=f"{PAPER}, section 3, figure 1a",
            statements=tuple(one for model in MODELS for one in _like_least_squares("skewed", model, ISOTROPIC)),
            published="after 40 examples: Mamba 0.0040, Transformer 0.0005 of the zero error",
        ),
        Claim(
            id="shifts",
            sentence="They do so under further changes: other orthants, smaller inputs or labels, a subspace.",
            source=f"{PAPER}, section 3, figures 1c to 1f",
            statements=tuple(
                AtMost(
                    quantity=error_at("skewed", model, 40, shift),
                    bound=0.1,
                    premises=learned("skewed", model),
                    about="learning",
                )
                for model in MODELS
                for shift in OTHERS
            ),
            published="after 40 examples of the zero error: at most 0.009 (Mamba) and 0.025 (Transformer)",
        ),
        Claim(
            id="noise",
            sentence="With noisy labels both stay near least squares up to the training context.",
            source=f"{PAPER}, section 3, figure 1b",
            statements=tuple(
                Near(
                    quantity=error_at("skewed", model, 40, NOISY),
                    other=error_at("skewed", "least_squares", 40, NOISY),
                    within=0.2,
                    premises=learned("skewed", model),
                    about="learning",
                )
                for model in MODELS
            ),
            published="after 40 examples: Mamba 0.187, Transformer 0.129, least squares 0.097",
        ),
    )


def _beside() -> tuple[Claim, ...]:
    """Of S4, and of models trained on isotropic inputs."""
    return (
        Claim(
            id="s4",
            sentence="S4, with dropout and norms behind its layers as published, does not keep up.",
            source=f"{PAPER}, section 3, figure 1a",
            statements=(
                Times(
                    quantity=error_at("skewed", "s4", 40, ISOTROPIC),
                    other=error_at("skewed", "mamba", 40, ISOTROPIC),
                    factor=5.0,
                ),
            ),
            premises=learned("skewed", "mamba"),
            published="after 40 examples: S4 0.105, Mamba 0.0040",
        ),
        Claim(
            id="plain",
            sentence="Trained on isotropic inputs, both are at the level of least squares in distribution.",
            source=f"{PAPER}, appendix, figure 8, whose Transformer is Garg et al.'s, with learned positions",
            statements=tuple(one for model in MODELS for one in _like_least_squares("plain", model)),
            published="after 40 examples: Mamba 0.00054, Transformer 0.00058",
        ),
    )
