"""Checkpoints: a snapshot in one safetensors file, written atomically, the previous one kept beside it.

The numbers of a snapshot are one metadata value of sorted JSON, because safetensors writes several in no fixed order;
so equal snapshots are equal files. Nothing is unpickled, and tensor names are compared with those of the network,
never used as paths.
"""

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.core.files import write_atomic
from icl_lab.core.specs import Spec
from icl_lab.training.snapshot import Progress, Snapshot

KEY = "icl_lab"


@dataclass(frozen=True, kw_only=True)
class _Header(Spec):
    """What a checkpoint says beside its tensors.

    Args:
        run: Digest of the run's spec.
        progress: How far the run has come.
        checksum: SHA-256 of progress and tensors.
    """

    run: str
    progress: Progress
    checksum: str


class Checkpoints:
    """The newest checkpoint of a run and the one before it.

    Args:
        folder: Folder of the run.
        run: Digest of the run's spec.
    """

    def __init__(self, folder: Path, run: str) -> None:
        self.path = folder / "checkpoint.safetensors"
        self.previous = folder / "checkpoint.previous.safetensors"
        self.run = run

    def save(self, snapshot: Snapshot) -> None:
        """Write a checkpoint; a kill at any moment leaves a whole one behind."""
        checksum = _checksum(snapshot)
        header = _Header(run=self.run, progress=snapshot.progress, checksum=checksum)
        metadata = {KEY: json.dumps(header.to_json(), sort_keys=True, allow_nan=False)}
        # Copies, because safetensors refuses tensors that share memory.
        content = save(
            {name: t.clone(memory_format=torch.contiguous_format) for name, t in snapshot.tensors.items()}, metadata
        )
        if self.path.exists():
            os.replace(self.path, self.previous)
        write_atomic(self.path, content)

    def load(self, file: Path | None = None) -> Snapshot | None:
        """The newest checkpoint; the one before it where a kill or a person removed that; None without either.

        Args:
            file: Another checkpoint of the run, which is read instead.

        Raises:
            DamagedFile: The file is not whole, or its content is not a checkpoint.
            UserError: It belongs to another run.
        """
        path = file or self.newest
        return self._read(path) if path else None

    @property
    def newest(self) -> Path | None:
        """The file that `load` reads."""
        return next((path for path in (self.path, self.previous) if path.exists()), None)

    def damaged(self, path: Path, trouble: str) -> DamagedFile:
        """The error for a file that cannot be used, with the way out."""
        if path == self.path and self.previous.exists():
            advice = f"nothing was overwritten; move it away to go on from {self.previous.name}"
        else:
            advice = "nothing was overwritten; move it away to start the run anew"
        return DamagedFile(path, trouble, advice)

    def _read(self, path: Path) -> Snapshot:
        try:
            with safe_open(path, framework="pt", device="cpu") as file:
                metadata = file.metadata() or {}
                header = _Header.from_json(json.loads(metadata[KEY]))
                if header.run != self.run:
                    raise _OtherRun(f"{path} belongs to run {header.run}, not to {self.run}: choose another folder")
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  it is no mapping
        except _OtherRun:
            raise
        except KeyError:
            raise self.damaged(path, "it is a safetensors file, but no checkpoint of icl_lab") from None
        except (SafetensorError, OSError, ValueError) as trouble:  # JSON and spec errors are ValueErrors
            raise self.damaged(path, f"it cannot be read ({trouble})") from None
        snapshot = Snapshot(header.progress, tensors)
        if _checksum(snapshot) != header.checksum:
            raise self.damaged(path, "its content does not match its checksum")
        return snapshot


class _OtherRun(UserError):
    """A checkpoint of another spec."""


def _checksum(snapshot: Snapshot) -> str:
    total = hashlib.sha256(json.dumps(snapshot.progress.to_json(), sort_keys=True).encode())
    for name in sorted(snapshot.tensors):
        tensor = snapshot.tensors[name].contiguous()
        total.update(json.dumps([name, str(tensor.dtype), list(tensor.shape)]).encode())
        total.update(tensor.reshape(-1).view(torch.uint8).numpy().tobytes())
    return total.hexdigest()
