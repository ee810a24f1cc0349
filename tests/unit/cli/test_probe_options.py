"""What `icl probe` is asked to ablate."""

from pathlib import Path

import pytest

from icl_lab.cli.probe import _absent, _kinds
from icl_lab.core.errors import UserError
from icl_lab.core.streams import Stream
from icl_lab.models.presets.pattern import Pattern
from icl_lab.models.presets.transformer import Transformer
from icl_lab.probing.examination.spec import ProbeSpec
from icl_lab.probing.interventions.parts import KINDS
from icl_lab.studies.probing.trained import Trained
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.training.spec import RunSpec

TASK = LinearRegression(dim=2, length=4)


def trained(preset: object, label: str) -> Trained:
    network = preset.build(TASK, Stream(0))
    return Trained(folder=Path(), network=network, spec=RunSpec(task=TASK, model=preset), label=label, step=1)


def test_kinds_are_named_with_commas_and_each_is_done_once() -> None:
    assert _kinds("state, everything,state") == ("everything", "state")
    assert _kinds(",".join(KINDS)) == KINDS
    with pytest.raises(UserError, match=r"^--ablate: 'blok' is no kind of part; did you mean block\?$"):
        _kinds("everything,blok")
    with pytest.raises(UserError, match="expected kinds with commas, of everything, block, head"):
        _kinds("")


def test_kinds_that_a_network_has_none_of_are_said_or_refused() -> None:
    transformer = trained(Transformer(d_model=16, num_layers=1), "T")
    assert _absent(transformer, ProbeSpec(ablate=("block", "state"))) == (
        "T has no state to ablate: the other kinds are"
    )
    assert not _absent(transformer, ProbeSpec())
    assert not _absent(transformer, ProbeSpec(ablate=("state",), prompts=0))
    with pytest.raises(UserError, match="T has no state and no neighbours to ablate; choose others"):
        _absent(transformer, ProbeSpec(ablate=("state", "neighbours")))
    assert not _absent(trained(Pattern(blocks="mamba", d_model=16), "M"), ProbeSpec(ablate=KINDS))
