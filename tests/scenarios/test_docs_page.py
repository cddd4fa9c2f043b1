"""The page of the API comes whole from this server: a reader's browser asks nobody else."""

import re
from typing import Any

import httpx


def test_every_script_and_style_is_ours(server: Any) -> None:
    page = httpx.get(f"{server.url}/docs")
    assert page.status_code == 200
    assets = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert any(asset.endswith(".js") for asset in assets)
    assert any(asset.endswith(".css") for asset in assets)
    for asset in assets:
        assert asset.startswith("/"), asset
        assert httpx.get(server.url + asset).status_code == 200, asset
    assert "https://" not in page.text
