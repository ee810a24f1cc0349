"""What Grazzi et al. 2024 claim of learning curves: figures 1, 2, 8, 9 and 10."""

from icl_lab.studies.claims import Claim
from icl_lab.studies.grazzi.plans import LONGEST, MODELS, PAPER
from icl_lab.studies.grazzi.quantities import error_at, error_of, learned
from icl_lab.studies.statements import AtLeast, AtMost, Below, Near, Times


def claims() -> tuple[Claim, ...]:
    """All claims about learning curves."""
    return (*_level_claims(), *_rival_claims(), *_inputs_claims(), *_longer_claims(), *_other_tasks())


def _level_claims() -> tuple[Claim, ...]:
    """At the level of least squares: in distribution, out of it, with noise."""
    familiar = ("isotropic", "orthants", "scaled_inputs", "scaled_labels", "half_subspace")
    return (
        Claim(
            id="linear",
            sentence="Mamba and the Transformer follow least squares up to the training context.",
            source=f"{PAPER}, section 3, figure 1a",
            statements=tuple(
                statement
                for model in MODELS
                for statement in (
                    Near(
                        quantity=error_of("skewed", model, 1, 15, "isotropic"),
                        other=error_of("skewed", "least_squares", 1, 15, "isotropic"),
                        within=0.03,
                    ),
                    AtMost(quantity=error_at("skewed", model, 40, "isotropic"), bound=0.02),
                )
            ),
            premises=learned("skewed", *MODELS),
            published="after 40 examples: Mamba 0.0040, Transformer 0.0005 of the zero error",
        ),
        Claim(
            id="shifts",
            sentence="They do so out of distribution as well: other orthants, smaller inputs or labels, a subspace.",
            source=f"{PAPER}, section 3, figures 1c to 1f",
            statements=tuple(
                AtMost(quantity=error_at("skewed", model, 40, shift), bound=0.05)
                for model in MODELS
                for shift in familiar
            ),
            premises=learned("skewed", *MODELS),
        ),
        Claim(
            id="noise",
            sentence="With noisy labels both stay near least squares up to the training context.",
            source=f"{PAPER}, section 3, figure 1b",
            statements=tuple(
                Near(
                    quantity=error_at("skewed", model, 40, "noisy_labels"),
                    other=error_at("skewed", "least_squares", 40, "noisy_labels"),
                    within=0.1,
                )
                for model in MODELS
            ),
            premises=learned("skewed", *MODELS),
            published="after 40 examples: Mamba 0.187, Transformer 0.129, least squares 0.097",
        ),
    )


def _rival_claims() -> tuple[Claim, ...]:
    """Of S4, and of models trained on isotropic inputs."""
    return (
        Claim(
            id="s4",
            sentence="S4, the same at every token, does not keep up.",
            source=f"{PAPER}, section 3, figure 1a",
            statements=(
                Times(
                    quantity=error_at("skewed", "s4", 40, "isotropic"),
                    other=error_at("skewed", "mamba", 40, "isotropic"),
                    factor=5.0,
                ),
            ),
            premises=learned("skewed", "mamba"),
            published="after 40 examples: S4 0.105, Mamba 0.0040",
        ),
        Claim(
            id="plain",
            sentence="Trained on isotropic inputs, both are at the level of least squares in distribution.",
            source=f"{PAPER}, appendix, figure 8",
            statements=tuple(
                statement
                for model in MODELS
                for statement in (
                    Near(
                        quantity=error_of("plain", model, 1, 15),
                        other=error_of("plain", "least_squares", 1, 15),
                        within=0.03,
                    ),
                    AtMost(quantity=error_at("plain", model, 40), bound=0.02),
                )
            ),
            premises=learned("plain", *MODELS),
            published="after 40 examples: Mamba 0.00054, Transformer 0.00058",
        ),
    )


