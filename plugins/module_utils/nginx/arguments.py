# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of nginx_vhost, read on the controller by the action plugin and on the host."""

from __future__ import annotations

from typing import Any

STATES = ["present", "bootstrap", "disabled", "absent"]
PROTOCOLS = ["http", "uwsgi"]

HOST_OPTIONS = (
    "name",
    "names",
    "state",
    "application",
    "application_protocol",
    "client_max_body_size",
    "frontend_root",
    "static_root",
    "media_root",
    "hsts_max_age",
    "hsts_include_subdomains",
    "snippet",
    "access_log",
    "error_log",
)
"""The options of one virtual host."""

MUTUALLY_EXCLUSIVE = [("name", "vhosts"), ("names", "vhosts")]
REQUIRED_ONE_OF = [("name", "vhosts", "catch_all")]
REQUIRED_IF = [
    ("reload", "command", ["reload_command"]),
    ("challenge", "redirect", ["challenge_host"]),
    ("prune", True, ["vhosts"]),
]


def argument_spec() -> dict[str, Any]:
    """The argument specification; the module's documentation describes every option.

    Directories that blocks name are no C(path): ~ and $HOME would be the controller's in the block
    and the host's in the module.
    """
    return {
        "name": {"type": "str"},
        "names": {"type": "list", "elements": "str", "default": []},
        "state": {"type": "str", "choices": STATES, "default": "present"},
        "vhosts": {
            "type": "list",
            "elements": "dict",
            "options": {
                "name": {"type": "str", "required": True},
                "names": {"type": "list", "elements": "str", "default": []},
                "state": {"type": "str", "choices": STATES},
                "application": {"type": "str"},
                "application_protocol": {"type": "str", "choices": PROTOCOLS},
                "client_max_body_size": {"type": "str"},
                "frontend_root": {"type": "str"},
                "static_root": {"type": "str"},
                "media_root": {"type": "str"},
                "hsts_max_age": {"type": "int"},
                "hsts_include_subdomains": {"type": "bool"},
                "snippet": {"type": "str"},
                "access_log": {"type": "str"},
                "error_log": {"type": "str"},
            },
        },
        "prune": {"type": "bool", "default": False},
        "keep": {"type": "list", "elements": "str", "default": []},
        "adopt": {"type": "bool", "default": False},
        "catch_all": {"type": "str", "choices": ["present", "absent"]},
        "renewed": {"type": "list", "elements": "str", "default": []},
        "application": {"type": "str"},
        "application_protocol": {"type": "str", "choices": PROTOCOLS, "default": "http"},
        "client_max_body_size": {"type": "str", "default": "20m"},
        "frontend_root": {"type": "str"},
        "static_root": {"type": "str"},
        "media_root": {"type": "str"},
        "hsts_max_age": {"type": "int", "default": 31536000},
        "hsts_include_subdomains": {"type": "bool", "default": False},
        "snippet": {"type": "str"},
        "common_snippet": {"type": "str"},
        "access_log": {"type": "str"},
        "error_log": {"type": "str"},
        "templates": {"type": "str"},
        "storage": {"type": "str"},
        "challenge": {
            "type": "str",
            "choices": ["webroot", "stateless", "redirect"],
            "default": "webroot",
        },
        "thumbprint": {"type": "str"},
        "challenge_host": {"type": "str"},
        "challenge_peers": {"type": "list", "elements": "str", "default": []},
        "http_port": {"type": "int", "default": 80},
        "https_port": {"type": "int", "default": 443},
        "listen_addresses": {"type": "list", "elements": "str", "default": ["*", "[::]"]},
        "http2": {"type": "bool", "default": True},
        "http3": {"type": "str", "choices": ["auto", "always", "never"], "default": "auto"},
        "sites_available": {"type": "path", "default": "/etc/nginx/sites-available"},
        "sites_enabled": {"type": "str", "default": "/etc/nginx/sites-enabled"},
        "nginx": {"type": "str", "default": "nginx"},
        "prefix": {"type": "path"},
        "config": {"type": "path"},
        "pid": {"type": "path", "default": "/run/nginx.pid"},
        "reload": {
            "type": "str",
            "choices": ["systemd", "signal", "command"],
            "default": "systemd",
        },
        "reload_command": {"type": "list", "elements": "str"},
        "verify": {"type": "bool", "default": True},
        "verify_address": {"type": "str"},
        "timeout": {"type": "int", "default": 10},
        "rendered": {"type": "str"},
    }
