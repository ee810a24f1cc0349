"""A figure on a page."""

from dataclasses import dataclass

from markupsafe import Markup

from icl_lab.report.drawing.axes import Picture
from icl_lab.report.drawing.pictures import inline_svg


@dataclass(frozen=True)
class Drawn:
    """A figure on the page: the stem of its files, its heading, its caption and the picture."""

    stem: str
    heading: str
    caption: str
    picture: Picture

    @property
    def svg(self) -> Markup:
        """For the page; safe, since matplotlib escapes what it writes."""
        return Markup(inline_svg(self.picture, self.stem, f"{self.heading}. {self.caption}"))
