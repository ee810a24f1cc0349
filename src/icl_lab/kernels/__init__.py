"""Fast sequence operations: Mamba's selective scan and causal convolution, with a plain form as their ground truth.

A backend is a module with the same five functions: `reference` (slow and obvious), `vectorised` (PyTorch, any device),
`native` (C++ on a CPU), `cuda` (the packages of Mamba's authors). `backend.py` chooses one for each call. `recurrences`
holds those with a matrix as their state; `transformers_bridge` brings the operations to Hugging Face's Mamba models.

The layers of a Transformer (attention, GELU, norms) come the same way in `reference_layers`, `vectorised_layers`, which
are PyTorch's own operations, and `native_layers`.
"""

from icl_lab.kernels.backend import BackendReport, SlowKernelsWarning, backend_report, using
from icl_lab.kernels.layers import causal_attention, causal_self_attention, gelu_mlp, layer_norm, rms_norm
from icl_lab.kernels.operations import (
    causal_conv1d,
    causal_conv1d_step,
    mamba_inner,
    selective_scan,
    selective_scan_step,
)
from icl_lab.kernels.transformers_bridge import Acceleration, accelerate_transformers

__all__ = [
    "Acceleration",
    "BackendReport",
    "SlowKernelsWarning",
    "accelerate_transformers",
    "backend_report",
    "causal_attention",
    "causal_conv1d",
    "causal_conv1d_step",
    "causal_self_attention",
    "gelu_mlp",
    "layer_norm",
    "mamba_inner",
    "rms_norm",
    "selective_scan",
    "selective_scan_step",
    "using",
]
