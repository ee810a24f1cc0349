"""Options that several commands share."""

from typing import Annotated, Literal, get_args

import torch
import typer

from icl_lab.core.errors import UserError
from icl_lab.core.scales import Scale
from icl_lab.training.workers import Workers, launched

DeviceName = Literal["auto", "cpu"]

ScaleOption = Annotated[
    Scale, typer.Option(help="smoke: seconds, everything runs; small: minutes on a CPU; paper: the published sizes.")
]
Device = Annotated[DeviceName, typer.Option(help="auto: an accelerator where there is one; cpu: never.")]
Threads = Annotated[int | None, typer.Option(min=1, help="Threads for torch; by default one a processor.")]


def use(device: DeviceName, threads: int | None) -> Workers:
    """The device, with torch told how many threads to use."""
    if device not in get_args(DeviceName):
        raise UserError(f"--device: expected one of {', '.join(get_args(DeviceName))}, got {device!r}")
    if threads is not None:
        torch.set_num_threads(threads)
    return launched(device)
