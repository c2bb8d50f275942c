# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: extension_source
short_description: The extension modoboa_virtualhosts that this collection brings
version_added: 0.1.0
author: the mailhost.modoboa contributors (!UNKNOWN)
description:
  - Packs the extension's source on the controller, so that the role P(mailhost.modoboa.extension#role) can install it.
  - It takes no terms.
options: {}
"""

EXAMPLES = r"""
- name: Tell which version this collection brings
  ansible.builtin.debug:
    msg: "{{ lookup('mailhost.modoboa.extension_source').version }}"
"""

RETURN = r"""
_raw:
  description: One dictionary.
  type: list
  elements: dict
  contains:
    version:
      description: Version of the extension.
      type: str
      sample: 0.1.0
    digest:
      description: SHA-256 over the names and contents of the files of its Python package.
      type: str
    archive:
      description:
        - Source distribution on the controller, which pip can install. It is there until the play ends, and the same
          byte for byte wherever it was packed.
      type: path
"""

from pathlib import Path
from typing import Any

from ansible import constants
from ansible.errors import AnsibleError
from ansible.plugins.lookup import LookupBase
from ansible_collections.mailhost.modoboa.plugins.plugin_utils.extension_source import (
    PACKAGE,
    ExtensionSource,
)


class LookupModule(LookupBase):
    """Makes the lookup known to Ansible."""

    def run(self, terms: Any, **_options: Any) -> list[dict[str, str]]:
        if terms:
            raise AnsibleError("extension_source takes no terms")
        source = ExtensionSource()
        # Of this run of Ansible, which removes it at its end
        archive = Path(constants.DEFAULT_LOCAL_TMP) / f"{PACKAGE}-{source.version}.tar"
        archive.write_bytes(source.archive())
        return [
            {"version": source.version, "digest": source.digest(), "archive": str(archive)},
        ]
