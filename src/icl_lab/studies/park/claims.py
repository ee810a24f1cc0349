"""The claims of Park et al. 2024, as far as they could be verified; see `source` of each."""

from itertools import chain

from icl_lab.studies.base import Mark
from icl_lab.studies.claims import Claim
from icl_lab.studies.park.plans import HALF, MODELS, ORTHOGONAL, PLANS
from icl_lab.studies.quantities import Quantity, What
from icl_lab.studies.statements import AtLeast, AtMost, Below, Near, Statement, Times

PAPER = "Park et al. 2024 (arXiv 2402.04248)"
TOLERANCE = 0.05
"""Distance, in zero errors, within which two learning curves count as equal."""

MARKS: dict[str, tuple[Mark, Mark, Mark]] = {
    "linear_regression": ("ok", "ok", "ok"),
    "sparse_linear_regression": ("ok", "ok", "ok"),
    "two_layer_relu": ("ok", "ok", "ok"),
    "decision_tree": ("ok", "gap", "ok"),
    "orthogonal_outlier_regression": ("ok", "gap", "ok"),
    "many_outlier_regression": ("gap", "ok", "ok"),
    "sparse_parity": ("fail", "ok", "ok"),
    "chain_of_thought": ("ok", "ok", "ok"),
    "vector_mqar": ("ok", "fail", "ok"),
}


def _of(
    part: str, model: str, what: What = "relative error", first: int | None = None, last: int | None = None
) -> Quantity:
    return Quantity(part=part, predictor=model, what=what, first=first, last=last)


def _at(part: str, model: str, shown: int) -> Quantity:
    return _of(part, model, first=shown, last=shown)


def _learned(part: str, *models: str, bound: float = 0.5) -> tuple[Statement, ...]:
    """Premises: each of these models has left the plateau."""
    return tuple(AtMost(quantity=_of(part, model, first=LAST[part], last=LAST[part]), bound=bound) for model in models)


def _on_par(part: str, model: str, other: str) -> Statement:
    """A learning curve that is not above another one's by more than the tolerance, over the whole prompt."""
    return Below(quantity=_of(part, model), other=_of(part, other), by=-TOLERANCE)


CHANCE = 0.6
"""Accuracy that counts as guessing: knowing nothing of the pair gives 0.5, the best vote without context 0.56."""
LAST = {plan.name: plan.task.length - 1 for plan in PLANS}


def claims() -> tuple[Claim, ...]:
    """In the order of the paper."""
    return (*_regression_claims(), *_outlier_claims(), *_parity_claims(), *_recall_claims(), *_hybrid_claims())


def _regression_claims() -> tuple[Claim, ...]:
    easy = ("linear_regression", "sparse_linear_regression", "two_layer_relu")
    return (
        Claim(
            id="C1",
            sentence="Mamba matches the Transformer on linear, sparse linear and ReLU-network regression.",
            source=f"{PAPER}, abstract",
            statements=tuple(
                Near(
                    quantity=_at(part, "mamba", LAST[part]),
                    other=_at(part, "transformer", LAST[part]),
                    within=TOLERANCE,
                )
                for part in easy
            ),
            premises=tuple(
                chain(
                    _learned("linear_regression", "transformer", "mamba"),
                    _learned("sparse_linear_regression", "transformer", "mamba"),
                    _learned("two_layer_relu", "transformer", "mamba", bound=0.8),
                )
            ),
        ),
        Claim(
            id="C2",
            sentence="Mamba is worse than the Transformer on decision trees; MambaFormer closes the gap.",
            source=f"{PAPER}, table 1; Campbell et al. 2024 (arXiv 2411.03945), table 3: scores 0.832 and 1.000",
            statements=(
                Below(quantity=_of("decision_tree", "transformer"), other=_of("decision_tree", "mamba"), by=0.02),
                _on_par("decision_tree", "mambaformer", "transformer"),
            ),
            premises=_learned("decision_tree", "transformer", bound=0.7),
        ),
    )


def _outlier_claims() -> tuple[Claim, ...]:
    """Where some pairs are no examples of the function; and S4 where all are."""
    return (
        Claim(
            id="C3",
            sentence="Mamba is worse than the Transformer on orthogonal outliers; MambaFormer closes the gap.",
            source=f"{PAPER}, table 1",
            statements=(
                Below(
                    quantity=_of("orthogonal_outlier_regression", "transformer"),
                    other=_of("orthogonal_outlier_regression", "mamba"),
                    by=0.02,
                ),
                _on_par("orthogonal_outlier_regression", "mambaformer", "transformer"),
            ),
            premises=_learned("orthogonal_outlier_regression", "transformer"),
        ),
        Claim(
            id="C4",
            sentence="Mamba is better than the Transformer where nine pairs in ten are outliers.",
            source=f"{PAPER}, table 1; Li et al. 2025 (arXiv 2510.00399)",
            statements=(
                Below(
                    quantity=_of("many_outlier_regression", "mamba"),
                    other=_of("many_outlier_regression", "transformer"),
                    by=0.02,
                ),
            ),
            premises=_learned("many_outlier_regression", "mamba"),
        ),
        Claim(
            id="C12",
            sentence="S4, the same at every token, is weaker than Mamba on linear regression; S4-Mamba is between.",
            source=f"{PAPER}, direction not verified against the text",
            statements=(
                Below(quantity=_of("linear_regression", "mamba"), other=_of("linear_regression", "s4"), by=0.02),
                _on_par("linear_regression", "mamba", "s4_mamba"),
                Below(quantity=_of("linear_regression", "s4_mamba"), other=_of("linear_regression", "s4")),
            ),
            premises=_learned("linear_regression", "mamba"),
        ),
    )


