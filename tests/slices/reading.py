"""What GraphQL tells, for tests that ask for the same things again and again."""

from typing import Any

from tests.world import World

MESSAGES = """query ($after: String) { messages(first: 100, after: $after) {
  nodes { ...Whole }
  pageInfo { hasNextPage endCursor } } }
fragment Whole on Message {
  id platformMessageId direction kind text timestampUtc originalText editedAt deletedAt
  status sentAt deliveredAt readAt playedAt failedAt pricing isImported groupId content context referral contactCards
  sender { displayName platformUserId }
  media { id mimeType sha256 filename caption voice animated url }
  interactive { type id title description data }
  errors { code title details }
  replyToPlatformMessageId replyTo { platformMessageId }
  reactions { emoji direction contact { id } }
  contact { id displayName username addresses { kind platformUserId } }
  conversation { id contactId lastMessageAt lastInboundAt serviceWindowClosesAt } }"""

EVENTS = """{ webhookEvents(first: 100) { nodes {
  id outcome errorMessage statusCode attempts itemsStored itemsDuplicate itemsRefused itemsUnrouted itemsDead } } }"""


async def messages(world: World) -> dict[str, dict[str, Any]]:
    """Every message of the tenant by the platform's id."""
    found: dict[str, dict[str, Any]] = {}
    after = None
    while True:
        page = (await world.data(MESSAGES, {"after": after}))["messages"]
        found |= {node["platformMessageId"]: node for node in page["nodes"]}
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return found


async def events(world: World, *, key: str | None = None) -> list[dict[str, Any]]:
    """The newest POSTs of the tenant, oldest first."""
    return (await world.data(EVENTS, key=key))["webhookEvents"]["nodes"][::-1]


async def contacts(world: World) -> list[dict[str, Any]]:
    """The tenant's contacts."""
    query = "{ contacts(first: 100) { nodes { id displayName username addresses { kind platformUserId } } } }"
    return (await world.data(query))["contacts"]["nodes"]


def part(expected: Any, actual: Any) -> Any:
    """Return of `actual` what `expected` speaks of, so that the two can be compared."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return {key: part(value, actual.get(key, "(missing)")) for key, value in expected.items()}
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        return [part(*pair) for pair in zip(expected, actual, strict=True)]
    return actual
