# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin: hosts, groups, variables, what is cached, and what can be wrong."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import ansible.plugins.inventory
import pytest
import yaml
from ansible import constants
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.doc_fragments import constructed, inventory_cache
from ansible_collections.mailhost.modoboa.plugins.doc_fragments.modoboa import (
    ModuleDocFragment as OfModules,
)
from ansible_collections.mailhost.modoboa.plugins.doc_fragments.modoboa_plugin import (
    ModuleDocFragment as OfPlugins,
)
from ansible_collections.mailhost.modoboa.plugins.inventory import modoboa_vhost
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa import client
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.connection import (
    connection_options,
)
from unit.plugins.module_utils.modoboa.script import TOKEN, URL, Answer, page
from unit.plugins.module_utils.modoboa.server import Server

NAME = "mailhost.modoboa.modoboa_vhost"
DOCUMENTED = (
    modoboa_vhost.DOCUMENTATION,
    OfPlugins.DOCUMENTATION,
    constructed.ModuleDocFragment.DOCUMENTATION,
    inventory_cache.ModuleDocFragment.DOCUMENTATION,
)


def load() -> modoboa_vhost.InventoryModule:
    """The plugin as Ansible's loader hands it out: with the options that are documented."""
    options: dict[str, Any] = {}
    for text in DOCUMENTED:
        options.update(yaml.safe_load(text)["options"])
    constants.config.initialize_plugin_configuration_definitions("inventory", NAME, options)
    plugin = modoboa_vhost.InventoryModule()
    plugin._load_name = plugin.ansible_name = NAME
    plugin.ansible_aliases = plugin._redirected_names = [NAME]
    return plugin


class Reader:
    """Reads an inventory file as Ansible does, against a server in memory."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.server = Server()
        self.path = path
        monkeypatch.setattr(client, "new_session", self.server.session)
        for name in ("URL", "TOKEN", "USERNAME", "PASSWORD", "CA_PATH"):
            monkeypatch.delenv(f"MODOBOA_{name}", raising=False)

    def __call__(self, *, refresh: bool = False, **options: Any) -> InventoryData:
        """What becomes of a file with these options; a second time is another run of Ansible."""
        self.path.write_text(
            yaml.safe_dump({"plugin": NAME, "url": URL, "token": TOKEN, **options})
        )
        return self.again(refresh=refresh)

    def again(self, *, refresh: bool = False) -> InventoryData:
        """The same file once more."""
        plugin = load()
        assert plugin.verify_file(str(self.path))
        inventory = InventoryData()
        plugin.parse(inventory, DataLoader(), str(self.path), cache=not refresh)
        if plugin.get_option("cache"):
            plugin.update_cache_if_changed()
        inventory.reconcile_inventory()
        return inventory


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Reader:
    """Reads files whose server has three virtual hosts."""
    reader = Reader(tmp_path / "portals.modoboa_vhost.yml", monkeypatch)
    soon = datetime.now(timezone.utc) + timedelta(days=10, hours=1)
    add = reader.server.add
    add("mail.a.example", "a.example", status="ready", valid_until=soon.isoformat())
    add("mail.b.example", "b.example", "c.example", status="failed", error="no {{ answer }}")
    add("mail.d.example", enabled=False)
    return reader


def members(inventory: InventoryData, group: str) -> str:
    """The letters of the hosts in a group."""
    return "".join(sorted(host.name.split(".")[1] for host in inventory.groups[group].get_hosts()))


def test_groups(read: Reader) -> None:
    inventory = read()
    assert {
        group: members(inventory, group)
        for group in inventory.groups
        if group.startswith("modoboa_")
    } == {
        "modoboa_vhosts": "abd",
        "modoboa_vhosts_pending": "d",
        "modoboa_vhosts_ready": "a",
        "modoboa_vhosts_failed": "b",
        "modoboa_vhosts_enabled": "ab",
        "modoboa_vhosts_disabled": "d",
    }


def test_groups_are_there_without_anybody_in_them(read: Reader) -> None:
    read.server.hosts.clear()
    inventory = read()
    assert members(inventory, "modoboa_vhosts_failed") == ""
    assert inventory.groups["modoboa_vhosts"].get_hosts() == []


def test_state_that_is_new_to_the_plugin_has_a_group_too(read: Reader) -> None:
    read.server.hosts["mail.a.example"]["status"] = "being-renewed"
    assert members(read(), "modoboa_vhosts_being_renewed") == "a"


def test_variables(read: Reader) -> None:
    inventory = read()
    found = inventory.hosts["mail.b.example"].vars
    assert {name: found[name] for name in found if not name.startswith("inventory_")} == {
        "modoboa_vhost_name": "mail.b.example",
        "modoboa_vhost_pk": 2,
        "modoboa_vhost_creation": "2026-11-22T12:00:00Z",
        "modoboa_vhost_enabled": True,
        "modoboa_vhost_domains": ["b.example", "c.example"],
        "modoboa_vhost_status": "failed",
        "modoboa_vhost_error": "no {{ answer }}",
        "modoboa_vhost_has_certificate": False,
        "modoboa_vhost_certificate_valid_until": None,
        "modoboa_vhost_days_left": None,
        "modoboa_vhost_instance": URL,
    }
    assert inventory.hosts["mail.a.example"].vars["modoboa_vhost_days_left"] == 10


def test_conditions(read: Reader) -> None:
    assert members(read(status=["failed", "pending"]), "modoboa_vhosts") == "bd"
    assert members(read(enabled=True), "modoboa_vhosts") == "ab"


def test_groups_and_variables_of_ones_own(read: Reader) -> None:
    inventory = read(
        strict=True,
        compose={"ansible_host": "'front.example'", "note": "'<' ~ modoboa_vhost_error ~ '>'"},
        groups={"expiring": "modoboa_vhost_days_left is not none"},
        keyed_groups=[{"key": "modoboa_vhost_domains", "prefix": "domain"}],
    )
    found = inventory.hosts["mail.b.example"].vars
    assert found["ansible_host"] == "front.example"
    # What the server says is text, whatever is in it
    assert found["note"] == "<no {{ answer }}>"
    assert members(inventory, "expiring") == "a"
    assert members(inventory, "domain_c_example") == "b"


def test_strict_tells_of_mistakes(read: Reader) -> None:
    with pytest.raises(AnsibleError, match="Could not set oops for host mail"):
        read(strict=True, compose={"oops": "no_such_variable"})
    assert "oops" not in read(compose={"oops": "no_such_variable"}).hosts["mail.a.example"].vars


def test_token_may_be_a_template(read: Reader) -> None:
    assert members(read(token=f"{{{{ '{TOKEN}' }}}}"), "modoboa_vhosts") == "abd"


def test_connection_from_the_environment(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODOBOA_URL", URL)
    monkeypatch.setenv("MODOBOA_TOKEN", TOKEN)
    monkeypatch.setenv("MODOBOA_CA_PATH", "")
    read.path.write_text(f"plugin: {NAME}\n")
    assert members(read.again(), "modoboa_vhosts") == "abd"


class Cache(dict[str, Any]):
    """In the place of a cache plugin, which only Ansible's loader can load."""

    def update_cache_if_changed(self) -> None:
        """All is kept as it is."""


