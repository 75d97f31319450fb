# Two stages: what builds stays behind.
FROM python:3.13-slim AS build
WORKDIR /src
RUN python -m venv /opt/hucha
COPY requirements.lock ./
RUN /opt/hucha/bin/pip install --no-cache-dir --require-hashes --requirement requirements.lock
COPY setup.cfg pyproject.toml README.md LICENSE ./
COPY domain domain
COPY ports ports
COPY adapters adapters
COPY entrypoints entrypoints
RUN /opt/hucha/bin/pip install --no-cache-dir --no-deps --no-build-isolation . && /opt/hucha/bin/pip uninstall --yes setuptools

FROM python:3.13-slim
COPY --from=build /opt/hucha /opt/hucha
RUN useradd --system --home-dir /var/lib/hucha --create-home hucha
USER hucha
WORKDIR /var/lib/hucha
RUN mkdir var
VOLUME /var/lib/hucha/var
ENV PATH=/opt/hucha/bin:$PATH HOST=0.0.0.0 LOG_FORMAT=json PYTHONUNBUFFERED=1
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD python -c "import sys, urllib.request as u; u.urlopen(sys.argv[1], timeout=2)" "http://127.0.0.1:${PORT:-3000}/healthz"
STOPSIGNAL SIGTERM
CMD ["hucha", "serve"]
