"""Fast sequence operations: Mamba's selective scan and causal convolution, with a plain form as their ground truth.

A backend is a module with the same five functions: `reference` (slow and obvious), `vectorised` (PyTorch, any device),
`native` (C++ on a CPU), `cuda` (the packages of Mamba's authors). `backend.py` chooses one for each call.
"""

from icl_lab.kernels.backend import BackendReport, SlowKernelsWarning, backend_report, using
from icl_lab.kernels.operations import (
    causal_conv1d,
    causal_conv1d_step,
    mamba_inner,
    selective_scan,
    selective_scan_step,
)

__all__ = [
    "BackendReport",
    "SlowKernelsWarning",
    "backend_report",
    "causal_conv1d",
    "causal_conv1d_step",
    "mamba_inner",
    "selective_scan",
    "selective_scan_step",
    "using",
]
