"""The rows of a part with those of what was found inside its models: claims are about these as about all others."""

from dataclasses import replace
from pathlib import Path

import polars as pl

from icl_lab.report.comparison.data import Comparison
from icl_lab.report.probe.data import PROBING, RECORDS, Probe, read_probe


def with_probing(comparison: Comparison, folder: Path) -> Comparison:
    """The rows of a part with those of what was found inside its models, where something was."""
    held = sorted(path.parent for path in (folder / PROBING).glob(f"*/{RECORDS}"))
    frames = [_about_networks(read_probe(path)) for path in held]
    return replace(comparison, records=pl.concat([comparison.records, *frames])) if frames else comparison


def _about_networks(probe: Probe) -> pl.DataFrame:
    """Its rows without published ones and those of methods, which every model's folder repeats."""
    return probe.records.filter(pl.col("run").is_in([one.run for one in probe.networks]))
