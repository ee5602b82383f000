# The program with everything it needs and nothing else; data lives in the volume /srv/jibao.
FROM python:3.12-slim-bookworm AS build
ARG EXTRAS=""
ENV UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1 UV_PROJECT_ENVIRONMENT=/opt/jibao/.venv
RUN pip install --no-cache-dir --disable-pip-version-check uv==0.13.9
WORKDIR /opt/jibao
COPY pyproject.toml uv.lock README.md LICENSE ./
# Every file is checked against the hash in uv.lock; the program comes last so that its changes do not fetch anew.
RUN uv sync --frozen --no-dev --no-install-project ${EXTRAS:+--extra ${EXTRAS}}
COPY config ./config
COPY warehouse ./warehouse
COPY checks ./checks
COPY templates ./templates
COPY flows ./flows
RUN uv sync --frozen --no-dev --no-editable ${EXTRAS:+--extra ${EXTRAS}}

FROM python:3.12-slim-bookworm
# The same number on every machine that mounts the drop folder.
RUN groupadd --gid 10001 jibao && useradd --uid 10001 --gid jibao --home-dir /srv/jibao --create-home jibao
COPY --from=build /opt/jibao/.venv /opt/jibao/.venv
ENV PATH=/opt/jibao/.venv/bin:$PATH JIBAO_HOME=/srv/jibao TZ=Asia/Shanghai PYTHONUTF8=1 DO_NOT_TRACK=1
USER jibao
WORKDIR /srv/jibao
VOLUME /srv/jibao
EXPOSE 4200 4280
HEALTHCHECK --interval=60s --timeout=10s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:4280/health', timeout=8)"]
# Inside a container everybody else is outside: published ports decide who reaches it (compose.yaml: loopback).
CMD ["jibao", "up", "--host", "0.0.0.0"]
