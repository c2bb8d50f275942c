# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
"""The tables of virtual hosts and of the domains on them."""

from __future__ import annotations

import django.db.models.deletion
from django.db import migrations, models

import modoboa_virtualhosts.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("admin", "0026_mailbox_shares"),
    ]

    operations = [
        migrations.CreateModel(
            name="VirtualHost",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "name",
                    models.CharField(
                        max_length=253,
                        unique=True,
                        validators=[modoboa_virtualhosts.models.validate_hostname],
                    ),
                ),
                ("creation", models.DateTimeField(auto_now_add=True)),
                ("enabled", models.BooleanField(default=True)),
                (
                    "provisioning_status",
                    models.CharField(
                        choices=[("pending", "Pending"), ("ready", "Ready"), ("failed", "Failed")],
                        default="pending",
                        max_length=16,
                    ),
                ),
                ("last_provisioning_error", models.TextField(blank=True, default="")),
                ("certificate_valid_until", models.DateTimeField(blank=True, null=True)),
                (
                    "theme_primary_color",
                    models.CharField(
                        blank=True,
                        default="",
                        max_length=7,
                        validators=[modoboa_virtualhosts.models.validate_color],
                    ),
                ),
                (
                    "theme_primary_color_light",
                    models.CharField(
                        blank=True,
                        default="",
                        max_length=7,
                        validators=[modoboa_virtualhosts.models.validate_color],
                    ),
                ),
                (
                    "theme_primary_color_dark",
                    models.CharField(
                        blank=True,
                        default="",
                        max_length=7,
                        validators=[modoboa_virtualhosts.models.validate_color],
                    ),
                ),
                (
                    "theme_secondary_color",
                    models.CharField(
                        blank=True,
                        default="",
                        max_length=7,
                        validators=[modoboa_virtualhosts.models.validate_color],
                    ),
                ),
                (
                    "theme_label_color",
                    models.CharField(
                        blank=True,
                        default="",
                        max_length=7,
                        validators=[modoboa_virtualhosts.models.validate_color],
                    ),
                ),
                (
                    "login_logo",
                    models.FileField(blank=True, default="", max_length=200, upload_to=""),
                ),
                (
                    "menu_logo",
                    models.FileField(blank=True, default="", max_length=200, upload_to=""),
                ),
                (
                    "creation_form_logo",
                    models.FileField(blank=True, default="", max_length=200, upload_to=""),
                ),
            ],
            options={
                "ordering": ("name",),
            },
        ),
        migrations.CreateModel(
            name="VirtualHostDomain",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "domain",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="virtualhost_link",
                        to="admin.domain",
                    ),
                ),
                (
                    "virtualhost",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="links",
                        to="modoboa_virtualhosts.virtualhost",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="virtualhost",
            name="domains",
            field=models.ManyToManyField(
                related_name="virtualhosts",
                through="modoboa_virtualhosts.VirtualHostDomain",
                to="admin.domain",
            ),
        ),
    ]
