"""What Grazzi et al. 2024 claim of the inside of the models: figures 3, 4, 5 and 12."""

from icl_lab.studies.grazzi.plans import DESCENTS, MODELS, PAPER
from icl_lab.studies.grazzi.quantities import ISOTROPIC, error_at, learned
from icl_lab.studies.judging.claims import Claim
from icl_lab.studies.judging.inequalities import AtLeast, AtMost, Below, Times
from icl_lab.studies.judging.quantities import Quantity, What
from icl_lab.studies.judging.statements import Statement

ENDS = (("skewed", 40), ("sparse", 40), ("relu", 100), ("tree", 100))
"""Parts, and after how many examples they are looked at."""
LINEAR = ENDS[:2]
PLAIN: tuple[tuple[What, float, float], ...] = (
    ("scale of the last block", 0.9, 1.1),
    ("shift of the last block", -0.2, 0.2),
)
"""Between what the fits after the last block lie."""


def _inside(what: What, part: str, model: str, shown: int) -> Quantity:
    return Quantity(part=part, predictor=model, what=what, first=shown, last=shown)


def _between(
    quantity: Quantity, low: float, high: float, premises: tuple[Statement, ...]
) -> tuple[Statement, Statement]:
    return (
        AtLeast(quantity=quantity, bound=low, premises=premises),
        AtMost(quantity=quantity, bound=high, premises=premises),
    )


def inside_claims() -> tuple[Claim, ...]:
    """All claims about read-outs over depth."""
    return (*_read_out_claims(), *_depth_claims())


def _read_out_claims() -> tuple[Claim, ...]:
    """Of the read-out after each block, on all tasks."""
    return (
        Claim(
            id="last_layer_is_plain",
            sentence="After the last layer the network's own read-out needs no rescaling: scale 1, shift 0.",
            source=f"{PAPER}, section 3, figures 5 and 12",
            statements=tuple(
                statement
                for part, shown in ENDS
                for model in MODELS
                for what, low, high in PLAIN
                for statement in _between(_inside(what, part, model, shown), low, high, learned(part, model))
            ),
            published="scale 1.00 within 0.02 and shift 0.00 within 0.04 everywhere",
        ),
        Claim(
            id="error_falls_over_depth",
            sentence="On linear tasks the logarithm of the error falls almost linearly over depth, as in an iteration.",
            source=f"{PAPER}, section 3, figures 3c and 3d",
            statements=tuple(
                statement
                for part, shown in LINEAR
                for model in MODELS
                for statement in (
                    AtLeast(
                        quantity=_inside("decades over depth", part, model, shown),
                        bound=1.0,
                        premises=learned(part, model),
                        about="learning",
                    ),
                    AtLeast(
                        quantity=_inside("straightness over depth", part, model, shown),
                        bound=0.7,
                        premises=learned(part, model),
                    ),
                    # A single cliff passes the line above and has all of its fall in a quarter of the depth.
                    AtMost(
                        quantity=_inside("steepest quarter", part, model, shown),
                        bound=0.7,
                        premises=learned(part, model),
                    ),
                )
            ),
            published="figures 3c and 3d: 3.2 to 3.7 decades, straightness 0.80 to 0.98, steepest quarter 0.44 to 0.63",
        ),
    )


def _depth_claims() -> tuple[Claim, ...]:
    """Of trees, and beside gradient descent."""
    return (
        Claim(
            id="trees_are_flat",
            sentence="On decision trees nothing is gained for more than half of the depth.",
            source=f"{PAPER}, section 3, figure 3b",
            statements=tuple(
                AtLeast(quantity=_inside("flat depth", "tree", model, 100), bound=0.5, premises=learned("tree", model))
                for model in MODELS
            ),
            published="a fifth of the gain is reached at 0.61 of the depth by Mamba, at 0.82 by the Transformer",
        ),
        Claim(
            id="more_context_hurts_inside",
            sentence="With more examples than in training the read-out after the last layer is worse, not better.",
            source=f"{PAPER}, section 3, figure 4, which shows the same of the layers before",
            statements=tuple(
                Times(
                    quantity=_inside("read-out of the last block", "skewed", model, 160),
                    other=_inside("read-out of the last block", "skewed", model, 40),
                    factor=2.0,
                    # As of lengths: twice an error that has hardly fallen would say little.
                    premises=(AtMost(quantity=error_at("skewed", model, 40, ISOTROPIC), bound=0.1),),
                )
                for model in MODELS
            ),
            published="40 and 160 examples: Mamba 0.00028 and 1.32, Transformer 0.00018 and 0.0072",
        ),
        Claim(
            id="better_than_descent",
            sentence="Both models are better than 23 steps of gradient descent, and of GD++.",
            source=f"{PAPER}, section 3, figure 3d, whose two curves are printed a factor of 20 too low",
            statements=tuple(
                Below(
                    quantity=error_at("skewed", model, 40),
                    other=error_at("skewed", descent, 40),
                    premises=learned("skewed", model),
                    about="learning",
                )
                for model in MODELS
                for descent in DESCENTS
            ),
            published="Mamba 0.00028, Transformer 0.00018; 20 times what is printed: gradient descent 0.53, GD++ 0.047",
        ),
    )
