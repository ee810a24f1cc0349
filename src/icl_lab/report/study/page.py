"""The page of a study: the verdicts first, then the marks, then every part with its learning curves."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from markupsafe import Markup

from icl_lab.core.errors import UserError
from icl_lab.core.files import write_atomic
from icl_lab.report.comparison.drawn import draw_figures
from icl_lab.report.comparison.folder import COMPARISON, read_comparison
from icl_lab.report.comparison.held_out import held_out_figure
from icl_lab.report.comparison.page import PAGE, write_page
from icl_lab.report.drawing.pictures import inline_svg
from icl_lab.report.probe.data import PROBE, PROBING, read_probe
from icl_lab.report.probe.words import conclusion as conclusion_inside
from icl_lab.report.rendering import render_template
from icl_lab.report.study.data import FoundPart, FoundStudy, read_study
from icl_lab.report.study.figures.drawing import draw_study_figures
from icl_lab.report.study.tables import Pair, as_published_words, conclusion, marks_of, scores_of

CLASSES = {"holds": "holds", "does not hold": "fails", "undecided": "open"}


@dataclass(frozen=True)
class Inside:
    """A page about the inside of a model.

    Args:
        label: The model.
        page: Its address, seen from the page of the study.
        said: What came out, a sentence for each training of which something can be said.
    """

    label: str
    page: str
    said: tuple[str, ...]


@dataclass(frozen=True)
class DrawnPart:
    """A part as the page shows it.

    Args:
        name: Its folder.
        title: What it is about.
        trained: Trainings that are finished.
        trainings: Trainings that there are to be.
        reduced: What is not as at the paper scale.
        svg: Its learning curves; empty where nothing was evaluated yet.
        training: Its errors on held-out prompts during training; empty where there are none.
        inside: Pages about the inside of its models.
        note: What of the task is not as published or not known.
    """

    name: str
    title: str
    trained: int
    trainings: int
    reduced: str = ""
    svg: Markup = Markup("")
    training: Markup = Markup("")
    inside: tuple[Inside, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Beside:
    """A table of ours beside what is published: part -> model -> both."""

    title: str
    source: str
    note: str
    rows: tuple[tuple[str, dict[str, Pair]], ...]

    @property
    def models(self) -> list[str]:
        """The columns."""
        return list(dict.fromkeys(model for _, cells in self.rows for model in cells))

    @property
    def published(self) -> set[str]:
        """The models of which something is published."""
        return {model for _, cells in self.rows for model, (_, published) in cells.items() if published}


def write_study_page(folder: Path) -> Path:
    """Draw the page of a study; returns the path of `index.html`.

    Args:
        folder: Where `study.json` and the folders of the parts are.

    Raises:
        UserError: There is no study in the folder.
        DamagedFile: A file cannot be read.
    """
    study = read_study(folder)
    page = folder / PAGE
    text = render_template(
        "study.html.j2",
        study=study,
        conclusion=conclusion(study),
        tables=_tables(study),
        classes=CLASSES,
        as_published_words=as_published_words,
        figures=draw_study_figures(folder, study.figures),
        parts=[_drawn(folder, part) for part in study.parts],
    )
    write_atomic(page, text.encode())
    return page


def write_study_pages(folder: Path) -> Path:
    """Draw the page of a study and those of its parts; returns the path of the former.

    Raises:
        UserError: There is no study in the folder.
        DamagedFile: A file cannot be read.
    """
    for part in read_study(folder).parts:
        if (folder / part.name / COMPARISON).is_file():
            write_page(folder / part.name)
    return write_study_page(folder)


def _tables(study: FoundStudy) -> list[Beside]:
    marked = tuple((part.name, marks_of(part)) for part in study.parts if part.published_marks)
    scored = tuple((part.name, scores_of(part)) for part in study.parts if part.published_scores)
    found = []
    if marked:
        note = (
            "Ours count the whole prompt. ok: at least 0.95 of the best model's gain over the zero predictor; fail: "
            "less than a quarter of it, or the best gain is below 0.1; gap: between. Several marks: one for each "
            "training. After a short training a fail of ours says that a model is not there yet; published ones say "
            "that it does not get there. -: not measured, or nobody has learned the task by the bound of its claims."
        )
        found.append(Beside("Marks", study.marks_source, note, marked))
    if scored:
        note = "One number for each training: the gain over the zero predictor, in units of that of a named predictor."
        found.append(Beside("Scores", study.scores_source, note, scored))
    return found


def _drawn(folder: Path, part: FoundPart) -> DrawnPart:
    try:
        comparison = read_comparison(folder / part.name)
    except UserError:  # not evaluated yet
        inside = _inside(folder, part.name)
        return DrawnPart(part.name, part.title, part.trained, part.trainings, inside=inside, note=part.note)
    # The name of the part keeps the ids inside the pictures apart.
    figure = draw_figures(comparison).get("learning")
    svg = inline_svg(figure.picture, f"{part.name}-{figure.stem}", f"{part.title}. {figure.caption}") if figure else ""
    held_out = held_out_figure(comparison)
    said = f"{part.title}. Error on held-out prompts during training, a line for each training."
    training = inline_svg(held_out, f"{part.name}-held-out", said) if held_out else ""
    return DrawnPart(
        part.name, part.title, part.trained, part.trainings, comparison.reduced, Markup(svg), Markup(training),
        _inside(folder, part.name), part.note,
    )  # fmt: skip


def _inside(folder: Path, part: str) -> tuple[Inside, ...]:
    """A page for each model of the part that was looked into."""
    found = []
    for page in sorted((folder / part / PROBING).glob(f"*/{PAGE}")):
        if (page.parent / PROBE).is_file():
            probe = read_probe(page.parent)
            address = quote(page.relative_to(folder).as_posix())
            said = tuple(filter(None, (conclusion_inside(probe, network) for network in probe.networks)))
            found.append(Inside(probe.networks[0].label, address, said))
    return tuple(found)
