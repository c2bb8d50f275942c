# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The templates of server blocks: ours, and before them an operator's own."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx import values
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.snippet import Snippet
from jinja2 import (
    ChoiceLoader,
    Environment,
    FileSystemLoader,
    PrefixLoader,
    StrictUndefined,
    TemplateNotFound,
    TemplateSyntaxError,
)

OURS = "mailhost.modoboa"
"""The prefix under which our templates can be had beside an operator's of the same name"""

_DIRECTORY = Path(values.__file__).parent / "templates"


class TemplateRefusedError(ValueError):
    """A template that cannot be used; the text names the file, the line and the reason."""


class _Rendered(str):
    """What templates put together, of their own text and of values that were checked."""

    __slots__ = ()


class _Environment(Environment):
    """Tells what is rendered already, such as super() or a macro, from values."""

    @staticmethod
    def concat(parts: Iterable[str]) -> str:
        """Put together the parts of a template."""
        return _Rendered("".join(parts))


class Templates:
    """Renders templates by name."""

    def __init__(self, directory: str | None) -> None:
        ours = FileSystemLoader(_DIRECTORY)
        own = [] if directory is None else [FileSystemLoader(directory)]
        self._environment = _Environment(  # nginx configuration has no HTML to escape
            loader=ChoiceLoader([*own, ours, PrefixLoader({OURS: ours})]),
            undefined=StrictUndefined,
            finalize=_plain,
            # A process of Ansible works on one task: a template does not change meanwhile
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
        )

    @classmethod
    def at(cls, directory: str | None) -> Templates:
        """With the templates of a directory before ours.

        They are read once: a process of Ansible works on one task.
        """
        return _templates(directory)

    def render(self, name: str, **variables: Any) -> str:
        """The text of a template.

        :raises TemplateRefusedError: it is broken, or asks for what there is not
        :raises ValueRefusedError: a value is no plain value
        """
        try:
            return self._environment.get_template(name).render(**variables)
        except values.ValueRefusedError:
            raise
        except TemplateNotFound as error:
            raise TemplateRefusedError(f"there is no template {error.name}") from error
        except TemplateSyntaxError as error:
            where = f"template {error.filename or error.name}, line {error.lineno}"
            raise TemplateRefusedError(f"{where}: {error.message}") from error
        except Exception as error:
            # Whatever an expression in a template can raise
            frames = traceback.extract_tb(error.__traceback__)
            lines = [frame for frame in frames if frame.filename.endswith(".j2")]
            where = f"template {lines[-1].filename}, line {lines[-1].lineno}" if lines else name
            raise TemplateRefusedError(f"{where}: {error}") from error


@lru_cache(maxsize=8)
def _templates(directory: str | None) -> Templates:
    return Templates(directory)


def _plain(value: Any) -> str:
    """The last gate: whatever a template inserts is data, and cannot be syntax.

    :raises ValueRefusedError: it could be
    """
    if isinstance(value, (Snippet, _Rendered)):
        return value
    text = str(value)
    if text:
        values.check_plain("a value in the template", text)
    return text