def _inputs_claims() -> tuple[Claim, ...]:
    """What the inputs of the training are worth on others."""
    return (
        Claim(
            id="isotropic_is_brittle",
            sentence="Trained on isotropic inputs, Mamba fails on skewed inputs and on other orthants.",
            source=f"{PAPER}, appendix, figures 9c and 9d",
            statements=(
                AtLeast(quantity=error_at("plain", "mamba", 40, "skewed"), bound=0.5),
                AtLeast(quantity=error_at("plain", "mamba", 40, "orthants"), bound=0.5),
            ),
            premises=learned("plain", "mamba"),
            published="after 40 examples: 1.19 on skewed inputs, 1.39 on other orthants",
        ),
        Claim(
            id="skewed_training_helps",
            sentence="Trained on skewed inputs, both are more robust to other orthants than trained on isotropic ones.",
            source=f"{PAPER}, section 3, figures 1 and 9",
            statements=tuple(
                Below(
                    quantity=error_of("skewed", model, 20, 40, "orthants"),
                    other=error_of("plain", model, 20, 40, "orthants"),
                )
                for model in MODELS
            ),
            premises=(*learned("skewed", *MODELS), *learned("plain", *MODELS)),
        ),
    )


def _longer_claims() -> tuple[Claim, ...]:
    return (
        Claim(
            id="too_long",
            sentence="Beyond the training context both degrade, Mamba far more than the Transformer.",
            source=f"{PAPER}, section 3, figure 1a",
            statements=(
                Times(
                    quantity=error_at("skewed", "mamba", 499, "isotropic"),
                    other=error_at("skewed", "mamba", 40, "isotropic"),
                    factor=10.0,
                ),
                Below(
                    quantity=error_of("skewed", "transformer", 100, 499, "isotropic"),
                    other=error_of("skewed", "mamba", 100, 499, "isotropic"),
                ),
            ),
            premises=learned("skewed", *MODELS),
            published="after 499 examples, training by training: Mamba 0.64, 5.7; Transformer 0.04, 0.03, 1.29",
        ),
        Claim(
            id="longer_training_helps",
            sentence="Training on longer prompts widens the context in which both can be used.",
            source=f"{PAPER}, appendix, figure 10",
            statements=tuple(
                Below(
                    quantity=error_of("context_160", model, 100, 200, "isotropic"),
                    other=error_of("skewed", model, 100, 200, "isotropic"),
                )
                for model in MODELS
            ),
            premises=(*learned("skewed", *MODELS), *learned("context_160", *MODELS)),
        ),
    )


def _other_tasks() -> tuple[Claim, ...]:
    ends = (("sparse", 40), ("relu", 100), ("tree", 100))
    return (
        Claim(
            id="comparable",
            sentence="On sparse regression, ReLU networks and trees Mamba is comparable with the Transformer.",
            source=f"{PAPER}, section 3, figure 2",
            statements=tuple(
                Near(quantity=error_at(part, "mamba", shown), other=error_at(part, "transformer", shown), within=0.1)
                for part, shown in ends
            ),
            premises=(
                *learned("sparse", *MODELS),
                *learned("relu", *MODELS, shown=100, bound=0.8),
                *learned("tree", *MODELS, shown=100, bound=0.7),
            ),
        ),
        Claim(
            id="sparse_beats_least_squares",
            sentence="On sparse regression both use the sparsity: after 10 examples they beat least squares.",
            source=f"{PAPER}, section 3, figure 2a",
            statements=tuple(
                Below(quantity=error_at("sparse", model, 10), other=error_at("sparse", "least_squares", 10), by=0.2)
                for model in MODELS
            ),
            premises=learned("sparse", *MODELS),
            published="after 10 examples, of the zero error: Mamba 0.067, Transformer 0.090, least squares 0.505",
        ),
        Claim(
            id="trees_beat_greedy",
            sentence="On decision trees both models are better than greedily grown trees.",
            source=f"{PAPER}, section 3, figure 2c",
            statements=tuple(
                Below(quantity=error_at("tree", model, 100), other=error_at("tree", "decision_tree", 100))
                for model in MODELS
            ),
            published="after 100 examples, of the zero error: Mamba 0.11, Transformer 0.05, greedy trees 0.94 and 1.14",
        ),
        Claim(
            id="more_examples_help",
            sentence="On ReLU networks and trees the error of Mamba still falls beyond the training context.",
            source=f"{PAPER}, section 3, figures 2b and 2c",
            statements=tuple(
                Below(
                    quantity=error_at(part, "mamba", 200, f"length={LONGEST}"),
                    other=error_at(part, "mamba", 100, f"length={LONGEST}"),
                )
                for part in ("relu", "tree")
            ),
            premises=(
                *learned("relu", "mamba", shown=100, bound=0.8),
                *learned("tree", "mamba", shown=100, bound=0.7),
            ),
        ),
    )
