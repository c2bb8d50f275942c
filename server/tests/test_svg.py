# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Which SVG images are only drawings."""

from __future__ import annotations

import pytest
from django.utils.translation import override

from modoboa_virtualhosts.svg import ActiveContentError, check_svg

SVG_DTD = '"-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd"'
SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"{0}>{1}</svg>'


def svg(inside: str = "", attributes: str = "") -> bytes:
    return SVG.format(attributes, inside).encode()


@pytest.mark.parametrize(
    "image",
    [
        svg(),
        b"\xef\xbb\xbf" + svg("<rect width='1' height='1' fill='url(#g)'/>"),
        b'<?xml version="1.0"?><!-- made by hand -->'
        + f"<!DOCTYPE svg PUBLIC {SVG_DTD}>".encode()
        + svg("<path d='M0 0'/>"),
        b'<!DOCTYPE svg SYSTEM "about:legacy-compat">' + svg(),
        b"<!DOCTYPE svg>" + svg(),
        svg("<defs><linearGradient id='g'/></defs><use xlink:href='#g'/><use href='#g'/>"),
        svg("<style>.a{fill:#1565c0;clip-path:url('#g')}</style>"),
        svg("<image href='data:image/png;base64,iVBORw0KGgo='/>"),
        svg(
            "<metadata><rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#'>"
            "<rdf:li rdf:resource='x'/></rdf:RDF></metadata>"
        ),
        svg(
            "<g inkscape:export-filename='C:\\logo.png'/>",
            " xmlns:inkscape='http://www.inkscape.org/namespaces/inkscape'",
        ),
        svg("<path d='M0 0'/>").decode().encode("utf-16"),
    ],
)
def test_drawings(image: bytes) -> None:
    check_svg(image)


@pytest.mark.parametrize(
    "image",
    [
        b"<svg",
        b"<html xmlns='http://www.w3.org/1999/xhtml'/>",
        b"<svg/>",
        svg("<script>alert(1)</script>"),
        svg("<SCRIPT>alert(1)</SCRIPT>"),
        svg("<x:script xmlns:x='http://www.w3.org/1999/xhtml'>alert(1)</x:script>"),
        svg("<foreignObject><p xmlns='http://www.w3.org/1999/xhtml'/></foreignObject>"),
        svg("<a href='https://elsewhere.test'/>"),
        svg("<animate attributeName='href' to='javascript:alert(1)'/>"),
        svg("<set attributeName='onload' to='alert(1)'/>"),
        svg("", " onload='alert(1)'"),
        svg("<g ONCLICK='alert(1)'/>"),
        svg("<use href='https://elsewhere.test/x.svg#a'/>"),
        svg("<use xlink:href='data:image/svg+xml;base64,PHN2Zz4='/>"),
        svg("<image href='//elsewhere.test/pixel.png'/>"),
        svg("<image href='data:image/svg+xml;base64,PHN2Zz4='/>"),
        svg("<image href='data:image/png;base64,iVBO' xml:base='https://elsewhere.test/'/>"),
        svg("<rect fill='url(https://elsewhere.test/#g)'/>"),
        svg("<rect fill='u\\72l(https://elsewhere.test/#g)'/>"),
        svg("<rect style='background:url(\"https://elsewhere.test/\")'/>"),
        svg("<rect style='behavior: url(#x)'/>"),
        svg("<rect style='background:image-set(\"https://elsewhere.test/x\" 1x)'/>"),
        svg("<rect fill='image(\"elsewhere\")'/>"),
        svg("<style>a{background:image-set('/elsewhere' 1x)}</style>"),
        svg("<style>a{b:'//elsewhere.test'}</style>"),
        svg("<style>@import 'https://elsewhere.test/x.css';</style>"),
        svg("<style>a{b:c}<![CDATA[@font-face{src:url(https://elsewhere.test/)}]]></style>"),
        b'<?xml-stylesheet href="https://elsewhere.test/x.css"?>' + svg(),
        b'<!DOCTYPE svg [<!ENTITY a "b">]>' + svg("&a;"),
        b'<!DOCTYPE svg [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + svg("&a;"),
    ],
)
def test_more_than_drawings(image: bytes) -> None:
    with pytest.raises(ActiveContentError):
        check_svg(image)


# What follows a reference like %x; the parser here leaves unread, and some browsers do not
@pytest.mark.parametrize(
    "doctype",
    [
        'SYSTEM "about:legacy-compat" [ %x; <!ATTLIST svg onload CDATA "run()"> ]',
        'SYSTEM "about:legacy-compat" [ %x; <!ENTITY a "b"> ]',
        f'PUBLIC {SVG_DTD} [ <!ATTLIST svg onload CDATA "run()"> ]',
        f'PUBLIC {SVG_DTD} [ <!ENTITY ns_svg "http://www.w3.org/2000/svg"> ]',
        "[ <!ELEMENT svg ANY> ]",
        "[]",
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_declarations_of_its_own(doctype: str, encoding: str) -> None:
    image = f"<!DOCTYPE svg {doctype}>{svg().decode()}".encode(encoding)
    with override("en"), pytest.raises(ActiveContentError, match=r"declares .* plain SVG"):
        check_svg(image)


def test_names_of_characters_that_only_browsers_know() -> None:
    """The parser here leaves them out of attributes, and sees '#a' alone."""
    xhtml = '"-//W3C//DTD XHTML 1.1//EN" "http://www.w3.org/TR/xhtml11/DTD/xhtml11.dtd"'
    image = svg("<image href='&sol;&sol;&efr;&period;&tfr;&efr;&sfr;&tfr;&sol;#a'/>").decode()
    with override("en"), pytest.raises(ActiveContentError, match=r"declares .* plain SVG"):
        check_svg(f"<!DOCTYPE svg PUBLIC {xhtml}>{image}".encode())
