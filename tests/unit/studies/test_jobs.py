"""Which trainings come first, and what a comparison is before all are done."""

from pathlib import Path

import pytest

from icl_lab.studies.base import STUDIES
from icl_lab.studies.running import jobs
from icl_lab.studies.running.jobs import trained_so_far, training_jobs
from icl_lab.training.spec import RunSpec


def test_variants_are_trained_last(tmp_path: Path) -> None:
    parts = STUDIES.get("park2024")().parts("small")
    variants = [part.name for part in parts if part.variant_of]
    assert variants == [f"{name}_as_published" for name in ("sparse_parity", "vector_mqar", "linear_regression")]
    names = [job.name.split()[0] for job in training_jobs(parts, tmp_path, tmp_path)]
    assert set(names[-9:]) == set(variants)
    assert not set(names[:-9]) & set(variants)


def test_a_model_waits_for_the_one_that_shares_its_preset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Alone it would be called "transformer", and be taken for the one with positions."""
    spec = STUDIES.get("park2024")().part("vector_mqar", "small").comparison
    done: set[str] = set()

    def is_trained(run: RunSpec, runs: Path) -> bool:
        return spec.label(run.model) in done

    monkeypatch.setattr(jobs, "is_trained", is_trained)
    done |= {"mamba", "transformer(positions=none)"}
    found = trained_so_far(spec, tmp_path)
    assert found is not None
    assert [found.label(entry.model) for entry in found.entries] == ["mamba"]
    done -= {"mamba"}
    assert trained_so_far(spec, tmp_path) is None
    done |= {"transformer"}
    found = trained_so_far(spec, tmp_path)
    assert found is not None
    assert [found.label(entry.model) for entry in found.entries] == ["transformer", "transformer(positions=none)"]
