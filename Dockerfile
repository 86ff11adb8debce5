# syntax=docker/dockerfile:1
ARG BASE_IMAGE=python:3.12-slim-bookworm

FROM ${BASE_IMAGE} AS build
WORKDIR /build
COPY requirements.txt ./
RUN python -m venv /venv \
    && /venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.txt

FROM ${BASE_IMAGE} AS portal
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends chromium-headless-shell fonts-dejavu-core libatomic1 tini \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --create-home --uid 10001 portal \
    && install -d -o portal -g portal -m 0700 /data
COPY --from=build /venv /venv
WORKDIR /portal
COPY manage.py Procfile README.md ./
COPY brokerbay brokerbay
COPY bookings bookings
COPY ingest ingest
COPY automation automation
COPY templates templates
COPY locale locale
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DATA_DIR=/data \
    STATIC_ROOT=/portal/staticfiles \
    BIND_HOST=0.0.0.0 \
    LOG_FORMAT=json \
    BROWSER_EXECUTABLE=/usr/bin/chromium-headless-shell
# Secrets of this one command only: they are in no layer and no variable.
RUN DATA_DIR=/tmp/build python -m brokerbay.ops.secrets \
    && DATA_DIR=/tmp/build python manage.py collectstatic --noinput --verbosity 0 \
    && rm -rf /tmp/build
USER 10001
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-m", "brokerbay.ops.probe"]
# tini ends what a dead process leaves behind. One container is one process of the Procfile; this is the web's.
ENTRYPOINT ["tini", "--"]
CMD ["gunicorn", "brokerbay.asgi:application", "-c", "python:brokerbay.serving"]
