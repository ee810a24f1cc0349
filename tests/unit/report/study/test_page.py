"""What is said of a study is what its file holds; the file comes back as it was written."""

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from icl_lab.core.errors import DamagedFile, UserError
from icl_lab.core.records import Record, write_records
from icl_lab.report.probe.data import Looked, Probe, write_probe
from icl_lab.report.study.data import (
    FoundClaim,
    FoundPart,
    FoundRecipe,
    FoundStatement,
    FoundStudy,
    read_study,
    write_study,
)
from icl_lab.report.study.page import write_study_page
from icl_lab.report.study.tables import claims_table, conclusion, marks_table, scores_table

STATEMENTS = tuple(
    FoundStatement(words=f"error of [a] on {name} is at most 1", figure="0.5 (0.4 to 0.6)", outcome="holds")
    for name in ("one", "two", "three")
)

INSIDE = Looked(run="r", label="mamba", blocks=("mamba", "mamba"))

RECIPE = FoundRecipe(
    models=("mamba", "s4"), optimiser="adam at 0.0123", curriculum="dims 5 to 20 by step 150",
    training="4,000 of 64 prompts", searched="for park2024 linear regression", published="adam at 0.0001",
)  # fmt: skip


def study(scale: str = "small", trained: int = 4) -> FoundStudy:
    claims = (
        FoundClaim(id="C1", sentence="A <b> holds.", source="s", outcome="holds", statements=STATEMENTS,
                   deciding=STATEMENTS, as_published="undecided", as_published_in=("one_part", "two"),
                   as_published_deciding=STATEMENTS[:1]),
        FoundClaim(id="C2", sentence="It fails.", source="s", outcome="does not hold", statements=(), published="0.3"),
    )  # fmt: skip
    part = FoundPart(
        name="one",
        title="First part",
        note="Queries: <i>ours</i>.",
        trained=trained,
        trainings=4,
        marks={"mamba": ("ok", "gap")},
        published_marks={"mamba": "fail", "s4": "ok"},
        scores={"mamba": (0.5, 0.75)},
        published_scores={"mamba": 0.832},
        recipes=(RECIPE,),
    )
    return FoundStudy(
        name="toy", title="Toy", question="Why?", source="P", scale=scale, parts=(part,), claims=claims,
        marks_source="table 1", scores_source="table 3",
    )  # fmt: skip


def printed(shown: object, width: int = 80) -> str:
    console = Console(file=StringIO(), width=width)
    console.print(shown)
    return console.file.getvalue()  # type: ignore[attr-defined]


def test_a_study_comes_back_as_it_was_written(tmp_path: Path) -> None:
    write_study(tmp_path, study())
    assert read_study(tmp_path) == study()


def test_a_file_that_is_no_study_is_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no study in"):
        read_study(tmp_path)
    (tmp_path / "study.json").write_text('{"parts": 3}')
    with pytest.raises(DamagedFile, match="no study"):
        read_study(tmp_path)


def test_the_conclusion_counts_claims_and_says_what_is_missing() -> None:
    assert conclusion(study()) == "Of 2 claims 1 holds and 1 does not hold at scale small."
    assert "3 of 4 trainings are done" in conclusion(study(trained=3))


def test_smoke_concludes_nothing() -> None:
    assert "holds" not in conclusion(study("smoke"))


def test_claims_fit_80_columns_and_nothing_in_them_is_markup() -> None:
    said = printed(claims_table(study()))
    assert max(map(len, said.splitlines())) <= 80
    assert "error of [a] on one is at most 1: 0.5 (0.4 to 0.6)" in " ".join(said.split())
    assert "and 1 more" in said
    assert "with the published optimiser on one part and two: undecided" in " ".join(said.split())


def test_ours_stands_beside_what_is_published() -> None:
    assert "ok, gap (fail)" in printed(marks_table(study()))
    assert "- (ok)" in printed(marks_table(study()))
    assert "0.500, 0.750 (0.832)" in printed(scores_table(study()))