def test_cache(read: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    cache = Cache()
    monkeypatch.setattr(ansible.plugins.inventory, "get_cache_plugin", lambda *_, **__: cache)
    read(cache=True)
    first = len(read.server.log)
    read.server.hosts.clear()
    assert members(read.again(), "modoboa_vhosts") == "abd"
    # Conditions are none of the cache's business
    assert members(read(cache=True, enabled=False), "modoboa_vhosts") == "d"
    assert len(read.server.log) == first
    # another server
    read.server.faults["GET /othervirtualhosts/"] = page()
    assert members(read(cache=True, url=f"{URL}/other"), "modoboa_vhosts") == ""
    assert members(read(cache=True), "modoboa_vhosts") == "abd"
    # meta: refresh_inventory
    assert members(read(cache=True, refresh=True), "modoboa_vhosts") == ""
    assert members(read(cache=True), "modoboa_vhosts") == ""
    assert TOKEN not in str(cache)


def test_nothing_is_cached_unless_wanted(read: Reader) -> None:
    read()
    read.server.hosts.clear()
    assert members(read.again(), "modoboa_vhosts") == ""


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"token": ""}, "no credentials: give token"),
        ({"url": ""}, "is no web address"),
        ({"url": "http://mail.test"}, "http://mail.test/ has no TLS"),
        ({"ca_path": "/nowhere/ca.pem"}, "cannot read CA certificates from /nowhere/ca.pem"),
        ({"ca_path": "~/nowhere.pem"}, r"from /.+/nowhere\.pem"),
        ({"status": ["lost"]}, "Invalid value"),
        ({"plugin": "mailhost.modoboa.other"}, "Incorrect plugin name"),
    ],
)
def test_mistakes(read: Reader, options: dict[str, Any], words: str) -> None:
    with pytest.raises(AnsibleError, match=words):
        read(**options)
    assert read.server.log == []


def test_server_that_knows_nobody(read: Reader) -> None:
    read.server.faults["GET virtualhosts/"] = Answer(401, {"detail": "Invalid token."})
    with pytest.raises(AnsibleParserError, match="does not accept the credentials") as caught:
        read()
    assert TOKEN not in str(caught.value)


def test_file_of_another_name(tmp_path: Path) -> None:
    plugin = load()
    for name, meant in (
        ("a.modoboa_vhost.yaml", True),
        ("modoboa_vhost.yml", True),
        ("inventory.yml", False),
    ):
        path = tmp_path / name
        path.write_text("")
        assert plugin.verify_file(str(path)) is meant
    assert not plugin.verify_file(str(tmp_path / "missing.modoboa_vhost.yml"))


def test_connection_is_that_of_the_modules() -> None:
    of_modules = yaml.safe_load(OfModules.DOCUMENTATION)["options"]
    of_plugins = yaml.safe_load(OfPlugins.DOCUMENTATION)["options"]
    spec = connection_options()
    assert set(of_plugins) == set(of_modules) == set(spec)
    for name, option in of_plugins.items():
        for key in ("type", "required", "default"):
            assert of_modules[name].get(key) == spec[name].get(key), name
            if (name, key) != ("ca_path", "type"):
                assert option.get(key) == spec[name].get(key), name
        variables = [entry["name"] for entry in option.get("env", [])]
        assert variables == spec[name].get("fallback", (None, []))[1], name
