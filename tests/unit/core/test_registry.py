"""A file is a component, its stem the name; a miss names the nearest."""

import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from icl_lab.core import registry as registry_module
from icl_lab.core.errors import UnknownName
from icl_lab.core.registry import Registry


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    package = tmp_path / "toy_components"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from icl_lab.core.registry import Registry\nTOYS = Registry('toy', __name__)\n"
    )
    (package / "ball.py").write_text("from toy_components import TOYS\n@TOYS.register\nclass Ball: pass\n")
    (package / "helpers.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield package
    for name in [name for name in sys.modules if name.startswith("toy_components")]:
        del sys.modules[name]


def toys() -> "Registry[object]":
    import toy_components  # type: ignore[import-not-found]

    return toy_components.TOYS


def test_the_stem_of_a_file_is_the_registered_name(folder: Path) -> None:
    assert toys().names() == ("ball",)
    assert toys().get("ball").__name__ == "Ball"
    assert toys().get("ball").name == "ball"  # type: ignore[attr-defined]


def test_a_miss_lists_what_exists(folder: Path) -> None:
    with pytest.raises(UnknownName, match=r"unknown toy 'bal': did you mean ball\?"):
        toys().get("bal")
    with pytest.raises(UnknownName, match="unknown toy 'zzz': known are ball"):
        toys().get("zzz")


def test_two_components_of_one_name_are_an_error(folder: Path) -> None:
    names = toys()
    names.names()
    second = type("Other", (), {"__module__": "elsewhere.ball"})
    with pytest.raises(ValueError, match="two toys are called 'ball'"):
        names.register(second)


def test_another_package_adds_a_component_through_its_entry_point(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder.parent / "kite.py").write_text("from toy_components import TOYS\n@TOYS.register\nclass Kite: pass\n")
    entry = EntryPoint(name="kite", value="kite:Kite", group="icl_lab.toy")
    monkeypatch.setattr(registry_module, "entry_points", lambda group: [entry] if group == "icl_lab.toy" else [])
    assert toys().names() == ("ball", "kite")
    sys.modules.pop("kite")
