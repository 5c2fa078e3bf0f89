"""Who may fetch the file of a message. What the platform answers is the simulator's business, in tests/e2e."""

import pytest

from sigma.tenants.models import READERS, Role
from tests.slices.bodies import ANA, inbound, message, text
from tests.slices.reading import messages
from tests.world import World


async def fetch(world: World, path: str, key: str | None) -> tuple[int, str]:
    response = await world.client.get(path, headers={"Authorization": f"Bearer {key}"} if key is not None else {})
    return response.status_code, response.json()["error"]["code"]


@pytest.fixture
async def urls(world: World) -> dict[str, str]:
    """The media URL of an image, and what it would be of a text."""
    image = message("wamid.image", by=ANA, type="image", image={"id": "1003", "mime_type": "image/jpeg"})
    await world.receive(inbound(image, text("wamid.text", by=ANA)))
    found = await messages(world)
    return {"image": found["wamid.image"]["media"]["url"], "text": f"/media/{found['wamid.text']['id']}"}


async def test_only_the_tenants_own_keys_reach_a_file(world: World, urls):
    _, foreign = await world.new_tenant()
    for key in (None, "", "sigma_" + "x" * 43):
        assert await fetch(world, urls["image"], key) == (401, "UNAUTHENTICATED")
    assert await fetch(world, urls["image"], await world.new_key(Role.INSTALLATION)) == (403, "FORBIDDEN")
    assert await fetch(world, urls["image"], foreign) == (404, "MESSAGE_NOT_FOUND")
    for role in READERS:
        key = await world.new_key(role)
        assert await fetch(world, urls["image"], key) == (502, "PLATFORM_UNAVAILABLE"), "it got as far as the missing access token"


async def test_what_carries_no_file_is_not_found(world: World, urls):
    for path in (urls["text"], "/media/1", "/media/%00", "/media/0197c2a0-0000-7000-8000-000000000001"):
        assert await fetch(world, path, world.api_key) == (404, "MESSAGE_NOT_FOUND")
    assert (await world.client.post(urls["image"])).status_code == 405
