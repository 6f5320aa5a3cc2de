"""Shared contacts in Django's administration; what people keep for themselves is not shown there."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from addressbook.folding import fold
from addressbook.forms import ContactForm
from addressbook.models import Contact


@admin.register(Contact)
class SharedContactAdmin(admin.ModelAdmin):
    """Contacts that everyone sees: an added one has no owner."""

    form = ContactForm
    list_display = ("name", "address", "organisation")
    search_fields = ("folded",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Contact]:
        return super().get_queryset(request).filter(owner=None)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Contact], search_term: str
    ) -> tuple[QuerySet[Contact], bool]:
        return super().get_search_results(request, queryset, fold(search_term))
