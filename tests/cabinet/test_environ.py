"""Every variable of the environment: what it becomes, and that a wrong value stops the start with a sentence."""

import os
import runpy
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from cabinet import environ
from cabinet.environ import Mail, Room

type Settings = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
KEY = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP"
PUBLIC = {
    "SITE_URL": "https://cabinet.example.org",
    "MAIL_URL": "smtp+tls://user:secret@mail.example.org",
    "MAIL_FROM": "invite@example.org",
}


@pytest.fixture
def settings_with(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Settings]:
    """Reads the settings anew, with nothing but the given variables."""

    def read(**variables: str) -> Settings:
        monkeypatch.setattr(os, "environ", {"DATA_DIR": str(tmp_path / "data"), **variables})
        monkeypatch.setattr(environ.VARIABLES, "env", os.environ)
        return runpy.run_path(str(ROOT / "cabinet/settings.py"))

    return read


WRONG = [
    ({"SITE_URL": "http://cabinet.example.org"}, "SITE_URL must begin with https://"),
    ({"SITE_URL": "cabinet.example.org"}, "SITE_URL must begin with http://, https://"),
    ({"SITE_URL": "https://cabinet.example.org/path"}, "SITE_URL must be a scheme and a host"),
    ({"SITE_URL": "https://user@cabinet.example.org"}, "SITE_URL must be a scheme and a host"),
    ({"SITE_URL": "https://cabinet.example.org:eighty"}, "SITE_URL is not a URL"),
    ({"SITE_URL": "https://cabinet.example.org:0"}, "SITE_URL is not a URL"),
    ({"SITE_URL": "https://cabinet.example.org?"}, "SITE_URL must be a scheme and a host"),
    ({"SITE_URL": "https://cabinet.example.org:"}, "SITE_URL must be a scheme and a host"),
    ({"SITE_URL": "https://*"}, "SITE_URL must be a scheme and a host"),
    ({"SITE_URL": "https://.example.org"}, "SITE_URL must be a scheme and a host"),
    ({"SITE_URL": f"https://{'a.' * 106}organ"}, "SITE_URL must be a scheme and a host"),
    ({"SITE_URL": "https://my_cabinet"}, "SITE_URL must be a scheme and a host"),
    ({"SITE_URL": "https://münchen.example"}, "SITE_URL must be a scheme and a host"),
    ({"SITE_URL": 'https://a"><b>'}, "SITE_URL must be a scheme and a host"),
    ({"SITE_URL": "http://127.example.org"}, "SITE_URL must begin with https://"),
    ({"SITE_NAME": "Two\nlines"}, "SITE_NAME must be one line"),
    ({"SITE_NAME": "x" * 81}, "SITE_NAME must be one line"),
    ({"PORT": "http"}, "PORT must be a whole number from 1 to 65535"),
    ({"PORT": "70000"}, "PORT must be a whole number from 1 to 65535"),
    ({"WORKERS": "0"}, "WORKERS must be a whole number from 1 to 64"),
    ({"TRUSTED_PROXY_COUNT": "-1"}, "TRUSTED_PROXY_COUNT must be a whole number from 0 to 10"),
    ({"DEBUG": "perhaps"}, "DEBUG must be true or false"),
    ({"DEBUG": "true", **PUBLIC}, "DEBUG must not be on"),
    ({"ALLOW_SIGNUP": "2"}, "ALLOW_SIGNUP must be true or false"),
    ({"ADMIN_ENABLED": "ja"}, "ADMIN_ENABLED must be true or false"),
    ({"LANGUAGE_CODE": "xx"}, "LANGUAGE_CODE must be one of en, ru, de"),
    ({"TIME_ZONE": "Mars/Olympus"}, "TIME_ZONE must be a time zone name"),
    ({"TIME_ZONE": "/etc/passwd"}, "TIME_ZONE must be a time zone name"),
    ({"TIME_ZONE": "Factory"}, "TIME_ZONE must be a time zone name"),
    ({"TIME_ZONE": "Etc/GMT+5"}, "TIME_ZONE must be a time zone name"),
    ({"LOG_LEVEL": "loud"}, "LOG_LEVEL must be one of"),
    ({"STATEMENT_TIMEOUT": "long"}, "STATEMENT_TIMEOUT must be a whole number"),
    ({"SECRET_KEY": "short"}, "SECRET_KEY must be at least 50 random characters"),
    ({"SECRET_KEY": "a" * 60}, "SECRET_KEY must be at least 50 random characters"),
    ({"DATABASE_URL": "mysql://root@localhost/cabinet"}, "DATABASE_URL must begin with sqlite://, postgres://"),
    ({"DATABASE_URL": "postgres://user@host"}, "DATABASE_URL must name a database"),
    ({"DATABASE_URL": "postgres://user@host/cabinet"}, "SECRET_KEY must be at least 50 random characters"),
    ({"DATABASE_URL": "sqlite://"}, "DATABASE_URL must name a file"),
    ({"DATABASE_URL": "sqlite://host/file"}, "DATABASE_URL must name a file"),
    ({"DATABASE_URL": "sqlite:////srv/file?timeout=5"}, "DATABASE_URL must name a file"),
    ({"DATABASE_URL": "sqlite:////usr"}, "DATABASE_URL must name a file"),
    ({"DATABASE_URL": "sqlite:////no/such/folder/file"}, "DATABASE_URL names a file that cannot be written"),
    ({"DATA_DIR": "/dev/null/data"}, "DATA_DIR names a folder that cannot be made"),
    ({"MAIL_URL": "imap://host"}, "MAIL_URL must begin with file://, smtp://"),
    ({"MAIL_URL": "smtp://"}, "MAIL_URL must name a mail server"),
    ({"MAIL_URL": "smtp://mail server"}, "MAIL_URL must name a mail server"),
    ({"MAIL_URL": "smtp://user@host"}, "MAIL_URL must give both user and password"),
    ({"MAIL_URL": "smtp://host:0x19"}, "MAIL_URL is not a URL"),
    ({"MAIL_URL": "smtp://user:a?b@host"}, "MAIL_URL is not a URL; in a password write"),
    ({"MAIL_URL": "file://mail"}, "MAIL_URL must name a folder from the root"),
    ({"MAIL_URL": "smtp://host"}, "MAIL_FROM must be a plain address"),
    ({"MAIL_FROM": "Cabinet <invite@example.org>"}, "MAIL_FROM must be a plain address"),
    ({"MAIL_FROM": "invite..now@example.org"}, "MAIL_FROM must be a plain address"),
    ({"MAIL_FROM": "invite@example..org"}, "MAIL_FROM must be a plain address"),
    ({"MAIL_FROM": "invite@-"}, "MAIL_FROM must be a plain address"),
    ({"VIDEO_URL": "https://meet.example.org"}, "VIDEO_URL must begin with jitsi+https://"),
    ({"VIDEO_URL": "jitsi+http://meet.example.org"}, "VIDEO_URL must begin with jitsi+https://"),
    ({"VIDEO_URL": "jitsi+https://*"}, "VIDEO_URL must name a video server"),
    ({"VIDEO_URL": "jitsi+https://meet.example.org;x"}, "VIDEO_URL must name a video server"),
    ({"VIDEO_URL": "bbb+https://:short@host/bigbluebutton/api"}, "VIDEO_URL must give BigBlueButton as bbb+https://:s"),
    ({"VIDEO_URL": "bbb+https://:" + "s" * 16 + "@host/"}, "VIDEO_URL must give BigBlueButton as"),
    ({"VIDEO_URL": "bbb+https://user:" + "s" * 16 + "@host/api"}, "VIDEO_URL must give BigBlueButton as"),
    ({"VIDEO_URL": "bbb+https://host/bigbluebutton/api"}, "VIDEO_URL must give BigBlueButton as"),
    ({"VIDEO_URL": "bbb+http://:" + "s" * 16 + "@host/api"}, "VIDEO_URL must begin with jitsi+https://, bbb+https://"),
    ({"VIDEO_URL": "bbb+https://:" + "s" * 16 + "@host/api?x=1"}, "VIDEO_URL must name a video server"),
    ({"VIDEO_URL": "jitsi+https://meet.example.org#a%0Ab"}, "VIDEO_URL must give rooms a #name of at most 64 letters"),
    ({"VIDEO_URL": "jitsi+https://meet.example.org#" + "a" * 65}, "VIDEO_URL must give rooms a #name of at most 64"),
    *(
        ({"VIDEO_HOSTS": hosts}, "VIDEO_HOSTS must hold hosts, separated by commas")
        for hosts in ("https://a.example.org", "*", "*.org", "a.example.org/x", "a b", "'self'", "a;script-src *", "a:")
    ),
    ({"DIAL_IN": "+49 30 1234"}, "DIAL_IN must name each room of VIDEO_URL at most once"),
    ({"DIAL_IN": "elsewhere=+49 30 1234"}, "DIAL_IN must name each room of VIDEO_URL at most once"),
    ({"DIAL_IN": "meet.jit.si=1;meet.jit.si=2"}, "DIAL_IN must name each room of VIDEO_URL at most once"),
    ({"DIAL_IN": "meet.jit.si="}, "DIAL_IN must say in at most 300 letters how one reaches meet.jit.si"),
    ({"DIAL_IN": "meet.jit.si=" + "1" * 301}, "DIAL_IN must say in at most 300 letters"),
    ({"DIAL_IN": "meet.jit.si=a\u202eb"}, "DIAL_IN must say in at most 300 letters"),
    ({"VIDEO_URL": "jitsi+https://app:short@host"}, "VIDEO_URL must give signed rooms as app:secret@host"),
    ({"VIDEO_URL": "link+https://host/path"}, "VIDEO_URL must hold {room} once"),
    ({"VIDEO_URL": "link+https://user:pw@host/{room}"}, "VIDEO_URL must hold {room} once"),
    ({"VIDEO_URL": "link+https://{room}.host/"}, "VIDEO_URL must name a video server"),
    ({"VIDEO_URL": "jitsi+https://a.example#A,jitsi+https://b.example#A"}, "VIDEO_URL must give each of several rooms"),
    ({"REPLY_URL": "pop3://user:pw@host"}, "REPLY_URL must begin with imap://, imap+tls://, imaps://"),
    (PUBLIC | {"REPLY_URL": "imap://user:pw@host/INBOX"}, "REPLY_URL must begin with imaps:// or imap+tls://"),
    (PUBLIC | {"REPLY_URL": "imaps://host/INBOX"}, "REPLY_URL must name a mailbox"),
    (PUBLIC | {"REPLY_URL": "imaps://user:p%0Aw@host/"}, "REPLY_URL must hold user, password and folder"),
    ({"REPLY_URL": "imaps://user:pw@host/INBOX"}, "REPLY_URL needs a MAIL_FROM whose domain receives mail"),
    ({"AUTHSERV_ID": "mx one"}, "AUTHSERV_ID must be a name"),
    ({"OIDC_URL": "https://id.example.org"}, "OIDC_URL is not supported by this version"),
    ({"LDAP_URL": "ldaps://ldap.example.org"}, "LDAP_URL is not supported by this version"),
    ({"QUOTA_NEW_RECIPIENTS": "none"}, "QUOTA_NEW_RECIPIENTS must be a whole number from 1 to 999999, not “none”"),
    ({"QUOTA_NEW_RECIPIENTS": "0"}, "QUOTA_NEW_RECIPIENTS must be a whole number from 1 to 999999, not “0”"),
    ({"SECRET_KEY_FILE": "/no/such/file"}, "SECRET_KEY_FILE names a file that cannot be read"),
]


