"""What the inputs of the training are worth on others: figures 1 and 9 of Grazzi et al. 2024."""

from icl_lab.studies.grazzi.plans import PAPER
from icl_lab.studies.grazzi.quantities import ORTHANTS, SMALL_INPUTS, error_at, learned
from icl_lab.studies.judging.claims import Claim
from icl_lab.studies.judging.inequalities import AtLeast, Below, Times


def input_claims() -> tuple[Claim, ...]:
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
