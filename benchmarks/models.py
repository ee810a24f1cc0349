"""Whole networks of the same shape: ours, and those that others would use on a CPU.

All read tokens of width 20 and predict one number at every token, as in-context regression does.
"""

import warnings
from collections.abc import Callable

import torch
from mambapy.mamba import Mamba as MambapyBackbone
from mambapy.mamba import MambaConfig as MambapyConfig
from torch import Tensor, nn
from transformers import GPT2Config, GPT2Model, MambaConfig, MambaModel

from icl_lab.models.backbone import BackboneSpec
from icl_lab.models.channel_mixers.mlp import MLP
from icl_lab.models.mixers.attention import Attention
from icl_lab.models.mixers.mamba import Mamba
from icl_lab.models.network import Network, NetworkSpec

D_TOKEN = 20


def ours(pattern: tuple[object, ...], d_model: int, **settings: object) -> nn.Module:
    """A network of this package."""
    backbone = BackboneSpec(d_model=d_model, pattern=pattern, **settings)
    spec = NetworkSpec(d_token=D_TOKEN, backbone=backbone)
    return Network(spec, torch.Generator().manual_seed(0), label="benchmark")


def our_mamba(d_model: int, blocks: int) -> nn.Module:
    """Mamba blocks with RMS norms, as mambapy and Hugging Face have them."""
    return ours((Mamba(),) * blocks, d_model, norm="rms")


def our_transformer(d_model: int, layers: int) -> nn.Module:
    """GPT-2's layers."""
    return ours((Attention(num_heads=8, init="gpt2"), MLP(init="gpt2")) * layers, d_model)


class Wrapped(nn.Module):
    """Another library's backbone between a linear read-in and read-out."""

    def __init__(self, backbone: Callable[[Tensor], Tensor], d_model: int) -> None:
        super().__init__()
        self.read_in, self.backbone, self.read_out = nn.Linear(D_TOKEN, d_model), backbone, nn.Linear(d_model, 1)

    def forward(self, tokens: Tensor) -> Tensor:
        """Predictions at every token."""
        hidden = self.backbone(self.read_in(tokens))
        return self.read_out(hidden)


class Embedded(nn.Module):
    """A Hugging Face model that reads embeddings."""

    def __init__(self, model: nn.Module) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Tensor) -> Tensor:
        """Its last hidden state."""
        return self.model(inputs_embeds=x, use_cache=False).last_hidden_state


def mambapy(d_model: int, blocks: int) -> nn.Module:
    """The blocks of mambapy, with its parallel scan."""
    return Wrapped(MambapyBackbone(MambapyConfig(d_model=d_model, n_layers=blocks)), d_model)


def huggingface_mamba(d_model: int, blocks: int) -> nn.Module:
    """Hugging Face's Mamba on its path for machines without a GPU."""
    config = MambaConfig(vocab_size=8, hidden_size=d_model, num_hidden_layers=blocks, state_size=16)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return Wrapped(Embedded(MambaModel(config)), d_model)


def huggingface_gpt2(d_model: int, layers: int) -> nn.Module:
    """Hugging Face's GPT-2 without dropout, with PyTorch's scaled dot-product attention."""
    config = GPT2Config(
        vocab_size=8, n_positions=256, n_embd=d_model, n_layer=layers, n_head=8,
        resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, attn_implementation="sdpa",
    )  # fmt: skip
    return Wrapped(Embedded(GPT2Model(config)), d_model)


def training_step(network: nn.Module, *, batch: int, num_tokens: int, bfloat16: bool = False) -> Callable[[], object]:
    """Forward, squared error, backward and an AdamW update, on one batch."""
    generator = torch.Generator().manual_seed(0)
    tokens = torch.randn(batch, num_tokens, D_TOKEN, generator=generator)
    targets = torch.randn(batch, num_tokens, generator=generator)
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-4, fused=True)

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            predictions = network(tokens)[..., 0]
        loss = (predictions.float() - targets).square().mean()
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()

    return step
