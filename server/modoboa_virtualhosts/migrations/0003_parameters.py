# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The global settings of provisioning."""

from __future__ import annotations

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("modoboa_virtualhosts", "0002_license"),
    ]

    operations = [
        migrations.CreateModel(
            name="Parameters",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "acme_storage",
                    models.CharField(default="/var/lib/modoboa-virtualhosts", max_length=255),
                ),
                ("acme_directory_url", models.CharField(blank=True, default="", max_length=255)),
                ("acme_contact", models.JSONField(default=list)),
                ("acme_renewal_threshold", models.PositiveSmallIntegerField(default=30)),
                (
                    "nginx_configuration_directory",
                    models.CharField(default="/etc/nginx/sites-available", max_length=255),
                ),
                (
                    "nginx_enabled_sites_directory",
                    models.CharField(
                        blank=True, default="/etc/nginx/sites-enabled", max_length=255
                    ),
                ),
                (
                    "nginx_upstream",
                    models.CharField(
                        default="unix:/run/uwsgi/app/modoboa_instance/socket", max_length=255
                    ),
                ),
            ],
        ),
    ]
