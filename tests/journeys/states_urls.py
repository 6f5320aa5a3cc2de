"""The site map as under DEBUG: with the developers' page."""

from django.urls import path

from cabinet import states
from cabinet.urls import urlpatterns as site

urlpatterns = [*site, path("states/", states.states)]
