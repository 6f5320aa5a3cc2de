from django.apps import AppConfig

from cabinet import checks  # noqa: F401 - to register them


class CabinetConfig(AppConfig):
    name = "cabinet"
