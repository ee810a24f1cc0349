"""Checkpoints: whole or refused, never overwritten when refused, never a way out of the folder."""

import json
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save, save_file

import icl_lab.core.files
from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.training.checkpoint import KEY, Checkpoints
from icl_lab.training.loop import Trainer
from icl_lab.training.run import load_run, train_run
from icl_lab.training.snapshot import Progress, Snapshot
from tests.unit.training.tiny import same, tiny_run

SNAPSHOT = Snapshot(
    Progress(step=3, total_steps=9, smoothed_loss=0.1 + 0.2),
    {
        "model.w": torch.arange(6.0).reshape(2, 3).T,
        "model.half": torch.ones(3, dtype=torch.bfloat16),
        "s": torch.ones(()),
    },
)


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    kept = Checkpoints(tmp_path, "0123456789ab")
    kept.save(SNAPSHOT)
    return kept


def metadata_of(path: Path) -> dict[str, str]:
    with safe_open(path, framework="pt") as file:
        return dict(file.metadata())


def test_what_is_saved_is_loaded_to_the_bit(checkpoints: Checkpoints) -> None:
    loaded = checkpoints.load()
    assert loaded.progress == SNAPSHOT.progress
    assert all(torch.equal(loaded.tensors[name], tensor) for name, tensor in SNAPSHOT.tensors.items())


def test_equal_snapshots_are_equal_files(checkpoints: Checkpoints) -> None:
    before = checkpoints.path.read_bytes()
    reordered = Snapshot(SNAPSHOT.progress, dict(reversed(SNAPSHOT.tensors.items())))
    checkpoints.save(reordered)
    assert checkpoints.path.read_bytes() == before == checkpoints.previous.read_bytes()


def test_its_numbers_are_one_key_of_sorted_json(checkpoints: Checkpoints) -> None:
    metadata = metadata_of(checkpoints.path)
    assert list(metadata) == [KEY]
    assert metadata[KEY] == json.dumps(json.loads(metadata[KEY]), sort_keys=True)


def test_wherever_it_is_cut_it_is_refused_and_left_alone(checkpoints: Checkpoints) -> None:
    whole = checkpoints.path.read_bytes()
    for length in range(0, len(whole), 7):
        checkpoints.path.write_bytes(whole[:length])
        with pytest.raises(DamagedFile, match=r"checkpoint\.safetensors.*nothing was overwritten"):
            checkpoints.load()
        assert checkpoints.path.read_bytes() == whole[:length]


def test_whichever_bit_is_flipped_it_is_refused_or_harmless(checkpoints: Checkpoints) -> None:
    whole = checkpoints.path.read_bytes()
    for place in range(0, len(whole), 3):
        flipped = bytearray(whole)
        flipped[place] ^= 1 << place % 8
        checkpoints.path.write_bytes(flipped)
        try:
            loaded = checkpoints.load()
        except UserError:
            continue
        # safetensors may overlook a bit of its own header that means nothing.
        assert loaded.progress == SNAPSHOT.progress
        assert all(torch.equal(loaded.tensors[name], tensor) for name, tensor in SNAPSHOT.tensors.items())


def test_it_points_to_the_previous_one_which_is_used_once_it_is_moved_away(checkpoints: Checkpoints) -> None:
    later = Snapshot(SNAPSHOT.progress.replace(step=4), SNAPSHOT.tensors)
    checkpoints.save(later)
    checkpoints.path.write_bytes(b"not a checkpoint")
    with pytest.raises(DamagedFile, match=r"go on from checkpoint\.previous\.safetensors"):
        checkpoints.load()
    checkpoints.path.unlink()
    assert checkpoints.load().progress.step == 3


def test_a_disk_that_fills_up_leaves_a_whole_checkpoint(
    checkpoints: Checkpoints, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(icl_lab.core.files.os, "fsync", full)
        with pytest.raises(OSError, match="No space"):
            checkpoints.save(Snapshot(SNAPSHOT.progress.replace(step=4), SNAPSHOT.tensors))
    assert checkpoints.load().progress.step == 3


def test_a_checkpoint_of_another_run_is_refused(checkpoints: Checkpoints) -> None:
    other = Checkpoints(checkpoints.path.parent, "ffffffffffff")
    with pytest.raises(UserError, match="belongs to run 0123456789ab, not to ffffffffffff"):
        other.load()


def test_a_safetensors_file_from_elsewhere_is_refused(checkpoints: Checkpoints) -> None:
    save_file({"w": torch.ones(1)}, checkpoints.path)
    with pytest.raises(DamagedFile, match="no checkpoint of icl_lab"):
        checkpoints.load()


@pytest.mark.parametrize("header", ["{}", "nonsense", '{"run": 3}', '{"run": "x", "progress": {"step": -1}}'])
def test_a_header_of_anything_else_is_refused(checkpoints: Checkpoints, header: str) -> None:
    checkpoints.path.write_bytes(save(load_file(checkpoints.path), {KEY: header}))
    with pytest.raises(DamagedFile, match="cannot be read"):
        checkpoints.load()


def test_a_pickle_is_not_opened(checkpoints: Checkpoints) -> None:
    torch.save({"w": torch.ones(1)}, checkpoints.path)
    with pytest.raises(DamagedFile, match="cannot be read"):
        checkpoints.load()


@pytest.mark.parametrize("name", ["model.../../../escaped", "/tmp/escaped", "model.read_in.weight.more"])
def test_tensors_the_network_does_not_have_are_refused_by_name(tmp_path: Path, name: str) -> None:
    spec = tiny_run(steps=2)
    train_run(spec, tmp_path)
    kept = Checkpoints(tmp_path, spec.digest())
    held = kept.load()
    kept.save(Snapshot(held.progress.replace(step=1), {**held.tensors, name: torch.ones(1)}))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(DamagedFile, match="which this run does not have"):
        train_run(spec, tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("change", [lambda t: t.double(), lambda t: t[:1], None])
def test_tensors_that_do_not_fit_are_refused(tmp_path: Path, change) -> None:
    spec = tiny_run(steps=2)
    train_run(spec, tmp_path)
    kept = Checkpoints(tmp_path, spec.digest())
    held = kept.load()
    tensors = dict(held.tensors)
    weight = tensors.pop("model.read_in.weight")
    if change:
        tensors["model.read_in.weight"] = change(weight)
    kept.save(Snapshot(held.progress, tensors))
    with pytest.raises(DamagedFile, match=r"'model\.read_in\.weight'"):
        load_run(tmp_path)


def test_what_the_trainer_restores_is_what_it_saved(tmp_path: Path) -> None:
    spec = tiny_run(steps=4)
    trainer = Trainer(spec)
    next(trainer.steps())
    kept = Checkpoints(tmp_path, spec.digest())
    kept.save(trainer.snapshot())
    restored = Trainer(spec)
    restored.restore(kept.load())
    assert same(restored.snapshot(), trainer.snapshot())
