"""Sparse parity, and what a Mamba block in front does for it."""

from icl_lab.studies.judging.claims import Claim
from icl_lab.studies.judging.inequalities import AtLeast, AtMost, Times
from icl_lab.studies.judging.quantities import Quantity
from icl_lab.studies.judging.statements import Statement
from icl_lab.studies.park.marks import PAPER
from icl_lab.studies.park.quantities import KNOWN, learned

CHANCE = 0.6
"""Accuracy that counts as guessing: knowing nothing of the pair gives 0.5, the best vote without context 0.56."""


def parity_claims() -> tuple[Claim, ...]:
    """Who learns it, and what a first block does for it."""

    def accuracy(model: str, part: str = "sparse_parity") -> Quantity:
        return Quantity(part=part, predictor=model, what="accuracy", first=40)

    def steps(model: str) -> Quantity:
        return Quantity(part="sparse_parity", predictor=model, what="steps to half")

    def told_apart(part: str) -> tuple[Statement, ...]:
        return (
            AtMost(quantity=accuracy("transformer", part), bound=CHANCE, about="failing"),
            AtLeast(quantity=accuracy("mamba", part), bound=KNOWN, about="learning"),
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
            premises=learned("sparse_parity", "mambaformer"),
        ),
        Claim(
            id="C8b",
            sentence="A Transformer whose first attention block is a Mamba block learns parity.",
            source=f"{PAPER}, an ablation; direction not verified against the text",
            statements=(AtLeast(quantity=accuracy("transformer_mamba_first"), bound=KNOWN, about="learning"),),
        ),
    )
