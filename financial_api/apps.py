from django.apps import AppConfig
from django.conf import settings

from financial_api.kernel import metrics


class FinancialApiConfig(AppConfig):
    name = "financial_api"

    def ready(self) -> None:
        """Count together with the other processes where the settings say so."""
        if settings.METRICS_DIR:
            metrics.share(settings.METRICS_DIR)
