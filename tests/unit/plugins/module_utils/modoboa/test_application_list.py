# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""MODOBOA_APPS, however somebody has written it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import application_list
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.errors import FileError
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.settings_file import (
    SettingsFile,
)

NAME = "modoboa_virtualhosts"
Read = Callable[[str], SettingsFile]
# What deploy writes for an extension that it is told of
DEPLOYED = """\
try:
    from modoboa_virtualhosts import settings as modoboa_virtualhosts_settings
    modoboa_virtualhosts_settings.apply(globals())
except AttributeError:
    from modoboa_virtualhosts.settings import *  # noqa
"""
WAYS = {
    "as deploy writes it": (
        "MODOBOA_APPS = (\n    'a',\n    # Modoboa extensions here.\n\n\n)\nX = 1\n",
        "MODOBOA_APPS = (\n    'a',\n    # Modoboa extensions here.\n    'modoboa_virtualhosts',\n\n\n)\nX = 1\n",
    ),
    "without a comma, with a comment": (
        "MODOBOA_APPS = [\n  'a',\n  'b'  # the last, really\n]\n",
        "MODOBOA_APPS = [\n  'a',\n  'b',  # the last, really\n  'modoboa_virtualhosts',\n]\n",
    ),
    "on one line": (
        "MODOBOA_APPS = ('a', 'b')  # é\n",
        "MODOBOA_APPS = ('a', 'b', 'modoboa_virtualhosts',)  # é\n",
    ),
    "the bracket behind the last": (
        "MODOBOA_APPS = ('a',\n                'b',)\n",
        "MODOBOA_APPS = ('a',\n                'b', 'modoboa_virtualhosts',)\n",
    ),
    "empty": ("MODOBOA_APPS = ()\n", "MODOBOA_APPS = ('modoboa_virtualhosts',)\n"),
    "with the line ends of Windows": (
        "MODOBOA_APPS = (\r\n    'a',\r\n)\r\n",
        "MODOBOA_APPS = (\r\n    'a',\r\n    'modoboa_virtualhosts',\r\n)\r\n",
    ),
    "with tabs, and letters of two bytes": (
        'É = "é"; MODOBOA_APPS = (\n\t"é",\n)\n',
        'É = "é"; MODOBOA_APPS = (\n\t"é",\n\t\'modoboa_virtualhosts\',\n)\n',
    ),
}


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def write_and_read(text: str) -> SettingsFile:
        path = tmp_path / "settings.py"
        path.write_bytes(text.encode())
        return SettingsFile.read(str(path))

    return write_and_read


@pytest.mark.parametrize("way", WAYS)
def test_named_at_the_end_and_taken_out_again(read: Read, way: str) -> None:
    before, after = WAYS[way]
    file = application_list.with_name(read(before), NAME)
    assert file.text == after
    assert application_list.with_name(file, NAME) is file
    gone = application_list.without_name(file, NAME)
    assert application_list.names(gone) == application_list.names(read(before))
    assert application_list.without_name(gone, NAME).text == gone.text


@pytest.mark.parametrize("way", ["as deploy writes it", "with tabs, and letters of two bytes"])
def test_nothing_is_left(read: Read, way: str) -> None:
    before, after = WAYS[way]
    assert application_list.without_name(read(after), NAME).text == before


def test_named_by_hand_somewhere_else_in_the_list(read: Read) -> None:
    text = "MODOBOA_APPS = (\n    'a', 'modoboa_virtualhosts', 'b',\n)\n"
    file = read(text)
    assert application_list.with_name(file, NAME) is file
    expected = "MODOBOA_APPS = (\n    'a', 'b',\n)\n"
    assert application_list.without_name(file, NAME).text == expected


def test_a_name_that_is_there_twice(read: Read) -> None:
    text = "MODOBOA_APPS = (\n    'modoboa_virtualhosts',  # portals\n    'a',\n    'modoboa_virtualhosts'\n)\n"
    expected = "MODOBOA_APPS = (\n    'a',\n)\n"
    assert application_list.without_name(read(text), NAME).text == expected


def test_what_deploy_imports_goes_too(read: Read) -> None:
    plain = "MODOBOA_APPS = (\n    'a',\n)\n\nX = 1\n"
    file = application_list.with_name(read(plain), NAME)
    deployed = read(file.text + DEPLOYED + "Y = 2\n")
    assert len(application_list.imports(deployed, NAME)) == 1
    assert application_list.without_name(deployed, NAME).text == f"{plain}Y = 2\n"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("X = 1\n", "there is no MODOBOA_APPS"),
        ("MODOBOA_APPS = ('a',)\nMODOBOA_APPS = ('b',)\n", "more than one"),
        ("MODOBOA_APPS = ('a',)\nMODOBOA_APPS += ('b',)\n", "line 2: write MODOBOA_APPS"),
        ("MODOBOA_APPS = tuple('ab')\n", "line 1: write MODOBOA_APPS there as one list"),
        ("MODOBOA_APPS = 'a', 'b'\n", "line 1: put MODOBOA_APPS there into brackets"),
    ],
)
def test_what_cannot_be_written_safely(read: Read, text: str, words: str) -> None:
    with pytest.raises(FileError, match=words):
        application_list.with_name(read(text), NAME)


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("if X:\n    import modoboa_virtualhosts\n", "imported there; take that away"),
        ("import modoboa_virtualhosts; Y = 2\n", "each statement on a line of its own"),
        ("Y = 2; import modoboa_virtualhosts.settings\n", "each statement on a line of its own"),
    ],
)
def test_what_cannot_be_removed_safely(read: Read, more: str, words: str) -> None:
    text = f"MODOBOA_APPS = ['a', 'modoboa_virtualhosts']\nX = 1\n{more}"
    with pytest.raises(FileError, match=words):
        application_list.without_name(read(text), NAME)
