"""`make test`: everything on SQLite, then whatever touches the database once more on PostgreSQL where one is at hand.

TEST_DATABASE_URL names the server; without it one on this machine is taken that lets the current user in without a
password. The databases made there have names of their own and are dropped afterwards. BROWSER=no leaves out the
tests in a browser.
"""

import contextlib
import getpass
import os
import subprocess
import sys
from urllib.parse import quote

import psycopg
from psycopg import sql

OLDEST = 150000  # PostgreSQL 15


def main() -> int:
    """Runs, then says what ran where. 0 if all that ran has passed."""
    browser = [] if os.environ.get("BROWSER") != "no" else ["-m", "not browser"]
    lines, failed = [], False
    for name, url, arguments in plan():
        passed = run_pytest(url, [*browser, *arguments])
        failed |= not passed
        lines.append(f"{name}: {'passed' if passed else 'FAILED'}")
    if len(lines) == 1:
        lines.append("PostgreSQL: not run; set TEST_DATABASE_URL=postgres://user@host/database (a role with CREATEDB)")
    if browser:
        lines.append("Browser: not run, as BROWSER=no asked for")
    print("", *lines, sep="\n")  # noqa: T201
    return failed


def plan() -> list[tuple[str, str, list[str]]]:
    """(name, database URL, pytest arguments) of every run."""
    runs: list[tuple[str, str, list[str]]] = [("SQLite", "", [])]
    if url := os.environ.get("TEST_DATABASE_URL") or find_server():
        runs.append(("PostgreSQL", url, ["--database-only"]))
    return runs


def find_server() -> str:
    """A PostgreSQL on this machine that lets us in without a password and lets us make databases, or ""."""
    for host in ("/var/run/postgresql", "/tmp", "127.0.0.1"):
        for user in (getpass.getuser(), "postgres"):
            url = f"postgres://{quote(user)}@{quote(host, safe='')}/postgres"
            if may_create(url):
                return url
    return ""


def may_create(url: str) -> bool:
    """Whether `url` leads to a server that is new enough and lets us make databases."""
    try:
        with psycopg.connect(url, connect_timeout=3) as server:
            query = "SELECT rolcreatedb OR rolsuper FROM pg_roles WHERE rolname = current_user"
            row = server.execute(query).fetchone()
            return bool(row and row[0]) and server.info.server_version >= OLDEST
    except psycopg.Error:
        return False


def run_pytest(url: str, arguments: list[str]) -> bool:
    """One whole run; True if it passed. Its databases are gone afterwards, even if it was interrupted."""
    suffix = f"run{os.getpid()}"
    environment = os.environ | {"TEST_DATABASE_URL": url, "DATABASE_URL": "", "TEST_DB_SUFFIX": suffix}
    try:
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-rs",
            "--durations=20",
            "-n",
            "auto",
            "--dist",
            "worksteal",
            *arguments,
        ]
        return subprocess.run(command, env=environment, check=False).returncode == 0
    finally:
        if url:
            drop_databases(url, f"test_cabinet_{suffix}")


def drop_databases(url: str, prefix: str) -> None:
    """Drop every database whose name begins with `prefix`."""
    with contextlib.suppress(psycopg.Error), psycopg.connect(url, autocommit=True) as server:
        ours = server.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [prefix])
        for (name,) in ours.fetchall():
            server.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


if __name__ == "__main__":
    sys.exit(main())
