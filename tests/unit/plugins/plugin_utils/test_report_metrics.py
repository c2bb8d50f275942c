# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

import re

from ansible_collections.mailhost.modoboa.plugins.plugin_utils.report_metrics import metrics
from unit.plugins.plugin_utils.report_findings import (
    INSTANCE,
    NOW,
    a_look,
    a_record,
    a_tenant,
    every_state,
    report_of,
)

LABEL = r'[a-z_]+="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(rf"([a-z_]+)(?:\{{{LABEL}(?:,{LABEL})*\}})? -?\d+(?:\.\d+)?")


def test_every_line_is_of_the_text_format() -> None:
    described: dict[str, list[str]] = {}
    seen = set()
    for line in metrics(every_state("logo.svg")).splitlines():
        if line.startswith("#"):
            _hash, what, name, _text = line.split(" ", 3)
            described.setdefault(name, []).append(what)
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample, line
        assert described[sample[1]] == ["HELP", "TYPE"]
        series = line.rpartition(" ")[0]
        assert series not in seen
        seen.add(series)


def test_what_is_said_of_a_portal() -> None:
    text = metrics(report_of(a_look(a_tenant("mail.a.test")), records=[a_record("mail.a.test")]))
    portal = f'portal="mail.a.test",modoboa="{INSTANCE}"'
    day, now = 86400, int(NOW.timestamp())
    for line in (
        f'modoboa_portal_state{{{portal},state="ready"}} 1',
        f"modoboa_portal_certificate_not_after_timestamp_seconds{{{portal}}} {now + 60 * day}",
        f"modoboa_portal_certificate_renewal_timestamp_seconds{{{portal}}} {now + 30 * day}",
        f"modoboa_portal_certificate_danger_timestamp_seconds{{{portal}}} {now + 50 * day}",
        f"modoboa_portal_certificate_in_danger{{{portal}}} 0",
        'modoboa_portal_report_portals{level="good"} 1',
        'modoboa_portal_report_host_reached{host="front"} 1',
        f"modoboa_portal_report_timestamp_seconds {now}",
    ):
        assert f"{line}\n" in text
    assert "modoboa_portal_drift" not in text


def test_labels_are_escaped() -> None:
    look = a_look(a_tenant("mail.a.test"), host='front "\\\n1')
    text = metrics(report_of(look, records=[a_record("mail.a.test")]))
    assert 'host_reached{host="front \\"\\\\\\n1"} 1\n' in text


def test_the_end_of_a_disabled_portals_certificate_alarms_nobody() -> None:
    closed = a_look(a_tenant("mail.a.test", disabled=True), blocks=[])
    text = metrics(report_of(closed, records=[a_record("mail.a.test", enabled=False)]))
    assert 'state="disabled"} 1' in text
    assert "modoboa_portal_certificate" not in text
