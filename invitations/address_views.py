"""All that this site holds under an address, behind the key that was sent there: to see, take along and erase.

It is there for those, too, who are no longer invited: then most of all they may want it.
"""

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _

from invitations import erasing, wishes
from invitations.address_keys import AddressKey
from invitations.own_data import Own
from invitations.silence import Silence
from invitations.you_forms import ErasureForm, WishesForm
from invitations.you_views import data_file, data_shown, letters_page, page_of_oneself


@page_of_oneself(AddressKey.objects.valid, "GET", "HEAD", "POST")
def address_data(request: HttpRequest, key: AddressKey, now: datetime) -> HttpResponse:
    """Everything, and the way to the rest; language and time zone for whoever is invited to anything."""
    own, is_silent = Own.of_key(key), Silence.objects.holds(key.address)
    newest = own.people.select_related("conference").order_by("-pk").first()
    form = WishesForm(newest, now, request.POST if request.method == "POST" else None) if newest else None
    if form and form.is_valid():
        if form.has_changed():
            wishes.choose(key.address, form.cleaned_data, now)
        with translation.override(form.cleaned_data["language"] or translation.get_language()):
            messages.success(request, _("Language and time zone saved."))
        return redirect(key)
    context = {"key": key, "form": form, "is_silent": is_silent, **data_shown(own)}
    return render(request, "invitations/you/address_data.html", context)


@page_of_oneself(AddressKey.objects.valid, "GET", "HEAD")
def address_data_file(request: HttpRequest, key: AddressKey, now: datetime, *, ending: str) -> HttpResponse:
    """The same as a file."""
    return data_file(Own.of_key(key), ending, now)


@page_of_oneself(AddressKey.objects.valid, "GET", "HEAD", "POST")
def address_letters(request: HttpRequest, key: AddressKey, now: datetime) -> HttpResponse:
    """Write no more, or again."""
    return letters_page(request, key.address, now, back=key.get_absolute_url(), key=key)


@page_of_oneself(AddressKey.objects.valid, "GET", "HEAD", "POST")
def address_erasure(request: HttpRequest, key: AddressKey, now: datetime) -> HttpResponse:
    """Ask, then forget the person."""
    form = ErasureForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        if form.cleaned_data["silence"]:
            wishes.silence(key.address, now)
        erasing.erase_address(key.address, now)
        return redirect("invitations:erased")
    return render(request, "invitations/you/address_erasure.html", {"key": key, "form": form})
