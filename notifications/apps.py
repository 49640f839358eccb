from django.apps import AppConfig
from django.conf import settings


class NotificationsConfig(AppConfig):
    name = "notifications"

    def ready(self) -> None:
        """Where there are admins, tell them of events; send what waits, and let trackers expire."""
        from financial_api.application.chores import chore
        from notifications import asking, delivery, expiry

        if settings.WHATSAPP_ADMINS:
            asking.subscribe_all()
            courier = delivery.Courier()
            chore("whatsapp-delivery", every_seconds=delivery.EVERY_SECONDS)(courier.deliver_due)
        chore("whatsapp-expiry", every_seconds=expiry.EVERY_SECONDS)(expiry.expire_due)
