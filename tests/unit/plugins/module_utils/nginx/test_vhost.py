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
from ansible_collections.mailhost.modoboa.plugins.module_utils.nginx.build import Build

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
                    "hsts_max_age": 0,
                    "hsts_include_subdomains": False,
                    "snippet": "",
                    "access_log": "off",
                },
            ],
            hsts_include_subdomains=True,
            snippet="gzip off;",
            access_log="/var/log/all.log",
            error_log="/var/log/all.error.log",
        )
    )
    assert (first.state, first.application) == ("bootstrap", "unix:/run/a.sock")
    assert (second.state, second.application) == ("present", "127.0.0.1:8000")
    assert (second.application_protocol, second.media_root) == ("uwsgi", "/srv/other")
    assert second.static_root == "/srv/static"
    assert (first.hsts_max_age, first.hsts_include_subdomains) == (31536000, True)
    assert (second.hsts_max_age, second.hsts_include_subdomains) == (0, False)
    assert (first.snippet, second.snippet) == ("gzip off;\n", "")
    assert (first.access_log, second.access_log) == ("/var/log/all.log", "off")
    assert first.error_log == second.error_log == "/var/log/all.error.log"


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
            {"name": "g.example.com", "hsts_max_age": -2},
            {"name": "h.example.com", "access_log": "a.log"},
            {"name": "i.example.com", "error_log": "off"},
            {"name": "j.example.com", "snippet": "a b;\n}"},
        ]
    )
    assert "'A.example.com' has upper-case letters" in text
    assert "'c.example.com;' is malformed" in text
    assert "d.example.com: application 'unix:/a b' contains ' '" in text
    assert "e.example.com: frontend_root '/srv/$host' contains '$'" in text
    assert "f.example.com: client_max_body_size" in text
    assert "g.example.com: hsts_max_age -2 is no number of seconds" in text
    assert "h.example.com: access_log 'a.log' is not an absolute path" in text
    assert "i.example.com: error_log 'off' is not an absolute path" in text
    assert "j.example.com: snippet, line 2: there is a } too many" in text


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
                challenge_host="Issuer.example.com",
                common_snippet="a",
            ),
            False,
        )
    text = str(caught.value)
    for part in ("http_port 0", "https_port 65536", "'localhost'", "'storage'", "thumbprint ''"):
        assert part in text
    assert "challenge_host: hostname 'Issuer.example.com' has upper-case letters" in text
    assert "common_snippet, line 1: the directive does not end" in text


def test_no_address() -> None:
    with pytest.raises(ItemsError, match="name at least one"):
        vhost.settings(params(name="a.example.com", listen_addresses=[]), False)


def test_a_port_twice() -> None:
    with pytest.raises(ItemsError, match="http_port and https_port are both 80"):
        vhost.settings(params(name="a.example.com", https_port=80), False)


def test_the_account_is_still_to_be_made_in_check_mode() -> None:
    stateless = params(name="a.example.com", challenge="stateless")
    assert vhost.settings(stateless, True).thumbprint == vhost.UNKNOWN_THUMBPRINT
    with pytest.raises(ItemsError, match=r"account\.thumbprint"):
        vhost.settings(stateless, False)


def test_a_challenge_is_not_sent_in_a_circle() -> None:
    hosts: dict[str, Any] = {"name": "a.example.com", "names": ["b.example.com"]}
    redirect: dict[str, Any] = {**hosts, "challenge": "redirect"}
    for target in ("a.example.com", "b.example.com", "b.example.com:80"):
        text = problem(**redirect, challenge_host=target)
        assert text == "a.example.com: challenge_host would be sent to itself; leave it out there"
    for target in ("c.example.com", "b.example.com:8080"):
        assert vhost.virtual_hosts(params(**redirect, challenge_host=target))


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"name": "a.example.com"}, True),
        ({"name": "a.example.com", "state": "disabled"}, True),
        ({"name": "a.example.com", "state": "absent"}, False),
        ({"vhosts": []}, False),
        ({"vhosts": [{"name": "a.example.com", "state": "absent"}]}, False),
        ({"state": "absent", "vhosts": [{"name": "a.example.com"}]}, False),
        ({"state": "absent", "vhosts": [{"name": "a.example.com", "state": "present"}]}, True),
        ({"catch_all": "present"}, True),
        ({"catch_all": "absent"}, False),
        ({"name": "a.example.com", "state": "absent", "catch_all": "present"}, True),
    ],
)
def test_needs_blocks(options: dict[str, Any], expected: bool) -> None:
    assert vhost.needs_blocks(params(**options)) == expected


def test_the_catch_all_answers_challenges() -> None:
    with pytest.raises(ItemsError, match="catch_all present needs storage"):
        vhost.settings(params(catch_all="present", storage=None), False)
    with pytest.raises(ItemsError, match="thumbprint"):
        vhost.settings(params(catch_all="present", challenge="stateless"), False)
    assert vhost.settings(params(catch_all="absent", storage=None), False).storage == ""


def test_a_catch_all_that_the_host_does_not_know() -> None:
    wanted = vhost.settings(params(catch_all="present"), False)
    wanted.check_build(Build((1, 19, 4), http3=False))
    old = Build((1, 18, 0), http3=False)
    with pytest.raises(ItemsError, match=r"catch_all is present, and nginx 1\.18\.0 on the host"):
        wanted.check_build(old)
    without: list[dict[str, Any]] = [{"name": "a.example.com"}, {"catch_all": "absent"}]
    for options in without:
        vhost.settings(params(**options), False).check_build(old)


def test_http3_that_the_host_does_not_have() -> None:
    wanted = vhost.settings(params(name="a.example.com", http3="always"), False)
    wanted.check_build(Build((1, 26, 3), http3=True))
    with pytest.raises(ItemsError, match=r"nginx 1\.22\.1 on the host was built without it"):
        wanted.check_build(Build((1, 22, 1), http3=False))
