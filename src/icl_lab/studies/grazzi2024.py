"""Grazzi et al. 2024, "Is Mamba Capable of In-Context Learning?": the simple function classes, figures 1 to 5, 8 to 12.

The published curves of models "trained on skewed inputs" were measured on isotropic ones; both are measured here.
"""

from dataclasses import dataclass

from icl_lab.core.scales import Scale
from icl_lab.studies.base import STUDIES, Part, Study
from icl_lab.studies.grazzi.claims.inputs import input_claims
from icl_lab.studies.grazzi.claims.inside import inside_claims
from icl_lab.studies.grazzi.claims.lengths import length_claims
from icl_lab.studies.grazzi.claims.levels import level_claims
from icl_lab.studies.grazzi.claims.tasks import task_claims
from icl_lab.studies.grazzi.plans import PAPER, PLANS
from icl_lab.studies.judging.claims import Claim
from icl_lab.studies.parts import parts_at


@STUDIES.register
@dataclass(frozen=True, kw_only=True)
class Grazzi2024(Study):
    """Simple function classes by Mamba, Transformer and S4, in and out of distribution and to 500 examples."""

    title = "Is Mamba capable of in-context learning?"
    question = "Does Mamba learn simple functions in context as well as a Transformer, in and out of distribution?"
    source = PAPER

    def parts(self, scale: Scale) -> tuple[Part, ...]:
        return parts_at("grazzi2024", PLANS, scale)

    @property
    def claims(self) -> tuple[Claim, ...]:
        return (*level_claims(), *input_claims(), *length_claims(), *task_claims(), *inside_claims())
