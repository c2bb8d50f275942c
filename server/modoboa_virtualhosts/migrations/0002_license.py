# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The registration of the licence."""

from __future__ import annotations

import uuid

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("modoboa_virtualhosts", "0001_initial"),
    ]

    operations = [
        migrations.CreateModel(
            name="License",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("installation", models.UUIDField(default=uuid.uuid4, editable=False)),
                ("key_sha256", models.CharField(blank=True, default="", max_length=64)),
                ("registered_at", models.DateTimeField(blank=True, null=True)),
                ("licensee", models.CharField(blank=True, default="", max_length=200)),
                ("last_attempt", models.DateTimeField(blank=True, null=True)),
                ("last_error", models.TextField(blank=True, default="")),
            ],
        ),
    ]
