"""`{% load cabinet_tags %}` brings all small parts that pages are put together from; larger ones are partials."""

from django import template

from cabinet.templatetags import form_tags, people_tags, piece_tags, time_tags

register = template.Library()
for part in (piece_tags, form_tags, people_tags, time_tags):
    register.tags.update(part.register.tags)
    register.filters.update(part.register.filters)
