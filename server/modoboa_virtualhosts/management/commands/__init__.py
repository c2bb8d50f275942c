# Copyright (c) 2026 the mailhost.modoboa contributors
# SPDX-License-Identifier: ISC
