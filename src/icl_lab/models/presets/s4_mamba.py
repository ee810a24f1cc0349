"""Park et al.'s S4-Mamba: Mamba with the time-invariant S4D in the place of the selective scan."""

from dataclasses import dataclass
from typing import Literal

from icl_lab.core.bounds import Count, Fraction
from icl_lab.models.backbone import BackboneSpec
from icl_lab.models.mixers import s4_mamba
from icl_lab.models.network import NetworkSpec
from icl_lab.models.presets.base import PRESETS, Preset
from icl_lab.tasks.base import Task


@PRESETS.register
@dataclass(frozen=True, kw_only=True)
class S4Mamba(Preset):
    """Two S4-Mamba blocks a layer, layer norm before each and at the end, no positions.

    Args:
        d_state: Numbers of state a channel; even.
        gate: `"silu"` as in Mamba, so that the scan is all that differs; `"linear"` in the released code.
        dropout: Rate at which channels are dropped before the gate; 0.1 in the released code.
    """

    formula = "(s4_mamba, s4_mamba) * num_layers"
    source = "Park et al. 2024 (arXiv 2402.04248)"

    d_state: Count = 16
    gate: Literal["silu", "linear"] = "silu"
    dropout: Fraction = 0.0

    def network(self, task: Task) -> NetworkSpec:
        mixer = s4_mamba.S4Mamba(d_state=self.d_state, gate=self.gate, dropout=self.dropout)
        backbone = BackboneSpec(d_model=self.d_model, pattern=(mixer,) * (2 * self.num_layers))
        return NetworkSpec(d_token=task.d_token, vocabulary=task.vocabulary, d_output=task.d_output, backbone=backbone)
