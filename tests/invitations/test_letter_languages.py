"""Letters and pages in Russian and German: their words, dates and plural forms."""

from datetime import datetime, time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import translation

from cabinet.models import User
from conferences import recurrence
from conferences.models import Change, Conference
from invitations import letters, outbox
from invitations.messages import Message
from invitations.models import Delivery
from tests.factories import make_conference, make_contact, make_invitation
from tests.invitations.test_letters import KIND, NOW, Read, ask, owe, read, sent

SUBJECTS = {
    "ru": {
        KIND.INVITATION: "Приглашение: Планы — чт, 6 мая 2027 14:00 (Europe/Berlin)",
        KIND.UPDATE: "Изменение: Планы — чт, 6 мая 2027 15:30 (Europe/Berlin)",
        KIND.CANCELLATION: "Отмена: Планы — чт, 6 мая 2027 15:30 (Europe/Berlin)",
    },
    "de": {
        KIND.INVITATION: "Einladung: Планы — Do, 6. Mai 2027 14:00 (Europe/Berlin)",
        KIND.UPDATE: "Geändert: Планы — Do, 6. Mai 2027 15:30 (Europe/Berlin)",
        KIND.CANCELLATION: "Abgesagt: Планы — Do, 6. Mai 2027 15:30 (Europe/Berlin)",
    },
}
LINES = {
    "ru": {
        KIND.INVITATION: (
            "Alice Adams приглашает вас", "четверг, 6 мая 2027\n14:00–15:00 (Berlin, UTC+2)",
            "По вашим часам: четверг, 6 мая 2027, 21:00–22:00 (Tokyo, UTC+9)", "Вы примете участие?\n  Принять: ",
        ),
        KIND.UPDATE: (
            "Alice Adams меняет эту конференцию", "Что изменилось\n  Время: 15:30–16:30 (было: 14:00–15:00)",
            "Пароль: нет (было: harbour42)", "Вам подходит новое время?",
        ),
        KIND.CANCELLATION: ("Alice Adams отменяет эту конференцию", "Приложенный файл уберёт конференцию из вашего"),
    },
    "de": {
        KIND.INVITATION: (
            "Alice Adams lädt Sie ein", "Donnerstag, 6. Mai 2027\n14:00–15:00 (Berlin, UTC+2)",
            "Auf Ihrer Uhr: Donnerstag, 6. Mai 2027, 21:00–22:00 (Tokyo, UTC+9)", "Nehmen Sie teil?\n  Zusagen: ",
        ),
        KIND.UPDATE: (
            "Alice Adams ändert diese Konferenz", "Was sich geändert hat\n  Uhrzeit: 15:30–16:30 (war 14:00–15:00)",
            "Passwort: ohne (war harbour42)", "Passt Ihnen die neue Zeit?",
        ),
        KIND.CANCELLATION: ("Alice Adams sagt diese Konferenz ab", "Die angehängte Datei entfernt die Konferenz aus"),
    },
}  # fmt: skip


def letters_to_bob(conference: Conference, alice: User, language: str) -> dict[Delivery.Kind, Read]:
    """The invitation, an update and the cancellation, to somebody in Tokyo who reads `language`."""
    make_contact(alice, "Bob", "bob@example.org", language=language, time_zone="Asia/Tokyo")
    (bob,) = ask(conference)
    found = {KIND.INVITATION: read(sent(bob))}
    fields: dict[str, Any] = {"start_time": time(15, 30), "password": ""}
    conference.change(alice, fields, seen_sequence=0, tell=Change.Tell.ALL, now=NOW)
    found[KIND.UPDATE] = read(owe(bob, KIND.UPDATE))
    conference.cancel(alice, NOW, tell=Change.Tell.ALL)
    return found | {KIND.CANCELLATION: read(owe(bob, KIND.CANCELLATION))}


@pytest.mark.parametrize("language", ["ru", "de"])
def test_every_letter_speaks_the_language_of_its_reader(alice: User, language: str) -> None:
    conference = make_conference(alice, topic="Планы", start=datetime(2027, 5, 6, 14), password="harbour42")
    for kind, letter in letters_to_bob(conference, alice, language).items():
        assert letter.message["Subject"] == SUBJECTS[language][kind]
        assert f'<html lang="{language}"' in letter.html
        for line in LINES[language][kind]:
            assert line in letter.text


ASIDE = {
    "ru": [
        ("Вы придёте? Планы — чт, 6 мая 2027 14:00 (Europe/Berlin)", "Вы ещё не ответили. Вы примете участие?"),
        ("Сообщение: Планы — чт, 6 мая 2027 14:00 (Europe/Berlin)", "Alice Adams пишет вам об этой конференции"),
        ("Через 2 часа: Планы", "Начало через 2 часа"),
    ],
    "de": [
        ("Kommen Sie? Планы — Do, 6. Mai 2027 14:00 (Europe/Berlin)", "Sie haben noch nicht geantwortet."),
        ("Nachricht: Планы — Do, 6. Mai 2027 14:00 (Europe/Berlin)", "Alice Adams schreibt Ihnen zu dieser Konferenz"),
        ("In 2 Stunden: Планы", "Beginnt in 2 Stunden"),
    ],
}


