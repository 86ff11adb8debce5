from django.apps import AppConfig


class BrokerBayConfig(AppConfig):
    name = "brokerbay"
    verbose_name = "Portal"

    def ready(self) -> None:
        from brokerbay import checks  # noqa: F401  (importing registers them)
