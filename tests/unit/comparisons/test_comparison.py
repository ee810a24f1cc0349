"""A comparison refuses early, says what was reduced, and never replaces good files by bad ones."""

from pathlib import Path

import pytest

from icl_lab.comparisons.compare import run_comparison
from icl_lab.comparisons.comparison import ComparisonSpec, Entry
from icl_lab.comparisons.differences import reduced
from icl_lab.comparisons.recipes import model_at, training_at
from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.core.files import exclusive
from icl_lab.core.streams import Stream
from icl_lab.evaluation.cost import count_flops
from icl_lab.kernels import using
from icl_lab.models.presets.base import PRESETS
from icl_lab.models.presets.mamba import Mamba
from icl_lab.tasks.linear_regression import LinearRegression
from icl_lab.tasks.parts.curriculum import Curriculum, Ramp
from icl_lab.tasks.sparse_parity import SparseParity
from icl_lab.training.budgets.steps import Steps

TASK = LinearRegression(dim=2, length=5)
TRAINING = training_at("smoke", TASK).replace(budget=Steps(amount=2))


def small() -> ComparisonSpec:
    entry = Entry(model=Mamba(d_model=8, num_layers=1), training=TRAINING)
    return ComparisonSpec(task=TASK, entries=(entry,), num_prompts=8, longest=1)


def test_a_network_that_cannot_read_the_prompts_is_refused_before_training() -> None:
    for name, fields in (("transformer", {"num_positions": 4}), ("pattern", {"blocks": "mlp_mixer(num_positions=4)"})):
        model = PRESETS.get(name)(**fields)
        with pytest.raises(UserError, match=rf"{name}\.num_positions: expected at least 10, got 4"):
            ComparisonSpec(task=TASK, entries=(Entry(model=model, training=TRAINING),))


def test_the_paper_scale_on_the_published_task_reduces_nothing() -> None:
    task = LinearRegression()
    entry = Entry(model=model_at("paper", "mamba"), training=training_at("paper", task))
    assert reduced(ComparisonSpec(task=task, entries=(entry,))) == ""


def test_every_difference_from_the_paper_is_named() -> None:
    words = reduced(small())
    for expected in (
        "dim 2 (at scale paper: 20)",
        "length 5 (at scale paper: 41)",
        "d_model 8 (at scale paper: 256)",
        "500,001",
    ):
        assert expected in words


def test_a_curriculum_is_said_in_words() -> None:
    task = SparseParity()
    ramp = Curriculum(dims=Ramp(start=2, end=5, increment=1, interval=10))
    entry = Entry(model=model_at("paper", "mamba"), training=training_at("paper", task))
    ramped = entry.replace(training=entry.training.replace(curriculum=ramp))
    plain = entry.replace(training=entry.training.replace(curriculum=Curriculum()))
    none = entry.replace(training=entry.training.replace(curriculum=None))

    def words(ours: Entry, published: Entry) -> str:
        one, other = (ComparisonSpec(task=task, entries=(each,)) for each in (ours, published))
        return reduced(one, other)

    assert words(none, plain) == ""
    assert words(plain, none) == ""
    assert "curriculum none (at scale paper: dims (start 2, end 5, increment 1, interval 10))" in words(none, ramped)
    assert "None" not in words(plain, ramped) + words(ramped, plain) + words(none, ramped) + words(ramped, none)


def test_the_same_pattern_at_the_paper_scale_keeps_its_blocks() -> None:
    entry = Entry(model=model_at("small", "mamba3*1"), training=TRAINING)
    words = reduced(ComparisonSpec(task=TASK, entries=(entry,)))
    assert "mamba3*1: d_model 64 (at scale paper: 256), num_layers 2 (at scale paper: 12)." in words
    ablated = Entry(model=model_at("paper", "mamba(selective=none, gate=false)"), training=TRAINING)
    assert "gate false (at scale paper: true), selective none (at scale paper: all)" in reduced(
        ComparisonSpec(task=TASK, entries=(ablated,))
    )


def test_a_damaged_environment_is_reported_and_the_comparison_is_kept(tmp_path: Path) -> None:
    run_comparison(small(), tmp_path)
    before = (tmp_path / "comparison.json").read_bytes()
    (environment,) = tmp_path.glob("runs/*/environment.json")
    environment.write_text("[1]")
    with pytest.raises(DamagedFile, match=r"environment\.json"):
        run_comparison(small(), tmp_path)
    assert (tmp_path / "comparison.json").read_bytes() == before
    environment.unlink()
    run_comparison(small(), tmp_path)


def test_two_processes_do_not_train_one_run(tmp_path: Path) -> None:
    spec = small()
    (run,) = spec.runs()
    with exclusive(tmp_path / "runs" / run.digest()), pytest.raises(UserError, match="another process is at work"):
        run_comparison(spec, tmp_path)


@pytest.mark.parametrize("name", ["mamba", "mambaformer", "s4_mamba", "s4"])
def test_the_count_of_operations_does_not_depend_on_the_kernels(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    network = model_at("smoke", name).build(TASK, Stream(0))
    prompts = TASK.sample(Stream(0), 0, 2)
    counts = set()
    for backend in ("native", "vectorised", "reference"):
        monkeypatch.setenv("ICL_KERNELS", backend)
        counts.add(count_flops(network, prompts))
    assert len(counts) == 1


def test_a_backend_that_is_asked_for_comes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    from icl_lab.kernels.backend import choose

    monkeypatch.setenv("ICL_KERNELS", "reference")
    with using("vectorised"):
        assert choose("cpu", torch.float32) == "vectorised"
    assert choose("cpu", torch.float32) == "reference"


def labels(*names: str, d_model: int = 16) -> list[str]:
    spec = ComparisonSpec(
        task=TASK,
        entries=tuple(
            Entry(model=model_at("smoke", name).replace(d_model=d_model), training=TRAINING) for name in names
        ),
    )
    return [spec.label(entry.model) for entry in spec.entries]


def test_models_of_one_name_are_told_apart_by_what_differs_alone() -> None:
    assert labels("mamba", "transformer(positions=none)") == ["mamba", "transformer"]
    assert labels("transformer", "transformer(positions=none)") == ["transformer", "transformer(positions=none)"]
    apart = ["mamba(d_state=4)", "mamba(d_state=8)"]
    assert labels("mamba(d_state=4, gate=false)", "mamba(d_state=8, gate=false)") == apart
    # What a pattern consists of is its name.
    assert all("gru" in label for label in labels("(gru)*4", "pattern(blocks=(gru)*4, norm=rms)"))


def test_the_published_sizes_of_a_model_are_those_of_its_namesake() -> None:
    names = ("transformer", "transformer(positions=none)")
    small, paper = (
        ComparisonSpec(
            task=LinearRegression(),
            entries=tuple(
                Entry(model=model_at(scale, name), training=training_at("paper", LinearRegression())) for name in names
            ),
        )
        for scale in ("small", "paper")
    )
    assert "positions" not in reduced(small, paper)
