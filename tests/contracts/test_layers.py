"""Imports point downward only, nothing draws from a global generator, and no file writes to the terminal by itself."""

import ast
import re
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "icl_lab"

# What each layer may import of the package, beside itself. `report` draws records and knows nothing else, so that
# whatever makes records may show them.
BELOW = {
    "core": set(),
    "report": {"core"},
    "tasks": {"core"},
    "kernels": {"core"},
    "baselines": {"core"},
    "models": {"core", "tasks", "kernels"},
    "training": {"core", "tasks", "kernels", "models"},
    "evaluation": {"core", "tasks", "kernels", "baselines", "models", "report"},
    "probing": {"core", "tasks", "kernels", "baselines", "models", "training", "evaluation", "report"},
    "sweep": {"core", "training"},
    "shipped": {"core", "training"},
    "published": {"core", "tasks"},
    "language": {"core", "kernels", "published"},
    "comparisons": {"core", "tasks", "baselines", "kernels", "models", "training", "evaluation", "published", "report"},
}
BELOW["studies"] = set(BELOW)
BELOW["catalogue"] = set(BELOW)
BELOW["api"] = set(BELOW)
BELOW["cli"] = set(BELOW) | {"__init__"}
BELOW["__init__"] = set(BELOW)
BELOW["__main__"] = {"cli"}

FILES = sorted(SOURCE.rglob("*.py"))


def layer(path: Path) -> str:
    parts = path.relative_to(SOURCE).with_suffix("").parts
    return parts[0]


def imported(path: Path) -> set[str]:
    """Layers of this package that a file imports, at the top or inside a function."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        modules = []
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules = [node.module]
            if node.module == "icl_lab":
                modules = [f"icl_lab.{alias.name}" for alias in node.names]
        for module in modules:
            if module.split(".")[0] == "icl_lab":
                name = module.split(".")[1] if "." in module else "__init__"
                found.add(name if (SOURCE / name).is_dir() or (SOURCE / f"{name}.py").exists() else "__init__")
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_downward(path: Path) -> None:
    allowed = BELOW[layer(path)] | {layer(path)}
    assert imported(path) <= allowed


def test_no_layer_is_in_a_circle() -> None:
    order: list[str] = []
    rest = dict(BELOW)
    while rest:
        free = [name for name, below in rest.items() if below - {"__init__"} <= set(order)]
        assert free, f"a circle among {sorted(rest)}"
        order += free
        rest = {name: below for name, below in rest.items() if name not in free}


GLOBAL_RANDOMNESS = re.compile(
    r"torch\.(manual_seed|seed|set_rng_state|get_rng_state|cuda\.manual_seed\w*)\(|np\.random\.(?!Generator|Philox)\w+"
    r"|^import random|^from random|random\.(seed|random|shuffle|choice|randint)\("
    r"|(?<!\.)\btorch\.(randn|rand|randint|randperm|normal|bernoulli)\((?![^\n]*generator)",
    re.MULTILINE,
)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SOURCE)))
def test_nothing_draws_from_a_global_generator(path: Path) -> None:
    code = "\n".join(line for line in path.read_text().splitlines() if ">>>" not in line)
    assert not GLOBAL_RANDOMNESS.findall(code)


def test_every_module_says_what_it_is() -> None:
    assert [path for path in FILES if not ast.get_docstring(ast.parse(path.read_text()))] == []
