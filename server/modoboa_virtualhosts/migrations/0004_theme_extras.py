# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""What a theme has besides Modoboa's own parameters: icon, title and sender."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("modoboa_virtualhosts", "0003_parameters"),
    ]

    operations = [
        migrations.AddField(
            model_name="virtualhost",
            name="favicon_logo",
            field=models.FileField(blank=True, default="", max_length=200, upload_to=""),
        ),
        migrations.AddField(
            model_name="virtualhost",
            name="theme_page_title",
            field=models.CharField(blank=True, default="", max_length=100),
        ),
        migrations.AddField(
            model_name="virtualhost",
            name="theme_sender_address",
            field=models.EmailField(blank=True, default="", max_length=254),
        ),
    ]
