"""The RSGI application of `manage.py serve`: the WSGI one, behind what spares its threads."""

from financial_api.serving.edge import Edge
from financial_api.wsgi import application as wsgi_application
from infra_backends import persistence

application = Edge(wsgi_application.answer, persistence.leave_thread)
