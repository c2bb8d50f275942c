# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every module that takes one item or a list of items does alike."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from ansible.module_utils.basic import AnsibleModule

Item = dict[str, Any]
"""One item as the user wrote it, or one result: always with ``name``."""


class ItemsError(ValueError):
    """The list itself is wrong, so that nothing may be touched; the text names every problem."""


def items_from(
    params: Mapping[str, Any], list_option: str, item_options: Iterable[str]
) -> list[Item]:
    """The items a task asks for, whether it names one at top level or gives a list.

    :param params: the module's parameters
    :param list_option: the option that takes a list, such as ``vhosts``
    :param item_options: the options of one item, with ``name`` among them
    :returns: the items; none if the task names neither
    """
    if params[list_option] is not None:
        return [dict(item) for item in params[list_option]]
    if params["name"] is None:
        return []
    return [{option: params[option] for option in item_options}]


def check_names(items: Iterable[Item], check: Callable[[str], None] | None = None) -> None:
    """Refuse a list with duplicate or malformed names, before anything is touched.

    :param items: the items
    :param check: raises a ValueError that says what is wrong with a name
    :raises ItemsError: with all problems, not only the first
    """
    problems = []
    for name, count in Counter(item["name"] for item in items).items():
        if count > 1:
            problems.append(f"{name!r} is listed {count} times; list it once")
        if check is not None:
            try:
                check(name)
            except ValueError as error:
                problems.append(str(error))
    if problems:
        raise ItemsError("; ".join(problems))


def change(name: str, before: Any, after: Any) -> dict[str, Any]:
    """One entry of Ansible's ``diff`` result, headed by the item's name.

    :param name: the item, or the file, that changes
    :param before: text, or a mapping that Ansible prints as lines
    :param after: the same for the state afterwards
    """
    return {"before_header": name, "after_header": name, "before": before, "after": after}


def summary(noun: str, results: Sequence[Item]) -> str | None:
    """Which items failed and why, in one line; None if none did.

    :param noun: what the items are, in the plural, such as ``certificates``
    :param results: one result per item, with ``name``, ``failed`` and ``error``
    """
    failures = [result for result in results if result["failed"]]
    if not failures:
        return None
    reasons = "; ".join(f"{failure['name']}: {failure['error']}" for failure in failures)
    return f"{len(failures)} of {len(results)} {noun} failed: {reasons}"


def finish(
    module: AnsibleModule,
    list_option: str,
    noun: str,
    results: Sequence[Item],
    diff: Sequence[Mapping[str, Any]] = (),
    others: Sequence[Item] = (),
    /,
    **more: Any,
) -> None:
    """End the module with all results: as failed if any item failed, and only then.

    :param module: the running module
    :param list_option: the key of the results, the same as the option that takes the list
    :param noun: what the items are, in the plural, for the message
    :param results: one result per item, with ``name``, ``changed``, ``failed`` and ``error``
    :param diff: what changed, see :func:`change`; returned only in diff mode
    :param others: what has results like an item, and counts as one, but is none of the list
    :param more: further results; ``changed`` among them adds to that of the items
    """
    every = [*results, *others]
    more["changed"] = bool(more.get("changed")) or any(result["changed"] for result in every)
    more[list_option] = list(results)
    if module._diff:
        more["diff"] = list(diff)
    message = summary(noun, every)
    if message is not None:
        module.fail_json(msg=message, **more)
    module.exit_json(**more)
