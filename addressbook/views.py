"""Pages of the address book, and the suggestions while somebody types."""

from django.contrib import messages
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from addressbook.addresses import clean_address
from addressbook.forms import ContactForm, NewContactForm
from addressbook.models import Book, Contact
from addressbook.search import LIMIT, search

PAGE_SIZE = 50


class SignedInRequest(HttpRequest):
    """One that LoginRequiredMiddleware has let through."""

    user: AbstractBaseUser  # type: ignore[assignment]


@require_safe
def contacts(request: SignedInRequest) -> HttpResponse:
    """The list, whole or by book; with `q` the best matches; with `options` these as options of a list box."""
    text, book = request.GET.get("q", "").strip(), request.GET.get("book", "")
    if "options" in request.GET:
        return _options(request, text)
    visible = Contact.objects.visible_to(request.user)
    sizes = visible.book_sizes()
    context = {
        "tab": "contacts",
        "q": text,
        "book": book,
        "total": sizes[""],
        "books": [(value, label, sizes[value]) for value, label in [("", _("All")), *Book.choices]],
        "page": None if text else Paginator(visible.in_book(book), PAGE_SIZE).get_page(request.GET.get("page")),
        "found": search(request.user, text, book=book) if text else None,
        "limit": LIMIT,
    }
    return render(request, "addressbook/contacts.html", context)


def _options(request: SignedInRequest, text: str) -> HttpResponse:
    found = search(request.user, text)
    try:
        fresh = clean_address(text)
    except ValidationError:
        fresh = ""
    if fresh.lower() in {contact.address.lower() for contact in found}:
        fresh = ""
    return render(request, "addressbook/options.html", {"found": found, "fresh": fresh, "q": text})


@require_http_methods(["GET", "HEAD", "POST"])
def add(request: SignedInRequest) -> HttpResponse:
    """A new contact; `?name=` fills in what was searched for, a name or an address."""
    hint = request.GET.get("name", "")
    initial = {"address" if "@" in hint else "name": hint, "book": request.GET.get("book", Book.PERSONAL)}
    form = NewContactForm(request.POST or None, user=request.user, initial=initial)
    if request.method == "POST" and form.is_valid() and form.store():
        messages.success(request, _("%(name)s added.") % {"name": f"\u2068{form.instance.name}\u2069"})
        return redirect("addressbook:contacts")
    return render(request, "addressbook/contact.html", {"tab": "contacts", "form": form})


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: SignedInRequest, pk: int) -> HttpResponse:
    """Change a contact of one's own, or as an administrator a shared one."""
    contact = get_object_or_404(Contact.objects.editable_by(request.user), pk=pk)
    form = ContactForm(request.POST or None, instance=contact)
    if request.method == "POST" and form.is_valid() and form.store():
        messages.success(request, _("%(name)s saved.") % {"name": f"\u2068{contact.name}\u2069"})
        return redirect("addressbook:contacts")
    return render(request, "addressbook/contact.html", {"tab": "contacts", "form": form, "contact": contact})


@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: SignedInRequest, pk: int) -> HttpResponse:
    """Ask, then delete; invitations that this person has got stay."""
    contact = get_object_or_404(Contact.objects.editable_by(request.user), pk=pk)
    if request.method == "POST":
        contact.delete()
        messages.success(request, _("%(name)s deleted.") % {"name": f"\u2068{contact.name}\u2069"})
        return redirect("addressbook:contacts")
    return render(request, "addressbook/deletion.html", {"tab": "contacts", "contact": contact})
