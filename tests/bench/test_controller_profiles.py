"""The thousand profiles that a controller is measured with are what they are said to be."""

from pathlib import Path

from spiritstream.config.keypair import Identity
from spiritstream.config.load import load_data
from spiritstream.config.seal import open_sealed, seal
from spiritstream.model.profile import Profile
from spiritstream.secret import Secret
from tests.bench.controller_profiles import PROFILES, idle_profile, live_profile, variables

IDENTITY = Identity.create()


def sealer(destination: str, field: str) -> str:
    """A sealed value as it stands in a profile."""
    return seal(IDENTITY.recipient, destination, field, Secret("live_0123456789_abcdefghijklmnop"))


def opened(text: str) -> Profile:
    """The profile, which nothing may be wrong with."""
    return load_data(
        text.encode(), "f", Path("/profiles"), lambda *place: open_sealed(IDENTITY, *place), variables()
    )


def test_every_kind_of_profile_is_valid_and_is_another_one() -> None:
    """Inputs, groups and keys take turns: after sixty of them everything has met everything."""
    shows = [opened(idle_profile(number, sealer)) for number in range(60)]
    assert 60 == len({repr(show) for show in shows})
    assert {False} == {show.enabled for show in shows}


def test_their_size_is_realistic() -> None:
    """About 1.5 KB each, and most hold sealed keys."""
    texts = [idle_profile(number, sealer) for number in range(60)]
    assert 1200 < sum(map(len, texts)) / len(texts) < 1800
    assert 54 == sum("sealed:v1:" in text for text in texts)
    assert PROFILES == len(variables())


def test_a_live_profile_is_on_air_with_each_url() -> None:
    """As many targets as it is given, and nothing else."""
    show = opened(live_profile("live", "a.flv", ["rtmp://127.0.0.1:1/a", "rtmp://127.0.0.1:1/b"], sealer))
    assert ["target0", "target1"] == [target.name for _, target in show.on_air()]
