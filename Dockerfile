# Two images: `service`, the API and its relay, and `emulator`, which stands for Cognito.

FROM python:3.11-slim-bookworm AS base
ENV PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PATH=/opt/venv/bin:$PATH
RUN useradd --system --no-create-home --shell /usr/sbin/nologin service

FROM base AS service-libraries
COPY requirements/run.txt .
RUN python -m venv /opt/venv && pip install --require-hashes -r run.txt

FROM base AS emulator-libraries
COPY requirements/emulator.txt .
RUN python -m venv /opt/venv && pip install --require-hashes -r emulator.txt

FROM base AS emulator
COPY --from=emulator-libraries /opt/venv /opt/venv
# A new volume gets its owner from the folder that it is mounted on.
RUN install --directory --owner service /var/lib/ministack
USER service
CMD ["ministack"]

FROM base AS service
COPY --from=service-libraries /opt/venv /opt/venv
WORKDIR /app
COPY . .
ENV DJANGO_SETTINGS_MODULE=financial_api.settings.aws \
    HOST=0.0.0.0 \
    PORT=8000
USER service
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD \
    ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health/liveness', timeout=4)"]
CMD ["python", "manage.py", "serve"]
