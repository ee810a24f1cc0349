"""What Grazzi et al. 2024 claim of learning curves: figures 1, 2, 8, 9 and 10.

Each margin is one that the published curves themselves keep (`tests/golden/test_published_claims.py`).
"""

from icl_lab.studies.grazzi.plans import LONGEST, MODELS, PAPER
from icl_lab.studies.grazzi.quantities import error_at, error_of, learned
from icl_lab.studies.judging.claims import Claim
from icl_lab.studies.judging.statements import AtLeast, AtMost, Below, Near, Statement, Times

ISOTROPIC = "isotropic"
"""What the paper's evaluator draws whatever a model was trained on: figures 1 and 10, captioned "skewed", are these."""
ORTHANTS, SMALL_INPUTS, SMALL_LABELS, NOISY = (
    f"isotropic(then={change})" for change in ("orthants", "scaled_inputs", "scaled_labels", "noisy_labels")
)
OTHERS = (ORTHANTS, SMALL_INPUTS, SMALL_LABELS, "half_subspace")


def claims() -> tuple[Claim, ...]:
    """All claims about learning curves."""
    return (*_level_claims(), *_rival_claims(), *_inputs_claims(), *_longer_claims(), *_other_tasks(), *_tree_claims())


def _like_least_squares(part: str, model: str, shift: str = "") -> tuple[Statement, ...]:
    """At the level of least squares while that has too few examples, and near nothing at the end of the context."""
    premises = learned(part, model)
    return (
        Near(
            quantity=error_of(part, model, 1, 15, shift),
            other=error_of(part, "least_squares", 1, 15, shift),
            within=0.03,
            premises=premises,
        ),
        AtMost(quantity=error_at(part, model, 40, shift), bound=0.02, premises=premises),
    )


def _level_claims() -> tuple[Claim, ...]:
    """At the level of least squares: in distribution, out of it, with noise."""
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
                AtMost(quantity=error_at("skewed", model, 40, shift), bound=0.1, premises=learned("skewed", model))
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
                )
                for model in MODELS
            ),
            published="after 40 examples: Mamba 0.187, Transformer 0.129, least squares 0.097",
        ),
    )


def _rival_claims() -> tuple[Claim, ...]:
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
            id="brittle_transformer",
            sentence="Trained on isotropic inputs, the Transformer is worse on smaller inputs and on skewed ones.",
            source=f"{PAPER}, appendix, figures 9a and 9c, whose Transformer is Garg et al.'s",
            statements=tuple(
                Times(
                    quantity=error_at("plain", "transformer", 40, shift),
                    other=error_at("plain", "transformer", 40),
                    factor=10.0,
                )
                for shift in ("scaled_inputs", "skewed")
            ),
            premises=learned("plain", "transformer"),
            published="after 40 examples of the zero error: 0.30 on smaller inputs, 0.129 on skewed ones, else 0.00058",
        ),
        Claim(
            id="skewed_training_helps",
            sentence="Trained on skewed inputs, both are more robust than trained on isotropic ones.",
            source=f"{PAPER}, section 3, figures 1 and 9",
            statements=tuple(
                Below(
                    quantity=error_at("skewed", model, 40, after),
                    other=error_at("plain", model, 40, before),
                    premises=(*learned("skewed", model), *learned("plain", model)),
                )
                for model, after, before in (
                    ("mamba", ORTHANTS, "orthants"),
                    ("mamba", SMALL_INPUTS, "scaled_inputs"),
                    ("transformer", SMALL_INPUTS, "scaled_inputs"),
                )
            ),
            published="after 40 examples, skewed and isotropic training: Mamba 0.0018 and 1.39 on orthants, of the "
            "zero error 0.0009 and 0.012 on smaller inputs; Transformer 0.025 and 0.30 on smaller inputs",
        ),
    )


