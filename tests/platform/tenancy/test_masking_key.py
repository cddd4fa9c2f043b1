"""The secret of pseudonyms: kept in the state folder for nobody else's eyes, or given by a setting."""

from pathlib import Path

import pytest
from pydantic import SecretStr

from podion.errors import BadSettings
from podion.settings import Settings
from podion.tenancy.masking_key import masking_secret


def test_it_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    secret = masking_secret(settings)
    assert masking_secret(settings) == secret
    assert len(secret) == 32
    assert (tmp_path / "masking.key").stat().st_mode & 0o777 == 0o600
    assert masking_secret(Settings(home=tmp_path / "other")) != secret


def test_a_setting_goes_before_the_file(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, masking_key=SecretStr("correct horse battery"))
    elsewhere = Settings(home=tmp_path / "other", masking_key=SecretStr("correct horse battery"))
    assert masking_secret(settings) == masking_secret(elsewhere)
    assert not (tmp_path / "masking.key").exists()


def test_a_short_or_readable_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="PODION_MASKING_KEY holds 5 characters"):
        masking_secret(Settings(home=tmp_path, masking_key=SecretStr("short")))
    masking_secret(Settings(home=tmp_path))
    (tmp_path / "masking.key").chmod(0o644)
    with pytest.raises(BadSettings, match="can be read by others"):
        masking_secret(Settings(home=tmp_path))
