# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Server blocks as people, and certbot for them, write them."""

from __future__ import annotations

from integration.front_end import ADDRESS, FrontEnd

_BY_CERTBOT = """\
server {{
    server_name {names};
    root {root};
    location / {{
        try_files $uri /index.html;
    }}
{more}
    listen {address}:{https_port} ssl; # managed by Certbot
    ssl_certificate {certificate}/fullchain.pem; # managed by Certbot
    ssl_certificate_key {certificate}/privkey.pem; # managed by Certbot
}}
server {{
    if ($host = {name}) {{
        return 301 https://$host$request_uri;
    }} # managed by Certbot

    listen {address}:{http_port};
    server_name {names};
    return 404; # managed by Certbot
}}
"""


def by_certbot(front_end: FrontEnd, *names: str, more: str = "") -> str:
    """What ``certbot --nginx`` makes of a block by hand, with a certificate in the storage.

    :param more: for the HTTPS block
    """
    return _BY_CERTBOT.format(
        names=" ".join(names),
        name=names[0],
        root=front_end.directory / "frontend",
        more=more,
        address=ADDRESS,
        http_port=front_end.http_port,
        https_port=front_end.https_port,
        certificate=front_end.storage / "certs" / names[0],
    )