@pytest.mark.parametrize("language", ["ru", "de"])
def test_questions_messages_and_reminders_speak_it_too(alice: User, language: str) -> None:
    conference = make_conference(alice, topic="Планы", start=datetime(2027, 5, 6, 14))
    row = conference.occurrences.get()
    bob = make_invitation(conference, language=language)
    outbox.queue([bob], KIND.QUESTION, now=NOW)
    outbox.queue([bob], KIND.MESSAGE, now=NOW, says=Message.objects.create(conference=conference, text="?"))
    outbox.queue([bob], KIND.REMINDER, now=NOW, original_date=row.original_date, reminds_of=row.starts_at, ordinal=120)
    now = row.starts_at - timedelta(hours=2)
    for delivery, (subject, line) in zip(bob.deliveries.order_by("pk"), ASIDE[language], strict=True):
        letter = letters.compose(delivery, now)
        assert letter.subject == subject
        assert line in letter.text


@pytest.mark.parametrize(
    ("count", "russian", "german"),
    [
        (1, "1 письмо не дошло", "Eine E-Mail ist nicht angekommen"),
        (2, "2 письма не дошли", "2 E-Mails sind nicht angekommen"),
        (5, "5 писем не дошли", "5 E-Mails sind nicht angekommen"),
        (21, "21 письмо не дошло", "21 E-Mails sind nicht angekommen"),
    ],
)
def test_the_notice_counts_in_the_language_of_the_organizer(alice: User, count: int, russian: str, german: str) -> None:
    conference = make_conference(alice)
    ask(conference, *(("", f"guest{number}@example.org") for number in range(count)))
    Delivery.objects.update(state="failed", why="refused")
    outbox.queue_notice(conference, list(Delivery.objects.all()), now=NOW)
    for language, said in {"ru": russian, "de": german}.items():
        User.objects.filter(pk=alice.pk).update(language=language)
        assert f"\n{said}\n" in read(Delivery.objects.get(kind=KIND.NOTICE)).text


@pytest.mark.parametrize(
    ("rule", "russian", "german"),
    [
        ("FREQ=DAILY;COUNT=1", "Каждый день, один раз", "Jeden Tag, einmal"),
        ("FREQ=DAILY;INTERVAL=2;COUNT=3", "Каждые 2 дня, 3 раза", "Alle 2 Tage, 3-mal"),
        ("FREQ=WEEKLY;BYDAY=TU,TH", "Каждую неделю по вторникам и четвергам", "Jede Woche am Dienstag und Donnerstag"),
        ("FREQ=WEEKLY;INTERVAL=5;BYDAY=MO", "Каждые 5 недель по понедельникам", "Alle 5 Wochen am Montag"),
        ("FREQ=MONTHLY;BYDAY=2TU", "Каждый месяц во второй вторник", "Jeden Monat am zweiten Dienstag"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1", "Каждый месяц в последний день", "Jeden Monat am letzten Tag"),
        ("FREQ=YEARLY;UNTIL=20300506", "Каждый год 6 мая, по 6 мая 2030", "Jedes Jahr am 6. Mai, bis 6. Mai 2030"),
    ],
)
def test_a_rule_is_a_whole_sentence(rule: str, russian: str, german: str) -> None:
    start = datetime(2027, 5, 6, 14)
    for language, said in {"ru": russian, "de": german}.items():
        with translation.override(language):
            assert recurrence.in_words(recurrence.parse(rule), start.date()) == said


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ru", ["приглашает вас", "Отправить ответ", "четверг"]),
        ("de", ["lädt Sie ein", "Antwort senden", "Donnerstag"]),
    ],
)
def test_the_personal_page_speaks_the_language_of_the_invited_person(
    client: Client, alice: User, language: str, said: list[str]
) -> None:
    conference = make_conference(alice, start=datetime(2027, 5, 6, 14))
    page = client.get(make_invitation(conference, language=language).get_absolute_url()).text
    assert f'<html lang="{language}"' in page
    assert [words for words in said if words not in page] == []


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ru", ["Назначить конференцию", "Мои конференции", "Адресная книга", "Начать конференцию сейчас"]),
        ("de", ["Konferenz planen", "Meine Konferenzen", "Adressbuch", "Jetzt eine Konferenz beginnen"]),
    ],
)
def test_the_organizers_pages_speak_the_language_of_the_profile(
    as_alice: Client, alice: User, language: str, said: list[str]
) -> None:
    User.objects.filter(pk=alice.pk).update(language=language)
    page = as_alice.get("/").text
    assert [words for words in said if words not in page] == []