def _longer_claims() -> tuple[Claim, ...]:
    """Beyond the context of the training. Longer contexts are trained in fewer steps here, of more examples each."""
    return (
        Claim(
            id="too_long",
            sentence="Beyond the training context both degrade, Mamba far more than the Transformer.",
            source=f"{PAPER}, section 3, figure 1a",
            statements=(
                *(
                    Times(
                        quantity=error_at("skewed", model, LONGEST - 1, ISOTROPIC),
                        other=error_at("skewed", model, 40, ISOTROPIC),
                        factor=10.0,
                        premises=learned("skewed", model),
                    )
                    for model in MODELS
                ),
                Below(
                    quantity=error_of("skewed", "transformer", 100, LONGEST - 1, ISOTROPIC),
                    other=error_of("skewed", "mamba", 100, LONGEST - 1, ISOTROPIC),
                    by=0.2,
                    premises=learned("skewed", *MODELS),
                ),
            ),
            published="after 499 examples: Mamba 0.64 and 5.7, Transformer 0.04, 0.03 and 1.29",
        ),
        Claim(
            id="longer_training_helps",
            sentence="Training on longer prompts widens the context in which both can be used.",
            source=f"{PAPER}, appendix, figure 10",
            statements=tuple(
                Below(
                    quantity=error_of("context_160", model, 100, 200, ISOTROPIC),
                    other=error_of("skewed", model, 100, 200, ISOTROPIC),
                    premises=(*learned("skewed", model), *learned("context_160", model)),
                )
                for model in MODELS
            ),
            published="after 200 examples, trained on 40 and 160: Mamba 3.80 and 0.0024, Transformer 0.110 and 0.00009",
        ),
        Claim(
            id="longer_training_transformer",
            sentence="Trained on 80 or 160 examples too, the Transformer degrades far less than Mamba.",
            source=f"{PAPER}, appendix, figure 10",
            statements=tuple(
                Times(
                    quantity=error_at(part, "mamba", LONGEST - 1, ISOTROPIC),
                    other=error_at(part, "transformer", LONGEST - 1, ISOTROPIC),
                    factor=5.0,
                    premises=learned(part, *MODELS),
                )
                for part in ("context_80", "context_160")
            ),
            published="after 499 examples, trained on 80: Mamba 2.9, Transformer 0.019; on 160: 0.149 and 0.0022",
        ),
    )


def _other_tasks() -> tuple[Claim, ...]:
    # On trees the published Transformers are better, by 0.06 in the mean and by 0.10 at the most.
    ends = (("sparse", 40, 0.1), ("relu", 100, 0.1), ("tree", 100, 0.15))
    return (
        Claim(
            id="comparable",
            sentence="On sparse regression, ReLU networks and trees Mamba is comparable with the Transformer.",
            source=f"{PAPER}, section 3, figure 2",
            statements=tuple(
                Near(
                    quantity=error_at(part, "mamba", shown),
                    other=error_at(part, "transformer", shown),
                    within=within,
                    premises=learned(part, *MODELS),
                )
                for part, shown, within in ends
            ),
            published="of the zero error: sparse 0.0006 and 0.0005, ReLU 0.178 and 0.156, trees 0.11 and 0.05",
        ),
        Claim(
            id="sparse_beats_least_squares",
            sentence="On sparse regression both use the sparsity: after 10 examples they beat least squares.",
            source=f"{PAPER}, section 3, figure 2a",
            statements=tuple(
                Below(
                    quantity=error_at("sparse", model, 10),
                    other=error_at("sparse", "least_squares", 10),
                    by=0.2,
                    premises=learned("sparse", model),
                )
                for model in MODELS
            ),
            published="after 10 examples, of the zero error: Mamba 0.067, Transformer 0.090, least squares 0.505",
        ),
        Claim(
            id="long_relu",
            sentence="On ReLU networks Mamba loses less than the Transformer at very long contexts.",
            source=f"{PAPER}, section 3, figure 2b",
            statements=(
                Below(
                    quantity=error_at("relu", "mamba", LONGEST - 1, f"length={LONGEST}"),
                    other=error_at("relu", "transformer", LONGEST - 1, f"length={LONGEST}"),
                    by=0.1,
                ),
            ),
            premises=learned("relu", *MODELS),
            published="after 499 examples: Mamba 0.116, Transformer 0.492",
        ),
    )


def _tree_claims() -> tuple[Claim, ...]:
    return (
        Claim(
            id="trees_beat_greedy",
            sentence="On decision trees both models are better than greedily grown trees.",
            source=f"{PAPER}, section 3, figure 2c",
            statements=tuple(
                Below(
                    quantity=error_at("tree", model, 100),
                    other=error_at("tree", rival, 100),
                    premises=learned("tree", model),
                )
                for model in MODELS
                for rival in ("decision_tree", "decision_tree(max_depth=none)")
            ),
            published="after 100 examples, of the zero error: Mamba 0.11, Transformer 0.05; grown trees 0.94 and 1.14; "
            "boosted trees, 0.68, are not grown here",
        ),
        Claim(
            id="more_examples_help",
            sentence="On ReLU networks and trees the error of both still falls beyond the training context.",
            source=f"{PAPER}, section 3, figures 2b and 2c",
            statements=tuple(
                Below(
                    quantity=error_at(part, model, 200, f"length={LONGEST}"),
                    other=error_at(part, model, 100, f"length={LONGEST}"),
                    premises=learned(part, model),
                )
                for part in ("relu", "tree")
                for model in MODELS
            ),
            published="100 and 200 examples: ReLU, Mamba 0.178 and 0.126, Transformer 0.156 and 0.118; trees, of the "
            "zero error, Mamba 0.11 and 0.037, Transformer 0.052 and 0.046",
        ),
    )
