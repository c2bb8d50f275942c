# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Which SVG images are only drawings."""

from __future__ import annotations

import pytest

from modoboa_virtualhosts.svg import ActiveContentError, check_svg

SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"{0}>{1}</svg>'


def svg(inside: str = "", attributes: str = "") -> bytes:
    return SVG.format(attributes, inside).encode()


@pytest.mark.parametrize(
    "image",
    [
        svg(),
        b"\xef\xbb\xbf" + svg("<rect width='1' height='1' fill='url(#g)'/>"),
        b'<?xml version="1.0"?><!-- made by hand --><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN"'
        b' "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">' + svg("<path d='M0 0'/>"),
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
