import json
from pathlib import Path

import pytest

from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.report.comparison.folder import read_comparison
from tests.unit.report.folders import comparison, entry, usual, write


def test_a_comparison_reads_back_as_it_was_written(tmp_path: Path) -> None:
    described = comparison(entry("mamba", source="here"), entry("oracle", "oracle"), reduced="all", seeds=(0, 1))
    write(tmp_path, described, [])
    found = read_comparison(tmp_path)
    assert found == described
    assert found.records.is_empty()


def test_an_empty_folder_gets_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no comparison in .*: expected comparison.json there") as caught:
        read_comparison(tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "trouble"),
    [
        ("metric", None, "'metric' must be text, not None"),
        ("predictors", {}, "'predictors' must be a list"),
        ("predictors", [], "'predictors' must be one or more"),
        ("predictors", ["mamba"], r"predictors\[0\] must be an object"),
        ("predictors", [{"label": "mamba", "kind": "cat"}], "'kind' must be one of model, baseline, oracle, not 'cat'"),
        ("predictors", [{"label": "a", "kind": "model"}] * 2, "each label once"),
        ("seeds", ["zero"], "'seeds' must be integers"),
        ("environments", [1], r"environments\[0\] must be an object"),
    ],
)
def test_a_wrong_key_is_named_in_one_line(tmp_path: Path, key: str, value: object, trouble: str) -> None:
    path = usual(tmp_path) / "comparison.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {key: value}))
    with pytest.raises(DamagedFile, match=trouble) as caught:
        read_comparison(tmp_path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("key", ["task", "metric", "predictors"])
def test_a_missing_key_is_named(tmp_path: Path, key: str) -> None:
    path = usual(tmp_path) / "comparison.json"
    data = json.loads(path.read_text())
    del data[key]
    path.write_text(json.dumps(data))
    with pytest.raises(DamagedFile, match=f"the key '{key}' is missing"):
        read_comparison(tmp_path)


def test_damaged_files_are_named(tmp_path: Path) -> None:
    usual(tmp_path)
    with (tmp_path / "records.jsonl").open("a") as file:
        file.write("{]\n")
    with pytest.raises(DamagedFile, match=r"records.jsonl.*is not a record"):
        read_comparison(tmp_path)
    (tmp_path / "comparison.json").write_text("[")
    with pytest.raises(DamagedFile, match="comparison.json: not JSON"):
        read_comparison(tmp_path)


def test_keys_from_a_later_version_are_ignored(tmp_path: Path) -> None:
    path = usual(tmp_path) / "comparison.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"colour": "red"}))
    assert read_comparison(tmp_path).scale == "smoke"