def _parity_claims() -> tuple[Claim, ...]:
    def accuracy(model: str, part: str = "sparse_parity") -> Quantity:
        return _of(part, model, "accuracy", first=40)

    def steps(model: str) -> Quantity:
        return _of("sparse_parity", model, "steps to half")

    def told_apart(part: str) -> tuple[Statement, ...]:
        return (
            AtMost(quantity=accuracy("transformer", part), bound=CHANCE),
            AtLeast(quantity=accuracy("mamba", part), bound=0.95),
        )

    return (
        Claim(
            id="C5",
            sentence="The Transformer stays at chance on sparse parity, Mamba learns it.",
            source=f"{PAPER}, abstract; Campbell et al. 2024, table 3: scores 0.023 and 1.000",
            statements=told_apart("sparse_parity"),
        ),
        Claim(
            id="C5b",
            sentence="The same holds where all prompts of a batch share their two signs, as in the released code.",
            source=f"{PAPER}, released code",
            statements=told_apart("parity_per_batch"),
        ),
        Claim(
            id="C8",
            sentence="A Mamba block in front, instead of positions, lets hybrids learn parity in fewer steps.",
            source=f"{PAPER}, from a secondary source",
            statements=(Times(quantity=steps("standard_hybrid"), other=steps("mambaformer"), factor=1.25),),
            premises=(AtLeast(quantity=accuracy("mambaformer"), bound=0.95),),
        ),
        Claim(
            id="C8b",
            sentence="A Transformer learns parity once its first attention block is a Mamba block.",
            source=f"{PAPER}, an ablation; direction not verified against the text",
            statements=(AtLeast(quantity=accuracy("transformer_mamba_first"), bound=0.95),),
        ),
    )


def _recall_claims() -> tuple[Claim, ...]:
    def recalled(part: str) -> tuple[Statement, ...]:
        return (
            AtLeast(quantity=_of(part, "mamba"), bound=0.1),
            *(AtMost(quantity=_of(part, model), bound=0.01) for model in ("transformer", "mambaformer")),
        )

    return (
        Claim(
            id="C6",
            sentence="Mamba fails at recalling vectors; the Transformer and MambaFormer recall them.",
            source=f"{PAPER}, abstract",
            statements=recalled("vector_mqar"),
        ),
        Claim(
            id="C6b",
            sentence="So it is with 64 pairs and a single query.",
            source="Campbell et al. 2024 (arXiv 2411.03945), text; no number is given",
            statements=recalled("vector_retrieval"),
        ),
    )


def _flops_claim() -> Claim:
    others = ("transformer", "mamba")
    small = _of(HALF, "mambaformer")
    return Claim(
        id="C9",
        sentence="On orthogonal outliers MambaFormer gets by with fewer FLOPs than Transformer and Mamba.",
        source=f"{PAPER}, below 1e17 FLOPs of training, from a secondary source",
        # As good as models of the whole width, which cost more, and better than those of its own.
        statements=(
            *(Below(quantity=small, other=_of(ORTHOGONAL, other), by=-TOLERANCE) for other in others),
            *(Below(quantity=small, other=_of(HALF, other)) for other in others),
        ),
        premises=(
            *(
                Times(
                    quantity=_of(ORTHOGONAL, other, "FLOPs a prompt"),
                    other=_of(HALF, "mambaformer", "FLOPs a prompt"),
                    factor=1.5,
                )
                for other in others
            ),
            *_learned(HALF, "mambaformer"),
        ),
    )


def _hybrid_claims() -> tuple[Claim, ...]:
    return (
        Claim(
            id="C7",
            sentence="MambaFormer is on par with the better of Transformer and Mamba on all nine tasks.",
            source=f"{PAPER}, table 1",
            statements=tuple(
                _on_par(part, "mambaformer", other) for part in MARKS for other in ("transformer", "mamba")
            ),
            # Where nobody has learned a task, everybody is on par.
            premises=tuple(chain.from_iterable(_learned(part, "mambaformer", bound=0.9) for part in MARKS)),
        ),
        _flops_claim(),
        Claim(
            id="C10",
            sentence="On formal languages in context MambaFormer ends above Transformer and Mamba.",
            source=f"{PAPER}, final version, from a secondary source",
            statements=tuple(
                Below(quantity=_of("regular_languages", "mambaformer"), other=_of("regular_languages", other))
                for other in ("transformer", "mamba")
            ),
        ),
        Claim(
            id="C11",
            sentence="All three learn chain of thought.",
            source=f"{PAPER}, table 1; of its marks the least certain",
            statements=tuple(
                AtMost(quantity=_at("chain_of_thought", model, LAST["chain_of_thought"]), bound=0.1) for model in MODELS
            ),
        ),
    )
