"""HTML pages that are one file: everything that others chose is escaped, and nothing is loaded from elsewhere."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

_IDENTIFIERS = re.compile(r'(\bid="|\bhref="#|url\(#)')


def environment(package: str) -> Environment:
    """Templates among the files of a package, with every value escaped and a missing one an error."""
    from jinja2 import Environment, FunctionLoader, StrictUndefined

    return Environment(
        autoescape=True,
        loader=FunctionLoader(lambda name: text(package, name)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def text(package: str, name: str) -> str:
    """A file that is shipped in a package."""
    return files(package).joinpath(name).read_text("utf-8")


def inline_svg(image: bytes, *, prefix: str) -> Markup:
    """An SVG image of matplotlib's as an element of a page, for whose texts matplotlib has escaped what they hold.

    Args:
        prefix: of its identifiers, which must differ among the images of a page.
    """
    from markupsafe import Markup

    _, _, element = image.decode().partition("<svg ")
    return Markup(_IDENTIFIERS.sub(rf"\g<1>{prefix}-", f"<svg {element}"))
