"""How demonstrations and a query become text.

The published template (Hendel et al. 2023, taken over by Grazzi et al. 2024): a line `example:{input}->{output}` for
each demonstration, then `example:{input}->`; no instruction before them, no mark of a beginning.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from icl_lab.core.errors import UnknownName, UserError
from icl_lab.core.specs import Spec
from icl_lab.language.base import Pair

INPUT, OUTPUT = "{input}", "{output}"


@dataclass(frozen=True, kw_only=True)
class Template(Spec):
    """The text of a demonstration.

    Args:
        line: With `{input}`, and with `{output}` at its end.
        separator: Between demonstrations.
        spaces: By rule, as published: in front of inputs and outputs, where enough outputs are single tokens with a
            space (`filter.py`). Or always in front of outputs, where the line has its own before inputs.
    """

    line: str = "example:{input}->{output}"
    separator: str = "\n"
    spaces: Literal["by rule", "before outputs"] = "by rule"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.line.count(INPUT) != 1 or self.line.count(OUTPUT) != 1 or not self.line.endswith(OUTPUT):
            raise UserError(f"template: expected a line with {INPUT} that ends with {OUTPUT}, got {self.line!r}")
        if "\n" not in self.separator:
            raise UserError(f"template: expected a line break between demonstrations, got {self.separator!r}")

    @property
    def opening(self) -> str:
        """What every query begins with, up to the input and the space before it."""
        return self.line.partition(INPUT)[0].rstrip(" ")

    def demonstrations(self, pairs: Sequence[Pair], *, spaced: bool) -> str:
        r"""The text before a query, its separator included; empty without demonstrations.

        >>> Template().demonstrations([Pair("a", ("b",)), Pair("c", ("d",))], spaced=False)
        'example:a->b\nexample:c->d\n'
        """
        return "".join(self.query(pair.input, spaced=spaced) + self._output(pair, spaced) for pair in pairs)

    def query(self, given: str, *, spaced: bool) -> str:
        """The text of a query, which ends where the output would begin.

        >>> Template().query("be", spaced=True)
        'example: be->'
        """
        before = " " if spaced and self.spaces == "by rule" else ""
        return self.line.removesuffix(OUTPUT).replace(INPUT, before + given)

    def _output(self, pair: Pair, spaced: bool) -> str:
        return (" " if spaced else "") + pair.output + self.separator


TEMPLATES: Mapping[str, Template] = MappingProxyType(
    {
        "published": Template(),
        "arrow": Template(line="{input} ->{output}", spaces="before outputs"),
        "equals": Template(line="{input} ={output}", spaces="before outputs"),
        "question": Template(line="Q: {input}\nA:{output}", separator="\n\n", spaces="before outputs"),
    }
)


def read_template(text: str) -> Template:
    """A template by its name, or by its line.

    Raises:
        UnknownName: It has no `{input}` and is no name.
    """
    if INPUT in text or OUTPUT in text:
        spaces: Literal["by rule", "before outputs"] = "before outputs"
        return Template(line=text.replace("\\n", "\n").replace(f" {OUTPUT}", OUTPUT), spaces=spaces)
    if text not in TEMPLATES:
        raise UnknownName("template", text, TEMPLATES)
    return TEMPLATES[text]
