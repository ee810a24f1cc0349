"""The rooms of `language/` know only those before them."""

import ast
from pathlib import Path

import icl_lab.language

ROOT = Path(icl_lab.language.__file__).parent
ORDER = ("base", "models", "pairs", "tasks", "prompts", "spec", "asking", "measures", "task_vectors", "folder")


def room(module: str) -> str:
    return module.split(".")[2]


def test_rooms_import_only_rooms_before_them() -> None:
    later = []
    for path in ROOT.rglob("*.py"):
        own = path.relative_to(ROOT).with_suffix("").parts[0]
        if own == "__init__":
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom) and str(node.module).startswith("icl_lab.language."):
                other = room(str(node.module))
                if ORDER.index(other) > ORDER.index(own):
                    later.append(f"{path.relative_to(ROOT)} imports {other}")
    assert later == []


def test_every_room_has_a_place_in_the_order_and_says_what_it_is() -> None:
    rooms = {path.parent.relative_to(ROOT).parts[0] for path in ROOT.rglob("*.py") if path.parent != ROOT}
    files = {path.stem for path in ROOT.glob("*.py")} - {"__init__"}
    assert rooms | files == set(ORDER)
    assert [one for one in rooms if not ast.get_docstring(ast.parse((ROOT / one / "__init__.py").read_text()))] == []
