"""Below /contacts/."""

from django.urls import path

from addressbook import views

app_name = "addressbook"
urlpatterns = [
    path("", views.contacts, name="contacts"),
    path("new/", views.add, name="add"),
    path("<int:pk>/", views.edit, name="edit"),
    path("<int:pk>/deletion/", views.delete, name="delete"),
]
