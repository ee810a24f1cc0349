"""Claims: what a paper says, as statements over rows, and the verdict on each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from icl_lab.report.comparison.data import Comparison
from icl_lab.studies.judging.quantities import Quantity
from icl_lab.studies.judging.statements import Finding, Outcome, Statement


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A sentence of a paper that rows can decide.

    Args:
        id: Short name, unique in its study: `"C5"`.
        sentence: What is claimed, in plain words.
        source: Where it is claimed.
        statements: All of these must hold.
        premises: Without these the claim cannot be tested: two models that have both learned nothing are no evidence
            for being equally good. A premise that does not hold leaves the claim undecided.
        published: The published figure it rests on, in words; empty where none is known.
    """

    id: str
    sentence: str
    source: str
    statements: tuple[Statement, ...]
    premises: tuple[Statement, ...] = ()
    published: str = ""

    def judge(self, parts: Mapping[str, Comparison]) -> "Verdict":
        """Decide the claim on the rows of a study."""
        premises = tuple(premise.judge(parts) for premise in self.premises)
        findings = tuple(statement.judge(parts) for statement in self.statements)
        if any(premise.outcome != "holds" for premise in premises):
            return Verdict(self, "undecided", findings, premises)
        return Verdict(self, _all_of([finding.outcome for finding in findings]), findings, premises)

    @property
    def quantities(self) -> tuple[Quantity, ...]:
        """Everything it speaks of."""
        return tuple(quantity for statement in self.premises + self.statements for quantity in statement.quantities)


@dataclass(frozen=True)
class Verdict:
    """What came of a claim.

    Args:
        claim: The claim.
        outcome: `"undecided"` means: at this scale.
        findings: One for each statement.
        premises: One for each premise.
    """

    claim: Claim
    outcome: Outcome
    findings: tuple[Finding, ...]
    premises: tuple[Finding, ...] = ()

    @property
    def deciding(self) -> tuple[Finding, ...]:
        """What the outcome rests on: premises that failed, else statements that do not hold, else all statements."""
        for found in (
            [one for one in self.premises if one.outcome != "holds"],
            [one for one in self.findings if one.outcome == self.outcome != "holds"],
        ):
            if found:
                return tuple(found)
        return self.findings


def _all_of(outcomes: Sequence[Outcome]) -> Outcome:
    if "does not hold" in outcomes:
        return "does not hold"
    return "undecided" if "undecided" in outcomes else "holds"
