import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from icl_lab.baselines.averaging import Averaging
from icl_lab.baselines.least_squares import LeastSquares
from icl_lab.core.errors import UserError
from icl_lab.evaluation.curves import learning_curve
from icl_lab.report.comparison.page import write_page
from icl_lab.tasks.linear_regression import LinearRegression
from tests.unit.evaluation.doubles import ToyNetwork
from tests.unit.report.folders import comparison, entry, usual, write

VOID = {"meta", "br", "line", "circle", "path", "use", "link", "img", "wbr"}


class Reader(HTMLParser):
    """Collects elements and their attributes, and checks that they are nested properly."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def read(folder: Path) -> tuple[str, Reader]:
    text = write_page(folder).read_text(encoding="utf-8")
    return text, Reader(text)


def test_the_page_needs_nothing_from_anywhere(tmp_path: Path) -> None:
    text, page = read(usual(tmp_path))
    assert page.open == []
    assert not {"script", "link", "img", "iframe", "object", "embed", "image"} & {tag for tag, _ in page.found}
    for tag, attributes in page.found:
        for name, value in attributes.items():
            if name in ("src", "srcset", "data", "action", "poster", "background"):
                pytest.fail(f"<{tag} {name}={value!r}> loads something")
            if name in ("href", "xlink:href"):
                assert tag == "a" or str(value).startswith("#")
    assert "@import" not in text
    assert not re.findall(r"url\((?!#)", text)


def test_every_reference_inside_the_page_finds_one_element(tmp_path: Path) -> None:
    text, page = read(usual(tmp_path))
    names = [attributes["id"] for _, attributes in page.found if "id" in attributes]
    assert len(names) == len(set(names))
    references = set(re.findall(r"url\(#([^)]+)\)", text)) | set(re.findall(r'xlink:href="#([^"]+)"', text))
    assert references
    assert references <= set(names)


def test_the_page_opens_with_question_answer_and_figure_and_holds_the_rest_in_order(tmp_path: Path) -> None:
    text, _ = read(usual(tmp_path))
    parts = [
        "<h1>Which model",
        'class="answer">mamba is ahead on these prompts:',
        "<figure>",
        ">Scores<",
        ">Costs<",
        ">Longer prompts: 8 examples<",
    ]
    parts += [">Training curves<", ">Conditions<", ">What was used<", ">Exact specs<", ">Versions<"]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


def test_specs_settings_and_versions_are_on_the_page_exactly(tmp_path: Path) -> None:
    _, page = read(usual(tmp_path))
    assert json.dumps({"task": "linear_regression", "dim": 1, "length": 4}, indent=2) in page.words
    assert "training of mamba and transformer" in page.words
    assert "torch 2.13.0" in page.words
    assert "None" not in page.words


def test_citations_link_to_the_paper_and_to_nothing_else(tmp_path: Path) -> None:
    _, page = read(usual(tmp_path))
    links = {attributes["href"] for tag, attributes in page.found if tag == "a"}
    assert links == {"https://arxiv.org/abs/2312.00752", "https://arxiv.org/abs/2411.03945"}


@pytest.mark.parametrize(
    "name",
    [
        "<script>alert(1)</script>",
        '" onload="alert(1)',
        "--><script>",
        "</svg></style><script>",
        "{{ 7 * 7 }}",
        "a\x00b",
    ],
)
def test_names_from_strangers_are_words(tmp_path: Path, name: str) -> None:
    usual(tmp_path, model=name)
    path = tmp_path / "comparison.json"
    data = json.loads(path.read_text())
    data |= {"question": name, "scale": name, "reduced": name, "task_source": name, "task_formula": name}
    data |= {"settings": {name: name}, "environments": [{name: name}]}
    data["task"][name] = name
    data["predictors"][0] |= {"source": f"{name} arXiv 2312.00752", "spec": {name: name}, "training": {name: name}}
    path.write_text(json.dumps(data))
    text, page = read(tmp_path)
    assert page.open == []
    assert "script" not in {tag for tag, _ in page.found}
    assert not [name for _, attributes in page.found for name in attributes if name.startswith("on")]
    assert "<script" not in text
    assert "49" not in re.findall(r"<h1>(.*?)</h1>", text)[0]


def test_names_and_shifts_never_become_paths(tmp_path: Path) -> None:
    folder = tmp_path / "inside"
    usual(folder, model="../../escaped")
    text = (folder / "records.jsonl").read_text().replace("length=8", "../../shifted")
    (folder / "records.jsonl").write_text(text)
    write_page(folder)
    assert [path.name for path in tmp_path.iterdir()] == ["inside"]
    stems = {path.stem for path in (folder / "figures").iterdir()}
    assert stems == {"learning-curves", "shifts", "training-curves"}


def test_drawn_twice_the_files_have_the_same_bytes(tmp_path: Path) -> None:
    usual(tmp_path)
    files = {}
    for _ in range(2):
        write_page(tmp_path)
        now = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
        assert not files or files == now
        files = now
    assert len([path for path in files if path.suffix in (".svg", ".png")]) == 6


def test_a_page_without_any_rows_is_still_a_page(tmp_path: Path) -> None:
    write(tmp_path, comparison(entry("mamba"), environments=()), [])
    _, page = read(tmp_path)
    assert "Nothing has been measured yet." in page.words


def test_numbers_that_were_not_finite_do_not_break_the_page(tmp_path: Path) -> None:
    usual(tmp_path)
    path = tmp_path / "records.jsonl"
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    broken = [row | {"value": None, "low": None, "high": None} if row["predictor"] == "mamba" else row for row in lines]
    path.write_text("".join(json.dumps(row) + "\n" for row in broken))
    _, page = read(tmp_path)
    assert "transformer" in page.words


def test_the_records_of_an_evaluation_make_a_page(tmp_path: Path) -> None:
    task = LinearRegression(dim=2, length=6)
    models = [ToyNetwork(), ToyNetwork()]
    curves = learning_curve([*models, LeastSquares(), Averaging()], task, num_prompts=40, seeds=[0, 1, 0, 0])
    predictors = (entry("toy"), entry("least_squares", "baseline"), entry("averaging", "baseline"))
    described = comparison(*predictors, task=task.to_json(), seeds=(0, 1))
    _, page = read(write(tmp_path, described, curves.records()))
    for words in (
        "toy is not clearly better than always saying zero",
        "error / zero,after 4",
        "error / zero,after 5",
        "Means over 2 trainings",
    ):
        assert words in page.words


def test_a_folder_without_a_comparison_is_left_as_it_was(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no comparison in"):
        write_page(tmp_path)
    assert list(tmp_path.iterdir()) == []
