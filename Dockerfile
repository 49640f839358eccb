# Two images: `service`, the API and its relay, and `emulator`, which stands for Cognito. BASE is any
# Debian with Python 3.11, 3.12 or 3.13 and its venv.
ARG BASE=python:3.11-slim-bookworm

FROM ${BASE} AS base
# Celery's pool and ministack have a small file in TMPDIR. /dev/shm is there, and may be written,
# where all else is read-only.
ENV TMPDIR=/dev/shm \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PATH=/opt/venv/bin:$PATH
# The number is for whoever mounts a folder that this user is to write to.
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin service

# How pip reaches an index from here may be given as secrets, which stay in no layer.
FROM base AS service-libraries
COPY requirements/run.txt .
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf --mount=type=secret,id=pip.crt \
    python3 -m venv /opt/venv && pip install --require-hashes -r run.txt

FROM base AS emulator-libraries
COPY requirements/emulator.txt .
RUN --mount=type=secret,id=pip.conf,target=/etc/pip.conf --mount=type=secret,id=pip.crt \
    python3 -m venv /opt/venv && pip install --require-hashes -r emulator.txt

FROM base AS emulator
COPY --from=emulator-libraries /opt/venv /opt/venv
# A new volume gets its owner from the folder that it is mounted on.
RUN install --directory --owner service /var/lib/ministack
USER service
CMD ["ministack"]

FROM base AS service
COPY --from=service-libraries /opt/venv /opt/venv
# The one folder that it writes to, and can do without: the file system may be read-only.
RUN install --directory --owner service /var/lib/financial-api
WORKDIR /app
COPY . .
ENV DJANGO_SETTINGS_MODULE=financial_api.settings.aws \
    DATA_DIR=/var/lib/financial-api \
    HOST=0.0.0.0 \
    PORT=8000
USER service
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD \
    ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/health/liveness', timeout=4)"]
CMD ["python", "manage.py", "serve"]
