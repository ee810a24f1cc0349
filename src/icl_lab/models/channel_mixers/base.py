"""What a channel mixer is: a map applied to each position alone. b batch   t num_tokens   m d_model."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor, nn

from icl_lab.core.registry import Registry
from icl_lab.core.specs import Registered
from icl_lab.models.mixers.base import Site

CHANNEL_MIXERS: Registry["ChannelMixerSpec"] = Registry("channel_mixer", "icl_lab.models.channel_mixers")


class ChannelMixer(nn.Module, ABC):
    """Acts on the last axis; the others are positions."""

    @abstractmethod
    def forward(self, x: Float[Tensor, "*positions d_model"]) -> Float[Tensor, "*positions d_model"]:
        """The same map at every position."""


@dataclass(frozen=True, kw_only=True)
class ChannelMixerSpec(Registered):
    """Settings of a channel mixer."""

    registry = CHANNEL_MIXERS
    formula: ClassVar[str] = ""
    source: ClassVar[str] = ""

    @abstractmethod
    def build(self, site: Site) -> ChannelMixer:
        """The channel mixer with its own initialisation."""
