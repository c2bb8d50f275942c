# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""SVG images, as long as nothing in them is active.

Browsers run what is in an SVG when its address is opened directly, with the rights of the portal
it is served from. So this lists what a drawing needs and refuses everything else, rather than
looking for what is known to be dangerous.
"""

from __future__ import annotations

import re
from typing import Any

from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException, DTDForbidden
from django.utils.translation import gettext as _

_SVG = "{http://www.w3.org/2000/svg}"
_ELEMENTS = frozenset(
    (
        *("svg", "g", "defs", "symbol", "use", "switch", "title", "desc", "metadata", "view"),
        *("style", "path", "rect", "circle", "ellipse", "line", "polyline", "polygon"),
        *("text", "tspan", "textPath", "image", "linearGradient", "radialGradient", "stop"),
        *("pattern", "clipPath", "mask", "marker", "filter", "feBlend", "feColorMatrix"),
        *("feComponentTransfer", "feComposite", "feConvolveMatrix", "feDiffuseLighting"),
        *("feDisplacementMap", "feDistantLight", "feDropShadow", "feFlood", "feFuncA"),
        *("feFuncB", "feFuncG", "feFuncR", "feGaussianBlur", "feImage", "feMerge"),
        *("feMergeNode", "feMorphology", "feOffset", "fePointLight", "feSpecularLighting"),
        *("feSpotLight", "feTile", "feTurbulence"),
    )
)
# What drawing programs leave behind about themselves; browsers make nothing of it
_INERT_NAMESPACES = (
    "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}",
    "{http://purl.org/dc/elements/1.1/}",
    "{http://creativecommons.org/ns#}",
    "{http://web.resource.org/cc/}",
    "{http://www.inkscape.org/namespaces/inkscape}",
    "{http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd}",
)
_INSIDE = re.compile(r"#\S*\Z")
_EMBEDDED_IMAGE = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*\Z")
# An escape can spell any word. Style sheets are parsed in attributes such as fill, too.
_CSS_ELSEWHERE = re.compile(
    r"\\|url\((?!\s*[\"']?\s*#)|\b(image-set|image|src|cross-fade)\(|//", re.IGNORECASE
)
_CSS_ACTIVE = re.compile(r"@|expression|javascript:|-moz-binding|behavior\s*:", re.IGNORECASE)
# For others, such as XHTML's, browsers know names of characters that the parser here does not
_DOCTYPE = "-//W3C//DTD SVG "


class ActiveContentError(ValueError):
    """The image is no SVG drawing, or there is more than a drawing in it."""


def check_svg(content: bytes) -> None:
    """Accept an SVG that draws and does nothing else.

    :param content: the file's content
    :raises ActiveContentError: something in it is active, refers to elsewhere, or is unknown
    """
    try:
        root = _parse(content)
    except DefusedXmlException:
        raise ActiveContentError(
            _(
                "The DOCTYPE of the SVG declares something, such as entities, or is not SVG's own:"
                " save the image as plain SVG, without the data of the drawing program."
            )
        ) from None
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise ActiveContentError(
            _("The SVG cannot be read: %(error)s.") % {"error": error}
        ) from None
    if root.tag != f"{_SVG}svg":
        raise ActiveContentError(_("The file is XML, but no SVG image."))
    # The parser leaves these out, browsers follow them
    if b"<?xml-stylesheet" in content.replace(b"\x00", b""):
        raise ActiveContentError(_("The SVG refers to a style sheet, which is not allowed."))
    for element in root.iter():
        _check_element(element)


class _Parser(ElementTree.DefusedXMLParser):
    """Reads what every browser reads in the same way.

    Declarations can add attributes to elements, can hide what is in a file, and can blow it up. Not
    all parsers agree on which of them count, so there may be none.
    """

    def defused_start_doctype_decl(
        self, name: str, sysid: str | None, pubid: str | None, has_internal_subset: int
    ) -> None:
        """Accept the DOCTYPE of an SVG that only refers to its definition, which nobody reads.

        :raises DTDForbidden: it declares something itself, or is another one
        """
        if has_internal_subset or not (pubid is None or pubid.startswith(_DOCTYPE)):
            raise DTDForbidden(name, sysid, pubid)


def _parse(content: bytes) -> Any:
    parser = _Parser(forbid_dtd=True, forbid_entities=True, forbid_external=True)
    parser.feed(content)
    return parser.close()


def _check_element(element: Any) -> None:
    tag = element.tag
    if tag.startswith(_INERT_NAMESPACES):
        return
    name = tag.removeprefix(_SVG)
    if name not in _ELEMENTS:
        raise ActiveContentError(
            _(
                "The SVG has an element <%(element)s>, which is not allowed in a logo: save it as"
                " plain SVG, without scripts, animations or foreign content."
            )
            % {"element": _plain(tag)}
        )
    for attribute, value in element.attrib.items():
        _check_attribute(name, attribute, value)
    if name == "style":
        _check_style("".join(element.itertext()), "<style>")


def _check_attribute(element: str, attribute: str, value: str) -> None:
    where = _("attribute %(attribute)s of <%(element)s>") % {
        "attribute": _plain(attribute),
        "element": element,
    }
    if _plain(attribute).lower() in ("href", "src", "base"):
        allowed = (_INSIDE, _EMBEDDED_IMAGE) if element in ("image", "feImage") else (_INSIDE,)
        if not any(pattern.match(value.strip()) for pattern in allowed):
            raise ActiveContentError(_outside(where))
    elif attribute.startswith("{"):
        return
    elif attribute.lower().startswith("on"):
        raise ActiveContentError(_("The SVG has an event handler: %(where)s.") % {"where": where})
    elif attribute == "style":
        _check_style(value, where)
    elif _CSS_ELSEWHERE.search(value):
        raise ActiveContentError(_outside(where))


def _check_style(text: str, where: str) -> None:
    if _CSS_ELSEWHERE.search(text) or _CSS_ACTIVE.search(text):
        raise ActiveContentError(
            _("The SVG has style that imports, runs or refers to something outside: %(where)s.")
            % {"where": where}
        )


def _outside(where: str) -> str:
    return _("The SVG refers to something outside itself: %(where)s.") % {"where": where}


def _plain(name: str) -> str:
    return name.rpartition("}")[2]
