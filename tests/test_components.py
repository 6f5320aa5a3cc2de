"""The parts that pages are put together from: anatomy of a field, names from anywhere, and what templates may hold."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from django import forms
from django.core.paginator import Paginator
from django.template import Context, Template
from django.test import RequestFactory

from cabinet.states import SampleForm
from cabinet.templatetags.people_tags import initials, marked
from cabinet.templatetags.piece_tags import meter

ROOT = Path(__file__).resolve().parent.parent
CSS = (ROOT / "static/css/app.css").read_text("utf-8")
TEMPLATES = sorted(
    path for path in (ROOT / "templates").rglob("*.html") if "mail" not in path.parts and "email" not in path.parts
)
SCRIPTS = sorted((ROOT / "static/js").glob("*.js"))
HOSTILE = "\u202e<script>alert(1)</script>\"' onload=alert(1) {{ 7 }} </bdi><b>"
START = datetime(2026, 12, 3, 13, tzinfo=UTC)


def draw(source: str, **context: Any) -> str:
    """What a template makes of `source`."""
    return Template("{% load i18n cabinet_tags %}" + source).render(Context(context))


class Elements(HTMLParser):
    """Every element of a page as (tag, attributes), with the text that stands directly behind its start."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def first(self, tag: str, **having: str) -> dict[str, str | None]:
        return next(at for name, at in self.found if name == tag and having.items() <= at.items())

    def ids(self) -> list[str]:
        return [identity for _tag, at in self.found if (identity := at.get("id"))]


# FIELDS


def test_field_without_hint_and_error_is_label_and_control_alone() -> None:
    page = Elements(draw("{% field form.topic %}", form=SampleForm()))
    assert [tag for tag, _at in page.found] == ["div", "label", "input"]
    assert page.first("label") == {"for": "id_topic"}
    control = page.first("input")
    assert control["class"] == "input"
    assert not {"aria-describedby", "aria-invalid"} & control.keys()


def test_hint_and_error_are_read_before_the_control_and_named_by_it() -> None:
    html = draw("{% field form.password %}", form=SampleForm({"password": "123"}))
    page = Elements(html)
    control = page.first("input")
    assert control["aria-describedby"] == "id_password-error id_password-hint"
    assert control["aria-invalid"] == "true"
    assert page.ids() == ["id_password-hint", "id_password-error", "id_password"]
    assert page.first("div")["class"] == "field is-bad"
    assert '<span class="vh">Error:</span> Ensure this value has at least 6 characters (it has 3).' in html


def test_optional_fields_say_so_and_required_ones_say_nothing() -> None:
    form = SampleForm()
    assert "(optional)" in draw("{% field form.agenda %}", form=form)
    assert "(optional)" not in draw("{% field form.topic %}", form=form)
    assert "(optional)" not in draw("{% field form.minutes optional=False %}", form=form)
    assert "(optional)" not in draw("{% switch form.record %}", form=form)


def test_group_is_a_fieldset_that_carries_hint_and_error_for_its_choices() -> None:
    form = SampleForm({"duration": "7"})
    page = Elements(draw("{% seg form.duration reveals='other' hint='How long' %}", form=form))
    assert page.first("fieldset")["aria-describedby"] == "id_duration-error id_duration-hint"
    radios = [at for tag, at in page.found if tag == "input"]
    assert [at["value"] for at in radios if "data-reveals" in at] == ["other"]
    assert not any("aria-invalid" in at or "aria-describedby" in at for at in radios)


@pytest.mark.parametrize("name", SampleForm.base_fields)
def test_every_kind_of_field_has_unique_ids_and_refers_only_to_those(name: str) -> None:
    page = Elements(draw("{% field field hint='A hint' %}", field=SampleForm({"topic": ""})[name]))
    ids = page.ids()
    assert len(ids) == len(set(ids))
    for _tag, at in page.found:
        assert set((at.get("aria-describedby") or "").split()) <= set(ids)
        assert at.get("for") is None or at["for"] in ids


def test_plain_form_draws_all_its_fields_with_the_same_anatomy() -> None:
    page = Elements(str(SampleForm()))
    controls = {at["name"] for tag, at in page.found if tag in {"input", "select", "textarea"}}
    assert controls == set(SampleForm.base_fields)


