# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task asks for, made of its options."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import ItemsError
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx import vhost
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.arguments import argument_spec

COMMON = {
    "storage": "/var/lib/storage/",
    "application": "unix:/run/a.sock",
    "frontend_root": "/srv/frontend",
    "static_root": "/srv/static/",
    "media_root": "/srv/media",
}


def params(**options: Any) -> dict[str, Any]:
    """Options as Ansible validates them."""
    result = ArgumentSpecValidator(argument_spec()).validate({**COMMON, **options})
    assert not result.error_messages, result.error_messages
    validated: dict[str, Any] = result.validated_parameters
    return validated


def problem(**options: Any) -> str:
    with pytest.raises(ItemsError) as caught:
        vhost.virtual_hosts(params(**options))
    return str(caught.value)


def test_one() -> None:
    (host,) = vhost.virtual_hosts(params(name="a.example.com", names=["b.example.com"]))
    assert host == vhost.VirtualHost(
        name="a.example.com",
        server_names=("a.example.com", "b.example.com"),
        state="present",
        application="unix:/run/a.sock",
        application_protocol="http",
        client_max_body_size="20m",
        frontend_root="/srv/frontend",
        static_root="/srv/static",
        media_root="/srv/media",
    )


def test_an_item_says_otherwise() -> None:
    first, second = vhost.virtual_hosts(
        params(
            state="bootstrap",
            vhosts=[
                {"name": "a.example.com"},
                {
                    "name": "b.example.com",
                    "state": "present",
                    "application": "127.0.0.1:8000",
                    "application_protocol": "uwsgi",
                    "media_root": "/srv/other",
                },
            ],
        )
    )
    assert (first.state, first.application) == ("bootstrap", "unix:/run/a.sock")
    assert (second.state, second.application) == ("present", "127.0.0.1:8000")
    assert (second.application_protocol, second.media_root) == ("uwsgi", "/srv/other")
    assert second.static_root == "/srv/static"


def test_a_name_is_not_repeated() -> None:
    (host,) = vhost.virtual_hosts(
        params(name="a.example.com", names=["b.example.com", "a.example.com", "b.example.com"])
    )
    assert host.server_names == ("a.example.com", "b.example.com")


def test_absent_needs_no_more_than_a_name() -> None:
    validated = ArgumentSpecValidator(argument_spec()).validate(
        {"name": "a.example.com", "state": "absent"}
    )
    (host,) = vhost.virtual_hosts(validated.validated_parameters)
    assert host.state == "absent"


def test_absent_needs_no_thumbprint() -> None:
    wanted = params(name="a.example.com", state="absent", challenge="stateless")
    assert vhost.settings(wanted, False).thumbprint is None
    wanted["vhosts"] = [{"name": "b.example.com", "state": "present"}]
    with pytest.raises(ItemsError, match="thumbprint"):
        vhost.settings(wanted, False)


def test_needed_options() -> None:
    text = problem(name="a.example.com", storage=None, media_root=None)
    assert text == "a.example.com: state present needs media_root, storage"


def test_every_problem_is_named() -> None:
    text = problem(
        vhosts=[
            {"name": "A.example.com"},
            {"name": "b.example.com", "names": ["c.example.com;"]},
            {"name": "d.example.com", "application": "unix:/a b"},
            {"name": "e.example.com", "frontend_root": "/srv/$host"},
            {"name": "f.example.com", "client_max_body_size": "1m; return 200"},
        ]
    )
    assert "'A.example.com' has upper-case letters" in text
    assert "'c.example.com;' is malformed" in text
    assert "d.example.com: application 'unix:/a b' contains ' '" in text
    assert "e.example.com: frontend_root '/srv/$host' contains '$'" in text
    assert "f.example.com: client_max_body_size" in text


def test_a_host_twice() -> None:
    assert "listed 2 times" in problem(
        vhosts=[{"name": "a.example.com"}, {"name": "a.example.com"}]
    )


def test_a_name_of_two_hosts() -> None:
    text = problem(
        vhosts=[{"name": "a.example.com", "names": ["b.example.com"]}, {"name": "b.example.com"}]
    )
    assert (
        text == "a.example.com and b.example.com both claim the name b.example.com; leave it to one"
    )


def test_a_name_may_move() -> None:
    hosts = vhost.virtual_hosts(
        params(
            vhosts=[
                {"name": "a.example.com", "names": ["b.example.com"]},
                {"name": "b.example.com", "state": "absent"},
            ]
        )
    )
    assert len(hosts) == 2


def test_settings() -> None:
    found = vhost.settings(params(name="a.example.com", listen_addresses=["*", "[::]", "*"]), False)
    assert found.listen_addresses == ("*", "[::]")
    assert found.webroot == "/var/lib/storage/webroot"
    assert found.fullchain("a.example.com") == "/var/lib/storage/certs/a.example.com/fullchain.pem"
    assert found.private_key("a.example.com") == "/var/lib/storage/certs/a.example.com/privkey.pem"
    assert found.port_suffix == ""


def test_another_port_is_part_of_the_address() -> None:
    assert vhost.settings(params(name="a.b", https_port=8443), False).port_suffix == ":8443"


def test_every_problem_of_the_settings_is_named() -> None:
    with pytest.raises(ItemsError) as caught:
        vhost.settings(
            params(
                name="a.example.com",
                http_port=0,
                https_port=65536,
                listen_addresses=["localhost"],
                storage="storage",
                challenge="stateless",
            ),
            False,
        )
    text = str(caught.value)
    for part in ("http_port 0", "https_port 65536", "'localhost'", "'storage'", "thumbprint ''"):
        assert part in text


def test_no_address() -> None:
    with pytest.raises(ItemsError, match="name at least one"):
        vhost.settings(params(name="a.example.com", listen_addresses=[]), False)


def test_the_account_is_still_to_be_made_in_check_mode() -> None:
    stateless = params(name="a.example.com", challenge="stateless")
    assert vhost.settings(stateless, True).thumbprint == vhost.UNKNOWN_THUMBPRINT
    with pytest.raises(ItemsError, match=r"account\.thumbprint"):
        vhost.settings(stateless, False)