def test_the_page_shows_parts_without_rows_and_escapes_names(tmp_path: Path) -> None:
    write_study(tmp_path, study())
    page = write_study_page(tmp_path).read_text()
    assert "A &lt;b&gt; holds." in page
    assert "First part" in page
    assert "Queries: &lt;i&gt;ours&lt;/i&gt;." in page
    assert 'href="one/index.html"' not in page  # nothing is there yet


def test_the_page_shows_both_verdicts_with_what_each_rests_on(tmp_path: Path) -> None:
    write_study(tmp_path, study())
    page = write_study_page(tmp_path).read_text()
    assert (
        page.count('<span class="verdict open">undecided</span> with the published optimiser on one part and two') == 1
    )
    after = page.partition("with the published optimiser on one part and two")[2].partition("<details>")[0]
    assert after.count("0.5 (0.4 to 0.6)") == 1


def test_ours_and_the_published_mark_have_a_column_each(tmp_path: Path) -> None:
    write_study(tmp_path, study())
    page = write_study_page(tmp_path).read_text()
    assert '<td class="ours other">ok, gap</td><td>fail</td>' in page
    assert '<td class="ours">-</td><td>ok</td>' in page  # not measured is no disagreement
    assert '<td class="ours other">0.500, 0.750</td><td>0.832</td>' in page


def test_the_page_says_how_each_model_was_trained_and_where_that_was_searched(tmp_path: Path) -> None:
    write_study(tmp_path, study())
    page = write_study_page(tmp_path).read_text()
    row = page.partition("adam at 0.0123")[2].partition("</tr>")[0]
    for words in (
        "dims 5 to 20 by step 150",
        "4,000 of 64 prompts",
        "for park2024 linear regression",
        "adam at 0.0001",
    ):
        assert words in row


def test_the_page_leads_to_what_was_found_inside_the_models_and_only_where_there_is_a_page(tmp_path: Path) -> None:
    write_study(tmp_path, study())
    for label, written in (("mamba(num_blocks=2)", True), ("s4", False)):
        folder = tmp_path / "one" / "probing" / label
        write_probe(folder, Probe(task={}, metric="error", zero_error=1.0, networks=(INSIDE,)))
        rows = ((0, 0.9), (1, 0.25))
        write_records(
            folder / "records.jsonl",
            [Record(run="r", predictor="a", task="", metric="layer_plain_error", block=b, value=v) for b, v in rows],
        )
        if written:
            (folder / "index.html").write_text("")
    page = write_study_page(tmp_path).read_text()
    assert 'href="one/probing/mamba%28num_blocks%3D2%29/index.html"' in page
    said = page.partition("Looked inside")[2].partition("</ul>")[0]
    assert "below half of the zero predictor" in said
    assert "from block 1 on" in said
    assert said.count("<li>") == 1
    assert "s4/index.html" not in page


def test_the_page_says_what_was_found_inside_each_training_of_a_model(tmp_path: Path) -> None:
    write_study(tmp_path, study())
    folder = tmp_path / "one" / "probing" / "mamba"
    trainings = [Looked(run=run, label="mamba", blocks=("mamba", "mamba")) for run in ("first", "second")]
    write_probe(folder, Probe(task={}, metric="error", zero_error=1.0, networks=tuple(trainings)))
    errors = {"first": (0.9, 0.25), "second": (0.3, 0.25)}
    write_records(
        folder / "records.jsonl",
        [
            Record(run=run, predictor="a", task="", metric="layer_plain_error", block=block, value=value)
            for run, values in errors.items()
            for block, value in enumerate(values)
        ],
    )
    (folder / "index.html").write_text("")
    said = write_study_page(tmp_path).read_text().partition("Looked inside")[2].partition("</ul>")[0]
    assert "from block 1 on" in said
    assert "from block 0 on" in said