def test_field_takes_buttons_beside_its_control() -> None:
    html = draw("{% field_with form.password %}<button>Suggest one</button>{% endfield_with %}", form=SampleForm())
    assert re.search(r'<div class="with-btn"><input [^>]*><button>Suggest one</button></div>', html)


def test_error_summary_leads_to_each_field_and_to_the_first_choice_of_a_group() -> None:
    form = SampleForm(
        {"topic": "", "password": "123", "date": "2026-12-03", "start": "14:00", "end": "15:00", "time_zone": "UTC"}
    )
    form.add_error(None, "Both cannot be")
    page = Elements(draw("{% errors form %}", form=form))
    assert [at["href"] for tag, at in page.found if tag == "a"] == [
        "#id_topic",
        "#id_topic",
        "#id_duration_0",
        "#id_password",
    ]
    assert page.first("div") == {
        "class": "errors", "role": "alert", "tabindex": "-1", "aria-labelledby": "errors-title", "data-errors": None,
    }  # fmt: skip
    assert draw("{% error_prefix form %}", form=form) == "Error: "


def test_no_errors_no_summary() -> None:
    assert draw("{% errors form %}{% error_prefix form %}", form=SampleForm()).strip() == ""
    assert draw("{% errors form %}{% error_prefix form %}").strip() == ""


# THE LEDGER


def ledger(form: forms.Form, fields: str, more: str = "") -> str:
    return draw(f"{{% ledger 'lock' 'Access' {fields} {more} %}}in{{% endledger %}}", form=form)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "No password, Other"),
        ({"password": "harbour42", "mute": "on"}, "Password, muted on entry, Other"),
        ({"password": "harbour42", "mute": "on", "duration": "45"}, "Password, muted on entry, 45 min"),
    ],
)
def test_closed_line_says_what_its_fields_are_set_to(data: dict[str, str], words: str) -> None:
    form = SampleForm({"duration": "other"} | data)
    assert f">{words}</span>" in ledger(form, "form.password form.mute form.duration")


def test_line_that_says_nothing_has_words_for_that() -> None:
    assert ">As people like</span>" in ledger(SampleForm(), "form.mute form.record", "empty='as people like'")


def test_long_text_is_cut_in_the_line() -> None:
    form = SampleForm(initial={"agenda": "word " * 40})
    assert re.search(r">Word [word ]{30,36}…</span>", ledger(form, "form.agenda"))


def test_line_with_an_error_is_open() -> None:
    form = SampleForm({"password": "123"})
    assert "<details open>" in ledger(form, "form.password")
    assert "<details open>" in draw("{% ledger 'x' 'X' %}{% field form.password %}{% endledger %}", form=form)
    assert "<details>" in ledger(form, "form.mute")


# NAMES


@pytest.mark.parametrize(
    "source",
    [
        "{% person x x %}",
        "{% person x x detail=x url='/contacts/1/' %}",
        "{% chip x x %}",
        "{% chip x x count=12 %}",
        "{% person_option x x x x %}",
        "{% person_option x 'bob@example.org' x x %}",
        "{% person_option x x x x count=3 %}",
        "{% avatar x %}",
        "{% badge 'sent' x %}",
        "{% badge x x icon=x %}",
        "{% error_text x x %}",
        "{% notice 'warn' %}{{ x }}{% endnotice %}",
        "{% empty 'book' x %}{{ x }}{% endempty %}",
        "{% linkbox 'direct-link' x x %}",
        "{% copy_button x x %}",
        "{% ledger 'lock' x empty=x %}{{ x }}{% endledger %}",
        "{% icon x x %}",
        "{% when start start 'UTC' after=x %}",
        "{% include 'components/combobox.html' with url=x chosen=people query=x found=people bad=x only %}",
        "{% include 'components/mail_client_buttons.html' with text=x only %}",
    ],
)
def test_names_from_anywhere_stay_text(source: str) -> None:
    class Someone:
        name = address = HOSTILE
        count = None

    page = Elements(draw(source, x=HOSTILE, people=[Someone()], start=START))
    assert "script" not in {tag for tag, _at in page.found}
    assert not any(attribute.startswith("on") for _tag, at in page.found for attribute in at)
    shown = page.text + " ".join(value or "" for _tag, at in page.found for value in at.values())
    assert HOSTILE in shown or source.startswith("{% avatar")


