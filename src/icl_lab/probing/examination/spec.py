"""How closely a network is looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from icl_lab.core.bounds import Count, Natural
from icl_lab.core.errors import UserError
from icl_lab.core.specs import Spec, digest
from icl_lab.core.streams import Stream
from icl_lab.probing.interventions.ablation import How
from icl_lab.probing.interventions.parts import Kind
from icl_lab.probing.readout.calibration import NUM_FITTED, Fitted
from icl_lab.probing.readout.curves import NUM_SCORED

MEASUREMENTS = 3
"""Raised whenever the same spec gives other rows, or rows of another meaning: what was measured before is measured
again. 1 was before folders said so; up to 2 blocks were held against methods with a scale and a shift a function."""
CHANGES = 2
"""Likewise of interventions and hidden attention alone, which studies do without."""
OF_CHANGES = ("ablate", "how")
"""What is asked of them alone."""


@dataclass(frozen=True, kw_only=True)
class ProbeSpec(Spec):
    """What is asked of a network; the defaults are the published numbers, where there are some.

    Args:
        functions: Functions that queries are asked about (Grazzi et al. 2024: 128).
        scored: Queries of each that count (40), beside 10 that scale and shift are fitted on.
        shown: After how many examples; by default up to the end of the training prompts, in a few steps.
        fitted: What scale and shift are fitted on; see `readout/calibration.py`.
        probed: Functions that probes are fitted on and judged with, at least 8; 0 for no probes.
        seeds: Splits of these.
        prompts: Prompts that interventions are tried on, at least 2; 0 for none.
        ablate: Kinds of parts that are ablated, each once; see `interventions/parts.py`.
        how: What stands in for an ablated part; see `interventions/ablation.py`.
        seed: Address of all that is drawn.
    """

    functions: Count = 128
    scored: Count = NUM_SCORED
    shown: tuple[Count, ...] = ()
    fitted: Fitted = "queries"
    probed: Natural = 512
    seeds: Count = 3
    prompts: Natural = 64
    ablate: tuple[Kind, ...] = ("everything", "block", "head")
    how: How = "mean"
    seed: Natural = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.functions < 4:
            raise UserError(f"ProbeSpec.functions: expected at least 4 to halve, got {self.functions}")
        # Probes are fitted and judged on different functions; what is put in a prompt's place comes from another one.
        for name, number, least in (("probed", self.probed, 8), ("prompts", self.prompts, 2)):
            if 0 < number < least:
                raise UserError(f"ProbeSpec.{name}: expected 0 for none, or at least {least}, got {number}")
        if len(set(self.ablate)) < len(self.ablate):
            raise UserError(f"ProbeSpec.ablate: expected each kind once, got {', '.join(self.ablate)}")
        if list(self.shown) != sorted(set(self.shown)):
            raise UserError(f"ProbeSpec.shown: expected ascending numbers, got {', '.join(map(str, self.shown))}")

    @property
    def queries(self) -> int:
        """Queries after the examples of a function."""
        return NUM_FITTED + self.scored

    def stream(self, what: str) -> Stream:
        """Where randomness comes from, apart from that of training and evaluation."""
        return Stream(self.seed).child("probe", what)

    def measured_on(self, length: int) -> str:
        """A digest of what is measured where training prompts hold `length` examples: all that is asked, and how."""
        return measured_with(self.replace(shown=self.shown_on(length)).to_json())

    def shown_on(self, length: int) -> tuple[int, ...]:
        """After how many examples is asked, where training prompts have `length` of them.

        >>> ProbeSpec().shown_on(41)
        (1, 2, 5, 10, 20, 30, 40)
        """
        if self.shown:
            return self.shown
        end = max(1, length - 1)
        return tuple(sorted({max(1, round(part * end)) for part in (0.025, 0.05, 0.125, 0.25, 0.5, 0.75, 1.0)}))


def measured_with(settings: Mapping[str, Any]) -> str:
    """The digest that a folder with these settings has if it was measured as it is measured now."""
    if settings.get("prompts"):
        return digest([MEASUREMENTS, dict(settings), CHANGES])
    return digest([MEASUREMENTS, {name: value for name, value in settings.items() if name not in OF_CHANGES}])
