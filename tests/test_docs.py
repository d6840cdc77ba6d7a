"""What the documents say stays true: settings, links, pictures."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from plugin.settings import Settings

ROOT = Path(__file__).parent.parent
SOURCE = (ROOT / "plugin" / "settings.py").read_text()
NAMED_IN_CODE = set(re.findall(r"`([A-Z][A-Z_]+)`:", SOURCE))
REQUIRED_IN_CODE = set(re.findall(r"`([A-Z][A-Z_]+)`:(?:(?!`[A-Z][A-Z_]+`:).)*?Required", SOURCE, re.DOTALL))
ROWS = {
    cells[0].strip("` "): [cell.strip() for cell in cells[1:]]
    for line in (ROOT / "docs" / "settings.md").read_text().splitlines()
    if line.startswith("| `")
    for cells in [line.strip("|").split(" | ")]
}
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def test_every_setting_stands_in_the_table_and_no_other():
    assert len(NAMED_IN_CODE) == len(Settings.__dataclass_fields__)
    assert set(ROWS) == NAMED_IN_CODE


def test_the_table_says_which_settings_are_required():
    assert {name for name, row in ROWS.items() if row[1] == "required"} == REQUIRED_IN_CODE


def test_the_examples_of_the_table_are_accepted_together():
    example = {name: re.findall(r"`([^`]+)`", row[2])[:1] for name, row in ROWS.items()}
    environment = {name: found[0] for name, found in example.items() if found}
    settings = Settings.from_environment({**environment, "ENCRYPTION_KEY": Fernet.generate_key().decode()})
    assert settings.app_url == "https://holdfast.example"
    assert (settings.code_grant_install, settings.metrics_port) == (True, 9100)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path):
    links = re.findall(r"\]\(([^)#]+)\)", page.read_text())
    gone = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert gone == []


def test_every_command_of_the_readme_is_one_of_the_makefile():
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    readme = (ROOT / "README.md").read_text()
    assert set(re.findall(r"\bmake ([a-z]+)", readme)) <= targets


@pytest.mark.parametrize("folder", ["docs/decisions", "migrations/versions"])
def test_decisions_and_migrations_are_numbered_in_one_row(folder: str):
    numbers = sorted(int(path.name[:4]) for path in (ROOT / folder).iterdir() if path.name[0].isdigit())
    assert numbers == list(range(1, len(numbers) + 1))
