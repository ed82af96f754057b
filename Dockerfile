# A slim image that runs as nobody in particular: docker build -t dirbridge .
FROM python:3.12-slim-bookworm AS build
WORKDIR /src
COPY requirements.lock ./
RUN python -m venv /opt/dirbridge \
 && /opt/dirbridge/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY gateway ./gateway
COPY connectors ./connectors
COPY mappings ./mappings
RUN /opt/dirbridge/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-build-isolation .

FROM python:3.12-slim-bookworm
LABEL org.opencontainers.image.title="dirbridge" \
      org.opencontainers.image.description="SCIM 2.0 in; LDAP, SQL and REST out" \
      org.opencontainers.image.licenses="Apache-2.0"
RUN groupadd --system --gid 10001 dirbridge \
 && useradd --system --uid 10001 --gid 10001 --home-dir /var/lib/dirbridge --create-home --shell /usr/sbin/nologin dirbridge
COPY --from=build /opt/dirbridge /opt/dirbridge
ENV PATH="/opt/dirbridge/bin:$PATH" \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
# Ledger and embedded target, unless config.toml says otherwise; mount a volume here.
WORKDIR /var/lib/dirbridge
VOLUME ["/var/lib/dirbridge"]
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8080/healthz', timeout=4)"]
ENTRYPOINT ["dirbridge"]
CMD ["serve", "--listen", "0.0.0.0:8080"]
