"""The claims of Park et al. 2024, as far as they could be verified; see `source` of each."""

from icl_lab.studies.base import Mark
from icl_lab.studies.judging.bounds import Bound
from icl_lab.studies.judging.claims import Claim
from icl_lab.studies.judging.quantities import Quantity, What
from icl_lab.studies.judging.statements import AtLeast, AtMost, Below, Near, Statement, Times
from icl_lab.studies.park.plans import HALF, MODELS, ORTHOGONAL, PLANS

PAPER = "Park et al. 2024 (arXiv 2402.04248)"
TABLE = f"{PAPER}, table 1 as recalled and cross-checked, not read in the paper"
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


def _learned(part: str, *models: str) -> tuple[Statement, ...]:
    """Premises: each of these models has learned the part."""
    return tuple(LEARNED[part].by(part, model) for model in models)


def _on_par(part: str, model: str, other: str, premises: tuple[Statement, ...] = ()) -> Statement:
    """A learning curve that is not above another one's by more than the tolerance, over the whole prompt."""
    return Below(quantity=_of(part, model), other=_of(part, other), by=-TOLERANCE, premises=premises)


CHANCE = 0.6
"""Accuracy that counts as guessing: knowing nothing of the pair gives 0.5, the best vote without context 0.56."""
LAST = {plan.name: plan.task.length - 1 for plan in PLANS}
KNOWN, RECALLED = 0.95, 0.01
"""Accuracy from which on parity is learned, relative error up to which vectors are recalled."""


def _in_the_end(part: str, error: float, points: int = 1) -> Bound:
    return Bound(error=error, first=LAST[part] - points + 1, last=LAST[part])


LEARNED = {
    "linear_regression": _in_the_end("linear_regression", 0.5),
    "sparse_linear_regression": _in_the_end("sparse_linear_regression", 0.5),
    "two_layer_relu": _in_the_end("two_layer_relu", 0.8),
    "decision_tree": _in_the_end("decision_tree", 0.7),
    ORTHOGONAL: _in_the_end(ORTHOGONAL, 0.5),
    HALF: _in_the_end(HALF, 0.5),
    # One prompt in ten is asked at any one place.
    "many_outlier_regression": _in_the_end("many_outlier_regression", 0.5, points=64),
    "chain_of_thought": _in_the_end("chain_of_thought", 0.1),
    # Guessing is wrong half of the time.
    "sparse_parity": Bound(error=round(2 * (1 - KNOWN), 3), first=40),
    "vector_mqar": Bound(error=RECALLED),
    # An n-gram that counts what follows one symbol has 0.2.
    "regular_languages": Bound(error=0.5),
}
"""Part -> the relative error up to which it counts as learned, the same in every claim."""


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
                    premises=_learned(part, "transformer", "mamba"),
                )
                for part in easy
            ),
        ),
        Claim(
            id="C2",
            sentence="Mamba is worse than the Transformer on decision trees; MambaFormer closes the gap.",
            source=f"{TABLE}; Campbell et al. 2024 (arXiv 2411.03945), table 3: scores 0.832 and 1.000",
            statements=(
                Below(quantity=_of("decision_tree", "transformer"), other=_of("decision_tree", "mamba"), by=0.02),
                _on_par("decision_tree", "mambaformer", "transformer"),
            ),
            premises=_learned("decision_tree", "transformer"),
        ),
    )


def _outlier_claims() -> tuple[Claim, ...]:
    """Where some pairs are no examples of the function; and S4 where all are."""
    return (
        Claim(
            id="C3",
            sentence="Mamba is worse than the Transformer on orthogonal outliers; MambaFormer closes the gap.",
            source=TABLE,
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
            source=f"{TABLE}; Li et al. 2025 (arXiv 2510.00399)",
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
            source=f"{PAPER}, direction not verified against the text; at small scale S4 has 44,000 parameters, Mamba "
            "132,600",
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
            AtLeast(quantity=accuracy("mamba", part), bound=KNOWN, one_sided=True),
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
            source=f"{PAPER}, from a secondary source; at small scale dimensions grow during both trainings, which "
            "bounds when either can learn it",
            statements=(Times(quantity=steps("standard_hybrid"), other=steps("mambaformer"), factor=1.25),),
            premises=_learned("sparse_parity", "mambaformer"),
        ),
        Claim(
            id="C8b",
            sentence="A Transformer learns parity once its first attention block is a Mamba block.",
            source=f"{PAPER}, an ablation; direction not verified against the text",
            statements=(AtLeast(quantity=accuracy("transformer_mamba_first"), bound=KNOWN, one_sided=True),),
        ),
    )


def _recall_claims() -> tuple[Claim, ...]:
    def recalled(part: str) -> tuple[Statement, ...]:
        return (
            AtLeast(quantity=_of(part, "mamba"), bound=0.1),
            *(
                AtMost(quantity=_of(part, model), bound=RECALLED, one_sided=True)
                for model in ("transformer", "mambaformer")
            ),
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
            source=TABLE,
            # Where nobody has learned a task, everybody is on par.
            statements=tuple(
                _on_par(part, "mambaformer", other, _learned(part, "mambaformer"))
                for part in MARKS
                for other in ("transformer", "mamba")
            ),
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
            premises=_learned("regular_languages", "mambaformer"),
        ),
        Claim(
            id="C11",
            sentence="All three learn chain of thought.",
            source=f"{TABLE}; of its marks the least certain",
            statements=tuple(
                LEARNED["chain_of_thought"].by("chain_of_thought", model, one_sided=True) for model in MODELS
            ),
        ),
    )
