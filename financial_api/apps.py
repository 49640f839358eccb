from django.apps import AppConfig


class FinancialApiConfig(AppConfig):
    name = "financial_api"
