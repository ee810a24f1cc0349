"""Parameter counts of the presets equal those of both papers' released models, to the unit.

The table beside this file was measured on the authors' modules, not on ours; there is nothing to regenerate.
"""

import csv
from pathlib import Path

import pytest

from icl_lab.models.network import count_parameters
from icl_lab.models.presets.base import PRESETS, Preset
from icl_lab.models.presets.mamba import Mamba
from icl_lab.models.presets.s4 import S4
from icl_lab.models.presets.transformer import Transformer
from tests.unit.models.toys import ToyTask

TABLE = Path(__file__).with_name("park2024_parameter_counts.csv")
SIZES = ("32x2", "64x2", "64x4", "128x2", "128x4", "256x4", "256x8", "256x12")


def rows() -> list[dict[str, str]]:
    lines = TABLE.read_text().splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def test_the_table_is_complete() -> None:
    assert len(rows()) == 5 * 6
    assert {row["model"] for row in rows()} <= set(PRESETS.names())


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"{row['task']}-{row['model']}")
def test_presets_have_the_parameters_of_park_et_al(row: dict[str, str]) -> None:
    task = ToyTask(width=int(row["d_token"]), outputs=int(row["d_output"]))
    positions = {"num_positions": int(row["num_positions"])} if int(row["num_positions"]) else {}
    counted = {}
    for size in SIZES:
        d_model, num_layers = map(int, size.split("x"))
        preset = PRESETS.get(row["model"])(d_model=d_model, num_layers=num_layers, **positions)
        counted[size] = count_parameters(preset.network(task))
    assert counted == {size: int(row[size]) for size in SIZES}


@pytest.mark.parametrize(
    ("preset", "parameters"),
    [
        (Transformer(recipe="grazzi", d_model=256, num_layers=12), 9_483_265),
        (Mamba(recipe="grazzi", d_model=256, num_layers=12), 10_518_273),
        (S4(recipe="grazzi", d_model=435, num_layers=12), 10_491_331),
    ],
    ids=lambda value: value.spec_name() if isinstance(value, Preset) else "",
)
def test_presets_have_the_parameters_of_grazzi_et_al(preset: Preset, parameters: int) -> None:
    """Grazzi et al. 2024 (arXiv 2402.03170), appendix on training; GPT-2's unused tables are left out."""
    assert count_parameters(preset.network(ToyTask(width=20))) == parameters
