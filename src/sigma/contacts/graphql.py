"""Contacts in GraphQL."""

from datetime import datetime

import strawberry

from sigma.contacts.models import Contact, ContactNotFound
from sigma.contacts.queries import find_address_hashes, find_contacts, get_contact, list_contacts
from sigma.kit.graphql import DEFAULT_PAGE_SIZE, Connection, to_connection
from sigma.kit.paging import PageRequest
from sigma.tenants.context import Info, id_argument


@strawberry.type(description="An address of a contact. The address itself is never shown, only its hash.")
class ContactAddress:
    """One hashed address."""

    kind: str = strawberry.field(description="phone, user_id or parent_user_id")
    platform_user_id: str = strawberry.field(description="The hashed address, as in Message.sender.")


@strawberry.type(name="Contact", description="A person who writes to the business.")
class ContactType:
    """A contact as API users see it."""

    id: strawberry.ID
    display_name: str | None
    username: str | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, contact: Contact) -> "ContactType":
        """Return it as API users see it."""
        return cls(
            id=strawberry.ID(str(contact.id)),
            display_name=contact.display_name,
            username=contact.username,
            created_at=contact.created_at,
            updated_at=contact.updated_at,
        )

    @strawberry.field(description="The hashed addresses under which the contact was seen.")
    async def addresses(self, info: Info) -> list[ContactAddress]:
        """Return all addresses."""
        pairs: list[tuple[str, str]] | None = await info.context.load(
            "addresses", id_argument(self.id, ContactNotFound), find_address_hashes
        )
        return [ContactAddress(kind=kind, platform_user_id=digest) for kind, digest in pairs or []]


@strawberry.type
class ContactQuery:
    """Reading contacts."""

    @strawberry.field(description="Contacts, newest first.")
    async def contacts(
        self, info: Info, first: int = DEFAULT_PAGE_SIZE, after: str | None = None, name: str | None = None
    ) -> Connection[ContactType]:
        """Return one page of contacts."""
        page = PageRequest.of(first, after)
        async with info.context.transaction() as tx:
            return to_connection(await list_contacts(tx, info.context.scope, page, name=name), ContactType.of)

    @strawberry.field(description="One contact.")
    async def contact(self, info: Info, id: strawberry.ID) -> ContactType:  # the contract's argument name
        """Return one contact."""
        async with info.context.transaction() as tx:
            return ContactType.of(await get_contact(tx, info.context.scope, id_argument(id, ContactNotFound)))


async def load_contact(info: Info, contact_id: strawberry.ID | None) -> ContactType | None:
    """Return the contact of something else, looked up together with its neighbours'."""
    if contact_id is None:
        return None
    found: Contact | None = await info.context.load("contacts", id_argument(contact_id, ContactNotFound), find_contacts)
    return ContactType.of(found) if found else None
