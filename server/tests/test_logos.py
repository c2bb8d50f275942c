# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""Uploading and clearing logos through the API."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from people import A, virtual_host
from PIL import Image

if TYPE_CHECKING:
    from people import People
    from rest_framework.test import APIClient

pytestmark = pytest.mark.django_db

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><path d="M0 0"/></svg>'


def picture(kind: str = "PNG", color: str = "red", size: tuple[int, int] = (8, 4)) -> bytes:
    content = io.BytesIO()
    Image.new("RGB", size, color).save(content, kind)
    return content.getvalue()


def files() -> list[str]:
    root = Path(settings.MEDIA_ROOT)
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


class Logos:
    """The logo endpoint of one virtual host."""

    def __init__(self, api: APIClient, pk: int, commit: Any) -> None:
        self.api, self.commit = api, commit
        self.url = f"/api/v2/virtualhosts/{pk}/theme_logo/"
        self.theme_url = f"/api/v2/virtualhosts/{pk}/theme/"

    def upload(self, content: bytes, kind: str = "login", name: str = "logo.png") -> Any:
        with self.commit(execute=True):
            return self.api.post(
                self.url, {"logo_type": kind, "image": SimpleUploadedFile(name, content)}
            )

    def clear(self, kind: str) -> Any:
        with self.commit(execute=True):
            return self.api.delete(f"{self.url}?logo_type={kind}")

    def theme(self) -> Any:
        return self.api.get(self.theme_url).json()


@pytest.fixture
def logos(api: APIClient, people: People, django_capture_on_commit_callbacks: Any) -> Logos:
    return Logos(api, people.host_a.pk, django_capture_on_commit_callbacks)


@pytest.mark.parametrize(
    ("content", "extension"),
    [
        (picture("PNG"), "png"),
        (picture("JPEG"), "jpg"),
        (picture("WEBP"), "webp"),
        (SVG, "svg"),
    ],
)
def test_upload(logos: Logos, content: bytes, extension: str) -> None:
    """The kind is told from the content, and the client finds its own bytes by their digest."""
    response = logos.upload(content, "menu", "whatever.exe")
    assert response.status_code == 200
    url = response.json()["url"]
    assert response.json()["logo_type"] == "menu"
    assert url.startswith("/media/virtualhosts/")
    assert url.endswith(f".{extension}")
    assert (Path(settings.MEDIA_ROOT) / url.removeprefix("/media/")).read_bytes() == content
    theme = logos.theme()
    assert theme["theme_menu_logo_url"] == url
    assert theme["theme_login_logo_url"] == ""
    digest = hashlib.sha256(content).hexdigest()
    assert theme["logo_digests"] == {
        "login": None,
        "menu": digest,
        "creation_form": None,
        "favicon": None,
    }


def test_a_jpeg_with_two_pictures(logos: Logos) -> None:
    """As telephones make them; the decoder has another name for these."""
    content = io.BytesIO()
    pictures = [Image.new("RGB", (8, 4), color) for color in ("red", "blue")]
    pictures[0].save(content, "MPO", save_all=True, append_images=pictures[1:])
    assert logos.upload(content.getvalue()).json()["url"].endswith(".jpg")


def test_replace_removes_the_old_file(logos: Logos) -> None:
    first = logos.upload(picture(color="red")).json()["url"]
    logos.upload(picture(color="red"), "menu")
    second = logos.upload(picture(color="blue")).json()["url"]
    assert first != second
    assert len(files()) == 2
    assert logos.theme()["theme_login_logo_url"] == second


def test_upload_of_the_same(logos: Logos) -> None:
    first = logos.upload(picture()).json()["url"]
    assert logos.upload(picture()).json()["url"] == first
    assert len(files()) == 1


def test_a_lost_file_is_put_back(logos: Logos) -> None:
    url = logos.upload(picture()).json()["url"]
    (Path(settings.MEDIA_ROOT) / files()[0]).unlink()
    assert logos.upload(picture()).json()["url"] == url
    assert len(files()) == 1


def test_clear(logos: Logos) -> None:
    logos.upload(picture())
    assert logos.clear("login").status_code == 204
    assert files() == []
    assert logos.theme()["theme_login_logo_url"] == ""
    assert logos.clear("login").status_code == 204


def test_deleting_the_virtual_host_removes_its_files(logos: Logos, people: People) -> None:
    logos.upload(picture())
    logos.upload(picture(), "menu")
    with logos.commit(execute=True):
        logos.api.delete(f"/api/v2/virtualhosts/{people.host_a.pk}/")
    assert files() == []


@pytest.mark.parametrize("kind", ["", "icon", "../login"])
def test_unknown_logo_type(logos: Logos, kind: str) -> None:
    assert logos.upload(picture(), kind).json().keys() == {"logo_type"}
    response = logos.clear(kind)
    assert response.status_code == 400
    assert response.json().keys() == {"logo_type"}


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"GIF89a",
        b"\x89PNG\r\n\x1a\n and no more",
        picture("PNG")[:45],
        picture("GIF"),
        picture("BMP"),
        b"<html><script>alert(1)</script></html>",
        SVG.replace(b"<path", b"<script/><path"),
    ],
)
def test_refused_content(logos: Logos, content: bytes) -> None:
    response = logos.upload(content)
    assert response.status_code == 400
    assert response.json().keys() == {"image"}
    assert files() == []


def test_too_large(logos: Logos, settings: Any) -> None:
    settings.MODOBOA_VIRTUALHOSTS_LOGO_MAX_BYTES = 100
    settings.MODOBOA_VIRTUALHOSTS_LOGO_MAX_PIXELS = 8
    assert logos.upload(SVG).status_code == 200
    assert "100 bytes" in logos.upload(SVG + b" " * 100).json()["image"][0]
    settings.MODOBOA_VIRTUALHOSTS_LOGO_MAX_BYTES = 10_000
    assert logos.upload(picture(size=(8, 8))).status_code == 200
    assert "8 pixels" in logos.upload(picture(size=(8, 9))).json()["image"][0]


def test_a_name_never_leaves_the_media_folder(logos: Logos) -> None:
    logos.upload(picture(), name="../../../../tmp/evil.png")
    (name,) = files()
    assert name == virtual_host(A).login_logo.name
    assert name.startswith("virtualhosts/")
