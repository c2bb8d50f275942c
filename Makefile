# Copyright (c) 2026 the mailhost.modoboa contributors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
#
# Everything is installed and run below .bed (or BED_PREFIX); `make help` lists the targets.

BED := sh tests/bed/bootstrap.sh
PREFIX := $(or $(BED_PREFIX),.bed)
PYTHON := PYTHONPATH="$(CURDIR)/tests" "$(PREFIX)/venv/controller/bin/python"
BENCH_PYTHON := PYTHONPATH="$(CURDIR)/tests:$(PREFIX)/collections" "$(PREFIX)/venv/controller/bin/python"

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-stop test test-all molecule bench lint sanity clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: ## install everything that the tests need
	@$(BED) setup --tests

demo: ## provision four example tenants on this machine and leave them running
	@$(BED) setup
	@$(PYTHON) -m demo

demo-stop: ## stop what `make demo` left running
	@$(BED) stop --instance demo

test: setup ## every test, and the checks
	@$(PYTHON) tests/checks/run.py

test-all: ## also PostgreSQL, MariaDB, Modoboa's own tests, and other versions of Ansible, Python and libraries
	@$(BED) setup --tests --postgresql
	@$(PYTHON) tests/checks/run.py --all

molecule: setup ## scenarios on hosts with systemd (SCENARIO=upgrade: that one)
	@$(PYTHON) tests/checks/molecule.py $(addprefix --command=,$(COMMAND)) \
		$(addprefix --platform=,$(PLATFORM)) $(SCENARIO)

bench: ## figures of speed, beside other tools (BENCH=--full: none of them extrapolated)
	@$(BED) setup
	@set -e; for file in tests/bench/*.py; do $(BENCH_PYTHON) "$$file" $(BENCH); done

lint: setup ## formatting, style, types
	@tests/checks/lint.sh

sanity: setup ## ansible-test sanity
	@tests/checks/sanity.sh

clean: ## stop everything and remove all that was installed
	@$(BED) stop --all
	@rm -rf "$(PREFIX)"
