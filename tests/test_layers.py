"""Imports go down only: cabinet over invitations over conferences and addressbook."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
FLOOR = "cabinet.text"
# Each app -> what it may import of ours, beside itself and the floor.
BELOW: dict[str, set[str]] = {
    "cabinet": {"invitations", "conferences", "addressbook"},
    "invitations": {"conferences", "addressbook"},
    "conferences": set(),
    "addressbook": set(),
}
# Given values, giving values: no rows, no settings, no request.
PURE = [
    "cabinet/text.py",
    "conferences/times.py",
    "conferences/reminders.py",
    "conferences/tokens.py",
    "conferences/networks.py",
    "conferences/spreadsheet.py",
    "conferences/rooms/base.py",
    "conferences/rooms/bigbluebutton.py",
    "conferences/rooms/bigbluebutton_api.py",
    "conferences/rooms/jitsi.py",
    "conferences/rooms/link.py",
    "addressbook/folding.py",
    "addressbook/addresses.py",
    "invitations/mail_clients.py",
    "invitations/calendar.py",
    "invitations/vtimezones.py",
    "invitations/itip.py",
    "invitations/message.py",
    "invitations/second_reader.py",
    "invitations/stencils.py",
    "invitations/incoming.py",
    "invitations/imap.py",
    "invitations/mime.py",
    "invitations/replies.py",
    "invitations/foreign_zones.py",
    "invitations/stamps.py",
    "invitations/bounces.py",
    "invitations/outgoing.py",
    "invitations/until_start.py",
]
IMPURE = ("django.conf", "django.http", "django.shortcuts", "django.contrib")


def sources() -> list[Path]:
    """Every module of the four apps, migrations aside."""
    return [
        path
        for app in BELOW
        for path in sorted((ROOT / app).rglob("*.py"))
        if "migrations" not in path.relative_to(ROOT).parts
    ]


def imports(tree: ast.AST) -> Iterator[str]:
    """Dotted names that a module imports: `from a import b` gives both a and a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative imports hide the layer"
            yield node.module or ""
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_imports_go_down_only(path: Path) -> None:
    app = path.relative_to(ROOT).parts[0]
    tree = ast.parse(path.read_text())
    ours = {name for name in imports(tree) if name.partition(".")[0] in BELOW}
    allowed = {app, FLOOR, *BELOW[app]}
    # `from cabinet import text` names the package of the floor as well.
    above = {name for name in ours if not any(is_within(name, package) for package in allowed)}
    assert not (above - {"cabinet"})
    assert FLOOR in ours or "cabinet" not in above


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_foreign_rule_is_ever_expanded(path: Path) -> None:
    """Some rules of a few letters keep dateutil busy for ever: it is an oracle for tests and nothing else."""
    assert not [name for name in imports(ast.parse(path.read_text())) if is_within(name, "dateutil")]


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_letter_fails_in_silence(path: Path) -> None:
    """An error that nobody sees is a letter that nobody misses."""
    calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
    assert not [call for call in calls if "fail_silently" in {keyword.arg for keyword in call.keywords}]


@pytest.mark.parametrize("path", PURE)
def test_pure_modules_know_neither_rows_nor_settings_nor_requests(path: str) -> None:
    names = set(imports(ast.parse((ROOT / path).read_text())))
    # The floor defines model fields; nobody else has to do with the database.
    impure = IMPURE if path == "cabinet/text.py" else (*IMPURE, "django.db")
    assert not [name for name in names if any(is_within(name, module) for module in impure)]
    assert not [name for name in names if name.partition(".")[0] in BELOW and "models" in name.split(".")]


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_no_imports_inside_functions_no_signals_no_save(path: Path) -> None:
    tree = ast.parse(path.read_text())
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    inner = [node for function in functions for node in ast.walk(function)]
    assert not [node for node in inner if isinstance(node, ast.Import | ast.ImportFrom)]
    assert not [name for name in imports(tree) if is_within(name, "django.dispatch") or name.endswith(".signals")]
    if path.name == "models.py":
        assert "save" not in {function.name for function in functions}
