"""What a run ran on: versions, commit, device, threads, kernels. For the page and for whoever repeats the run."""

import platform
import subprocess
import sys
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from icl_lab.kernels import backend_report
from icl_lab.training.workers import Workers

PACKAGES = ("icl-lab", "torch", "numpy", "scipy", "scikit-learn", "safetensors", "accelerate")


def describe_environment(workers: Workers) -> dict[str, Any]:
    """Versions, commit, machine and kernels, as plain JSON values."""
    device = workers.device
    kernels = backend_report()
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "packages": {name: _version(name) for name in PACKAGES},
        "commit": commit(Path(__file__).parent),
        "device": torch.cuda.get_device_name(device) if device.type == "cuda" else device.type,
        "processes": workers.count,
        "threads": torch.get_num_threads(),
        "kernels": {"cpu": kernels.live, "why": kernels.why},
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
    }


def commit(folder: Path) -> str | None:
    """The commit of icl_lab's own repository, with `+changes` where files differ from it; none outside of it.

    Args:
        folder: A folder inside the checkout.
    """
    top = _git(folder, "rev-parse", "--show-toplevel")
    if top is None or not _is_ours(Path(top)):
        return None  # installed into an environment that lies inside somebody else's repository
    head = _git(folder, "rev-parse", "HEAD")
    changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    return f"{head}+changes" if head and changed else head


def _is_ours(top: Path) -> bool:
    try:
        project = tomllib.loads((top / "pyproject.toml").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return project.get("project", {}).get("name") == "icl-lab"


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=20, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
