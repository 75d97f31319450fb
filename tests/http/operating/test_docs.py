"""`GET /api/docs`: Swagger UI, served without the internet and under a strict policy (contract G9, D11)."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from falcon.testing import TestClient

from tests.http.answers import problem_of


class Page(HTMLParser):
    """What a page loads, and what it says inline."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self._tag = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._tag = tag
        for name, value in attributes:
            if name in ("src", "href"):
                self.loaded.append(value or "")
            if name.startswith("on") or name == "style":
                self.inline.append(f"{name}={value}")

    def handle_data(self, data: str) -> None:
        if self._tag in ("script", "style") and data.strip():
            self.inline.append(data)

    def handle_endtag(self, tag: str) -> None:
        self._tag = ""


@pytest.fixture
def page(client: TestClient) -> Page:
    answer = client.simulate_get("/api/docs")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/html")
    return Page(answer.text)


def test_the_page_loads_only_what_is_here(client: TestClient, page: Page) -> None:
    # contract: G9
    assert page.loaded
    for target in page.loaded:
        if target.startswith("data:"):
            continue
        assert re.fullmatch(r"/[^/].*", target), "no other host"
        answer = client.simulate_get(target)
        assert answer.status_code == 200
        assert answer.content


def test_the_page_and_its_start_name_no_other_host(client: TestClient) -> None:
    # contract: G9
    for path in ("/api/docs", "/api/docs/start.js"):
        assert "//" not in client.simulate_get(path).text


def test_the_style_loads_nothing(client: TestClient) -> None:
    style = client.simulate_get("/api/docs/swagger_style.css").text
    targets = re.findall(r"url\(\s*['\"]?([^'\")]+)", style) + re.findall(r"@import[^;]+", style)
    assert all(target.startswith("data:") for target in targets)


def test_the_page_shows_this_servers_description(client: TestClient) -> None:
    start = client.simulate_get("/api/docs/start.js").text
    (url,) = re.findall(r'url: "([^"]+)"', start)
    assert client.simulate_get(url).json["openapi"]


def test_the_files_have_the_types_that_nosniff_wants(client: TestClient) -> None:
    for name, kind in {"swagger_style.css": "text/css", "swagger_bundle.js": "text/javascript"}.items():
        answer = client.simulate_get(f"/api/docs/{name}")
        assert answer.headers["Content-Type"] == f"{kind}; charset=utf-8"
        assert len(answer.content) > 10_000
    assert client.simulate_get("/api/docs/start.js").headers["Content-Type"].startswith("text/javascript")


def test_the_policy_fits_the_page(client: TestClient, page: Page) -> None:
    # contract: D11
    assert not page.inline, "an inline script or style would need a looser policy"
    policy = client.simulate_get("/api/docs").headers["Content-Security-Policy"]
    directives = {part.split()[0]: part.split()[1:] for part in policy.split(";")}
    assert directives["default-src"] == ["'none'"]
    assert directives["script-src"] == ["'self'"]
    assert "'self'" in directives["style-src"]
    assert directives["connect-src"] == ["'self'"]
    assert directives["frame-ancestors"] == ["'none'"]
    assert not re.search(r"https?:|\*|unsafe-eval", policy)


@pytest.mark.parametrize(
    "name",
    [
        "nothing.js",
        "__init__.py",
        "redoc.js",
        "url.json",
        "swagger_bundle.js.map",
        "..%2f..%2fsetup.cfg",
        "..%5c..%5csetup.cfg",
        "%2e%2e",
        "%00",
        "swagger_style.css%00",
        "SWAGGER_STYLE.CSS",
        "%2fetc%2fpasswd",
    ],
)
def test_no_other_file_is_served(client: TestClient, name: str) -> None:
    problem_of(client.simulate_get(f"/api/docs/{name}"), 404)
