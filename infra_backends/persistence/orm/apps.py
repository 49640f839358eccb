from django.apps import AppConfig


class OrmPersistenceConfig(AppConfig):
    name = "infra_backends.persistence.orm"
    label = "orm_persistence"
    verbose_name = "ORM persistence"
