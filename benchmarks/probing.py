"""How long `icl probe` takes: all that it looks at in a network, part by part, without the page.

    python benchmarks/probing.py                              Mamba and Transformer of eight blocks, 128 functions
    OMP_WAIT_POLICY=passive python benchmarks/probing.py --models mamba --threads 2

A time is followed by the CPU seconds in it, of all threads. More threads than free cores make it crawl: after each of
many small operations PyTorch's threads wait for each other by spinning, which the variable above forbids them.
Weights are untrained: what is computed does not depend on what they are. Skewed regression, 20 dimensions, 40 examples.
"""

import argparse
import time

import torch

import icl_lab as icl
from icl_lab.core.streams import Stream
from icl_lab.evaluation.errors import evaluation_mode
from icl_lab.models.network import Network
from icl_lab.models.presets.base import PRESETS
from icl_lab.probing.examination.changed import changed_rows
from icl_lab.probing.examination.depth import depth_rows
from icl_lab.probing.examination.probed import probe_rows
from icl_lab.probing.examination.rows import Subject
from icl_lab.probing.examination.spec import ProbeSpec
from icl_lab.tasks.base import Task
from icl_lab.tasks.inputs.skewed import Skewed
from icl_lab.tasks.linear_regression import LinearRegression

PARTS = {"depth and methods": depth_rows, "probes": probe_rows, "changes": changed_rows}


def built(name: str, num_blocks: int, d_model: int, task: Task) -> Network:
    """A model of so many blocks, each with a mixer for the tokens; a Transformer's blocks are two of its layers."""
    for num_layers in range(1, num_blocks + 1):
        network = PRESETS.get(name)(num_layers=num_layers, d_model=d_model).build(task, Stream(0))
        if len(network.spec.backbone.pattern) >= num_blocks:
            return network
    raise SystemExit(f"{name}: no number of layers gives {num_blocks} blocks")


def measure(name: str, spec: ProbeSpec, num_blocks: int, d_model: int) -> None:
    """Look inside and print a row, which begins before the work does: it is seen where it hangs."""
    task = LinearRegression(inputs=Skewed())
    network = built(name, num_blocks, d_model, task)
    subject = Subject("benchmark", name, task, 0, 0)
    print(f"{name:<14}{len(network.spec.backbone.pattern):>7}", end="", flush=True)
    taken = []
    for rows in PARTS.values():
        began, worked = time.perf_counter(), time.process_time()
        with evaluation_mode(network):
            num = sum(1 for _ in rows(network, subject, spec))
        taken.append(time.perf_counter() - began)
        cpu = time.process_time() - worked
        print(f"{taken[-1]:>9.1f} s {cpu:>6.1f} s ({num:>5} rows)", end="", flush=True)
    print(f"{sum(taken):>10.1f} s", flush=True)


def main() -> None:
    """Measure the models that are asked for, one after the other."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", default="mamba,transformer", help="presets, with commas")
    parser.add_argument("--blocks", type=int, default=8)
    parser.add_argument("--d-model", type=int, default=64)
    parser.add_argument("--functions", type=int, default=ProbeSpec().functions)
    parser.add_argument("--threads", type=int, default=1)
    chosen = parser.parse_args()
    torch.set_num_threads(chosen.threads)
    spec = ProbeSpec(functions=chosen.functions)
    print(f"icl-lab {icl.__version__}, torch {torch.__version__}, {chosen.threads} threads, {spec.functions} functions")
    print(f"{'model':<14}{'blocks':>7}" + "".join(f"{part:>32}" for part in PARTS) + f"{'all':>12}", flush=True)
    for name in chosen.models.split(","):
        measure(name, spec, chosen.blocks, chosen.d_model)


if __name__ == "__main__":
    main()
