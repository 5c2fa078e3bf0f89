"""The GraphQL schema: every slice's queries and mutations in one."""

from collections.abc import Callable

import strawberry
from graphql import GraphQLError
from strawberry.extensions import (
    AddValidationRules,
    DisableIntrospection,
    MaxAliasesLimiter,
    MaxTokensLimiter,
    ParserCache,
    QueryDepthLimiter,
    SchemaExtension,
    ValidationCache,
)
from strawberry.schema.config import StrawberryConfig
from strawberry.types import ExecutionContext

from sigma.contacts.graphql import ContactQuery
from sigma.conversations.graphql import ConversationQuery
from sigma.intake.graphql import IntakeQuery
from sigma.kit.graphql import MAX_ALIASES, MAX_DEPTH, MAX_TOKENS, LimitCost, PresentErrors
from sigma.messages.graphql import MessageQuery
from sigma.sending.graphql import SendingMutation
from sigma.tenants.graphql import TenantMutation, TenantQuery
from sigma.workspaces.graphql import WorkspaceMutation, WorkspaceQuery

_CACHED_DOCUMENTS = 256


@strawberry.type
class Query(TenantQuery, WorkspaceQuery, ContactQuery, ConversationQuery, MessageQuery, IntakeQuery):
    """Everything that can be read."""


@strawberry.type
class Mutation(TenantMutation, WorkspaceMutation, SendingMutation):
    """Everything that can be changed."""


class Schema(strawberry.Schema):
    """Strawberry's schema without its own logging of errors, which would print anticipated ones with their tracebacks."""

    def process_errors(self, errors: list[GraphQLError], execution_context: ExecutionContext | None = None) -> None:
        """`PresentErrors` logs what needs logging."""


def build_schema(*, introspection: bool = True) -> strawberry.Schema:
    """Return the schema with its limits."""
    # The rules are made once: the validation cache tells documents apart by the very rules that they were checked with.
    rules = [
        *QueryDepthLimiter(max_depth=MAX_DEPTH).validation_rules,
        *MaxAliasesLimiter(max_alias_count=MAX_ALIASES).validation_rules,
        *([] if introspection else DisableIntrospection().validation_rules),
    ]
    extensions: list[Callable[[], SchemaExtension]] = [
        PresentErrors,
        LimitCost,
        lambda: AddValidationRules(rules),
        lambda: MaxTokensLimiter(max_token_count=MAX_TOKENS),
        lambda: ParserCache(maxsize=_CACHED_DOCUMENTS),
        lambda: ValidationCache(maxsize=_CACHED_DOCUMENTS),
    ]
    return Schema(
        query=Query, mutation=Mutation, extensions=extensions, config=StrawberryConfig(disable_field_suggestions=not introspection)
    )
