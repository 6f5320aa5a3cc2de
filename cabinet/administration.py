"""Django's admin as it is here: for administrators who are signed in, and not there for anybody else."""

from collections.abc import Callable, Iterable, Iterator
from functools import wraps
from typing import Any

from django.contrib.admin import AdminSite
from django.contrib.admin.apps import AdminConfig
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, URLResolver
from django.utils.translation import gettext_lazy as _

OURS = {"cabinet", "conferences", "addressbook", "invitations"}


class Administration(AdminSite):
    """Our models only; signing in and passwords have one place, which is not here."""

    site_header = site_title = _("Administration")

    def register(self, model_or_iterable: Any, *args: Any, **options: Any) -> None:
        models = model_or_iterable if isinstance(model_or_iterable, list | tuple) else [model_or_iterable]
        super().register([model for model in models if model._meta.app_label in OURS], *args, **options)

    def get_urls(self) -> list[Any]:
        urls = super().get_urls()
        for pattern in leaves(urls):
            pattern.callback = self.only_for_administrators(pattern.callback)
        return urls

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        raise Http404

    def password_change(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:  # type: ignore[override]
        return redirect("account_change_password")

    def only_for_administrators(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        """For all others, signed in or not, there is no such page."""

        @login_not_required
        @wraps(view)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not self.has_permission(request):
                raise Http404
            return view(request, *args, **kwargs)

        return checked


def leaves(patterns: Iterable[URLPattern | URLResolver]) -> Iterator[URLPattern]:
    """All views' patterns, however deep."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            yield from leaves(pattern.url_patterns)
        else:
            yield pattern


class AdministrationConfig(AdminConfig):
    """`django.contrib.admin` with our site."""

    default_site = "cabinet.administration.Administration"