@pytest.mark.parametrize(
    ("url", "mailbox"),
    [
        ("imaps://b%40x:p%2Fw@mail.example.org", ("imap", "mail.example.org", 993, "b@x", "p/w", "tls", "INBOX")),
        ("imap+tls://b:pw@mail.example.org/In%20b", ("imap", "mail.example.org", 143, "b", "pw", "starttls", "In b")),
        ("imap://b:pw@127.0.0.1:1430/INBOX", ("imap", "127.0.0.1", 1430, "b", "pw", "none", "INBOX")),
        ("pipe:", ("pipe", "", 0, "", "", "none", "")),
    ],
)  # fmt: skip
def test_answers_come_in_by_a_mailbox_or_from_the_mail_server(
    settings_with: Callable[..., Settings], url: str, mailbox: tuple[Any, ...]
) -> None:
    settings = settings_with(**PUBLIC, REPLY_URL=url)
    reply = settings["REPLY"]
    assert (reply.kind, reply.host, reply.port, reply.username, reply.password, reply.security, reply.folder) == mailbox
    assert "pw" not in repr(reply)
    assert settings["ANSWERS_BY_MAIL"]
    assert settings["AUTHSERV_ID"] == (reply.host or "example.org")


def test_without_a_mailbox_answers_do_not_come_in(settings_with: Callable[..., Settings]) -> None:
    settings = settings_with(**PUBLIC)
    assert (settings["REPLY"], settings["ANSWERS_BY_MAIL"]) == (None, False)


