"""The site map with ADMIN_ENABLED."""

from django.contrib import admin
from django.urls import path

from cabinet.urls import urlpatterns as usual

urlpatterns = [*usual, path("admin/", admin.site.urls)]
