"""When a POST with an old token may be answered by what it sent."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.test import RequestFactory

from conferences import edit_views, schedule_views, views
from conferences.typed import may_be_typed_again


def request_for(view: Any, method: str = "POST", site: str = "same-origin") -> Any:
    request = RequestFactory().generic(method, "/", headers={"Sec-Fetch-Site": site})
    request.resolver_match = SimpleNamespace(func=view)  # type: ignore[assignment]
    return request


def test_our_own_forms_with_much_to_type_may() -> None:
    assert may_be_typed_again(request_for(schedule_views.new))
    assert may_be_typed_again(request_for(edit_views.edit))


@pytest.mark.parametrize(
    ("view", "method", "site"),
    [
        (schedule_views.new, "POST", "cross-site"),
        (schedule_views.new, "POST", "same-site"),
        (schedule_views.new, "POST", "none"),
        (schedule_views.new, "POST", ""),
        (schedule_views.new, "GET", "same-origin"),
        (edit_views.cancellation, "POST", "same-origin"),
        (views.start, "POST", "same-origin"),
    ],
)
def test_nothing_else_may(view: Any, method: str, site: str) -> None:
    assert not may_be_typed_again(request_for(view, method, site))