@pytest.mark.parametrize(("variables", "sentence"), WRONG, ids=[sentence[:40] for _variables, sentence in WRONG])
def test_wrong_value_is_refused(
    settings_with: Callable[..., Settings], variables: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ImproperlyConfigured) as refusal:
        settings_with(**variables)
    said = str(refusal.value)
    assert sentence in said
    assert said.endswith(".")
    assert not any(secret in said for secret in (":short@", ":pw@", "a?b")), "no password in an error"


def test_refusal_stops_the_start_with_one_line(tmp_path: Path) -> None:
    command = [sys.executable, "manage.py", "serve"]
    variables = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path), "WORKERS": "many"}
    done = subprocess.run(command, cwd=ROOT, env=variables, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert done.stderr == "The settings are not right. WORKERS must be a whole number from 1 to 64, not “many”.\n"


def test_nothing_set_is_a_complete_private_installation(settings_with: Callable[..., Settings], tmp_path: Path) -> None:
    settings = settings_with()
    expected = {
        "DEBUG": False,
        "SITE_URL": "http://localhost:8000",
        "SITE_NAME": "Personal Cabinet",
        "MAIL_FROM": "invite@localhost",
        "ALLOW_SIGNUP": False,
        "ADMIN_ENABLED": False,
        "SESSION_COOKIE_NAME": "session",
        "TIME_ZONE": "UTC",
    }
    assert {name: settings[name] for name in expected} == expected
    assert sorted(settings["ALLOWED_HOSTS"]) == ["127.0.0.1", "[::1]", "localhost"]
    data = tmp_path / "data"
    assert mode(data) == 0o700
    assert mode(data / "secret_key") == mode(data / "cabinet.sqlite3") == 0o600


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_two_installations_have_different_keys_and_keep_them(
    settings_with: Callable[..., Settings], tmp_path: Path
) -> None:
    first = settings_with(DATA_DIR=str(tmp_path / "a"))["SECRET_KEY"]
    assert settings_with(DATA_DIR=str(tmp_path / "a"))["SECRET_KEY"] == first
    assert settings_with(DATA_DIR=str(tmp_path / "b"))["SECRET_KEY"] != first
    assert len(first) >= 50


def test_public_installation_is_shut_tight(settings_with: Callable[..., Settings]) -> None:
    settings = settings_with(**PUBLIC, TRUSTED_PROXY_COUNT="1")
    expected = {
        "ALLOWED_HOSTS": ["cabinet.example.org"],
        "SESSION_COOKIE_NAME": "__Host-session",
        "SESSION_COOKIE_SECURE": True,
        "CSRF_COOKIE_NAME": "__Host-csrf",
        "CSRF_COOKIE_SECURE": True,
        "SECURE_SSL_REDIRECT": True,
        "SECURE_SSL_HOST": "cabinet.example.org",
        "SECURE_HSTS_SECONDS": 31_536_000,
        "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
        "SECURE_PROXY_SSL_HEADER": ("HTTP_X_FORWARDED_PROTO", "https"),
        "MAIL_DOMAIN": "example.org",
    }
    assert {name: settings[name] for name in expected} == expected


def test_some_things_are_shut_tight_everywhere(settings_with: Callable[..., Settings]) -> None:
    settings = settings_with()
    expected = {
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_HTTPONLY": True,
        "CSRF_COOKIE_SAMESITE": "Lax",
        "CSRF_COOKIE_HTTPONLY": True,
        "PASSWORD_RESET_TIMEOUT": 3600,
        "DATA_UPLOAD_MAX_MEMORY_SIZE": 2_621_440,
        "DATA_UPLOAD_MAX_NUMBER_FIELDS": 2000,
        "DATA_UPLOAD_MAX_NUMBER_FILES": 5,
        "USE_TZ": True,
    }
    assert {name: settings[name] for name in expected} == expected
    assert settings["PASSWORD_HASHERS"][0] == "cabinet.passwords.Argon2"


def test_nobody_in_front_is_believed_unless_the_number_of_proxies_is_given(
    settings_with: Callable[..., Settings],
) -> None:
    settings = settings_with(**PUBLIC)
    assert settings["SECURE_PROXY_SSL_HEADER"] is None
    assert settings["ALLAUTH_TRUSTED_PROXY_COUNT"] == 0
    assert "USE_X_FORWARDED_HOST" not in settings


def test_value_may_come_from_a_file(settings_with: Callable[..., Settings], tmp_path: Path) -> None:
    key, url = tmp_path / "key", tmp_path / "url"
    key.write_text(KEY + "\n")
    url.write_text("postgres://cabinet:p%40ss@db.example.org:5433/cabinet\n")
    settings = settings_with(SECRET_KEY_FILE=str(key), DATABASE_URL_FILE=str(url))
    assert settings["SECRET_KEY"] == KEY
    database = settings["DATABASES"]["default"]
    assert (database["PASSWORD"], database["HOST"], database["PORT"]) == ("p@ss", "db.example.org", 5433)


def test_port_decides_the_default_address(settings_with: Callable[..., Settings]) -> None:
    assert settings_with(PORT="8123")["SITE_URL"] == "http://localhost:8123"


@pytest.mark.parametrize("url", ["http://127.0.0.1:8000", "http://[::1]:8000", "http://cabinet.localhost"])
def test_loopback_needs_no_certificate(url: str) -> None:
    assert environ.site_url(url) == url


def test_loopback_address_of_version_6_is_a_host_that_browsers_name(settings_with: Callable[..., Settings]) -> None:
    settings = settings_with(SITE_URL="http://[::1]:8000")
    assert settings["SITE_HOST"] == "[::1]"
    assert settings["IS_LOOPBACK"]
    assert sorted(settings["ALLOWED_HOSTS"]) == ["127.0.0.1", "[::1]", "localhost"]
    assert settings_with(SITE_URL="https://[2001:db8::1]")["ALLOWED_HOSTS"] == ["[2001:db8::1]"]


@pytest.mark.parametrize(("name", "zone"), [("Etc/UTC", "UTC"), ("US/Eastern", "America/New_York")])
def test_former_name_of_a_time_zone_is_understood(settings_with: Callable[..., Settings], name: str, zone: str) -> None:
    assert settings_with(TIME_ZONE=name)["TIME_ZONE"] == zone


@pytest.mark.parametrize("name", ["with space", "c++", "a#b", "a?b", "50%", "%20", "übung", "a@b:c"])
def test_data_dir_may_have_any_name(settings_with: Callable[..., Settings], tmp_path: Path, name: str) -> None:
    settings = settings_with(DATA_DIR=str(tmp_path / name))
    assert settings["DATABASES"]["default"]["NAME"] == tmp_path / name / "cabinet.sqlite3"
    assert settings["MAIL"] == Mail("file", tmp_path / name / "mail")


@pytest.mark.parametrize(
    ("url", "mail"),
    [
        ("smtp://mail.example.org", Mail("smtp", None, "mail.example.org", 25)),
        ("smtp+tls://u:p@mail.example.org", Mail("smtp", None, "mail.example.org", 587, "u", "p", "starttls")),
        (
            "smtps://u%40x:p%3F%23@mail.example.org:4465",
            Mail("smtp", None, "mail.example.org", 4465, "u@x", "p?#", "tls"),
        ),
        ("smtp://[::1]:2525", Mail("smtp", None, "::1", 2525)),
    ],
)
def test_mail_url(url: str, mail: Mail) -> None:
    assert environ.mail(url) == mail


def test_file_mail_makes_its_folder(tmp_path: Path) -> None:
    folder = tmp_path / "with space"
    assert environ.mail(f"file://{tmp_path}/with%20space") == Mail("file", folder)
    assert mode(folder) == 0o700


@pytest.mark.parametrize(
    ("url", "rooms"),
    [
        ("jitsi+https://meet.jit.si", [Room("meet.jit.si", "jitsi", "https://meet.jit.si")]),
        (
            "jitsi+https://cabinet:" + "s" * 32 + "@meet.example.org:8443/",
            [Room("meet.example.org", "jitsi", "https://meet.example.org:8443", "cabinet", "s" * 32)],
        ),
        (
            "bbb+https://:" + "s" * 16 + "@bbb.example.org/bigbluebutton/api/#Hall",
            [Room("Hall", "bbb", "https://bbb.example.org/bigbluebutton/api", "", "s" * 16)],
        ),
        (
            "link+https://video.example.org/r/{room}?lang=en#Video%20A, jitsi+https://meet.example.org#B",
            [
                Room("Video A", "link", "https://video.example.org/r/{room}?lang=en"),
                Room("B", "jitsi", "https://meet.example.org"),
            ],
        ),
    ],
)
def test_video_url(url: str, rooms: list[Room]) -> None:
    assert list(environ.rooms(url)) == rooms


@pytest.mark.parametrize("text", ["Hall=+49 30 1, PIN 2; B=+49 30=3;", "Hall=+49 30 1, PIN 2\nB=+49 30=3\r\n\n"])
def test_dial_in_goes_to_the_rooms_it_names(settings_with: Callable[..., Settings], text: str, tmp_path: Path) -> None:
    (tmp_path / "numbers").write_text(text)
    urls = "jitsi+https://a.example.org#Hall,jitsi+https://b.example.org#B,jitsi+https://c.example.org#C"
    rooms = settings_with(VIDEO_URL=urls, DIAL_IN_FILE=str(tmp_path / "numbers"))["ROOMS"]
    assert [room.dial_in for room in rooms] == ["+49 30 1, PIN 2", "+49 30=3", ""]


def test_lines_of_a_dial_in_text_may_hold_semicolons(settings_with: Callable[..., Settings]) -> None:
    urls = "jitsi+https://a.example.org#A,jitsi+https://b.example.org#B"
    rooms = settings_with(VIDEO_URL=urls, DIAL_IN="A=+49 30 1; then 2#\nB=+49 30 2")["ROOMS"]
    assert [room.dial_in for room in rooms] == ["+49 30 1; then 2#", "+49 30 2"]


def test_rooms_may_send_people_on_to_other_hosts(settings_with: Callable[..., Settings]) -> None:
    assert settings_with()["VIDEO_HOSTS"] == ()
    hosts = settings_with(VIDEO_HOSTS="B1.example.org:8443, *.bbb.example.org,localhost:8443,")["VIDEO_HOSTS"]
    assert hosts == ("https://b1.example.org:8443", "https://*.bbb.example.org", "https://localhost:8443")


def test_secrets_are_in_no_representation(settings_with: Callable[..., Settings]) -> None:
    secret = "0123456789abcdef0123456789abcdef"
    urls = f"jitsi+https://app:{secret}@a.example.org,bbb+https://:{secret}@b.example.org/bigbluebutton/api"
    settings = settings_with(VIDEO_URL=urls, MAIL_URL=f"smtp://user:{secret}@host", MAIL_FROM="invite@example.org")
    assert secret not in repr((settings["ROOMS"], settings["MAIL"]))


def test_sqlite_is_set_up_for_many_processes_and_power_cuts(tmp_path: Path) -> None:
    config = environ.database(f"sqlite:///{tmp_path}/file", statement_timeout=15)
    assert config["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert config["OPTIONS"]["timeout"] == 20
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        assert pragma in config["OPTIONS"]["init_command"]


def test_postgresql_is_pooled_and_gives_up_in_time() -> None:
    options: dict[str, Any] = environ.database("postgres://u:p@h/d?sslmode=verify-full", statement_timeout=15)[
        "OPTIONS"
    ]
    assert options["sslmode"] == "verify-full"
    assert options["pool"]["max_size"] > 0
    assert "statement_timeout=15s" in options["options"]
    assert "lock_timeout=5s" in options["options"]


def test_web_pages_get_less_time_than_commands(tmp_path: Path) -> None:
    code = "import cabinet.wsgi, os; print(os.environ['STATEMENT_TIMEOUT'])"
    environment = {"PATH": os.environ["PATH"], "DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.strip() == "15"


def test_unreadable_file_names_the_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SITE_NAME_FILE", str(tmp_path))
    with pytest.raises(ImproperlyConfigured, match="SITE_NAME_FILE"):
        environ.read("SITE_NAME")
