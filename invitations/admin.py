"""The outbox and the invitations for administrators: to look at, never to change. What they decide: mail clients.

What may happen to a message is decided by the queue alone; a row edited by hand would be sent twice or not at all.
"""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from invitations.hidden_clients import HiddenClient
from invitations.models import Delivery, Invitation, Reply


class ReadOnly:
    """No button that changes anything."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class Replies(ReadOnly, admin.TabularInline):
    """Every answer of one person."""

    model = Reply
    fields = ("at", "partstat", "comment", "sequence", "looks_automatic")


@admin.register(Invitation)
class InvitationAdmin(ReadOnly, admin.ModelAdmin):
    """Who is invited. The token is left out: it would let an administrator answer for others."""

    list_display = ("address", "name", "conference", "partstat", "answered_at", "withdrawn_at")
    list_filter = ("partstat",)
    list_select_related = ("conference",)
    search_fields = ("address", "name")
    exclude = ("token",)
    inlines = (Replies,)


@admin.register(Delivery)
class DeliveryAdmin(ReadOnly, admin.ModelAdmin):
    """The outbox. The messages themselves are left out: personal links are in them, and they are large."""

    list_display = ("address", "kind", "conference", "state", "why", "state_at", "due_at", "attempts")
    list_filter = ("state", "kind")
    list_select_related = ("conference",)
    search_fields = ("address", "message_id")
    exclude = ("message",)
    ordering = ("-pk",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Delivery]:
        return super().get_queryset(request).defer("message")


@admin.register(HiddenClient)
class HiddenClientAdmin(admin.ModelAdmin):
    """Rows of “Choose the mail client” that are not offered: add one to hide it, delete it to offer it again."""

    list_display = ("client",)
