# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every file of the repository has to have, or must not have."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from checks.export_tree import files_of

ROOT = Path(__file__).resolve().parents[2]
FILES = [name for name in files_of(ROOT) if (ROOT / name).is_file()]
PAGES = [name for name in FILES if name.endswith(".md")]

# Written so that this file does not contain them itself
REGISTRIES = [("pypi", "org"), ("pythonhosted", "org"), ("deb", "debian", "org"), ("npmjs", "org")]
FORBIDDEN = {
    "a path of one machine": r"(?<![\w.-])/(?:root|work|Users)/|/home/\w",
    "something beside the checkout": r"\.\./share[d]\b|\.librar[y]\b",
    "the host of a package registry": "|".join(re.escape(".".join(host)) for host in REGISTRIES),
    "a number that only the authors' notes explain": r"(?i)\b(?:issue|session) #?\d",
}


def text_of(name: str) -> str:
    """Return the text of a file, or nothing for one that is no text, such as a picture."""
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def names_its_licence(name: str) -> bool:
    lines = [line.removeprefix("# ") for line in text_of(name).splitlines()[:6]]
    licence = "ISC" if name.startswith("server/") else "GPL-3.0-or-later"
    owned = any(line.startswith("Copyright (c) ") for line in lines)
    return owned and f"SPDX-License-Identifier: {licence}" in lines


def test_source_files_name_their_licence() -> None:
    # An empty file, such as the mark of a package, has nothing to license.
    sources = [name for name in FILES if name.endswith((".py", ".sh")) and text_of(name)]
    assert [name for name in sources if not names_its_licence(name)] == []


def test_no_portal_of_the_shared_bed_is_named_twice() -> None:
    """An account outlasts its mail domain in Modoboa, and any two files may come to one bed."""
    added = re.compile(r'site\.add\(\s*"([^"]+)"|for label in \(([^)]*)\)')
    labels = [
        label
        for name in FILES
        if name.startswith("tests/integration/") and "site.add(" in text_of(name)
        for one, several in added.findall(text_of(name))
        for label in ([one] if one else re.findall(r'"([^"]+)"', several))
    ]
    assert [label for label in set(labels) if labels.count(label) > 1] == []


@pytest.mark.parametrize("meaning", FORBIDDEN)
def test_nothing_depends_on_where_it_was_written(meaning: str) -> None:
    pattern = re.compile(FORBIDDEN[meaning])
    found = [
        f"{name}:{number}: {line.strip()}"
        for name in FILES
        for number, line in enumerate(text_of(name).splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


@pytest.mark.parametrize("name", PAGES)
def test_links_of_a_page_lead_somewhere(name: str) -> None:
    targets = re.findall(r"\]\(([^)\s#]+)(?:#[^)]*)?\)", text_of(name))
    local = [target for target in targets if "://" not in target and "mailto:" not in target]
    assert [link for link in local if not ((ROOT / name).parent / link).exists()] == []
