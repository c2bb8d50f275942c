# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""community.crypto, from the bundle "ansible" of the package index."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from bed import bundle
from bench.acme_clients.client import Client
from bench.measuring.usage import Usage

COLLECTION = "community.crypto"
# What the module's documentation shows for one name, looped over all of them
TASKS: list[dict[str, Any]] = [
    {
        "name": "Make private keys",
        "community.crypto.openssl_privatekey": {
            "path": "{{ folder }}/{{ item }}.key",
            "type": "ECC",
            "curve": "secp256r1",
        },
        "loop": "{{ names }}",
    },
    {
        "name": "Make signing requests",
        "community.crypto.openssl_csr": {
            "path": "{{ folder }}/{{ item }}.csr",
            "privatekey_path": "{{ folder }}/{{ item }}.key",
            "subject_alt_name": "DNS:{{ item }}",
        },
        "loop": "{{ names }}",
    },
    {
        "name": "Create challenges",
        "community.crypto.acme_certificate": {
            "csr": "{{ folder }}/{{ item }}.csr",
            "fullchain_dest": "{{ folder }}/{{ item }}.pem",
            "modify_account": False,
        },
        "loop": "{{ names }}",
        "register": "challenges",
    },
    {
        "name": "Copy the answers",
        "ansible.builtin.copy": {
            "dest": "{{ webroot }}/{{ answer.resource }}",
            "content": "{{ answer.resource_value }}",
        },
        "vars": {"answer": "{{ item.challenge_data[item.item]['http-01'] }}"},
        "loop": "{{ challenges.results }}",
        "loop_control": {"label": "{{ item.item }}"},
    },
    {
        "name": "Let the CA look, and get the certificates",
        "community.crypto.acme_certificate": {
            "csr": "{{ folder }}/{{ item.item }}.csr",
            "fullchain_dest": "{{ folder }}/{{ item.item }}.pem",
            "modify_account": False,
            "data": "{{ item }}",
        },
        "loop": "{{ challenges.results }}",
        "loop_control": {"label": "{{ item.item }}"},
    },
]
ACCOUNT: list[dict[str, Any]] = [
    {
        "name": "Make the account's key",
        "community.crypto.openssl_privatekey": {
            "path": "{{ folder }}/account.key",
            "type": "ECC",
            "curve": "secp256r1",
        },
    },
    {
        "name": "Create the account",
        "community.crypto.acme_account": {"state": "present", "terms_agreed": True},
    },
]


class CommunityCrypto(Client):
    """Its modules in a playbook, each looped over the names."""

    title = "community.crypto, two phases, looped"
    slow = True

    def install(self) -> None:
        """Unpack the one collection out of the bundle."""
        bundle.collection(self.bed.layout.prefix, COLLECTION)

    def prepare(self) -> None:
        """Create the account."""
        challenges = self.bed.nginx.webroot / ".well-known" / "acme-challenge"
        challenges.mkdir(parents=True, exist_ok=True)
        self.folder.mkdir()
        self._play(ACCOUNT, [])

    def issue(self, names: list[str]) -> Usage:
        """Run one playbook for all of them."""
        return self._play(TASKS, names)

    def certificate(self, name: str) -> Path:
        """Return where the chain is put."""
        return self.folder / f"{name}.pem"

    @property
    def environment(self) -> dict[str, str]:
        """Ansible with no other collection; Python trusts the bed's CA."""
        return {
            **self.bed.ansible.environment(),
            "ANSIBLE_COLLECTIONS_PATH": str(self._collections),
            "SSL_CERT_FILE": str(self.bed.acme.ca_path),
        }

    @property
    def _collections(self) -> Path:
        return bundle.collection(self.bed.layout.prefix, COLLECTION)

    def _play(self, tasks: list[dict[str, Any]], names: list[str]) -> Usage:
        play = {
            "hosts": "localhost",
            "connection": "local",
            "gather_facts": False,
            "module_defaults": {
                "group/community.crypto.acme": {
                    "account_key_src": "{{ folder }}/account.key",
                    "acme_directory": self.bed.acme.directory_url,
                    "acme_version": 2,
                }
            },
            "vars": {
                "ansible_python_interpreter": str(self.bed.layout.prefix.python("controller")),
                "folder": str(self.folder),
                "webroot": str(self.bed.nginx.webroot),
                "names": names,
            },
            "tasks": tasks,
        }
        playbook = self.folder / "playbook.yml"
        # JSON is YAML
        playbook.write_text(json.dumps([play]))
        return self.run(self.bed.ansible.bin / "ansible-playbook", "-i", "localhost,", playbook)
