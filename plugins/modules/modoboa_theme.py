#!/usr/bin/python
# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: modoboa_theme
short_description: Manage the themes of a Modoboa server's virtual hosts
version_added: 0.1.0
author: the mailhost.modoboa contributors (!UNKNOWN)
description:
  - Sets colours, logos and texts of virtual hosts. What a task does not mention stays as it is, unless it says
    O(reset).
  - Logos are compared by content, so nothing is uploaded twice.
  - Takes the theme of one virtual host or a list. If some of them fail, the others are done all the same, and the
    task fails at the end.
extends_documentation_fragment:
  - mailhost.modoboa.attributes
  - mailhost.modoboa.attributes.actiongroup_modoboa
  - mailhost.modoboa.modoboa
options:
  name:
    description:
      - Hostname of the virtual host, which has to exist.
      - Use either this and the options of one theme, or O(themes).
    type: str
  colors:
    description:
      - Colours as C(#) and six hexadecimal digits, such as V(#1565c0). Letters may have either case.
      - An empty string goes back to the instance's own colour.
    type: dict
    suboptions: &colors
      primary:
        description: The main colour, of the side menu among others.
        type: str
      primary_light:
        description: A lighter shade of it.
        type: str
      primary_dark:
        description: A darker shade of it.
        type: str
      secondary:
        description: The accent colour, of some buttons among others.
        type: str
      label:
        description: The colour of labels.
        type: str
  logos:
    description:
      - Paths of image files on the machine the module runs on. Which formats and sizes are accepted, the
        server decides.
      - An empty string goes back to the instance's own logo.
    type: dict
    suboptions: &logos
      login:
        description: The logo of the login page.
        type: path
      menu:
        description: The logo of the side menu.
        type: path
      creation_form:
        description: The logo of the forms that create domains and accounts.
        type: path
      favicon:
        description: The icon that browsers show beside the page's title. Beyond the published API.
        type: path
  page_title:
    description:
      - The title of the pages that the server itself makes, such as that of the login.
      - An empty string goes back to the instance's own title. Beyond the published API.
    type: str
  sender_address:
    description:
      - The sender of mails that reset a password, where these are asked for on this virtual host.
      - An empty string goes back to the instance's own address. Beyond the published API.
    type: str
  reset:
    description:
      - Whether what the task does not mention goes back to the instance's own, so that the theme is this and nothing
        else. A task that mentions nothing takes a theme away as a whole.
      - With O(themes) it is meant for all that do not say otherwise.
    type: bool
    default: false
  themes:
    description: The themes of several virtual hosts.
    type: list
    elements: dict
    suboptions:
      name:
        description: As O(name).
        type: str
        required: true
      colors:
        description: As O(colors).
        type: dict
        suboptions: *colors
      logos:
        description: As O(logos).
        type: dict
        suboptions: *logos
      page_title:
        description: As O(page_title).
        type: str
      sender_address:
        description: As O(sender_address).
        type: str
      reset:
        description: As O(reset), which is meant if it is not set.
        type: bool
  created:
    description:
      - Names of virtual hosts that an earlier task of the same run has created. In check mode that task has not
        really created them, so this one takes them as there, without a theme.
      - Has no effect outside check mode.
    type: list
    elements: str
    default: []
notes:
  - What is beyond the published API, the extension C(modoboa_virtualhosts) of this collection offers. Where the server
    has it not, mentioning it is an error.
  - With that extension a thousand themes are read in one request, and their colours and texts written in one. With the
    published API alone each is a request of its own, and Modoboa lets through five writes a second.
seealso:
  - module: mailhost.modoboa.modoboa_vhost
"""

EXAMPLES = r"""
- name: Give a portal its colours and a logo
  mailhost.modoboa.modoboa_theme:
    url: https://mail.example.org
    token: "{{ vault_modoboa_token }}"
    name: mail.atlas.example
    colors:
      primary: "#1565c0"
      secondary: "#ffb300"
    logos:
      login: /srv/brands/atlas/login.svg

- name: Many at once, with connection options from module_defaults
  mailhost.modoboa.modoboa_theme:
    themes:
      - name: mail.atlas.example
        colors:
          primary: "#1565c0"
      - name: mail.borealis.example
        logos:
          login: /srv/brands/borealis/login.png
          menu: ""
          favicon: /srv/brands/borealis/favicon.png
        page_title: Borealis mail
        sender_address: noreply@borealis.example

- name: This and nothing else
  mailhost.modoboa.modoboa_theme:
    name: mail.atlas.example
    colors:
      primary: "#1565c0"
    reset: true
"""

RETURN = r"""
themes:
  description:
    - What became of each theme, in the order of the task.
    - Missing if the task as a whole failed, for example because the server could not be reached.
  returned: when the server could be reached
  type: list
  elements: dict
  contains:
    name:
      description: Hostname of the virtual host.
      type: str
      sample: mail.atlas.example
    colors:
      description: All colours, empty where the instance's own is used.
      type: dict
      sample:
        primary: "#1565c0"
        primary_light: ""
        primary_dark: ""
        secondary: "#ffb300"
        label: ""
    logos:
      description:
        - The SHA-256 of each logo's content, V(null) where the instance's own is used.
        - Where the server does not tell, those that the task does not mention are missing.
      type: dict
      sample:
        login: 4b227777d4dd1fc61c6f884f48641d02b4d121d3fd328cb08b5531fcacdabf8a
        menu:
        creation_form:
        favicon:
    page_title:
      description: The title, empty where the instance's own is used, V(null) where the server has no such thing.
      type: str
      sample: Atlas mail
    sender_address:
      description: The sender, empty where the instance's own is used, V(null) where the server has no such thing.
      type: str
      sample: noreply@atlas.example
    changed:
      description: Whether the task changed it.
      type: bool
    failed:
      description: Whether the task failed for it.
      type: bool
    error:
      description: Why the task failed for it, V(null) if it did not.
      type: str
"""

from functools import partial
from typing import TYPE_CHECKING, Any

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.mailhost.modoboa.plugins.module_utils.items import ItemsError, items_from
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.batch import run
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.connection import (
    connection_options,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.theme import (
    COLORS,
    LOGOS,
    TEXTS,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.theme_convergence import (
    Convergence,
)
from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.wanted_theme import (
    read_items,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.batch import Outcome
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.client import Client
    from ansible_collections.mailhost.modoboa.plugins.module_utils.modoboa.wanted_theme import (
        WantedTheme,
    )


def item_options() -> dict[str, Any]:
    """The options of one theme."""
    return {
        "name": {"type": "str"},
        "colors": {"type": "dict", "options": {name: {"type": "str"} for name in COLORS}},
        "logos": {"type": "dict", "options": {kind: {"type": "path"} for kind in LOGOS}},
        **{text: {"type": "str"} for text in TEXTS},
        "reset": {"type": "bool"},
    }


def argument_spec() -> dict[str, Any]:
    """The options of the module."""
    one, many = item_options(), item_options()
    one["reset"]["default"] = False
    many["name"]["required"] = True
    return {
        **connection_options(),
        **one,
        "themes": {"type": "list", "elements": "dict", "options": many},
        "created": {"type": "list", "elements": "str", "default": []},
    }


def wanted_from(params: dict[str, Any]) -> list[WantedTheme]:
    """The themes that the task describes.

    :raises ItemsError: it contradicts itself
    """
    items = items_from(params, "themes", item_options())
    for item in items:
        if item["reset"] is None:
            item["reset"] = params["reset"]
    return read_items(items)


def converge(module: AnsibleModule, wanted: Sequence[WantedTheme], client: Client) -> list[Outcome]:
    """Make the themes as wanted."""
    convergence = Convergence(
        client, check_mode=module.check_mode, created=module.params["created"]
    )
    return convergence.bring_about(wanted)


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=argument_spec(),
        mutually_exclusive=[["themes", option] for option in item_options() if option != "reset"],
        required_one_of=[["name", "themes"]],
        supports_check_mode=True,
    )
    try:
        wanted = wanted_from(module.params)
    except ItemsError as error:
        module.fail_json(msg=str(error))
    else:
        run(module, "themes", "themes", partial(converge, module, wanted))


if __name__ == "__main__":
    main()
