"""Beyond the context of the training: figures 1a and 10 of Grazzi et al. 2024."""

from icl_lab.studies.grazzi.plans import LONGEST, MODELS, PAPER
from icl_lab.studies.grazzi.quantities import ISOTROPIC, error_at, error_of, learned
from icl_lab.studies.judging.claims import Claim
from icl_lab.studies.judging.inequalities import AtMost, Below, Times


def length_claims() -> tuple[Claim, ...]:
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
                        # Ten times a larger error would be worse than to say nothing.
                        premises=(AtMost(quantity=error_at("skewed", model, 40, ISOTROPIC), bound=0.1),),
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
