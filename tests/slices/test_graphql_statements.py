"""A page costs the same number of statements however many rows it has."""

import pytest

from tests.conftest import MASTER_KEY, make_settings
from tests.slices.bodies import Someone, echo, echoes, inbound, reaction, text
from tests.slices.counting import CountingInstallation
from tests.world import World, a_world

MESSAGES = """{ messages(first: 50) { nodes {
  contact { displayName addresses { kind } } conversation { id contact { id } workspace { name } } workspace { name }
  reactions { emoji contact { displayName } } replyTo { text contact { displayName } reactions { emoji } } media { url } contactCards } } }"""

THREADS = "{ conversations(first: 50) { nodes { contact { displayName addresses { kind } } workspace { name } } } }"
CONTACTS = "{ contacts(first: 50) { nodes { displayName addresses { kind platformUserId } } } }"
EVENTS = "{ webhookEvents(first: 50) { nodes { outcome } } workspaces { name } tenant { name } }"


@pytest.fixture
async def counted(database_conninfo, metrics):
    async with a_world(CountingInstallation(make_settings(), MASTER_KEY, database_conninfo), metrics) as world:
        yield world


async def several(world: World, numbers: range) -> None:
    """For each number a person, their message, our answer with a reaction, and their reply to it with a contact card."""
    for number in numbers:
        who = Someone(name=f"Person {number}", phone=f"4915100000{number:03}")
        card = text(f"wamid.c{number}", by=who, at=number, context={"id": f"wamid.b{number}"}) | {
            "type": "contacts",
            "contacts": [{"name": {}}],
        }
        await world.accept(
            inbound(text(f"wamid.a{number}", by=who, at=number), people=(who,)),
            echoes(echo(f"wamid.b{number}", to=who, at=number)),
            inbound(reaction(f"wamid.r{number}", f"wamid.b{number}", "👍", by=who, at=number)),
            inbound(card),
        )
    await world.project()


async def statements(world: World, query: str) -> list[str]:
    await world.data(query)  # once before: the key is looked up and remembered
    CountingInstallation.statements.clear()
    await world.data(query)
    return list(CountingInstallation.statements)


@pytest.mark.parametrize("query", [MESSAGES, THREADS, CONTACTS, EVENTS], ids=["messages", "conversations", "contacts", "events"])
async def test_fifty_rows_take_as_many_statements_as_five(counted: World, query):
    await several(counted, range(2))
    few = await statements(counted, query)
    await several(counted, range(2, 20))
    many = await statements(counted, query)
    assert sorted(many) == sorted(few), "fields run side by side: the order is not promised"
    assert len(many) - many.count("BEGIN") <= 12


async def test_nothing_is_read_for_what_was_not_asked(counted: World):
    await several(counted, range(3))
    assert await statements(counted, "{ __typename }") == []
    begin, select = await statements(counted, "{ messages { nodes { text sender { displayName } media { url } } } }")
    assert begin == "BEGIN"
    assert "FROM messages" in select


async def test_a_request_without_a_key_reads_no_data(counted: World):
    await several(counted, range(1))
    CountingInstallation.statements.clear()
    await counted.graphql(MESSAGES, key="")
    await counted.graphql(MESSAGES, key="sigma_" + "x" * 43)
    begin, look_up = CountingInstallation.statements
    assert (begin, "authenticate_api_key" in look_up) == ("BEGIN", True)
