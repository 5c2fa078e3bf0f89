"""The GraphQL schema: every slice's queries and mutations in one."""

from typing import Any

import strawberry
from graphql import GraphQLError
from strawberry.extensions import DisableIntrospection, MaxAliasesLimiter, MaxTokensLimiter, ParserCache, QueryDepthLimiter, ValidationCache
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from sigma.contacts.graphql import ContactQuery
from sigma.conversations.graphql import ConversationQuery
from sigma.intake.graphql import IntakeQuery
from sigma.kit.graphql import MAX_ALIASES, MAX_DEPTH, MAX_TOKENS, LimitCost, PresentErrors
from sigma.messages.graphql import MessageQuery
from sigma.tenants.graphql import TenantMutation, TenantQuery
from sigma.workspaces.graphql import WorkspaceMutation, WorkspaceQuery

_CACHED_DOCUMENTS = 256


@strawberry.type
class Query(TenantQuery, WorkspaceQuery, ContactQuery, ConversationQuery, MessageQuery, IntakeQuery):
    """Everything that can be read."""


@strawberry.type
class Mutation(TenantMutation, WorkspaceMutation):
    """Everything that can be changed."""


class Schema(strawberry.Schema):
    """Strawberry's schema without its own logging of errors, which would print anticipated ones with their tracebacks."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """`PresentErrors` logs what needs logging."""


def build_schema(*, introspection: bool = True) -> strawberry.Schema:
    """Return the schema with its limits."""
    extensions: list[Any] = [
        PresentErrors,
        LimitCost,
        QueryDepthLimiter(max_depth=MAX_DEPTH),
        MaxAliasesLimiter(max_alias_count=MAX_ALIASES),
        MaxTokensLimiter(max_token_count=MAX_TOKENS),
        ParserCache(maxsize=_CACHED_DOCUMENTS),
        ValidationCache(maxsize=_CACHED_DOCUMENTS),
    ]
    if not introspection:
        extensions.append(DisableIntrospection())
    return Schema(
        query=Query, mutation=Mutation, extensions=extensions, config=StrawberryConfig(disable_field_suggestions=not introspection)
    )
