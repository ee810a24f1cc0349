"""Templates: the published one letter by letter, and those that are refused."""

import pytest

from icl_lab.core.errors import UserError
from icl_lab.language.base import Pair
from icl_lab.language.prompts.templates import TEMPLATES, Template, read_template


def test_the_published_prompt_letter_by_letter() -> None:
    shown = [Pair("go", ("went",)), Pair("be", ("was", "were"))]
    template = Template()
    assert template.demonstrations(shown, spaced=True) + template.query("see", spaced=True) == (
        "example: go-> went\nexample: be-> was\nexample: see->"
    )
    assert template.query("c", spaced=False) == "example:c->"
    assert template.demonstrations([], spaced=True) == ""


@pytest.mark.parametrize("name", TEMPLATES)
def test_every_template_ends_where_the_output_begins(name: str) -> None:
    template = TEMPLATES[name]
    query = template.query("see", spaced=True)
    assert template.demonstrations([Pair("see", ("saw",))], spaced=True) == f"{query} saw{template.separator}"
    assert not query.endswith(" ")


@pytest.mark.parametrize("line", ["{input}", "{output}{input}", "{input}{input}{output}", "{input}->{output}."])
def test_a_template_without_its_output_at_the_end_is_refused(line: str) -> None:
    with pytest.raises(UserError, match="expected a line with"):
        Template(line=line)


def test_a_template_of_ones_own() -> None:
    assert read_template("word {input} is {output}").query("x", spaced=True) == "word x is"
