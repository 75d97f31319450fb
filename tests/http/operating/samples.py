"""What `/metrics` tells."""

from __future__ import annotations

from falcon.testing import TestClient
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample


def samples(client: TestClient, name: str) -> list[Sample]:
    answer = client.simulate_get("/metrics")
    assert answer.status_code == 200
    return [
        sample
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name == name
    ]