@pytest.mark.parametrize("source", ["{% person x y %}", "{% chip y x %}", "{% person_option x y %}"])
def test_names_are_isolated_from_their_neighbours(source: str) -> None:
    html = draw(source, x="\u202eevil", y="bob@example.org")
    assert re.search(r"<bdi[^>]*>\u202eevil</bdi>", html)


def test_hostile_words_of_a_form_stay_text() -> None:
    form = SampleForm({"topic": HOSTILE, "password": "1"})
    form.add_error("topic", HOSTILE)
    page = Elements(draw("{% errors form %}{% field form.topic hint=x label=x %}", form=form, x=HOSTILE))
    assert "script" not in {tag for tag, _at in page.found}
    assert page.first("input")["value"] == HOSTILE


@pytest.mark.parametrize(
    ("name", "letters"),
    [
        ("Ines Halvorsen", "IH"),
        ("Jean-Baptiste Lefèvre de la Tour", "JT"),
        ("Ольга Смирнова", "ОС"),
        ("田中 美咲", "田"),
        ("محمد الفارسي", "م"),
        ("łukasz wiśniewski", "ŁW"),
        ("(Bob) “Brown”", "BB"),
        ("bob@example.org", "B"),
        ("42 !", ""),
        ("", ""),
    ],
)
def test_initials_follow_the_script_of_the_name(name: str, letters: str) -> None:
    assert initials(name) == letters


@pytest.mark.parametrize(
    ("text", "query", "html"),
    [
        ("Marta Lindholm", "ma", "<mark>Ma</mark>rta Lindholm"),
        ("Jean Lefèvre", "LEFE", "Jean <mark>Lefè</mark>vre"),
        ("Mehmet Yılmaz", "zz", "Mehmet Yılmaz"),
        ("İ<b>", "<b", "İ&lt;<mark>b</mark>&gt;"),
        ("Ольга Щукина", "shchuk ol", "<mark>Ол</mark>ьга <mark>Щук</mark>ина"),
        ("Bob", "", "Bob"),
    ],
)
def test_match_is_marked_letter_for_letter(text: str, query: str, html: str) -> None:
    assert marked(text, query) == html


# TIME


def test_time_is_shown_with_its_day_place_and_light() -> None:
    html = draw("{% when start end 'Europe/Berlin' %}", start=START, end=START + timedelta(minutes=45))
    page = Elements(html)
    assert page.text == "Thursday 3 December 202614:00–14:45Berlin, UTC+1"
    assert page.first("time")["datetime"] == "2026-12-03T14:00+01:00"
    assert draw("{{ start|sky:'Asia/Tokyo' }}", start=START) == "night"


def test_end_on_another_day_says_which() -> None:
    html = draw("{% when start end 'Europe/Berlin' %}", start=START, end=START + timedelta(hours=12))
    assert "02:00</time><small> Fri 4 Dec</small>" in html


def test_other_zones_name_the_weekday_where_it_differs() -> None:
    html = draw("{% zones start zones base='Europe/Berlin' %}", start=START, zones=["Asia/Tokyo", "Pacific/Kiritimati"])
    assert "Tokyo<small>UTC+9</small>" in html
    assert "Kiritimati<small>UTC+14 · Friday</small>" in html


@pytest.mark.parametrize("counts", [(3, 1, 1, 3), (0, 0, 0, 0), (0, 0, 0, 5), (1000, 1, 0, 0), (1, 0, 0, 0)])
def test_meter_never_overlaps_and_never_leaves_its_box(counts: tuple[int, int, int, int]) -> None:
    bars = [(int(at["x"] or 0), int(at["width"] or 0)) for tag, at in Elements(meter(*counts)).found if tag == "rect"]
    assert all(x + width <= following for (x, width), (following, _width) in pairwise(bars))
    assert all(width > 0 and x + width <= 1000 for x, width in bars)


# LISTS


