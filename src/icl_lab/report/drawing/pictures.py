"""Pictures as files: SVG and PNG, the same bytes each time, and SVG to be put into the page."""

import io
import re
from typing import Any

from matplotlib.figure import Figure

from icl_lab.report.drawing.style import FONT, LIGHT, drawing_settings

# Dates, versions and creators would change the bytes from one day or machine to the next.
_NO_METADATA: dict[str, dict[str, Any]] = {
    "svg": {"Date": None, "Creator": None, "Format": None, "Type": None},
    "png": {"Software": None},
}


def picture_bytes(picture: Figure, kind: str) -> bytes:
    """The picture as `"svg"`, with outlined letters that look the same everywhere, or as `"png"`."""
    return _saved(picture, kind, "path")


def inline_svg(picture: Figure, name: str, words: str) -> str:
    """The picture as an SVG element for the page: words are words, colours are CSS variables of light and dark.

    Args:
        picture: Drawn in the light theme.
        name: Made part of every id, so that several pictures live in one document. Letters and dashes.
        words: Read aloud in place of the picture.
    """
    text = _saved(picture, "svg", "none").decode()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>|<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r'\bid="', f'id="{name}-', text)
    text = re.sub(r'(href="#|url\(#)', rf"\g<1>{name}-", text)
    text = re.sub(r"<svg [^>]*>", lambda tag: _opening(tag[0], words), text, count=1, flags=re.DOTALL)
    text = text.replace(f"'{FONT}'", "var(--font)")
    for variable, colour in LIGHT.variables().items():
        text = text.replace(colour, f"var({variable})")
    return text


def _opening(tag: str, words: str) -> str:
    """The opening tag without fixed size, so that the page decides, and with the words for those who cannot see."""
    box = re.search(r'viewBox="([\d. -]+)"', tag)
    assert box is not None
    said = words.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
        f' viewBox="{box[1]}" role="img" aria-label="{said}">'
    )


def _saved(picture: Figure, kind: str, letters: str) -> bytes:
    buffer = io.BytesIO()
    with drawing_settings(svg__hashsalt="icl-lab", svg__fonttype=letters):
        picture.savefig(buffer, format=kind, metadata=_NO_METADATA[kind], facecolor=picture.get_facecolor())
    return buffer.getvalue()