def test_pages_keep_the_rest_of_the_query() -> None:
    request = RequestFactory().get("/contacts/", {"q": "a&b", "page": "2"})
    page = Elements(draw("{% pages page %}", page=Paginator(range(25), 10).page(2), request=request))
    assert [at["href"] for tag, at in page.found if tag == "a"] == ["?q=a%26b&page=1", "?q=a%26b&page=3"]
    assert "11–20 of 25" in page.text


# WHAT TEMPLATES, STYLE AND SCRIPTS MAY HOLD


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_templates_hold_no_script_no_style_and_no_unescaped_data(path: Path) -> None:
    source = path.read_text("utf-8")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+=|javascript:", source)
    assert not re.search(r"<script(?![^>]*\ssrc=)", source)
    assert not re.search(r"\|\s*(safe|safeseq)\b|autoescape off", source)


def test_icons_that_are_named_are_drawn() -> None:
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', (ROOT / "static/icons.svg").read_text("utf-8")))
    used = {name for path in TEMPLATES for name in re.findall(r'{% icon "([\w-]+)"', path.read_text("utf-8"))}
    assert used <= drawn


def test_style_needs_no_force_no_ids_and_no_left_and_right() -> None:
    plain = re.sub(r"/\*.*?\*/|@media[^{]*", "", CSS, flags=re.DOTALL)
    selectors = re.findall(r"([^{};]+)\{", plain)
    properties = set(re.findall(r"[{;\s]([a-z-]+)\s*:\s", plain))
    assert "!important" not in plain
    assert not [selector for selector in selectors if "#" in selector]
    assert not [name for name in properties if name.rpartition("-")[2] in {"left", "right", "top", "bottom"}]
    assert not properties & {"width", "height", "min-width", "max-width", "min-height", "max-height"}


def test_scripts_put_no_text_into_the_page_as_markup() -> None:
    for path in SCRIPTS:
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function", path.read_text("utf-8")
        ), path


# CONTRAST (WCAG 2.2, 1.4.3 and 1.4.11)

TEXT = [
    ("ink", "surface"), ("ink", "bg"), ("ink", "sunken"), ("muted", "surface"), ("muted", "bg"), ("accent", "surface"),
    ("accent", "bg"), ("on-accent", "accent"), ("on-accent", "accent-hover"), ("on-soft", "soft"), ("on-bad", "bad"),
    ("on-bad", "bad-hover"), ("ok", "ok-bg"), ("info", "info-bg"), ("warn", "warn-bg"), ("bad", "bad-bg"),
    ("bad", "surface"), ("neutral", "neutral-bg"), ("rose", "rose-bg"), ("violet", "violet-bg"),
    ("ink", "ok-bg"), ("ink", "info-bg"), ("ink", "warn-bg"), ("ink", "bad-bg"), ("muted", "sunken"),
]  # fmt: skip
EDGES = [("control", "surface"), ("control", "bg"), ("focus", "surface"), ("focus", "bg"), ("accent", "soft")]


def colours(token: str) -> Iterator[str]:
    """The light and the dark value of a token."""
    found = re.search(rf"--{token}: light-dark\((#\w{{6}}), (#\w{{6}})\)", CSS)
    assert found, token
    yield from found.groups()


def luminance(colour: str) -> float:
    """Relative luminance of "#rrggbb"."""
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in channels]
    return sum(part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize(("pair", "least"), [(pair, 4.5) for pair in TEXT] + [(pair, 3) for pair in EDGES])
def test_colours_can_be_told_apart(pair: tuple[str, str], least: float) -> None:
    for one, other in zip(colours(pair[0]), colours(pair[1]), strict=True):
        assert contrast(one, other) >= least


@pytest.mark.parametrize("sky", ["morning", "day", "evening", "night"])
def test_text_can_be_read_on_every_sky(sky: str) -> None:
    gradient = re.search(
        rf"--{sky}: linear-gradient\(150deg, light-dark\((#\w+), (#\w+)\), light-dark\((#\w+), (#\w+)\)\)", CSS
    )
    assert gradient
    for text, grounds in zip(colours(f"on-{sky}"), (gradient.groups()[::2], gradient.groups()[1::2]), strict=True):
        assert all(contrast(text, ground) >= 4.5 for ground in grounds)
